"""Folds test cells and the set-up cell of a release, so that a verdict stands under the answer.

TRUSTED SIDE, while nbgrader makes the release; the course's source stays as it is. A folded cell
runs and shows its outputs like any other, what it says of a missing package among them, and a
student can open it.

What programs read, looked up in 2026: JupyterLab and Notebook from 7 on `jupyter.source_hidden`,
the one key of the notebook format for this; the classic notebook (up to 6) `hide_input`, where its
extension of that name is on. VS Code reads neither: there a cell is folded by hand, and stays so.
`collapsed`, which old notebooks know, would hide the verdict and not the code: it is of outputs.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any

from nbformat import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Bool

from autograder.judge.cells import grade_id, is_test_cell
from autograder.remote.names import without_magics


class FoldCells(NbGraderPreprocessor):  # type: ignore[misc]
    """Folds the code of test cells, and of the set-up cell, in the notebook that students get.

    nbgrader calls it while it makes the release (`c.GenerateAssignment.preprocessors`).
    `c.FoldCells.enabled = False` leaves all cells open.
    """

    set_up = Bool(
        True,
        help="Whether the set-up cell is folded as well: the first code cell of a notebook, where "
        "it imports something and is no cell of nbgrader's.",
    ).tag(config=True)

    def preprocess(
        self, nb: NotebookNode, resources: dict[str, Any]
    ) -> tuple[NotebookNode, dict[str, Any]]:
        tests = [cell for cell in nb.cells if is_test_cell(cell)]
        for cell in [*tests, *(set_up_cell(nb.cells) if self.set_up else ())]:
            fold(cell)
        return nb, resources


def set_up_cell(cells: Sequence[NotebookNode]) -> list[NotebookNode]:
    """The first code cell, where it imports something and is no cell of nbgrader's; or none."""
    first = next((cell for cell in cells if cell.cell_type == "code"), None)
    return [first] if first is not None and not grade_id(first) and imports(first.source) else []


def imports(source: str) -> bool:
    """Whether a cell imports something at its top level.

    >>> imports("%matplotlib inline\\nimport jax"), imports("x = 1")
    (True, False)
    """
    try:
        body = ast.parse(without_magics(source)).body
    except SyntaxError:
        return False
    return any(isinstance(node, ast.Import | ast.ImportFrom) for node in body)


def fold(cell: NotebookNode) -> None:
    """Close a cell's code; its outputs stay in sight."""
    cell.metadata["jupyter"] = {**cell.metadata.get("jupyter", {}), "source_hidden": True}
    cell.metadata["hide_input"] = True
