"""Questions to a student's functions, answered in the same process."""

from __future__ import annotations

import sys
from types import ModuleType

import numpy as np
import pytest

from autograder.checks.student import NotAttempted, StudentFault, given, student
from autograder.record.outcome import Outcome
from autograder.remote import endpoint
from autograder.remote.wire import Limits
from tests.support.checking import fault
from tests.support.inprocess import notebook

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
        assert student.f(np.ones(2)).tolist() == [2.0, 2.0]


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
        ("object()", "of type object"),
        ("lambda: 0", "of type function"),
        ("{1.5: 0}", "a dict with keys of type float"),
        ("__import__('numpy').array([object()])", "an array of dtype object"),
        ("[{'a': {1, 2}}]", "of type set"),
    ],
)
def test_unsendable(answer, said):
    caught = fault(f"def f():\n    return {answer}")
    assert type(caught) is StudentFault
    assert str(caught) == (
        f"`f`: The value is {said}; expected numbers, arrays, or lists, tuples and dicts of these."
    )


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


# Names bound for a call, and parts as arguments

CHAIN = """
    calls = []
    def model(x):
        raise NotImplementedError()
    def f(x):
        return 10 * model(x)
"""


def test_using_binds_a_name_for_one_call():
    with notebook(CHAIN) as connection:
        replaced = student.f.using(model=given("lambda x: x + 1"))
        assert replaced(1.0) == 20.0
        with pytest.raises(NotAttempted):
            student.f(1.0)
        assert connection.namespace["model"].__name__ == "model"


def test_using_does_not_change_the_part_and_adds_up():
    with notebook("def f(): return a + b"):
        part = student.f
        both = part.using(a=1).using(b=2)
        assert both() == 3
        assert both.using(a=5)() == 7
        assert "NameError" in str(fault("def f(): return a"))


def test_a_name_bound_for_a_call_is_gone_after_an_error():
    with notebook("def f(): return 1 / a") as connection:
        with pytest.raises(StudentFault, match="ZeroDivisionError"):
            student.f.using(a=0)()
        assert "a" not in connection.namespace


def test_using_another_part_of_the_students():
    with notebook(CHAIN + "    def other(x):\n        return -x\n"):
        assert student.f.using(model=student.other)(2.0) == -20.0


def test_a_part_as_argument_is_the_students_own_object():
    with notebook("def g(x): return x + 1\ndef f(h, x): return h is g, h(x)"):
        assert student.f(student.g, 1.0) == (True, 2.0)
        assert student.f(x=1.0, h=student.g) == (True, 2.0)


@pytest.mark.parametrize("use", ["argument", "override"])
def test_a_part_as_argument_that_is_not_defined_was_not_attempted(use):
    """It is no KeyError of the function that would have received it."""
    call = {
        "argument": lambda: student.f(student.model),
        "override": lambda: student.f.using(h=student.model)(),
    }[use]
    with notebook("def f(h=None): return 0.0"), pytest.raises(StudentFault) as caught:
        call()
    assert "KeyError" not in str(caught.value)
    assert "`model`" in str(caught.value)
    assert caught.value.outcome is Outcome.NOT_ATTEMPTED


# What the judge asks of a kernel


def test_a_reply_goes_through_ipython_as_it_is():
    reply = endpoint.answer('{"name": "absent", "limits": {}}', {})
    assert reply._repr_mimebundle_() == {
        endpoint.REPLY_MIMETYPE: '{"status":"missing","name":"absent"}'
    }


def test_functions_that_are_given_up_raise_at_once(monkeypatch):
    main = ModuleType("__main__")
    main.f = main.g = lambda: 1.0
    monkeypatch.setitem(sys.modules, "__main__", main)
    endpoint.give_up({"f": "`f` did not come back.", "absent": "Nor did `absent`."})
    with pytest.raises(TimeoutError, match=r"^`f` did not come back\.$"):
        main.f(1, x=2)
    with pytest.raises(TimeoutError, match=r"^Nor did `absent`\.$"):
        main.absent()
    assert main.g() == 1.0
