"""Questions to a student's functions, answered in the same process."""

from __future__ import annotations

import json
import sys
from types import ModuleType

import numpy as np
import pytest

from autograder.checks.student import NotAttempted, StudentFault, student
from autograder.record.outcome import Outcome
from autograder.remote import endpoint, wire
from autograder.remote.wire import Limits
from tests.support.checking import fault
from tests.support.inprocess import notebook, run_notebook

# Calls


@pytest.mark.parametrize(
    "source",
    [
        "def f(x): return 2 * x",
        "f = lambda x: 2 * x",
        "import jax\nf = jax.jit(lambda x: 2 * x)",
        "import jax\nf = jax.vmap(lambda x: 2 * x)",
        "class Double:\n    def __call__(self, x): return 2 * x\nf = Double()",
        "import functools, operator\nf = functools.partial(operator.mul, 2)",
    ],
)
def test_any_callable_will_do(source):
    with notebook(source):
        assert student.f.call(np.ones(2)).tolist() == [2.0, 2.0]


# Errors


def test_error_with_the_last_line_of_the_students_own():
    caught = fault(
        """
        import json
        def helper(text):
            return json.loads(text)
        def f(x):
            return helper("{")
        """,
        1.0,
    )
    assert type(caught) is StudentFault
    assert caught.outcome is Outcome.FAILED
    assert str(caught) == (
        "`f` raised JSONDecodeError: Expecting property name enclosed in double quotes: "
        "line 1 column 2 (char 1)\nIn `helper`, at: return json.loads(text)"
    )


def test_error_before_any_line_of_the_students_own():
    assert str(fault("f = 5", 1.0)) == "`f` raised TypeError: 'int' object is not callable"
    assert str(fault("def f(): pass", 1.0)) == (
        "`f` raised TypeError: f() takes 0 positional arguments but 1 was given"
    )


@pytest.mark.parametrize(
    "name", ["SystemExit", "KeyboardInterrupt", "StopIteration", "RecursionError"]
)
def test_errors_that_could_stop_a_judge_are_the_functions_own(name):
    caught = fault(f"def f():\n    raise {name}('bye')")
    assert str(caught) == f"`f` raised {name}: bye\nIn `f`, at: raise {name}('bye')"


def test_endless_recursion():
    assert "`f` raised RecursionError: maximum recursion depth" in str(fault("def f():\n    f()"))


@pytest.mark.parametrize(
    "error",
    [
        "class E(Exception):\n    def __str__(self): raise ValueError('again')",
        "class E(Exception):\n    def __str__(self): return None",
        "class E(BaseException): pass",
        "from asyncio import CancelledError as E",
        "E = GeneratorExit",
    ],
)
def test_odd_exceptions_are_the_students_fault_too(error):
    caught = fault(f"{error}\ndef f():\n    raise E()")
    assert str(caught).startswith("`f` raised ")


# Answers that cannot be sent


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("object()", "The value is of type object"),
        ("lambda: 0", "The value is of type function"),
        ("{1.5: 0}", "The value is a dict with keys of type float"),
        ("__import__('numpy').array([object()])", "The value is an array of dtype object"),
        ("[{'a': {1, 2}}]", "The value at [0]['a'] is of type set"),
    ],
)
def test_unsendable(answer, said):
    caught = fault(f"def f():\n    return {answer}")
    assert type(caught) is StudentFault
    assert str(caught) == (f"`f`: {said}; {wire.ACCEPTED}")


@pytest.mark.parametrize(
    ("answer", "limits", "said"),
    [
        ("[0.0] * 20", Limits(max_items=10), "The value has more than 10 parts."),
        ("[[[[]]]]", Limits(max_depth=2), "The value is nested more than 2 levels deep."),
        ("'x' * 2**21", Limits(max_bytes=1 << 20), "The value is larger than 1 MiB."),
        (
            "__import__('numpy').zeros(2**18)",
            Limits(max_bytes=1 << 20),
            "The value is larger than 1 MiB.",
        ),
    ],
)
def test_too_large(answer, limits, said):
    assert said in str(fault(f"def f():\n    return {answer}", limits=limits))


# Parts as arguments


def test_a_part_as_argument_is_the_students_own_object():
    with notebook("def g(x): return x + 1\ndef f(h, x): return h is g, h(x)"):
        assert student.f.call(student.g, 1.0) == (True, 2.0)
        assert student.f.call(x=1.0, h=student.g) == (True, 2.0)


@pytest.mark.parametrize(
    "call", [lambda: student.f.call(student.model), lambda: student.f.call(h=student.model)]
)
def test_a_part_as_argument_that_is_not_defined_was_not_attempted(call):
    """It is no KeyError of the function that would have received it."""
    with notebook("def f(h=None): return 0.0"), pytest.raises(NotAttempted) as caught:
        call()
    assert (
        str(caught.value) == "`model` is not defined yet. Has its cell been run without an error?"
    )


# Names that stand for functions of the judge's

