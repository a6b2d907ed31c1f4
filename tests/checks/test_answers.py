"""Functions that are called: `returns`, `agrees` and `satisfies`."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest

from autograder.checks import properties
from autograder.checks.exercise import Exercise
from autograder.checks.mistakes import worth
from autograder.checks.numerics import plain
from autograder.checks.reference import reference
from autograder.checks.student import given, student
from autograder.record.outcome import Outcome
from tests.support.checking import NOT_WRITTEN, X, assert_ours, broken
from tests.support.inprocess import notebook, one_check

PASSED, FAILED = Outcome.PASSED, Outcome.FAILED
NOT_ATTEMPTED = Outcome.NOT_ATTEMPTED


# returns


@pytest.mark.parametrize(
    ("source", "outcome", "rationale"),
    [
        ("def f(x): return 2 * x", PASSED, ""),
        (
            "def f(x): return x",
            FAILED,
            "6 of 6 numbers are off, by about 50% of the largest one. "
            "Every number is 1/2 times the expected one.",
        ),
        (
            "def f(x): pass",
            FAILED,
            "Got None, expected an array of shape (6,). Did you forget a `return`?",
        ),
        ("", NOT_ATTEMPTED, "`f` is not defined yet. Has its cell been run without an error?"),
        (
            "def f(x): return 1 / 0",
            FAILED,
            "`f` raised ZeroDivisionError: division by zero\nIn `f`, at: def f(x): return 1 / 0",
        ),
    ],
)
def test_returns(source, outcome, rationale):
    result = one_check(source, lambda e: e.returns("t", student.f, X, expected=2 * X))
    assert (result.outcome, result.rationale, result.staff_note) == (outcome, rationale, "")


def test_returns_with_a_tolerance():
    check = one_check(
        "def f(): return 1.04", lambda e: e.returns("t", student.f, expected=1.0, rtol=0.05)
    )
    assert check.outcome is PASSED


def test_returns_a_plain_function_as_argument_is_our_error():
    result = one_check(
        "def f(g): return 1.0", lambda e: e.returns("t", student.f, len, expected=1.0)
    )
    assert_ours(result)
    assert "cannot send" in result.staff_note


def test_returns_shows_a_few_numbers_unless_told_not_to():
    for show, shown in ((True, " Got 2; expected 1."), (False, "")):
        with notebook("def f(): return 2.0"):
            exercise = Exercise("e")
            exercise.returns("t", student.f, expected=1.0, show=show)
        assert exercise.results[0].rationale == "The number is off by about 100%." + shown


def test_returns_names_the_known_mistake_and_what_it_keeps():
    mistakes = {"Did you forget to double?": worth(0.5, lambda x: x), "Sign?": lambda x: -2 * x}
    for body, mistake, share in (("x", "Did you forget to double?", 0.5), ("-2 * x", "Sign?", 0)):
        result = one_check(
            f"def f(x): return {body}",
            lambda e: e.returns("t", student.f, X, expected=2 * X, points=3, mistakes=mistakes),
        )
        assert (result.outcome, result.mistake, result.share) == (FAILED, mistake, share)
        assert result.earned == 3 * share


# agrees

MISTAKES = {
    "Did you forget to double?": lambda x: x,
    "Is the sign right?": lambda x: -2 * x,
}


def agree(source, solution=lambda x: 2 * x, mistakes=MISTAKES, inputs=((X,), (2 * X,))):
    return one_check(
        source, lambda e: e.agrees("t", student.f, solution, inputs, mistakes=mistakes)
    )


def test_agrees():
    assert agree("def f(x): return 2 * x").outcome is PASSED


@pytest.mark.parametrize(
    ("answer", "mistake"),
    [
        ("x", "Did you forget to double?"),
        ("-2 * x", "Is the sign right?"),
        ("3 * x", ""),
        ("x + 1e-3", ""),
        ("x[:3]", ""),
    ],
)
def test_agrees_names_the_known_mistake(answer, mistake):
    result = agree(f"def f(x): return {answer}")
    assert result.outcome is FAILED
    assert result.mistake == mistake
    assert result.rationale.endswith(mistake)
    assert result.rationale != mistake


def test_a_known_mistake_keeps_its_share_and_nothing_else_does():
    mistakes = {"Did you forget to double?": worth(0.75, lambda x: x), "Sign?": lambda x: -2 * x}
    shares = {"x": 0.75, "-2 * x": 0.0, "3 * x": 0.0, "None": 0.0, "x + 1e-3": 0.0, "2 * x": 0.0}
    for body, share in shares.items():
        result = agree(f"def f(x): return {body}", mistakes=mistakes)
        assert result.share == share
        assert result.outcome is (PASSED if body == "2 * x" else FAILED)


def test_two_mistakes_that_cannot_be_told_apart_keep_nothing():
    mistakes = {"One.": worth(0.75, lambda x: x), "Other.": worth(1, lambda x: x)}
    result = agree("def f(x): return x", mistakes=mistakes)
    assert (result.outcome, result.mistake, result.earned) == (FAILED, "", 0.0)


def test_agrees_sees_a_mistake_on_the_second_input_only():
    result = agree("n = 0\ndef f(x):\n    global n\n    n += 1\n    return 2 * x if n == 1 else x")
    assert (result.outcome, result.mistake) == (FAILED, "")


def test_agrees_names_no_mistake_of_a_right_answer():
    result = agree("def f(x): return 2 * x", mistakes={"the same": lambda x: 2 * x})
    assert (result.outcome, result.mistake) == (PASSED, "")


def test_agrees_a_reference_that_raises_is_our_error():
    for source in ("def f(x): return 2 * x", "def f(x): return x", "", NOT_WRITTEN):
        assert_ours(agree(source, solution=broken))


def test_agrees_a_mistake_that_raises_is_our_error():
    assert_ours(agree("def f(x): return x", mistakes={"m": broken}))
    assert agree("def f(x): return 2 * x", mistakes={"m": broken}).outcome is PASSED


def test_agrees_computes_the_expected_answer_in_float64():
    third = agree("def f(x): return x / 3 + 1e-9 * 0", solution=lambda x: jnp.asarray(x) / 3)
    assert third.outcome is PASSED
    assert plain(lambda x: x / 3, (X,)).dtype == np.float64


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_reference_that_is_not_finite_lets_no_wrong_answer_pass(value):
    result = agree("def f(x): return x", solution=lambda x: x * value, mistakes={})
    assert result.outcome is not PASSED


SEVERAL = [lambda x: jnp.var(x), lambda x: jnp.var(x, ddof=1)]


@pytest.mark.parametrize(
    ("body", "outcome", "mistake"),
    [
        ("jnp.var(x)", PASSED, ""),
        ("jnp.var(x, ddof=1)", PASSED, ""),
        ("jnp.std(x)", FAILED, "Std?"),
        ("jnp.var(x, ddof=int(x[0] > X0))", FAILED, ""),
        ("jnp.var(x, ddof=2)", FAILED, ""),
        ("None", FAILED, ""),
    ],
)
def test_agrees_with_any_of_several_solutions_but_with_the_same_one_everywhere(
    body, outcome, mistake
):
    source = f"import jax.numpy as jnp\nX0 = {X[0]}\ndef f(x): return {body}"
    result = agree(source, solution=SEVERAL, mistakes={"Std?": lambda x: jnp.std(x)})
    assert (result.outcome, result.mistake, result.staff_note) == (outcome, mistake, "")


def test_agrees_says_how_an_answer_differs_from_the_nearest_solution():
    source = "import jax.numpy as jnp\ndef f(x): return 3 * x + 1e-3"
    said = agree(source, [lambda x: -x, lambda x: 3 * x], mistakes={}).rationale
    assert said.endswith("Every number is larger than the expected one by 0.001.")


def test_agrees_with_no_solution_at_all_is_our_error():
    assert_ours(agree("def f(x): return x", []))


def test_agrees_with_several_solutions_where_one_raises_is_our_error():
    assert_ours(agree("def f(x): return 2 * x", [lambda x: 2 * x, broken]))


def test_an_answer_that_goes_round_the_stubs_may_agree_with_the_second_solution():
    def by_the_reference(x):
        return reference.g(x) + 1

    def exercise(body):
        with notebook(f"def g(x): return 5 * x\ndef f(x): return {body}", solution=solution):
            made = Exercise("e", {"g": given("lambda x: 7 * x")})
            made.agrees("t", student.f, [lambda x: 0 * x, by_the_reference], [(X,)])
        return made.results[0].outcome

    def solution(name, stubs):
        return stubs.get(name, lambda x: 5 * x)

    assert [exercise(body) for body in ("g(x) + 1", "5 * x + 1", "7 * x + 1", "0 * x")] == [
        *(PASSED, PASSED, PASSED, PASSED)
    ]
    assert exercise("5 * x") is FAILED


# satisfies


def satisfy(source, *holds, shape=(6,), inputs=((X,), (-X,))):
    return one_check(source, lambda e: e.satisfies("t", student.f, inputs, *holds, shape=shape))


@pytest.mark.parametrize(
    ("answer", "outcome", "rationale"),
    [
        ("1 / (1 + jnp.exp(-x))", PASSED, ""),
        ("x * 0 + 2.0", FAILED, "Got 2, which does not lie between 0 and 1."),
        (
            "x * 0 + 0.7",
            FAILED,
            "Answers that mirror each other should add up to 1, and they do not.",
        ),
        ("x[:2]", FAILED, "Got an array of shape (2,), expected an array of shape (6,)."),
        ("x * jnp.nan", FAILED, "The answer contains NaN (not a number)."),
        ("x / 0", FAILED, "The answer contains infinity."),
    ],
)
def test_satisfies(answer, outcome, rationale):
    result = satisfy(
        f"import jax.numpy as jnp\ndef f(x): return {answer}",
        properties.between(0, 1),
        properties.adding_up_to(1),
    )
    assert (result.outcome, result.rationale, result.staff_note) == (outcome, rationale, "")


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ("x", PASSED),
        ("x * 0 + 0.5", FAILED),
        ("0.5 + 1e-6 * x", FAILED),
        ("x * 0", FAILED),
        ("1e300 * x / abs(x)", PASSED),
    ],
)
@pytest.mark.parametrize("holds", [[], [properties.between(-1e301, 1e301)]], ids=["none", "one"])
def test_a_constant_satisfies_nothing(answer, outcome, holds):
    result = satisfy(f"def f(x): return {answer}", *holds)
    said = "" if outcome is PASSED else "The answers hardly change with the inputs."
    assert (result.outcome, result.rationale, result.staff_note) == (outcome, said, "")


def test_a_constant_for_each_input_has_to_differ_from_input_to_input():
    inputs = ((1.0,), (2.0,))
    for body, outcome in (("x", PASSED), ("1.0", FAILED)):
        result = satisfy(f"def f(x): return {body}", shape=(), inputs=inputs)
        assert (result.outcome, result.staff_note) == (outcome, "")


def test_answers_without_numbers_satisfy_nothing():
    result = satisfy("def f(x): return x[:0]", shape=None)
    assert (result.outcome, result.staff_note) == (FAILED, "")


def test_no_numbers_add_up_to_nothing():
    result = satisfy("def f(x): return x[:0]", properties.adding_up_to(1.0), shape=None)
    assert (result.outcome, result.staff_note) == (FAILED, "")


def test_one_number_where_an_array_may_be_asked_for_is_the_students():
    inputs = ((np.array([1.0, 2.0]),),)
    result = satisfy("def f(x): return x[0]", shape=None, inputs=inputs)
    assert (result.outcome, result.staff_note) == (FAILED, "")
    assert result.rationale == "The answers hardly change with the inputs."


def test_one_number_in_all_is_the_authors_mistake():
    result = satisfy("def f(x): return x", shape=(), inputs=((1.0,),))
    assert_ours(result)
    assert result.staff_note.endswith(
        "ValueError: one number is too few to tell an answer from a constant: "
        "give inputs whose right answers differ\n"
    )


def rises(answers):
    """The numbers rise."""
    return bool(np.all(np.diff(answers[0]) > 0))


@pytest.mark.parametrize(
    ("answer", "outcome", "rationale"),
    [
        ("jnp.sort(x)", PASSED, ""),
        ("x", FAILED, "This should hold of the answers, and does not: “The numbers rise”."),
    ],
)
def test_satisfies_a_predicate(answer, outcome, rationale):
    result = satisfy(f"import jax.numpy as jnp\ndef f(x): return {answer}", rises)
    assert (result.outcome, result.rationale, result.staff_note) == (outcome, rationale, "")


@pytest.mark.parametrize("returned", [None, 1, 0.0, np.ones(2, bool), ["x"]], ids=repr)
def test_a_property_that_returns_anything_else_is_our_error(returned):
    result = satisfy("def f(x): return x", lambda answers: returned)
    assert_ours(result)
    assert "expected True or False, or a sentence for the student" in result.staff_note


@pytest.mark.parametrize(
    "answer", ["None", "'text'", "{'w': 1.0}", "[[1.0], [1.0, 20.0]]", "1j * x", "x > 0", "[None]"]
)
@pytest.mark.parametrize(
    "holds",
    [
        properties.between(-9, 9),
        properties.increasing,
        properties.decreasing,
        properties.adding_up_to(1),
    ],
    ids=["between", "increasing", "decreasing", "adding_up_to"],
)
def test_satisfies_without_a_shape_takes_no_nonsense_for_our_error(answer, holds):
    result = satisfy(f"def f(x): return {answer}", holds, shape=None)
    assert (result.outcome, result.staff_note) == (FAILED, "")


@pytest.mark.parametrize("holds", [properties.increasing, properties.decreasing])
def test_a_single_number_where_a_row_was_wanted_is_not_our_error(holds):
    assert satisfy("def f(x): return 1.0", holds, shape=None).staff_note == ""


LAYERS = [{"W": (2, 3), "b": (3,)}, ((), (3,))]


@pytest.mark.parametrize(
    ("answer", "rationale"),
    [
        ("[{'W': jnp.ones((2, 3)), 'b': x[:3]}, (1.0, [1.0, 2.0, 3.0])]", ""),
        ("({'W': jnp.ones((2, 3)), 'b': x[:3]}, (1.0, x[:3]))", ""),
        (
            "[{'W': jnp.ones((3, 2)), 'b': x[:3]}, (1.0, x[:3])]",
            "Got an array of shape (3, 2) at answer[0]['W'], expected an array of shape (2, 3).",
        ),
        (
            "[{'W': jnp.ones((2, 3))}, (1.0, x[:3])]",
            "Got a dict with the keys 'W' for the first value, expected the keys 'W', 'b'.",
        ),
        ("[{'W': jnp.ones((2, 3)), 'b': 0 / x[:3] / 0}, (1.0, x[:3])]", "contains NaN"),
        ("[{'W': jnp.ones((2, 3)), 'b': jnp.ones(3)}, (1.0, jnp.ones(3))]", "hardly change"),
        ("x", "Got an array of shape (6,), expected 2 values."),
    ],
)
def test_answers_may_be_made_of_several_arrays(answer, rationale):
    result = satisfy(f"import jax.numpy as jnp\ndef f(x): return {answer}", shape=LAYERS)
    assert result.staff_note == ""
    assert (rationale in result.rationale) if rationale else result.outcome is PASSED


def test_answers_of_different_shapes_are_not_broadcast():
    source = "def f(x): return x if x[0] > 0 else 1.0"
    result = satisfy(
        source, properties.adding_up_to(1), shape=None, inputs=((-abs(X),), (0 * X + 1,))
    )
    assert (result.outcome, result.staff_note) == (FAILED, "")


def test_satisfies_a_property_that_raises_is_our_error():
    assert_ours(satisfy("def f(x): return x", broken))
    assert_ours(satisfy("def f(x): return x", lambda answers: answers[0]["w"] > 0))


def test_a_property_that_cannot_compute_with_an_answer_of_any_form_counts_against_the_answer():
    result = satisfy("def f(x): return x", lambda answers: answers[0]["w"] > 0, shape=None)
    assert (result.outcome, result.staff_note) == (FAILED, "")
    assert result.rationale.startswith(
        "The answer does not have the structure that is asked for (IndexError: only integers"
    )
    result = satisfy("def f(x): return x", lambda answers: None, shape=None)
    assert_ours(result)
