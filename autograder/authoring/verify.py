"""The release gate: everything that an author wants to know before students get a lesson.

`verify` is called by the command `autograder verify`, and by an author's own tests, with the
notebook and what nbgrader makes of it for students. `str()` of what comes back is what the author
reads: a table, and a list of what to mend.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections import defaultdict
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from unittest.mock import patch

from autograder.authoring.changes import Change, Fate, fates, worthwhile
from autograder.authoring.dry_run import TestCell
from autograder.authoring.equivalence import Verdict
from autograder.authoring.findings import Finding, Gate, equivalent
from autograder.authoring.known import KnownMistakes, Margin, right_within
from autograder.authoring.mutants import Mutant
from autograder.authoring.plain_cells import PlainCells
from autograder.authoring.telling import Telling

SILENT = Telling()


@dataclass(frozen=True)
class Thresholds:
    """What a lesson has to keep to. The command's settings (`c.VerifyApp.…`) have the same names.

    seeds
        For each, random inputs are drawn as for another student.
    cell_seconds
        How long a test cell may take with the author's own answers; of processor time, as below.
    mutant_seconds
        After how long a changed solution counts as caught: its loop may never end.
    least_margin
        How many tolerances a known mistake has to be away from what is expected; with 10, the
        author's own answers have to lie within a tenth of a tolerance.
    """

    seeds: Sequence[int] = (1, 2, 3)
    cell_seconds: float = 30.0
    mutant_seconds: float = 30.0
    least_margin: float = 10.0


@dataclass(frozen=True)
class Row:
    """What was looked at for one test cell: a line of the table."""

    test: TestCell
    checks: int
    mistakes: int
    changes: int
    caught: int
    harmless: int
    margin: Margin
    seconds: float


@dataclass(frozen=True)
class Verification:
    """The findings, none if the lesson is ready, and what was looked at: a row for a test cell."""

    notebook: str
    findings: tuple[Finding, ...]
    rows: tuple[Row, ...] = ()
    seconds: float = 0.0

    def __str__(self) -> str:
        """A table, then the list of what is to be mended."""
        return "\n\n".join(filter(None, [self.table(), self._list()]))

    def table(self) -> str:
        """What was looked at, in numbers; "" where the author's own answers are not right."""
        if not self.rows:
            return ""
        head = ["test cell", "points", "checks", "known mistakes", "changes", "caught"]
        lines = [[*head, "change nothing", "seconds"]]
        for row in self.rows:
            counts = map(str, [row.checks, row.mistakes, row.changes, row.caught, row.harmless])
            name, points = row.test.grade_id, f"{row.test.points:g}"
            lines.append([name, points, *counts, f"{row.seconds:.1f}"])
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        table = [
            "  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])])
            for line in lines
        ]
        table.insert(1, "-" * len(table[0]))
        note = (
            "changes: small ones of your solutions, such as a + b → a - b, one at a time; "
            "seconds: of processor time, with your own answers"
        )
        return "\n".join([*table, note])

    def _list(self) -> str:
        took = f"({self.seconds:.0f} s)"
        if not self.findings:
            return f"{self.notebook} is ready to release {took}."
        return "\n".join(
            [f"{self.notebook}: {len(self.findings)} to mend {took}", *map(str, self.findings)]
        )


def verify(
    notebook: Path,
    released: Path,
    thresholds: Thresholds = Thresholds(),
    *,
    telling: Telling = SILENT,
    processes: int = 1,
) -> Verification:
    """Examine an instructor notebook and what nbgrader made of it for students.

    Parameters
    ----------
    notebook
        The instructor's notebook; modules beside it can be imported.
    released
        The same notebook as released, with all that goes out in the folder around it.
    telling
        Hears what is found as soon as it is, and how far it is.
    processes
        How many to use at most for changed solutions. What is found does not depend on it.

    Runs in this process, for seconds or minutes: the author's answers, and changed ones.
    """
    began = time.perf_counter()
    # A lesson may draw; nobody is watching.
    with patch.dict(os.environ, MPLBACKEND=os.environ.get("MPLBACKEND", "agg")):
        examination = Examination(notebook, released, thresholds, telling, processes)
        with examination.modules_kept():
            examination.run()
    findings, rows = tuple(examination.findings), tuple(examination.rows())
    return Verification(notebook.name, findings, rows, time.perf_counter() - began)


