"""What a class did on one assignment, from the gradebook and the records in autograded/.

TRUSTED SIDE. Reads and never writes: the class report and the exports are made from this alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from autograder.judge.cells import DAMAGED, STOP, UNTOUCHED, grade_id, report_in
from autograder.judge.course import autograded_folder
from autograder.record.report import Report

LONGEST_MESSAGE = 300  # characters


@dataclass(frozen=True)
class Problem:
    """A cell that ended in an error or was stopped, and what it said."""

    cell: str
    said: str
    stop: str = ""
    """The limit that stopped it, by the name of its setting; "" for an error of its own."""
    named: bool = True
    """Whether `cell` is nbgrader's name of it; otherwise it is the student's first line."""


@dataclass(frozen=True)
class GradedCell:
    """One graded cell of one submission. `waiting` says that a person has yet to look at it.

    `untouched`: there was nothing for a person to mark, and nobody has given points all the same.
    """

    notebook: str
    name: str
    score: float
    points: float
    waiting: bool
    report: Report | None
    untouched: bool = False

    @property
    def not_attempted(self) -> bool:
        return self.report.not_attempted if self.report else self.untouched

    @property
    def exercise(self) -> str:
        return self.report.exercise if self.report else self.name.removeprefix("test_")


@dataclass(frozen=True)
class Submission:
    """One student's work. `score` has the late penalty taken off; `submitted` is UTC, or ""."""

    student: str
    first_name: str
    last_name: str
    email: str
    lms_id: str
    score: float
    late_penalty: float
    submitted: str
    seconds_late: float
    parts: tuple[GradedCell, ...]
    problems: tuple[Problem, ...]
    damaged: str

    @property
    def waiting(self) -> tuple[GradedCell, ...]:
        return tuple(part for part in self.parts if part.waiting)


@dataclass(frozen=True)
class Results:
    """The submissions of an assignment by student, and who has handed in nothing."""

    assignment: str
    max_score: float
    submissions: tuple[Submission, ...]
    missing: tuple[str, ...]


def gather(gradebook: Any, course: Any, assignment: str) -> Results:
    """Read everything about an assignment.

    Raises
    ------
    nbgrader.api.MissingEntry
        If the gradebook does not know the assignment.
    """
    known = gradebook.find_assignment(assignment)
    rows = sorted(gradebook.assignment_submissions(assignment), key=lambda row: row.student_id)
    handed_in = {row.student_id for row in rows}
    return Results(
        assignment,
        float(known.max_score),
        tuple(submission_of(row, course, assignment) for row in rows),
        tuple(sorted(s.id for s in gradebook.students if s.id not in handed_in)),
    )


def submission_of(row: Any, course: Any, assignment: str) -> Submission:
    """One row of the gradebook's, with its records."""
    folder = autograded_folder(course, row.student_id, assignment)
    notebooks = {entry.name: read(folder / f"{entry.name}.ipynb") for entry in row.notebooks}
    student, penalty = row.student, row.late_submission_penalty or 0.0
    return Submission(
        student=row.student_id,
        first_name=student.first_name or "",
        last_name=student.last_name or "",
        email=student.email or "",
        lms_id=student.lms_user_id or "",
        score=max(0.0, float(row.score) - penalty),
        late_penalty=float(penalty),
        submitted=row.timestamp.isoformat(sep=" ") if row.timestamp else "",
        seconds_late=float(row.total_seconds_late),
        parts=tuple(part for entry in row.notebooks for part in parts_of(entry, notebooks)),
        problems=tuple(p for notebook in notebooks.values() for p in problems_of(notebook)),
        damaged=next(
            (n.metadata[DAMAGED] for n in notebooks.values() if DAMAGED in n.metadata), ""
        ),
    )


def read(path: Path) -> NotebookNode:
    """A graded notebook; an empty one where there is none."""
    if not path.exists():
        return nbformat.v4.new_notebook()
    return nbformat.read(path, as_version=4)


def parts_of(entry: Any, notebooks: dict[str, NotebookNode]) -> Iterator[GradedCell]:
    """The graded cells of a notebook, in its order; those that it lacks at the end."""
    cells = {grade_id(cell): cell for cell in notebooks[entry.name].cells if grade_id(cell)}
    order = {name: position for position, name in enumerate(cells)}
    for grade in sorted(entry.grades, key=lambda g: (order.get(g.name, len(order)), g.name)):
        cell = cells.get(grade.name)
        yield GradedCell(
            notebook=entry.name,
            name=grade.name,
            score=float(grade.score),
            points=float(grade.max_score),
            waiting=bool(grade.needs_manual_grade),
            report=report_in(cell) if cell is not None else None,
            untouched=cell is not None and UNTOUCHED in cell.metadata and not by_hand(grade),
        )


def by_hand(grade: Any) -> bool:
    """Whether a person has given the points, or some beyond them."""
    return grade.manual_score is not None or bool(grade.extra_credit)


def problems_of(notebook: NotebookNode) -> Iterator[Problem]:
    """The cells that ended in an error, by name or by their first line.

    Not those that only say that an answer is not written yet: the checks say it better.
    """
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            if output.output_type == "error" and output.ename != "NotImplementedError":
                name = grade_id(cell)
                first = next(iter(cell.source.strip().splitlines()), "")
                said = f"{output.ename}: {output.evalue}"
                stop = cell.metadata.get(STOP, "")
                yield Problem((name or first)[:80], said[:LONGEST_MESSAGE], stop, bool(name))
