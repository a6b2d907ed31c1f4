"""`autograder grade` stopped from outside, and run again."""

from __future__ import annotations

import contextlib
import os
import signal
from dataclasses import dataclass

import psutil
import pytest

from autograder.apps.grade import uninterrupted
from tests.support.plain import PLAIN, PlainCourse
from tests.support.running import PATIENCE, QUICK_ONES, everyone, finish, hand_in_class, under_way


@dataclass(frozen=True)
class Stopped:
    """A run that was stopped, and which of its processes outlived that."""

    course: PlainCourse
    printed: str
    status: int
    alive: list[psutil.Process]


def test_an_interrupt_waits_for_what_has_been_begun() -> None:
    before = signal.getsignal(signal.SIGTERM)
    done = []

    @uninterrupted()
    def write() -> None:
        signal.raise_signal(signal.SIGTERM)
        done.append("written")

    with pytest.raises(KeyboardInterrupt):
        write()
    assert done == ["written"]
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.slow
def test_kill_9_of_the_command(course: PlainCourse, undisturbed: PlainCourse) -> None:
    with under_way(course, results=3) as command:
        family = everyone(command)
        command.kill()
        # Workers and kernels notice by themselves.
        _, alive = psutil.wait_procs(family, timeout=PATIENCE)
        assert not alive
    assert course.done() == set(QUICK_ONES)
    finish(course, undisturbed, already=3)


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory: pytest.TempPathFactory) -> Stopped:
    """A run that is stopped with Ctrl-C when two results are there."""
    course = PlainCourse.create(tmp_path_factory.mktemp("ctrl-c") / "course")
    hand_in_class(course)
    with course.start("autograder", "grade", PLAIN, "--workers=2") as running:
        assert running.stdout is not None
        assert running.stdout.readline().startswith("[1/4]")
        assert running.stdout.readline().startswith("[2/4]")
        command = psutil.Process(running.pid)
        family = everyone(command)
        for process in family:  # a terminal sends it to all
            with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
                if os.getsid(process.pid) == os.getsid(command.pid):
                    process.send_signal(signal.SIGINT)
        printed, _ = running.communicate(timeout=PATIENCE)
    return Stopped(course, printed, running.returncode, psutil.wait_procs(family, PATIENCE)[1])


@pytest.mark.slow
class TestCtrlC:
    def test_ends_everything_and_the_next_run_goes_on(
        self, interrupted: Stopped, undisturbed: PlainCourse
    ) -> None:
        assert not interrupted.alive
        course = interrupted.course
        finish(course, undisturbed, already=len(course.done()))

    def test_says_how_to_go_on(self, interrupted: Stopped) -> None:
        assert interrupted.status == 130
        said = "Stopped. What is graded is kept: run this again to go on."
        assert said in interrupted.printed
        assert "already done" in interrupted.printed
