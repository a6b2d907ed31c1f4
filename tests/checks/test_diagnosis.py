"""Known mistakes and simple relations: said when they fit tightly, and never otherwise."""

from __future__ import annotations

import numpy as np
import pytest

from autograder.checks.attempt import Attempt
from autograder.checks.diagnosis import recognise, relation, right_parts
from autograder.checks.exercise import Exercise
from autograder.checks.student import given, student
from tests.support.inprocess import one_check

RNG = np.random.default_rng(5)
ROW = RNG.uniform(0.1, 0.9, size=5)
TABLE = RNG.normal(size=(2, 3))
SQUARE = RNG.normal(size=(3, 3))
SLOPES = {"w": np.asarray(0.7), "b": np.asarray(-1.9)}
POINTS = RNG.normal(size=5)


def made(answers, expected=()):
    return Attempt("It is off.", answers, expected)


# Known mistakes


def test_recognise_names_the_only_mistake_that_fits():
    answers = [np.array([1.0, 2.0]), 3.0]
    candidates = {"sign": [-answers[0], -3.0], "mean": [answers[0], 3.0], "sum": [answers[0], 6.0]}
    assert recognise(made(answers), candidates) == "mean"


def test_recognise_is_silent_when_two_mistakes_fit():
    assert recognise(made([1.0]), {"a": [1.0], "b": [1.0], "c": [2.0]}) == ""


def test_recognise_is_silent_when_a_rival_is_near():
    assert recognise(made([1.0]), {"a": [1.0], "b": [1.0 + 5e-5]}) == ""
    assert recognise(made([1.0]), {"a": [1.0], "b": [1.0 + 5e-4]}) == "a"


def test_recognise_is_silent_when_the_right_answer_is_near():
    assert recognise(made([1.0], [1.0 + 5e-5]), {"a": [1.0]}) == ""
    assert recognise(made([1.0], [1.0 + 5e-4]), {"a": [1.0]}) == "a"


@pytest.mark.parametrize("candidates", [{}, {"a": [2.0]}, {"a": [np.ones(1)]}, {"a": [{"w": 1.0}]}])
def test_recognise_is_silent_when_none_fits(candidates):
    assert recognise(made([1.0]), candidates) == ""


def test_recognise_asks_for_all_answers_to_fit():
    assert recognise(made([1.0, 2.0]), {"a": [1.0, 3.0]}) == ""


def test_recognise_is_tight():
    assert recognise(made([1.0 + 1e-3]), {"a": [1.0]}) == ""
    assert recognise(made([1.0 + 1e-9]), {"a": [1.0]}) == "a"


@pytest.mark.parametrize("mistaken", [np.nan, np.inf])
def test_recognise_names_no_mistake_whose_result_is_not_finite(mistaken):
    """Otherwise the logarithm of a negative number would explain every wrong answer."""
    for answer in (1.0, mistaken):
        assert recognise(made([answer]), {"log of a negative number": [mistaken]}) == ""


def test_recognise_needs_as_many_answers_as_the_mistake_gives():
    with pytest.raises(ValueError, match="zip"):
        recognise(made([1.0]), {"a": [1.0, 2.0]})


def test_without_answers_nothing_is_recognised():
    assert recognise(made([]), {"a": []}) == ""


# Simple relations


