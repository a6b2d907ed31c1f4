"""What JAX can make of a function: `is_vmappable`, `is_jittable`, `does_not_retrace`."""

from __future__ import annotations

import numpy as np
import pytest

from autograder.checks.exercise import Exercise
from autograder.checks.student import student
from autograder.record.outcome import Outcome
from autograder.remote import wire
from tests.support.checking import NOT_WRITTEN
from tests.support.inprocess import Says, answering, notebook, one_check

PASSED, FAILED, NOT_ATTEMPTED = Outcome.PASSED, Outcome.FAILED, Outcome.NOT_ATTEMPTED
HEAD = "import jax, jax.numpy as jnp, numpy as np\n"
W, X = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[1.0, 0.5], [0.0, 2.0], [1.5, 1.0]])
PARAMS = {"W": W, "b": np.array([0.5, -0.5])}


@pytest.mark.parametrize(
    ("source", "outcome", "said"),
    [
        ("def f(p, x): return x @ p['W'] + p['b']", PASSED, ""),
        ("def f(p, x): return {'scores': x @ p['W'], 'n': x.sum()}", PASSED, ""),
        ("def f(p, x): return jnp.where(x[0] > 1, x, 2 * x)", PASSED, ""),
        (
            "def f(p, x):\n    if x[0] > 1:\n        return x\n    return 2 * x",
            FAILED,
            "`jax.vmap` cannot map it over a batch. `f` raised TracerBoolConversionError",
        ),
        (
            "def f(p, x): return jnp.array(np.sin(x))",
            FAILED,
            "`jax.vmap` cannot map it over a batch. `f` raised TracerArrayConversionError",
        ),
        (
            "def f(p, x): return x + x.ndim * 0 + (1.0 if 'JitTracer' in str(type(x)) else 0.0)"
            " if not hasattr(x, 'val') else x + 1",
            FAILED,
            "Mapped over a batch it gives other numbers than one by one. 6 of 6 numbers are off",
        ),
        ("def f(p, x): return 1.0", FAILED, "The answers hardly change with the inputs."),
        ("def f(p, x): return 1 / 0", FAILED, "`f` raised ZeroDivisionError"),
        (NOT_WRITTEN, NOT_ATTEMPTED, "`f` is not written yet"),
    ],
)
def test_is_vmappable(source, outcome, said):
    result = one_check(
        HEAD + source, lambda e: e.is_vmappable("t", student.f, [(PARAMS, X)], in_axes=(None, 0))
    )
    assert (result.outcome, result.staff_note) == (outcome, "")
    assert result.rationale.startswith(said)
    assert bool(result.rationale) == bool(said)


def test_other_axes_and_trees_are_mapped_as_jax_maps_them():
    source = HEAD + "def f(pair, x): return pair['a'] * pair['b'] @ x"
    pair = {"a": X, "b": 2 * X}
    with notebook(source):
        exercise = Exercise("f")
        exercise.is_vmappable("t", student.f, [(pair, W)], in_axes=(0, None))
        exercise.is_vmappable("t", student.f, [({"a": X.T, "b": X.T}, W)], in_axes=(1, None))
        exercise.is_vmappable("t", student.f, [(pair, W.T)], in_axes=0)
    assert [r.outcome for r in exercise.results] == [PASSED, PASSED, Outcome.ERROR]
    assert "expected two examples or more, as many everywhere" in exercise.results[-1].staff_note


@pytest.mark.parametrize(
    ("source", "outcome", "said"),
    [
        ("def f(x, n): return x * n", PASSED, ""),
        ("f = jax.jit(lambda x, n: x * n, static_argnames='n')", PASSED, ""),
        ("def f(x, n):\n    for _ in range(n):\n        x = 2 * x\n    return x", PASSED, ""),
        (
            "def f(x, n): return x if x[0] > 0 else -x",
            FAILED,
            "`jax.jit` cannot compile it. `f` raised TracerBoolConversionError",
        ),
        (
            "def f(x, n): return x * float(x[0])",
            FAILED,
            "`jax.jit` cannot compile it. `f` raised ConcretizationTypeError",
        ),
        (
            "def f(x, n): return x + (isinstance(x, jax.core.Tracer))",
            FAILED,
            "Compiled, it gives other numbers than as it is. 2 of 2 numbers are off",
        ),
        ("def f(x, n): return jnp.ones(2)", FAILED, "The answers hardly change with the inputs."),
        ("def f(x, n): return 1 / 0", FAILED, "`f` raised ZeroDivisionError"),
        ("", NOT_ATTEMPTED, "`f` is not defined yet"),
    ],
)
def test_is_jittable(source, outcome, said):
    inputs = [(X[0], 2), (X[2], 2)]
    result = one_check(
        HEAD + source, lambda e: e.is_jittable("t", student.f, inputs, static_argnames="n")
    )
    assert (result.outcome, result.staff_note) == (outcome, "")
    assert result.rationale.startswith(said)
    assert bool(result.rationale) == bool(said)


