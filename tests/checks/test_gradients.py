"""Slopes: `is_gradient`, `is_differentiable`, and the number that a slope is taken of."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest

from autograder.checks.gradients import scalar
from autograder.checks.student import StudentFault, given, student
from autograder.record.outcome import Outcome
from tests.support.checking import NOT_WRITTEN, X, assert_ours
from tests.support.inprocess import one_check

PASSED, FAILED = Outcome.PASSED, Outcome.FAILED
NOT_ATTEMPTED = Outcome.NOT_ATTEMPTED


# is_gradient

LOSSES = """
    import jax, jax.numpy as jnp
    def loss(theta, x):
        return jnp.sum((theta['w'] * x + theta['b'] - 1) ** 2)
"""
POINTS = [({"w": 0.5, "b": -0.3}, X), ({"w": -2.0, "b": 1.0}, X)]
SQUARES = given("lambda theta, x: jnp.sum((theta['w'] * x + theta['b'] - 1) ** 2)")
NOT_A_LOSS = "\n    def loss(theta, x): raise NotImplementedError()\n"
BY_HAND = """
    import jax, jax.numpy as jnp
    def f(theta, x):
        residual = theta['w'] * x + theta['b'] - 1
        return {'w': jnp.sum(2 * residual * x), 'b': jnp.sum(2 * residual)}
