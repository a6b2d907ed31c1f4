"""The ways to grade a course: nbgrader as it comes, and with the kit by either program."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from nbgrader.api import Gradebook

from tests.support.course import Course
from tests.support.lesson import ROOT

PROGRAMS = f"""
import os
os.environ["PATH"] = {str(Path(sys.executable).parent)!r} + os.pathsep + os.environ["PATH"]
"""
"""All the configuration that nbgrader needs as it comes: where to find `alembic`."""
WAYS = {
    "stock": ("nbgrader", "autograde"),
    "autograde": ("nbgrader", "autograde"),
    "grade": ("autograder", "grade"),
}
Scores = dict[str, dict[str, list[float | bool | None]]]
"""By student and cell: the automatic score, and whether a person has to look."""


def configure(root: Path, way: str) -> None:
    if way == "stock":
        (root / "nbgrader_config.py").write_text(PROGRAMS)
    else:
        shutil.copy(ROOT / "nbgrader_config.py", root)


def graded(course: Course, assignment: str, way: str) -> Scores:
    """Grade all submissions of a course in a way."""
    program, command = WAYS[way]
    course.run(program, command, assignment)
    with Gradebook(f"sqlite:///{course.root / 'gradebook.db'}") as gradebook:
        return {
            submission.student_id: {
                f"{notebook.name}/{grade.name}": [grade.auto_score, grade.needs_manual_grade]
                for notebook in submission.notebooks
                for grade in notebook.grades
            }
            for submission in gradebook.assignment_submissions(assignment)
        }
