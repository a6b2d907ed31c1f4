"""`nbgrader autograde --notebook first` grades that one, and leaves the others as they are."""

from __future__ import annotations

from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from tests.support.plain import PLAIN, PlainCourse

pytestmark = pytest.mark.slow


def test_the_other_notebooks_are_left_alone(tmp_path: Path) -> None:
    course = PlainCourse.create(tmp_path / "course")
    course.hand_in("ada", answer="a = 3", second="a = 3")
    course.nbgrader("autograde", PLAIN)
    second = course.folder("ada") / "second.ipynb"
    before = second.read_bytes()
    course.hand_in("ada")
    course.nbgrader("autograde", PLAIN, "--notebook=first", "--force")
    assert second.read_bytes() == before
    with Gradebook(course.url) as gradebook:
        submission = gradebook.find_submission(PLAIN, "ada")
        assert {n.name: n.score for n in submission.notebooks} == {"first": 4.5, "second": 0}