NOT_COMPILED = "It is not compiled: its operations run one by one. `jax.jit` compiles it."
ANEW = "It is traced and compiled anew at every call."
PREDICT = HEAD + "def predict(p, x): return jnp.tanh(x @ p['W']) + p['b']\n"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("f = jax.jit(predict)", ""),
        ("@jax.jit\ndef f(p, x): return predict(p, x)", ""),
        ("f = jax.jit(jax.vmap(predict, (None, 0)))", ""),
        ("fast = jax.jit(predict)\ndef f(p, x): return fast(p, x)", ""),
        ("def f(p, x): return jax.jit(lambda p, x: predict(p, x))(p, x)", ANEW),
        ("def f(p, x): return jax.jit(jax.vmap(lambda x: predict(p, x)))(x)", ANEW),
        ("f = predict", NOT_COMPILED),
        ("f = jax.vmap(predict, (None, 0))", NOT_COMPILED),
        ("def f(p, x): return jax.nn.relu(x @ p['W'])", NOT_COMPILED),
        ("t = jax.jit(jnp.tanh)\ndef f(p, x): return 3 * t(x) @ p['W'] - p['b']", NOT_COMPILED),
    ],
)  # fmt: skip
def test_does_not_retrace(source, said):
    inputs = [(PARAMS, X), (PARAMS, X + 1), (PARAMS, X - 1)]
    result = one_check(PREDICT + source, lambda e: e.does_not_retrace("t", student.f, inputs))
    assert (result.outcome, result.staff_note) == (FAILED if said else PASSED, "")
    assert result.rationale.startswith(said)


def test_one_call_says_nothing_about_the_next():
    with pytest.raises(ValueError, match="give two inputs or more"):
        Exercise("f").does_not_retrace("t", student.f, [(1.0,)])


HARDLY = "The answers hardly change with the inputs."


@pytest.mark.parametrize("source", ["def f(x): return jnp.arange(3.0)", "def f(x): return X"])
@pytest.mark.parametrize(
    "check",
    [
        lambda e: e.is_vmappable("t", student.f, [(X,)]),
        lambda e: e.is_jittable("t", student.f, [(X,), (X + 1,)]),
    ],
)
def test_a_row_that_is_always_the_same_earns_nothing(source, check):
    result = one_check(f"{HEAD}X = jnp.array([[1.0, 2.0], [5.0, 6.0]])\n{source}", check)
    assert (result.outcome, result.rationale, result.staff_note) == (FAILED, HARDLY, "")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("'text'", "Got a str, expected numbers."),
        ("10**400", "Got an int, expected numbers."),
        ("jax.random.key(0)", "Got a random key, expected numbers."),
        ("[1.0] * int(1 + jnp.sum(x))", "The answers to single examples differ in their form: "),
    ],
)
def test_answers_that_make_no_batch_are_told_as_the_students(answer, said):
    examples = [(np.array([[0.0, 0.0], [1.0, 1.0]]),)]
    result = one_check(
        f"{HEAD}def f(x): return {answer}", lambda e: e.is_vmappable("t", student.f, examples)
    )
    assert (result.outcome, result.staff_note) == (FAILED, "")
    assert result.rationale.startswith(said)


def test_a_number_too_large_for_an_array_is_told_as_the_students():
    result = one_check("def f(x): return 10**400", lambda e: e.is_jittable("t", student.f, [(X,)]))
    assert (result.outcome, result.staff_note) == (FAILED, "")
    assert result.rationale == "Got an int, expected numbers that fit an array."


@pytest.mark.parametrize(
    "told", [None, 1.0, "no", [], {}, {"compiled": True}, {"compiled": [1], "again": X}]
)
def test_what_is_told_of_tracing_may_be_anything(told):
    with answering(Says(wire.dumps({"status": "ok", "value": wire.encode(told)}))):
        exercise = Exercise("f")
        exercise.does_not_retrace("t", student.f, [(X,), (X,)])
    (result,) = exercise.results
    assert (result.outcome, result.staff_note) == (FAILED, "")


def test_a_mask_of_infinities_may_move_from_example_to_example():
    masked = HEAD + "def f(x): return jnp.where(x > 1, x, -jnp.inf)"
    result = one_check(masked, lambda e: e.is_vmappable("t", student.f, [(X,)]))
    assert (result.outcome, result.rationale, result.staff_note) == (PASSED, "", "")
