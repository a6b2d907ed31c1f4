"""The lesson as test material: its cells, and its test cells judged without a kernel."""

from __future__ import annotations

import os
import tempfile
from dataclasses import replace
from functools import cache
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
ASSIGNMENT = "logistic_regression"
SOURCE = ROOT / "source" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb"
EXERCISES = (
    "logistic_model",
    "logistic_loss",
    "dlogistic_loss",
    "model_optimization_loop",
    "theta_clean",
)
NEEDED_CELLS = frozenset(["setup", "data-scores", "data-labels", "clean-data"])
"""Cells without a grade_id that the graded ones need."""
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


@cache
def source_cells() -> tuple[nbformat.NotebookNode, ...]:
    return tuple(nbformat.read(SOURCE, as_version=4).cells)


def grade_id(cell: nbformat.NotebookNode) -> str:
    return str(cell.metadata.get("nbgrader", {}).get("grade_id", ""))


def is_essential(cell: nbformat.NotebookNode) -> bool:
    """Whether the graded cells of the lesson need this one."""
    return bool(grade_id(cell)) or cell.id in NEEDED_CELLS


@cache
def cell_named(name: str) -> nbformat.NotebookNode:
    return next(cell for cell in source_cells() if grade_id(cell) == name)


@cache
def lesson() -> DryRun:
    return DryRun(SOURCE)


def solutions() -> Solutions:
    return lesson().solutions


def submission(answers: dict[str, str]) -> dict[str, Any]:
    """Run the lesson with some solution cells replaced; the names it leaves behind."""
    unknown = set(answers) - set(EXERCISES)
    assert not unknown, f"not solution cells: {unknown}"
    return run_lesson(tuple(sorted(answers.items())))


@cache
def run_lesson(answers: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    return lesson().hand_in(lesson().tests, sources=dict(answers))


def judge_one(name: str, namespace: dict[str, Any], seed: int = 1) -> Report:
    """What the test cell of an exercise finds in what a submission left behind."""
    return lesson().judge(test_of(name), namespace, seed).report


JUDGED: dict[tuple[str, tuple[Cell, ...], int], Judged] = {}
"""What was judged, by the exercise, all cells that this can depend on, and the seed.

So a wrong gradient costs one judgement, not five: the other exercises do without its cell, and
what becomes of them is known from the first submission with the same cells.
"""


def judged(name: str, answers: dict[str, str], seed: int) -> Judged:
    key = (name, reached(name, answers), seed)
    if key not in JUDGED:
        JUDGED[key] = lesson().judge(test_of(name), submission(answers), seed)
    return JUDGED[key]


def test_of(name: str) -> TestCell:
    return next(test for test in lesson().tests if test.grade_id == f"test_{name}")


def reached(name: str, answers: dict[str, str]) -> tuple[Cell, ...]:
    """The cells that the test cell of an exercise depends on, with these answers in them."""
    cells = [answered(cell, answers) for cell in solution_cells(SOURCE.read_text("utf-8"))]
    return tuple(needed(cells, *sorted(test_of(name).asks_for)))


def answered(cell: Cell, answers: dict[str, str]) -> Cell:
    """A cell of the lesson, or the answer that takes its place."""
    if cell.grade_id not in answers:
        return cell
    return replace(read(answers[cell.grade_id]), grade_id=cell.grade_id)


read = cache(read_cell)
