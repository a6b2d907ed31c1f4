"""Not attempted means untouched: what a student wrote is failed with its own error and line.

One class, graded by both of the real programs.
"""

from __future__ import annotations

import datetime as dt
import json
import shutil

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from nbgrader.api import Gradebook
from nbgrader.coursedir import CourseDirectory

from autograder.judge.cells import grade_id, report_in
from autograder.judge.untouched import is_touched
from autograder.judge.written import DRIVE, lines
from autograder.record.outcome import Outcome
from autograder.record.report import CheckResult
from autograder.reports.results import gather
from tests.support.course import Course
from tests.support.lesson import ROOT

NAME = "names"
RELEASED = "def standardise(x):\n    # YOUR CODE HERE\n    raise NotImplementedError()"
RIGHT = "def standardise(x):\n    return x + 2.0"
PLACEHOLDER = "# YOUR CODE HERE\nraise NotImplementedError()\n"
TEST = """
from autograder import Exercise, student
exercise = Exercise("{0}")
exercise.returns("gives {1}", student.{0}, 1.0, expected={1})
exercise.report()
"""
LESSON = "It begins like this:\n\n    def standardise(x):\n"
"""What the author writes is nobody's attempt."""
DEEPER = RIGHT.replace("\n", "\n    ")
STOPPED = "`standardise` is not there: its cell stopped with "
NOTHING = "`standardise` is not defined yet. Has its cell been run without an error?"

UNTOUCHED = {
    "untouched": RELEASED,
    "commented on": f"# my notes\n{RELEASED}\n# more of them",
    "emptied": "",
}
WRITTEN = {
    "a colon": ("def standardise(x)\n    return x", f"{STOPPED}SyntaxError: expected ':' (line 1)."
        "\nAt: def standardise(x)"),
    "tabs": ("def standardise(x):\n    y = x\n\treturn y", f"{STOPPED}TabError: inconsistent use "
        "of tabs and spaces in indentation (line 3).\nAt: return y"),
    "quotes": ("def standardise(x, how=“mean”):\n    return x", f"{STOPPED}SyntaxError: invalid "
        "character '“' (U+201C) (line 1).\nAt: def standardise(x, how=“mean”):"),
    "merged": (f"<<<<<<< HEAD\n{RIGHT}", f"{STOPPED}SyntaxError: invalid syntax (line 1)."
        "\nAt: <<<<<<< HEAD"),
    "colab": (f"from google.colab import drive\n{RIGHT}", f"{STOPPED}ModuleNotFoundError: No "
        "module named 'google'.\nAt: from google.colab import drive"),
    "a magic": (f"%load_ext nosuch\n{RIGHT}", f"{STOPPED}ModuleNotFoundError: No module named "
        "'nosuch'.\nAt: %load_ext nosuch"),
    "no magic": (f"%nosuch\n{RIGHT}", f"{STOPPED}UsageError: Line magic function `%nosuch` not "
        "found."),
    "an error before": (f"1 / 0\n{RIGHT}", f"{STOPPED}ZeroDivisionError: division by zero."
        "\nAt: 1 / 0"),
    "exit before": (f"exit()\n{RIGHT}", f"{STOPPED}SystemExit: `exit()` and `quit()` end the whole "
        "notebook, so the rest of this cell was not run. A notebook needs neither: leave the line "
        "out."),
    "misspelt": (RIGHT.replace("ise", "ize"), "There is a `standardize`; `standardise` is asked "
        "for."),
    "capital": (RIGHT.replace("st", "St"), "There is a `Standardise`; `standardise` is asked for."),
    "another name": (RIGHT.replace("standardise", "f"), "The cell for `standardise` was changed, "
        "and does not define it. Is the name spelt as it is asked for?"),
    "in a class": (f"class Answer:\n    {DEEPER}", "`standardise` is defined "
        "inside `class Answer`, where nothing outside finds it. Begin its line at the left "
        "margin."),
    "in a function": (f"def f():\n    {DEEPER}", "`standardise` "
        "is defined inside `def f`, where nothing outside finds it. Begin its line at the left "
        "margin."),
    "under an if": (f"if __name__ == 'main':\n    {DEEPER}",
        "`standardise` is defined under `if __name__ == 'main'`, which did not hold. Take that "
        "line out, and begin the definition at the left margin."),
    "deleted": (f"{RIGHT}\ndel standardise", "`standardise` was deleted again, by `del "
        "standardise`."),
    "commented out": (RIGHT.replace("def", "# def").replace("  return", "# return"),
        "`standardise` stands in a comment or in a text only, which Python does not run."),
    "a text": (f"'''\n{RIGHT}\n'''", "`standardise` stands in a comment or in a text only, which "
        "Python does not run."),
    "the line above": (RELEASED + "\n    return x + 2.0", "`standardise` was written, and still "
        "has the line `raise NotImplementedError()`, which stops it there. Take that line out."),
    "the line before": (PLACEHOLDER + RIGHT, "The cell of `standardise` still has the line `raise "
        "NotImplementedError()`, which stops it before `standardise` is there. Take that line "
        "out."),
    "a number": (RIGHT + "\nstandardise = 3.0", "`standardise` raised TypeError: 'float' object is "
        "not callable"),
    "an assert": ("def standardise(x):\n    assert x > 5\n    return x", "`standardise` raised "
        "AssertionError, without a message.\nIn `standardise`, at: assert x > 5"),
    "stopped": (f"while True: pass\n{RIGHT}", "`standardise` is not there. Its cell was stopped: "
        "it computed for more than 1 s."),
    "ended": (f"import os; os._exit(1)\n{RIGHT}", "`standardise` is not there. Its cell ended the "
        "kernel: it exited or crashed."),
}  # fmt: skip
RIGHT_ALL_THE_SAME = {
    "right": RIGHT,
    "indented": f"    {DEEPER}",
    "under the usual if": f"if __name__ == '__main__':\n    {DEEPER}",
    "an error after": f"{RIGHT}\n1 / 0",
    "exit after": f"{RIGHT}\nexit()",
    "the line after": f"{RIGHT}\n{PLACEHOLDER}",
    "the line below": f"{RIGHT}\n    raise NotImplementedError()",
}
ANSWERS = {**UNTOUCHED, **{name: one for name, (one, _) in WRITTEN.items()}, **RIGHT_ALL_THE_SAME}
STUDENTS = {name: f"s{number:02}" for number, name in enumerate(ANSWERS)}


