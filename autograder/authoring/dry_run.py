"""A dry run of an assignment: in this very process, without a kernel, nbgrader or a gradebook.

The answers are the author's own, or changed ones of theirs. Never for a student's work: it would
run right here, with everything that the author may do.
"""

from __future__ import annotations

import ast
import contextlib
import importlib
import io
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import nbformat

from autograder.checks.context import Context, current
from autograder.checks.diagnosis import Trial
from autograder.checks.student import QUICK, Given
from autograder.judge.cells import asked, grade_id, is_judged, points
from autograder.judge.solutions import Solutions, directory_importable, execute, names_of
from autograder.judge.stopwatch import WALL_FACTOR
from autograder.judge.testcell import run_cell
from autograder.record.outcome import Outcome
from autograder.record.report import CheckResult, Report
from autograder.remote import endpoint, wire
from autograder.remote.apart import CELLS
from autograder.remote.wire import Limits

Namespace = dict[str, Any]


@dataclass(frozen=True)
class Instead:
    """A function that stands for what steps lead to from a part, such as a method of an object."""

    part: str
    steps: tuple[Any, ...]
    function: Callable[..., Any]

    def is_meant(self, message: Mapping[str, Any]) -> bool:
        """Whether a request is about it. Steps have been through JSON there, tuples are lists."""
        asked = message["name"], wire.dumps({"steps": message.get("steps", [])})
        return asked == (self.part, wire.dumps({"steps": self.steps}))


class SameProcess:
    """A `Connection` to functions in a dict: the endpoint without a kernel around it.

    With `once`, it claims that each answer took long, so that no question is put twice. `instead`
    answers the questions that are about it.
    """

    limits = Limits()

    def __init__(
        self, namespace: Namespace, *, once: bool = False, instead: Instead | None = None
    ) -> None:
        self.namespace = namespace
        self.questions: dict[str, None] = {}
        self.seconds = QUICK if once else 0.0
        self.instead = instead

    def ask(self, part: str, request: str) -> object:
        """Called by `student`: answer as a kernel would, and keep the question."""
        self.questions[request] = None
        if self.instead is None or not self.instead.is_meant(message := wire.loads(request)):
            return endpoint.answer(request, self.namespace)
        plain = {key: message[key] for key in message if key not in ("steps", "stubs")}
        return endpoint.answer(wire.dumps(plain), {message["name"]: self.instead.function})


@dataclass(frozen=True)
class TestCell:
    """A test cell of the author's notebook that uses the kit."""

    __test__ = False  # pytest

    grade_id: str
    source: str
    points: float
    asks_for: frozenset[str]
    """Names that it looks up in the student's notebook: `student.loss` asks for "loss"."""


@dataclass(frozen=True)
class Judged:
    """What became of one test cell; `trials` are in the order of the report's checks.

    `stubs` are those of its exercises; `seconds` of processor time, as grading counts them.
    `questions` are what was asked of the student's parts, each once, as JSON.
    """

    report: Report
    trials: tuple[Trial, ...]
    seconds: float
    stubs: Mapping[str, Given]
    questions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Stopped:
    """A cell of the notebook that ended with an error: its grade_id or its first line."""

    cell: str
    error: Exception


class _Settled(BaseException):
    """Ends a test cell early: one check has lost points, and nobody asks about the others."""


