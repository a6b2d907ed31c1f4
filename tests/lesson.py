"""The lesson as test material: its cells, and its test cells judged without a kernel."""

from __future__ import annotations

import contextlib
import io
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib
import matplotlib.pyplot as plt
import nbformat

from autograder import endpoint
from autograder.judge import grade_cell
from autograder.reference import Solutions, directory_importable, without_magics
from autograder.result import Report
from autograder.wire import Limits

ROOT = Path(__file__).resolve().parent.parent
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


class SameProcess:
    """A connection to functions in a dict: the endpoint without a kernel around it."""

    limits = Limits()

    def __init__(self, namespace: dict[str, Any]) -> None:
        self.namespace = namespace

    def ask(self, name: str, request: str) -> object:
        return endpoint.answer(request, self.namespace)


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
def solutions() -> Solutions:
    return Solutions(SOURCE)


def submission(answers: dict[str, str]) -> dict[str, Any]:
    """Run the lesson with some solution cells replaced; the names it leaves behind.

    Test cells and cells that only show something are left out. A cell that raises leaves what it
    had done, as in a notebook.
    """
    unknown = set(answers) - set(EXERCISES)
    assert not unknown, f"not solution cells: {unknown}"
    namespace: dict[str, Any] = {"__name__": "__student__"}
    with directory_importable(SOURCE.parent), contextlib.redirect_stdout(io.StringIO()):
        for cell in source_cells():
            marks = cell.metadata.get("nbgrader", {})
            if cell.cell_type != "code" or marks.get("grade") or not is_essential(cell):
                continue
            source = answers.get(grade_id(cell), cell.source)
            with contextlib.suppress(Exception):
                exec(compile(without_magics(source), grade_id(cell) or "cell", "exec"), namespace)
    plt.close("all")
    return namespace


def judge(answers: dict[str, str], seed: int = 1) -> dict[str, Report]:
    """The reports of all exercises for a submission with some solution cells replaced."""
    namespace = submission(answers)
    return {name: judge_one(name, namespace, seed) for name in EXERCISES}


def judge_one(name: str, namespace: dict[str, Any], seed: int = 1) -> Report:
    cell = cell_named(f"test_{name}")
    return grade_cell(
        cell.source,
        grade_id(cell),
        float(cell.metadata.nbgrader.points),
        connection=SameProcess(namespace),
        solution=solutions(),
        directory=SOURCE.parent,
        seed=seed,
    )
