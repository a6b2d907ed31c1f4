"""Questions to a student's functions, in the same process: every answer, every excuse."""

from __future__ import annotations

import json
import sys

import jax.numpy as jnp
import numpy as np
import pytest

from autograder.checks.context import Context, LiveNotebook, current
from autograder.checks.exercise import ChecksNotPassed, Exercise
from autograder.checks.reference import reference
from autograder.checks.student import MAX_EVALUE, NotAttempted, Part, StudentFault, given, student
from autograder.record.outcome import Outcome
from autograder.remote import given as given_module
from autograder.remote import wire
from autograder.remote.wire import Limits
from tests.support.inprocess import UNCHANGED, Says, answering, notebook, run_notebook


def fault(
    source: str, *args, name: str = "f", limits: Limits = UNCHANGED, **kwargs
) -> StudentFault:
    with notebook(source, limits), pytest.raises(StudentFault) as caught:
        getattr(student, name)(*args, **kwargs)
    return caught.value


# Calls


def test_arrays_go_in_as_jax_and_come_back_as_numpy():
    source = """
        import jax
        def f(x):
            assert isinstance(x, jax.Array), type(x)
            return 2 * x
    """
    with notebook(source):
        answer = student.f(np.array([1.0, 2.0]))
    assert isinstance(answer, np.ndarray)
    assert answer.tolist() == [2.0, 4.0]


def test_calls_run_in_float64_and_only_calls_do():
    source = """
        import jax.numpy as jnp
        before = jnp.ones(2)
        def f(x):
            return x + jnp.ones(2)
    """
    with notebook(source):
        assert student.f(np.ones(2)).dtype == np.float64
        assert student.before.value().dtype == np.float32
    assert jnp.ones(2).dtype == np.float32


def test_precision_is_put_back_after_an_error():
    fault("def f():\n    raise ValueError('no')")
    assert jnp.ones(2).dtype == np.float32


def test_keyword_arguments_and_containers():
    source = "def f(theta, *, n):\n    return {'w': (theta['w'] * n, [None, 'x', True])}"
    with notebook(source):
        answer = student.f({"w": 2.0, "b": [1, (2,)]}, n=3)
    assert answer == {"w": (6.0, [None, "x", True])}


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


def test_value_of_a_name():
    with notebook("theta = {'w': 2.0, 'b': 1}"):
        assert student.theta.value() == {"w": 2.0, "b": 1}


def test_nothing_is_asked_until_the_part_is_called():
    with notebook("") as connection:
        assert repr(student.f) == "student.f"
        assert connection.requests == []


@pytest.mark.parametrize("stand_in", [student, reference], ids=["student", "reference"])
@pytest.mark.parametrize("name", ["_private", "__wrapped__", "_repr_html_"])
def test_names_with_an_underscore_are_not_parts(stand_in, name):
    with pytest.raises(AttributeError) as caught:
        getattr(stand_in, name)
    assert str(caught.value) == name


# Nothing written yet


def test_missing():
    caught = fault("")
    assert type(caught) is NotAttempted
    assert caught.outcome is Outcome.NOT_ATTEMPTED
    assert str(caught) == "`f` is not defined yet. Has its cell been run without an error?"


def test_missing_value():
    with (
        notebook(""),
        pytest.raises(
            NotAttempted,
            match=r"^`theta` is not defined yet\. Has its cell been run without an error\?$",
        ),
    ):
        student.theta.value()


@pytest.mark.parametrize(
    "source",
    [
        "def f():\n    raise NotImplementedError()",
        "def f():\n    raise NotImplementedError('to do')",
        "def f():\n    x = 1\n    raise NotImplementedError",
        "class F:\n    def f(self):\n        raise NotImplementedError()\nf = F().f",
    ],
)
def test_not_implemented(source):
    caught = fault(source)
    assert type(caught) is NotAttempted
    assert str(caught) == (
        "`f` is not written yet: your answer goes where it says `raise NotImplementedError()`."
    )


