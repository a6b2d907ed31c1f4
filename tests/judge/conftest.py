"""A class of honest, damaged and hostile submissions, graded by the real nbgrader program."""

from __future__ import annotations

import pytest

from tests.support.course import Course
from tests.support.lesson import ASSIGNMENT
from tests.support.submissions import CLASS

LINKS = {
    "data.txt": "../../../gradebook.db",
    "theirs.txt": "../../blank/logistic_regression/logistic_regression.ipynb",
    "mine.txt": "logistic_regression.ipynb",
}
"""What lies beside the notebook of `right`, and where it leads."""


@pytest.fixture(scope="package")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """The whole class, graded once: tests that use it stay together, see support/spread.py."""
    course = Course.create(tmp_path_factory.mktemp("course") / "with spaces")
    for student, make in CLASS.items():
        course.submit(student, make(course))
    course.submit("renamed_file", course.filled_in(), name="logistic_regression (1).ipynb")
    course.submit("no_notebook", "a text", name="notes.ipynb")
    (course.root / "submitted/no_notebook" / ASSIGNMENT / "more.ipynb").write_text("{}")
    for link, target in LINKS.items():
        (course.root / "submitted/right" / ASSIGNMENT / link).symlink_to(target)
    course.nbgrader("autograde", ASSIGNMENT)
    return course
