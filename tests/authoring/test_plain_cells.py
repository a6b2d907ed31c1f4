"""The gate looks at plain test cells of nbgrader's: right answers pass, an empty notebook fails."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from autograder.authoring.dry_run import DryRun
from autograder.authoring.plain_cells import PlainCells
from autograder.authoring.verify import Thresholds, verify

SOLUTION = "def double(x):\n    return 2 * x"
BLANK = "def double(x):\n    raise NotImplementedError()"


def answer(source: str) -> nbformat.NotebookNode:
    labels = {"grade_id": "double", "grade": False, "solution": True, "locked": False}
    return new_code_cell(source, metadata={"nbgrader": labels})


def checking(source: str, name: str = "test_double", points: float = 2) -> nbformat.NotebookNode:
    labels = {"grade_id": name, "grade": True, "solution": False, "locked": True}
    return new_code_cell(source, metadata={"nbgrader": {**labels, "points": points}})


def found(folder: Path, *cells: Any, solution: str = SOLUTION, blank: str = BLANK) -> list[str]:
    """What is to be mended in a notebook of an answer and these cells."""
    for name, source in (("source", solution), ("release", blank)):
        (folder / name).mkdir()
        nbformat.write(new_notebook(cells=[answer(source), *cells]), folder / name / "it.ipynb")
    plain = PlainCells(DryRun(folder / "source" / "it.ipynb"))
    return [str(finding) for finding in plain.findings(folder / "release" / "it.ipynb")]


@pytest.mark.parametrize(
    "source",
    [
        "assert double(2) == 4",
        "2 if double(2) == 4 else 1 / 0",
        "print('looking')\nassert double(2) == 4",
        "%matplotlib inline\nassert double(2) == 4",
        "double(2)  # 4, which is more than all points",
        "assert double(2) == 4\nNone",
        "import dataclasses\n@dataclasses.dataclass\nclass A:\n    x: int\nassert double(2) == 4",
    ],
)
def test_a_cell_that_only_answers_pass_is_no_finding(tmp_path: Path, source: str) -> None:
    assert found(tmp_path, checking(source)) == []


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (
            "x = 3\nassert double(x) == 7, 'it is 6'",
            "- test_double: your own answers do not pass it. It stops with AssertionError: "
            "it is 6\n    line 2: assert double(x) == 7, 'it is 6'",
        ),
        (
            "double(x)",
            "- test_double: your own answers do not pass it. It stops with NameError: name 'x' is "
            "not defined\n    line 1: double(x)",
        ),
        (
            "0.5 * double(1)",
            "- test_double: your own answers do not get every point: it awards 1 of 2.",
        ),
        (
            "assert callable(double)",
            "- test_double: before a student has written anything, it awards 2 of 2 points. "
            "Assert something that only an answer can make true.",
        ),
        (
            "1.5 if callable(double) else double(1)",
            "- test_double: your own answers do not get every point: it awards 1.5 of 2.",
        ),
        ("assert double(2) ==", "- test_double: your own answers do not pass it. It stops with Sy"),
    ],
)
def test_what_is_at_fault_is_told(tmp_path: Path, source: str, said: str) -> None:
    (finding,) = found(tmp_path, checking(source))
    assert finding.startswith(said)


def test_a_warning_costs_every_point_with_nbgrader(tmp_path: Path) -> None:
    source = "import warnings\nwarnings.warn('careful')\nassert double(2) == 4"
    (finding,) = found(tmp_path, checking(source))
    assert "nbgrader gives no points, whatever the answer" in finding
    assert "UserWarning: careful" in finding


def test_a_cell_without_points_may_pass_with_nothing_written(tmp_path: Path) -> None:
    assert found(tmp_path, checking("assert callable(double)", points=0)) == []


def test_a_cell_sees_what_plain_test_cells_before_it_import(tmp_path: Path) -> None:
    first = checking("import math\nassert double(2) == 4", "test_first")
    assert found(tmp_path, first, checking("assert double(math.pi) > 6")) == []


def test_what_the_kits_cells_import_is_not_there_in_grading(tmp_path: Path) -> None:
    first = checking("import math\nfrom autograder import student", "test_first")
    (finding,) = found(tmp_path, first, checking("assert double(math.pi) > 6"))
    assert "NameError: name 'math' is not defined" in finding


def test_nor_is_what_a_skipped_cell_defines(tmp_path: Path) -> None:
    skipped = new_code_cell("x = double(2)", metadata={"tags": ["skip-execution"]})
    (finding,) = found(tmp_path, skipped, checking("assert x == 4"))
    assert "NameError: name 'x' is not defined" in finding


def test_an_effect_that_is_no_names_is_found_by_running_all(tmp_path: Path) -> None:
    effect = new_code_cell("import sys\nsetattr(sys, 'seen_here', 1)")
    test = checking("from sys import seen_here\nassert double(seen_here) == 2")
    assert found(tmp_path, effect, test) == []


def test_the_gate_asks_about_them_too(tmp_path: Path) -> None:
    found(tmp_path, checking("assert callable(double)"))
    paths = (tmp_path / kind / "it.ipynb" for kind in ("source", "release"))
    verification = verify(*paths, Thresholds(seeds=(1,)))
    assert [finding.where for finding in verification.findings] == ["test_double"]


def test_a_notebook_without_test_cells_is_a_finding(tmp_path: Path) -> None:
    found(tmp_path)
    paths = (tmp_path / kind / "it.ipynb" for kind in ("source", "release"))
    (first, *_) = verify(*paths, Thresholds(seeds=(1,))).findings
    assert str(first).startswith("- double: no test cell asks for what this solution defines")
