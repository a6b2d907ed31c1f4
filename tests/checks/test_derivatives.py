"""Derivatives beyond the gradient: every entry, beside differences of the instructor's function."""

from __future__ import annotations

import jax
import numpy as np
import pytest

from autograder.checks.derivatives import jacobian, jvp, vjp
from autograder.checks.exercise import Exercise
from autograder.checks.student import given, student
from autograder.record.outcome import Outcome
from tests.support.checking import NOT_WRITTEN, assert_ours, broken
from tests.support.inprocess import notebook, one_check

PASSED, FAILED, NOT_ATTEMPTED = Outcome.PASSED, Outcome.FAILED, Outcome.NOT_ATTEMPTED
SEED = 5
RNG = np.random.default_rng(SEED)
X, V, CT = RNG.normal(size=3), RNG.normal(size=3), RNG.normal(size=2)
MAP = given("lambda x: jnp.stack([jnp.sin(x[0]) * x[1], x[1] * x[2] ** 2])")
LOSS = given("lambda p, x: jnp.sum(jnp.tanh(x * p['w'] + p['b']) ** 2)")
HEAD = """
import jax, jax.numpy as jnp
def g(x): return jnp.stack([jnp.sin(x[0]) * x[1], x[1] * x[2] ** 2])
def loss(p, x): return jnp.sum(jnp.tanh(x * p['w'] + p['b']) ** 2)
"""
AT, ALONG = {"w": 0.5, "b": -0.2}, {"b": 1.0, "w": 2.0}


@pytest.mark.parametrize("measured", ["jacobian", "jvp", "vjp"])
def test_differences_are_as_jax_differentiates(measured):
    with jax.enable_x64(True):
        right, got = {
            "jacobian": (jax.jacobian(MAP)(X), jacobian(MAP, X)),
            "jvp": (jax.jvp(MAP, (X,), (V,))[1], jvp(MAP, X, V)),
            "vjp": (jax.vjp(MAP, jax.numpy.asarray(X))[1](CT)[0], vjp(MAP, X, CT)),
        }[measured]
    np.testing.assert_allclose(got, right, rtol=1e-8, atol=1e-9)


def check(name, source, **options):
    checks = {
        "is_jacobian": (MAP, (X,)),
        "is_jvp": (MAP, (X, V)),
        "is_vjp": (MAP, (X, CT)),
    }
    of, args = checks[name]
    return one_check(
        HEAD + source, lambda e: getattr(e, name)("t", student.f, of, [args], **options)
    )


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("is_jacobian", "f = jax.jacobian(g)"),
        ("is_jacobian", "f = jax.jacfwd(g)"),
        ("is_jvp", "def f(x, v): return jax.jvp(g, (x,), (v,))[1]"),
        ("is_jvp", "def f(x, v): return jax.jacobian(g)(x) @ v"),
        ("is_vjp", "def f(x, ct): return jax.vjp(g, x)[1](ct)[0]"),
        ("is_vjp", "def f(x, ct): return ct @ jax.jacobian(g)(x)"),
    ],
)
def test_right_answers(name, source):
    result = check(name, source)
    assert (result.outcome, result.rationale, result.staff_note) == (PASSED, "", "")


@pytest.mark.parametrize(
    ("name", "source", "said"),
    [
        ("is_jacobian", "def f(x): return jax.jacobian(g)(x).T", "Got an array of shape (3, 2)"),
        (
            "is_jacobian",
            "def f(x): return jax.jacobian(g)(x).at[1, 2].add(1e-3)",
            "1 of 6 numbers are off",
        ),
        ("is_jvp", "def f(x, v): return jax.jvp(g, (x,), (x,))[1]", "2 of 2 numbers are off"),
        ("is_vjp", "def f(x, ct): return -(ct @ jax.jacobian(g)(x))", "3 of 3 numbers are off"),
        ("is_vjp", "def f(x, ct): pass", "Got None, expected an array of shape (3,)."),
        ("is_vjp", "def f(x, ct): return 1 / 0", "`f` raised ZeroDivisionError"),
    ],
)
def test_wrong_answers(name, source, said):
    result = check(name, source)
    assert (result.outcome, result.staff_note) == (FAILED, "")
    assert result.rationale.startswith(said)


@pytest.mark.parametrize("name", ["is_jacobian", "is_jvp", "is_vjp"])
def test_not_written_yet(name):
    assert check(name, NOT_WRITTEN).outcome is NOT_ATTEMPTED


def test_a_known_mistake_takes_the_right_derivative_first():
    result = check(
        "is_jacobian",
        "def f(x): return 2 * jax.jacobian(g)(x)",
        mistakes={"It looks doubled.": lambda right, x: 2 * right},
    )
    assert result.mistake == "It looks doubled."


def test_an_error_in_the_instructors_function_is_ours():
    result = one_check(
        HEAD + "f = jax.jacobian(g)", lambda e: e.is_jacobian("t", student.f, broken, [(X,)])
    )
    assert_ours(result)


HVP = "def f(p, v, x): return jax.jvp(lambda p: jax.grad(loss)(p, x), (p,), (v,))[1]"


@pytest.mark.parametrize(
    ("source", "outcome"),
    [
        (HVP, PASSED),
        (HVP.replace("(p,), (v,)", "(v,), (p,)"), FAILED),
        ("def f(p, v, x): return jax.grad(loss)(p, x)", FAILED),
    ],
)
def test_a_hessian_vector_product_is_the_jvp_of_a_gradient(source, outcome):
    result = one_check(
        HEAD + source,
        lambda e: e.is_jvp("t", student.f, LOSS.gradient(), [(AT, ALONG, X), (ALONG, AT, X)]),
    )
    assert (result.outcome, result.staff_note) == (outcome, "")


def test_a_hessian_is_the_jacobian_of_a_gradient():
    bowl = given("lambda p: p[0] ** 2 + 3 * p[0] * p[1] * p[2]")
    source = HEAD + "f = jax.hessian(lambda p: p[0] ** 2 + 3 * p[0] * p[1] * p[2])"
    result = one_check(
        source, lambda e: e.is_jacobian("t", student.f, bowl.gradient(), [(X,), (V,)])
    )
    assert (result.outcome, result.rationale) == (PASSED, "")


def test_a_backward_pass_of_several_arguments_gives_a_tree():
    layer = given("lambda inputs: inputs[0] @ inputs[1]")
    source = HEAD + "def f(inputs, ct): x, W = inputs; return ct @ W.T, jnp.outer(x, ct)"
    inputs = (X, RNG.normal(size=(3, 2)))
    with notebook(source):
        exercise = Exercise("f")
        exercise.is_vjp("t", student.f, layer, [(inputs, CT)])
        exercise.is_vjp("t", student.f, layer, [(inputs, -CT)])
    assert [r.outcome for r in exercise.results] == [PASSED, PASSED]


def test_a_hand_written_rule_of_custom_vjp_is_differentiated_by_jax():
    rule = """
@jax.custom_vjp
def f(x): return jnp.sin(x)
f.defvjp(lambda x: (jnp.sin(x), x), lambda x, ct: ({} * ct,))
"""
    for slope, outcome in [("jnp.cos(x)", PASSED), ("-jnp.cos(x)", FAILED)]:
        source = HEAD + rule.format(slope)
        result = one_check(source, lambda e: e.is_differentiable("t", student.f, [(X,)]))
        assert result.outcome is outcome
