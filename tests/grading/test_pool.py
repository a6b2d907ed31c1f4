"""Worker processes, and the fork server from which all take their kernels."""

from __future__ import annotations

import contextlib

import psutil
import pytest

from tests.support.plain import PLAIN, PlainCourse
from tests.support.running import (
    PATIENCE,
    QUICK_ONES,
    finish,
    launchers,
    struck,
    under_way,
    until,
    workers,
)

pytestmark = pytest.mark.slow


def test_workers_share_a_fork_server_and_do_without_it_when_it_is_killed(
    course: PlainCourse,
) -> None:
    with under_way(course, results=3) as command:
        assert len(workers(command)) == 2
        (shared,) = launchers(command)
        shared.kill()
        until(lambda: bool(launchers(command)))  # the worker's own, for another attempt
        (own,) = launchers(command)
        own.kill()
        assert command.wait(PATIENCE) == 1
    assert course.done() == set(QUICK_ONES)


def test_kill_9_of_workers(course: PlainCourse, undisturbed: PlainCourse) -> None:
    """The submission is tried once more; then it is listed, and the others are unharmed."""
    with course.start("autograder", "grade", PLAIN, "--workers=2", "--json") as running:
        command = psutil.Process(running.pid)

        def strike() -> None:
            """Kill whoever grades."""
            with contextlib.suppress(psutil.NoSuchProcess):
                for worker in workers(command):
                    worker.kill()

        failed, summary = struck(running, strike)
    assert failed == {
        "event": "failed",
        "student": "zoe",
        "reason": "Its worker process was killed, 2 times.",
    }
    assert (summary["graded"], summary["failed"]) == (3, 1)
    finish(course, undisturbed, already=3)