@pytest.mark.parametrize(
    ("answer", "expected", "said"),
    [
        (-ROW, ROW, "sign opposite"),
        ({"w": -0.7, "b": 1.9}, SLOPES, "sign opposite"),
        (1 - ROW, ROW, "1 minus the expected one"),
        (ROW / 5, ROW, "divided by the number of points"),
        ({"w": 0.14, "b": -0.38}, SLOPES, "divided by the number of points"),
        (ROW * 5, ROW, "times the number of points"),
        (ROW[::-1], ROW, "reverse order"),
        (SQUARE.T, SQUARE, "Rows and columns"),
        (TABLE.T, TABLE, "The numbers themselves are right."),
        (ROW[:, None], ROW, "The numbers themselves are right."),
        ({"w": np.full(1, 0.7), "b": -1.9}, SLOPES, "The numbers themselves are right."),
        ({"w": -1.9, "b": 0.7}, SLOPES, "two entries have changed places"),
        (np.round(4 * ROW).astype(int), 4 * ROW, "rounded to a whole number"),
        (np.round(4 * ROW), 4 * ROW, "rounded to a whole number"),
        (ROW > 0.5, ROW, "rounded to a whole number"),
        (ROW / 2, ROW, "1/2 times"),
        (2 * ROW, ROW, " 2 times"),
        (ROW / np.log(10), ROW, "0.434294 times"),
        (-ROW * (1 + 1e-4), ROW, "-1.0001 times"),
        ((-3 * ROW).astype("float32"), ROW, "-3 times"),
        (ROW + 0.25, ROW, "larger than the expected one by 0.25."),
        (ROW - 1.0, ROW, "smaller than the expected one by 1."),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_relation_is_observed(answer, expected, said):
    assert said in relation(made([answer], [expected]), [(SLOPES, POINTS)])


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (ROW**2, ROW),
        (ROW + RNG.normal(size=5) * 1e-3, ROW),
        (np.zeros(5), ROW),  # every number times nought
        (np.full(5, 0.5), ROW),
        (ROW, np.full(5, 0.5)),
        (np.full(5, -0.5), np.full(5, 0.5)),  # the sign, an offset, a factor: which?
        (-0.5 - 1e-7 * ROW, 0.5 + 1e-7 * ROW),
        (-1.0, 1.0),  # one number tells too little
        (np.array([2.0, 4.0]), np.array([1.0, 2.0])),  # two numbers do not confirm a fitted factor
        (np.array([np.nan, 1.0]), np.array([1.0, 2.0])),
        (ROW[:4], ROW),
        (ROW.astype(complex), ROW),
        ("text", ROW),
        (None, ROW),
        ([[1.0], [1.0, 2.0]], ROW),
        ({"w": 1.0}, SLOPES),
        ({"w": None, "b": 1.0}, SLOPES),
        (ROW, SLOPES),
        ((ROW, -ROW), (ROW, ROW)),
    ],
    ids=repr,
)
def test_no_relation_is_invented(answer, expected):
    assert relation(made([answer], [expected]), [(SLOPES, RNG.normal(size=7))]) == ""


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"w": -1.0, "b": -3.0, 7: 0.0}, SLOPES),
        ({"w": {"x": -1.0, 7: -3.0}, "b": -3.0}, SLOPES),
        ({10**5000: -1.0, "b": -3.0}, SLOPES),
        ({"w": -ROW, "b": "text"}, {"w": ROW, "b": "text"}),
        ({"w": -ROW, "b": None}, {"w": ROW, "b": None}),
        ({"w": {"x": -ROW}}, {"w": (ROW,)}),
    ],
    ids=["two types of keys", "the same further in", "a huge key", "a text", "None", "a dict"],
)
def test_what_is_no_tree_of_arrays_of_one_structure_has_no_relation(answer, expected):
    assert relation(made([answer], [expected])) == ""


@pytest.mark.parametrize(("answers", "expected"), [([], []), ([], [ROW]), ([ROW], [])])
def test_without_answers_there_is_no_relation(answers, expected):
    assert relation(made(answers, expected)) == ""


def test_a_relation_is_observed_in_dicts_of_dicts():
    expected = {"layer": {"w": ROW, "b": 0.5}, "scale": 2.0}
    answer = {"scale": -2.0, "layer": {"b": -0.5, "w": -ROW}}
    assert relation(made([answer], [expected])).startswith("Every number has the sign")


