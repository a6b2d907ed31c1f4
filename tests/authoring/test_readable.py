"""What keeps a notebook from being looked at is said in a sentence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest

from autograder.authoring.readable import unreadable
from tests.authoring.test_verify import ANSWER, TEST, editing, page_notebook

Change = Callable[[nbformat.NotebookNode], None]


def labelled(cell: int, **labels: object) -> Change:
    return lambda notebook: notebook.cells[cell].metadata.nbgrader.update(labels)


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        (lambda _: None, ""),
        (
            editing(ANSWER, "return (", "return (("),
            "standardise: this cell is not Python: '(' was never closed (line ",
        ),
        (
            editing(TEST, "exercise.report()", "if"),
            "test_standardise: this cell is not Python: invalid syntax (line ",
        ),
        (
            labelled(TEST, grade_id="standardise"),
            "standardise: 2 cells have this ID. Give each its own.",
        ),
        (labelled(TEST, points=None), "test_standardise: nbgrader has no points for this cell."),
        (labelled(ANSWER, grade_id=""), "a cell: nbgrader has an answer or a test here without"),
    ],
)
def test_what_is_wrong_with_a_notebook(tmp_path: Path, change: Change, finding: str) -> None:
    notebook = page_notebook()
    change(notebook)
    path = tmp_path / "scaling.ipynb"
    nbformat.write(notebook, path)
    said = [f"{found.where}: {found.what}" for found in unreadable(path)]
    assert said[0].startswith(finding) if finding else said == []


def test_a_file_that_is_no_notebook(tmp_path: Path) -> None:
    path = tmp_path / "scaling.ipynb"
    path.write_text("")
    (found,) = unreadable(path)
    assert found.what.startswith("it cannot be read as a notebook: ")
