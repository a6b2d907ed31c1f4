"""Finite differences against exact derivatives, and plain gradient descent."""

from __future__ import annotations

from decimal import Decimal

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from autograder.checks.numerics import (
    STEP,
    central_differences,
    descend,
    evaluated,
    in_floats,
    to_numpy,
)
from autograder.checks.paths import Walk, downhill
from autograder.checks.student import StudentFault
from autograder.record.outcome import Outcome
from autograder.remote.given import double_precision

SEED = 11
RNG = np.random.default_rng(SEED)
X, Y = RNG.normal(size=40), RNG.uniform(size=40)
MATRIX = RNG.normal(size=(3, 2))


@jax.jit
def logistic_loss(p):
    z = p["w"] * X + p["b"]
    return -jnp.sum(Y * jax.nn.log_sigmoid(z) + (1 - Y) * jax.nn.log_sigmoid(-z))


@jax.jit
def layered_loss(p):
    hidden = jnp.tanh(p["W"] @ jnp.asarray([0.3, -0.7]) + p["c"])
    return jnp.sum(hidden**2) * p["scale"]


LOSSES = {
    "logistic": (logistic_loss, {"w": 0.7, "b": -0.4}),
    "logistic far out": (logistic_loss, {"w": 30.0, "b": -2.0}),
    "arrays": (layered_loss, {"W": MATRIX, "c": np.array([0.1, -0.2, 0.3]), "scale": 1.5}),
    "large parameter": (lambda p: jnp.sin(p["w"] / 1e4) * 10, {"w": 2e4}),
    "empty array": (lambda p: jnp.sum(p["e"]) + p["w"] ** 2, {"e": np.zeros(0), "w": 3.0}),
}


def relative_error(got, wanted) -> float:
    flat = [np.concatenate([np.ravel(g[k]) for k in wanted]) for g in (got, wanted)]
    return float(np.linalg.norm(flat[0] - flat[1]) / np.linalg.norm(flat[1]))


@pytest.mark.parametrize("name", LOSSES)
def test_central_differences_agree_with_autodiff(name):
    loss, params = LOSSES[name]
    with double_precision():
        exact = jax.grad(loss)(jax.tree.map(lambda v: jnp.asarray(v, "float64"), params))
        slope = central_differences(loss, params)
    assert list(slope) == list(params)
    for key, entry in params.items():
        assert np.shape(slope[key]) == np.shape(entry)
        assert np.asarray(slope[key]).dtype == np.float64
    assert relative_error(slope, exact) < 1e-8, f"seed {SEED}"


def test_a_gradient_that_is_slightly_wrong_is_far_outside_that_error():
    loss, params = LOSSES["logistic"]
    with double_precision():
        exact = jax.grad(loss)(jax.tree.map(lambda v: jnp.asarray(v, "float64"), params))
        slope = central_differences(loss, params)
    wrong = {"w": float(exact["w"]), "b": float(exact["b"]) * (1 + 1e-4)}
    assert relative_error(slope, wrong) > 1e-6


def test_central_differences_leave_the_parameters_alone_and_pass_plain_floats():
    seen = []
    params = {"w": 1.0, "v": np.array([1.0, 2.0])}

    def loss(p):
        seen.append((type(p["w"]), p["v"].copy()))
        p["v"][0] = 99.0  # a careless student
        return p["w"]

    before = params["v"].copy()
    central_differences(loss, {**params, "v": params["v"].copy()})
    assert all(kind is float for kind, _ in seen)
    assert np.array_equal(params["v"], before)


def test_integer_parameters_are_moved_by_a_fraction():
    assert central_differences(lambda p: p["w"] ** 2, {"w": 3})["w"] == pytest.approx(6.0)


def test_the_step_balances_truncation_and_rounding():
    """The error at STEP is smaller than at a step 100 times larger or 1000 times smaller."""

    def error(step):
        return abs((np.exp(1 + step) - np.exp(1 - step)) / (2 * step) - np.e)

    assert error(STEP) < error(100 * STEP)
    assert error(STEP) < error(STEP / 1000)


