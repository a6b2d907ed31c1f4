"""A small class whose results are known: a real gradebook and real records, without a kernel."""

from __future__ import annotations

import datetime
import os
import shutil
import sys
from pathlib import Path
from unittest import mock

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from nbgrader.api import Gradebook

from autograder.judge.cells import STOP, show
from autograder.record.outcome import Outcome
from autograder.record.report import CheckResult, Report
from tests.support.course import Course
from tests.support.lesson import ROOT

PASSED, FAILED, NOT_ATTEMPTED, ERROR = Outcome
ASSIGNMENT = "slopes"
DUE = datetime.datetime(2030, 1, 10, 12, 0)
MEAN = "It looks as if the loss is averaged instead of summed."
KIT = "from autograder import Exercise, student"


def report(
    *outcomes: Outcome, mistake: str = "", note: str = "", said: str = "", stop: str = ""
) -> Report:
    """The record of the exercise `loss`: two checks worth 1 and 3, in a cell worth 8 points."""
    first, second = outcomes
    hints = ("Think.", "Think again.")
    checks = (
        CheckResult("is a number", first, 1.0, "" if first is PASSED else said or "It is not."),
        CheckResult("is right", second, 3.0, said or mistake, hints, mistake, note, stop=stop),
    )
    return Report("loss", checks, 8.0, seed=4711)


RECORDS = {
    "amber": report(PASSED, PASSED),
    "blue": report(NOT_ATTEMPTED, NOT_ATTEMPTED, said="`loss` is not written yet."),
    "coral": report(PASSED, FAILED, mistake=MEAN),
    "indigo": report(PASSED, FAILED, mistake=MEAN),
    "jade": report(
        FAILED, FAILED, said="`loss` ended the kernel: it exited or crashed.", stop="ended"
    ),
    "olive": report(PASSED, ERROR, note="Traceback: the author's secret"),
}
NOTHING = "grey"
NAMES = {
    "amber": ("Ann", "Ümlaut, von", "amber@example.org", "101"),
    "coral": ("Cora", "Reef", "coral@example.org", "103"),
}


def make(root: Path) -> Course:
    """The class in a course directory of its own."""
    root.mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / "nbgrader_config.py", root)
    course = Course(root)
    # nbgrader makes a database with the program alembic, which it looks for on PATH.
    programs = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    with (
        mock.patch.dict(os.environ, PATH=programs),
        Gradebook(f"sqlite:///{root / 'gradebook.db'}", "jax_exercises") as gradebook,
    ):
        gradebook.add_assignment(ASSIGNMENT, duedate=DUE)
        gradebook.add_notebook(ASSIGNMENT, ASSIGNMENT)
        cells = {"test_loss": (8, "code"), "essay": (2, "markdown")}
        for name, (points, kind) in cells.items():
            gradebook.add_grade_cell(name, ASSIGNMENT, ASSIGNMENT, max_score=points, cell_type=kind)
        gradebook.add_solution_cell("essay", ASSIGNMENT, ASSIGNMENT)
        for student in sorted([*RECORDS, NOTHING], reverse=True):
            first, last, email, number = NAMES.get(student, (None, None, None, None))
            gradebook.add_student(
                student, first_name=first, last_name=last, email=email, lms_user_id=number
            )
        for student, record in RECORDS.items():
            hand_in(gradebook, course, student, record)
    return course


def hand_in(gradebook: Gradebook, course: Course, student: str, record: Report) -> None:
    """Enter a submission; the hours that it is late are those that its name is long beyond 5."""
    when = DUE + datetime.timedelta(hours=max(0, len(student) - 5))
    submission = gradebook.add_submission(ASSIGNMENT, student, timestamp=when)
    for grade in submission.notebooks[0].grades:
        grade.auto_score = record.score if grade.name == "test_loss" else None
        grade.needs_manual_grade = grade.name == "essay" or record.needs_review
    gradebook.db.commit()
    folder = course.root / "autograded" / student / ASSIGNMENT
    folder.mkdir(parents=True)
    nbformat.write(graded(student, record), folder / f"{ASSIGNMENT}.ipynb")


def graded(student: str, record: Report) -> nbformat.NotebookNode:
    """A graded notebook with a record in it; indigo's last cell ran too long."""
    marks = {"schema_version": 3, "locked": False, "task": False}
    test = {"grade_id": "test_loss", "grade": True, "solution": False, "points": 8, **marks}
    essay = {"grade_id": "essay", "grade": True, "solution": True, "points": 2, **marks}
    cell = new_code_cell(KIT, metadata={"nbgrader": {**test, "locked": True, "cell_type": "code"}})
    show(cell, record)
    last = new_code_cell("while True: pass  # Ann's idea")
    if student == "indigo":
        last.outputs = [new_output("error", ename="CellTimeoutError", evalue="too long")]
        last.metadata[STOP] = "timeout"
    written = new_markdown_cell("My essay.", metadata={"nbgrader": essay})
    return new_notebook(cells=[cell, written, last])