def test_not_implemented_helper():
    caught = fault("""
        def logistic_model():
            raise NotImplementedError()
        def f():
            return logistic_model()
    """)
    assert type(caught) is NotAttempted
    assert str(caught) == "`f` needs `logistic_model`, which is not written yet."


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


def test_control_characters_do_not_reach_a_terminal():
    caught = fault(r"""
        def f():
            raise ValueError("\x1b[31mred\x1b[0m\x07\x00\r\b\u202e\x9b end")
    """)
    said = str(caught).splitlines()[0]
    assert said == "`f` raised ValueError: [31mred[0m end"


@pytest.mark.parametrize("field", ["ename", "function", "line", "evalue"])
def test_control_characters_in_any_field_of_a_reply(field):
    fields = {"status": "raised", "ename": "E", "evalue": "e", "function": "g", "line": "l"}
    reply = json.dumps({**fields, field: "a\x1b[2J\x00b" + "x" * 10_000})
    with answering(Says(reply)), pytest.raises(StudentFault) as caught:
        student.f()
    said = str(caught.value)
    assert "\x1b" not in said
    assert "\x00" not in said
    assert len(said) < 4 * MAX_EVALUE


def test_a_long_message_is_cut():
    said = str(fault("def f():\n    raise ValueError('x' * 5000)")).splitlines()[0]
    assert said == "`f` raised ValueError: " + "x" * MAX_EVALUE + "…"


def test_only_the_first_paragraph_of_a_message_is_told():
    said = str(fault("def f():\n    raise ValueError('one\\ntwo\\n\\nthree')"))
    assert said.startswith("`f` raised ValueError: one\ntwo\nIn `f`")
    assert "three" not in said.split("\nIn `f`")[0]


# Answers that cannot be judged


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


def test_a_sentence_about_an_unsendable_answer_is_readable():
    """The limits' sentences are whole ones: "gave The value is larger ..." is none."""
    assert "gave The " not in str(
        fault("def f():\n    return [0] * 20", limits=Limits(max_items=10))
    )
    assert "gave A dict" not in str(fault("def f():\n    return {1.5: 0}"))


# Stand-ins: overrides, given functions, parts as arguments

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


def test_given_computes_on_both_sides():
    assert given("lambda theta, x: theta['w'] * x")({"w": 2.0}, 3.0) == 6.0
    with notebook("def f(g, x): return g(x)"):
        assert student.f(given("jnp.square"), np.array([3.0])).tolist() == [9.0]


@pytest.mark.parametrize(
    ("source", "arguments", "compiled"),
    [
        ("lambda x: 2 * x", [3.0], True),
        ("lambda g, x: g(x)", [given("lambda x: 2 * x"), 3.0], True),
        ("lambda g, x: g(x)", [student.own, 3.0], False),  # it may not bear tracers
        ("lambda x: 6.0 if x > 0 else 0.0", [3.0], False),
    ],
)
def test_a_given_function_is_compiled_where_it_can_be(source, arguments, compiled):
    own = """
        def own(x):
            return 2 * float(x)
        def f(function, *arguments):
            return function(*arguments)
        def compiled(function, *arguments):
            import jax
            return isinstance(function(*arguments), jax.Array)
    """
    with notebook(own):
        assert student.f(given(source), *arguments) == 6.0
        assert student.compiled(given(source), *arguments) == compiled


def test_a_given_function_is_not_taken_for_itself_with_arguments_swapped():
    own = """
        def f(function, model):
            return function(3.0, model)
        def swapped(function, model):
            function(3.0, model)
            return function(model, 3.0)
    """
    loss, model = given("lambda x, model: model(x)"), given("lambda x: 2 * x")
    with notebook(own):
        assert student.f(loss, model) == 6.0
    assert "TypeError: 'float' object is not callable" in str(
        fault(own, loss, model, name="swapped")
    )


