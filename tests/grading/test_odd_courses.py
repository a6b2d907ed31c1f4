"""Courses with folders of their own names, and files that are no notebooks: every program."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.support.plain import PLAIN, PlainCourse, gradebook

APPLE = b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X        \xff\xfe"
NO_SANDBOX = ("--Sandbox.isolation=none", "--Sandbox.require_isolation=False")
STEPS = {
    "source": "lessons",
    "release": "handed_out",
    "submitted": "handed_in",
    "autograded": "marked",
    "feedback": "pages",
}
SETTINGS = (
    'c.CourseDirectory.directory_structure = "{assignment_id}/{nbgrader_step}/{student_id}"\n'
)
SETTINGS += "".join(f'c.CourseDirectory.{old}_directory = "{new}"\n' for old, new in STEPS.items())


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> PlainCourse:
    """Ada renamed a notebook; bob has strange files beside his, and so has the instructor."""
    course = PlainCourse.create(tmp_path_factory.mktemp("odd") / "course")
    course.hand_in("ada")
    course.hand_in("bob", "a = 3")
    for old, new in STEPS.items():
        for folder in sorted(course.root.glob(f"{old}/**/{PLAIN}")):
            student = "" if old in ("source", "release") else folder.parent.name
            shutil.copytree(folder, course.root / PLAIN / new / student, dirs_exist_ok=True)
        shutil.rmtree(course.root / old, ignore_errors=True)
    with (course.root / "nbgrader_config.py").open("a") as config:
        config.write(SETTINGS)
    ada, bob = (course.root / PLAIN / "handed_in" / student for student in ("ada", "bob"))
    (ada / "first.ipynb").rename(ada / "first (1).ipynb")
    (ada / "._first (1).ipynb").write_bytes(APPLE)
    litter(bob)
    litter(course.root / PLAIN / "lessons")
    (bob / "notes.ipynb").write_text("{broken")
    (bob / "data.ipynb").write_text('{"cells": 3}')
    return course


def litter(folder: Path) -> None:
    """What macOS and Jupyter leave beside notebooks."""
    (folder / "._first.ipynb").write_bytes(APPLE)
    (folder / ".ipynb_checkpoints").mkdir()
    (folder / ".ipynb_checkpoints" / "first-checkpoint.ipynb").write_bytes(APPLE)


@pytest.mark.slow
def test_both_ways_of_grading_understand_the_course(course: PlainCourse, tmp_path: Path) -> None:
    shutil.copytree(course.root, tmp_path / "theirs")
    theirs = PlainCourse(tmp_path / "theirs")
    assert course.grade()[-3].startswith("2 graded, 0 already done, 0 failed")
    theirs.nbgrader("autograde", PLAIN)
    assert gradebook(course.url) == gradebook(theirs.url)
    assert (course.root / PLAIN / "marked" / "ada" / "first.ipynb").exists()
    lines = course.autograder("scores", PLAIN).splitlines()
    assert [line.split() for line in lines[3:5]] == [
        ["ada", "3", "1.5", "3", "1.5", "9"],
        ["bob", "0", "0", "3", "1.5", "4.5"],
    ]
    assert "WARNING" not in course.nbgrader("generate_feedback", PLAIN)
    assert (course.root / PLAIN / "pages" / "bob" / "second.html").exists()


@pytest.mark.slow
def test_what_looks_before_understands_it_and_changes_nothing(
    course: PlainCourse, tmp_path: Path
) -> None:
    shutil.copytree(course.root, tmp_path / "new")
    new = PlainCourse(tmp_path / "new")
    (new.root / "gradebook.db").unlink()
    before = contents(new.root)
    assert "assignments: plain" in " ".join(new.autograder("doctor", *NO_SANDBOX).split())
    printed = new.autograder("verify", PLAIN, "--VerifyApp.progress=False", status=1)
    findings = [line for line in printed.splitlines() if line.startswith("- ")]
    awards = "- test_b: your own answers do not get every point: it awards 1.5 of 2."
    assert findings == [awards, awards]  # one for each notebook
    assert contents(new.root) == before


def contents(root: Path) -> dict[Path, bytes]:
    files = (path for path in root.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path: path.read_bytes() for path in files}
