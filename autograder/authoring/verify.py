"""The release gate: everything that an author wants to know before students get a lesson.

`verify` is called by the command `autograder verify`, and by an author's own tests, with the
notebook and what nbgrader makes of it for students. `str()` of what comes back is what the author
reads: a table, and a list of what to mend.
"""

from __future__ import annotations

import os
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

from tqdm import tqdm

from autograder.authoring.dry_run import TestCell
from autograder.authoring.findings import Finding, Gate, Margin, equivalent
from autograder.authoring.mutants import Mutant
from autograder.record.outcome import Outcome
from autograder.record.report import Report


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
    mutants: int
    killed: int
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
        return "\n\n".join(filter(None, [self._table(), self._list()]))

    def _table(self) -> str:
        head = ["test cell", "points", "checks", "known mistakes", "mutants killed"]
        lines = [[*head, "right within", "nearest mistake", "seconds"]]
        for row in self.rows:
            near = f"{row.margin.nearest:,.0f}" if row.mistakes else "–"
            name, points = row.test.grade_id, f"{row.test.points:g}"
            killed = f"{row.killed} of {row.mutants}"
            counts = [name, points, str(row.checks), str(row.mistakes), killed]
            lines.append([*counts, f"{row.margin.right:.2g}", near, f"{row.seconds:.1f}"])
        if len(lines) == 1:
            return ""
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        table = [
            "  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])])
            for line in lines
        ]
        table.insert(1, "-" * len(table[0]))
        notes = [
            "mutants: small changes of your solutions; one not killed is declared equivalent, or a "
            "finding",
            "right within, nearest mistake: distances from the expected answer, in tolerances",
        ]
        return "\n".join([*table, *notes])

    def _list(self) -> str:
        took = f"({self.seconds:.0f} s)"
        if not self.findings:
            return f"{self.notebook} is ready to release {took}."
        count = Counter(finding.where for finding in self.findings)
        lines = [f"{self.notebook}: {count.total()} to mend {took}"]
        for finding in self.findings:
            first, *more = f"{finding.where}: {finding.what}".splitlines()
            lines += [f"- {first}", *(f"    {line}" for line in more)]
        return "\n".join(lines)


def verify(
    notebook: Path, released: Path, thresholds: Thresholds = Thresholds(), *, progress: bool = False
) -> Verification:
    """Examine an instructor notebook and what nbgrader made of it for students.

    Parameters
    ----------
    notebook
        The instructor's notebook; modules beside it can be imported.
    released
        The same notebook as released, with all that goes out in the folder around it.
    progress
        Show a progress bar on stderr, if that is a terminal.

    Runs in this process, in a minute or two: the author's answers, and changed ones.
    """
    began = time.perf_counter()
    rows: list[Row] = []
    with (
        tqdm(disable=None if progress else True, leave=False) as bar,
        # A lesson may draw; nobody is watching.
        patch.dict(os.environ, MPLBACKEND=os.environ.get("MPLBACKEND", "agg")),
    ):
        bar.set_description("your own answers")
        gate = Gate(notebook, thresholds.seeds)
        findings = as_it_stands(gate, released)
        # Answers that are not right themselves have nothing to teach about others.
        if all(check.earned == check.points for check in gate.checks()):
            findings += gate.release_is_blank(released)
            bar.reset(len(gate.mistakes) + len(gate.mutants))
            findings += known_mistakes(gate, bar)
            surviving = survivors(gate, thresholds, bar)
            findings += surviving.findings
            rows = [row_of(test, gate, surviving) for test in gate.tests]
            findings += [finding for row in rows for finding in exceeded(row, thresholds)]
    return Verification(notebook.name, tuple(findings), tuple(rows), time.perf_counter() - began)