def test_a_relation_is_observed_in_several_values():
    expected = (ROW, {"w": (0.5, -2.0), 7: [ROW, {"b": 3.0}]})
    answer = [-ROW, {"w": [-0.5, 2.0], 7: (-ROW, {"b": -3.0})}]
    assert relation(made([answer], [expected])).startswith("Every number has the sign")


@pytest.mark.parametrize(
    ("answer", "expected", "said"),
    [
        ({"w": 0.7, "b": 5.0}, SLOPES, "The entry 'w' is right."),
        ({"b": 5.0, "w": 0.7}, SLOPES, "The entry 'w' is right."),
        ((ROW, 3.0), (ROW, 2.0), "The first value is right."),
        ([1.0, ROW], (2.0, ROW), "The second value is right."),
        ((1.0, 2.0, 4.0), (1.0, 2.0, 3.0), "The first value and the second value are right."),
        (
            {"a": 1.0, "b": 2.0, "c": 3.0, "d": 5.0},
            {"a": 1.0, "b": 2.0, "c": 3.0, "d": 4.0},
            "The entry 'a', the entry 'b' and the entry 'c' are right.",
        ),
        (tuple("abcde"), (1.0, 2.0, 3.0, 4.0, 5.0), ""),
        (
            dict.fromkeys("abcdef", 1.0),
            dict.fromkeys("abcde", 1.0) | {"f": 2.0},
            "5 of its parts are",
        ),
        (
            [{"W": ROW, "b": 1.0}, {"W": -ROW, "b": 2.0}],
            [{"W": ROW, "b": 3.0}, {"W": ROW, "b": 2.0}],
            "answer[0]['W'] and answer[1]['b'] are right.",
        ),
        ((3.0, 3.0), (1.0, 2.0), ""),
        ((1.0, 2.0), (1.0, 2.0), ""),
        ((ROW[:2], 3.0), (ROW, 2.0), ""),
        ({"w": 0.7}, SLOPES, ""),
        (ROW, SLOPES, ""),
        (None, (1.0, 2.0), ""),
        ((1.0, 2.0, 3.0), (1.0, 2.0), ""),
        (ROW, ROW + 1, ""),
    ],
    ids=repr,
)
def test_which_of_several_parts_are_right_is_told(answer, expected, said):
    assert right_parts(made([answer], [expected])).startswith(said)
    assert bool(said) == bool(right_parts(made([answer], [expected])))


def test_a_part_is_right_only_if_it_is_for_every_input():
    assert right_parts(made([(1.0, 5.0), (2.0, 5.0)], [(1.0, 2.0), (3.0, 4.0)])) == ""
    assert right_parts(made([(1.0, 5.0)], [])) == ""


def test_a_list_in_a_dict_stands_for_an_array():
    answer, expected = {"w": [-1.0, -3.0]}, {"w": np.array([1.0, 3.0])}
    assert relation(made([answer], [expected])).startswith("Every number has the sign")
    assert relation(made([expected], [answer])).startswith("Every number has the sign")


def test_a_relation_holds_for_every_input():
    assert relation(made([-ROW, -2 * ROW], [ROW, 2 * ROW])).startswith("Every number has the sign")
    assert relation(made([-ROW, 2 * ROW], [ROW, 2 * ROW])) == ""


def test_the_number_of_points_may_differ_between_inputs():
    inputs = [(RNG.normal(size=8),), (RNG.normal(size=5),)]
    assert "divided by the number" in relation(made([1 / 8, 3 / 5], [1.0, 3.0]), inputs)
    assert "divided by the number" not in relation(made([1 / 8, 3 / 8], [1.0, 3.0]), inputs)
    mixed = [(RNG.normal(size=8), RNG.normal(size=3)), inputs[1]]
    assert relation(made([1 / 8, 3 / 5], [1.0, 3.0]), mixed) == ""


def test_two_relations_that_fit_are_none():
    symmetric = np.array([0.2, 0.5, 0.8])
    assert relation(made([1 - symmetric], [symmetric])) == ""  # or the reverse order


