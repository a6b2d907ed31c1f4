"""Commands that are printed, run as a person would run them: pasted into a shell."""

from __future__ import annotations

import fnmatch
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from nbgrader.coursedir import CourseDirectory

from autograder.apps import shell
from autograder.apps.grade import ONCE_ONLY, GradeApp
from autograder.apps.scores import ScoresApp
from autograder.apps.shell import settings_in
from tests.support.plain import PLAIN, PlainCourse

STUDENTS = [
    "amber",
    "O'Neill, Ann",
    'the "great"',
    '"quoted"',
    "'quoted'",
    "a[b]c",
    "[!a]*?",
    "-force",
    "--help",
    " ",
    " spaces ",
    "~root",
    "$HOME",
    "`id`",
    "a;b&c|d>e",
    "back\\slash",
    "a=b",
    "None",
    "12345",
    "ümlaut 🎓",
    "new\nline",
    "\x1b[31mred",
]
ARGV = "import json, sys; print(json.dumps(sys.argv[1:]))"


@pytest.fixture
def pasted(tmp_path: Path) -> Callable[[str], list[str]]:
    """What a program of the kit's or nbgrader's is given when a line is pasted into a shell."""
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("autograder", "nbgrader"):
        (programs / name).write_text(
            f"#!/bin/sh\nexec {sys.executable} -c '{ARGV}' {name} \"$@\"\n"
        )
        (programs / name).chmod(0o755)

    def run(line: str) -> list[str]:
        path = f"{programs}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(
            ["sh", "-c", line], env={**os.environ, "PATH": path}, capture_output=True, check=True
        )
        words: list[str] = json.loads(done.stdout)
        return words

    return run


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "a course"
    folder.mkdir()
    (folder / "nbgrader_config.py").touch()
    monkeypatch.chdir(folder)
    yield folder
    for app in (GradeApp, ScoresApp):
        app.clear_instance()


def understood(words: list[str]) -> GradeApp:
    """The command as it understands its words."""
    app = GradeApp()
    app.initialize(list(words))
    app.coursedir.assignment_id = (app.extra_args or [app.coursedir.assignment_id])[0]
    return app


@pytest.mark.parametrize("student", STUDENTS)
def test_a_student_by_name(student: str, course: Path, pasted: Callable[[str], list[str]]) -> None:
    """nbgrader takes a pattern, and takes quotes and spaces off its ends."""
    program, *words = pasted(understood(["one"])._retry(student))
    assert (program, words[0]) == ("autograder", "grade")
    pattern = understood(words[1:]).coursedir.student_id
    others = [name for name in STUDENTS if fnmatch.fnmatchcase(name, pattern)]
    assert others == [student]


@pytest.mark.parametrize(
    "given",
    ["one", "two words", "it's", "a[b]", "~x", "--assignment=-1", "--assignment=--force"],
)
def test_an_assignment_by_name(
    given: str, course: Path, pasted: Callable[[str], list[str]]
) -> None:
    app = understood([given])
    words = pasted(app._retry("ada"))[2:]
    assert understood(words).coursedir.assignment_id == app.coursedir.assignment_id


GIVEN = {
    "nothing": ([], ""),
    "another student": (["--student", "amber"], ""),
    "another student, with =": (["--student=amber"], ""),
    "students left out": (["--CourseDirectory.student_id_exclude=bob"], ""),
    "for programs": (["--json"], ""),
    "as they arrive": (["--watch", "--exchange", "--GradeApp.watch_interval=3"], ""),
    "workers": (["--workers", "2"], "--workers=2"),
    "by the long name": (["--GradeApp.workers=2"], "--workers=2"),
    "force": (["--force"], "--force"),
    "force, in short": (["-f"], "--force"),
    "a flag for two settings": (["--no-execute"], "--no-execute"),
    "flags and others": (["--workers=2", "-f", "--debug"], "--debug --force --workers=2"),
    "debug": (["--debug"], "--debug"),
    "a notebook": (["--notebook", "a b*"], "'--notebook=a b*'"),
    "a list": (
        ["--CourseDirectory.ignore=a b", "--CourseDirectory.ignore=c"],
        "'--CourseDirectory.ignore=a b' --CourseDirectory.ignore=c",
    ),
    "a dictionary": (
        ["--Autograde.exclude_overwriting", "one=x.py"],
        "--Autograde.exclude_overwriting=one=x.py",
    ),
    "a limit": (["--Sandbox.memory=123456789"], "--Sandbox.memory=123456789"),
    "a gradebook": (["--db=sqlite:////tmp/a b.db"], "'--db=sqlite:////tmp/a b.db'"),
}


