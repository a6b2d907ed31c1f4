"""What nbgrader's labels say of a cell, and what the kit leaves in one. TRUSTED SIDE.

The labels of a submission are believed only after `intake` has put them back to what the gradebook
says; `claimed_id` reads them before that.
"""

from __future__ import annotations

import ast
from functools import lru_cache
from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import new_output

from autograder.record.render import MIMETYPE, mimebundle
from autograder.record.report import Report

KIT = "autograder"
DAMAGED = "nbgrader_jax_damaged"
"""Notebook metadata: why the file that was handed in could not be read as it was."""
STOPS = "nbgrader_jax_stops"
"""Notebook metadata: how often which limit stopped something."""
STOP = "nbgrader_jax_stop"
"""Cell metadata: the limit that stopped this cell."""
UNTOUCHED = "nbgrader_jax_untouched"
"""Cell metadata: nothing was written in this cell, or below it, for a person to mark."""
TOUCHED = "nbgrader_jax_touched"
"""Cell metadata: code was written in this answer; it is not what the release had there."""
PUT_BACK = "nbgrader_jax_put_back"
"""Cell metadata, until marks are saved: the cell was missing from what was handed in."""

NOT_RUN = "nbgrader_jax_not_run"
"""Among an exporter's resources: why nothing of this notebook was run."""

NO_RESPONSE = "No response."
"""What nbgrader writes in the place of a marker's comment where nothing was written."""


def labels(cell: Any) -> dict[str, Any]:
    """nbgrader's labels of a cell; none where there are none that can be read."""
    found = cell.metadata.get("nbgrader")
    return found if isinstance(found, dict) else {}


def grade_id(cell: Any) -> str:
    """nbgrader's name of a cell, "" if it has none."""
    return str(labels(cell).get("grade_id", ""))


def claimed_id(cell: Any) -> str | None:
    """The grade_id that a submitted cell claims, if it claims one in a form that can be read."""
    name = labels(cell).get("grade_id")
    return name if isinstance(name, str) else None


def points(cell: Any) -> float:
    """What a graded cell is worth."""
    return float(labels(cell)["points"])


def is_answer(cell: Any) -> bool:
    """Whether a cell is one that students fill in."""
    return bool(labels(cell).get("solution"))


def is_graded(cell: Any) -> bool:
    """Whether points belong to a cell: an autograded one, a written answer, a task."""
    return bool(labels(cell).get("grade") or labels(cell).get("task"))


def is_test_cell(cell: Any) -> bool:
    """Whether a cell is an autograded test: graded code that is no answer."""
    return bool(cell.cell_type == "code" and labels(cell).get("grade") and not is_answer(cell))


@lru_cache(maxsize=256)  # asked several times about each test cell, the same for a whole class
def uses_kit(source: str) -> bool:
    """Whether a test cell imports this package: then the judge runs it, not the kernel."""
    try:
        tree = ast.parse(source)
    except SyntaxError:  # magics or shell lines: an ordinary cell of nbgrader's
        return False
    imported = [
        alias.name if isinstance(node, ast.Import) else (node.module or "")
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    ]
    return any(name.split(".")[0] == KIT for name in imported)


def is_marked_by_hand(cell: Any) -> bool:
    """Whether only a person can mark a cell: an answer with points of its own, or a task."""
    return bool(labels(cell).get("task") or (labels(cell).get("grade") and is_answer(cell)))


def is_judged(cell: Any) -> bool:
    """Whether the judge runs a cell: a test cell that uses the kit."""
    return is_test_cell(cell) and uses_kit(cell.source)


def asked(source: str, of: str = "student") -> frozenset[str]:
    """The names that a test cell looks up as `student.name`, or of `reference`."""
    return frozenset(
        node.attr
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == of
    )


def show(cell: NotebookNode, report: Report) -> None:
    """Make a report the only output of a cell. nbgrader reads the score from it."""
    cell.outputs = [new_output("execute_result", mimebundle(report), execution_count=1)]
    cell.execution_count = 1


def report_in(cell: NotebookNode) -> Report | None:
    """The report that the judge left in an autograded test cell, if it did."""
    if not is_judged(cell):
        return None
    for output in cell.outputs:
        if MIMETYPE in output.get("data", {}):
            return Report.from_json(output["data"][MIMETYPE])
    return None