def test_exchanged_arguments_are_observed():
    x, y = RNG.normal(size=6), RNG.normal(size=6)
    inputs = [(0.5, x, y), (0.7, y, x)]

    def solution(c, a, b):
        return np.asarray(a + c * b**2)

    right = [solution(*args) for args in inputs]
    wrong = [solution(c, b, a) for c, a, b in inputs]
    said = relation(made(wrong, right), inputs, solution)
    assert said == "It is as if arguments 2 and 3 had changed places."


def test_a_solution_that_cannot_bear_the_exchange_is_left_alone():
    def picky(a, b):
        if a[0] > b[0]:
            raise ValueError("not this way round")
        return a - 2 * b

    x, y = np.array([0.0, 3.0]), np.array([1.0, 7.0])
    assert relation(made([np.array([5.0, 6.0])], [picky(x, y)]), [(x, y)], picky) == ""


# In a check


def observed(source, check):
    return one_check(source, check).rationale


def test_every_kind_of_comparison_observes():
    def agrees(e: Exercise) -> None:
        e.agrees("t", student.f, lambda x: x**2, [(POINTS,)])

    def returns(e: Exercise) -> None:
        e.returns("t", student.f, POINTS, expected=POINTS**2)

    assert "3/2 times" in observed("def f(x): return 1.5 * x**2", agrees)
    assert "3/2 times" in observed("def f(x): return 1.5 * x**2", returns)

    theta = {"w": 0.3, "b": 0.8}

    def gradient(e: Exercise) -> None:
        e.is_gradient("t", student.g, "f", [(theta, POINTS)])

    loss = given("lambda p, x: ((p['w'] * x + p['b'] - 1) ** 2).sum()")
    mean = "import jax\ng = lambda p, x: {k: v / 5 for k, v in jax.grad(f)(p, x).items()}"
    by_hand = """
    def g(p, x):
        r = 2 * (p['w'] * x + p['b'] - 1) / 5
        return {'w': (r * x).sum(), 'b': r.sum()}
    """
    for source, stubs in ((mean, {"f": loss}), (by_hand, None)):
        result = one_check(
            source, gradient, stubs, solution=lambda name, stubs: loss, max_points=1.0
        )
        assert "divided by the number of points" in result.rationale


def test_a_known_mistake_comes_before_an_observation():
    def check(e: Exercise) -> None:
        e.agrees(
            "t",
            student.f,
            lambda x: x,
            [(POINTS,)],
            mistakes={"It looks doubled.": lambda x: 2 * x},
        )

    result = one_check("def f(x): return 2 * x", check)
    assert (result.mistake, "times" in result.rationale) == ("It looks doubled.", False)
    other = one_check("def f(x): return 3 * x", check)
    assert (other.mistake, "3 times" in other.rationale) == ("", True)


def test_a_right_answer_hears_nothing():
    def check(e: Exercise) -> None:
        e.agrees("t", student.f, lambda x: x, [(POINTS,)])

    assert observed("def f(x): return x + 1e-9", check) == ""


def test_an_observation_on_the_losses_of_a_loop():
    theta = {"w": 0.3, "b": 0.8}
    line = given("lambda t, x: t['w'] * x + t['b']")
    squares = given("lambda t, model, x, y: ((model(t, x) - y) ** 2).sum()")

    def check(e: Exercise) -> None:
        e.descends(
            "t", student.loop, theta, line, squares, POINTS, 2 * POINTS,
            loss=squares, n_steps=4, step_size=0.01, of="losses",
        )  # fmt: skip

    loop = """
    import jax
    def loop(t, model, loss, x, y, n_steps, step_size):
        losses = []
        for _ in range(n_steps):
            losses.append(loss(t, model, x, y) / len(x))
            g = jax.grad(loss)(t, model, x, y)
            t = {k: t[k] - step_size * g[k] for k in t}
        return losses, t
    """
    assert "divided by the number of points" in observed(loop, check)
