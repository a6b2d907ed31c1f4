"""What is written, and what happens when it cannot be."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from nbgrader.converters import Autograde
from nbgrader.coursedir import CourseDirectory

from autograder.grading.writer import Writer
from tests.support.plain import PLAIN, PlainCourse
from tests.support.postgres import Server, server
from tests.support.running import PATIENCE, QUICK_ONES, finish, hand_in_class

pytestmark = pytest.mark.slow


def test_only_one_run_at_a_time(course: PlainCourse) -> None:
    directory = CourseDirectory(root=str(course.root), db_url=course.url, assignment_id=PLAIN)
    writer = Writer(directory, Autograde(coursedir=directory))
    with contextlib.closing(writer), writer.locked():
        (said,) = course.grade(status=1)
    assert "Another `autograder grade` is at work in this course." in said


def test_an_unknown_assignment(course: PlainCourse) -> None:
    shutil.copytree(course.root / "submitted/ada" / PLAIN, course.root / "submitted/ada/other")
    printed = course.autograder("grade", "other", status=1)
    assert "The gradebook has no assignment named 'other'. Make it first" in printed


@pytest.mark.skipif(os.getuid() != 0, reason="only root can mount a small disk")
def test_full_disk(course: PlainCourse, undisturbed: PlainCourse) -> None:
    course.hand_in("zoe")
    tree = course.root / "autograded"
    tree.mkdir()
    for student in (*QUICK_ONES, "zoe"):
        (course.root / "submitted" / student / PLAIN / "notes.txt").write_bytes(bytes(150_000))
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", tree], check=True)
    try:
        printed = "\n".join(course.grade("--workers=1", status=1))
        assert "cannot be written: No space left on device. Stopped." in printed
        done = course.done()
        assert 0 < len(done) < 4
        assert not list(tree.glob("*/.*"))
        subprocess.run(["mount", "-o", "remount,size=9m", tree], check=True)
        finish(course, undisturbed, already=len(done))
    finally:
        subprocess.run(["umount", tree], check=True)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with the assignment in its database `postgres`, from which others are copied."""
    with server() as running:
        course = on(running.url("postgres"), tmp_path_factory.mktemp("server") / "course")
        course.nbgrader("generate_assignment", PLAIN, "--force")
        yield running


def on(url: str, root: Path) -> PlainCourse:
    """A course whose gradebook is there."""
    course = PlainCourse.create(root)
    (root / "gradebook.db").unlink()
    course.configure(f"c.CourseDirectory.db_url = {url!r}")
    return course


@pytest.fixture
def on_server(database: Server, tmp_path: Path) -> PlainCourse:
    """The class of the other tests, with its gradebook in a fresh database."""
    database.say("drop database if exists course", "create database course template postgres")
    course = on(database.url("course"), tmp_path / "course")
    hand_in_class(course)
    course.hand_in("zoe")
    return course


class TestPostgreSQL:
    def test_the_same_gradebook(self, on_server: PlainCourse, undisturbed: PlainCourse) -> None:
        finish(on_server, undisturbed, 0, "--workers=2")

    def test_a_lost_connection(
        self, on_server: PlainCourse, undisturbed: PlainCourse, database: Server
    ) -> None:
        """A short loss is waited for; a long one stops the run, and the next goes on."""
        with on_server.start("autograder", "grade", PLAIN, "--workers=1") as running:
            assert running.stdout is not None
            assert running.stdout.readline().startswith("[1/4] ada: 9 of 10")
            database.stop()
            database.start()
            assert running.stdout.readline().startswith("[2/4] bob: 9 of 10")
            database.stop()
            printed, _ = running.communicate(timeout=PATIENCE)
        database.start()
        assert running.returncode == 1
        assert "The gradebook does not answer: " in printed
        assert "What is graded is kept: mend it, then run this again." in printed
        assert on_server.done() == {"ada", "bob"}
        finish(on_server, undisturbed, 2)
