"""The command line. It follows nbgrader's configuration and flags."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

try:
    from autograder.apps.command import Command
    from autograder.apps.doctor import DoctorApp
    from autograder.apps.grade import GradeApp
    from autograder.apps.report import ReportApp
    from autograder.apps.scores import ScoresApp
    from autograder.apps.verify import VerifyApp
except ModuleNotFoundError as missing:  # a student's install
    raise SystemExit(
        f"{missing.name} is not installed. The command is for instructors: "
        "pip install 'nbgrader-jax[instructor]'"
    ) from missing


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
