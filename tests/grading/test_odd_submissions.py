"""Whatever lies in submitted/ is graded, or listed with the reason. Nothing is left out."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.grading.timestamps import TIMESTAMP, time_in, time_of
from tests.support.plain import PLAIN, PlainCourse

WHEN = "2030-01-01 12:00:00.000000 UTC"
GRADED = (
    "a [1]",
    "*",
    "-force",
    "--help",
    "dot.ted",
    'O\'Neill, "Ann"',
    "$HOME `id`",
    " spaces ",
    "a+b",
    "ünïcødé 🎓",
    "\x1b[31mred",
    "a link",
    "link without a time",
    "time is a folder",
    "time in UTF-16",
    "time with a mark",
    "empty time",
    "with a pipe",
    "undecodable file",
    "undecodable notebook",
)
REASONS = {
    "empty": "There is no notebook in {folder}.",
    "only other files": "There is no notebook in {folder}.",
    "a file": "{folder} is a file, and should be a folder with the notebooks in it.",
    "dangling": "{folder} is a link that leads nowhere.",
    "new\nline": "The name of the student's folder has characters that a gradebook does not take.",
    "\udcff": "The name of the student's folder has characters that a gradebook does not take.",
    "no time": "timestamp.txt does not hold a time that can be read: 'the day before'",
    "undecodable time": "timestamp.txt does not hold a time that can be read: '��\\x00�'",
    "the year 0": "timestamp.txt does not hold a time that can be read: '0000-01-01'",
}


def hand_in_everything(course: PlainCourse) -> None:
    shutil.rmtree(course.root / "submitted")
    for student in (*GRADED, *REASONS):
        course.hand_in(student, when="")
    submitted = course.root / "submitted"
    times = {
        "time in UTF-16": WHEN.encode("utf-16"),
        "time with a mark": WHEN.encode("utf-8-sig"),
        "empty time": b"",
        "no time": b"the day before",
        "undecodable time": b"\xfe\xfd\x00\xff",
        "the year 0": b"0000-01-01",
    }
    for student, content in times.items():
        (submitted / student / PLAIN / TIMESTAMP).write_bytes(content)
    (submitted / "time is a folder" / PLAIN / TIMESTAMP).mkdir()
    (submitted / "time is a folder" / PLAIN / TIMESTAMP / "file").touch()
    (submitted / "link without a time" / PLAIN / TIMESTAMP).symlink_to("/etc/hostname")
    for student in ("empty", "only other files", "a file", "dangling", "a link"):
        shutil.move(submitted / student / PLAIN, course.root / student)
    (submitted / "empty" / PLAIN).mkdir()
    (submitted / "only other files" / PLAIN).mkdir()
    (submitted / "only other files" / PLAIN / "first.py").touch()
    (submitted / "a file" / PLAIN).touch()
    (submitted / "dangling" / PLAIN).symlink_to("nowhere")
    (submitted / "a link" / PLAIN).symlink_to(course.root / "a link")
    os.mkfifo(submitted / "with a pipe" / PLAIN / "data.fifo")
    (submitted / "undecodable file" / PLAIN / "\udcff.csv").touch()
    (submitted / "undecodable notebook" / PLAIN / "\udcff.ipynb").touch()
    # None of these is a submission of this assignment.
    (submitted / "notes.txt").touch()
    (submitted / ".git" / PLAIN).mkdir(parents=True)
    (submitted / "another assignment" / "other").mkdir(parents=True)


@pytest.mark.slow
def test_everything_has_its_due(tmp_path: Path) -> None:
    course = PlainCourse.create(tmp_path / "course [1]")
    course.hand_in("ada")
    hand_in_everything(course)
    *lines, last = map(json.loads, course.grade("--json", status=1))
    scores = {line["student"]: line["score"] for line in lines if line["event"] == "graded"}
    assert scores == dict.fromkeys(GRADED, 9)
    reasons = {line["student"]: line["reason"] for line in lines if line["event"] == "failed"}
    folder = course.root / "submitted" / "{student}" / PLAIN
    assert reasons == {
        student: reason.replace("{folder}", str(folder).format(student=student))
        for student, reason in REASONS.items()
    }
    assert (last["graded"], last["failed"]) == (len(GRADED), len(REASONS))
    # Nothing is graded twice, and what could not be graded is said again.
    *lines, last = map(json.loads, course.grade("--json", status=1))
    assert (last["graded"], last["skipped"]) == (0, len(GRADED))
    assert {line["student"] for line in lines} == set(REASONS)


@pytest.mark.slow
def test_what_is_said_of_them(tmp_path: Path) -> None:
    """And the command for one of them, pasted into a shell, grades it when it is mended."""
    course = PlainCourse.create(tmp_path / "course")
    student = '[!a]\'s "$HOME" *'
    for name in (student, "ada", "bob"):
        course.hand_in(name, when="the day before" if name == student else "")
    shutil.rmtree(course.root / "submitted" / "bob" / PLAIN)
    (course.root / "submitted" / "bob" / PLAIN).mkdir()
    printed = course.grade(status=1)
    assert any(line.startswith("1 graded, 0 already done, 2 failed in ") for line in printed)
    line = next(after for before, after in itertools.pairwise(printed)
                if before.startswith(f"Not graded: {student}."))  # fmt: skip
    (course.root / "submitted" / student / PLAIN / TIMESTAMP).write_text(WHEN)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", "-c", line.removeprefix("  Try again: ")], cwd=course.root, text=True,
        env={**os.environ, "PATH": path}, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert course.done() == {"ada", student}


@pytest.mark.parametrize(
    "text",
    ["soon", "0000-01-01", "9999-12-31 23:59:59 -2359", "9" * 400, "12:00:00 UTC UTC", "\x00"],
)
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(ValueError, match="does not hold a time that can be read: "):
        time_of(text)


def test_no_time_is_not_a_wrong_one(tmp_path: Path) -> None:
    assert time_in(tmp_path) is None
    (tmp_path / TIMESTAMP).write_text(" \n")
    assert time_in(tmp_path) is None
