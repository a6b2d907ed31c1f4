"""What comes back from a kernel, and what does not."""

from __future__ import annotations

import pytest

from autograder import Exercise, student
from autograder.checks.faults import StudentFault
from autograder.judge.student_kernel import Budgets, StudentKernel
from autograder.record.outcome import Outcome
from autograder.remote import endpoint, wire
from autograder.remote.wire import Limits
from tests.support.inprocess import answering

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
        assert student.f() == 1.0


def test_calls_beyond_the_budget_of_the_cell_are_refused():
    kernel = student_kernel({}, test=-1.0)
    with answering(kernel):
        for _ in range(2):
            with pytest.raises(StudentFault) as caught:
                student.f()
    assert str(caught.value) == "The calls of this exercise took more than -1 s in all."
    assert caught.value.stop == "judge_timeout"
    assert kernel.stops == {"judge_timeout": 1}