@pytest.mark.parametrize(("given", "said"), GIVEN.values(), ids=GIVEN)
@pytest.mark.parametrize("first", [True, False], ids=["assignment first", "assignment last"])
def test_what_was_given_in_any_form(
    given: list[str], said: str, first: bool, course: Path, pasted: Callable[[str], list[str]]
) -> None:
    line = understood(["one", *given] if first else [*given, "--assignment=one"])._retry("ada")
    assert line == " ".join(filter(None, ["autograder grade one", said, "--student=ada"]))
    app, again = understood(["one", *given]), understood(pasted(line)[2:])
    kept = {
        name: value for name, value in settings_in(app.cli_config).items() if name not in ONCE_ONLY
    }
    asked = {"CourseDirectory.student_id": "ada"}
    assert settings_in(again.cli_config) == {**kept, **asked}


def test_the_course_as_it_was_named(course: Path, pasted: Callable[[str], list[str]]) -> None:
    elsewhere = course.parent / "it's [mine]"
    elsewhere.mkdir()
    app = understood(["one", "--course-dir", str(elsewhere)])
    again = understood(pasted(app._retry("ada"))[2:])
    assert again.coursedir.root == str(elsewhere)


@pytest.mark.parametrize("assignment", ["one", "two words", "-1"])
def test_making_an_assignment(
    assignment: str, course: Path, pasted: Callable[[str], list[str]]
) -> None:
    here = CourseDirectory(root=str(course))
    word = f"--assignment={assignment}" if assignment == "-1" else assignment
    words = ["nbgrader", "generate_assignment", word, "--force"]
    assert pasted(shell.generate(assignment, shell.place_of(here))) == words
    there = CourseDirectory(root=str(course.parent / "it's"))
    elsewhere = f"--course-dir={course.parent}/it's"
    assert pasted(shell.generate(assignment, shell.place_of(there))) == [*words, elsewhere]


def test_a_password_is_not_printed(course: Path) -> None:
    url = "postgresql+psycopg://me:secret@host/course"
    app = understood(["one", f"--db={url}"])
    for line in (app._retry("ada"), shell.generate("one", shell.place_of(app.coursedir))):
        assert "--db=postgresql+psycopg://me:***@host/course" in line
        assert "secret" not in line


def test_a_gradebook_that_was_named(course: Path) -> None:
    app = ScoresApp()
    app.initialize(["one", "--db=sqlite:////tmp/a b.db"])
    assert shell.place_of(app.coursedir) == ["--db=sqlite:////tmp/a b.db"]


@pytest.mark.parametrize("folder", ["/usr/bin", "/a b/bin", '/a"b', "/a$HOME", "/a`id`", "/a\\b"])
def test_a_folder_in_front_of_path(folder: str) -> None:
    line = f'{shell.exported(Path(folder))}; printf %s "$PATH"'
    done = subprocess.run(
        ["/bin/sh", "-c", line], env={"PATH": "/x"}, capture_output=True, check=True
    )
    assert done.stdout.decode() == f"{folder}:/x"


@pytest.mark.slow
def test_the_printed_command_grades_the_student(tmp_path: Path) -> None:
    course = PlainCourse.create(tmp_path / "a course")
    student = "O'Neill [1]"
    course.hand_in(student, when="the day before")
    course.hand_in("ada", when="the day before")
    root = f"--course-dir={course.root}"
    printed = course.autograder("grade", "--student", "O*", f"--assignment={PLAIN}", root, status=1)
    (line,) = re.findall("Try again: (.*)", printed)
    (course.root / "submitted" / student / PLAIN / "timestamp.txt").unlink()
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", "-c", line], cwd=tmp_path, env={**os.environ, "PATH": path}, text=True,
        capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{student}: 9 of 10 (" in done.stdout
    assert course.done() == {student}
