"""The questions that a lesson has to answer before it is released, each with its findings.

A method of `Gate` is a question; `verify` puts them. It yields a finding, a sentence about one
place, for each thing to mend, and nothing if all is well.
"""

from __future__ import annotations

import ast
import inspect
import re
import traceback
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import nbformat

from autograder.authoring.changes import Change, fate
from autograder.authoring.dry_run import DryRun, Judged, Namespace, Stopped, TestCell
from autograder.authoring.equivalence import Kind, Original, Verdict
from autograder.authoring.leaks import leaks
from autograder.authoring.mutants import Mutant, mutants
from autograder.judge.cells import (
    grade_id,
    is_answer,
    is_graded,
    is_judged,
    is_test_cell,
    labels,
    points,
)
from autograder.record.outcome import Outcome
from autograder.record.render import to_text
from autograder.record.report import Report
from autograder.remote.given import given_function
from autograder.remote.names import Cell, read_cell

EQUIVALENT = re.compile(r"^\s*# equivalent: (.+?)\s*$", re.MULTILINE)
"""How a hidden test says that a change to the solution changes nothing that matters."""
STATED_POINTS = re.compile(r"^#+ .*\((\d+(?:\.\d+)?) points?\b", re.MULTILINE)
"""What a heading says that an exercise is worth."""

reading = lru_cache(maxsize=512)(read_cell)  # several questions read each cell


@dataclass(frozen=True)
class Finding:
    """Something to mend, and where: the grade_id of a cell, or a file."""

    where: str
    what: str

    def __str__(self) -> str:
        """A line of a list, and what belongs to it below."""
        first, *more = f"{self.where}: {self.what}".splitlines()
        return "\n".join([f"- {first}", *(f"    {line}" for line in more)])


