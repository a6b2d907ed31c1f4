"""The questions that a lesson has to answer before it is released, each with its findings.

A method of `Gate` is a question; `verify` puts them. It yields a finding, a sentence about one
place, for each thing to mend, and nothing if all is well.
"""

from __future__ import annotations

import ast
import contextlib
import inspect
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import nbformat

from autograder.authoring.dry_run import DryRun, Judged, OutOfTime, TestCell, limited, spread
from autograder.authoring.leaks import leaks
from autograder.authoring.mutants import Mutant, mutants
from autograder.checks.diagnosis import apart, recognise
from autograder.checks.mistakes import share_of
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
from autograder.record.report import CheckResult, Report
from autograder.remote.given import given_function
from autograder.remote.names import Cell, read_cell

EQUIVALENT = re.compile(r"^\s*# equivalent: (.+?)\s*$", re.MULTILINE)
"""How a hidden test says that a change to the solution changes nothing that matters."""
STATED_POINTS = re.compile(r"^#+ .*\((\d+(?:\.\d+)?) points?\b", re.MULTILINE)
"""What a heading says that an exercise is worth."""


@dataclass(frozen=True)
class Finding:
    """Something to mend, and where: the grade_id of a cell, or a file."""

    where: str
    what: str


@dataclass(frozen=True)
class Mistake:
    """One known mistake of one check: the check's place in its report, and the explanation."""

    test: TestCell
    place: int
    why: str


@dataclass(frozen=True)
class Margin:
    """How far right answers and the nearest mistake are, in units of the tolerance."""

    right: float
    nearest: float
    mistake: str


