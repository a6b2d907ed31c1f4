"""Test cells and the set-up cell are folded in a release, and no others."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from traitlets.config import Config

from autograder.authoring import FoldCells
from tests.support.lesson import ROOT, grade_id

FOLDED = {"hide_input": True, "jupyter": {"source_hidden": True}}


def labelled(source: str, **labels: Any) -> nbformat.NotebookNode:
    marks = {"grade_id": source, "grade": False, "solution": False, **labels}
    return new_code_cell(source, metadata={"nbgrader": marks})


def folded(*cells: nbformat.NotebookNode, **settings: Any) -> list[str]:
    """The sources of the cells that are folded, in a release of these."""
    config = Config({"FoldCells": settings})
    notebook = new_notebook(cells=copy.deepcopy(list(cells)))
    made, _ = FoldCells(config=config)(notebook, {})
    return [cell.source for cell in made.cells if "jupyter" in cell.metadata]


SET_UP = "%matplotlib inline\nimport jax\n\nprint(jax.__version__)"
ANSWER = labelled("answer", solution=True)
WRITTEN = labelled("plot", solution=True, grade=True)
TEST = labelled("assert f(1) == 2", grade=True)


def test_test_cells_and_the_set_up_cell_are_folded() -> None:
    cells = [new_markdown_cell("import this"), new_code_cell(SET_UP), ANSWER, TEST, WRITTEN]
    assert folded(*cells, new_code_cell("import numpy")) == [SET_UP, TEST.source]


@pytest.mark.parametrize(
    "first",
    [
        new_code_cell("x = 1"),
        new_code_cell("def f():\n    import jax"),
        new_code_cell("import jax as"),
        labelled("import jax", solution=True),
        labelled("from jax import grad", locked=True),
    ],
    ids=["data", "within a function", "no Python", "an answer", "read-only"],
)
def test_a_first_cell_that_is_no_set_up_stays_open(first: nbformat.NotebookNode) -> None:
    assert folded(first, new_code_cell("import numpy")) == []


def test_settings_leave_them_open() -> None:
    assert folded(new_code_cell(SET_UP), TEST, enabled=False) == []
    assert folded(new_code_cell(SET_UP), TEST, set_up=False) == [TEST.source]


def test_other_metadata_stay() -> None:
    cell = labelled("assert f(1) == 2", grade=True)
    cell.metadata["jupyter"] = {"outputs_hidden": False}
    made, _ = FoldCells()(new_notebook(cells=[cell]), {})
    assert made.cells[0].metadata == {
        **FOLDED,
        "jupyter": {"outputs_hidden": False, "source_hidden": True},
        "nbgrader": {"grade_id": cell.source, "grade": True, "solution": False},
    }


@pytest.mark.parametrize("folder", sorted(path.name for path in ROOT.glob("release/*")))
def test_so_is_each_lesson_that_students_get(folder: str) -> None:
    path = Path(ROOT, "release", folder, f"{folder}.ipynb")
    cells = nbformat.read(path, as_version=4).cells
    tests = [cell for cell in cells if grade_id(cell).startswith("test_")]
    (set_up,) = [cell for cell in cells if cell.id == "setup"]
    closed = [cell for cell in cells if FOLDED.items() <= cell.metadata.items()]
    assert closed == [set_up, *tests]
    source = nbformat.read(Path(ROOT, "source", folder, path.name), as_version=4)
    assert not any("jupyter" in cell.metadata for cell in source.cells)
