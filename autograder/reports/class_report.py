"""The class report, which the command `autograder report` writes. TRUSTED SIDE.

A pure function of the gradebook and the records in autograded/: no clock, no network, and the
same bytes each time.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean, median
from typing import Any

import jinja2

from autograder.record.outcome import Outcome
from autograder.record.render import points_text
from autograder.record.report import CheckResult
from autograder.reports.figures import score_distribution
from autograder.reports.results import GradedCell, Results, Submission
from autograder.reports.tables import to_csv

TEMPLATES = Path(__file__).parent / "templates"
MOST_SENTENCES = 10  # about known mistakes; the table has them all


@dataclass(frozen=True)
class CheckRow:
    """How the class fared in one check: numbers of students.

    Of those that failed, `in_part` keep a share of the points, for a known mistake.
    """

    exercise: str
    check: str
    points: float
    passed: int
    failed: int
    not_attempted: int
    error: int
    in_part: int = 0

    @property
    def students(self) -> int:
        return self.passed + self.failed + self.not_attempted + self.error

    def share(self, count: int) -> float:
        """A number of students in per cent."""
        return round(100 * count / self.students, 1) if self.students else 0.0


@dataclass(frozen=True)
class ExerciseRow:
    """How the class fared in one graded cell. `mean` and `points` are gradebook points."""

    exercise: str
    points: float
    mean: float
    full_marks: int
    not_attempted: int
    waiting: int


@dataclass(frozen=True)
class MistakeRow:
    """A known mistake, and the students whose answer coincides with it."""

    exercise: str
    mistake: str
    count: int
    students: tuple[str, ...]


@dataclass(frozen=True)
class StudentRow:
    """One submission in the report. In an anonymous report `student` is a number by score."""

    student: str
    score: float
    late_penalty: float
    submitted: str
    hours_late: float
    scores: tuple[float, ...]
    waiting: tuple[str, ...]
    stopped: tuple[str, ...]
    damaged: str


@dataclass(frozen=True)
class ClassReport:
    """Everything that the report shows."""

    assignment: str
    max_score: float
    sentences: tuple[str, ...]
    exercises: tuple[ExerciseRow, ...]
    checks: tuple[CheckRow, ...]
    mistakes: tuple[MistakeRow, ...]
    students: tuple[StudentRow, ...]
    missing: tuple[str, ...]
    missing_count: int
    anonymous: bool


def class_report(results: Results, *, anonymous: bool = False) -> ClassReport:
    """Count and rank; with `anonymous`, without a name or a time that would tell one."""
    checks, mistakes = tuple(check_rows(results)), mistake_rows(results)
    exercises = tuple(exercise_rows(results))
    cells = tuple(in_order(results))
    students = tuple(
        student_row(submission, cells, anonymous=anonymous) for submission in results.submissions
    )
    if anonymous:
        mistakes = [MistakeRow(m.exercise, m.mistake, m.count, ()) for m in mistakes]
        students = nameless(students)
    return ClassReport(
        assignment=results.assignment,
        max_score=results.max_score,
        sentences=tuple(sentences(results, checks, mistakes)),
        exercises=exercises,
        checks=checks,
        mistakes=tuple(mistakes),
        students=students,
        missing=() if anonymous else results.missing,
        missing_count=len(results.missing),
        anonymous=anonymous,
    )


def in_order(results: Results) -> dict[tuple[str, str], list[GradedCell]]:
    """The parts of all students by notebook and cell, in the order that most notebooks have."""
    orders = Counter(tuple((p.notebook, p.name) for p in s.parts) for s in results.submissions)
    usual = orders.most_common(1)[0][0] if orders else ()
    found: dict[tuple[str, str], list[GradedCell]] = {cell: [] for cell in usual}
    for submission in results.submissions:
        for part in submission.parts:
            found.setdefault((part.notebook, part.name), []).append(part)
    return found


def exercise_rows(results: Results) -> Iterator[ExerciseRow]:
    """One row for each graded cell."""
    for parts in in_order(results).values():
        yield ExerciseRow(
            exercise=parts[0].exercise,
            points=parts[0].points,
            mean=round(mean(part.score for part in parts), 2),
            full_marks=sum(part.score >= part.points for part in parts),
            not_attempted=sum(part.not_attempted for part in parts),
            waiting=sum(part.waiting for part in parts),
        )


def check_rows(results: Results) -> Iterator[CheckRow]:
    """One row for each check, by exercise and title."""
    for parts in in_order(results).values():
        found: dict[str, list[CheckResult]] = {}
        for part in parts:
            for check in part.report.checks if part.report else ():
                found.setdefault(check.title, []).append(check)
        for title, checks in found.items():
            count = Counter(check.outcome for check in checks)
            yield CheckRow(
                parts[0].exercise,
                title,
                checks[0].points,
                count[Outcome.PASSED],
                count[Outcome.FAILED],
                count[Outcome.NOT_ATTEMPTED],
                count[Outcome.ERROR],
                sum(check.outcome is Outcome.FAILED and check.share > 0 for check in checks),
            )


def mistake_rows(results: Results) -> list[MistakeRow]:
    """Known mistakes, the most frequent first."""
    found: dict[tuple[str, str], set[str]] = {}
    for submission in results.submissions:
        for part in submission.parts:
            for check in part.report.checks if part.report else ():
                if check.mistake:
                    key = (part.exercise, check.mistake)
                    found.setdefault(key, set()).add(submission.student)
    rows = [
        MistakeRow(exercise, said, len(students), tuple(sorted(students)))
        for (exercise, said), students in found.items()
    ]
    return sorted(rows, key=lambda row: (-row.count, row.exercise, row.mistake))


def student_row(
    submission: Submission, cells: Sequence[tuple[str, str]], *, anonymous: bool = False
) -> StudentRow:
    """What the report says about one submission; its scores in the order of `cells`."""
    scores = {(part.notebook, part.name): round(part.score, 2) for part in submission.parts}
    return StudentRow(
        student=submission.student,
        score=round(submission.score, 2),
        late_penalty=submission.late_penalty,
        submitted=submission.submitted,
        hours_late=round(submission.seconds_late / 3600, 1),
        scores=tuple(scores.get(cell, 0.0) for cell in cells),
        waiting=tuple(part.exercise for part in submission.waiting),
        stopped=tuple(stopped(submission, anonymous=anonymous)),
        damaged=submission.damaged,
    )


def stopped(submission: Submission, *, anonymous: bool = False) -> Iterator[str]:
    """Where a submission ran too long or ended its kernel: cells, and exercises when called.

    A cell without a name is called by its first line, which an anonymous report must not tell.
    """
    for problem in submission.problems:
        if problem.stop:
            yield "a cell" if anonymous and not problem.named else problem.cell
    for part in submission.parts:
        checks = part.report.checks if part.report else ()
        if any(check.stop for check in checks):
            yield part.exercise


def nameless(rows: Iterable[StudentRow]) -> tuple[StudentRow, ...]:
    """The rows by score, numbered, and without times or words that would tell who it is."""
    ranked = sorted(rows, key=lambda r: (-r.score, r.scores, r.waiting, r.stopped, bool(r.damaged)))
    return tuple(
        StudentRow(
            f"student {number}",
            row.score,
            row.late_penalty,
            "",
            0.0,
            row.scores,
            row.waiting,
            row.stopped,
            "damaged" if row.damaged else "",
        )
        for number, row in enumerate(ranked, 1)
    )


def sentences(
    results: Results, checks: Sequence[CheckRow], mistakes: Sequence[MistakeRow]
) -> Iterator[str]:
    """What an instructor can act on, in words: what to teach again first, then what to look at."""
    everybody = len(results.submissions)
    for mistake in mistakes[:MOST_SENTENCES]:
        said = mistake.mistake.removeprefix("It looks as if ").rstrip(".")
        yield f"{mistake.count} of {everybody} in {mistake.exercise}: {said}."
    explained = {mistake.exercise for mistake in mistakes}
    for check in checks:
        if check.points and check.failed > check.students / 2 and check.exercise not in explained:
            yield (
                f"{check.failed} of {check.students} in {check.exercise} fail “{check.check}”, "
                "by no mistake that is known."
            )
    untouched: dict[int, list[str]] = {}
    for row in exercise_rows(results):
        untouched.setdefault(row.not_attempted, []).append(row.exercise)
    for count in sorted(set(untouched) - {0}, reverse=True):
        yield f"{count} of {everybody} did not attempt {', '.join(untouched[count])}."
    yield from to_look_at(results, checks)


def to_look_at(results: Results, checks: Sequence[CheckRow]) -> Iterator[str]:
    """What needs a person: code that did not come back, broken checks, written answers."""
    everybody = len(results.submissions)
    for check in checks:
        if check.error:
            yield (
                f"“{check.check}” in {check.exercise} could not be run for {check.error} of "
                f"{check.students}. That is no fault of theirs: look at the test cell."
            )
    ended = sum(any(stopped(submission)) for submission in results.submissions)
    if ended:
        yield f"{ended} of {everybody} handed in code that ran too long or ended its kernel."
    waiting = sum(bool(submission.waiting) for submission in results.submissions)
    if waiting:
        yield f"Waiting for a person: {waiting} of {everybody} submissions."
    if results.missing:
        yield f"{len(results.missing)} of {everybody + len(results.missing)} handed in nothing."


def to_html(report: ClassReport) -> str:
    """One page that needs nothing else: no scripts, no files, no network."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined
    )
    environment.filters["points"] = points_text
    scores = [row.score for row in report.students]
    return environment.get_template("report.html.j2").render(
        report=report,
        style=(TEMPLATES / "style.css").read_text(encoding="utf-8"),
        distribution=score_distribution(scores, report.max_score) if scores else "",
        middle=f"{median(scores):.3g}" if scores else "–",
        average=f"{mean(scores):.3g}" if scores else "–",
        passed=Outcome.PASSED,
    )


def to_json(report: ClassReport) -> str:
    """Everything in the report, for programs."""
    return json.dumps(asdict(report), indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def as_table(rows: Sequence[Any], extra: Sequence[str] = ()) -> str:
    """Rows of one kind as CSV. Lists are joined by semicolons; `extra` names score columns."""
    table: list[list[Any]] = []
    for row in rows:
        fields = asdict(row)
        scores = fields.pop("scores", ())
        if not table:
            table.append([*fields, *extra])
        values = ["; ".join(v) if isinstance(v, tuple) else v for v in fields.values()]
        table.append([*values, *scores])
    return to_csv(table, end="\n")


def files(report: ClassReport) -> dict[str, str]:
    """The files of a report by name."""
    return {
        "report.html": to_html(report),
        "report.json": to_json(report),
        "exercises.csv": as_table(report.exercises),
        "checks.csv": as_table(report.checks),
        "mistakes.csv": as_table(report.mistakes),
        "students.csv": as_table(report.students, [row.exercise for row in report.exercises]),
    }