def as_it_stands(gate: Gate, released: Path) -> list[Finding]:
    """The questions for which no answer has to be changed."""
    findings = [*gate.solutions_score()]
    findings += [*gate.points_add_up(), *gate.ends_with_report(), *gate.names_are_its_own()]
    findings += [*gate.leaks(released), *gate.untested()]
    findings += [*gate.visible_checks_need_no_solution(released)]
    findings += [*gate.stubs_fit(), *gate.stubs_are_complete()]
    if not gate.tests:
        findings.append(Finding(gate.dry_run.notebook.name, "no test cell uses the kit."))
    return findings


def known_mistakes(gate: Gate, bar: Any) -> list[Finding]:
    """The questions about known mistakes: each takes the place of the answer that it belongs to."""
    findings = [*gate.replaced_mistakes_exist()]
    for mistake in gate.mistakes:
        bar.set_description(f"{mistake.test.grade_id}, known mistakes")
        findings += gate.mistake_is_caught(mistake)
        bar.update()
    return findings


@dataclass
class Survivors:
    """Which changes of solutions kept full points, by test cell, and the findings about them."""

    changes: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    late: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """Changes that took too long to be judged. They count as caught."""
    findings: list[Finding] = field(default_factory=list)


def survivors(gate: Gate, thresholds: Thresholds, bar: Any) -> Survivors:
    """The question about mutants: each takes the place of the solution, and has to lose points."""
    found = Survivors()
    for test, cell, mutant in gate.mutants:
        bar.set_description(f"{cell.grade_id}, mutants")
        report = gate.judge_mutant(test, cell, mutant, thresholds.mutant_seconds)
        if report is None:
            found.late[test.grade_id].append(mutant.change)
        elif report.score >= test.points and not any(check.share for check in report.checks):
            found.changes[test.grade_id].append(mutant.change)
            if mutant.change not in equivalent(test):
                found.findings.append(survivor(cell.grade_id, mutant))
        else:
            found.findings += broken(report, mutant)
        bar.update()
    found.findings += gate.stale_comments(found.changes, found.late)
    return found


def row_of(test: TestCell, gate: Gate, surviving: Survivors) -> Row:
    """Sum up what was looked at for a test cell."""
    total = sum(other is test for other, _, _ in gate.mutants)
    return Row(
        test,
        checks=len(gate.right[test.grade_id][0].report.checks),
        mistakes=gate.named(test),
        mutants=total,
        killed=total - len(surviving.changes[test.grade_id]),
        margin=gate.margin(test),
        seconds=gate.takes(test),
    )


def survivor(where: str, mutant: Mutant) -> Finding:
    """The finding about a mutant that keeps full points: its difference, and what to do."""
    return Finding(
        where,
        f"the tests give full points to this change of the solution:\n{mutant.diff}\n"
        "Add a check that tells it apart or, if it is as right as before, "
        f"add this line to the hidden tests:\n# equivalent: {mutant.change}",
    )


def broken(report: Report, mutant: Mutant) -> list[Finding]:
    """The finding about a check that breaks on a mutant, as it would on a student's answer."""
    notes = [check.staff_note for check in report.checks if check.outcome is Outcome.ERROR]
    return [
        Finding(report.exercise, f"a check breaks on this answer:\n{mutant.diff}\n{note}")
        for note in notes[:1]
    ]


def exceeded(row: Row, thresholds: Thresholds) -> list[Finding]:
    """The findings about a test cell that does not keep to the thresholds."""
    name, margin = row.test.grade_id, row.margin
    found = []
    if row.seconds > thresholds.cell_seconds:
        found.append(
            f"it takes {row.seconds:.0f} s; at most {thresholds.cell_seconds:g} s is allowed."
        )
    if margin.right > 1 / thresholds.least_margin:
        found.append(f"right answers are off by {margin.right:.2g} of the tolerance.")
    if margin.nearest < thresholds.least_margin:
        found.append(
            f"{margin.mistake!r} is only {margin.nearest:.2g} tolerances from the right answer."
        )
    return [Finding(name, what) for what in found]
