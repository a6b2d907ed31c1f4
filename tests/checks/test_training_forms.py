"""Training loops of other forms: other arguments and answers, other rules, batches."""

from __future__ import annotations

import pytest

from autograder.checks.exercise import Exercise
from autograder.checks.student import given, student
from autograder.record.outcome import Outcome
from tests.support.checking import HEAD, X, Y
from tests.support.inprocess import one_check

PASSED, FAILED = Outcome.PASSED, Outcome.FAILED
START = {"w": 0.5, "b": -0.5}
MOMENTUM = given(
    "lambda p, v, g: (lambda v: (jax.tree.map(lambda p, v: p - 0.05 * v, p, v), v))"
    "(jax.tree.map(lambda v, g: 0.9 * v + g, v, g))"
)
ADAM = given(
    "lambda p, s, g: (lambda m, u, n: (jax.tree.map(lambda p, m, u: p - 0.1 * (m / (1 - 0.9**n))"
    " / (jnp.sqrt(u / (1 - 0.99**n)) + 1e-8), p, m, u), (m, u, n)))("
    "jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, s[0], g), "
    "jax.tree.map(lambda u, g: 0.99 * u + 0.01 * g * g, s[1], g), s[2] + 1)"
)
ZERO = {"w": 0.0, "b": 0.0}
LINE = given("lambda theta, x, y: jnp.sum((theta['w'] * x + theta['b'] - y) ** 2)")
HANDED = """
    def f(x, y, start, epochs, lr):
        theta = start
        for _ in range(epochs):
            slope = jax.grad(loss)(theta, x, y)
            theta = {k: theta[k] - lr * slope[k] for k in theta}
        return theta
"""


def test_a_loop_of_another_form_is_told_by_what_it_takes_and_returns():
    def check(e: Exercise) -> None:
        e.descends(
            "t", student.f, START, X, Y, loss=LINE, n_steps=6, step_size=0.05,
            returns="parameters", names=("epochs", "lr"),
        )  # fmt: skip

    right = HANDED.replace("(x, y, start,", "(start, x, y,")
    source = ["import jax\ndef loss(*a): return 5.0", right]
    assert one_check(source, check, {"loss": LINE}).outcome is PASSED
    short = [source[0], right.replace("range(epochs)", "range(epochs - 1)")]
    result = one_check(short, check, {"loss": LINE})
    assert (result.outcome, result.mistake) == (FAILED, "It looks as if one step too few is taken.")


OPTIMISER = """
    def f(params, loss, x, y, n_steps):
        losses, state = [], STATE
        for n in range(n_steps):
            losses.append(loss(params, x, y))
            params, state = rule(params, state, jax.grad(loss)(params, x, y))
        return params, state, losses
"""


@pytest.mark.parametrize(
    ("rule", "state"), [(MOMENTUM, ZERO), (ADAM, (ZERO, ZERO, 0))], ids=["momentum", "Adam"]
)
@pytest.mark.parametrize("of", ["parameters", "losses"])
@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("", "", None),
        ("params, state = rule(", "params, _ = rule(", "nothing is carried over"),
        ("n in range(n_steps)", "n in range(n_steps - 1)", "one step too few"),
        ("jax.grad(loss)", "jax.grad(lambda *a: -loss(*a))", "uphill"),
        ("= rule(params", "= rule({**params, 'w': 0.7}", ""),
    ],
)
def test_another_rule_is_what_the_step_says(rule, state, of, old, new, said):
    changed = OPTIMISER.replace(old, new, 1).replace("STATE", repr(state))
    source = f"    import jax, jax.numpy as jnp\n    rule = {rule.source}\n" + changed
    result = one_check(
        source,
        lambda e: e.descends(
            "t", student.f, START, LINE, X, Y, loss=LINE, n_steps=7, step=rule, state=state, of=of,
            returns=("parameters", "state", "losses"),
        ),
    )  # fmt: skip
    assert result.staff_note == ""
    if said is None:
        assert (result.outcome, result.rationale) == (PASSED, "")
    else:
        assert result.outcome is FAILED
        assert said in result.mistake
        assert bool(said) == bool(result.mistake)


BATCHES = [(X[:3], Y[:3]), (X[3:], Y[3:])] * 2
IN_BATCHES = """
    def f(theta, batches, loss, step_size):
        losses = []
        for x, y in batches:
            losses.append(loss(theta, x, y))
            slope = jax.grad(loss)(theta, x, y)
            theta = {k: theta[k] - step_size * slope[k] for k in theta}
        return losses, theta
"""


@pytest.mark.parametrize("of", ["parameters", "losses"])
@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("", "", None),
        ("in batches", "in [batches[0]] * len(batches)", "every step uses the first batch."),
        ("in batches", "in batches[:-1]", "one step too few is taken."),
        ("theta[k] - step", "theta[k] + step", "uphill"),
        ("in batches", "in batches[::-1]", ""),
    ],
)
def test_batches_are_used_in_their_order(of, old, new, said):
    result = one_check(
        HEAD + IN_BATCHES.replace(old, new, 1),
        lambda e: e.descends(
            "t", student.f, START, BATCHES, LINE, loss=LINE, step_size=0.05, batches=BATCHES, of=of
        ),
    )
    assert result.staff_note == ""
    if said is None:
        assert (result.outcome, result.rationale) == (PASSED, "")
    else:
        assert (result.outcome, bool(result.mistake)) == (FAILED, bool(said))
        assert said in result.mistake


def test_losses_recorded_after_a_step_are_those_of_its_own_batch():
    late = IN_BATCHES.replace("            losses.append(loss(theta, x, y))\n", "").replace(
        "for k in theta}\n", "for k in theta}\n            losses.append(loss(theta, x, y))\n"
    )
    result = one_check(
        HEAD + late,
        lambda e: e.descends(
            "t", student.f, START, BATCHES, LINE, loss=LINE, step_size=0.05, batches=BATCHES,
            of="losses",
        ),
    )  # fmt: skip
    assert (result.outcome, result.rationale) == (PASSED, "")