"""
AUTODIFF = "\n    def f(theta, x): return jax.grad(loss)(theta, x)\n"


def gradient(source, stubs=None, mistakes=None, inputs=POINTS, of=student.loss):
    return one_check(
        source,
        lambda e: e.is_gradient("t", student.f, of, inputs, stubs=stubs, mistakes=mistakes),
    )


@pytest.mark.parametrize(
    "source", [LOSSES + AUTODIFF, LOSSES + BY_HAND], ids=["autodiff", "by hand"]
)
def test_is_gradient(source):
    result = gradient(source)
    assert (result.outcome, result.rationale) == (PASSED, "")


def test_is_gradient_of_the_students_own_wrong_loss():
    source = LOSSES.replace("- 1", "+ 3") + AUTODIFF
    assert gradient(source).outcome is PASSED


def test_is_gradient_names_the_known_mistake():
    def half(theta, x):
        residual = theta["w"] * x + theta["b"] - 1
        return {"w": jnp.sum(residual * x), "b": jnp.sum(residual)}

    result = gradient(
        LOSSES + BY_HAND.replace("2 * residual", "residual"), mistakes={"Where is the 2?": half}
    )
    assert (result.outcome, result.mistake) == (FAILED, "Where is the 2?")
    assert result.rationale == "The number for the entry 'w' is off by about 44%. Where is the 2?"


def test_is_gradient_wrong_keys():
    result = gradient(LOSSES + "\n    def f(theta, x): return {'w': 0.0}\n")
    assert result.rationale == "Got a dict with the keys 'w', expected the keys 'w', 'b'."


def test_a_right_gradient_of_a_broken_loss_passes_with_a_stand_in():
    assert gradient(NOT_A_LOSS + BY_HAND).outcome is NOT_ATTEMPTED
    assert gradient(NOT_A_LOSS + BY_HAND, {"loss": SQUARES}).outcome is PASSED
    assert gradient(LOSSES + NOT_A_LOSS + AUTODIFF, {"loss": SQUARES}).outcome is PASSED


def test_a_wrong_gradient_of_a_broken_loss_fails_with_a_stand_in():
    source = NOT_A_LOSS + BY_HAND.replace("2 * residual * x", "residual * x")
    result = gradient(source, {"loss": SQUARES})
    assert result.outcome is FAILED
    assert result.rationale == "The number for the entry 'w' is off by about 44%."


def test_no_gradient_is_not_attempted_whatever_the_loss():
    for loss in (LOSSES, NOT_A_LOSS):
        result = gradient(
            loss + "\n    def f(theta, x): raise NotImplementedError()\n", {"loss": SQUARES}
        )
        assert result.outcome is NOT_ATTEMPTED
        assert result.rationale.startswith("`f` is not written yet")


def test_the_fault_is_told_of_the_function_that_was_judged():
    source = LOSSES.replace("return jnp.sum(", "return (") + AUTODIFF
    result = gradient(source)
    assert result.outcome is FAILED
    assert "Gradient only defined for scalar-output functions" in result.rationale


def test_a_loss_that_is_no_number_is_the_students_fault():
    source = LOSSES.replace("return jnp.sum(", "return (") + BY_HAND
    result = gradient(source)
    assert (result.outcome, result.staff_note) == (FAILED, "")
    assert result.rationale == "Got an array of shape (6,), expected a single number."


@pytest.mark.parametrize(
    "inputs",
    [
        [({"w": 0.7, "b": 1.0}, np.array([-1.3, -0.1, 0.1, 1.3]))],
        [
            ({"w": 1e-9, "b": 1.0}, np.array([-1.0, 1.0])),
            ({"w": 3.1, "b": 1.0}, np.array([-0.3, 0.3])),
        ],
    ],
    ids=["one", "two"],
)
def test_a_right_gradient_passes_where_one_entry_vanishes(inputs):
    """Symmetric inputs make the slope in b exactly 0; its finite difference is rounding."""
    for source in (LOSSES + AUTODIFF, LOSSES + BY_HAND):
        result = gradient(source, inputs=inputs)
        assert (result.outcome, result.rationale) == (PASSED, "")


def test_is_gradient_a_stand_in_that_raises_is_our_error():
    assert_ours(gradient(NOT_A_LOSS + BY_HAND, {"loss": given("lambda theta, x: 1 / 0")}))


def test_is_gradient_without_a_stand_in_for_the_loss_is_our_error():
    assert_ours(gradient(NOT_A_LOSS + BY_HAND, {"model": SQUARES}))


# is_differentiable

THETA = {"w": 0.7, "b": -0.4}


def differentiable(body, inputs=((THETA, X),)):
    source = f"import jax, numpy as np, jax.numpy as jnp\ndef f(theta, x): return {body}"
    return one_check(source, lambda e: e.is_differentiable("t", student.f, inputs))


@pytest.mark.parametrize(
    "body",
    [
        "jnp.exp(theta['w'] * x) + theta['b']",
        "jnp.sum(jnp.tanh(theta['w'] * x))",
        "theta['w'] ** 2",
    ],
)
def test_is_differentiable(body):
    result = differentiable(body)
    assert (result.outcome, result.rationale, result.staff_note) == (PASSED, "", "")


@pytest.mark.parametrize("body", ["jnp.round(theta['w'] * x)", "0.5", "0 * x"])
def test_what_has_no_slope_at_any_input_is_not_differentiable(body):
    """JAX says so, too; but then a constant would have its points."""
    result = differentiable(body)
    assert result.outcome is FAILED
    assert "does not change with its first argument" in result.rationale


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("np.exp(theta['w'] * x)", "JAX cannot differentiate it. `f` raised TracerArrayConv"),
        ("float(theta['w']) * x", "JAX cannot differentiate it. `f` raised ConcretizationTy"),
        ("jax.lax.stop_gradient(theta['w']) * x", "Its slope according to JAX is not the slope "),
        ("None", "Got None, expected a single number. Did you forget a `return`?"),
        ("theta['w'] * x * jnp.nan", "The answer contains NaN (not a number)."),
        ("'text'", "Got a str, expected a single number."),
        ("theta['v']", "`f` raised KeyError: 'v'"),
    ],
)
def test_is_not_differentiable(body, said):
    result = differentiable(body)
    assert (result.outcome, result.staff_note) == (FAILED, "")
    assert result.rationale.startswith(said)


def test_is_differentiable_at_every_input():
    off = {"w": -0.7, "b": 0.0}
    body = "jnp.where(theta['w'] > 0, theta['w'], jax.lax.stop_gradient(theta['w'])) * jnp.sum(x)"
    assert differentiable(body).outcome is PASSED
    assert differentiable(body, [(THETA, X), (off, X)]).outcome is FAILED


def test_not_written_is_not_attempted_rather_than_not_differentiable():
    result = one_check(NOT_WRITTEN, lambda e: e.is_differentiable("t", student.f, [(THETA, X)]))
    assert result.outcome is NOT_ATTEMPTED


# A number


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "Got None, expected a single number. Did you forget a `return`?"),
        (np.ones(1), "Got an array of shape (1,), expected a single number."),
        ("1", "Got a str, expected a single number."),
        (True, "Got numbers of type bool, expected floating-point numbers."),
        (1j, "Got numbers of type complex128, expected floating-point numbers."),
        (np.nan, "The answer contains NaN (not a number)."),
        (np.inf, "The answer contains infinity."),
    ],
    ids=repr,
)
def test_scalar_refuses(value, said):
    with pytest.raises(StudentFault) as caught:
        scalar(value)
    assert str(caught.value) == said


@pytest.mark.parametrize("value", [1, 1.0, np.float32(1), np.asarray(1.0)], ids=repr)
def test_scalar(value):
    assert scalar(value) == 1.0
    assert type(scalar(value)) is float