class DryRun:
    """One notebook of the author's, and a way to hand in answers to its test cells.

    `hand_in` runs answers, the author's own or changed ones, and returns the names that they
    define; `judge` runs a test cell on those, as grading would:

        dry_run = DryRun(Path("source/scaling/scaling.ipynb"))
        answers = dry_run.hand_in(dry_run.tests)
        dry_run.judge(dry_run.tests[0], answers, seed=1).report.score
    """

    def __init__(self, notebook: Path) -> None:
        self.notebook = notebook
        self.solutions = Solutions(notebook)
        self._kept: list[tuple[ModuleType, Namespace]] = []
        self.tests = [
            TestCell(grade_id(cell), cell.source, points(cell), asked(cell.source))
            for cell in nbformat.read(notebook, as_version=4).cells
            if is_judged(cell)
        ]

    def hand_in(
        self,
        tests: Sequence[TestCell],
        *,
        sources: Mapping[str, str] | None = None,
        functions: Mapping[str, Callable[..., Any]] | None = None,
        notebook: Path | None = None,
        stopped: list[Stopped] | None = None,
    ) -> Namespace:
        """Run the cells that these tests depend on, and return the names that they define.

        Parameters
        ----------
        sources
            Other sources for solution cells, by grade_id.
        functions
            Other functions, by name: each takes the place of what a cell has bound to that name, as
            soon as the cell has run. Later cells get to see it.
        notebook
            Take the cells of another notebook, such as the release.
        stopped
            Cells that raise are added to this list.

        A cell that raises leaves what it had done by then, as in a notebook.
        """
        cells = Solutions(notebook) if notebook else self.solutions
        for module, state in self._kept:
            vars(module).clear()
            vars(module).update(state)
        names = {name for test in tests for name in test.asks_for}
        beside = directory_importable(self.notebook.parent)
        with self.references(), beside, names_of("__student__") as namespace:
            namespace[CELLS] = [""]
            for cell in cells.needed_cells(*sorted(names)):
                code = (sources or {}).get(cell.grade_id, cell.source)
                try:
                    execute(replace(cell, source=code), namespace)
                except Exception as error:
                    if stopped is not None:
                        stopped.append(Stopped(cell.grade_id or code.splitlines()[0], error))
                instead = {n: f for n, f in (functions or {}).items() if n in cell.binds}
                namespace.update(instead)
                if not instead:  # such a function has no source that could be run again
                    namespace[CELLS].append(code)
        return namespace

    @contextlib.contextmanager
    def modules_kept(self) -> Iterator[None]:
        """Import the modules beside the notebook once for all that is run in this block.

        What JAX has compiled of them is then compiled once, not for each changed solution. Names
        that one of these sets in a module are set back before the next (`hand_in`).
        """
        names = {test_name for test in self.tests for test_name in test.asks_for}
        sources = [cell.source for cell in self.solutions.needed_cells(*sorted(names))]
        beside = {path.stem for path in self.notebook.parent.glob("*.py")}
        with directory_importable(self.notebook.parent):
            for name in sorted(beside & {name for source in sources for name in imported(source)}):
                # Where it cannot be imported, the cell that does so will say why.
                with quiet(), contextlib.suppress(Exception):
                    module = importlib.import_module(name)
                    self._kept.append((module, dict(vars(module))))
            yield
        self._kept.clear()

    @contextlib.contextmanager
    def references(self) -> Iterator[None]:
        """Let `reference` give the author's answers while lesson cells and known mistakes run.

        They may use it, and no test cell is running then. What they print is thrown away.
        """
        token = current.set(Context(SameProcess({}), self.solutions))
        try:
            with quiet():
                yield
        finally:
            current.reset(token)

    def judge(
        self, test: TestCell, namespace: Namespace, seed: int, *, once: bool = False
    ) -> Judged:
        """Run a test cell on what `hand_in` returned, with the random inputs of a seed.

        With `once`, no question is put twice, to see whether it gets the same answer.
        """
        connection = SameProcess(namespace, once=once)
        return self._judge(test, self._context(test, connection, seed))

    def judge_mistake(
        self,
        test: TestCell,
        namespace: Namespace,
        seed: int,
        wanted: Collection[int] | None,
        instead: Instead | None = None,
    ) -> Judged:
        """As `judge`, for an answer that is known to be wrong; nobody asks why.

        Only the checks at the places `wanted` are judged, or all; the others pass.
        """
        context = self._context(test, SameProcess(namespace, once=True, instead=instead), seed)
        context.diagnosing = False
        if wanted is not None:
            context.wanted = wanted.__contains__
        return self._judge(test, context)

    def _judge(self, test: TestCell, context: Context) -> Judged:
        began = time.process_time()
        report = self._run(test, context)
        trials = tuple(trial for exercise in context.exercises for trial in exercise.trials)
        stubs = {n: stub for exercise in context.exercises for n, stub in exercise.stubs.items()}
        seconds, connection = time.process_time() - began, context.connection
        assert isinstance(connection, SameProcess)
        return Judged(report, trials, seconds, stubs, tuple(connection.questions))

    def first_loss(
        self, test: TestCell, namespace: Namespace, seed: int, *, once: bool = False
    ) -> CheckResult | None:
        """The first check that an answer fails and that costs points; None if it keeps them all.

        As `judge`, for much less: the cell ends there, and nobody asks why the answer is wrong.
        """
        lost: list[CheckResult] = []

        def judged(check: CheckResult) -> None:
            if costs(check):
                lost.append(check)
                raise _Settled

        context = self._context(test, SameProcess(namespace, once=once), seed)
        context.diagnosing, context.judged = False, judged
        with contextlib.suppress(_Settled):
            lost += filter(costs, self._run(test, context).checks)
        return lost[0] if lost else None

    def _context(self, test: TestCell, connection: SameProcess, seed: int) -> Context:
        return Context(connection, self.solutions, seed, test.points)

    def _run(self, test: TestCell, context: Context) -> Report:
        with quiet():
            return run_cell(test.source, test.grade_id, context, self.notebook.parent)


