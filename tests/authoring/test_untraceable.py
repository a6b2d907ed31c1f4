"""A known mistake that is written with np costs no points where only JAX's tracing fails."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from autograder.authoring.findings import Gate
from autograder.authoring.known import KnownMistakes

ANSWERS = ["def cube(x):\n    return x ** 3", "slope = jax.grad(cube)"]
TESTS = [
    """
first = Exercise("cube")
first.agrees("it is the cube", student.cube, reference.cube, [(1.5,), (0.3,)], mistakes={
    "It looks as if it is doubled.": lambda x: MISTAKE,
})
first.report()""",
    """
second = Exercise("slope")
second.returns("it is a slope", student.slope, 0.0, expected=0.0)
second.report()""",
]


def costs(folder: Path, mistake: str) -> list[str]:
    """What the gate says of a mistake whose slope at 0 is that of the right answer, or is not."""
    imports = "import numpy as np, jax\nfrom autograder import Exercise, reference, student"
    labels = {"grade": False, "solution": True, "locked": False}
    tested = {"grade": True, "solution": False, "locked": True, "points": 1}
    cells = [new_code_cell(imports)]
    for name, answer, test in zip(("cube", "slope"), ANSWERS, TESTS, strict=True):
        cells += [
            new_code_cell(answer, metadata={"nbgrader": {**labels, "grade_id": name}}),
            new_code_cell(
                imports + test.replace("MISTAKE", mistake),
                metadata={"nbgrader": {**tested, "grade_id": f"test_{name}"}},
            ),
        ]
    nbformat.write(new_notebook(cells=cells), folder / "it.ipynb")
    known = KnownMistakes(Gate(folder / "it.ipynb", [1]))
    return [str(finding) for mistake in known.all for finding in known.findings(mistake)]


@pytest.mark.parametrize("mistake", ["2 * np.asarray(x) ** 3", "2 * float(x) ** 3"])
def test_one_that_cannot_be_traced_is_no_finding(tmp_path: Path, mistake: str) -> None:
    assert costs(tmp_path, mistake) == []


def test_one_whose_slope_is_wrong_is_a_finding(tmp_path: Path) -> None:
    (finding,) = costs(tmp_path, "2 * x")
    assert "costs points in test_slope as well" in finding