@dataclass(frozen=True)
class Question:
    """One thing that is asked of a lesson: where, and what about, such as "the known mistakes".

    `ask` gives the findings, one by one; `answer` says afterwards, in a few words, what was tried.
    """

    where: str
    about: str
    ask: Callable[[], Iterable[Finding]]
    answer: Callable[[], str]


@dataclass
class Tried:
    """What became of the changed solutions of one test cell."""

    fates: list[Fate] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    """Changes that kept every point, or took too long to be judged."""
    harmless: int = 0
    """How many of those change nothing that matters; see `equivalence`."""

    @property
    def caught(self) -> int:
        return sum(fate.caught for fate in self.fates)


class Examination:
    """One run of the gate. `run` puts the questions; what they find is in `findings`."""

    def __init__(
        self,
        notebook: Path,
        released: Path,
        thresholds: Thresholds,
        telling: Telling,
        processes: int,
    ) -> None:
        self.findings: list[Finding] = []
        self._open: list[Question] = []
        self._later: Sequence[str] = ()
        self._name, self._released = notebook.name, released
        self._thresholds, self._telling, self._most = thresholds, telling, processes
        self._gate = Gate(notebook, thresholds.seeds)
        self._known = KnownMistakes(self._gate)
        self._plain = PlainCells(self._gate.dry_run)
        self._tried: dict[str, Tried] = defaultdict(Tried)
        self.modules_kept = self._gate.dry_run.modules_kept

    def run(self) -> None:
        """Ask everything; whoever stops it hears what was not looked at."""
        try:
            self._run()
        except KeyboardInterrupt:
            self._telling.left_out("Stopped.", [*in_words(self._open), *self._later])
            raise

    def _run(self) -> None:
        """Answers that are not right themselves say nothing about others: then it ends early."""
        self._telling.expect(len(self._gate.tests))
        self._put([self._cells()], later=[ABOUT_OWN, ABOUT_BLANK, ABOUT_KNOWN, ABOUT_CHANGED])
        if self.findings:
            self._telling.left_out(f"{self._name}: nothing else was looked at. Mend that first.")
            return
        first = [*self._own_answers(), *self._as_it_stands()]
        self._put(first, later=[ABOUT_BLANK, ABOUT_KNOWN, ABOUT_CHANGED])
        if not self._gate.answers_are_right():
            self._telling.left_out(
                f"{self._name}: known mistakes and changed solutions are tried as soon as your own "
                "answers get every point."
            )
            return
        self._telling.expect(len(self._known.all) + sum(map(len, self._gate.mutants.values())))
        with contextlib.closing(self._fates()) as fates:
            self._put([*self._blank(), *self._mistakes(), *self._changes(fates)])

    def rows(self) -> Iterator[Row]:
        """What was looked at, test cell by test cell, if all was."""
        if len(self._tried) < len(self._gate.tests):
            return
        for test in self._gate.tests:
            tried = self._tried[test.grade_id]
            yield Row(
                test,
                checks=len(self._gate.right_of(test)[0].report.checks),
                mistakes=sum(mistake.test is test for mistake in self._known.all)
                + self._known.of_the_kind(test),
                changes=len(tried.fates),
                caught=tried.caught,
                harmless=tried.harmless,
                margin=self._known.margin(test),
                seconds=self._gate.takes(test),
            )

    def _put(self, questions: Sequence[Question], later: Sequence[str] = ()) -> None:
        """Put questions one after the other, and tell what comes of each at once.

        `later` is what others will be about that come afterwards.
        """
        self._open, self._later = list(questions), later
        while self._open:
            question, found = self._open[0], 0
            for finding in question.ask():
                found += 1
                self.findings.append(finding)
                self._telling.finding(finding)
            self._open.pop(0)
            self._telling.answered(question.where, question.answer(), found)

    # The questions, in their order ---------------------------------------------------------

    def _cells(self) -> Question:
        about = "the cells that your answers need"
        return Question(self._name, about, self._gate.cells_run, lambda: about)

    def _own_answers(self) -> Iterator[Question]:
        count = len(self._thresholds.seeds)
        draws = f"{count} draws" if count > 1 else "one draw"
        for test in self._gate.tests:
            yield Question(
                test.grade_id,
                ABOUT_OWN,
                partial(self._answers_score, test),
                lambda: f"your own answers, with {draws} of the random inputs",
            )

    def _as_it_stands(self) -> Iterator[Question]:
        """The questions for which no answer has to be changed."""
        gate, released, name = self._gate, self._released, self._name

        def form() -> Iterator[Finding]:
            yield from gate.points_add_up()
            yield from gate.ends_with_report()
            yield from gate.names_are_its_own()
            yield from gate.untested()
            if not (gate.tests or self._plain.cells):
                yield Finding(name, "there is no test cell: nothing in it is marked by a program.")

        def shown() -> Iterator[Finding]:
            yield from gate.leaks(released)
            yield from gate.visible_checks_need_no_solution(released)

        def stubs() -> Iterator[Finding]:
            yield from gate.stubs_fit()
            yield from gate.stubs_are_complete()

        for about, ask in (
            ("points, names and reports of the test cells", form),
            ("what the release shows of solutions and hidden tests", shown),
            ("whether each exercise stands on its own", stubs),
        ):
            yield Question(name, about, ask, lambda about=about: about)  # type: ignore[misc]
        if plain := self._plain.cells:
            said = (
                f"{ABOUT_PLAIN} ({len(plain)}): your own answers pass, an empty notebook does not"
            )
            yield Question(name, ABOUT_PLAIN, partial(self._plain.findings, released), lambda: said)

    def _blank(self) -> Iterator[Question]:
        ask = partial(self._gate.release_is_blank, self._released)
        yield Question(self._name, ABOUT_BLANK, ask, lambda: ABOUT_BLANK)

    def _mistakes(self) -> Iterator[Question]:
        for test in self._gate.tests:
            count = sum(mistake.test is test for mistake in self._known.all)
            of_the_kind = self._known.of_the_kind(test)
            if count or of_the_kind:
                own = f"{count} known mistake{'s' if count > 1 else ''} of yours"
                kits = f"{of_the_kind} that come with the checks"
                named = " and ".join([own] * bool(count) + [kits] * bool(of_the_kind))
                said = f"{named}, each to be caught and named"
                ask = partial(self._mistakes_caught, test)
                yield Question(test.grade_id, ABOUT_KNOWN, ask, lambda said=said: said)  # type: ignore[misc]

    def _changes(self, fates: Iterator[Fate]) -> Iterator[Question]:
        for test in self._gate.tests:
            yield Question(
                test.grade_id,
                ABOUT_CHANGED,
                partial(self._changes_caught, test, fates),
                partial(self._said_of_changes, test),
            )

    # What they find ------------------------------------------------------------------------

    def _answers_score(self, test: TestCell) -> Iterator[Finding]:
        wrong = list(self._gate.answers_score(test))
        self._telling.step(f"{test.grade_id}, your own answers")
        if wrong:
            yield from wrong
            return
        seconds, allowed = self._gate.takes(test), self._thresholds.cell_seconds
        if seconds > allowed:
            yield Finding(
                test.grade_id,
                f"with your own answers it takes {seconds:.0f} s of processor time, and as much "
                f"for each student; at most {allowed:g} s is allowed (VerifyApp.cell_seconds). Ask "
                "for less, or for smaller inputs.",
            )
        if right_within(self._gate.right_of(test)) > 1 / self._thresholds.least_margin:
            yield Finding(
                test.grade_id,
                "your own answers are right, but so far from what the check expects that another "
                "right one, which rounds differently, might fail. Work out what is expected more "
                "exactly, or allow more with `rtol=`.",
            )

    def _mistakes_caught(self, test: TestCell) -> Iterator[Finding]:
        yield from self._known.misnamed(test)
        for mistake in self._known.all:
            if mistake.test is test:
                yield from self._known.findings(mistake)
                self._telling.step(f"{test.grade_id}, known mistakes")
        far, why = self._known.nearest(test)
        if far < self._thresholds.least_margin:
            yield Finding(
                test.grade_id,
                f"{why!r} is so close to the right answer that a rounding difference could be "
                "taken for it. Give inputs for which it makes a bigger difference.",
            )

    def _changes_caught(self, test: TestCell, fates: Iterator[Fate]) -> Iterator[Finding]:
        tried = self._tried[test.grade_id]
        for cell, mutant in self._gate.mutants[test.grade_id]:
            fate = next(fates)
            tried.fates.append(fate)
            if fate.late or not fate.caught:
                tried.kept.append(mutant.change)
            if not fate.caught and mutant.change not in equivalent(test):
                verdict = self._gate.set_beside(test, cell, mutant, self._thresholds.mutant_seconds)
                tried.harmless += verdict.harmless
                if not verdict.harmless:
                    yield survivor(cell.grade_id, mutant, verdict)
            if fate.broke and fate.broke not in self._known.broke:
                self._known.broke.add(fate.broke)
                yield broken(test.grade_id, mutant, fate.broke)
            self._telling.step(f"{test.grade_id}, changed solutions")
        yield from self._gate.stale_comments(test, tried.kept)

    def _said_of_changes(self, test: TestCell) -> str:
        tried = self._tried[test.grade_id]
        said = f"{len(tried.fates)} changed solutions, {tried.caught} caught"
        if tried.harmless:
            said += f", {tried.harmless} change nothing"
        declared = len(equivalent(test) & set(tried.kept))
        return f"{said}, {declared} as right as before" if declared else said

    def _fates(self) -> Generator[Fate]:
        """What becomes of all changed solutions, test cell by test cell, as `_changes` asks."""
        changes: list[Change] = []
        seconds = 0.0
        for test in self._gate.tests:
            mutants = self._gate.mutants[test.grade_id]
            seconds += len(mutants) * min(j.seconds for j in self._gate.right_of(test))
            changes += [
                Change(
                    test,
                    cell.grade_id,
                    mutant.source,
                    self._thresholds.seeds[0],
                    self._thresholds.mutant_seconds,
                    declared=mutant.change in equivalent(test),
                )
                for cell, mutant in mutants
            ]
        yield from fates(self._gate.dry_run, changes, worthwhile(seconds, self._most))