def test_taylor_remainder_shrinks_as_the_square_for_a_right_gradient_and_linearly_for_a_wrong_one():
    loss, params = LOSSES["logistic"]
    direction = {"w": 0.6, "b": -0.8}
    loss_in_double = _double(loss)
    gradient = central_differences(loss_in_double, params)

    def slope_of_remainder(g):
        steps = np.array([1e-2, 1e-3, 1e-4])
        along = sum(g[k] * direction[k] for k in g)
        remainders = [
            abs(
                loss_in_double({k: params[k] + h * direction[k] for k in params})
                - loss_in_double(params)
                - h * along
            )
            for h in steps
        ]
        return np.polyfit(np.log(steps), np.log(remainders), 1)[0]

    assert slope_of_remainder(gradient) == pytest.approx(2.0, abs=0.1)
    wrong = {k: 1.5 * v for k, v in gradient.items()}
    assert slope_of_remainder(wrong) == pytest.approx(1.0, abs=0.2)


def _double(loss):
    def call(p):
        with double_precision():
            return float(loss(p))

    return call


# Gradient descent


def bowl(p):
    return (p["w"] - 2.0) ** 2 + jnp.sum((jnp.asarray(p["v"]) - 1.0) ** 2)


START = {"w": 0.0, "v": np.zeros(2)}


def test_descend_ends_where_a_walk_downhill_does():
    slope = lambda here, _: central_differences(_double(bowl), here)  # noqa: E731
    slow = Walk(START, slope, downhill(0.1), n_steps=7).path()[-1]
    fast = descend(bowl, START, 7, 0.1)
    assert fast["w"] == pytest.approx(slow["w"], rel=1e-9)
    assert fast["v"] == pytest.approx(slow["v"], rel=1e-9)
    assert type(fast["w"]) is float
    assert fast["v"].dtype == np.float64


def test_descend_takes_integers_and_float32_as_a_start():
    start = {"w": 1, "v": np.zeros(2, "float32")}
    assert descend(bowl, start, 500, 0.1)["w"] == pytest.approx(2.0, abs=1e-12)


@pytest.mark.parametrize("n_steps", [np.asarray(3), np.int32(3), jnp.asarray(3)], ids=repr)
def test_descend_takes_any_integer(n_steps):
    assert descend(bowl, START, n_steps, 0.1)["w"] == pytest.approx(2 * (1 - 0.8**3))


def test_descend_of_no_steps_is_the_start():
    assert descend(bowl, START, 0, 0.1)["w"] == 0.0


def refused(*choice, loss=bowl, **options):
    """What a student reads of a choice that leads nowhere."""
    with pytest.raises(StudentFault) as caught:
        descend(loss, START, *choice, **options)
    assert caught.value.outcome is Outcome.FAILED
    return str(caught.value)


WHOLE = "The number of steps should be a whole number, 0 or more; it is "
FINITE = "The step size should be a finite number; it is "
BFLOAT16 = jnp.asarray(0.5, "bfloat16")

# What a student may have chosen, and what it is called where it is no number.
NONSENSE = [
    ("100", "a str"),
    (b"1", "a bytes"),
    (None, "None"),
    ({}, "a dict with the keys none"),
    ([], "a list of length 0"),
    ([100], "a list of length 1"),
    ([[1], [1, 2]], "a list of length 2"),
    ((1, "a"), "a tuple of length 2"),
    ([10**400, 1.0], "a list of length 2"),
    (True, "a bool"),
    (np.bool_(True), "a bool"),
    (np.asarray(True), "a bool"),
    (1j, "a complex"),
    (np.complex64(1), "a complex64"),
    (Decimal("0.1"), "a Decimal"),
    (np.ones(2), "an array of shape (2,)"),
    (np.zeros((0,), int), "an array of shape (0,)"),
]