class Gate:
    """One notebook under examination, with the seeds to try: other random inputs for each.

    `verify` makes one. The author's own answers are run once and kept, since most questions
    compare with them.
    """

    def __init__(self, notebook: Path, seeds: Sequence[int]) -> None:
        self.dry_run = DryRun(notebook)
        self.seeds = list(seeds)
        self.tests = self.dry_run.tests
        self._stopped: list[Stopped] = []
        self._judged: dict[str, list[Judged]] = {}

    @cached_property
    def _right(self) -> Namespace:
        """What the author's own answers define."""
        return self.dry_run.hand_in(self.tests, stopped=self._stopped)

    def right_of(self, test: TestCell) -> list[Judged]:
        """The author's own answers, judged once with each seed."""
        if test.grade_id not in self._judged:
            self._judged[test.grade_id] = [
                self.dry_run.judge(test, self._right, seed, once=number > 0)
                for number, seed in enumerate(self.seeds)
            ]
        return self._judged[test.grade_id]

    @property
    def right(self) -> dict[str, list[Judged]]:
        """The same for all test cells, by grade_id."""
        return {test.grade_id: self.right_of(test) for test in self.tests}

    def answers_are_right(self) -> bool:
        """Whether the author's own answers get every point, with every seed."""
        judged = [j for runs in self.right.values() for j in runs]
        return all(c.earned == c.points for j in judged for c in j.report.checks)

    # The answers and the release -----------------------------------------------------------

    def cells_run(self) -> Iterator[Finding]:
        """The cells that the test cells depend on run to their end.

        One that shows an error on purpose does no harm, and is no finding.
        """
        if not (self._right and self._stopped) or self.answers_are_right():
            return
        for stopped in self._stopped:
            said = traceback.format_exception_only(stopped.error)[-1].strip()
            yield Finding(
                stopped.cell, f"this cell stops with an error, and test cells need it: {said}"
            )

    def answers_score(self, test: TestCell) -> Iterator[Finding]:
        """The author's own answers get every point, whatever random inputs are drawn.

        Only the first draw with which they do not is told: the others mostly say the same. And one
        seed draws one set of inputs: a cell that uses `np.random` does not keep to that.
        """
        for number, judged in enumerate(self.right_of(test), 1):
            report = judged.report
            if not report.checks:
                yield Finding(
                    test.grade_id,
                    "the cell makes no check, so nobody can get its points. Ask something with, "
                    "for example, `exercise.agrees(…)`.",
                )
                return
            if any(check.outcome is not Outcome.PASSED for check in report.checks):
                yield Finding(
                    test.grade_id,
                    f"your own answer does not get every point (draw {number} of "
                    f"{len(self.seeds)} of the random inputs). Mend the answer or the check:\n"
                    f"{with_notes(report)}",
                )
                break
        again = self.dry_run.judge(test, self._right, self.seeds[0], once=True)
        if not alike(again, self.right_of(test)[0]):
            yield Finding(
                test.grade_id,
                "run twice for the same student, the cell asks different things. Draw random "
                "inputs from `exercise.rng`: it gives each student the same ones again, and "
                "`np.random` does not.",
            )

    def release_is_blank(self, released: Path) -> Iterator[Finding]:
        """The release as it comes scores 0, each exercise "not attempted"."""
        blank = self.dry_run.hand_in(self.tests, notebook=released)
        for test in self.tests:
            report = self.dry_run.judge(test, blank, self.seeds[0]).report
            if report.score or not report.not_attempted:
                yield Finding(
                    test.grade_id,
                    'before a student has written anything, this should say "not attempted" and '
                    "give no points. A check asks for something that the notebook brings along:\n"
                    f"{to_text(report)}",
                )

    def takes(self, test: TestCell) -> float:
        """Seconds that a test cell takes with the author's own answers, at most."""
        return max(judged.seconds for judged in self.right_of(test))

    def needs(self, test: TestCell, names: Iterable[str]) -> bool:
        """Whether what a test cell asks for depends on any of these names."""
        cells = self.dry_run.solutions.needed_cells(*test.asks_for)
        return any(cell.binds & set(names) for cell in cells)

    # Stubs ---------------------------------------------------------------------------------

    def stubs_fit(self) -> Iterator[Finding]:
        """A stub can be called as the answer that it stands for, by name as well."""
        for test in self.tests:
            for name, stub in self.right[test.grade_id][0].stubs.items():
                try:
                    with self.dry_run.references():
                        solution = self.dry_run.solutions(name)
                except AttributeError:
                    yield Finding(
                        test.grade_id,
                        f"`stubs=` names `{name}`, and the notebook has no such answer. Is the "
                        "name right?",
                    )
                    continue
                taken, wanted = parameters(given_function(stub.source)), parameters(solution)
                if taken != wanted:
                    yield Finding(
                        test.grade_id,
                        f"the stub for `{name}` takes {taken}, your answer takes {wanted}: a "
                        "student who passes arguments by name would lose points. Give the stub the "
                        "names of your answer.",
                    )

    def stubs_are_complete(self) -> Iterator[Finding]:
        """No answer depends on the answer to another exercise, unless a stub stands for that."""
        asked = {name: test for test in self.tests for name in test.asks_for}
        for test in self.tests:
            stubs = self.right[test.grade_id][0].stubs
            cells = self.dry_run.solutions.needed_cells(*test.asks_for, apart_from=stubs)
            made = {name for cell in cells for name in cell.binds}
            for name in sorted(made & set(asked) - test.asks_for):
                yield Finding(
                    test.grade_id,
                    f"your answer uses `{name}`, the answer to another exercise, and a mistake "
                    "there would cost points here as well. Let a function of yours stand for it: "
                    f'Exercise(…, stubs={{"{name}": given("…")}}).',
                )

    # Mutants -------------------------------------------------------------------------------

    @cached_property
    def mutants(self) -> dict[str, list[tuple[Cell, Mutant]]]:
        """All changes of the solution cells, by grade_id of the test cell that has to notice."""
        found: dict[str, list[tuple[Cell, Mutant]]] = {test.grade_id: [] for test in self.tests}
        for cell in self._solution_cells:
            test = next((t for t in self.tests if t.asks_for & cell.binds), None)
            if test is not None:
                changes = mutants(cell.source, *solution_lines(cell.source))
                found[test.grade_id] += [(cell, mutant) for mutant in changes]
        return found

    def untested(self) -> Iterator[Finding]:
        """Solution cells that define nothing which a test cell asks for."""
        asked = {name for test in self.tests for name in test.asks_for}
        for cell in filter(is_test_cell, self._code_cells):
            asked |= reading(cell.source).needs
        for cell in self._solution_cells:
            if not asked & cell.binds:
                yield Finding(
                    cell.grade_id,
                    "no test cell asks for what this solution defines, so nothing in it is marked.",
                )

    def set_beside(self, test: TestCell, cell: Cell, mutant: Mutant, seconds: float) -> Verdict:
        """Whether a changed solution that keeps full points is as right as before.

        Another test cell may ask for the same answer and notice; where none does, both are put many
        questions (see `equivalence`).
        """
        tests = [other for other in self.tests if self._asks_about(other, cell)]
        changed = self.dry_run.hand_in(tests, sources={cell.grade_id: mutant.source})
        for other in tests:
            if other is not test and other.asks_for & cell.binds:
                change = Change(other, cell.grade_id, mutant.source, self.seeds[0], seconds)
                if fate(self.dry_run, change).caught:
                    return Verdict(Kind.NOTICED)
        runs = [judged for one in tests for judged in self.right_of(one)]
        trials = [trial for judged in runs for trial in judged.trials]
        return self._original.beside(
            changed,
            [question for judged in runs for question in judged.questions],
            choices={name for trial in trials for name in trial.chosen},
            near={trial.part for trial in trials if not trial.inputs},
            mutant=mutant,
            seconds=seconds,
        )

    def _asks_about(self, test: TestCell, cell: Cell) -> bool:
        """Whether a test cell asks for what a solution cell binds, or for what hangs on that.

        The latter only where the cell binds more than what test cells ask for: a helper, say.
        """
        asked = {name for other in self.tests for name in other.asks_for}
        return bool(test.asks_for & cell.binds) or (
            not cell.binds <= asked and self.needs(test, cell.binds)
        )

    @cached_property
    def _original(self) -> Original:
        return Original(self.dry_run, self._right)

    @cached_property
    def _solution_cells(self) -> list[Cell]:
        """Cells with an answer in code that is marked by a test cell, not by hand."""
        return [
            replace(reading(c.source), source=as_python(c.source), grade_id=grade_id(c))
            for c in self._code_cells
            if is_answer(c) and not is_graded(c)
        ]

    # What can be read without running anything ---------------------------------------------

    @cached_property
    def _notebook_cells(self) -> list[Any]:
        return list(nbformat.read(self.dry_run.notebook, as_version=4).cells)

    @property
    def _code_cells(self) -> list[Any]:
        return [cell for cell in self._notebook_cells if cell.cell_type == "code"]

    def points_add_up(self) -> Iterator[Finding]:
        """nbgrader's points and those that the text states agree, and the checks have some.

        "(4 points)" in the heading above a cell, for example, is what nbgrader gives for it. The
        points of checks are weights, and need not add up to it.
        """
        stated: float | None = None
        for cell in self._notebook_cells:
            if cell.cell_type == "markdown" and (said := STATED_POINTS.findall(cell.source)):
                stated = float(said[0])
            if not labels(cell).get("points"):
                continue
            name, worth = grade_id(cell), points(cell)
            if stated is not None and stated != worth:
                yield Finding(
                    name,
                    f"the heading above it says {stated:g} points, and nbgrader gives {worth:g}. "
                    "Change one of them.",
                )
            stated = None
            if worth and name in self.right and not self.right[name][0].report.available:
                yield Finding(name, f"its checks have no points: no answer gets any of {worth:g}.")

    def ends_with_report(self) -> Iterator[Finding]:
        """A test cell shows its report: its last line is `exercise.report()`."""
        for test in self.tests:
            match ast.parse(test.source).body[-1]:
                case ast.Expr(ast.Call(ast.Attribute(attr="report"))):
                    pass
                case _:
                    yield Finding(
                        test.grade_id,
                        "its last line should be `exercise.report()`: that shows students what "
                        "came of the checks.",
                    )

    def names_are_its_own(self) -> Iterator[Finding]:
        """A test cell runs in the student's notebook, and must not replace a name of the lesson.

        `x = …` in a test cell would change what the student's next cell sees. Importing the same
        thing under the same name does no harm.
        """
        lesson = [cell for cell in self._code_cells if not is_test_cell(cell)]
        used: set[str] = set()
        for cell in lesson:
            read = reading(cell.source)
            used |= read.binds | read.needs
        shared = imports(cell.source for cell in lesson)
        for test in self.tests:
            own = imports([test.source])
            harmless = {name for name in own if shared.get(name) == own[name]}
            for name in sorted((reading(test.source).binds & used) - harmless):
                yield Finding(
                    test.grade_id,
                    f"it sets `{name}`, a name that the lesson uses: in the student's notebook its "
                    "value would be replaced. Choose another name.",
                )

    def leaks(self, released: Path) -> Iterator[Finding]:
        """Lines of solutions, hidden tests and marking schemes in any file of the release."""
        for path, what in leaks(self._notebook_cells, released.parent):
            yield Finding(path.name, what)

    def visible_checks_need_no_solution(self, released: Path) -> Iterator[Finding]:
        """What students see of a test cell does not ask `reference`.

        In their notebook that name finds their own function, and whatever it does agrees with
        itself. What the lesson defines without an answer is the same for all: a class, say.
        """
        answers = {name for cell in self._solution_cells for name in cell.binds}
        for cell in nbformat.read(released, as_version=4).cells:
            if not is_judged(cell):
                continue
            nodes = ast.walk(ast.parse(cell.source))
            for name in sorted({name for node in nodes if (name := solution_asked(node))}):
                if not self._hangs_on(name, answers):
                    continue
                yield Finding(
                    grade_id(cell),
                    f"a visible check uses `reference.{name}`. Students have no solutions: in "
                    "their notebook it is their own answer, and any answer passes. Move the check "
                    "to the hidden tests, or write the numbers down and use `returns`.",
                )

    def _hangs_on(self, name: str, answers: Collection[str]) -> bool:
        """Whether a name is an answer, comes from one, or is defined nowhere."""
        cells = self.dry_run.solutions.needed_cells(name)
        return not cells or any(cell.binds & set(answers) for cell in cells)

    def stale_comments(self, test: TestCell, needed: Collection[str]) -> Iterator[Finding]:
        """`# equivalent:` lines of hidden tests that no change needs which keeps its points."""
        for change in sorted(equivalent(test) - set(needed)):
            yield Finding(
                test.grade_id,
                "take this line out. No change of your solution needs it: either there is no such "
                f"change, or it loses points:\n# equivalent: {change}",
            )