ABOUT_OWN = "your own answers"
ABOUT_PLAIN = "plain test cells"
ABOUT_BLANK = "the untouched release, which should score 0, not attempted"
ABOUT_KNOWN = "the known mistakes"
ABOUT_CHANGED = "the changed solutions"


def in_words(questions: Iterable[Question]) -> list[str]:
    """What questions are about, each subject once: "the known mistakes (test_a, test_b)"."""
    places: dict[str, list[str]] = defaultdict(list)
    for question in questions:
        places[question.about].append(question.where)
    return [f"{about} ({', '.join(where)})" for about, where in places.items()]


def survivor(where: str, mutant: Mutant, verdict: Verdict) -> Finding:
    """The finding about a changed solution that keeps every point: its difference, what to do."""
    said = f"{verdict.said}\n" if verdict.said else ""
    return Finding(
        where,
        f"with this change your solution still gets every point:\n{mutant.diff}\n{said}"
        "If it is wrong, add a check that it fails, or inputs for which it makes a difference. If "
        "it is as right as before, say so with this line among the hidden tests:\n"
        f"# equivalent: {mutant.change}",
    )


def broken(where: str, mutant: Mutant, note: str) -> Finding:
    """The finding about a check that breaks on a changed solution, as on a student's answer."""
    return Finding(
        where,
        "a check breaks on an answer with this change, and a person would have to mark it. Let the "
        f"check bear such an answer:\n{mutant.diff}\n{note}",
    )
