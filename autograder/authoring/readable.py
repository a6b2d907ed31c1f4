"""What keeps a notebook from being looked at at all: each in a sentence, where it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import nbformat

from autograder.authoring.findings import Finding
from autograder.judge.cells import grade_id, is_answer, is_graded, labels
from autograder.remote.names import read_cell


def unreadable(notebook: Path) -> Iterator[Finding]:
    """Why nothing can be said about a notebook, and nbgrader can make no release of it."""
    try:
        cells = nbformat.read(notebook, as_version=4).cells
    except Exception as error:
        said = (str(error).splitlines() or [type(error).__name__])[0]
        yield Finding(notebook.name, f"it cannot be read as a notebook: {said}")
        return
    yield from _wrong_labels(cells)
    for cell in cells:
        if cell.cell_type == "code" and (problem := no_python(cell.source)):
            first = (cell.source.strip().splitlines() or [notebook.name])[0]
            yield Finding(grade_id(cell) or first, f"this cell is not Python: {problem}")


def no_python(source: str) -> str:
    """Say why the source of a cell, magics included, is not Python, or "".

    >>> no_python("%matplotlib inline\\nx = (1")
    "'(' was never closed (line 2)"
    """
    try:
        read_cell(source)
    except SyntaxError as error:
        return f"{error.msg} (line {error.lineno})"
    return ""


def _wrong_labels(cells: Sequence[Any]) -> Iterator[Finding]:
    """Labels of nbgrader's without which no cell can be told from another, or marked."""
    labelled = [cell for cell in cells if is_answer(cell) or is_graded(cell)]
    for name, count in Counter(map(grade_id, labelled)).items():
        if not name:
            yield Finding("a cell", "nbgrader has an answer or a test here without an ID.")
        elif count > 1:
            yield Finding(name, f"{count} cells have this ID. Give each its own.")
    for cell in labelled:
        if is_graded(cell) and not isinstance(labels(cell).get("points"), int | float):
            yield Finding(grade_id(cell), "nbgrader has no points for this cell. Set them, or 0.")
