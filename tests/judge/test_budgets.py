"""Processor time of whatever a student's code starts, and time spent asleep, in real kernels."""

from __future__ import annotations

from pathlib import Path

import pytest

from autograder.judge.cells import STOP, STOPS
from autograder.sandbox.settings import Isolation
from tests.support.alone import cell, executed, judged_cell, reports, said
from tests.support.computing import COMPUTES, SPEND

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("isolation", ["auto", Isolation.NONE])
def test_all_that_a_cell_computes_counts(tmp_path: Path, isolation: str) -> None:
    cells = [cell(SPEND), cell("spend(0.5)"), *map(cell, COMPUTES.values()), cell("print('on')")]
    notebook = executed(tmp_path, *cells, isolation=isolation, timeout=1, wall_factor=60.0)
    first, below, *above, last = notebook.cells
    assert not first.outputs
    assert not below.outputs
    assert {said(each) for each in above} == {
        "This cell was stopped: it computed for more than 1 s."
    }
    assert {each.metadata[STOP] for each in above} == {"timeout"}
    assert last.outputs[0].text == "on\n"
    assert notebook.metadata[STOPS] == {"timeout": len(COMPUTES)}


@pytest.mark.parametrize("isolation", ["auto", Isolation.NONE])
def test_a_cell_that_sleeps_is_stopped_by_the_wall_s_time(tmp_path: Path, isolation: str) -> None:
    cells = [cell("import time\ntime.sleep(1.5)"), cell("time.sleep(60)"), cell("print('on')")]
    notebook = executed(tmp_path, *cells, isolation=isolation, timeout=1, wall_factor=8.0)
    shorter, longer, last = notebook.cells
    assert not shorter.outputs
    assert said(longer) == "This cell was stopped: it did not come back within 8 s."
    assert longer.metadata[STOP] == "timeout"
    assert last.outputs[0].text == "on\n"


def test_what_does_not_come_back_when_interrupted_loses_its_kernel(tmp_path: Path) -> None:
    stubborn = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass"
    notebook = executed(tmp_path, cell("kept = 1"), cell(stubborn), cell("print(kept)"), timeout=1)
    assert said(notebook.cells[1]) == "This cell was stopped: it computed for more than 1 s."
    assert notebook.cells[1].metadata[STOP] == "timeout"
    assert notebook.cells[2].outputs[0].text == "1\n"


def test_output_that_is_lost_is_not_waited_for(tmp_path: Path) -> None:
    """However long output may take to arrive: zmq has closed its line."""
    limits = {"output": 2 << 20, "wall": 60.0}
    large = cell("print('x' * (3 << 20))")
    notebook = executed(tmp_path, large, cell("print('on')"), limits=limits, iopub_timeout=3600)
    assert said(large) == "This cell was stopped: it printed or displayed more than 2 MiB."
    assert notebook.cells[1].outputs[0].text == "on\n"


CALLS = """
    def hangs():
        while True: pass

    def sleeps():
        time.sleep(60)

    def a_little(seconds):
        spend(seconds)
        return 1.0
    """
TEST = """
    from autograder import Exercise, student

    exercise = Exercise("{name}")
    {checks}
    exercise.report()
    """


def judged(name: str, *checks: str) -> str:
    return TEST.format(name=name, checks="\n    ".join(checks))


def test_calls(tmp_path: Path) -> None:
    one = 'exercise.returns("one", student.{}, expected=1.0)'.format
    many = "for n in range({}): " + one("a_little, {} + n / 1e6")
    many = many.format
    tests = [
        judged("calls", one("hangs"), one("sleeps")),
        judged("three", many(3, 0.8)),
        judged("quick", many(100, 0.03)),
        judged("on", many(1, 0.8)),
    ]
    cells = [judged_cell(f"test_{n}", each) for n, each in enumerate(tests)]
    budgets = {"call_timeout": 1.0, "judge_timeout": 2.0, "wall_factor": 2.0}
    notebook = executed(tmp_path, cell(SPEND), cell(CALLS), *cells, **budgets)
    calls, three, quick, on = reports(notebook)
    assert [(check.rationale, check.stop) for check in calls.checks] == [
        ("`hangs` was stopped: it computed for more than 1 s.", "call_timeout"),
        ("`sleeps` did not come back within 2 s and was stopped.", "call_timeout"),
    ]
    for report in (three, quick):
        last = report.checks[-1]
        assert last.rationale == "The calls of this exercise computed for more than 2 s in all."
        assert last.stop == "judge_timeout"
    assert [check.stop for check in three.checks] == ["", "", "judge_timeout"]
    # Each is charged once, with what lies between calls: on a slow machine a third is 0.03.
    assert 20 < sum(not check.stop for check in quick.checks) < 75
    assert on.score == 1.0  # a function that was interrupted for others' calls is asked again
    assert notebook.metadata[STOPS] == {"call_timeout": 2, "judge_timeout": 2}
