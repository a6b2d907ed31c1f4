"""What is logged, by the kit's commands and by nbgrader's programs: for a terminal to show."""

from __future__ import annotations

import logging
import shutil
import sys
from pathlib import Path

import pytest

from autograder.apps.logs import Formatter
from tests.support.plain import PLAIN, PlainCourse

EVIL = "\x1b[2J\x9b1A\u202eevil"
SHOWN = r"\x1b[2J\x9b1A\u202eevil"


def logged(message: str, *args: object, exc_info: bool = False) -> str:
    record = logging.makeLogRecord(
        {"msg": message, "args": args, "levelname": "INFO", "levelno": logging.INFO,
         "exc_info": sys.exc_info() if exc_info else None}
    )  # fmt: skip
    return Formatter(fmt="[%(levelname)s] %(message)s").format(record)


def test_a_message_and_its_arguments() -> None:
    assert logged(f"{EVIL} of %s", EVIL) == f"[INFO] {SHOWN} of {SHOWN}"


def test_no_message_looks_like_two() -> None:
    assert logged("%s is graded", "ann\n[INFO] bob") == "[INFO] ann\n    [INFO] bob is graded"


def test_a_traceback() -> None:
    try:
        raise ValueError(EVIL)
    except ValueError:
        said = logged("It failed", exc_info=True)
    assert said.startswith("[INFO] It failed\n    Traceback")
    assert said.endswith(f"ValueError: {SHOWN}")


def test_what_others_make_of_the_record_is_left_alone() -> None:
    record = logging.makeLogRecord({"msg": "%s", "args": (EVIL,)})
    Formatter().format(record)
    assert (record.msg, record.args) == ("%s", (EVIL,))


@pytest.mark.slow
def test_names_in_all_that_programs_say(tmp_path: Path) -> None:
    course = PlainCourse.create(tmp_path / "course")
    course.hand_in(EVIL)
    course.hand_in(f"{EVIL} not graded", when=EVIL)
    folder = course.root / "submitted" / EVIL / PLAIN
    shutil.copy(folder / "first.ipynb", folder / f"{EVIL}.ipynb")
    said = [
        course.autograder("grade", PLAIN, "--debug", status=1),
        course.autograder("scores", PLAIN),
        course.autograder("report", PLAIN),
        course.run("nbgrader", "autograde", PLAIN, "--force", status=1),
        course.nbgrader("generate_feedback", PLAIN),
    ]
    for text in said:
        assert not set(EVIL[0] + EVIL[4] + EVIL[7]) & set(text)
    for text in (*said[:2], *said[3:]):
        assert SHOWN in text
