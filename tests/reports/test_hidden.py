"""What a student reads of a hidden test in a plain test cell: that it failed, and its message."""

from __future__ import annotations

import re
import shutil
from html import unescape
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output
from nbgrader.preprocessors import ClearHiddenTests

from autograder.reports.hidden import hidden_lines, hide
from tests.support.course import Course
from tests.support.lesson import ROOT

TEST = """import warnings
assert double(1) == 2, "one doubled is two"
### BEGIN HIDDEN TESTS
secret = 21
warnings.warn("ask twice")
assert double(secret) == 42, "larger numbers are doubled as well"
### END HIDDEN TESTS
assert double(0) == 0"""
ANSWERS = {
    "right": "return 2 * x",
    "fails_hidden": "return 2 * x if x < 9 else x",
    "fails_visible": "return 3 * x",
    "fails_last": "return 2 * x or 1",
    "raises": "return {0: 0, 1: 2}[x]",
}


def plain_notebook(answer: str) -> nbformat.NotebookNode:
    labels = {"schema_version": 3, "task": False, "grade": False, "locked": False}
    tested = {"grade": True, "locked": True, "solution": False, "points": 2}
    answered = {"nbgrader": {**labels, "grade_id": "double", "solution": True}}
    return new_notebook(
        cells=[
            new_code_cell(f"def double(x):\n    {answer}", metadata=answered),
            new_code_cell(
                TEST, metadata={"nbgrader": {**labels, "grade_id": "test_double", **tested}}
            ),
        ],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The text of each student's feedback page, made by the programs themselves."""
    course = Course(tmp_path_factory.mktemp("hidden"))
    shutil.copy(ROOT / "nbgrader_config.py", course.root)
    solution = "### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION"
    handed = {course.root / "submitted" / s / "twice": a for s, a in ANSWERS.items()}
    for folder, answer in ({course.root / "source" / "twice": solution} | handed).items():
        folder.mkdir(parents=True)
        nbformat.write(plain_notebook(answer), folder / "twice.ipynb")
    course.nbgrader("generate_assignment", "twice")
    course.autograder("grade", "twice")
    course.nbgrader("generate_feedback", "twice")
    return {student: text_of(course.root / "feedback" / student / "twice") for student in ANSWERS}


def text_of(folder: Path) -> str:
    page = (folder / "twice.html").read_text(encoding="utf-8")
    return unescape(re.sub(r"<[^>]+>", "", page))


@pytest.mark.parametrize("student", ANSWERS)
def test_no_page_shows_a_line_of_a_hidden_test(pages: dict[str, str], student: str) -> None:
    page = pages[student]
    for line in ("secret", "assert double(secret)", "warnings.warn", "HIDDEN TESTS"):
        assert line not in page
    assert "import warnings" in page


@pytest.mark.parametrize(
    ("student", "said"),
    [
        (
            "fails_hidden",
            "A hidden test failed.\nAssertionError: larger numbers are",
        ),
        ("raises", "A hidden test stopped with an error.\nKeyError: 21"),
    ],
)
def test_a_student_reads_that_a_hidden_test_failed(
    pages: dict[str, str], student: str, said: str
) -> None:
    assert said in pages[student]
    assert "Traceback" not in pages[student]


@pytest.mark.parametrize("student", ["fails_visible", "fails_last"])
def test_a_visible_assert_shows_as_ever(pages: dict[str, str], student: str) -> None:
    page = pages[student]
    assert "Traceback (most recent call last)" in page
    assert "hidden test" not in page
    arrow = {"fails_visible": '2 assert double(1) == 2, "one', "fails_last": "8 assert double(0)"}
    assert f"> {arrow[student]}" in page


def test_a_right_answer_shows_no_error(pages: dict[str, str]) -> None:
    assert "Error" not in pages["right"]


# Outputs as a kernel may have sent them


def hidden_in(source: str, count: int | None = 3, **error: object) -> nbformat.NotebookNode:
    cell = new_code_cell(source, execution_count=count)
    cell.outputs = [new_output("error", **{"ename": "AssertionError", "evalue": "", **error})]
    hide(cell, hidden_lines(source, ClearHiddenTests()))
    return cell.outputs[0]


SOURCE = "a = 1\n### BEGIN HIDDEN TESTS\nassert a == 2\n### END HIDDEN TESTS\nb = (\n)"


def test_an_assert_without_a_message_has_none() -> None:
    assert hidden_in(SOURCE, traceback=["Cell In[3], line 3"]).traceback == [
        "A hidden test failed."
    ]


@pytest.mark.parametrize("traceback", [[], ["AssertionError: "], ["Cell In[2], line 1"]])
def test_where_the_traceback_does_not_say_the_test_is_taken_to_be_hidden(
    traceback: list[str],
) -> None:
    assert hidden_in(SOURCE, traceback=traceback).traceback == ["A hidden test failed."]


def test_hidden_lines_around_a_visible_one_are_left_out() -> None:
    shown = (
        "Cell \x1b[0;32mIn[3], line 1\x1b[0m\n----> 1 a = 1\n\x1b[1m      3\x1b[0m assert a == 2\n"
    )
    assert hidden_in(SOURCE, traceback=[shown]).traceback == [
        "Cell \x1b[0;32mIn[3], line 1\x1b[0m\n----> 1 a = 1\n"
    ]


def test_a_cell_without_hidden_tests_is_left_alone() -> None:
    assert hidden_in("assert a == 2", traceback=["any"]).traceback == ["any"]