class Gate:
    """One notebook under examination, with the seeds to try: other random inputs for each.

    `verify` makes one. The author's own answers are run once and kept, since most questions
    compare with them.
    """

    def __init__(self, notebook: Path, seeds: Sequence[int]) -> None:
        self.dry_run = DryRun(notebook)
        self.seeds = list(seeds)
        self.tests = self.dry_run.tests
        self._right = self.dry_run.hand_in(self.tests)
        self._answers: dict[tuple[str, int, int], dict[str, Sequence[Any]]] = {}

    @cached_property
    def right(self) -> dict[str, list[Judged]]:
        """The author's own answers, judged once with each seed, by grade_id of the test cell."""
        return {
            test.grade_id: [self.dry_run.judge(test, self._right, seed) for seed in self.seeds]
            for test in self.tests
        }

    def checks(self) -> list[CheckResult]:
        """All checks of the author's own answers, with every seed."""
        judged = [j for runs in self.right.values() for j in runs]
        return [check for j in judged for check in j.report.checks]

    # The answers and the release -----------------------------------------------------------

    def solutions_score(self) -> Iterator[Finding]:
        """The author's own answers get every point, with any seed.

        The first seed with which they do not is told, since the others mostly say the same. And the
        same seed draws the same inputs: a cell that uses `np.random` does not.
        """
        for test in self.tests:
            for seed, judged in zip(self.seeds, self.right[test.grade_id], strict=True):
                report = judged.report
                if not report.checks:
                    yield Finding(test.grade_id, "it makes no check.")
                    break
                if any(check.outcome is not Outcome.PASSED for check in report.checks):
                    notes = "\n".join(c.staff_note for c in report.checks if c.staff_note)
                    shown = f"{to_text(report)}\n{notes}".strip()
                    yield Finding(
                        test.grade_id, f"your own solution loses points (seed {seed}):\n{shown}"
                    )
                    break
            again = self.dry_run.judge(test, self._right, self.seeds[0])
            if not alike(again, self.right[test.grade_id][0]):
                yield Finding(
                    test.grade_id,
                    f"seed {self.seeds[0]} draws other inputs the second time. "
                    "Draw them from `exercise.rng`.",
                )

    def release_is_blank(self, released: Path) -> Iterator[Finding]:
        """The release as it comes scores 0, each exercise "not attempted"."""
        blank = self.dry_run.hand_in(self.tests, notebook=released)
        for test in self.tests:
            report = self.dry_run.judge(test, blank, self.seeds[0]).report
            if report.score or not report.not_attempted:
                yield Finding(
                    test.grade_id,
                    f"the untouched release should score 0, not attempted:\n{to_text(report)}",
                )

    def takes(self, test: TestCell) -> float:
        """Seconds that a test cell takes with the author's own answers, at most."""
        return max(judged.seconds for judged in self.right[test.grade_id])

    # Known mistakes ------------------------------------------------------------------------

    @cached_property
    def mistakes(self) -> list[Mistake]:
        """All known mistakes that the test cells list themselves, check by check."""
        return [
            Mistake(test, place, why)
            for test in self.tests
            for place, trial in enumerate(self.right[test.grade_id][0].trials)
            for why in trial.listed
        ]

    def mistake_is_caught(self, mistake: Mistake) -> Iterator[Finding]:
        """A known mistake fails the check that lists it, is named, and costs nothing elsewhere.

        It takes the place of the answer, and the rest of the notebook stays the author's own.
        """
        test, quoted = mistake.test, f"the known mistake {mistake.why!r}"
        trial = self.right[test.grade_id][0].trials[mistake.place]
        try:
            with self.dry_run.references():
                trial.answers_of(mistake.why)
        except Exception as error:
            yield Finding(test.grade_id, f"{quoted} raises {type(error).__name__}: {error}")
            return
        made = {trial.part: spread(trial.function_of(mistake.why))}
        reached = [other for other in self.tests if other is not test and self._needs(other, made)]
        handed_in = self.dry_run.hand_in([test, *reached], functions=made)
        report = self.dry_run.judge(test, handed_in, self.seeds[0]).report
        check = report.checks[mistake.place]
        others = {c.mistake for c in report.checks} - {"", mistake.why}
        if broken := [c for c in report.checks if c.outcome is Outcome.ERROR]:
            yield Finding(test.grade_id, f"{quoted} breaks a check:\n{broken[0].staff_note}")
        elif check.outcome is Outcome.PASSED or (
            # One that keeps all points is charged elsewhere: here it has to be named.
            report.score >= test.points and share_of(trial.mistakes[mistake.why]) < 1
        ):
            yield Finding(test.grade_id, f"{quoted} loses no points.")
        elif check.mistake != mistake.why:
            yield Finding(test.grade_id, f"{quoted} is not named; one reads: {check.rationale}")
        elif others:
            yield Finding(test.grade_id, f"{quoted} is named as another one as well: {others}")
        elif seeds := [s for n, s in enumerate(self.seeds) if not self._named(mistake, n)]:
            yield Finding(test.grade_id, f"{quoted} is not told apart with seed {seeds[0]}.")
        for other in reached:
            report = self.dry_run.judge(other, handed_in, self.seeds[0]).report
            if report.score < other.points:
                where = f"points in {other.grade_id} as well"
                yield Finding(test.grade_id, f"{quoted} costs {where}:\n{to_text(report)}")

    def replaced_mistakes_exist(self) -> Iterator[Finding]:
        """What is said of a mistake that comes with a check is said of one that it has."""
        for test in self.tests:
            for trial in self.right[test.grade_id][0].trials:
                try:
                    trial.beside({})
                except ValueError as error:
                    yield Finding(test.grade_id, str(error))

    def named(self, test: TestCell) -> int:
        """How many known mistakes the checks name: the author's, and what comes with the checks.

        Of these, one counts if the inputs tell it from all others, with every seed.
        """
        count = 0
        for place, trial in enumerate(self.right[test.grade_id][0].trials):
            found = [set(self._candidates(test, n, place)) for n in range(len(self.seeds))]
            count += len(set.intersection(*found) | set(trial.listed))
        return count

    def _needs(self, test: TestCell, names: Iterable[str]) -> bool:
        """Whether what a test cell asks for depends on any of these names."""
        cells = self.dry_run.solutions.needed_cells(*test.asks_for)
        return any(cell.binds & set(names) for cell in cells)

    def _named(self, mistake: Mistake, seed: int) -> bool:
        """Whether the inputs drawn with a seed tell a known mistake from all others."""
        made = self.right[mistake.test.grade_id][seed].trials[mistake.place].attempt
        candidates = self._candidates(mistake.test, seed, mistake.place)
        answers = candidates[mistake.why]
        return recognise(replace(made, answers=answers), candidates) == mistake.why

    def _candidates(self, test: TestCell, seed: int, place: int) -> dict[str, Sequence[Any]]:
        """What each known mistake of a check gives for the inputs drawn with a seed."""
        key = test.grade_id, seed, place
        if key not in self._answers:
            trial = self.right[test.grade_id][seed].trials[place]
            found: dict[str, Sequence[Any]] = {}
            with self.dry_run.references():
                for why in trial.listed:
                    with contextlib.suppress(Exception):  # one that raises is a finding elsewhere
                        found[why] = trial.answers_of(why)
                with contextlib.suppress(ValueError):  # so is one that it does not have
                    found |= trial.told_apart(found)
            self._answers[key] = found
        return self._answers[key]

    def margin(self, test: TestCell) -> Margin:
        """How far the right answers and the nearest known mistake are from what is expected."""
        right, nearest = 0.0, (float("inf"), "")
        for seed, judged in enumerate(self.right[test.grade_id]):
            for place, trial in enumerate(judged.trials):
                made = trial.attempt
                if len(made.expected) != len(made.answers) or not made.answers:
                    continue
                right = max(right, apart(made.answers, made.expected, made.scale, made.rtol))
                for why, answers in self._candidates(test, seed, place).items():
                    far = apart(answers, made.expected, made.scale, made.rtol)
                    nearest = min(nearest, (far, why))
        return Margin(right, *nearest)

    # Stubs ---------------------------------------------------------------------------------

    def stubs_fit(self) -> Iterator[Finding]:
        """A stub can be called as the answer that it stands for, by name as well."""
        for test in self.tests:
            for name, stub in self.right[test.grade_id][0].stubs.items():
                try:
                    solution = self.dry_run.solutions(name)
                except AttributeError:
                    yield Finding(test.grade_id, f"there is a stub for `{name}`, and no answer.")
                    continue
                taken, wanted = parameters(given_function(stub.source)), parameters(solution)
                if taken != wanted:
                    yield Finding(
                        test.grade_id,
                        f"the stub for `{name}` takes {taken}, your answer takes {wanted}: who "
                        "passes arguments by name would lose points.",
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
                    f"your answer uses `{name}`, and a mistake there would cost points here as "
                    f'well. Say Exercise(…, stubs={{"{name}": given("…")}}).',
                )

    # Mutants -------------------------------------------------------------------------------

    @cached_property
    def mutants(self) -> list[tuple[TestCell, Cell, Mutant]]:
        """All mutants of the solution cells, each with the test cell that has to notice it."""
        found = []
        for cell in self._solution_cells:
            test = next((t for t in self.tests if t.asks_for & cell.binds), None)
            if test is not None:
                changes = mutants(cell.source, *solution_lines(cell.source))
                found += [(test, cell, mutant) for mutant in changes]
        return found

    def untested(self) -> Iterator[Finding]:
        """Solution cells that define nothing which a test cell asks for."""
        asked = {name for test in self.tests for name in test.asks_for}
        for cell in filter(is_test_cell, self._code_cells):
            asked |= read_cell(cell.source).needs
        for cell in self._solution_cells:
            if not asked & cell.binds:
                yield Finding(cell.grade_id, "no test cell asks for what this solution defines.")

    def judge_mutant(
        self, test: TestCell, cell: Cell, mutant: Mutant, seconds: float
    ) -> Report | None:
        """What a test cell makes of a changed solution; None if that took too long."""
        try:
            with limited(seconds) as timer:
                changed = self.dry_run.hand_in([test], sources={cell.grade_id: mutant.source})
                report = self.dry_run.judge(test, changed, self.seeds[0]).report
        except OutOfTime:
            return None
        return None if timer.expired else report

    @cached_property
    def _solution_cells(self) -> list[Cell]:
        """Cells with an answer in code that is marked by a test cell, not by hand."""
        return [
            replace(read_cell(c.source), source=as_python(c.source), grade_id=grade_id(c))
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
        """The points of the checks, nbgrader's and those that the text states agree.

        "(4 points)" in the heading above a cell, for example, is what nbgrader gives for it.
        """
        stated: float | None = None
        for cell in self._notebook_cells:
            if cell.cell_type == "markdown" and (said := STATED_POINTS.findall(cell.source)):
                stated = float(said[0])
            if not labels(cell).get("points"):
                continue
            name, worth = grade_id(cell), points(cell)
            if stated is not None and stated != worth:
                yield Finding(name, f"the text says {stated:g} points, nbgrader gives {worth:g}.")
            stated = None
            weights = self.right[name][0].report.available if name in self.right else worth
            if abs(weights - worth) > 1e-9:
                yield Finding(
                    name,
                    f"the points of its checks add up to {weights:g}, nbgrader gives {worth:g}.",
                )

    def ends_with_report(self) -> Iterator[Finding]:
        """A test cell shows its report: its last line is `exercise.report()`."""
        for test in self.tests:
            match ast.parse(test.source).body[-1]:
                case ast.Expr(ast.Call(ast.Attribute(attr="report"))):
                    pass
                case _:
                    yield Finding(test.grade_id, "its last line should be `exercise.report()`.")

    def names_are_its_own(self) -> Iterator[Finding]:
        """A test cell runs in the student's notebook, and must not replace a name of the lesson.

        `x = …` in a test cell would change what the student's next cell sees. Importing the same
        thing under the same name does no harm.
        """
        lesson = [cell for cell in self._code_cells if not is_test_cell(cell)]
        used: set[str] = set()
        for cell in lesson:
            read = read_cell(cell.source)
            used |= read.binds | read.needs
        shared = imports(cell.source for cell in lesson)
        for test in self.tests:
            own = imports([test.source])
            harmless = {name for name in own if shared.get(name) == own[name]}
            for name in sorted((read_cell(test.source).binds & used) - harmless):
                yield Finding(test.grade_id, f"it binds `{name}`, a name that the lesson uses.")

    def leaks(self, released: Path) -> Iterator[Finding]:
        """Lines of solutions, hidden tests and marking schemes in any file of the release."""
        for path, what in leaks(self._notebook_cells, released.parent):
            yield Finding(path.name, what)

    def visible_checks_need_no_solution(self, released: Path) -> Iterator[Finding]:
        """What students see of a test cell does not ask `reference`.

        In their notebook that name finds their own function, and whatever it does agrees with
        itself.
        """
        for cell in nbformat.read(released, as_version=4).cells:
            if not is_judged(cell):
                continue
            nodes = ast.walk(ast.parse(cell.source))
            for name in sorted({name for node in nodes if (name := solution_asked(node))}):
                yield Finding(
                    grade_id(cell),
                    f"a visible check uses `reference.{name}`. Students have no solutions: in "
                    "their notebook it is their own answer, and any answer passes. Move the check "
                    "to the hidden tests, or write the numbers down and use `returns`.",
                )

    def stale_comments(self, *survivors: Mapping[str, Sequence[str]]) -> Iterator[Finding]:
        """`# equivalent:` lines of hidden tests that no surviving mutant needs."""
        for test in self.tests:
            needed = {change for by_test in survivors for change in by_test.get(test.grade_id, ())}
            for change in sorted(equivalent(test) - needed):
                yield Finding(test.grade_id, f"no such mutant survives: # equivalent: {change}")


def alike(one: Judged, other: Judged) -> bool:
    """Whether two runs with one seed drew the same inputs and came to the same report."""
    if one.report.to_json() != other.report.to_json():
        return False
    pairs = zip(one.trials, other.trials, strict=True)
    asked = [(a.attempt.expected, b.attempt.expected) for a, b in pairs if a.attempt.expected]
    return all(apart(a, b) == 0 for a, b in asked)


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
        return read_cell(source).source
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
        for node in ast.walk(ast.parse(read_cell(source).source))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
