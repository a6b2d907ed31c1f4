"""Mistakes of a kind: each is named as itself, for parameters of any structure, and no other."""

from __future__ import annotations

import numpy as np
import pytest

from autograder.checks import gradients, slips
from autograder.checks.mistakes import worth
from autograder.checks.paths import each
from autograder.checks.student import given, student
from autograder.record.outcome import Outcome
from tests.support.inprocess import one_check

RNG = np.random.default_rng(11)
X = RNG.normal(size=(7, 2))
FLAT = {"w": 0.5, "b": -0.3}
ARRAY = np.array([0.5, -0.3, 0.8])
NESTED = [
    {"W": RNG.normal(size=(2, 2)), "b": np.array([0.3, -0.4])},
    {"W": RNG.normal(size=2), "b": 0.2},
]
FORMS = {
    "a dict": (FLAT, "lambda p, x: jnp.sum((p['w'] * x[:, 0] + p['b'] - x[:, 1]) ** 4)"),
    "an array": (
        ARRAY,
        "lambda p, x: jnp.sum(jnp.log(jnp.cosh(x @ p[:2] - 1)) * (3 + jnp.sin(p[2])))",
    ),
    "a list of dicts": (
        NESTED,
        "lambda p, x: jnp.sum((jnp.tanh(x @ p[0]['W'] + p[0]['b']) @ p[1]['W'] + p[1]['b']"
        " - x[:, 1]) ** 4)",
    ),
}
"""Parameters, and a loss of them. No two entries have slopes that are alike."""
IMPORTS = "import jax, jax.numpy as jnp\neach = jax.tree.map\n"
CHANGE = "def change(tree, place, new):\n    leaves, tree = jax.tree.flatten(tree)\n"
CHANGE += "    leaves[place] = new(leaves)\n    return jax.tree.unflatten(tree, leaves)\n"
LENGTH = "jnp.sqrt(sum(jnp.sum(v**2) for v in jax.tree.leaves(g)))"

SLOPES = {
    "each(lambda v: -v, g)": "the sign is turned round.",
    "each(lambda v: 2 * v, g)": "the gradient is doubled.",
    "each(lambda v: v / 2, g)": "the gradient is halved.",
    "each(lambda v: v / len(x), g)": "the gradient is divided by the number of points.",
    "each(lambda v: v * len(x), g)": "the gradient is multiplied by the number of points.",
    "each(jnp.sign, g)": "only the sign of each slope is returned.",
    f"each(lambda v: v / {LENGTH}, g)": "the gradient is scaled to length one.",
    "each(lambda v: 0.1 * v, g)": "the step size 0.1 is already multiplied in.",
    "each(lambda v: 0.01 * v, g)": "the step size 0.01 is already multiplied in.",
    "each(lambda v: 0.001 * v, g)": "the step size 0.001 is already multiplied in.",
    "each(lambda v: 0.0001 * v, g)": "the step size 0.0001 is already multiplied in.",
    "loss(p, x)": "this is the value of `loss`, not its slope.",
    "(loss(p, x), g)": "this is the value of `loss` together with its slope.",
    "each(lambda v: 3 * v, g)": "",
    "each(lambda v: -2 * v, g)": "",
    "each(lambda v: v + 0.1, g)": "",
    "jax.grad(loss)(p, x[1:])": "",
    "each(jnp.zeros_like, g)": "",
}
"""What an answer makes of the right slope g, and what is said of it."""
OF_ENTRIES = {
    "a dict": {
        "change(g, 0, lambda v: 0 * v[0])": "the slope for b is missing.",
        "change(g, 1, lambda v: 0 * v[1])": "the slope for w is missing.",
        "{'w': g['b'], 'b': g['w']}": "the slopes for w and b have changed places.",
        "change(g, 0, lambda v: -v[0])": "",
    },
    "an array": {"change(g, 0, lambda v: v[0][::-1])": ""},
    "a list of dicts": {
        "change(g, 0, lambda v: 0 * v[0])": "the slope for [0]['W'] is missing.",
        "change(g, 3, lambda v: 0 * v[3])": "the slope for [1]['b'] is missing.",
        "change(change(g, 1, lambda v: v[2]), 2, lambda _: jax.tree.leaves(g)[1])": (
            "the slopes for [0]['b'] and [1]['W'] have changed places."
        ),
        "change(g, 1, lambda v: v[2])": "",
    },
}


def assert_said(result, said):
    assert (result.outcome, result.staff_note) == (Outcome.FAILED, "")
    assert result.mistake.startswith(f"It looks as if {said}") if said else not result.mistake


