"""Questions to a student's functions: what is asked, and what is told of the replies."""

from __future__ import annotations

import json

import numpy as np
import pytest

from autograder.checks.exercise import Exercise
from autograder.checks.reference import reference
from autograder.checks.student import (
    MAX_EVALUE,
    RESTORED,
    TWO_ANSWERS,
    WEIGHT,
    NotAttempted,
    Part,
    StudentFault,
    given,
    student,
)
from autograder.record.outcome import Outcome
from autograder.remote import wire
from autograder.remote.wire import Limits
from tests.support.checking import fault
from tests.support.inprocess import Says, answering, notebook

ONE = wire.encode(1.0)

# Calls


def test_keyword_arguments_and_containers():
    source = "def f(theta, *, n):\n    return {'w': (theta['w'] * n, [None, 'x', True])}"
    with notebook(source):
        answer = student.f.call({"w": 2.0, "b": [1, (2,)]}, n=3)
    assert answer == {"w": (6.0, [None, "x", True])}


def test_value_of_a_name():
    with notebook("theta = {'w': 2.0, 'b': 1}"):
        assert student.theta.value() == {"w": 2.0, "b": 1}


def test_nothing_is_asked_until_the_part_is_called():
    with notebook("") as connection:
        assert repr(student.f) == "student.f"
        assert connection.requests == []


def test_a_part_can_be_made_by_name():
    with notebook("def f(): return 1.0"):
        assert Part("f").call() == 1.0


@pytest.mark.parametrize("name", ["_private", "__wrapped__", "_repr_html_"])
def test_names_with_an_underscore_are_not_parts(name):
    with pytest.raises(AttributeError) as caught:
        getattr(student, name)
    assert str(caught.value) == name


# One question, asked twice

COUNTS = "calls = []\ndef f(x):\n    calls.append(x)\n    return x"


def calls_of(connection):
    return [float(x) for x in connection.namespace["calls"]]


def test_within_an_exercise_a_question_is_put_twice_and_then_known():
    with notebook(COUNTS) as connection:
        exercise = Exercise("e")
        assert [student.f.call(x) for x in (1.0, 2.0, 1.0, 1.0, 1.0)] == [1.0, 2.0, 1.0, 1.0, 1.0]
        assert calls_of(connection) == [1.0, 2.0, 1.0]
        Exercise("another")
        student.f.call(1.0)
        assert calls_of(connection) == [1.0, 2.0, 1.0, 1.0]
        exercise.report()
        assert [student.f.call(5.0) for _ in range(3)] == [5.0] * 3
        assert calls_of(connection)[4:] == [5.0] * 3


def test_the_first_of_several_questions_is_put_again_at_the_end():
    with notebook(COUNTS) as connection:
        assert student.f.answers([(1.0,), (2.0,), (3.0,)]) == [1.0, 2.0, 3.0]
        assert calls_of(connection) == [1.0, 2.0, 3.0, 1.0]
        assert student.f.answers([]) == []


@pytest.mark.parametrize(
    ("second", "same"),
    [
        ("1.0", True),
        ("1.0 + 1e-9", True),
        ("1.1", False),
        ("float('nan')", False),
        ("None", False),
        ("'1.0'", False),
    ],
)
def test_two_answers_to_one_question(second, same):
    with notebook(f"n = []\ndef f():\n    n.append(0)\n    return 1.0 if len(n) < 2 else {second}"):
        Exercise("e")
        assert student.f.call() == 1.0
        if same:
            assert student.f.call() == student.f.call() == 1.0
            return
        for _ in range(3):  # it is no better the third time
            with pytest.raises(StudentFault) as caught:
                student.f.call()
            assert str(caught.value) == f"`f` {TWO_ANSWERS}"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("[1.0, [2.0, 3.0]]", "[1.0, [2.0, 4.0]]"),
        ("10**30", "1.0"),
        ("[[1.0], []]", "[1.0]"),
        ("'text'", "['text']"),
    ],
)
def test_two_answers_of_which_the_first_is_nothing_to_compare_with(first, second):
    with notebook(f"n = []\ndef f(x):\n    n.append(0)\n    return [{first}, {second}][n != [0]]"):
        exercise = Exercise("e")
        exercise.returns("t", student.f, 1.0, expected=2.0)
    (check,) = exercise.results
    assert (check.outcome, check.staff_note) == (Outcome.FAILED, "")
    assert check.rationale == f"`f` {TWO_ANSWERS}"


