"""Submissions that are answered as they arrive."""

from __future__ import annotations

import logging
import os
import pwd
import shutil
import signal
from pathlib import Path

import pytest

from autograder.grading.exchange import SECRET
from autograder.grading.watch import Once, quiet
from tests.support.course import Running
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
        odd = odd_entries(exchange / "course" / "inbound")
        with course.start("autograder", "grade", PLAIN, "--watch", "--exchange") as running:
            said = [until_line(running, f"{ME}: 0 of 10 (")]
            until(lambda: len(list(exchange.glob("course/feedback/*[!p].html"))) == 2)
            inbound, away = exchange / "course" / "inbound", exchange / "away"
            inbound.rename(away)
            said.append(until_line(running, "Nothing can be collected for now: "))
            away.rename(inbound)
            arrive(course.root / "source" / PLAIN, exchange, "2030-01-02 12:00:00.000000 UTC")
            said.append(until_line(running, f"{ME}: 9 of 10 ("))
            running.send_signal(signal.SIGINT)
            printed, _ = running.communicate(timeout=PATIENCE)
        assert running.returncode == 0, printed
        assert "2 graded, 0 already done, 0 failed" in printed
        everything = "".join(said) + printed
        assert [everything.count(f"{name} is not collected: ") for name in odd] == [1] * len(odd)
        assert len(list(exchange.glob("course/feedback/*[!p].html"))) == 4

    def test_what_failed_and_comes_again_counts_once(self, course: PlainCourse) -> None:
        shutil.rmtree(course.root / "submitted")
        course.hand_in("ada")
        (course.root / "submitted" / "bob" / PLAIN).mkdir(parents=True)
        with course.start("autograder", "grade", PLAIN, "--watch") as running:
            said = until_line(running, "bob: not graded. There is no notebook in ")
            course.hand_in("bob")
            said += until_line(running, "bob: 9 of 10 (")
            running.send_signal(signal.SIGINT)
            printed, _ = running.communicate(timeout=PATIENCE)
        assert running.returncode == 0, printed
        assert "2 graded, 0 already done, 0 failed" in printed
        assert (said + printed).count("There is no notebook") == 1

    def test_what_cannot_be_answered_is_told_and_the_others_are(self, course: PlainCourse) -> None:
        """Feedback is named after a secret that students can write."""
        exchange = course.root.parent / "exchange"
        exchange.mkdir()
        exchange.chmod(0o777)
        course.configure(
            f"c.Exchange.root = {str(exchange)!r}",
            "c.CourseDirectory.course_id = 'course'",
            "c.Collect.check_owner = False",
        )
        shutil.rmtree(course.root / "submitted")
        secrets = {"ada": b"\xff", "bob": None, "cyd [1]": b"fine"}
        for student, secret in secrets.items():
            when = "2030-01-01 12:00:00.000000 UTC"
            folder = arrive(course.root / "release" / PLAIN, exchange, when, student)
            if secret is None:
                (folder / SECRET).unlink()
                (folder / SECRET).mkdir()
            else:
                (folder / SECRET).write_bytes(secret)
        with course.start("autograder", "grade", PLAIN, "--watch", "--exchange") as running:
            until(lambda: len(list(exchange.glob("course/feedback/*[!p].html"))) == 2)
            running.send_signal(signal.SIGINT)
            printed, _ = running.communicate(timeout=PATIENCE)
        assert "3 graded, 0 already done, 0 failed" in printed
        for student, why in (("ada", "UnicodeDecodeError: "), ("bob", "FileNotFoundError: ")):
            folder = course.root / "feedback" / student / PLAIN
            told = f"{student}: no feedback could be written. {folder} is not released: {why}"
            assert printed.count(told) == 1
        assert "Traceback" not in printed
        for page in exchange.glob("course/feedback/*.html"):
            page.unlink()
        course.run("nbgrader", "release_feedback", PLAIN, status=1)
        assert len(list(exchange.glob("course/feedback/*[!p].html"))) == 2

    def test_an_exchange_that_is_not_there(self, course: PlainCourse) -> None:
        with (course.root / "nbgrader_config.py").open("a") as config:
            config.write(f"\nc.Exchange.root = {str(course.root / 'nowhere')!r}\n")
        printed = course.grade("--watch", "--exchange", status=1)
        assert "The exchange cannot be used: " in "\n".join(printed)


def until_line(running: Running, text: str) -> str:
    """What a program says until it says a certain thing."""
    assert running.stdout is not None
    said = ""
    while text not in said:
        line = running.stdout.readline()
        assert line, said
        said += line
    return said


def odd_entries(inbound: Path) -> list[str]:
    """What else lies in the exchange; see test_odd_entries for more of it."""
    later = "2031-01-01 12:00:00.000000 UTC"
    (inbound / f"{ME}+{PLAIN}+{later}+link").symlink_to(inbound.parents[2])
    (inbound / f"{ME}+{PLAIN}+{later}+dangling").symlink_to("nowhere")
    (inbound / f"{ME}+{PLAIN}+{later}+file").touch()
    os.mkfifo(inbound / f"{ME}+{PLAIN}+{later}+pipe")
    (inbound / f"{ME}+{PLAIN}+soon+").mkdir()
    (inbound / f"+{PLAIN}+{later}+").mkdir()
    (inbound / f"bob+{PLAIN}+{later}+foreign").mkdir()
    (inbound / "tiny").mkdir()
    return sorted(path.name for path in inbound.iterdir() if "2030" not in path.name)


def arrive(folder: Path, exchange: Path, when: str, student: str = ME) -> Path:
    """Lay a folder into the exchange, as `nbgrader submit` does."""
    inbound = exchange / "course" / "inbound"
    inbound.mkdir(parents=True, exist_ok=True)
    whole = exchange / "whole"
    shutil.copytree(folder, whole)
    (whole / "timestamp.txt").write_text(when)
    (whole / SECRET).write_text(f"names feedback: {when}")
    return whole.rename(inbound / f"{student}+{PLAIN}+{when}")
