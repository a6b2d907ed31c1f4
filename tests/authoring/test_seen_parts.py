"""Known mistakes of a part that is called, mapped or compiled first: the gate tries them there."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from nbgrader.preprocessors import ClearHiddenTests, ClearSolutions

from autograder.authoring.verify import Thresholds, verify
from tests.authoring.test_verify import marks

ANSWER = """
import jax.numpy as jnp

class Dense:
    ### BEGIN SOLUTION
    def __init__(self, W, b):
        self.W, self.b = W, b
    def __call__(self, x):
        return x @ self.W + self.b
    ### END SOLUTION
"""
TEST = """
import jax
import numpy as np
from autograder import Exercise, reference, student

exercise = Exercise("Dense")
### BEGIN HIDDEN TESTS
W, b, x = exercise.rng.normal(size=(2, 3)), exercise.rng.normal(size=3), np.array([1.0, -2.0])
exercise.agrees(
    "it is a dense layer",
    student.Dense(W, b){part},
    {solution},
    [({x},)],
    mistakes={{"It looks as if the bias is missing.": lambda x: {mistake}}},
)
### END HIDDEN TESTS
exercise.report()
"""


def findings(folder: Path, **parts: str) -> list[str]:
    test = TEST.format(**{"part": "", "solution": "reference.Dense(W, b)", "x": "x"} | parts)
    notebook = new_notebook(
        cells=[
            new_code_cell(ANSWER.strip(), metadata={"nbgrader": marks("Dense")}),
            new_code_cell(test.strip(), metadata={"nbgrader": marks("test_Dense", 1.0)}),
        ]
    )
    paths = [folder / "source" / "dense.ipynb", folder / "release" / "dense.ipynb"]
    for path in paths:
        path.parent.mkdir()
        nbformat.write(notebook, path)
        for strip in (ClearSolutions(), ClearHiddenTests()):
            strip.preprocess(notebook, {})
    return [finding.what for finding in verify(*paths, Thresholds(seeds=(1,))).findings]


@pytest.mark.slow
@pytest.mark.parametrize(
    "parts",
    [
        {"mistake": "x @ W"},
        {
            "part": ".vmapped()",
            "solution": "jax.vmap(reference.Dense(W, b))",
            "x": "np.eye(2)",
            "mistake": "x @ W",
        },
    ],
    ids=["called", "mapped"],
)
def test_a_known_mistake_stands_for_what_the_steps_lead_to(parts, tmp_path):
    assert findings(tmp_path, **parts) == []


@pytest.mark.slow
def test_one_that_makes_no_difference_is_found(tmp_path):
    found = findings(tmp_path, mistake="x @ W + b")
    assert any("'It looks as if the bias is missing.' keeps every point" in what for what in found)