def test_an_answer_that_the_course_lets_in_is_the_same_when_it_comes_again():
    """`Execute.max_answer_items` may be larger than usual."""
    connection = Says(wire.dumps({"status": "ok", "value": ["list", [["none"]] * 100_000]}))
    connection.limits = Limits(max_items=200_000)
    with answering(connection):
        Exercise("e")
        assert len(student.f.call()) == len(student.f.call()) == 100_000


@pytest.mark.parametrize("answer", ["float('nan')", "None", "'text'", "{'w': [float('nan'), 1]}"])
def test_whatever_comes_back_twice_is_the_same(answer):
    with notebook(f"def f(): return {answer}"):
        Exercise("e")
        assert repr(student.f.call()) == repr(student.f.call())


def test_what_jax_makes_of_it_is_another_question():
    with notebook("def f(theta, x): return theta['w'] * x"):
        Exercise("e")
        theta, x = {"w": 3.0}, np.array([1.0, 2.0])
        for _ in range(3):
            assert student.f.call(theta, x).tolist() == [3.0, 6.0]
            slope = float(student.f.differentiated().call(theta, x)["w"])
            assert slope == pytest.approx(1.0 + 2.0 * (1 + WEIGHT))  # of a weighted sum


# Stubs

HELPER = "def g(x): return 7 * x\ndef f(x): return 10 * g(x)"
STUBS = {"g": given("lambda x: -x")}


def test_stubs_go_with_every_question_as_source():
    with notebook(HELPER) as connection:
        exercise = Exercise("e", STUBS)
        student.f.call(1.0)
        student.g.value  # noqa: B018 - asks nothing
        exercise.report()
        student.f.call(1.0)
    with_stubs, without = connection.requests
    assert with_stubs.pop("stubs") == {"g": ["source", "lambda x: -x"]}
    assert with_stubs == without


def test_a_stub_that_is_no_given_function_is_the_authors_mistake():
    with notebook(HELPER):
        Exercise("e", {"g": lambda x: -x})
        with pytest.raises(TypeError, match="cannot send"):
            student.f.call(1.0)


def again(**fields):
    error = {"ename": "KeyError", "evalue": "'w'", "function": "", "line": ""}
    return {"again": error | fields}


def told_of(reply, stubs=STUBS):
    """What is said of a reply without an answer, in an exercise with stubs."""
    with answering(Says(json.dumps(reply))):
        Exercise("e", stubs)
        with pytest.raises(StudentFault) as caught:
            student.f.call()
    return caught.value


AGAIN_SAID = (
    "Each exercise is judged by itself: the cells that `f` needs were run again with functions of "
    "ours in the place of {}. There they raised {}"
)


@pytest.mark.parametrize(
    ("names", "listed"), [("g", "`g`"), ("gh", "`g` and `h`"), ("ghi", "`g`, `h` and `i`")]
)
def test_an_error_that_came_when_cells_were_run_again_is_told(names, listed):
    reply = {"status": "missing", "name": "f", **again()}
    caught = told_of(reply, dict.fromkeys(names, STUBS["g"]))
    assert caught.outcome is Outcome.FAILED
    assert str(caught) == AGAIN_SAID.format(listed, "KeyError: 'w'")


RAISED = {"status": "raised", "ename": "NameError", "evalue": "name 'n' is not defined"}


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (RAISED, "`f` raised NameError: name 'n' is not defined"),
        (
            RAISED | again(),
            "`f` raised NameError: name 'n' is not defined. "
            + AGAIN_SAID.format("`g`", "KeyError: 'w'"),
        ),
        (RAISED | again() | {"ename": "E"}, "`f` raised E: name 'n' is not defined"),
        (RAISED | {"again": "text"}, "`f` raised NameError: name 'n' is not defined"),
        ({"status": "missing", **again(ename=5)}, AGAIN_SAID.format("`g`", ": 'w'")),
        ({"status": "missing", "again": {}}, AGAIN_SAID.format("`g`", ": ")),
        ({"status": "missing", "again": []}, "`f`: The reply could not be read."),
    ],
)
def test_what_is_told_of_cells_that_were_run_again(reply, said):
    assert str(told_of(reply)) == said


