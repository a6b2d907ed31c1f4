"""Finite differences against exact derivatives, and plain gradient descent."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from autograder.checks.numerics import (
    STEP,
    central_differences,
    descend,
    evaluated,
    gradient_descent,
    to_numpy,
)
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


def test_gradient_descent_lists_every_point():
    path = gradient_descent(lambda p: {"w": 2 * p["w"], "b": 1.0}, {"w": 1.0, "b": 0.0}, 3, 0.25)
    assert path == [
        {"w": 1.0, "b": 0.0},
        {"w": 0.5, "b": -0.25},
        {"w": 0.25, "b": -0.5},
        {"w": 0.125, "b": -0.75},
    ]


def test_gradient_descent_of_no_steps_is_the_start():
    assert gradient_descent(lambda p: 1 / 0, {"w": 1.0}, 0, 0.1) == [{"w": 1.0}]


def test_gradient_descent_keeps_arrays_arrays_and_numbers_numbers():
    start = {"v": np.ones(2), "w": 1.0}
    end = gradient_descent(lambda p: {"v": np.ones(2), "w": np.asarray(1.0)}, start, 2, 0.5)[-1]
    assert np.array_equal(end["v"], [0.0, 0.0])
    assert end["w"] == 0.0
    assert type(end["w"]) is float
    assert np.array_equal(start["v"], [1.0, 1.0])


def bowl(p):
    return (p["w"] - 2.0) ** 2 + jnp.sum((jnp.asarray(p["v"]) - 1.0) ** 2)


START = {"w": 0.0, "v": np.zeros(2)}


def test_descend_ends_where_gradient_descent_does():
    slow = gradient_descent(lambda p: central_differences(_double(bowl), p), START, 7, 0.1)[-1]
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


@pytest.mark.parametrize("n_steps", [0, -1, -(10**12)])
def test_descend_of_no_steps_is_the_start(n_steps):
    assert descend(bowl, START, n_steps, 0.1)["w"] == 0.0


@pytest.mark.parametrize("n_steps", [4, 10**12, 10**30], ids=["4", "10**12", "10**30"])
def test_descend_takes_more_than_the_most_steps_for_nonsense(n_steps):
    assert np.isnan(descend(bowl, START, n_steps, 0.1, most_steps=3)["w"])
    assert descend(bowl, START, 3, 0.1, most_steps=3)["w"] == pytest.approx(2 * (1 - 0.8**3))


def test_descend_of_huge_n_steps_ends_with_the_default_bound():
    assert np.isnan(descend(lambda p: p["w"] ** 2, {"w": 1.0}, 10**12, 0.1)["w"])


NONSENSE = [
    "100",
    None,
    {},
    [],
    [100],
    [[1], [1, 2]],
    (1, "a"),
    True,
    1j,
    np.ones(2),
    np.zeros((0,), int),
]


@pytest.mark.parametrize("n_steps", [*NONSENSE, 100.0, np.nan], ids=repr)
def test_descend_of_nonsense_steps_is_nan(n_steps):
    assert np.isnan(descend(bowl, START, n_steps, 0.1)["w"])


@pytest.mark.parametrize("step_size", [*NONSENSE, np.nan, np.inf], ids=repr)
def test_descend_of_a_nonsense_step_size_is_nan(step_size):
    assert np.isnan(descend(bowl, START, 3, step_size)["w"])


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