@pytest.mark.parametrize(
    ("form", "bent", "said"),
    [(form, bent, said) for form in FORMS for bent, said in (SLOPES | OF_ENTRIES[form]).items()],
)
def test_a_slip_in_a_gradient_is_named_as_itself(form, bent, said):
    params, source = FORMS[form]
    answer = f"def f(p, x):\n    g = jax.grad(loss)(p, x)\n    return {bent}\n"
    result = one_check(
        [IMPORTS + CHANGE, answer],
        lambda e: e.is_gradient("t", student.f, "loss", [(params, X)]),
        {"loss": given(source)},
    )
    assert_said(result, said)


DOUBLED = "It looks as if the gradient is doubled."


def double(bent="each(lambda v: 2 * v, g)", inputs=((FLAT, X),), **mistakes):
    answer = f"def f(p, x):\n    g = jax.grad(loss)(p, x)\n    return {bent}\n"
    return one_check(
        [IMPORTS, answer],
        lambda e: e.is_gradient("t", student.f, "loss", inputs, **mistakes),
        {"loss": given(FORMS["a dict"][1])},
    )


def twice(slope, p, x):
    return {"w": 2 * slope["w"], "b": 2 * slope["b"]}


@pytest.mark.parametrize(
    ("mistakes", "mistake", "share"),
    [
        ({}, DOUBLED, 0.0),
        ({DOUBLED: worth(0.5)}, DOUBLED, 0.5),
        ({DOUBLED: None}, "", 0.0),
        ({"Twice.": twice}, "Twice.", 0.0),
        ({"Twice.": worth(0.25, twice)}, "Twice.", 0.25),
        ({"Twice.": twice, DOUBLED: None}, "Twice.", 0.0),
        ({DOUBLED: worth(0.25, twice)}, DOUBLED, 0.25),
        ({"Thrice.": lambda slope, *args: each(lambda v: 3 * v, slope)}, DOUBLED, 0.0),
    ],
)
def test_the_authors_word_about_a_mistake_comes_first(mistakes, mistake, share):
    result = double(mistakes=mistakes)
    assert (result.outcome, result.mistake, result.share) == (Outcome.FAILED, mistake, share)
    assert result.staff_note == ""


@pytest.mark.parametrize("said", [None, worth(0.5)])
def test_a_word_about_a_mistake_that_is_none_of_the_kits_is_the_authors_error(said):
    result = double(mistakes={"It looks doubled.": said})
    assert result.outcome is Outcome.ERROR
    assert "no mistake that comes with this check reads 'It looks doubled.'" in result.staff_note


def test_slips_that_the_inputs_cannot_tell_apart_are_not_named():
    """A tenth of ten points may be a mean, or a step size."""
    ten = RNG.normal(size=(10, 2))
    tenth = "each(lambda v: v / 10, g)"
    assert double(tenth, [(FLAT, ten)]).mistake == ""
    both = double(tenth, [(FLAT, ten), (FLAT, X)])
    assert both.mistake.startswith("It looks as if the step size 0.1")
    assert double("each(lambda v: v / len(x), g)", [(FLAT, ten), (FLAT, X)]).mistake.endswith(
        "divided by the number of points."
    )


def test_the_slope_is_measured_once_for_all_mistakes(monkeypatch):
    calls = []
    real = gradients.measured
    monkeypatch.setattr(gradients, "measured", lambda *args: calls.append(0) or real(*args))
    double("each(lambda v: 3 * v, g)", mistakes={"m": twice, "n": lambda s, *args: s})
    assert len(calls) == 2  # of the stub, and of the notebook's own function


LOOP = """
def f(p, loss, x, n_steps, step_size):
    losses, start, first = [], p, jax.grad(loss)(p, x)
    for n in range(n_steps):
        losses.append(loss(p, x))
        g = jax.grad(loss)(p, x)
        p = each(lambda v, s: v - step_size * s, p, g)
    return losses, p
"""
UPDATE = "p = each(lambda v, s: v - step_size * s, p, g)"
MOVED = "each(lambda v, s: v - step_size * s, p, g)"


def updating(new):
    return UPDATE, f"p = each(lambda v, s: {new}, p, g)"


