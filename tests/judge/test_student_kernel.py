"""What comes back from a kernel, and what does not; what stops it, and what that costs."""

from __future__ import annotations

import contextlib
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output
from traitlets.config import Config

from autograder import Exercise, student
from autograder.checks.faults import StudentFault
from autograder.judge.budgets import Budgets
from autograder.judge.cells import STOPS
from autograder.judge.connection import Reply
from autograder.judge.execute import Execute
from autograder.judge.outputs import NO_TIME, TOO_OFTEN, tidy
from autograder.judge.stopwatch import Late
from autograder.judge.student_kernel import StudentKernel
from autograder.record.outcome import Outcome
from autograder.remote import endpoint, wire
from autograder.remote.endpoint import REPLY_MIMETYPE
from autograder.remote.wire import Limits
from autograder.sandbox.settings import Spent
from tests.support.course import Course
from tests.support.inprocess import answering
from tests.support.lesson import ASSIGNMENT
from tests.support.submissions import STOPPING

ONE = wire.encode(1.0)


class SpoiltKernel:
    """A kernel whose execute reply lacks the answer: the student's code broke the endpoint."""

    def __init__(self, expression: dict) -> None:
        self.expression = expression
        self.km = self.kc = self.iopub_channel = self

    def execute(self, code, **options):
        return "id"

    async def get_shell_msg(self, timeout):
        content = {"user_expressions": {"reply": self.expression}}
        return {"parent_header": {"msg_id": "id"}, "content": content}

    async def msg_ready(self):
        return False

    async def is_alive(self):
        return True


def student_kernel(expression: dict, test: float = 5.0) -> StudentKernel:
    return StudentKernel(SpoiltKernel(expression), Limits(), Budgets(5.0, 5.0, test, 3))


@pytest.mark.parametrize(
    "expression",
    [
        {"status": "error", "ename": "AttributeError", "evalue": "answer", "traceback": []},
        {"status": "ok", "data": {"text/plain": "'{}'"}, "metadata": {}},
        {},
    ],
    ids=["error", "other type", "empty"],
)
def test_a_kernel_without_a_readable_answer_is_the_students_fault(expression):
    with answering(student_kernel(expression)):
        exercise = Exercise("e")
        exercise.returns("gives one", student.f, expected=1.0)
    (check,) = exercise.results
    assert check.staff_note == ""
    assert check.outcome is Outcome.FAILED
    assert check.rationale == "`f`: The kernel gave no answer that could be read."


def test_a_kernels_answer_is_read():
    text = endpoint.Reply(wire.dumps({"status": "ok", "value": ONE}))
    expression = {"status": "ok", "data": text._repr_mimebundle_(), "metadata": {}}
    with answering(student_kernel(expression)):
        assert student.f.call() == 1.0


def test_calls_beyond_the_budget_of_the_cell_are_refused():
    kernel = student_kernel({}, test=-1.0)
    with answering(kernel):
        for _ in range(2):
            with pytest.raises(StudentFault) as caught:
                student.f.call()
    assert str(caught.value) == "The calls of this exercise computed for more than -1 s in all."
    assert caught.value.stop == "judge_timeout"
    assert kernel.stops == {"judge_timeout": 1}


class Line:
    """A connection to a kernel in which one function does not come back before it is stopped."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def ask(self, request: str, limits: object) -> Reply:
        message = wire.loads(request)
        self.asked.append(message["name"] + " again" * ("prepare" in message))
        content = {"user_expressions": {"reply": {"data": {REPLY_MIMETYPE: "{}"}}}}
        hangs = self.asked[-1] == "hangs"
        return Reply({"content": content}, ("call_timeout", Late.WAITED) if hangs else None)

    def give_up(self, sentences: object) -> None:
        pass


def test_cells_are_run_again_beside_the_calls_whenever_the_kernel_has_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In the place of a function that was stopped another one stands, in all copies."""
    line = Line()
    monkeypatch.setattr(StudentKernel, "_connection", line)
    kernel = student_kernel({})
    for name in ("f", "f", "hangs", "f"):
        request = {"name": name, "stubs": {"g": ["source", "abs"]}, "limits": {}}
        with contextlib.suppress(StudentFault):
            kernel.ask(f"`{name}`", wire.dumps(request))
    assert line.asked == ["f again", "f", "f", "hangs again", "hangs", "f again", "f"]


def test_what_no_notebook_can_hold_is_mended() -> None:
    """A kernel that writes its own messages can send it."""
    cell = new_code_cell(outputs=[new_output("stream", text="half: \ud800")])
    cell.execution_count = {"not": "a number"}
    tidy(cell)
    assert cell.outputs[0].text == "half: ?"
    nbformat.validate(new_notebook(cells=[cell]))
    cell.outputs = [{"bytes": b""}]
    tidy(cell)
    assert cell.outputs == []


# Student code that exits, crashes or hangs, graded by the real nbgrader program


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """All of them, graded by one run of the nbgrader program with short budgets."""
    course = Course.create(tmp_path_factory.mktemp("stopping") / "course")
    for name, make in STOPPING.items():
        course.submit(name, make(course))
    budgets = ("timeout=8", "call_timeout=4", "wall_factor=1", "iopub_timeout=2")
    course.nbgrader("autograde", ASSIGNMENT, *(f"--Execute.{budget}" for budget in budgets))
    return course


