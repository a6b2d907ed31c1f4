"""Submissions that are answered as they arrive."""

from __future__ import annotations

import logging
import os
import pwd
import shutil
import signal
from pathlib import Path

import pytest

from autograder.grading.watch import Once, quiet
from tests.support.plain import PLAIN, PlainCourse
from tests.support.running import PATIENCE, until

ME = pwd.getpwuid(os.getuid()).pw_name
"""What another user hands in under this name is not collected: see test_exchange."""


def test_an_error_that_comes_with_each_look_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    log = quiet("looks")
    log.addHandler(Once(logging.getLogger("told")))
    for _ in range(3):
        log.error("%s is not collected", "ann")
        log.warning("nothing new")
    assert caplog.messages == ["ann is not collected"]


@pytest.mark.slow
class TestWatch:
    def test_answers_what_arrives_in_the_exchange(self, course: PlainCourse) -> None:
        """And what the same student hands in later. See test_exchange for nbgrader's programs."""
        exchange = course.root.parent / "exchange"
        exchange.mkdir()
        exchange.chmod(0o777)
        shutil.rmtree(course.root / "submitted")
        course.configure(
            f"c.Exchange.root = {str(exchange)!r}", "c.CourseDirectory.course_id = 'course'"
        )
        arrive(course.root / "release" / PLAIN, exchange, "2030-01-01 12:00:00.000000 UTC")
        with course.start("autograder", "grade", PLAIN, "--watch", "--exchange") as running:
            assert running.stdout is not None
            assert f"{ME}: 0 of 10 (" in running.stdout.readline()
            until(lambda: len(list(exchange.glob("course/feedback/*[!p].html"))) == 2)
            arrive(course.root / "source" / PLAIN, exchange, "2030-01-02 12:00:00.000000 UTC")
            assert f"{ME}: 9 of 10 (" in running.stdout.readline()
            running.send_signal(signal.SIGINT)
            printed, _ = running.communicate(timeout=PATIENCE)
        assert running.returncode == 0, printed
        assert "2 graded, 0 already done, 0 failed" in printed
        assert len(list(exchange.glob("course/feedback/*[!p].html"))) == 4

    def test_an_exchange_that_is_not_there(self, course: PlainCourse) -> None:
        with (course.root / "nbgrader_config.py").open("a") as config:
            config.write(f"\nc.Exchange.root = {str(course.root / 'nowhere')!r}\n")
        printed = course.grade("--watch", "--exchange", status=1)
        assert "The exchange cannot be used: " in "\n".join(printed)


def arrive(folder: Path, exchange: Path, when: str) -> None:
    """Lay a folder into the exchange, as `nbgrader submit` does."""
    inbound = exchange / "course" / "inbound"
    inbound.mkdir(parents=True, exist_ok=True)
    whole = exchange / "whole"
    shutil.copytree(folder, whole)
    (whole / "timestamp.txt").write_text(when)
    (whole / "submission_secret.txt").write_text(f"names feedback: {when}")
    whole.rename(inbound / f"{ME}+{PLAIN}+{when}")
