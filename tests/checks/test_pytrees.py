"""Any pytree as argument, answer and value: what arrives, what is compared, what is told."""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from autograder.checks.exercise import Exercise
from autograder.checks.student import given, student
from autograder.record.outcome import Outcome
from tests.support.inprocess import notebook, one_check

PASSED, FAILED = Outcome.PASSED, Outcome.FAILED


class Layer(NamedTuple):
    W: object
    b: object


@jax.tree_util.register_dataclass
@dataclasses.dataclass
class Dense:
    W: object
    b: object


CLASSES = """
import dataclasses, jax, jax.numpy as jnp, numpy as np
from typing import NamedTuple
class Layer(NamedTuple):
    W: object
    b: object
@jax.tree_util.register_dataclass
@dataclasses.dataclass
class Dense:
    W: object
    b: object
"""
W, B = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([0.5, -0.5])
LISTED = [{"W": W, "b": B}, {"W": 2 * W, "b": -B}]
PAIRS = [(W, B), (2 * W, -B)]


def judged(body, expected, *args):
    source = CLASSES + f"def f(*args):\n    return {body}"
    return one_check(source, lambda e: e.returns("t", student.f, *args, expected=expected))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("[{'W': args[0], 'b': args[1]}]", [{"W": W, "b": B}]),
        ("({'W': args[0], 'b': args[1]},)", [{"W": W, "b": B}]),
        ("[(args[0], args[1])]", [(W, B)]),
        ("Layer(args[0], args[1])", Layer(W, B)),
        ("(args[0], args[1])", Layer(W, B)),
        ("Layer(args[0], args[1])", (W, B)),
        ("Dense(args[0], args[1])", Dense(W, B)),
        ("{'layer': Layer(args[0], None), 'n': 3}", {"layer": Layer(W, None), "n": 3}),
        ("jnp.argmax(args[0], -1)", np.array([1, 1])),
        ("args[0] > 2", W > 2),
        ("args[0].shape", (2, 2)),
        ("'mean'", "mean"),
        ("True", True),
        ("None", None),
        ("7", 7),
        ("7.0", 7),
        ("jax.random.key(3)", jax.random.key(3)),
        ("jax.random.split(jax.random.key(3))", jax.random.split(jax.random.key(3))),
        ("args[0] + 1j", W + 1j),
    ],
)
def test_right_answers_of_every_kind(body, expected):
    assert judged(body, expected, W, B).outcome is PASSED


@pytest.mark.parametrize(
    ("body", "expected", "said"),
    [
        (
            "[{'W': args[0]}, {'W': args[0] + 1}]",
            [{"W": W}, {"W": W}],
            "4 of 4 numbers at answer[1]['W'] are off, by about 25% of the largest one. "
            "Got 2, 3, 4, 5; expected 1, 2, 3, 4. answer[0]['W'] is right.",
        ),
        (
            "[Layer(args[0], args[1])]",
            [Layer(W, 2 * B)],
            "2 of 2 numbers at answer[0].b are off, by about 50% of the largest one. "
            "Got 0.5, -0.5; expected 1, -1. answer[0].W is right.",
        ),
        ("[{'W': args[0]}]", LISTED, "Got a list of length 1, expected 2 values."),
        (
            "[{'W': args[0]}, None]",
            [{"W": W}, {"W": W}],
            "Got None for the second value, expected a dict with the keys 'W'. "
            "Did you forget a `return`?",
        ),
        (
            "{'W': args[0], 'b': args[1]}",
            Dense(W, B),
            "Got a dict with the keys 'W', 'b', expected a Dense with the fields W, b.",
        ),
        (
            "(args[0],)",
            Layer(W, B),
            "Got a tuple of length 1, expected a Layer with the fields W, b.",
        ),
        ("'sum'", "mean", "The text is not the expected one. Got 'sum'; expected 'mean'."),
        ("3.0", "mean", "Got a float, expected a text."),
        ("8", 7, "The number is wrong. Got 8; expected 7."),
        ("False", True, "The truth value is the wrong way round. Got False; expected True."),
        ("1", True, "Got numbers of type int64, expected True or False."),
        ("[1, 0]", np.array([1, 1]), "1 of 2 numbers are wrong. Got 1, 0; expected 1, 1."),
        (
            "jnp.array([1.0, 1.0])",
            np.array([1, 1]),
            "Got numbers of type float64, expected whole numbers.",
        ),
        (
            "args[1] > 9",
            B > 0,
            "1 of 2 truth values are the wrong way round. Got False, False; expected True, False.",
        ),
        ("0.0", None, "Got a float, expected None."),
        ("jax.random.key(4)", jax.random.key(3), "The random key is not the expected one."),
        ("args[0]", jax.random.key(3), "Got an array of shape (2, 2), expected a random key."),
    ],
)
def test_wrong_answers_of_every_kind(body, expected, said):
    result = judged(body, expected, W, B)
    assert (result.outcome, result.rationale, result.staff_note) == (FAILED, said, "")