@pytest.mark.slow
@pytest.mark.parametrize(
    ("student", "faulty"),
    [
        ("exits_in_a_cell", "test_logistic_loss"),
        ("exits_in_a_call", "test_logistic_loss"),
        ("hangs_and_ignores_interrupts", "test_logistic_loss"),
        ("hangs_in_a_cell", "test_logistic_loss"),
        ("segfaults_in_a_call", "test_logistic_model"),
        ("hangs_in_a_call", "test_logistic_model"),
    ],
)
def test_earlier_and_later_parts_keep_their_marks(
    stopped: Course, student: str, faulty: str
) -> None:
    stopped.expect(student, **{faulty: 0})


@pytest.mark.slow
@pytest.mark.parametrize(
    ("student", "test", "words"),
    [
        ("exits_in_a_call", "test_logistic_loss", "ended the kernel"),
        ("segfaults_in_a_call", "test_logistic_model", "ended the kernel"),
        ("hangs_in_a_call", "test_logistic_model", "did not come back within 4 s"),
        ("hangs_and_ignores_interrupts", "test_logistic_loss", "did not come back within 4 s"),
    ],
)
def test_the_report_tells_why(stopped: Course, student: str, test: str, words: str) -> None:
    assert words in stopped.reports(student)[test].checks[0].rationale


@pytest.mark.slow
@pytest.mark.parametrize(
    ("student", "words"),
    [
        ("exits_in_a_cell", "This cell ended the kernel"),
        ("hangs_in_a_cell", "This cell was stopped: it did not come back within 8 s"),
    ],
)
def test_the_cell_tells_why(stopped: Course, student: str, words: str) -> None:
    cell = stopped.autograded_cell(student, "logistic_loss")
    assert words in cell.outputs[-1].evalue


@pytest.mark.slow
def test_a_judged_cell_shows_what_the_judge_said(stopped: Course) -> None:
    assert stopped.automatic("forges_by_display_id")["test_logistic_model"] == 0


@pytest.mark.slow
def test_a_kernel_is_not_replaced_for_ever(stopped: Course) -> None:
    assert set(stopped.automatic("exits_again_and_again").values()) == {0}
    report = stopped.reports("exits_again_and_again")["test_logistic_model"]
    assert report.checks[0].rationale == TOO_OFTEN
    assert not report.needs_review


@pytest.mark.slow
@pytest.mark.parametrize(
    ("student", "stops"),
    [
        ("exits_in_a_call", {"ended": 1}),
        ("hangs_in_a_call", {"call_timeout": 1}),
        ("hangs_in_a_cell", {"timeout": 1}),
        ("hangs_and_ignores_interrupts", {"call_timeout": 1}),
    ],
)
def test_what_stops_a_call_costs_its_time_once(
    stopped: Course, student: str, stops: dict[str, int]
) -> None:
    """The lesson calls the functions as well: they raise there, and do not hang again."""
    assert stopped.autograded(student).metadata[STOPS] == stops


@pytest.mark.slow
@pytest.mark.parametrize(
    ("limit", "clock"), [("cpu", "process_time"), ("wall", "monotonic")], ids=["cpu", "wall"]
)
def test_time_is_counted_over_all_kernels(tmp_path: Path, limit: str, clock: str) -> None:
    spend = f"import os, time\nend = time.{clock}() + 1.5\nwhile time.{clock}() < end: pass\n"
    notebook = new_notebook(cells=[new_code_cell(spend + "os._exit(1)") for _ in range(4)])
    execute = Execute(config=Config({"Sandbox": {limit: 4.0}}))
    execute.preprocess(notebook, {"metadata": {"path": str(tmp_path)}})
    said = [cell.outputs[-1].evalue for cell in notebook.cells]
    assert "exited or crashed" in said[0]
    assert said[-1] == NO_TIME
    assert notebook.metadata[STOPS][limit] == 1


@pytest.mark.slow
def test_time_may_be_over_while_nothing_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it is looked for what ended a kernel, the next one is left alone for a moment."""
    monkeypatch.setattr("autograder.judge.student_kernel.IDLE", 600.0)
    notebook = new_notebook(cells=[new_code_cell("import os; os._exit(1)"), new_code_cell("1")])
    execute = Execute(config=Config({"Sandbox": {"wall": 4.0}}))
    execute.preprocess(notebook, {"metadata": {"path": str(tmp_path)}})
    assert notebook.cells[-1].outputs[-1].evalue == NO_TIME
    assert notebook.metadata[STOPS] == {"ended": 1, "wall": 1}


@pytest.mark.slow
def test_a_kernel_may_have_too_little_time_left_to_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spent = property(lambda kernel: Spent(wall=1e9 if kernel._replacements else 0.0))
    monkeypatch.setattr(StudentKernel, "spent", spent)
    notebook = new_notebook(cells=[new_code_cell("import os; os._exit(1)"), new_code_cell("1")])
    Execute().preprocess(notebook, {"metadata": {"path": str(tmp_path)}})
    assert [cell.outputs[-1].evalue for cell in notebook.cells] == [
        "This cell ended the kernel: it exited or crashed.",
        NO_TIME,
    ]
    assert notebook.metadata[STOPS] == {"ended": 1, "wall": 1}