LOOPS = {
    updating("v + step_size * s"): "the parameters move uphill",
    updating("v - s"): "the step size is not used.",
    updating("v - 0.0001 * s"): "the step size is fixed at 0.0001,",
    updating("v - 0.001 * s"): "the step size is fixed at 0.001,",
    updating("v - 0.01 * s"): "the step size is fixed at 0.01,",
    updating("v - 0.1 * s"): "the step size is fixed at 0.1,",
    updating("v - step_size * jnp.sign(s)"): "the step is the sign of the gradient",
    updating("v - step_size * s / len(x)"): "the step is divided by the number of points.",
    updating("v - step_size / (n + 1) * s"): "the step shrinks as the training goes on.",
    updating("-step_size * s"): "the parameters are replaced by the step",
    updating(f"v - step_size * s / {LENGTH}"): "the gradient is scaled to length one.",
    updating("v"): "the parameters are never updated.",
    ("range(n_steps)", "range(1)"): "only one step is taken.",
    ("range(n_steps)", "range(n_steps - 1)"): "one step too few is taken.",
    ("range(n_steps)", "range(n_steps + 1)"): "one step too many is taken.",
    ("losses, start, first =", "p = each(lambda v: 0.0 * v, p); losses, start, first ="): (
        "the training always starts from zeros"
    ),
    ("g = jax.grad(loss)(p, x)", "g = first"): "the gradient is computed once, at the start,",
    ("return losses, p", "return losses, each(lambda v: 0.9 * v, p)"): "",
    updating("0.99 * v - step_size * s"): "",
    ("g = jax.grad(loss)(p, x)", "g = jax.grad(loss)(p, x[1:])"): "",
}
LOOPS_OF_ENTRIES = {
    "a dict": {
        (UPDATE, f"p = {{**p, 'w': {MOVED}['w']}}"): "only w is updated.",
        (UPDATE, f"p = {{**p, 'b': {MOVED}['b']}}"): "only b is updated.",
        (UPDATE, "g = {'w': g['b'], 'b': g['w']}; " + UPDATE): (
            "the slopes for w and b have changed places."
        ),
        (
            UPDATE,
            f"p = {{**p, 'w': {MOVED}['w']}}; g = jax.grad(loss)(p, x); "
            f"p = {{**p, 'b': {MOVED}['b']}}",
        ): "w has moved before the slope for b is taken. Both belong",
        (
            UPDATE,
            f"p = {{**p, 'b': {MOVED}['b']}}; g = jax.grad(loss)(p, x); "
            f"p = {{**p, 'w': {MOVED}['w']}}",
        ): "b has moved before the slope for w is taken. Both belong",
    },
    "an array": {(UPDATE, UPDATE + "; p = p.at[0].set(start[0])"): ""},
    "a list of dicts": {
        (UPDATE, f"p = [p[0], {MOVED}[1]]"): "",
        (UPDATE, f"p = [p[0], {{**p[1], 'W': {MOVED}[1]['W']}}]"): "only [1]['W'] is updated.",
        (UPDATE, f"p = [{MOVED}[0], {{**p[1], 'W': {MOVED}[1]['W']}}]"): (
            "[1]['b'] is never updated."
        ),
    },
}


def test_of_very_many_steps_no_slip_is_named():
    params, source = FORMS["a dict"]
    loss = given(source)
    for n_steps, named in ((slips.MOST_STEPS, True), (slips.MOST_STEPS + 1, False)):
        result = one_check(
            [IMPORTS, LOOP.replace(*updating("v + step_size * s"))],
            lambda e, n=n_steps: e.descends(
                "t", student.f, params, loss, X, loss=loss, n_steps=n, step_size=1e-5
            ),
        )
        assert ("uphill" in result.mistake) is named


RIGHT_LOSSES = {"range(n_steps + 1)", "return losses, each(lambda v: 0.9 * v, p)"}
"""The loss at the end may be listed as well, and these parameters are wrong after the last step."""
TRIED = [
    (form, of, change, said)
    for form in FORMS
    for of in (("parameters", "losses") if form == "a dict" else ("parameters",))
    for change, said in (LOOPS | LOOPS_OF_ENTRIES[form]).items()
]


@pytest.mark.parametrize(("form", "of", "change", "said"), TRIED)
def test_a_slip_in_a_loop_is_named_as_itself(form, of, change, said):
    params, source = FORMS[form]
    loss, (old, new) = given(source), change
    assert LOOP.count(old) == 1
    result = one_check(
        [IMPORTS, LOOP.replace(old, new)],
        lambda e: e.descends(
            "t", student.f, params, loss, X, loss=loss, n_steps=5, step_size=0.003, of=of
        ),
    )
    if of == "losses" and new in RIGHT_LOSSES:
        assert (result.outcome, result.rationale) == (Outcome.PASSED, "")
    else:
        assert_said(result, said)
