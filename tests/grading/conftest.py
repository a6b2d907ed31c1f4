"""The class of the tests that stop a run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from distributed import LocalCluster

from tests.support.cluster import local_cluster
from tests.support.once import once
from tests.support.plain import PlainCourse
from tests.support.running import hand_in_class


@pytest.fixture(scope="package")
def cluster() -> Iterator[LocalCluster]:
    """One for all, since a worker takes seconds to start: see tests/support/spread.py."""
    with local_cluster(workers=0) as cluster:
        yield cluster


@pytest.fixture
def course(tmp_path: Path) -> PlainCourse:
    """Three quick submissions, and zoe's, which does not end within a test."""
    course = PlainCourse.create(tmp_path / "course")
    hand_in_class(course)
    return course


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> PlainCourse:
    """What the gradebook is when nothing goes wrong and zoe's code ends."""
    root = tmp_path_factory.mktemp("undisturbed") / "course"
    once("undisturbed", grade_undisturbed, root)
    return PlainCourse(root)


def grade_undisturbed(root: Path) -> None:
    course = PlainCourse.create(root)
    hand_in_class(course)
    course.hand_in("zoe")
    assert course.grade("--workers=2")[-3].startswith("4 graded, 0 already done, 0 failed")
