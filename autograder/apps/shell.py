"""Commands that are printed for a person to run: pasted into a shell, they do what was meant.

They are made from what is known (the course, the assignment, what was given), never from the words
that were typed: `--student amber` and `--student=amber` are one option in two forms.
"""

from __future__ import annotations

import glob
import re
import shlex
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from nbgrader.coursedir import CourseDirectory
from traitlets.config import Application

AT_AN_END = re.compile(r"^[~'\"\s]|['\"\s]$")
"""Characters that traitlets or nbgrader take off, or replace, at an end of a value."""


def exactly(student: str) -> str:
    """`--student` for one student. What it takes is a pattern, in which `[a]` stands for `a`.

    A character that a terminal would not show is any one character in it.
    """
    pattern = "".join(c if c.isprintable() else "?" for c in glob.escape(student))
    return "--student=" + AT_AN_END.sub(lambda found: f"[{found[0]}]", pattern)


def named(assignment: str) -> str:
    """The word for an assignment after a command; one like `-1` would be taken for an option."""
    return f"--assignment={assignment}" if assignment.startswith("-") else assignment


def in_course(course: CourseDirectory, *words: str) -> str:
    """A command on a course, from the directory in which this one was started.

    For example `nbgrader generate_assignment one --course-dir=/courses/jax`: with the course and
    the gradebook named, where the command would not find the same ones without.
    """
    root, app = Path(course.root).absolute(), course.parent
    given = app.cli_config.get("CourseDirectory", {}) if isinstance(app, Application) else {}
    place = [] if root == Path.cwd() else [f"--course-dir={root}"]
    gradebook = [f"--db={course.db_url}"] if "db_url" in given else []
    return shlex.join([*words, *place, *gradebook])


def generate(course: CourseDirectory, assignment: str) -> str:
    """The command that enters an assignment into the gradebook, and makes the gradebook."""
    return in_course(course, "nbgrader", "generate_assignment", named(assignment), "--force")


def again(
    app: Application, words: Sequence[str], more: Sequence[str], without: Collection[str]
) -> str:
    """The command that `app` is, with the options that it was given.

    Parameters
    ----------
    words
        The names of the program and the command, and what it is about.
    more
        Options that it was not given, or in the place of others; they come last.
    without
        Settings to leave out, such as `CourseDirectory.student_id`.
    """
    return shlex.join([*words, *options_given(app, without), *more])


def options_given(app: Application, without: Collection[str]) -> Iterator[str]:
    """The options of a command line: flags first, then the others in their short form."""
    flags, aliases = app.flatten_flags()
    given = settings_in(app.cli_config)
    for name in without:
        given.pop(name, None)
    for name, (config, _) in flags.items():
        stands_for = settings_in(config)
        if len(name) > 1 and stands_for.items() <= given.items():
            yield f"--{name}"
            given = {name: value for name, value in given.items() if name not in stands_for}
    short = {long: name for name, long in aliases.items()}
    for name, value in given.items():
        yield from (f"--{short.get(name, name)}={text}" for text in texts(value))


def settings_in(config: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Values by their full names, such as `BaseConverter.force`."""
    return {
        f"{section}.{trait}": value
        for section, traits in config.items()
        for trait, value in traits.items()
    }


def texts(value: Any) -> list[str]:
    """A value as options say it: once, or once for each element."""
    match value:
        case dict():
            return [f"{key}={element}" for key, element in value.items()]
        case list() | tuple() | set() if value:
            return [str(element) for element in value]
        case _:
            return [str(value)]


def exported(folder: Path) -> str:
    """The command that puts a folder in front of PATH, for `sh` and `bash`."""
    escaped = re.sub(r'([\\"$`])', r"\\\1", str(folder))
    return f'export PATH="{escaped}:$PATH"'
