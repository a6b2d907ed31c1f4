"""The command `autograder scores`."""

from __future__ import annotations

from fnmatch import fnmatch
from typing import Any

from autograder.apps.command import ALIASES, DB, STUDENT, AssignmentCommand
from autograder.record.shown import in_one_line, say


class ScoresApp(AssignmentCommand):
    """Prints the scores of an assignment."""

    name = "autograder-scores"
    description = "Print a table of students and exercises with their scores, from the gradebook."
    examples = """
        autograder scores logistic_regression
        autograder scores logistic_regression --student='a*'
        autograder scores logistic_regression --course-dir=../my_course
    """
    statuses = "0, 1 when there is no such assignment or gradebook, 2 when not understood."
    aliases = {**ALIASES, **DB, **STUDENT}  # noqa: RUF012 - traitlets' own convention

    def start(self) -> None:
        super().start()
        course = self.coursedir
        with self.gradebook() as gradebook:
            say(scores_table(gradebook, course.assignment_id, course.student_id))


def scores_table(gradebook: Any, assignment: str, students: str = "*") -> str:
    """Students by graded cells; a star marks a score that waits for a person.

    `students` is a pattern that their names have to match.

    Raises
    ------
    MissingEntry
        If the gradebook does not know the assignment.
    """
    notebooks = gradebook.find_assignment(assignment).notebooks
    cells = [c for notebook in notebooks for c in graded_cells(notebook)]
    keys = [(notebook.name, c.name) for notebook in notebooks for c in graded_cells(notebook)]
    header = ["student", *(in_one_line(c.name.removeprefix("test_")) for c in cells), "total"]
    best = ["(of)", *(f"{c.max_score:g}" for c in cells), f"{sum(c.max_score for c in cells):g}"]
    rows = [header, best]
    for submission in gradebook.assignment_submissions(assignment):
        if not fnmatch(submission.student_id, students):
            continue
        grades = {(n.name, g.name): g for n in submission.notebooks for g in n.grades}
        scores = [score_text(grades[key]) for key in keys]
        rows.append([in_one_line(submission.student_id), *scores, f"{submission.score:g}"])
    rows[2:] = sorted(rows[2:])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in rows
    ]
    lines.insert(2, "-" * len(lines[0]))
    return "\n".join([*lines, "", "* a person has to look at it (a written answer, for example)"])


def graded_cells(notebook: Any) -> list[Any]:
    """The cells of a notebook that carry points: autograded, written, and tasks."""
    return [*notebook.grade_cells, *notebook.task_cells]


def score_text(grade: Any) -> str:
    """A score, starred when it waits for a person."""
    return f"{grade.score:g}{'*' if grade.needs_manual_grade else ''}"
