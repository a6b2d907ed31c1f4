"""The lessons as test material: their cells, and their test cells judged without a kernel."""

from __future__ import annotations

import os
import tempfile
from dataclasses import replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import jax
import matplotlib
import nbformat

from autograder.authoring.dry_run import DryRun, Judged, TestCell
from autograder.judge.solutions import Solutions, solution_cells
from autograder.record.report import Report
from autograder.remote.names import Cell, needed, read_cell
from autograder.sandbox.grader.cache import SETTINGS

ROOT = Path(__file__).resolve().parents[2]
matplotlib.use("agg")

# What jax compiles in the processes that run the tests is kept, from one run to the next: half the
# time of the lesson's variants. One folder for each process, for jax (0.10) writes its files in
# place, where another process might read half of one.
COMPILED = Path(tempfile.gettempdir()) / f"nbgrader-jax-{os.getuid()}-tests"
jax.config.update(
    "jax_compilation_cache_dir", str(COMPILED / os.environ.get("PYTEST_XDIST_WORKER", "alone"))
)
for setting, value in SETTINGS.items():
    jax.config.update(setting, value)

Answers = dict[str, str]
"""Sources of solution cells, by grade_id."""


def grade_id(cell: nbformat.NotebookNode) -> str:
    return str(cell.metadata.get("nbgrader", {}).get("grade_id", ""))


class Lesson:
    """One of the lessons in source/."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.source = ROOT / "source" / name / f"{name}.ipynb"
        self.released = ROOT / "release" / name / f"{name}.ipynb"
        self._judged: dict[tuple[str, tuple[Cell, ...], int], Judged] = {}
        self._submitted: dict[tuple[tuple[str, str], ...], dict[str, Any]] = {}

    @cached_property
    def cells(self) -> tuple[nbformat.NotebookNode, ...]:
        return tuple(nbformat.read(self.source, as_version=4).cells)

    def cell_named(self, name: str) -> nbformat.NotebookNode:
        return next(cell for cell in self.cells if grade_id(cell) == name)

    @cached_property
    def dry_run(self) -> DryRun:
        return DryRun(self.source)

    @cached_property
    def visible(self) -> DryRun:
        """The release: the test cells as students have them."""
        return DryRun(self.released)

    @cached_property
    def exercises(self) -> tuple[str, ...]:
        """Those that the kit's checks judge: each has an answer cell of its name."""
        return tuple(test.grade_id.removeprefix("test_") for test in self.dry_run.tests)

    def submission(self, answers: Answers) -> dict[str, Any]:
        """Run the lesson with some solution cells replaced; the names it leaves behind."""
        unknown = {name for name in answers if name not in map(grade_id, self.cells)}
        assert not unknown, f"not cells of the lesson: {unknown}"
        key = tuple(sorted(answers.items()))
        if key not in self._submitted:
            self._submitted[key] = self.dry_run.hand_in(self.dry_run.tests, sources=dict(key))
        return self._submitted[key]

    def judged(self, name: str, answers: Answers, seed: int) -> Judged:
        """What comes of an exercise, with these answers in the lesson.

        It is kept by all cells that this can depend on. So a wrong gradient costs one judgement,
        not five: the other exercises do without its cell, and what becomes of them is known from
        the first submission with the same cells.
        """
        key = (name, self.reached(name, answers), seed)
        if key not in self._judged:
            names = self.submission(answers)
            self._judged[key] = self.dry_run.judge(self.test_of(name), names, seed)
        return self._judged[key]

    def judge_one(self, name: str, namespace: dict[str, Any], seed: int = 1) -> Report:
        """What the test cell of an exercise finds in what a submission left behind."""
        return self.dry_run.judge(self.test_of(name), namespace, seed).report

    def test_of(self, name: str) -> TestCell:
        return next(test for test in self.dry_run.tests if test.grade_id == f"test_{name}")

    def reached(self, name: str, answers: Answers) -> tuple[Cell, ...]:
        """The cells that the test cell of an exercise depends on, with these answers in them."""
        cells = [answered(cell, answers) for cell in solution_cells(self.source.read_text("utf-8"))]
        return tuple(needed(cells, *sorted(self.test_of(name).asks_for)))


def answered(cell: Cell, answers: Answers) -> Cell:
    """A cell of the lesson, or the answer that takes its place."""
    if cell.grade_id not in answers:
        return cell
    return replace(read(answers[cell.grade_id]), grade_id=cell.grade_id)


read = cache(read_cell)

# The lesson that the tests of the kit itself grade.

ASSIGNMENT = "logistic_regression"
LESSON = Lesson(ASSIGNMENT)
SOURCE = LESSON.source
EXERCISES = (
    "logistic_model",
    "logistic_loss",
    "dlogistic_loss",
    "init_theta",
    "model_optimization_loop",
    "theta_clean",
)
NEEDED_CELLS = frozenset(["setup", "data-scores", "data-labels", "clean-data"])
"""Cells without a grade_id that the graded ones need."""
cell_named, submission, judged = LESSON.cell_named, LESSON.submission, LESSON.judged
judge_one, reached = LESSON.judge_one, LESSON.reached


def source_cells() -> tuple[nbformat.NotebookNode, ...]:
    return LESSON.cells


def is_essential(cell: nbformat.NotebookNode) -> bool:
    """Whether the graded cells of the lesson need this one."""
    return bool(grade_id(cell)) or cell.id in NEEDED_CELLS


def lesson() -> DryRun:
    return LESSON.dry_run


def solutions() -> Solutions:
    return LESSON.dry_run.solutions
