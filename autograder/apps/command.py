"""What the commands of `autograder` share: one assignment, its gradebook, help, exit statuses."""

from __future__ import annotations

import logging
import shlex
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from importlib.metadata import version
from inspect import cleandoc
from pathlib import Path
from textwrap import indent
from typing import Any, NoReturn

from nbgrader.api import Gradebook, MissingEntry
from nbgrader.apps.baseapp import NbGrader, nbgrader_flags
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import SQLAlchemyError
from traitlets import TraitError, default
from traitlets.config.loader import KVArgParseConfigLoader

from autograder.apps.logs import Formatter
from autograder.apps.shell import generate, place_of

USAGE = 2
"""Exit status of a command that is not understood, as shells and argparse have it."""

ALIASES: dict[str, Any] = {
    "assignment": ("CourseDirectory.assignment_id", "The assignment, if it is not named first."),
    "course-dir": (
        "CourseDirectory.root",
        "Directory of the course, with nbgrader_config.py and source/ in it. "
        "Default: the current one.",
    ),
    "log-level": ("Application.log_level", "How much to say of what is going on."),
}
"""Options of every command. Like nbgrader's own, but for help that speaks of these commands."""

DB: dict[str, Any] = {
    "db": (
        "CourseDirectory.db_url",
        "URL of the gradebook. Default: sqlite:///gradebook.db in the course's directory.",
    ),
    "course": ("CourseDirectory.course_id", "Name of the course, as nbgrader's exchange has it."),
}
"""Options of commands that open the gradebook."""

STUDENT: dict[str, Any] = {
    "student": ("CourseDirectory.student_id", "Only these students: a name, or a pattern (a*).")
}


class StrictLoader(KVArgParseConfigLoader):
    """Refuses an option that does not exist. traitlets would go on without it: `--studnt=amber
    --force` would grade everybody again."""

    def _handle_unrecognized_alias(self, arg: str) -> NoReturn:
        known = [name for names in (self.aliases, self.flags) for name in names]
        near = get_close_matches(arg, [str(name) for name in known], 1)
        hint = f" Did you mean --{near[0]}?" if near else " --help lists them."
        self.log.error("There is no option --%s.%s", arg, hint)
        sys.exit(USAGE)


class Command(NbGrader):  # type: ignore[misc]
    """A command, configured as nbgrader's own are."""

    version = version("nbgrader-jax")
    aliases = ALIASES
    flags = nbgrader_flags
    _log_formatter_cls = Formatter
    statuses = "0 when all is well, 1 when it is not, 2 when the command is not understood."

    @default("log_level")
    def _log_level_default(self) -> int:
        return logging.WARNING

    def start(self) -> None:
        """Called when the command line and the configuration have been read.

        nbgrader then makes the classes that the configuration names, and a class may be gone.
        """
        try:
            super().start()
        except TraitError as error:
            self.cannot_use(error)

    def cannot_use(self, error: Exception) -> NoReturn:
        """End because the configuration names what is not there, or holds what cannot be."""
        self.log.error(
            "The configuration cannot be used: %s. `%s` says more.",
            str(error).rstrip("."),
            shlex.join(["autograder", "doctor", *place_of(self.coursedir)]),
        )
        sys.exit(1)

    def _create_loader(
        self, argv: Any, aliases: Any, flags: Any, classes: Any
    ) -> KVArgParseConfigLoader:
        return StrictLoader(
            argv, aliases, flags, classes=classes, log=self.log, subcommands=self.subcommands
        )

    def emit_examples(self) -> Generator[str]:
        yield from ("Examples", "--------", "", indent(cleandoc(self.examples), "    "), "")

    def emit_help_epilogue(self, classes: bool) -> Generator[str]:
        yield from (f"Exit status: {self.statuses}", "")
        yield from super().emit_help_epilogue(classes)

    def refuse(self, message: str, *args: Any) -> NoReturn:
        """End because the command is not understood."""
        self.log.error(message, *args)
        sys.exit(USAGE)


class AssignmentCommand(Command):
    """A command on one assignment: the first word after it, or `--assignment`."""

    def start(self) -> None:
        """Settle which assignment it is: from here on, `self.coursedir.assignment_id`."""
        super().start()
        name = self.name.removeprefix("autograder-")
        if len(self.extra_args) > 1:
            self.refuse("One assignment at a time, not %s.", " and ".join(self.extra_args))
        if self.extra_args:
            self.coursedir.assignment_id = self.extra_args[0]
        if not self.coursedir.assignment_id:
            self.refuse("Which assignment? For example: autograder %s logistic_regression", name)

    @contextmanager
    def gradebook(self) -> Iterator[Gradebook]:
        """The course's gradebook. What keeps it from being read ends the command with a sentence.

        An entry that is missing, inside the block, is the assignment.
        """
        course, assignment = self.coursedir, self.coursedir.assignment_id
        url = make_url(course.db_url)
        if (missing := missing_file(url)) is not None:
            self.fail(
                "There is no gradebook at %s. Name the course with --course-dir, or make its "
                "gradebook: %s",
                missing,
                generate(assignment, place_of(course)),
            )
        try:
            with Gradebook(course.db_url, course.course_id) as gradebook:
                try:
                    yield gradebook
                except MissingEntry:
                    known = ", ".join(entry.name for entry in gradebook.assignments) or "none"
                    self.fail(
                        "The gradebook has no assignment named %r. It has: %s.", assignment, known
                    )
        except SQLAlchemyError as error:
            self.fail(
                "The gradebook %s cannot be read: %s. `%s` says more.",
                url.render_as_string(hide_password=True),
                str(error).splitlines()[0],
                shlex.join(["autograder", "doctor", *place_of(course)]),
            )


def missing_file(url: URL) -> Path | None:
    """The file of an SQLite database that has not been made yet; opening it would make it."""
    if url.get_backend_name() != "sqlite" or str(url.database).startswith("file:"):
        return None
    path = Path(url.database or "")
    return None if path.is_file() else path