def test_what_the_author_expects_has_to_be_something_to_compare_with():
    result = judged("1.0", object())
    assert result.outcome is Outcome.ERROR
    assert "an answer cannot be compared with <object" in result.staff_note


# Arguments


@pytest.mark.parametrize(
    ("argument", "holds"),
    [
        (Layer(W, B), "type(x) is Layer and x.W.shape == (2, 2)"),
        (Dense(W, B), "type(x) is Dense and x.b.dtype == jnp.float64"),
        ([Layer(W, None)], "x[0].b is None"),
        (jax.random.key(3), "bool(jax.random.normal(x) == jax.random.normal(jax.random.key(3)))"),
        (("text", True, 3, None), "x == ('text', True, 3, None) and type(x[1]) is bool"),
        (np.array([1, 2]), "x.dtype.kind == 'i'"),
    ],
    ids=["named tuple", "dataclass", "nested", "key", "leaves", "integers"],
)  # fmt: skip
def test_an_argument_arrives_as_what_it_was(argument, holds):
    source = CLASSES + f"def f(x):\n    return {holds}"
    result = one_check(source, lambda e: e.returns("t", student.f, argument, expected=True))
    assert (result.outcome, result.rationale) == (PASSED, "")


def test_a_class_that_the_notebook_does_not_have_arrives_with_its_fields():
    source = "def f(x):\n    return x.W + x[1]"
    result = one_check(source, lambda e: e.returns("t", student.f, Layer(1.0, 2.0), expected=3.0))
    assert result.outcome is PASSED


def test_an_answer_that_is_an_instance_has_its_fields_for_properties():
    def holds(answers):
        (layer,) = answers
        return bool(np.all(layer.W == W))

    source = CLASSES + "def f(x):\n    return Dense(x, x[0])"
    result = one_check(source, lambda e: e.satisfies("t", student.f, [(W,)], holds))
    assert (result.outcome, result.rationale) == (PASSED, "")


# Slopes

SQUARES = given("lambda p, x: sum(jnp.sum(leaf**2 * x) for leaf in jax.tree.leaves(p))")
TREES = {
    "listed": LISTED,
    "pairs": PAIRS,
    "named tuple": Layer(W, B),
    "dataclass": Dense(W, B),
    "array": B,
    "number": 1.5,
    "deep": {"a": {"b": [W, (B, 0.5)]}},
}


@pytest.mark.parametrize("params", TREES.values(), ids=TREES)
def test_slopes_with_respect_to_any_tree(params):
    source = CLASSES + (
        "def loss(p, x):\n    return sum(jnp.sum(leaf**2 * x) for leaf in jax.tree.leaves(p))\n"
        "f = jax.grad(loss)\ng = lambda p, x: jax.tree.map(lambda v: -v, f(p, x))"
    )
    with notebook(source):
        exercise = Exercise("f", stubs={"loss": SQUARES})
        exercise.is_gradient("t", student.f, "loss", [(params, 1.5)])
        exercise.is_gradient("t", student.g, "loss", [(params, 1.5)])
        exercise.is_differentiable("t", student.loss, [(params, 1.5)])
    right, wrong, differentiable = exercise.results
    assert (right.outcome, right.rationale) == (PASSED, "")
    assert wrong.outcome is FAILED
    assert (differentiable.outcome, differentiable.rationale) == (PASSED, "")


