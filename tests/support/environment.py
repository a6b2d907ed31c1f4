"""A second Python for a class, with its kernelspec, and a course whose notebook names that."""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_notebook

from tests.support.course import Course
from tests.support.lesson import ROOT
from tests.support.plain_tests import labels

KERNEL = "class"
LESSON = "lesson"
PACKAGES = sysconfig.get_path("purelib")
"""Where the packages of these tests are, which the second Python borrows."""
MARKER = "only_for_the_class"
"""A module that the second Python has, and the grader's lacks."""
COMMAND = ("-m", "ipykernel_launcher", "-f", "{connection_file}")

ANSWER = f"""
import os
import {MARKER}

def scaled(x):
    return {MARKER}.FACTOR * int(os.environ["CLASS_TERM"]) * x
"""
JUDGED = """
from autograder import Exercise, student

exercise = Exercise("scaled")
exercise.returns("scales", student.scaled, 2.0, expected=12.0)
exercise.report()
"""
PLAIN = "assert scaled(1) == 6"


@dataclass(frozen=True)
class SecondPython:
    """A virtual environment that finds the packages of these tests, and one module of its own."""

    root: Path

    @classmethod
    def create(cls, root: Path, *, borrow: bool = True) -> SecondPython:
        subprocess.run(
            [sys.executable, "-m", "venv", "--without-pip", root], check=True, stdout=sys.stderr
        )
        made = cls(root)
        (made.packages / f"{MARKER}.py").write_text("FACTOR = 3\n")
        if borrow:
            (made.packages / "borrowed.pth").write_text(f"{PACKAGES}\n")
        return made

    @property
    def packages(self) -> Path:
        version = "python{}.{}".format(*sys.version_info)
        return self.root / "lib" / version / "site-packages"

    @property
    def executable(self) -> str:
        return str(self.root / "bin" / "python")


def install_kernel(folder: Path, argv: Sequence[str], **more: Any) -> Path:
    """Lay a kernelspec into a folder for JUPYTER_PATH."""
    place = folder / "kernels" / more.pop("name", KERNEL)
    place.mkdir(parents=True)
    spec = {"argv": [*argv], "display_name": "Class", "language": "python", **more}
    (place / "kernel.json").write_text(json.dumps(spec))
    return place


class LessonCourse(Course):
    """One notebook: an answer, a test of the kit's worth 3 points, and a plain one worth 2."""

    jupyter: Path

    @property
    def environment(self) -> Mapping[str, str]:  # type: ignore[override]
        return {**Course.environment, "JUPYTER_PATH": str(self.root / "jupyter")}

    @classmethod
    def create(
        cls, root: Path, *settings: str, kernelspec: Mapping[str, str] | None = None
    ) -> LessonCourse:
        """A course with these lines in its configuration, and a release of its lesson."""
        course = cls(root)
        folder = root / "source" / LESSON
        folder.mkdir(parents=True)
        config = (ROOT / "nbgrader_config.py").read_text()
        (root / "nbgrader_config.py").write_text("\n".join([config, *settings, ""]))
        solution = f"### BEGIN SOLUTION\n{ANSWER.strip()}\n### END SOLUTION"
        written = notebook(solution, kernelspec or {"name": KERNEL, "display_name": "Class"})
        nbformat.write(written, folder / f"{LESSON}.ipynb")
        course.nbgrader("generate_assignment", LESSON)
        return course

    def hand_in(
        self, student: str, answer: str = ANSWER, kernelspec: Mapping[str, str] | None = None
    ) -> None:
        folder = self.root / "submitted" / student / LESSON
        folder.mkdir(parents=True)
        nbformat.write(notebook(answer, kernelspec), folder / f"{LESSON}.ipynb")


def notebook(answer: str, kernelspec: Mapping[str, str] | None) -> Any:
    test = {"grade": True, "locked": True}
    return new_notebook(
        cells=[
            new_code_cell(answer, metadata=labels("scaled", solution=True)),
            new_code_cell(JUDGED, metadata=labels("test_judged", **test, points=3)),
            new_code_cell(PLAIN, metadata=labels("test_plain", **test, points=2)),
        ],
        metadata={"kernelspec": dict(kernelspec)} if kernelspec else {},
    )
