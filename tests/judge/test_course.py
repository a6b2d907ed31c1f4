"""Where things lie in a course, however nbgrader is configured."""

from __future__ import annotations

from pathlib import Path

import pytest
from nbgrader.coursedir import CourseDirectory

from autograder.judge.course import (
    assignments_in,
    autograded_folder,
    notebooks_in,
    source_folder,
    source_notebook,
)

STRUCTURES = [
    "{nbgrader_step}/{student_id}/{assignment_id}",
    "{nbgrader_step}/{assignment_id}/{student_id}",
    "{assignment_id}/{nbgrader_step}/{student_id}",
    "hw-{assignment_id}_x/{nbgrader_step}/{student_id}",
    "courses/{nbgrader_step}/{student_id}/{assignment_id}",
]


def course_in(root: Path, structure: str, source: str = "lessons") -> CourseDirectory:
    return CourseDirectory(
        root=str(root),
        directory_structure=structure,
        source_directory=source,
        autograded_directory="marked",
    )


def test_only_notebooks_are_notebooks(tmp_path: Path) -> None:
    for name in ("b.ipynb", "a (1).ipynb", "._b.ipynb", ".hidden.ipynb", "b.txt", "b.ipynb~"):
        (tmp_path / name).write_bytes(b"\x00\xff")
    (tmp_path / "folder.ipynb").mkdir()
    (tmp_path / ".ipynb_checkpoints").mkdir()
    (tmp_path / ".ipynb_checkpoints" / "b-checkpoint.ipynb").touch()
    assert [path.name for path in notebooks_in(tmp_path)] == ["a (1).ipynb", "b.ipynb"]
    assert notebooks_in(tmp_path / "nowhere") == []


@pytest.mark.parametrize("structure", STRUCTURES)
def test_folders_follow_the_structure(tmp_path: Path, structure: str) -> None:
    course = course_in(tmp_path, structure)
    source = structure.format(nbgrader_step="lessons", student_id=".", assignment_id="one")
    marked = structure.format(nbgrader_step="marked", student_id="ada", assignment_id="one")
    assert source_folder(course, "one") == tmp_path / source
    assert autograded_folder(course, "ada", "one") == tmp_path / marked
    identity = {"assignment": "one", "notebook": "first", "student": "ada"}
    assert source_notebook(course, identity) == tmp_path / source / "first.ipynb"


@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize("root", ["course", "a [b] * course"])
def test_assignments_are_found_in_every_structure(
    tmp_path: Path, structure: str, root: str
) -> None:
    course = course_in(tmp_path / root, structure)
    for name in ("two", "one [x]", "empty", "only_apples"):
        source_folder(course, name).mkdir(parents=True)
    for name in ("two", "one [x]"):
        (source_folder(course, name) / "first.ipynb").touch()
    (source_folder(course, "only_apples") / "._first.ipynb").touch()
    assert assignments_in(course) == ["one [x]", "two"]


def test_a_source_elsewhere(tmp_path: Path) -> None:
    lessons = tmp_path / "elsewhere" / "lessons"
    course = course_in(tmp_path / "course", STRUCTURES[0], str(lessons))
    (lessons / "one").mkdir(parents=True)
    (lessons / "one" / "first.ipynb").touch()
    assert source_folder(course, "one") == lessons / "one"
    assert assignments_in(course) == ["one"]


def test_a_course_without_anything_has_no_assignments(tmp_path: Path) -> None:
    assert assignments_in(course_in(tmp_path / "nowhere", STRUCTURES[2])) == []