def costs(check: CheckResult) -> bool:
    """Whether an answer has lost points at a check, or a person would have to look at it.

    What a known mistake keeps of them is not asked: it is not right for all that.
    """
    if check.outcome is Outcome.ERROR:
        return True
    return check.outcome is not Outcome.PASSED and check.points > 0


def imported(source: str) -> set[str]:
    """The modules that a cell imports, by the first part of their names."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


def spread(mistake: Callable[..., Any]) -> Callable[..., Any]:
    """A known mistake as a student's function: it gets what it gets where it is compared.

    A check calls `f(loss, n_steps=5)`, while a known mistake may name its arguments as it likes,
    `lambda loss, n: …`, and may ask what is given for its `gradient()`.
    """

    def student_function(*args: Any, **kwargs: Any) -> Any:
        given = [Given(a.given_source) if hasattr(a, "given_source") else a for a in args]
        return mistake(*given, *kwargs.values())

    return student_function


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Throw away what a lesson prints, warns of and draws while it runs in this block."""
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
    """What `limited` raises in code that takes too long."""


@dataclass
class Timer:
    """Whether the time was up. Code that was stopped may have caught `OutOfTime` and gone on."""

    expired: bool = False


@contextlib.contextmanager
def limited(seconds: float) -> Iterator[Timer]:
    """Raise `OutOfTime` in this block after some seconds, and again after as many more.

    Called around each mutant: a loop that has lost its `n += 1` never ends. The seconds are of
    processor time, as in grading, and what only waits is stopped `WALL_FACTOR` times as late: a
    busy machine must not let a mutant pass for caught. Without effect outside the main thread and
    on Windows, where Python has no such signals.
    """
    timer = Timer()
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "SIGALRM"):
        yield timer
        return

    def stop(*_: object) -> None:
        timer.expired = True
        raise OutOfTime(f"took longer than {seconds:g} s")

    before = {number: signal.signal(number, stop) for number in (signal.SIGPROF, signal.SIGALRM)}
    signal.setitimer(signal.ITIMER_PROF, seconds, seconds)
    signal.setitimer(signal.ITIMER_REAL, seconds * WALL_FACTOR, seconds * WALL_FACTOR)
    try:
        yield timer
    finally:
        for which in (signal.ITIMER_PROF, signal.ITIMER_REAL):
            signal.setitimer(which, 0)
        for number, handler in before.items():
            signal.signal(number, handler)