@pytest.mark.parametrize("reply", [RAISED, {"status": "missing", "name": "f"}], ids=["r", "m"])
@pytest.mark.parametrize("field", ["ename", "evalue"])
def test_control_characters_and_long_texts_of_cells_that_were_run_again(reply, field):
    bad = "a\x1b[2J\x00b" + "x" * 10_000
    for spoilt in (reply | again(**{field: bad}), reply | again() | {"evalue": bad}):
        said = str(told_of(spoilt))
        assert "\x1b" not in said
        assert "\x00" not in said
        assert len(said) < 4 * MAX_EVALUE


@pytest.mark.parametrize(
    "extra", [{}, {"restored": True}, again(), {"restored": True, **again()}, {"restored": [1]}]
)
@pytest.mark.parametrize("status", [{"status": "ok", "value": ONE}, RAISED, {"status": "missing"}])
def test_without_stubs_nothing_was_run_again_whatever_a_reply_says(extra, status):
    """A kernel that says so makes no error of ours."""
    found = {}
    for reply in (status, status | extra):
        with answering(Says(json.dumps({"name": "f", **reply}))):
            exercise = Exercise("e")
            exercise.returns("t", student.f, expected=1.0)
        found[len(reply)] = exercise.results[0]
    assert len(set(map(repr, found.values()))) == 1
    assert found.popitem()[1].outcome is not Outcome.ERROR


@pytest.mark.parametrize(
    ("restored", "told"), [(True, True), (False, False), (1, False), ("x", False)]
)
def test_a_part_that_only_came_to_be_with_stubs_is_told(restored, told):
    with answering(Says(json.dumps({"status": "ok", "value": ONE, "restored": restored}))):
        exercise = Exercise("e", STUBS)
        exercise.returns("t", student.f, expected=1.0)
    (result,) = exercise.results
    assert result.outcome is Outcome.PASSED
    assert result.rationale == (RESTORED.format("f", "`g`") if told else "")


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


# What is told of an error


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
        student.f.call()
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


def test_a_sentence_about_an_unsendable_answer_is_readable():
    """The limits' sentences are whole ones: "gave The value is larger ..." is none."""
    assert "gave The " not in str(
        fault("def f():\n    return [0] * 20", limits=Limits(max_items=10))
    )
    assert "gave A dict" not in str(fault("def f():\n    return {1.5: 0}"))


# What cannot be sent


@pytest.mark.parametrize("function", [len, lambda x: x, Exercise, print])
def test_a_plain_function_cannot_be_sent(function):
    with notebook("def f(g): return 0"):
        for call in (lambda: student.f.call(function), lambda: student.f.call(g=function)):
            with pytest.raises(TypeError) as caught:
                call()
            assert str(caught.value) == (
                f"cannot send {function!r}: pass a student's own function or given('…')"
            )


def test_a_reference_function_cannot_be_sent():
    named = notebook("def f(g): return 0", solution=lambda name, stubs: lambda x: x)
    with named, pytest.raises(TypeError, match="cannot send"):
        student.f.call(reference.model)


# Spoilt replies


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
        student.f.call()
    assert caught.value.outcome is Outcome.FAILED
    assert str(caught.value) == "`f`: The reply could not be read."


@pytest.mark.parametrize("reply", [None, 5, b"{}", [], ["ok"], {"status": "ok", "value": ONE}])
def test_replies_that_are_no_text(reply):
    with answering(Says(reply)), pytest.raises(StudentFault) as caught:
        student.f.call()
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
        student.f.call()


def test_an_error_without_a_place_names_none():
    reply = json.dumps({"status": "raised", "ename": "E", "evalue": "e"})
    with answering(Says(reply)), pytest.raises(StudentFault) as caught:
        student.f.call()
    assert str(caught.value) == "`f` raised E: e"


def test_limits_of_the_connection_bound_an_answer():
    with notebook("def f(): return [0.0] * 50", limits=Limits(max_items=10)):
        exercise = Exercise("e")
        exercise.returns("t", student.f, expected=np.zeros(50))
    assert "The value has more than 10 parts." in exercise.results[0].rationale