def marks(name: str, **changes: object) -> dict[str, object]:
    plain = {"grade": False, "grade_id": name, "locked": False, "schema_version": 3}
    return {"nbgrader": {**plain, "solution": True, "task": False, **changes}}


def exercise(name: str, body: str, expected: float) -> list[NotebookNode]:
    solution = f"def {name}(x):\n    ### BEGIN SOLUTION\n    {body}\n    ### END SOLUTION"
    test = {"grade": True, "locked": True, "solution": False, "points": 2}
    return [
        new_code_cell(solution, metadata=marks(name)),
        new_code_cell(TEST.format(name, expected), metadata=marks(f"test_{name}", **test)),
    ]


@pytest.fixture(scope="module", params=["nbgrader", "autograder"])
def graded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Course:
    course = Course(tmp_path_factory.mktemp("course") / "names")
    source = course.root / "source" / NAME
    source.mkdir(parents=True)
    config = (ROOT / "nbgrader_config.py").read_text()
    config = config.replace("c.Execute.timeout = 60", "c.Execute.timeout = 1")
    (course.root / "nbgrader_config.py").write_text(config)
    cells = [*exercise("standardise", "return x + 2.0", 3.0), *exercise("other", "return x", 1.0)]
    cells.insert(0, new_markdown_cell(LESSON))
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    nbformat.write(new_notebook(cells=cells, metadata=kernel), source / f"{NAME}.ipynb")
    course.nbgrader("generate_assignment", NAME)
    for name, answer in ANSWERS.items():
        hand_in(course, STUDENTS[name], answer)
    hand_in(course, "text", RIGHT, as_text=True)
    if request.param == "nbgrader":
        course.nbgrader("autograde", NAME)
    else:
        course.autograder("grade", NAME)
    return course


