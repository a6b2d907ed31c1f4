"""An assignment rehearsed in this very process: no kernel, no nbgrader, no gradebook.

TRUSTED SIDE, for authors: the answers are the instructor's own, or changed ones of theirs. Never
for a student's work, which it would run right here.
"""

from __future__ import annotations

import ast
import contextlib
import io
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

from autograder.checks.context import Context, current
from autograder.checks.diagnosis import Trial
from autograder.judge.cells import grade_id, is_test_cell, points, uses_kit
from autograder.judge.solutions import Solutions, directory_importable
from autograder.judge.test_cell import run_cell
from autograder.record.report import Report
from autograder.remote import endpoint
from autograder.remote.wire import Limits

Namespace = dict[str, Any]


class SameProcess:
    """A connection to functions in a dict: the endpoint without a kernel around it."""

    limits = Limits()

    def __init__(self, namespace: Namespace) -> None:
        self.namespace = namespace

    def ask(self, part: str, request: str) -> object:
        """Answer as a kernel would."""
        return endpoint.answer(request, self.namespace)


@dataclass(frozen=True)
class TestCell:
    """A test cell of the instructor's notebook that uses the kit."""

    __test__ = False  # pytest

    grade_id: str
    source: str
    points: float
    asks_for: frozenset[str]
    """Names that it looks up in the student's notebook."""


@dataclass(frozen=True)
class Judged:
    """What became of one test cell; `trials` stand in the order of the report's checks."""

    report: Report
    trials: tuple[Trial, ...]
    seconds: float


class DryRun:
    """One notebook of the instructor's, with stand-ins for what a student may hand in."""

    def __init__(self, notebook: Path) -> None:
        self.notebook = notebook
        self.solutions = Solutions(notebook)
        self.tests = [
            TestCell(grade_id(cell), cell.source, points(cell), asked(cell.source))
            for cell in nbformat.read(notebook, as_version=4).cells
            if is_test_cell(cell) and uses_kit(cell.source)
        ]

    def hand_in(
        self,
        tests: Sequence[TestCell],
        *,
        sources: Mapping[str, str] | None = None,
        functions: Mapping[str, Callable[..., Any]] | None = None,
        notebook: Path | None = None,
    ) -> Namespace:
        """Run the cells that these tests depend on; the names that they leave behind.

        Parameters
        ----------
        sources
            Other sources for solution cells, by grade_id.
        functions
            What to bind a name to as soon as a cell has bound it.
        notebook
            Take the cells of another notebook, such as the release.

        A cell that raises leaves what it had done by then, as in a notebook.
        """
        cells = Solutions(notebook) if notebook else self.solutions
        names = {name for test in tests for name in test.asks_for}
        namespace: Namespace = {"__name__": "__student__"}
        with self.references(), directory_importable(self.notebook.parent):
            for cell in cells.needed_cells(*sorted(names)):
                code = (sources or {}).get(cell.grade_id, cell.source)
                with contextlib.suppress(Exception):
                    exec(compile(code, cell.grade_id or "cell", "exec"), namespace)  # noqa: S102
                namespace |= {n: f for n, f in (functions or {}).items() if n in cell.binds}
        return namespace

    @contextlib.contextmanager
    def references(self) -> Iterator[None]:
        """Let `reference` mean the instructor's answers outside a test cell as well, quietly."""
        token = current.set(Context(SameProcess({}), self.solutions))
        try:
            with quiet():
                yield
        finally:
            current.reset(token)

    def judge(self, test: TestCell, namespace: Namespace, seed: int) -> Judged:
        """Run a test cell on what was handed in."""
        context = Context(SameProcess(namespace), self.solutions, seed, test.points)
        began = time.perf_counter()
        with quiet():
            report = run_cell(test.source, test.grade_id, context, self.notebook.parent)
        trials = tuple(trial for exercise in context.exercises for trial in exercise.trials)
        return Judged(report, trials, time.perf_counter() - began)


def asked(source: str) -> frozenset[str]:
    """The names that a test cell looks up as `student.name`."""
    return frozenset(
        node.attr
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "student"
    )


def spread(mistake: Callable[..., Any]) -> Callable[..., Any]:
    """A known mistake as a student's function: it also takes its last arguments by name."""
    return lambda *args, **kwargs: mistake(*args, *kwargs.values())


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep what lessons print, warn of and draw to themselves."""
    with (
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        try:
            yield
        finally:
            if pyplot := sys.modules.get("matplotlib.pyplot"):
                pyplot.close("all")


class OutOfTime(Exception):
    """Something that was given a limit ran into it."""


@dataclass
class Timer:
    """Whether a limit was run into: the code that it stopped may have caught `OutOfTime`."""

    expired: bool = False


@contextlib.contextmanager
def limited(seconds: float) -> Iterator[Timer]:
    """Raise `OutOfTime` in whatever runs longer, and again each time as long after that.

    Without effect outside the main thread and on Windows, where Python has no such signal.
    """
    timer = Timer()
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "SIGALRM"):
        yield timer
        return

    def stop(*_: object) -> None:
        timer.expired = True
        raise OutOfTime(f"took longer than {seconds:g} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds, seconds)
    try:
        yield timer
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
