"""The command line. It follows nbgrader's configuration and flags."""

from __future__ import annotations

from difflib import get_close_matches
from fnmatch import fnmatch
from typing import Any

try:
    from autograder.command import ALIASES, DB, STUDENT, AssignmentCommand, Command
    from autograder.doctor import DoctorApp
    from autograder.grading.app import GradeApp
    from autograder.report import ReportApp
except ModuleNotFoundError as missing:  # a student's install
    raise SystemExit(
        f"{missing.name} is not installed. The command is for instructors: "
        "pip install 'nbgrader-jax[instructor]'"
    ) from missing

from autograder.verify import VerifyApp


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
            print(scores_table(gradebook, course.assignment_id, course.student_id))


def scores_table(gradebook: Any, assignment: str, students: str = "*") -> str:
    """Students by graded cells; a star marks a score that waits for a person.

    `students` is a pattern that their names have to match.

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
        if not fnmatch(submission.student_id, students):
            continue
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


class AutograderApp(Command):
    """The command `autograder`."""

    name = "autograder"
    description = """
        Auto-graded JAX exercises on nbgrader. The commands work on the course in the current
        directory, beside `nbgrader generate_assignment`, `autograde` and `generate_feedback`.
    """
    examples = """
        autograder doctor
        autograder verify logistic_regression
        autograder grade logistic_regression
        autograder report logistic_regression
        autograder scores logistic_regression
    """
    subcommand_description = "`autograder COMMAND --help` says more of each, with examples."
    subcommands = {  # noqa: RUF012 - traitlets' own convention
        "doctor": (DoctorApp, "Say what grading has here, and what is missing."),
        "verify": (VerifyApp, "Find what is wrong with an assignment before students do."),
        "grade": (GradeApp, "Grade the submissions of an assignment in parallel."),
        "scores": (ScoresApp, "Print a table of students and exercises."),
        "report": (ReportApp, "Write a report on the whole class."),
    }
    aliases: dict[str, Any] = {}  # noqa: RUF012
    flags: dict[str, Any] = {}  # noqa: RUF012

    def start(self) -> None:
        super().start()
        if self.subapp is None and self.extra_args:
            asked = self.extra_args[0]
            near = get_close_matches(asked, self.subcommands, 1)
            hint = f"Did you mean {near[0]}?" if near else "`autograder --help` lists them."
            self.refuse("There is no command %r. %s", asked, hint)
        if self.subapp is None:
            self.print_help()


def main() -> None:
    """Entry point of the console script."""
    # jupyter_core would read sys.argv, which is empty while the shell asks for completions.
    arguments = AutograderApp._get_sys_argv(check_argcomplete=True)[1:]
    AutograderApp.launch_instance(argv=arguments)
