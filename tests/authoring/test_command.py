"""The command `autograder verify`: what it prints, as it goes on and in the end."""

from __future__ import annotations

import shutil
import signal
from pathlib import Path

import nbformat
import pytest

from autograder.apps.ending import INTERRUPTED
from tests.authoring.test_verify import ANSWER, IMPORTS, TEXT, editing, page_notebook
from tests.support.course import Course
from tests.support.lesson import ROOT

LONG = "n = 0\n    while n < 2:\n        n = n + 1\n    return n / 2 *"
"""An answer of which changes never end."""
QUICK = ("--VerifyApp.seeds=1", "--VerifyApp.progress=False")


@pytest.fixture
def course(tmp_path: Path) -> Course:
    folder = tmp_path / "source" / "scaling"
    folder.mkdir(parents=True)
    nbformat.write(page_notebook(), folder / "scaling.ipynb")
    shutil.copy(ROOT / "nbgrader_config.py", tmp_path)
    return Course(tmp_path)


def edit(course: Course, cell: int, old: str, new: str) -> None:
    path = course.root / "source" / "scaling" / "scaling.ipynb"
    notebook = nbformat.read(path, as_version=4)
    editing(cell, old, new)(notebook)
    nbformat.write(notebook, path)


def test_a_line_for_each_question_then_numbers_then_the_verdict(course: Course) -> None:
    lines = course.autograder("verify", "scaling").splitlines()
    assert lines[:-7] == [
        "scaling.ipynb: the cells that your answers need … ok",
        "test_standardise: your own answers, with 3 draws of the random inputs … ok",
        "scaling.ipynb: points, names and reports of the test cells … ok",
        "scaling.ipynb: what the release shows of solutions and hidden tests … ok",
        "scaling.ipynb: whether each exercise stands on its own … ok",
        "scaling.ipynb: the untouched release, which should score 0, not attempted … ok",
        "test_standardise: 3 known mistakes of yours, each to be caught and named … ok",
        "test_standardise: 8 changed solutions, 8 caught … ok",
    ]
    assert lines[-6].startswith("test cell ")
    assert lines[-1].startswith("scaling is ready to release (")
    assert {path.name for path in course.root.iterdir()} == {"source", "nbgrader_config.py"}


def test_what_is_to_be_mended_is_said_before_the_line_of_its_question(course: Course) -> None:
    edit(course, TEXT, "(3 points)", "(2 points)")
    printed = course.autograder("verify", "scaling", *QUICK, status=1)
    question = "scaling.ipynb: points, names and reports of the test cells … 1 to look at"
    finding = "- test_standardise: the heading above it says 2 points, and nbgrader gives 3."
    assert printed.index(finding) < printed.index(question)
    assert "scaling: 1 to mend, see above (" in printed


def test_a_release_that_is_older_than_its_source_is_not_ready(course: Course) -> None:
    course.nbgrader("generate_assignment", "scaling")
    edit(course, TEXT, "Write a function", "Please write a function")
    printed = course.autograder("verify", "scaling", *QUICK, status=1)
    assert (
        "scaling.ipynb: it is not what the source gives now. Run: nbgrader generate_as" in printed
    )
    assert "ready" not in printed
    assert "scaling: 1 to mend, see above (" in printed


def test_a_notebook_whose_cells_stop_says_why_and_nothing_else(course: Course) -> None:
    edit(course, IMPORTS, "import", "import no_such_module\nimport")
    printed = course.autograder("verify", "scaling", *QUICK, status=1)
    (finding,) = [line for line in printed.splitlines() if line.startswith("- ")]
    assert finding == (
        "- import no_such_module: this cell stops with an error, and test cells need it: "
        "ModuleNotFoundError: No module named 'no_such_module'"
    )
    assert "scaling.ipynb: nothing else was looked at. Mend that first." in printed


def test_a_notebook_that_cannot_be_read_is_said_in_a_sentence(course: Course) -> None:
    (course.root / "source" / "scaling" / "scaling.ipynb").write_text('{"cells": [')
    printed = course.autograder("verify", "scaling", *QUICK, status=1)
    assert printed.startswith("- scaling.ipynb: it cannot be read as a notebook: ")
    assert "Traceback" not in printed
    assert "Nothing else was looked at. Mend that first." in printed


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_it_says_what_was_not_looked_at(course: Course, number: signal.Signals) -> None:
    edit(course, ANSWER, "return", LONG)
    with course.start("autograder", "verify", "scaling", *QUICK) as running:
        assert running.stdout is not None
        assert any("3 known mistakes" in line for line in iter(running.stdout.readline, ""))
        running.send_signal(number)
        rest, _ = running.communicate(timeout=300)
    assert "Stopped. Not looked at: the changed solutions (test_standardise)." in rest
    assert running.returncode == INTERRUPTED


@pytest.mark.parametrize(
    ("args", "status", "said"),
    [
        ([], 2, "Which assignment? For example: autograder verify logistic_regression"),
        (["elsewhere"], 1, "source/elsewhere. The course has: scaling."),
    ],
)
def test_the_command_needs_an_assignment(
    course: Course, args: list[str], status: int, said: str
) -> None:
    assert said in course.autograder("verify", *args, status=status)
