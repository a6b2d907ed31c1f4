"""The gate tells changes that are as right as before from those that the checks miss."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from autograder.authoring.changes import Change, fate
from autograder.authoring.equivalence import Verdict
from autograder.authoring.findings import Gate
from autograder.authoring.mutants import Mutant
from tests.support.changes import AS_RIGHT, EXERCISES, NOT_AS_RIGHT

IMPORTS = "import jax\nimport jax.numpy as jnp"
KIT = """import jax, jax.numpy as jnp, numpy as np
from autograder import Exercise, descend, given, properties, reference, student
exercise = Exercise("it")
"""


@cache
def gate(name: str) -> Gate:
    """The gate of a notebook of one exercise."""
    solution, checks = EXERCISES[name]
    labels = {"grade_id": name, "grade": False, "solution": True, "locked": False}
    tested = {"grade_id": f"test_{name}", "grade": True, "solution": False, "locked": True}
    cells = [
        new_code_cell(IMPORTS),
        new_code_cell(solution, metadata={"nbgrader": labels}),
        new_code_cell(
            f"{KIT}{checks}exercise.report()", metadata={"nbgrader": {**tested, "points": 1}}
        ),
    ]
    notebook = Path(mkdtemp()) / "it.ipynb"
    nbformat.write(new_notebook(cells=cells), notebook)
    return Gate(notebook, [1, 2])


def changed(name: str, old: str, new: str) -> Mutant:
    solution, _ = EXERCISES[name]
    assert old in solution
    return Mutant(f"{old} → {new}", solution.replace(old, new, 1), f"-{old}\n+{new}")


def verdict(name: str, old: str, new: str) -> Verdict:
    """What the gate makes of a change that keeps full points."""
    made, mutant = gate(name), changed(name, old, new)
    (test,) = made.tests
    cell, _ = made.mutants[test.grade_id][0]
    tried = Change(test, cell.grade_id, mutant.source, seed=1, seconds=60.0)
    assert not fate(made.dry_run, tried).caught, "the checks see this one: it shows nothing here"
    return made.set_beside(test, cell, mutant, 120.0)


@pytest.mark.parametrize(("name", "old", "new"), AS_RIGHT)
def test_a_change_that_is_as_right_as_before_is_no_finding(name: str, old: str, new: str) -> None:
    found = verdict(name, old, new)
    assert found.harmless, found.said


@pytest.mark.parametrize(("name", "old", "new"), NOT_AS_RIGHT)
def test_a_change_that_the_checks_miss_is_a_finding(name: str, old: str, new: str) -> None:
    found = verdict(name, old, new)
    assert not found.harmless
