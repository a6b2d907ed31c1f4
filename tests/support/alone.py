"""The kit's Execute without a course: a notebook in this process, in kernels of the sandbox."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from textwrap import dedent
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook
from traitlets.config import Config

from autograder.judge.cells import report_in
from autograder.judge.execute import Execute
from autograder.record.report import Report


class Alone(Execute):  # type: ignore[misc]
    """The notebook that it executes is the instructor's as well."""

    source: Path

    def _source_notebook(self) -> Path:
        return self.source


def executed(
    folder: Path,
    *cells: NotebookNode,
    instructors: Sequence[NotebookNode] | None = None,
    isolation: str = "auto",
    limits: dict[str, Any] | None = None,
    **settings: Any,
) -> NotebookNode:
    """A notebook of these cells, run with these settings of `Execute` and limits of `Sandbox`.

    The instructor's has the same cells, unless others are given.
    """
    sandbox = {"isolation": isolation, "require_isolation": isolation != "none"}
    execute = Alone(config=Config({"Sandbox": {**sandbox, **(limits or {})}}), **settings)
    execute.source = folder / "alone.ipynb"
    notebook = new_notebook(cells=list(cells))
    nbformat.write(new_notebook(cells=list(instructors or cells)), execute.source)
    execute.preprocess(notebook, {"metadata": {"path": str(folder)}})
    return notebook


def cell(source: str) -> NotebookNode:
    """A cell of the student's."""
    return new_code_cell(dedent(source))


def judged_cell(name: str, source: str, points: int = 1) -> NotebookNode:
    """A test cell, which the judge runs."""
    marks = {"grade": True, "grade_id": name, "points": points, "solution": False}
    return new_code_cell(dedent(source), metadata={"nbgrader": marks})


def reports(notebook: NotebookNode) -> list[Report]:
    """What the judge said of each test cell."""
    return [report for each in notebook.cells if (report := report_in(each)) is not None]


def said(each: NotebookNode) -> str:
    """The last error that a cell shows."""
    return [output.evalue for output in each.outputs if output.output_type == "error"][-1]
