"""A throw-away course for the real nbgrader programs, and submissions to it."""

from __future__ import annotations

import copy
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import nbformat
from nbformat import NotebookNode
from nbgrader.api import Gradebook

from autograder.judge.cells import report_in
from autograder.record.report import Report
from tests.support.lesson import ASSIGNMENT, EXERCISES, ROOT, cell_named, grade_id, is_essential
from tests.support.once import once
from tests.support.quick import MODULES

NOTEBOOK = f"{ASSIGNMENT}.ipynb"
FULL = {f"test_{name}": cell_named(f"test_{name}").metadata.nbgrader.points for name in EXERCISES}
"""What each test cell is worth."""
COMPILATION_CACHE = {
    "JAX_COMPILATION_CACHE_DIR": str(Path(tempfile.gettempdir()) / f"nbgrader-jax-{os.getuid()}"),
    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
}
"""Kernels share what jax has compiled, here where nobody is hostile: it halves the time."""


class Running(subprocess.Popen[str]):
    """A program under way. It does not outlive a test that fails."""

    def __exit__(self, kind: type[BaseException] | None, *error: Any) -> None:
        if kind is not None:
            self.kill()
        super().__exit__(kind, *error)


@dataclass(frozen=True)
class Course:
    """An nbgrader course directory."""

    root: Path
    environment: ClassVar[dict[str, str]] = {**COMPILATION_CACHE, "PYTHONPATH": MODULES}

    @classmethod
    def create(cls, root: Path) -> Course:
        """A copy of the repository's course with the assignment generated."""
        once("lesson", _make_lesson_course, root)
        return cls(root)

    def start(self, program: str, *args: str) -> Running:
        """Start a program of the environment here, with no virtual environment activated."""
        path = Path(sys.executable).parent / program
        folders = os.environ["PATH"].split(os.pathsep)
        others = os.pathsep.join(f for f in folders if not Path(f, "alembic").exists())
        return Running(
            [path, *args],
            cwd=self.root,
            env={**os.environ, "PYTHONPATH": str(ROOT), **self.environment, "PATH": others},
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def run(self, program: str, *args: str, status: int = 0) -> str:
        """Run a program to its end and return what it printed; it must end with this status."""
        with self.start(program, *args) as running:
            printed, _ = running.communicate(timeout=900)
        assert running.returncode == status, f"{program} {' '.join(args)}:\n{printed[-5000:]}"
        return printed

    def nbgrader(self, *args: str) -> str:
        return self.run("nbgrader", *args)

    def autograder(self, *args: str, status: int = 0) -> str:
        return self.run("autograder", *args, status=status)

    def submitted(self, student: str) -> Path:
        return self.root / "submitted" / student / ASSIGNMENT / NOTEBOOK

    def feedback_page(self, student: str) -> Path:
        return self.root / "feedback" / student / ASSIGNMENT / f"{ASSIGNMENT}.html"

    def submit(self, student: str, notebook: NotebookNode | str, name: str = NOTEBOOK) -> Path:
        """Hand in a notebook, or any text in place of one, with the released files beside it."""
        folder = self.root / "submitted" / student / ASSIGNMENT
        shutil.copytree(self.root / "release" / ASSIGNMENT, folder)
        (folder / NOTEBOOK).unlink()
        path = folder / name
        if isinstance(notebook, str):
            path.write_text(notebook, encoding="utf-8")
        else:
            nbformat.write(notebook, path)
        return path

    def released(self) -> NotebookNode:
        return nbformat.read(self.root / "release" / ASSIGNMENT / NOTEBOOK, as_version=4)

    def filled_in(self, *, whole: bool = False, **answers: str) -> NotebookNode:
        """The release with the instructor's answers in it, some of them replaced.

        Cells that only show something are left out unless the `whole` lesson is wanted.
        """
        notebook = self.released()
        if not whole:
            notebook.cells = [cell for cell in notebook.cells if is_essential(cell)]
        for cell in notebook.cells:
            if grade_id(cell) in EXERCISES:
                cell.source = answers.get(grade_id(cell), cell_named(grade_id(cell)).source)
        return notebook

    def autograded(self, student: str) -> NotebookNode:
        path = self.root / "autograded" / student / ASSIGNMENT / NOTEBOOK
        return nbformat.read(path, as_version=4)

    def autograded_cell(self, student: str, name: str) -> NotebookNode:
        return next(cell for cell in self.autograded(student).cells if grade_id(cell) == name)

    def reports(self, student: str) -> dict[str, Report]:
        """The judge's records of a student, by grade_id of the test cell."""
        found = {
            grade_id(cell): report_in(cell)
            for cell in self.autograded(student).cells
            if grade_id(cell).startswith("test_")
        }
        return {name: report for name, report in found.items() if report is not None}

    def scores(self, student: str) -> dict[str, float | None]:
        """The gradebook's automatic scores of a student, by grade_id."""
        with Gradebook(f"sqlite:///{self.root / 'gradebook.db'}") as gradebook:
            submission = gradebook.find_submission(ASSIGNMENT, student)
            return {g.name: g.auto_score for n in submission.notebooks for g in n.grades}

    def automatic(self, student: str) -> dict[str, float | None]:
        """The scores of the test cells alone."""
        return {name: s for name, s in self.scores(student).items() if name in FULL}

    def expect(self, student: str, **lost: float) -> None:
        """Assert that a student has full automatic marks but in the named tests."""
        assert self.automatic(student) == {**FULL, **lost}

    def needs_review(self, student: str) -> set[str]:
        """Which of a student's cells wait for a person."""
        with Gradebook(f"sqlite:///{self.root / 'gradebook.db'}") as gradebook:
            submission = gradebook.find_submission(ASSIGNMENT, student)
            return {g.name for n in submission.notebooks for g in n.grades if g.needs_manual_grade}


def _make_lesson_course(root: Path) -> None:
    root.mkdir(parents=True, exist_ok=True)
    shutil.copytree(ROOT / "source" / ASSIGNMENT, root / "source" / ASSIGNMENT)
    shutil.copy(ROOT / "nbgrader_config.py", root)
    Course(root).nbgrader("generate_assignment", ASSIGNMENT)


def read_notebook_of(maker: Callable[[Course], object]) -> str:
    """What kind of submission it is, in the words of its maker's docstring."""
    return (maker.__doc__ or maker.__name__.replace("_", " ")).strip().splitlines()[0]


def changed(notebook: NotebookNode, change: Callable[[NotebookNode], None]) -> NotebookNode:
    """A copy of a notebook with a change made to each of its cells."""
    notebook = copy.deepcopy(notebook)
    for cell in notebook.cells:
        change(cell)
    return notebook


def without(notebook: NotebookNode, names: Iterable[str]) -> NotebookNode:
    """A copy of a notebook without the cells of these grade_ids."""
    notebook = copy.deepcopy(notebook)
    gone = set(names)
    notebook.cells = [cell for cell in notebook.cells if grade_id(cell) not in gone]
    return notebook