def alike(one: Judged, other: Judged) -> bool:
    """Whether two runs with one seed drew the same inputs and came to the same report."""
    return one.report.to_json() == other.report.to_json() and one.questions == other.questions


def with_notes(report: Report) -> str:
    """A report as text, with the traceback of the first check that broke."""
    notes = [check.staff_note.strip() for check in report.checks if check.staff_note]
    return "\n".join([to_text(report), *notes[:1]]).strip()


def solution_asked(node: ast.AST) -> str:
    """The name in `reference.NAME`, "" for any other expression."""
    match node:
        case ast.Attribute(ast.Name("reference"), name):
            return name
    return ""


def parameters(function: Any) -> str:
    """The names by which a function takes its arguments, without defaults: "(theta, x)"."""
    try:
        return f"({', '.join(inspect.signature(function).parameters)})"
    except (TypeError, ValueError):  # it does not say
        return "(…)"


def as_python(source: str) -> str:
    """A cell as it stands, if it is Python, or else without its magics."""
    try:
        ast.parse(source)
    except SyntaxError:
        return reading(source).source
    return source


def equivalent(test: TestCell) -> set[str]:
    """The changes that a test cell declares to be as right as before, with `# equivalent: …`."""
    return set(EQUIVALENT.findall(test.source))


def solution_lines(source: str) -> tuple[int, int | None]:
    """First and last line of the solution in a cell, counted from 1; all where none is marked."""
    lines = source.splitlines()
    begins = [n for n, line in enumerate(lines, 1) if "BEGIN SOLUTION" in line]
    ends = [n for n, line in enumerate(lines, 1) if "END SOLUTION" in line]
    return (begins[0], ends[-1]) if begins and ends else (1, None)


def imports(sources: Any) -> dict[str, str]:
    """Names that sources import, with where each comes from: `{"jnp": " jax.numpy"}`."""
    return {
        alias.asname or alias.name: f"{getattr(node, 'module', '')} {alias.name}"
        for source in sources
        for node in ast.walk(ast.parse(reading(source).source))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
