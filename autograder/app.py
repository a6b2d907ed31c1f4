"""The command line. It follows nbgrader's configuration and flags."""

from __future__ import annotations

from typing import Any

try:
    from nbgrader.api import Gradebook, MissingEntry
    from nbgrader.apps.baseapp import NbGrader
    from nbgrader.apps.nbgraderapp import aliases as nbgrader_aliases

    from autograder.grading.app import GradeApp
    from autograder.report import ReportApp
except ModuleNotFoundError as missing:  # a student's install
    raise SystemExit(
        f"{missing.name} is not installed. The command is for instructors: "
        "pip install 'nbgrader-jax[instructor]'"
    ) from missing

from autograder.verify import VerifyApp

ALIASES = {
    name: nbgrader_aliases[name] for name in ("course", "log-level") if name in nbgrader_aliases
} | {
    "assignment": "CourseDirectory.assignment_id",
    "student": "CourseDirectory.student_id",
    "db": "CourseDirectory.db_url",
    "course-dir": "CourseDirectory.root",
}


class ScoresApp(NbGrader):  # type: ignore[misc]
    """Prints the scores of an assignment."""

    name = "autograder-scores"
    description = "Print a table of students and exercises with their scores, from the gradebook."
    examples = """
        autograder scores logistic_regression
        autograder scores logistic_regression --course-dir=../my_course
    """
    aliases = ALIASES
    flags: dict[str, Any] = {}  # noqa: RUF012 - traitlets' own convention

    def start(self) -> None:
        super().start()
        if self.extra_args:
            self.coursedir.assignment_id = self.extra_args[0]
        assignment = self.coursedir.assignment_id
        if not assignment:
            self.fail("Which assignment? For example: autograder scores logistic_regression")
        with Gradebook(self.coursedir.db_url, self.coursedir.course_id) as gradebook:
            try:
                print(scores_table(gradebook, assignment))
            except MissingEntry:
                self.fail("The gradebook has no assignment named %r.", assignment)


def scores_table(gradebook: Any, assignment: str) -> str:
    """Students by graded cells; a star marks a score that waits for a person.

    Raises
    ------
    MissingEntry
        If the gradebook does not know the assignment.
    """
    cells = [c for n in gradebook.find_assignment(assignment).notebooks for c in graded_cells(n)]
    header = ["student", *(c.name.removeprefix("test_") for c in cells), "total"]
    best = ["(of)", *(f"{c.max_score:g}" for c in cells), f"{sum(c.max_score for c in cells):g}"]
    rows = [header, best]
    for submission in gradebook.assignment_submissions(assignment):
        grades = {g.name: g for n in submission.notebooks for g in n.grades}
        scores = [score_text(grades[c.name]) for c in cells]
        rows.append([submission.student_id, *scores, f"{submission.score:g}"])
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


class AutograderApp(NbGrader):  # type: ignore[misc]
    """The command `autograder`."""

    name = "autograder"
    description = "Auto-graded JAX exercises on nbgrader."
    examples = """
        autograder grade logistic_regression
        autograder report logistic_regression
        autograder scores logistic_regression
    """
    subcommands = {  # noqa: RUF012 - traitlets' own convention
        "grade": (GradeApp, "Grade the submissions of an assignment in parallel."),
        "report": (ReportApp, "Write a report on the whole class."),
        "scores": (ScoresApp, "Print a table of students and exercises."),
        "verify": (VerifyApp, "Find what is wrong with an assignment before students do."),
    }
    aliases: dict[str, Any] = {}  # noqa: RUF012
    flags: dict[str, Any] = {}  # noqa: RUF012

    def start(self) -> None:
        super().start()
        if self.subapp is None:
            self.print_help()


def main() -> None:
    """Entry point of the console script."""
    AutograderApp.launch_instance()
