"""Who is said to have been stopped: whoever was, and nobody for what their own words say."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook, new_output

from autograder.judge.budgets import Budgets
from autograder.judge.cells import STOP
from autograder.judge.student_kernel import StudentKernel
from autograder.judge.testcell import grade_cell
from autograder.record.outcome import Outcome
from autograder.record.report import CheckResult, Report
from autograder.remote.wire import Limits
from autograder.reports.class_report import class_report, files, stopped
from autograder.reports.results import GradedCell, Problem, Results, Submission, problems_of

OWN_WORDS = {
    "a class of the student's": ("CellTimeoutError", "This cell was stopped: it ran for 60 s."),
    "a dead kernel of the student's": ("DeadKernelError", "This cell ended the kernel."),
    "the judge's words": ("ValueError", "`f` did not come back within 10 s and was stopped."),
    "a function that gave up": ("TimeoutError", "`f` did not come back within 10 s."),
}


class Notebook:
    """nbclient with a kernel that answers each cell as it is told to."""

    km = kc = None
    log = SimpleNamespace(warning=lambda *_, **__: None)

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def execute_cell(self, cell: NotebookNode, index: int, **_: object) -> None:
        if isinstance(self.answer, Exception):
            raise self.answer
        cell.outputs = [self.answer]


def kernel(answer: Any = None, test: float = 120.0) -> StudentKernel:
    return StudentKernel(Notebook(answer), Limits(), Budgets(60.0, 10.0, test, 0))


def submission(*reports: Report, problems: tuple[Problem, ...] = ()) -> Submission:
    parts = tuple(
        GradedCell("n", f"test_{n}", 0.0, 1.0, False, report) for n, report in enumerate(reports)
    )
    return Submission("ada", "", "", "", "", 0.0, 0.0, "", 0.0, parts, problems, "")


def told(*cells: NotebookNode) -> list[str]:
    """What the class report says of a submission of these cells."""
    return list(stopped(submission(problems=tuple(problems_of(new_notebook(cells=list(cells)))))))


@pytest.mark.parametrize(("name", "said"), OWN_WORDS.values(), ids=OWN_WORDS)
def test_an_error_of_the_students_own_is_no_stop(name: str, said: str) -> None:
    judge, cell = kernel(new_output("error", ename=name, evalue=said)), new_code_cell("f()")
    judge.run(cell, 0)
    (problem,) = problems_of(new_notebook(cells=[cell]))
    assert (problem.said, problem.stop) == (f"{name}: {said}", "")
    assert told(cell) == []
    assert not judge.stops


@pytest.mark.parametrize(
    ("error", "limit"),
    [(CellTimeoutError("late"), "timeout"), (DeadKernelError("gone"), "ended")],
    ids=["late", "gone"],
)
def test_a_cell_that_was_stopped_is_told(error: Exception, limit: str) -> None:
    judge, cell = kernel(error), new_code_cell("while True: ...")
    judge.run(cell, 0)
    assert cell.metadata[STOP] == limit
    assert told(cell) == ["while True: ..."]
    assert judge.stops[limit] == 1


def test_cells_that_were_not_run_any_more_were_not_stopped() -> None:
    judge = kernel(DeadKernelError("gone"))
    guilty, later = new_code_cell("guilty"), new_code_cell("later")
    judge.run(guilty, 0)
    judge.run(later, 1)
    assert "This was not run" in later.outputs[0].evalue
    assert told(guilty, later) == ["guilty"]


@pytest.mark.parametrize(
    "source",
    [
        "from autograder import Exercise, student\n"
        "e = Exercise('loss')\ne.returns('is one', student.f, expected=1.0)",
        "from autograder import student\nstudent.f.call()",
    ],
    ids=["in a check", "outside a check"],
)
def test_a_test_cell_that_used_up_its_time_is_told(source: str, tmp_path: Any) -> None:
    report = grade_cell(
        source,
        "loss",
        1.0,
        connection=kernel(test=-1.0),
        solution=lambda name: None,
        directory=tmp_path,
        seed=1,
    )
    assert [check.stop for check in report.checks] == ["judge_timeout"]
    assert list(stopped(submission(Report.from_json(report.to_json())))) == ["loss"]


def test_a_check_is_told_by_its_stop_and_not_by_its_words() -> None:
    words = "`f` was stopped: it used more than 2 GB of memory."
    by_words = Report("words", (CheckResult("c", Outcome.FAILED, rationale=words),), 1.0)
    by_fact = Report("fact", (CheckResult("c", Outcome.FAILED, stop="memory"),), 1.0)
    assert list(stopped(submission(by_words, by_fact))) == ["fact"]


def test_an_anonymous_report_tells_no_line_of_a_students() -> None:
    own = Problem("Ann's idea", "CellTimeoutError: late", "timeout", named=False)
    named = Problem("loss", "CellTimeoutError: late", "timeout", named=True)
    results = Results("one", 1.0, (submission(problems=(own, named)),), ())
    everything = class_report(results)
    assert everything.students[0].stopped == ("Ann's idea", "loss")
    anonymous = class_report(results, anonymous=True)
    assert anonymous.students[0].stopped == ("a cell", "loss")
    assert not any("Ann" in text for text in files(anonymous).values())