def test_a_given_function_raises_its_own_error():
    own = "def f(function): return function(1.0)"
    assert "ZeroDivisionError" in str(fault(own, given("lambda x: 1 / 0")))


def test_given_gradient():
    slope = given("lambda p, x: jnp.sum(p * x)").gradient()
    assert repr(slope) == "given('jax.grad(lambda p, x: jnp.sum(p * x))')"
    assert float(given_module.evaluate(slope, [2.0, np.array([1.0, 2.0])], {})) == 3.0


@pytest.mark.parametrize(
    ("source", "error", "said"),
    [
        ("1 + 1", TypeError, r"^given\('1 \+ 1'\) is not a function$"),
        ("lambda x:", SyntaxError, "invalid syntax"),
        ("no_such_name", NameError, "no_such_name"),
    ],
)
def test_a_mistake_in_given_shows_at_once(source, error, said):
    with pytest.raises(error, match=said):
        given(source)


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


@pytest.mark.parametrize("function", [len, lambda x: x, Exercise, print])
def test_a_plain_function_cannot_be_sent(function):
    with notebook("def f(g): return 0"):
        for call in (lambda: student.f(function), lambda: student.f(g=function)):
            with pytest.raises(TypeError) as caught:
                call()
            assert str(caught.value) == (
                f"cannot send {function!r}: pass a student's own function or given('…')"
            )


def test_a_reference_function_cannot_be_sent():
    named = notebook("def f(g): return 0", solution=lambda name: lambda x: x)
    with named, pytest.raises(TypeError, match="cannot send"):
        student.f(reference.model)


# Spoilt replies

ONE = wire.encode(1.0)


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "not json",
        "[]",
        "null",
        "NaN",
        "{}",
        "[" * 100_000,
        '{"status": "ok"}',
        '{"status": "won", "value": ["float", "0x1p0"]}',
        '{"status": ["ok"], "value": ["none"]}',
        '{"status": null}',
        '{"status": "ok", "value": null}',
        '{"status": "ok", "value": []}',
        '{"status": "ok", "value": [["none"]]}',
        '{"status": "ok", "value": ["ref", "f"]}',
        '{"status": "ok", "value": ["source", "jnp.sin"]}',
        '{"status": "ok", "value": ["array", "object", [1], ""]}',
        '{"status": "ok", "value": ["array", "float64", [1], "AAAA"]}',
        '{"status": "raised"}',
        '{"status": "raised", "ename": 5, "evalue": "x"}',
        '{"status": "raised", "ename": "E", "evalue": null}',
        '{"status": "unsendable"}',
        '{"status": "unsendable", "sentence": {}}',
    ],
)
def test_spoilt_replies_are_the_students_fault(reply):
    with answering(Says(reply)), pytest.raises(StudentFault) as caught:
        student.f()
    assert caught.value.outcome is Outcome.FAILED
    assert str(caught.value) == "`f`: The reply could not be read."


@pytest.mark.parametrize("reply", [None, 5, b"{}", [], ["ok"], {"status": "ok", "value": ONE}])
def test_replies_that_are_no_text(reply):
    with answering(Says(reply)), pytest.raises(StudentFault) as caught:
        student.f()
    assert str(caught.value) == "`f`: The reply was not text of an acceptable size."


@pytest.mark.parametrize(
    "extra",
    [
        {},
        {"function": None, "line": None},
        {"function": 5, "line": {"a": [1]}},
        {"function": "g", "line": "x = 1", "outcome": "passed", "value": ONE},
    ],
    ids=repr,
)
def test_odd_fields_of_an_error_do_no_harm(extra):
    reply = json.dumps({"status": "raised", "ename": "E", "evalue": "e", **extra})
    with answering(Says(reply)), pytest.raises(StudentFault, match=r"^`f` raised E: e"):
        student.f()


def test_an_error_without_a_place_names_none():
    reply = json.dumps({"status": "raised", "ename": "E", "evalue": "e"})
    with answering(Says(reply)), pytest.raises(StudentFault) as caught:
        student.f()
    assert str(caught.value) == "`f` raised E: e"


