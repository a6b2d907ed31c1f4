"""The lesson as test material: its cells, and its test cells judged without a kernel."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import matplotlib
import nbformat

from autograder.authoring.dry_run import DryRun, Judged
from autograder.checks.diagnosis import Trial
from autograder.judge.solutions import Solutions
from autograder.record.report import Report

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
    return lesson().hand_in(lesson().tests, sources=answers)


def judge_one(name: str, namespace: dict[str, Any], seed: int = 1) -> Report:
    return judged(name, namespace, seed).report


def trials(name: str, namespace: dict[str, Any], seed: int = 1) -> tuple[Trial, ...]:
    """What the checks of an exercise compared."""
    return judged(name, namespace, seed).trials


def judged(name: str, namespace: dict[str, Any], seed: int) -> Judged:
    test = next(test for test in lesson().tests if test.grade_id == f"test_{name}")
    return lesson().judge(test, namespace, seed)
