"""The gate asks of an exercise that builds on another one: is there a stub, and does it fit?"""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell

from tests.authoring.test_verify import examine, marks, said

ANSWER = """def halved(x):
    ### BEGIN SOLUTION
    return standardise(x) / 2
    ### END SOLUTION"""
TEST = """from autograder import Exercise, given, reference, student

later = Exercise("halved"{stubs})
### BEGIN HIDDEN TESTS
later.agrees(
    "t",
    student.halved,
    {expected},
    [(later.rng.uniform(1, 2, size=4),)],
)
### END HIDDEN TESTS
later.report()"""
RIGHT = """, stubs={"standardise": given("lambda x: x**2")}"""


def halved(stubs: str, expected: str = "reference.halved"):
    def change(notebook: nbformat.NotebookNode) -> None:
        source = TEST.format(stubs=stubs, expected=expected)
        notebook.cells += [
            new_code_cell(ANSWER, metadata={"nbgrader": marks("halved")}),
            new_code_cell(source, metadata={"nbgrader": marks("test_halved", 1)}),
        ]

    return change


def test_a_stub_that_fits_is_fine_and_mistakes_before_it_cost_nothing(tmp_path: Path) -> None:
    assert said(examine(tmp_path, halved(RIGHT))) == []


@pytest.mark.parametrize(
    ("stubs", "expected", "finding"),
    [
        (
            "",
            "reference.halved",
            "test_halved: your answer uses `standardise`, the answer to another exercise, and a "
            "mistake there would cost points here as well. Let a function of yours stand for it: "
            'Exercise(…, stubs={"standardise": given("…")}).',
        ),
        (
            RIGHT.replace("lambda x: x", "lambda numbers: numbers"),
            "reference.halved",
            "test_halved: the stub for `standardise` takes (numbers), your answer takes (x): a "
            "student who passes arguments by name would lose points. Give the stub the names of "
            "your answer.",
        ),
        (
            RIGHT.replace("standardise", "standardize"),
            "reference.halved",
            "test_halved: `stubs=` names `standardize`, and the notebook has no such answer. Is "
            "the name right?",
        ),
    ],
    ids=["missing", "other arguments", "misspelt"],
)
def test_what_is_wrong_with_a_stub(tmp_path: Path, stubs: str, expected: str, finding: str) -> None:
    assert finding in said(examine(tmp_path, halved(stubs, expected)))