def test_a_wrong_slope_is_told_with_its_place():
    source = CLASSES + (
        "def f(p, x):\n"
        "    slope = jax.grad(lambda p: sum(jnp.sum(l**2) for l in jax.tree.leaves(p)))(p)\n"
        "    slope[1]['W'] = 2 * slope[1]['W']\n    return slope"
    )
    result = one_check(
        source,
        lambda e: e.is_gradient("t", student.f, "loss", [(LISTED, 1.0)]),
        stubs={"loss": SQUARES},
    )
    assert result.rationale.startswith("4 of 4 numbers at answer[1]['W'] are off")


# Values

VALUES = [
    ("theta = 2.05", 2.0, ""),
    ("theta = 2.5", 2.0, "Off by 0.5; at most 0.1 is asked for."),
    ("theta = np.array([1.0, 2.5])", np.array([1.0, 2.0]), "Off by 0.5; at most 0.1 is asked for."),
    (
        "theta = [{'W': np.ones(2)}, {'W': np.array([1.0, 3.0])}]",
        [{"W": np.ones(2)}, {"W": np.ones(2)}],
        "Off by 2 at theta[1]['W']; at most 0.1 is asked for.",
    ),
    ("theta = Layer(np.ones(2), 0.0)", Layer(np.ones(2), 0.0), ""),
]


@pytest.mark.parametrize(("source", "target", "said"), VALUES)
def test_a_value_of_any_form_reaches_a_target(source, target, said):
    result = one_check(
        CLASSES + source, lambda e: e.reaches("t", student.theta, target, within=0.1)
    )
    assert (result.outcome, result.rationale) == (FAILED if said else PASSED, said)


@pytest.mark.parametrize(("theta", "outcome"), [("2.0", PASSED), ("1.0", FAILED)])
@pytest.mark.parametrize("form", ["{}", "[({}, None)]", "Layer(np.array({}), 'text')"])
def test_a_value_of_any_form_minimises_a_loss(form, theta, outcome):
    start = {"{}": 0.0, "[({}, None)]": [(0.0, None)]}.get(form, Layer(np.array(0.0), "text"))

    def loss(params):
        (number, *_) = [leaf for leaf in jax.tree.leaves(params) if not isinstance(leaf, str)]
        return (number - 2.0) ** 2

    source = CLASSES + f"theta = {form.format(theta)}"
    result = one_check(source, lambda e: e.minimises("t", student.theta, loss, start))
    assert (result.outcome, result.staff_note) == (outcome, "")


@pytest.mark.parametrize(
    "check",
    [
        lambda e: e.returns("t", student.theta, expected={"w": 2.0}),
        lambda e: e.agrees("t", student.theta, {"w": 2.0}),
        lambda e: e.satisfies("t", student.theta, lambda answers: "w" in answers[0]),
        lambda e: e.shapes("t", student.theta, expected={"w": ()}),
    ],
)
@pytest.mark.parametrize(
    ("theta", "outcome"), [("{'w': 2.0}", PASSED), ("{'v': 2.0}", FAILED), ("'text'", FAILED)]
)
def test_checks_of_functions_take_a_value(check, theta, outcome):
    assert one_check(f"theta = {theta}", check).outcome is outcome


# One-off values in jax


def test_a_tree_of_jax_arrays_is_as_good_as_one_of_numpy():
    expected = [{"W": jnp.asarray(W)}]
    assert judged("[{'W': args[0]}]", expected, W).outcome is PASSED
