"""Relations between calls of one function: `relates` and `stacks`."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest

from autograder.checks.student import student
from autograder.record.outcome import Outcome
from tests.support.checking import NOT_WRITTEN, assert_ours
from tests.support.inprocess import one_check

PASSED, FAILED = Outcome.PASSED, Outcome.FAILED
HARDLY = "The answers hardly change with the inputs."
SCORES = [(np.array([0.5, 1.0, -2.0]),), (np.array([3.0, 0.0, 1.0]),)]
SOFTMAX = """
    import jax, jax.numpy as jnp
    def f(z):
        e = jnp.exp(z - jnp.max(z))
        return e / jnp.sum(e)
"""
ORDER = np.array([2, 0, 1])


def said(source, *, change, inputs=SCORES, **options):
    result = one_check(
        source, lambda e: e.relates("t", student.f, inputs, change=change, **options)
    )
    assert result.staff_note == ""
    assert (result.outcome is PASSED) == (result.rationale == "")
    return result.rationale


def shifted(z):
    return (z + 100.0,)


# relates


def test_a_shift_changes_nothing():
    assert said(SOFTMAX, change=shifted) == ""
    normalised = SOFTMAX.replace("jnp.exp(z - jnp.max(z))", "jnp.abs(z)")
    assert said(normalised, change=shifted) == (
        "It does not hold between the answers to two inputs: 3 of 3 numbers are off, by about 43% "
        "of the largest one."
    )
    overflowing = SOFTMAX.replace("z - jnp.max(z)", "10 * z")
    assert said(overflowing, change=shifted) == "The answer contains NaN (not a number)."


@pytest.mark.parametrize(
    ("right", "wrong", "change", "then"),
    [
        ("3 * z", "3 * z + 1", lambda z: (2 * z,), lambda y: 2 * y),
        ("z ** 3", "z ** 2", lambda z: (-z,), lambda y: -y),
        ("jnp.tanh(z)", "jnp.cumsum(z)", lambda z: (z[ORDER],), lambda y: y[ORDER]),
        ("jnp.sum(z)", "z[0]", lambda z: (z[ORDER],), lambda y: y),
        ("{'y': z * 2}", "{'y': z + 2}", lambda z: (2 * z,), lambda a: {"y": 2 * a["y"]}),
        ("[float(v) for v in z]", "[1.0, 2.0]", lambda z: (-z,), lambda y: -y),
        ("z", "jnp.where(z > 50, 0, z)", shifted, lambda y: jnp.add(y, 100)),
    ],
)
def test_other_relations(right, wrong, change, then):
    head = "import jax.numpy as jnp\ndef f(z): return "
    assert said(head + right, change=change, then=then) == ""
    assert said(head + wrong, change=change, then=then) != ""


def test_two_arguments_may_change_together():
    inputs = [(2.0, 5.0), (1.0, -3.0)]
    swapped = {"change": lambda a, b: (b, a), "then": lambda y: -y, "inputs": inputs}
    assert said("def f(a, b): return a - b", **swapped) == ""
    assert said("def f(a, b): return a + b", **swapped) != ""


@pytest.mark.parametrize("body", ["jnp.ones(3) / 3", "jnp.array([0.2, 0.3, 0.5])", "0.5", "[]"])
def test_what_pays_no_attention_to_its_argument_has_no_relation(body):
    assert said(f"import jax.numpy as jnp\ndef f(z): return {body}", change=shifted) == HARDLY


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (
            "None",
            "Got None, expected numbers. Did you forget a `return`?",
        ),
        (
            "z if z[0] > 50 else z[:2]",
            "It does not hold between the answers to two inputs: got an array of shape (3,), "
            "expected an array of shape (2,).",
        ),
        ("z[5:] + [1]", "`f` raised TypeError"),
    ],
)
def test_an_answer_of_another_form(body, sentence):
    assert sentence in said(f"def f(z): return {body}", change=shifted)


def test_an_answer_that_cannot_be_changed_is_the_student_s():
    sentence = said("def f(z): return z[0]", change=shifted, then=lambda y: y[ORDER])
    assert sentence.startswith("The answer does not have the structure that is asked for (")


def test_a_relation_of_what_is_not_written():
    result = one_check(
        NOT_WRITTEN, lambda e: e.relates("t", student.f, SCORES, change=shifted, points=2)
    )
    assert (result.outcome, result.points) == (Outcome.NOT_ATTEMPTED, 2)


def test_a_change_that_gives_no_tuple_is_the_author_s_mistake():
    result = one_check(
        SOFTMAX, lambda e: e.relates("t", student.f, SCORES, change=lambda z: z + 1.0)
    )
    assert_ours(result)
    assert "expected a tuple of arguments" in result.staff_note


def test_a_tolerance_of_one_s_own():
    rough = "import jax.numpy as jnp\ndef f(z): return jnp.round(z, 1)"
    doubled = {"change": lambda z: (2.04 * z,), "then": lambda y: 2.04 * y}
    assert said(rough, **doubled) != ""
    assert said(rough, **doubled, rtol=0.1) == ""


# stacks

W = np.array([[1.0, -2.0], [0.5, 3.0], [2.0, 1.0]])
IMAGES = np.array([[1.0, 2.0, 3.0], [0.0, -1.0, 0.5], [2.0, 0.0, 1.0], [1.0, 1.0, -1.0]])


def stacked(body, inputs=((W, IMAGES),), in_axes=(None, 0)):
    result = one_check(
        f"import jax, jax.numpy as jnp\ndef f(w, x): return {body}",
        lambda e: e.stacks("t", student.f, inputs, in_axes=in_axes),
    )
    assert result.staff_note == ""
    return result.rationale


def test_a_batch_gives_what_its_examples_give_one_by_one():
    assert stacked("x @ w") == ""
    assert stacked("jax.nn.softmax(x @ w)") == ""
    assert stacked("{'p': (x @ w, jnp.sum(x, -1))}") == ""
    assert stacked("jnp.argmax(x @ w, axis=-1)") == ""
    assert stacked("[{'W': x @ w}, [jnp.sum(x, -1), jnp.max(x, -1)]]") == ""
    assert stacked("x @ w['W']", [({"W": W}, IMAGES)]) == ""


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (
            "jax.nn.softmax(x @ w, axis=0)",
            "A batch does not give what its examples give one by one: 8 of 8 numbers are off, ",
        ),
        (
            "jnp.sum(x @ w)",
            "A batch does not give what its examples give one by one: got a single number, "
            "expected an array of shape (4,).",
        ),
        ("(x - jnp.mean(x)) @ w", "A batch does not give what"),
        ("x[:, 0]", "`f` raised "),
        ("jnp.ones(x.shape[:-1])", HARDLY),
        ("None", "Got None, expected numbers."),
        ("'text'", "Got a str, expected numbers."),
        (
            "x @ w if x.ndim > 1 or x[0] > 0 else 0.0",
            "The answers to single examples differ in their form: got a single number, expected "
            "an array of shape (2,).",
        ),
        ("x / 0", "The answer contains "),
    ],
)
def test_a_batch_that_gives_something_else(body, sentence):
    assert stacked(body).startswith(sentence)


def test_examples_may_lie_along_any_axis_of_any_argument():
    two = np.stack([W, 2 * W], axis=-1)
    both = "jnp.moveaxis(w, -1, 0)[..., 0] if w.ndim == 3 else w[..., 0]"
    assert stacked(f"x * ({both})", [(two, np.array([1.0, 2.0]))], (-1, None)) != ""
    assert stacked("w if w.ndim == 1 else w", [(IMAGES, IMAGES)], 0) == ""
    per_entry = ({"w": 0, "b": None}, None)
    source = "x[0] * w['w'] + w['b']"
    assert stacked(source, [({"w": np.array([1.0, 2.0]), "b": 3.0}, W[0])], per_entry) == ""


@pytest.mark.parametrize("in_axes", [None, (None, None), (0, 0)])
def test_axes_without_examples_are_the_author_s_mistake(in_axes):
    result = one_check(
        "def f(w, x): return x @ w",
        lambda e: e.stacks("t", student.f, [(W, IMAGES)], in_axes=in_axes),
    )
    assert_ours(result)
    assert "expected two examples or more" in result.staff_note
