"""The exercises of docs/exercises-by-example.md, graded by the real programs in real kernels."""

from __future__ import annotations

import copy
import shutil
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook

from autograder.judge.cells import grade_id
from tests.authoring.test_examples_page import PARTS, WRONG, notebook
from tests.support.course import Course
from tests.support.lesson import ROOT

EXAMPLES = "examples"


def submit(course: Course, student: str, *, wrong: bool) -> None:
    """Hand in the solutions of all parts, right ones or with one fault in each."""
    folder = course.root / "submitted" / student / EXAMPLES
    shutil.copytree(course.root / "release" / EXAMPLES, folder)
    for part, blocks in PARTS.items():
        path = folder / f"{part.split()[0]}.ipynb"
        answers = {grade_id(cell): cell.source for cell in notebook(blocks).cells}
        handed_in = nbformat.read(path, as_version=4)
        for cell in handed_in.cells:
            name = grade_id(cell)
            if name in WRONG:
                right, fault = WRONG[name]
                before, mark, solution = answers[name].partition("### BEGIN SOLUTION")
                cell.source = before + mark + solution.replace(right, fault, int(wrong))
        nbformat.write(handed_in, path)


@pytest.fixture(scope="module")
def course(tmp_path_factory) -> Course:
    root = tmp_path_factory.mktemp("course")
    source = root / "source" / EXAMPLES
    source.mkdir(parents=True)
    shutil.copy(ROOT / "nbgrader_config.py", root)
    for part, blocks in PARTS.items():
        nbformat.write(copy.deepcopy(notebook(blocks)), source / f"{part.split()[0]}.ipynb")
    made = Course(root)
    made.nbgrader("generate_assignment", EXAMPLES)
    submit(made, "ada", wrong=False)
    submit(made, "bob", wrong=True)
    made.autograder("grade", EXAMPLES)
    return made


def scores(course: Course, student: str) -> dict[str, tuple[float, float]]:
    """Points and most points of each test cell that the kit judges."""
    with Gradebook(f"sqlite:///{Path(course.root) / 'gradebook.db'}") as gradebook:
        submission = gradebook.find_submission(EXAMPLES, student)
        grades = [grade for n in submission.notebooks for grade in n.grades]
        return {g.name: (g.auto_score, g.max_score) for g in grades if g.name.startswith("test_")}


@pytest.mark.slow
def test_right_answers_get_every_point(course):
    found = scores(course, "ada")
    assert set(found) == {f"test_{name}" for name in WRONG}
    assert {name: got for name, got in found.items() if got[0] != got[1]} == {}


@pytest.mark.slow
def test_answers_with_a_fault_each_lose_points_and_ask_for_nobody(course):
    found = scores(course, "bob")
    kept = {name: got for name, got in found.items() if got[0] is None or got[0] >= got[1]}
    assert kept == {}
