"""What a feedback page may show. TRUSTED SIDE, for nbgrader's GenerateFeedback."""

from __future__ import annotations

from typing import Any

from nbformat import NotebookNode
from nbgrader.preprocessors import ClearHiddenTests, NbGraderPreprocessor
from nbgrader.preprocessors.clearmarkingscheme import ClearMarkScheme
from nbgrader.utils import is_locked, is_task

Resources = dict[str, Any]


class HideTests(NbGraderPreprocessor):  # type: ignore[misc]
    """Takes the hidden tests and the marking schemes out again.

    nbgrader puts them back for grading and would show them. Only its own locked cells are
    touched: what a student writes may well contain the words that mark such a region.
    """

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        tests, schemes = ClearHiddenTests(parent=self), ClearMarkScheme(parent=self)
        for index, cell in enumerate(nb.cells):
            if is_locked(cell) or is_task(cell):
                tests.preprocess_cell(cell, resources, index)
                schemes.preprocess_cell(cell, resources, index)
        return nb, resources