def hand_in(course: Course, student: str, answer: str, *, as_text: bool = False) -> None:
    folder = course.root / "submitted" / student / NAME
    shutil.copytree(course.root / "release" / NAME, folder)
    path = folder / f"{NAME}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    for place, cell in enumerate(notebook.cells):
        if grade_id(cell) == "standardise":
            cell.source = answer
            if as_text:  # and without its labels, so that nobody makes a code cell of it again
                notebook.cells[place] = new_markdown_cell(answer)
        elif grade_id(cell) == "other":
            cell.source = "def other(x):\n    return x"
    nbformat.write(notebook, path)
    when = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)
    (folder / "timestamp.txt").write_text(when.isoformat())


def autograded(course: Course, student: str) -> NotebookNode:
    path = course.root / "autograded" / student / NAME / f"{NAME}.ipynb"
    return nbformat.read(path, as_version=4)


def found(course: Course, student: str) -> CheckResult:
    """What the check of `standardise` found; that of `other` always passes."""
    reports = [report for cell in autograded(course, student).cells if (report := report_in(cell))]
    first, other = (check for report in reports for check in report.checks)
    assert other.outcome is Outcome.PASSED
    return first


@pytest.mark.slow
class TestGraded:
    @pytest.mark.parametrize("name", UNTOUCHED)
    def test_what_nobody_wrote_is_not_attempted(self, graded: Course, name: str) -> None:
        assert found(graded, STUDENTS[name]).outcome is Outcome.NOT_ATTEMPTED

    @pytest.mark.parametrize("name", WRITTEN)
    def test_what_was_written_failed_with_its_own_error(self, graded: Course, name: str) -> None:
        check = found(graded, STUDENTS[name])
        assert (check.outcome, check.rationale) == (Outcome.FAILED, WRITTEN[name][1])

    @pytest.mark.parametrize("name", RIGHT_ALL_THE_SAME)
    def test_what_is_right_is_right(self, graded: Course, name: str) -> None:
        assert found(graded, STUDENTS[name]).outcome is Outcome.PASSED

    def test_a_text_cell_is_told_from_code(self, graded: Course) -> None:
        assert found(graded, "text").rationale == (
            "`standardise` is written in a text cell, which does not run. Make a code cell of it."
        )

    def test_hints_fit(self, graded: Course) -> None:
        assert found(graded, STUDENTS["colab"]).hints == (DRIVE,)
        assert found(graded, STUDENTS["stopped"]).stop == "timeout"

    def test_no_temporary_file_is_named(self, graded: Course) -> None:
        for student in STUDENTS.values():
            text = json.dumps(autograded(graded, student))
            assert "ipykernel_" not in text
            assert ".py, line" not in text

    def test_the_class_report_counts_them_so(self, graded: Course) -> None:
        with Gradebook(f"sqlite:///{graded.root / 'gradebook.db'}") as gradebook:
            results = gather(gradebook, CourseDirectory(root=str(graded.root)), NAME)
        missed = [part.not_attempted for s in results.submissions for part in s.parts]
        assert sum(missed) == len(UNTOUCHED)


@pytest.mark.parametrize(
    ("source", "touched"),
    [
        (RELEASED, False),
        ("# YOUR CODE HERE\n\n" + RELEASED + "\n", False),
        ("", False),
        (" \n", False),
        (RIGHT, True),
        (RELEASED + "\nx = 1", True),
        ("# " + RIGHT, True),
    ],
)
def test_comments_are_no_attempt(source: str, touched: bool) -> None:
    assert is_touched(source, RELEASED) is touched


def test_names_are_read_line_by_line() -> None:
    source = (
        "class A:\n  def f(self):\n    x = 1\n  y: int = 2\nasync def g(): return\n\nz == 3\nw=4"
    )
    read = [(line.name, line.outer) for line in lines(source)]
    assert read == [
        ("A", ""), ("f", "class A"), ("x", "def f"), ("y", "class A"), ("g", ""), ("w", ""),
    ]  # fmt: skip