# The live notebook


@pytest.fixture
def main(monkeypatch):
    """The notebook that `student` stands in when nobody grades."""
    namespace = run_notebook("def f(x):\n    return 2 * x\ntheta = {'w': 1.0}")
    module = type(sys)("__main__")
    module.__dict__.update(namespace)
    monkeypatch.setitem(sys.modules, "__main__", module)
    token = current.set(Context())
    yield module
    current.reset(token)


def test_in_a_live_notebook_student_and_reference_are_the_notebook(main):
    assert isinstance(current.get().connection, LiveNotebook)
    assert student.f(2.0) == 4.0
    assert reference.f(3.0) == 6.0
    assert reference.theta is main.theta
    with pytest.raises(AttributeError, match="absent"):
        reference.absent  # noqa: B018
    with pytest.raises(NotAttempted):
        student.absent()


def test_a_live_report_is_not_graded(main):
    exercise = Exercise("f")
    exercise.returns("doubles", student.f, 2.0, expected=4.0)
    report = exercise.report()
    assert not report.graded
    assert report.checks[0].outcome is Outcome.PASSED


@pytest.mark.parametrize("part", [student.f, student.absent], ids=["failed", "not attempted"])
def test_validate_sees_an_error_when_a_check_did_not_pass(main, monkeypatch, part):
    monkeypatch.setenv("NBGRADER_EXECUTION", "validate")
    exercise = Exercise("f")
    exercise.returns("triples", part, 2.0, expected=6.0)
    with pytest.raises(ChecksNotPassed) as caught:
        exercise.report()
    assert isinstance(caught.value, AssertionError)
    assert "triples" in str(caught.value)
    assert "0 of 1 checks passed" in str(caught.value) or "not attempted yet" in str(caught.value)


def test_validate_sees_no_error_when_all_passed(main, monkeypatch):
    monkeypatch.setenv("NBGRADER_EXECUTION", "validate")
    exercise = Exercise("f")
    exercise.returns("doubles", student.f, 2.0, expected=4.0)
    assert exercise.report().checks[0].outcome is Outcome.PASSED


@pytest.mark.parametrize("execution", ["autograde", ""])
def test_only_validate_raises(main, monkeypatch, execution):
    monkeypatch.setenv("NBGRADER_EXECUTION", execution)
    exercise = Exercise("f")
    exercise.returns("triples", student.f, 2.0, expected=6.0)
    assert exercise.report().checks[0].outcome is Outcome.FAILED


def test_grading_never_raises_for_validate(monkeypatch):
    monkeypatch.setenv("NBGRADER_EXECUTION", "validate")
    with notebook("", max_points=2.0):
        exercise = Exercise("f")
        exercise.returns("doubles", student.f, 2.0, expected=4.0)
        assert exercise.report().graded


def test_a_part_can_be_made_by_name():
    with notebook("def f(): return 1.0"):
        assert Part("f")() == 1.0


# What the instructor supplies, compiled


def test_a_given_function_is_compiled_once_and_computes_the_same():
    model, loss = given("lambda t, x: t * x"), given("lambda t, m, x: jnp.sum(m(t, x) ** 2)")
    with given_module.double_precision():
        expected = loss.gradient()(3.0, model, np.arange(4.0))
        got = loss.gradient().compiled(3.0, given("lambda t, x: t * x"), np.arange(4.0))
    assert float(got) == pytest.approx(float(expected), rel=1e-14)
    assert given_module.compiled_given(loss.source, (1,)) is given_module.compiled_given(
        loss.source, (1,)
    )


def test_a_given_function_that_jax_cannot_compile_is_called_as_it_is():
    assert given("lambda x: 1 if x > 0 else 2").compiled(3.0) == 1
    with pytest.raises(AttributeError, match="nothing"):
        given("lambda x: x.nothing").compiled(3)