@pytest.mark.parametrize(
    ("n_steps", "said"),
    [
        *NONSENSE,
        (100.0, "a float"),
        (np.nan, "a float"),
        (1e308, "a float"),
        (np.asarray(3.0), "a float64"),
        (np.float16(3), "a float16"),
        (BFLOAT16, "a bfloat16"),
        (np.asarray(BFLOAT16), "a bfloat16"),
        (-1, "negative"),
        (-(10**400), "negative"),
        (np.int8(-1), "negative"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_what_is_no_number_of_steps_is_refused_in_a_sentence(n_steps, said):
    assert refused(n_steps, 0.1) == f"{WHOLE}{said}."


@pytest.mark.parametrize(
    ("step_size", "said"),
    [
        *NONSENSE,
        (np.nan, "nan"),
        (np.inf, "inf"),
        (-np.inf, "-inf"),
        (np.float16(np.inf), "inf"),
        (np.asarray(np.nan), "nan"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_what_is_no_step_size_is_refused_in_a_sentence(step_size, said):
    assert refused(3, step_size) == f"{FINITE}{said}."


@pytest.mark.parametrize("step_size", [10**400, -(10**400)], ids=["10**400", "-10**400"])
def test_a_step_size_beyond_a_float_is_refused_in_a_sentence(step_size):
    assert refused(3, step_size) == "The step size is too large: a float holds at most 1.8e308."


@pytest.mark.parametrize(
    "step_size",
    [0, 1, np.int8(1), np.uint64(1), 0.1, np.float16(0.1), np.asarray(0.1), BFLOAT16, 5e-324, -0.5],
    ids=repr,
)
def test_descend_takes_any_real_step_size(step_size):
    expected = 2 * (1 - (1 - 2 * float(step_size)) ** 3)
    assert descend(bowl, START, 3, step_size)["w"] == pytest.approx(expected)


@pytest.mark.parametrize(
    "n_steps", [4, np.uint64(2**63), 10**30, 10**400], ids=["4", "2**63", "10**30", "10**400"]
)
def test_descend_refuses_more_than_the_most_steps(n_steps):
    said = "The number of steps is too large: at most 3 steps are asked for."
    assert refused(n_steps, 0.1, most_steps=3) == said
    assert descend(bowl, START, 3, 0.1, most_steps=3)["w"] == pytest.approx(2 * (1 - 0.8**3))


def test_descend_of_huge_n_steps_ends_with_the_default_bound():
    assert refused(10**12, 0.1).endswith("at most 200,000 steps are asked for.")


@pytest.mark.parametrize(
    ("n_steps", "step_size"), [(5000, 2.0), (3, 1e308), (3, -1e308), (2, 10**300)]
)
def test_training_that_ends_in_nan_or_infinity_is_refused_in_a_sentence(n_steps, step_size):
    assert refused(n_steps, step_size) == (
        "Training with these numbers ends in NaN or infinity: the steps are too large. "
        "The step size should be smaller."
    )


def test_sentences_call_a_choice_by_the_students_names():
    names = ("n_clean", "size_clean")
    assert refused("3", 0.1, names=names).startswith("`n_clean` should be a whole number")
    assert refused(10**9, 0.1, names=names).startswith("`n_clean` is too large")
    assert refused(3, None, names=names).startswith("`size_clean` should be a finite number")
    assert refused(3, 1e308, names=names).endswith("`size_clean` should be smaller.")


def test_in_floats():
    made = in_floats({"w": np.float16(0.5), "v": np.array([1, 2]), "n": 2})
    assert made["w"] == 0.5
    assert {type(made[key]) for key in "wn"} == {float}
    assert made["v"].dtype == np.float64


# Trusted functions


def test_to_numpy_keeps_containers():
    value = to_numpy({"a": (jnp.ones(2), [1.0, "x"]), "b": None})
    assert isinstance(value["a"][0], np.ndarray)
    assert value["a"][1] == [1.0, "x"]
    assert value["b"] is None


def test_to_numpy_keeps_a_named_tuple_comparable():
    from typing import NamedTuple

    class Pair(NamedTuple):
        losses: list
        theta: dict

    assert tuple(to_numpy(Pair([1.0], {"w": 2.0}))) == ([1.0], {"w": 2.0})


def test_evaluated_computes_in_float64():
    assert evaluated(lambda x: jnp.ones(2) * x)(2.0).dtype == np.float64
