"""`autograder grade` against `nbgrader autograde`: the same grades, however they are come by."""

from __future__ import annotations

import datetime as dt
import json
import re
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from tests.support.cluster import scale
from tests.support.course import Course
from tests.support.lesson import ASSIGNMENT
from tests.support.plain import PLAIN, PlainCourse, gradebook
from tests.support.submissions import CLASS, STOPPING

LESSON = ("tests_deleted", "truncated", "exits_in_a_call")
"""A mistake and lost cells, a damaged file, a kernel that ends: one of each kind."""
CASES = [("plain", "workers"), ("lesson", "dask")]
"""Both ways beside nbgrader's own, and both classes: what a worker does with a submission is the
same however it came to the worker. That one worker gives the same as two is seen in test_writer,
where a run that the disk stopped is compared with one that nothing disturbed."""


def tree(root: Path) -> dict[str, Any]:
    """All that grading left in a directory, with what differs from run to run made equal."""
    return {
        str(path.relative_to(root)): (oct(path.stat().st_mode), content(path))
        for path in sorted(root.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def content(path: Path) -> object:
    if path.suffix != ".ipynb":
        return path.read_bytes()
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        cell["metadata"].pop("execution", None)  # the time of day
    # IPython names a cell's code after the process.
    return json.loads(re.sub(r"ipykernel_\d+", "ipykernel", json.dumps(notebook)))


@pytest.fixture(scope="module")
def graded(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str, str], Course]:
    """A class (`plain` or the lesson's), graded in a way when that is first asked for."""
    folder = tmp_path_factory.mktemp("ways")

    @cache
    def handed_in(kind: str) -> Course:
        return {"plain": plain_class, "lesson": lesson_class}[kind](folder / kind)

    @cache
    def graded(kind: str, way: str) -> Course:
        flags = [scale(request.getfixturevalue("cluster"), 1)] if way == "dask" else []
        return graded_in(way, handed_in(kind), folder / f"{kind}-{way}", *flags)

    return graded


def plain_class(root: Path) -> Course:
    """A late student, a wrong one, and one with an error, an unknown notebook and a lost one."""
    course = PlainCourse.create(root)
    course.due(dt.datetime(2030, 1, 1))
    course.hand_in("ada", when="2029-12-01 12:00:00 UTC")
    course.hand_in("bob", "a = 3", when="2030-01-02 12:00:00 UTC")
    course.hand_in("cyd", "raise ValueError")
    (course.root / "submitted/cyd" / PLAIN / "extra.ipynb").write_text("{}")
    (course.root / "submitted/cyd" / PLAIN / "second.ipynb").unlink()
    return course


def lesson_class(root: Path) -> Course:
    course = Course.create(root)
    for student in LESSON:
        course.submit(student, (CLASS | STOPPING)[student](course))
    return course


def graded_in(way: str, course: Course, folder: Path, *flags: str) -> Course:
    """A copy of a course, graded in one of the ways."""
    shutil.copytree(course.root, folder)
    copy = type(course)(folder)
    run(way, copy, *flags)
    if isinstance(copy, PlainCourse):
        by_hand(copy)
        copy.hand_in("bob", when="2030-01-03 12:00:00 UTC")
        run(way, copy, *flags)
        run(way, copy, *flags, "--force", "--student=[ac]*", "--notebook=first")
    return copy


def run(way: str, course: Course, *args: str) -> None:
    assignment = PLAIN if isinstance(course, PlainCourse) else ASSIGNMENT
    if way == "nbgrader":
        course.nbgrader("autograde", assignment, *args)
    else:
        course.autograder("grade", assignment, *args)


def by_hand(course: PlainCourse) -> None:
    """What a person enters in formgrader, for everyone who missed a point."""
    engine = create_engine(course.url)
    with engine.begin() as connection:
        for line in (
            "update grade set manual_score = 1.25, extra_credit = 0.5, needs_manual_grade = 0"
            " where auto_score = 0",
            "update comment set manual_comment = 'Almost.'",
        ):
            connection.execute(text(line))
    engine.dispose()


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "way"), CASES)
class TestEveryWayGivesTheSame:
    def test_gradebook_row_by_row(
        self, graded: Callable[[str, str], Course], kind: str, way: str
    ) -> None:
        expected = gradebook(f"sqlite:///{graded(kind, 'nbgrader').root}/gradebook.db")
        assert len(expected["grade"]) >= 12
        assert gradebook(f"sqlite:///{graded(kind, way).root}/gradebook.db") == expected

    def test_autograded_tree(
        self, graded: Callable[[str, str], Course], kind: str, way: str
    ) -> None:
        expected = tree(graded(kind, "nbgrader").root / "autograded")
        assert len(expected) >= 8
        assert tree(graded(kind, way).root / "autograded") == expected
