"""The author's own answers as grading would run them: in the kernel of the class, by the judge.

The rest of the gate runs in its own process. Where the kernel is of another Python, only this says
whether what the lesson needs is installed there.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from autograder.authoring.findings import Finding
from autograder.judge.cells import grade_id, report_in
from autograder.judge.execute import Execute
from autograder.record.render import to_text

MAY_RAISE = "raises-exception"
"""A tag of Jupyter's on a cell that is meant to end with an error."""


def rehearse(notebook: Path, command: Any, kernel: str) -> Iterator[Finding]:
    """What goes wrong with the author's own answers in the kernel of the class.

    `command` has the course and its configuration; `kernel` says which kernel it is.
    """
    for cell in graded(notebook, command).cells:
        if cell.cell_type == "code" and (said := wrong_with(cell)):
            first = (cell.source.strip().splitlines() or ["a cell"])[0]
            where = grade_id(cell) or first
            yield Finding(where, f"with your own answers, in the kernel {kernel}: {said}")


def graded(notebook: Path, command: Any) -> NotebookNode:
    """An instructor's notebook after it was run as if a student had handed it in."""
    assignment = command.coursedir.assignment_id
    identity = {"assignment": assignment, "notebook": notebook.stem, "student": ""}
    resources = {"metadata": {"path": str(notebook.parent)}, "nbgrader": identity}
    done, _ = Execute(parent=command).preprocess(nbformat.read(notebook, as_version=4), resources)
    return done


def wrong_with(cell: NotebookNode) -> str:
    """What a cell lost points for, or how it ended; "" if all is well."""
    report = report_in(cell)
    if report is not None:
        return "" if report.score == report.max_points else to_text(report)
    errors = [output for output in cell.outputs if output.output_type == "error"]
    if not errors or MAY_RAISE in cell.metadata.get("tags", []):
        return ""
    return f"{errors[0].ename}: {errors[0].evalue}"
