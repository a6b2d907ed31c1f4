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
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError
from traitlets.config import Application

GRADEBOOK = "CourseDirectory.db_url"
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


def place_of(course: CourseDirectory) -> list[str]:
    """Options that name a course, and its gradebook, where a command would not find them without.

    None for a course in the current directory; else `--course-dir=/courses/jax`, for example. The
    kit's commands and nbgrader's understand them alike.
    """
    root, app = Path(course.root).absolute(), course.parent
    given = app.cli_config.get("CourseDirectory", {}) if isinstance(app, Application) else {}
    place = [] if root == Path.cwd() else [f"--course-dir={root}"]
    return [*place, f"--db={shown(course.db_url)}"] if "db_url" in given else place


def shown(db_url: str) -> str:
    """The URL of a gradebook without its password, which no screen or log should hold.

    Whoever runs the command puts it in again.
    """
    try:
        url = make_url(db_url)
    except ArgumentError:
        return db_url
    return db_url if url.password is None else url.render_as_string(hide_password=True)


def generate(assignment: str, place: Sequence[str] = ()) -> str:
    """The command that enters an assignment into the gradebook of a course, and makes that."""
    return shlex.join(["nbgrader", "generate_assignment", named(assignment), "--force", *place])


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
    if GRADEBOOK in given:
        given[GRADEBOOK] = shown(given[GRADEBOOK])
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
