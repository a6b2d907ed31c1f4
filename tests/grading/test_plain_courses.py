"""Courses of plain asserts keep their scores, cell by cell, under the kit's configuration.

Each is graded by `nbgrader autograde` as it comes, by `nbgrader autograde` with the kit's
configuration, and by `autograder grade`.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import nbgrader
import pytest
from nbgrader.api import Gradebook

from tests.support.course import Course
from tests.support.lesson import ROOT

pytestmark = pytest.mark.slow

DOCUMENTATION = Path(nbgrader.__file__).parent / "docs" / "source" / "user_guide"
PS1 = "ps1"
PROGRAMS = f"""
import os
os.environ["PATH"] = {str(Path(sys.executable).parent)!r} + os.pathsep + os.environ["PATH"]
"""
"""All the configuration that nbgrader needs as it comes: where to find `alembic`."""
WAYS = {
    "stock": ("nbgrader", "autograde"),
    "autograde": ("nbgrader", "autograde"),
    "grade": ("autograder", "grade"),
}
Scores = dict[str, dict[str, tuple[float | None, bool]]]


def configure(root: Path, way: str) -> None:
    if way == "stock":
        (root / "nbgrader_config.py").write_text(PROGRAMS)
    else:
        shutil.copy(ROOT / "nbgrader_config.py", root)


def graded(course: Course, assignment: str, way: str) -> Scores:
    """Grade a course in a way: by student and cell, the score and whether a person has to look."""
    program, command = WAYS[way]
    course.run(program, command, assignment)
    with Gradebook(f"sqlite:///{course.root / 'gradebook.db'}") as gradebook:
        return {
            submission.student_id: {
                f"{notebook.name}/{grade.name}": (grade.auto_score, grade.needs_manual_grade)
                for notebook in submission.notebooks
                for grade in notebook.grades
            }
            for submission in gradebook.assignment_submissions(assignment)
        }


@pytest.fixture(scope="module")
def documentations(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Scores]:
    """The course that nbgrader's documentation is written about, graded in a way."""

    @cache
    def scores(way: str) -> Scores:
        root = tmp_path_factory.mktemp("documentation") / "course"
        root.mkdir()
        for folder in ("source", "submitted"):
            shutil.copytree(DOCUMENTATION / folder, root / folder)
        configure(root, way)
        course = Course(root)
        course.nbgrader("generate_assignment", PS1)
        return graded(course, PS1, way)

    return scores


@pytest.mark.parametrize("way", ["autograde", "grade"])
def test_the_course_of_nbgraders_documentation(
    way: str, documentations: Callable[[str], Scores]
) -> None:
    expected = documentations("stock")
    assert set(expected) == {"bitdiddle", "hacker"}
    assert sum(score or 0 for cells in expected.values() for score, _ in cells.values()) > 0
    assert documentations(way) == expected