SEVEN, TIMES_SEVEN = ["source", "lambda x: x + 7"], "def g(x): return 7 * x"
CALLS_G = "def f(x): return 10 * g(x)"
STATUS = {
    "the stub, which a function calls": ([TIMES_SEVEN, CALLS_G], "ok", False, ""),
    "a function that was there already": (["def f(x): return 80 * x"], "ok", False, ""),
    "a function that comes to be only with the stub": (
        ["def g(x): return 1 / 0", "n = g(1)\ndef f(x): return 80 * x"],
        "ok",
        True,
        "",
    ),
    "the stub under a name that was never bound": (["def f(x): return 10 * g(x)"], "ok", False, ""),
    "a cell that raises only with the stub": (
        [TIMES_SEVEN, "f = {7: 1}[int(g(1))]"],
        "missing",
        False,
        "KeyError",
    ),
    "a cell that raises either way": (
        ["def g(x): return 1 / 0", "n = g(1)\nf = 1 / 0"],
        "missing",
        True,
        "",
    ),
    "nothing that would make it": ([TIMES_SEVEN], "missing", True, ""),
    "a name it needs that came to nothing": (
        [TIMES_SEVEN, "n = {7: 1}[int(g(1))]", "def f(x): return n"],
        "raised",
        False,
        "KeyError",
    ),
    "a function that raises by itself": (["def f(x): return 1 / 0"], "raised", False, ""),
    "an answer that cannot be sent": (["def f(x): return g"], "unsendable", False, ""),
    "a cell that says exit": (
        [TIMES_SEVEN, "import sys", "f = {7: 1}.get(int(g(1))) or sys.exit('bye')"],
        "missing",
        False,
        "SystemExit",
    ),
}


def reply_to(cells, **request):
    namespace = run_notebook(*cells, "pass")
    before = dict(namespace)
    asked = {"name": "f", "args": [wire.encode(1.0)], "kwargs": {}, "limits": {}, **request}
    reply = json.loads(endpoint.answer(json.dumps(asked), namespace))
    assert namespace == before
    return reply


@pytest.mark.parametrize("case", STATUS)
def test_a_question_with_stubs(case):
    cells, status, restored, again = STATUS[case]
    reply = reply_to(cells, stubs={"g": SEVEN})
    assert (reply["status"], reply["restored"]) == (status, restored)
    assert reply.get("again", {}).get("ename", "") == again
    if status == "ok":
        assert wire.decode(reply["value"]) == 80.0


def test_without_stubs_a_question_is_put_to_the_notebook_as_it_is():
    for stubs in ({}, {"stubs": {}}):
        reply = reply_to([TIMES_SEVEN, CALLS_G], **stubs)
        assert reply == {"status": "ok", "value": wire.encode(70.0)}


def test_the_place_of_an_error_in_a_cell_that_was_run_again_is_told():
    cells = ["def g(x): return 7 * x\ndef made(x):\n    return {7: 1}[x]", "f = made(int(g(1)))"]
    assert reply_to(cells, stubs={"g": SEVEN})["again"] == {
        "ename": "KeyError",
        "kinds": ["KeyError", "LookupError", "Exception", "BaseException"],
        "evalue": "8",
        "function": "made",
        "line": "return {7: 1}[x]",
    }


def test_a_value_is_made_with_stubs_too():
    request = {"name": "n", "limits": {}, "stubs": {"g": SEVEN}}
    namespace = run_notebook(TIMES_SEVEN, "n = g(1.0)")
    reply = json.loads(endpoint.answer(json.dumps(request), namespace))
    assert wire.decode(reply["value"]) == 8.0
    assert namespace["n"] == 7.0


def test_a_function_goes_through_another_with_stubs_as_well():
    reply = reply_to(
        ["def g(x): return 7 * x", "def f(x): return 10 * g(x)"],
        stubs={"g": ["source", "lambda x: x**2"]},
        steps=[["through", "jax.grad"]],
    )
    assert float(wire.decode(reply["value"])) == 20.0


def test_an_interrupt_while_cells_are_run_again_is_an_answer():
    """The judge has lost patience with a cell; the notebook is as it was."""
    cells = [
        "def stop(): raise KeyboardInterrupt('stop')",
        "def g(x): return 7 * x",
        "f = {7: len}.get(int(g(1))) or stop()",
    ]
    reply = reply_to(cells, stubs={"g": SEVEN})
    assert (reply["status"], reply["ename"], reply["function"]) == (
        "raised",
        "KeyboardInterrupt",
        "stop",
    )


# What the judge asks of a kernel


def test_a_reply_goes_through_ipython_as_it_is():
    reply = endpoint.answer('{"name": "absent", "limits": {}}', {})
    assert reply._repr_mimebundle_() == {
        endpoint.REPLY_MIMETYPE: '{"status":"missing","name":"absent"}'
    }


@pytest.fixture
def main(monkeypatch):
    """The notebook of a kernel; whatever is given up in it is forgotten after the test."""
    module = ModuleType("__main__")
    module.__dict__.update(run_notebook("def f(): return 1.0", "def g(): return f()"))
    monkeypatch.setitem(sys.modules, "__main__", module)
    monkeypatch.setattr(endpoint, "_given_up", {})
    return module


def test_functions_that_are_given_up_raise_at_once(main):
    main.h = lambda: 1.0
    endpoint.give_up({"f": "`f` did not come back.", "absent": "Nor did `absent`."})
    with pytest.raises(TimeoutError, match=r"^`f` did not come back\.$"):
        main.f(1, x=2)
    with pytest.raises(TimeoutError, match=r"^Nor did `absent`\.$"):
        main.absent()
    assert main.h() == 1.0


@pytest.mark.parametrize("asked_before", [False, True])
def test_functions_that_are_given_up_are_so_where_cells_are_run_again(main, asked_before):
    """Their own cells would bring them back; a copy that was made before has them still."""
    request = {"name": "g", "args": [], "kwargs": {}, "limits": {}, "stubs": {"other": SEVEN}}
    if asked_before:
        assert json.loads(endpoint.answer(json.dumps(request)))["status"] == "ok"
    endpoint.give_up({"f": "`f` did not come back."})
    reply = json.loads(endpoint.answer(json.dumps(request)))
    assert (reply["ename"], reply["evalue"]) == ("TimeoutError", "`f` did not come back.")
