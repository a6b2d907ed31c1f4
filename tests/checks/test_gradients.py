"""Slopes: `is_gradient`, `is_differentiable`, and the number that a slope is taken of."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest

from autograder.checks.gradients import scalar
from autograder.checks.mistakes import worth
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

    source = LOSSES + BY_HAND.replace("2 * residual", "residual")
    result = gradient(source, mistakes={"Where is the 2?": half})
    assert (result.outcome, result.mistake, result.earned) == (FAILED, "Where is the 2?", 0)
    assert gradient(source, mistakes={"Where is the 2?": worth(0.5, half)}).earned == 0.5
    assert result.rationale == "The number for the entry 'w' is off by about 50%. Where is the 2?"


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "bfloat16"])
def test_coarse_differences_are_no_gradient_in_any_precision(dtype):
    """The error of forward differences with a step of 0.01 is no rounding of float16's."""
    source = (
        LOSSES
        + f"""
    def f(theta, x):
        here = loss(theta, x)
        return {{k: jnp.asarray((loss({{**theta, k: theta[k] + 0.01}}, x) - here) / 0.01, '{dtype}')
                for k in theta}}
    """
    )
    result = gradient(source)
    assert (result.outcome, result.earned, result.staff_note) == (FAILED, 0.0, "")
    told = f"It is kept in {dtype}, which holds" in result.rationale
    assert told is (dtype in ("float16", "bfloat16"))


def test_a_gradient_rounded_to_float32_keeps_its_points():
    cast = "\n    def f(theta, x):\n        g = jax.grad(loss)(theta, x)\n"
    cast += "        return {k: g[k].astype('float32') for k in g}\n"
    assert gradient(LOSSES + cast).outcome is PASSED


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
    assert result.rationale == "The number for the entry 'w' is off by about 50%."


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


def scaled(size, offset):
    """A loss whose entries have slopes of 2 `size` and 2, on top of an offset, and its gradient."""
    return f"""
    import jax, jax.numpy as jnp
    def loss(theta, x):
        return {offset} + {size} * (theta['w'] - 1) ** 2 + (theta['b'] - 1) ** 2
    def f(theta, x):
        return {{'w': {size} * 2 * (theta['w'] - 1), 'b': 2 * (theta['b'] - 1)}}
    """


@pytest.mark.parametrize("size", [1e-2, 1.0, 1e4, 1e8])
@pytest.mark.parametrize("offset", [0.0, 1e3, 1e6, 1e9])
@pytest.mark.parametrize("at", [{"w": 2.0, "b": 2.0}, {"w": 2.0, "b": 1.0}, {"w": 1.3, "b": 1.1}])
def test_a_right_gradient_with_entries_of_very_different_size(size, offset, at):
    """The rounding of differences goes with the size of the loss, and is no difference."""
    result = gradient(scaled(size, offset), inputs=[(at, X)])
    assert (result.outcome, result.rationale) == (PASSED, "")


def test_a_wrong_small_entry_is_not_hidden_by_a_large_one():
    wrong = scaled(1e3, 0.0).replace("2 * (theta['b'] - 1)}", "2.001 * (theta['b'] - 1)}")
    result = gradient(wrong, inputs=[({"w": 2.0, "b": 2.0}, X)])
    assert result.rationale == "The number for the entry 'b' is off by a little."


def test_a_large_loss_at_one_input_does_not_blunt_the_other():
    source = scaled(1.0, "1e8 * x").replace("* (theta['b'] - 1)}", "* (theta['b'] - 1.0001)}")
    inputs = [({"w": 2.0, "b": 2.0}, 0.0), ({"w": 2.0, "b": 2.0}, 1.0)]
    assert gradient(source, inputs=inputs[1:]).outcome is PASSED
    assert gradient(source, inputs=inputs).outcome is FAILED


def test_a_slope_that_is_not_finite_is_no_yardstick():
    source = """
    import jax.numpy as jnp
    def loss(theta, x): return 1e308 * jnp.sign(theta['w'])
    def f(theta, x): return {'w': jnp.inf, 'b': 0.0}
    """
    result = gradient(source, inputs=[({"w": 0.0, "b": 0.0}, X)])
    assert (result.outcome, result.rationale) == (FAILED, "Its slope is too large to be measured.")


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
        ("jnp.round(theta['w'] * x)", "Its numbers do not change with the parameters."),
        ("x", "Its numbers do not change with the parameters."),
        ("0.0", "Its numbers do not change with the parameters."),
        ("x * theta['w'] * 3 / theta['w']", "Its numbers do not change with the parameters."),
        ("1e9 + 0 * theta['w']", "Its numbers do not change with the parameters."),
        ("1e308 * jnp.sign(theta['w'] - 0.7)", "Its slope is too large to be measured."),
        ("jnp.full(9, 1e308) + theta['w']", "The answer contains infinity."),
    ],
)
def test_is_not_differentiable(body, said):
    result = differentiable(body)
    assert (result.outcome, result.staff_note) == (FAILED, "")
    assert result.rationale.startswith(said)


IN_DTYPE = "jnp.tanh(jnp.asarray(theta['w'], '{0}') * x.astype('{0}'))"


@pytest.mark.parametrize("size", [1, 1000])
@pytest.mark.parametrize("seed", range(5))
def test_a_part_that_computes_in_float32_is_differentiable(seed, size):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=size)
    inputs = [({"w": w, "b": 1.0}, x) for w in rng.normal(size=2)]
    body = f"{IN_DTYPE.format('float32')} + theta['b'] ** 2".replace(
        "theta['b']", "jnp.float32(theta['b'])"
    )
    result = differentiable(body, inputs)
    assert (result.outcome, result.rationale) == (PASSED, "")
    cut = body.replace("jnp.tanh(", "jax.lax.stop_gradient(")
    assert differentiable(cut, inputs).rationale.startswith("Its slope according to JAX is not")
    flat = "jnp.float32(0.1) + 0 * x.astype('float32')"
    assert differentiable(flat, inputs).rationale.startswith("Its numbers do not change")


@pytest.mark.parametrize(("dtype", "digits"), [("float16", "three"), ("bfloat16", "two")])
def test_half_precision_shows_no_slope_and_is_told(dtype, digits):
    result = differentiable(IN_DTYPE.format(dtype))
    assert (result.outcome, result.rationale) == (
        FAILED,
        f"They are kept in {dtype}, which holds {digits} digits; compute in float64, or leave the "
        "dtype alone.",
    )


def test_a_part_that_is_flat_at_one_of_its_inputs_is_differentiable():
    body = "jax.nn.relu(theta['w']) * x"
    off = {"w": -0.7, "b": 0.0}
    assert differentiable(body, [(off, X), (THETA, X)]).outcome is PASSED
    assert differentiable(body, [(off, X)]).outcome is FAILED


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
