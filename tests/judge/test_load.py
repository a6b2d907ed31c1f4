"""A right answer gets the same marks whatever else the machine does."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from nbformat import NotebookNode

from autograder.judge.cells import STOPS
from autograder.record.report import Report
from autograder.sandbox.grader.forkserver import ForkServer, Plan
from tests.support.alone import cell, executed, judged_cell, reports

pytestmark = pytest.mark.slow

BUSY = 8
"""Processes that compute without end, each in a session of its own: Linux shares a processor out
by sessions first (sched(7), autogroup), so a kernel gets a ninth of one."""

ANSWERS = """
    import time
    import jax
    import jax.numpy as jnp

    def spend(seconds):
        end = time.process_time() + seconds
        while time.process_time() < end:
            pass

    def slow(x):
        spend(1.5)
        return 2 * x

    def train(steps):
        w = jnp.zeros(())
        for _ in range(steps):
            w = w - 0.1 * jax.grad(lambda w: (w - 1) ** 2)(w)
        return w

    spend(2.0)
    """
TEST = """
    from autograder import Exercise, student

    exercise = Exercise("slow")
    exercise.returns("doubles", student.slow, 2.0, expected=4.0)
    exercise.returns("trains", student.train, 100, expected=1.0)
    exercise.returns("doubles again", student.slow, 3.0, expected=6.0)
    exercise.report()
    """
BUDGETS = {"timeout": 4, "call_timeout": 2.0, "judge_timeout": 8.0, "wall_factor": 2.0}
"""The answers compute for less: those that spend do by a quarter, what JAX computes by far. Under
the load each takes more of the wall's time than even `wall_factor` would give it, if being kept
from computing were waiting."""


def graded(folder: Path) -> tuple[Report, NotebookNode]:
    """The report on a notebook of right answers, and the notebook."""
    notebook = executed(folder, cell(ANSWERS), judged_cell("slow", TEST, points=3), **BUDGETS)
    (report,) = reports(notebook)
    return report, notebook


@pytest.fixture
def one_processor(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This process, and what it starts from now on, has one: other tests can use the others."""
    allowed = os.sched_getaffinity(0)
    servers: dict[Plan, ForkServer] = {}
    monkeypatch.setattr(ForkServer, "_running", servers)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)
        for server in servers.values():
            server.close()


@contextmanager
def heavy_load() -> Iterator[None]:
    """Far more work for a processor than it can do, for as long as this lasts."""
    endless = ["sh", "-c", "while :; do :; done"]
    busy = [subprocess.Popen(endless, start_new_session=True) for _ in range(BUSY)]
    try:
        yield
        assert all(process.poll() is None for process in busy)
    finally:
        for process in busy:
            process.kill()
            process.wait()


@pytest.mark.skipif(sys.platform != "linux", reason="binds to a processor")
@pytest.mark.usefixtures("one_processor")
def test_right_answers_get_the_marks_that_they_get_on_an_idle_machine(tmp_path: Path) -> None:
    idle, _ = graded(tmp_path)
    with heavy_load():
        loaded, notebook = graded(tmp_path)
    assert loaded.score == idle.score == 3.0
    assert [check.outcome for check in loaded.checks] == [check.outcome for check in idle.checks]
    assert STOPS not in notebook.metadata
    assert not any(output.output_type == "error" for output in notebook.cells[0].outputs)
