"""Training loops: `descends`, and the curves that it gives a feedback page."""

from __future__ import annotations

import jax
import numpy as np
import pytest

from autograder.checks.exercise import Exercise
from autograder.checks.mistakes import worth
from autograder.checks.student import given, student
from autograder.checks.training import wrong_losses
from autograder.record.outcome import Outcome
from tests.support.checking import HEAD, LOOP, LOSS, MODEL, NOT_WRITTEN, X, Y, assert_ours
from tests.support.inprocess import notebook, one_check

PASSED, FAILED = Outcome.PASSED, Outcome.FAILED
NOT_ATTEMPTED = Outcome.NOT_ATTEMPTED
START = {"w": 0.5, "b": -0.5}
UPDATE = "            theta = {k: theta[k] - step_size * slope[k] for k in theta}\n"


def descent(source, of="parameters", loss=LOSS, stubs=None, **options):
    return one_check(
        source,
        lambda e: e.descends(
            "t",
            student.f,
            START,
            MODEL,
            loss,
            X,
            Y,
            loss=loss,
            n_steps=4,
            step_size=0.05,
            of=of,
            **options,
        ),
        stubs,
    )


@pytest.mark.parametrize("of", ["parameters", "losses"])
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("", ""),
        ("return losses, theta", "return jnp.array(losses), theta"),
        ("return losses, theta", "return [losses, theta]"),
        ("return losses, theta", "return tuple(float(v) for v in losses), theta"),
        ("return losses, theta", "return losses + [loss_fun(theta, model, x, y)], theta"),
        ("return losses, theta", "return losses[1:] + [loss_fun(theta, model, x, y)], theta"),
        (UPDATE, "            for k in theta: theta[k] = theta[k] - step_size * slope[k]\n"),
        ("jax.grad(loss_fun)", "jax.jit(jax.grad(loss_fun), static_argnums=1)"),
    ],
    ids=["plain", "array", "list pair", "floats", "with the end", "after", "in place", "jit"],
)
def test_descends_accepts_what_is_equivalent(of, old, new):
    result = descent(HEAD + LOOP.replace(old, new, 1), of)
    assert (result.outcome, result.rationale, result.staff_note) == (PASSED, "", "")


def test_descends_does_not_let_the_loop_change_the_start():
    descent(HEAD + LOOP.replace(UPDATE, "            theta['w'] = 99.0\n"))
    assert START == {"w": 0.5, "b": -0.5}


@pytest.mark.parametrize(
    ("returned", "rationale"),
    [
        ("None", "Got None, expected the pair `(losses, parameters)`. Did you forget a `return`?"),
        ("theta", "Expected the pair `(losses, parameters)`."),
        ("losses, theta, 1", "Expected the pair `(losses, parameters)`."),
        ("jnp.array(losses)", "Expected the pair `(losses, parameters)`."),
        (
            "theta, losses",
            "The pair came the other way round: expected `(losses, parameters)`, in this order.",
        ),
        (
            "losses, theta['w']",
            "Got a single number, expected a dict with the keys 'w', 'b'.",
        ),
        ("losses, {'w': theta['w']}", "Got a dict with the keys 'w', expected the keys 'w', 'b'."),
        (
            "losses, {**theta, 'b': jnp.ones(2)}",
            "Got an array of shape (2,) for the entry 'b', expected a single number.",
        ),
        ("losses, {**theta, 'b': jnp.nan}", "The answer contains NaN (not a number)."),
    ],
)
@pytest.mark.parametrize("of", ["parameters", "losses"])
def test_descends_wrong_forms(returned, rationale, of):
    result = descent(HEAD + LOOP.replace("losses, theta\n", returned + "\n"), of)
    assert (result.outcome, result.rationale, result.staff_note) == (FAILED, rationale, "")


@pytest.mark.parametrize(
    ("returned", "rationale"),
    [
        ("None", "Got None, expected an array of shape (4,). Did you forget a `return`?"),
        ("[]", "Got an array of shape (0,), expected an array of shape (4,)."),
        ("losses[:3]", "Got an array of shape (3,), expected an array of shape (4,)."),
        ("losses[-1]", "Got a single number, expected an array of shape (4,)."),
        ("losses + losses", "Got an array of shape (8,), expected an array of shape (4,)."),
        ("'text'", "Got a str, expected an array of shape (4,)."),
        ("{'a': 1}", "Got a dict with the keys 'a', expected an array of shape (4,)."),
        ("[[1.0], [1.0, 2.0]]", "Got a list of length 2, expected an array of shape (4,)."),
        (
            "[v[None] for v in losses]",
            "Got an array of shape (4, 1), expected an array of shape (4,). "
            "The numbers themselves are right.",
        ),
        ("[v * jnp.nan for v in losses]", "The answer contains NaN (not a number)."),
    ],
)
def test_descends_wrong_losses(returned, rationale):
    source = HEAD + LOOP.replace("losses, theta\n", f"({returned}), theta\n")
    if returned.startswith("{"):  # a dict in first place, and parameters in the second
        assert descent(source, "parameters").outcome is PASSED
    result = descent(source, "losses")
    said = f"{rationale} The parameters are right."
    assert (result.outcome, result.rationale, result.staff_note) == (FAILED, said, "")


@pytest.mark.parametrize(
    ("old", "new", "of"),
    [
        ("theta[k] - step_size", "theta[k] + step_size", "parameters"),
        ("range(n_steps)", "range(n_steps - 1)", "parameters"),
        ("range(n_steps)", "range(n_steps + 1)", "parameters"),
        ("step_size * slope", "0.01 * slope", "parameters"),
        ("for k in theta}", "for k in ['w']} | {'b': theta['b']}", "parameters"),
        ("losses.append(loss_fun(theta, model, x, y))", "losses.append(0.0)", "losses"),
        ("losses.append(loss_fun(", "losses.append(-loss_fun(", "losses"),
    ],
)
def test_descends_tells_wrong_loops(old, new, of):
    source = HEAD + LOOP.replace(old, new)
    assert source != HEAD + LOOP
    result = descent(source, of)
    assert (result.outcome, result.staff_note) == (FAILED, "")
    assert "off" in result.rationale


def test_descends_names_the_known_mistake():
    def climbs(theta, model, loss_fun, x, y, n_steps, step_size):
        losses = []
        for _ in range(n_steps):
            losses.append(loss_fun(theta, model, x, y))
            slope = jax.grad(loss_fun)(theta, model, x, y)
            theta = {k: theta[k] + step_size * slope[k] for k in theta}
        return losses, theta

    source = HEAD + LOOP.replace("theta[k] - step_size", "theta[k] + step_size")
    result = descent(source, mistakes={"Uphill!": climbs, "Stays.": lambda t, *rest: ([0.0], t)})
    assert (result.outcome, result.mistake) == (FAILED, "Uphill!")
    assert result.rationale.endswith(" Uphill!")
    assert descent(source, mistakes={"Uphill!": worth(0.25, climbs)}).earned == 0.25


@pytest.mark.parametrize("of", ["weights", "", None])
def test_descends_of_something_else_is_the_authors_mistake(of):
    with notebook(HEAD + LOOP), pytest.raises(ValueError, match="expected") as caught:
        Exercise("e").descends(
            "t", student.f, START, MODEL, LOSS, X, Y, loss=LOSS, n_steps=1, step_size=0.1, of=of
        )
    assert str(caught.value) == f"of={of!r}: expected 'parameters' or 'losses'"


@pytest.mark.parametrize("loss", [student.loss, lambda *a: 0.0, None, LOSS.source], ids=type)
def test_a_loss_that_is_not_given_is_the_authors_mistake(loss):
    """A loop beside a loss of the student's own would be judged by an answer of theirs."""
    with (
        notebook(HEAD + LOOP),
        pytest.raises(TypeError, match=r"descends\('t'\): the loss has to be given\('…'\), not "),
    ):
        Exercise("e").descends(
            "t", student.f, START, MODEL, LOSS, X, Y, loss=loss, n_steps=1, step_size=0.1
        )


OWN = "return jnp.sum((model(theta, x) - y) ** 2)"
OWN_LOSS = {
    "right": OWN,
    "another": OWN.replace("** 2", "** 4"),
    "raises": "raise ValueError('mine')",
    "not written": "raise NotImplementedError()",
    "nothing": "pass",
}
USED = {
    "the one it is handed": LOOP,
    "its own, by name": LOOP.replace("loss_fun(", "loss(").replace("grad(loss_fun", "grad(loss"),
    "its own slope, by name": LOOP.replace("jax.grad(loss_fun)", "dloss"),
    "its own slope, early": LOOP.replace("jax.grad(loss_fun)", "early"),
}
SLOPES = "    dloss = jax.grad(loss)\n    early = jax.jit(dloss, static_argnums=1)\n"


@pytest.mark.parametrize("own", OWN_LOSS)
@pytest.mark.parametrize("used", USED)
def test_a_loop_is_judged_by_the_given_loss_and_sees_it_under_the_name_of_its_own(used, own):
    source = HEAD.replace(OWN, OWN_LOSS[own]) + SLOPES + USED[used]
    assert descent(source, stubs={"loss": LOSS}).outcome is PASSED
    climbing = source.replace("theta[k] - step_size", "theta[k] + step_size")
    result = descent(climbing, stubs={"loss": LOSS})
    assert (result.outcome, result.staff_note) == (FAILED, "")


@pytest.mark.parametrize("used", ["the one it is handed", "its own, by name"])
def test_the_losses_along_the_way_are_those_of_the_given_loss(used):
    source = HEAD.replace(OWN, OWN_LOSS["another"]) + USED[used]
    assert descent(source, "losses", stubs={"loss": LOSS}).outcome is PASSED
    halved = source.replace("return losses", "return [v / 2 for v in losses]")
    assert descent(halved, "losses", stubs={"loss": LOSS}).outcome is FAILED


@pytest.mark.parametrize(
    ("used", "own", "outcome"),
    [
        ("the one it is handed", "another", PASSED),
        ("the one it is handed", "not written", PASSED),
        ("its own, by name", "right", PASSED),
        ("its own, by name", "another", FAILED),
        ("its own, by name", "not written", NOT_ATTEMPTED),
    ],
)
def test_without_a_stub_a_loop_sees_the_loss_of_its_own(used, own, outcome):
    result = descent(HEAD.replace(OWN, OWN_LOSS[own]) + USED[used])
    assert (result.outcome, result.staff_note) == (outcome, "")


def test_the_stub_may_be_another_one_than_the_given_loss():
    """Then a loop that calls its own loss where it is handed one is told so by its answer."""
    stub = {"loss": given("lambda theta, model, x, y: jnp.sum((model(theta, x) - y) ** 4)")}
    assert descent(HEAD + USED["the one it is handed"], stubs=stub).outcome is PASSED
    assert descent(HEAD + USED["its own, by name"], stubs=stub).outcome is FAILED


@pytest.mark.parametrize("of", ["parameters", "losses"])
@pytest.mark.parametrize(
    "source",
    [
        HEAD + LOOP,
        "def f(theta, *a, **k): return [0.0] * 4, theta",
        "def f(*a, **k): return None",
        NOT_WRITTEN,
        "",
    ],
    ids=["a loop", "a constant", "nothing", "not written", "missing"],
)
def test_a_given_loss_that_raises_is_our_error_whatever_the_loop_does(source, of):
    assert_ours(descent(source, of, loss=given("lambda *a: 1 / 0")))


def test_a_loop_is_asked_twice():
    """One that keeps count has another answer then."""
    counting = LOOP.replace(
        "        losses = []\n", "        losses = []\n        calls.append(0)\n"
    ).replace("return losses, theta", "return losses, {**theta, 'b': theta['b'] * len(calls)}")
    result = descent(HEAD + "    calls = []\n" + counting)
    assert result.outcome is FAILED
    assert "two different answers to the same question" in result.rationale
    sleeping = counting.replace("'b'] * len(calls)", "'b'] * max(1, len(calls) - 2)")
    assert descent(HEAD + "    calls = []\n" + sleeping).outcome is PASSED


@pytest.mark.parametrize(
    ("losses", "agrees"),
    [
        ([3.0, 2.0], True),
        ([2.0, 1.0], True),
        ([3.0, 2.0, 1.0], True),
        ([3.0, 1.0], False),
        ([2.0, 3.0], False),
        ([1.0, 2.0, 3.0], False),
    ],
)
def test_wrong_losses(losses, agrees):
    ways = np.array([3.0, 2.0]), np.array([2.0, 1.0]), np.array([3.0, 2.0, 1.0])
    assert (wrong_losses(losses, ways).sentence == "") is agrees


# What is drawn


@pytest.mark.parametrize(
    ("returned", "first", "count"),
    [
        ("losses", 0, 4),
        ("losses + [loss_fun(theta, model, x, y)]", 0, 5),
        ("losses[1:] + [loss_fun(theta, model, x, y)]", 1, 4),
        ("losses * 100", 0, 58),
        ("losses[-1]", 0, 1),
        ("'text'", 0, 0),
    ],
)
def test_the_losses_are_drawn_beside_those_of_plain_gradient_descent(returned, first, count):
    figure = descent(HEAD + LOOP.replace("return losses,", f"return {returned},"), "losses").figure
    plain, yours = figure.lines
    assert (plain.label, yours.label) == ("plain gradient descent", "your loop")
    assert plain.x == (0, 1, 2, 3, 4)
    assert plain.y[0] > plain.y[-1] > 0
    assert len(yours.x) == count
    assert not count or yours.x[0] == first
    if 4 <= count <= 5:
        assert yours.y == plain.y[first : first + count]


def test_nothing_is_drawn_without_losses():
    assert descent(HEAD + LOOP).figure is None
    assert descent("def f(*a, **k): return None", "losses").figure is None
    assert descent("def f(*a, **k): raise ValueError", "losses").figure is None


# What an author may get wrong


@pytest.mark.parametrize(
    ("args", "options", "error", "said"),
    [
        ((START, student.model, LOSS, X, Y), {}, TypeError, "given('…'), not student.model"),
        ((START, max, LOSS, X, Y), {}, TypeError, "given('…'), not <built-in function max>"),
        ((LOSS,), {}, ValueError, "the parameters to start from are missing"),
        ((START, MODEL, LOSS, X, Y), {"step_size": None}, ValueError, "say step_size=…, or step=…"),
        (
            (START, MODEL, LOSS, X, Y),
            {"returns": ("a", "b")},
            ValueError,
            "should name 'parameters'",
        ),
        (
            (START, MODEL, LOSS, X, Y),
            {"returns": "parameters", "of": "losses"},
            ValueError,
            "should name 'parameters' and 'losses'",
        ),
    ],
)
def test_what_does_not_fit_together_is_told_at_once(args, options, error, said):
    asked = {"loss": LOSS, "n_steps": 2, "step_size": 0.1} | options
    with notebook(HEAD + LOOP), pytest.raises(error) as caught:
        Exercise("e").descends("t", student.f, *args, **asked)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ((START, LOSS, X, Y), "raises TypeError: "),
        ((START, given("lambda theta: 1.0"), LOSS, X, Y), "raises TypeError: "),
        ((START, MODEL, LOSS, X, Y[:-1]), "raises TypeError: "),
        ((START, given("lambda theta, x: theta['v']"), LOSS, X, Y), "raises KeyError: 'v'"),
    ],
)
def test_a_loss_that_cannot_bear_its_arguments_is_told_in_one_sentence(args, said):
    result = one_check(
        HEAD + LOOP,
        lambda e: e.descends("t", student.f, *args, loss=LOSS, n_steps=2, step_size=0.1),
    )
    assert_ours(result)
    last = result.staff_note.strip().splitlines()
    where = next(line for line in last if line.startswith("ValueError: descends('t'): the path"))
    assert said in where
    assert "During handling" not in result.staff_note


def test_a_path_that_is_not_finite_judges_nobody():
    nowhere = given("lambda theta, m, x, y: jnp.nan * theta['w'] * theta['b']")
    result = descent(HEAD + LOOP, loss=nowhere)
    assert_ours(result)
    assert "is not finite. Take smaller steps" in result.staff_note


# What else is said


@pytest.mark.parametrize(
    ("old", "new", "of", "said"),
    [
        ("(loss_fun(theta, model, x, y))", "(7.0)", "losses", "The parameters are right."),
        ("return losses, theta", "return losses, {'w': 0.1, 'b': theta['b']}", "parameters",
         "The entry 'b' is right. The losses are right."),
        ("theta[k] - step", "theta[k] + 2.5 * step", "parameters",
         "The loss is larger there than at the start."),
        ("theta[k] - step", "theta[k] - 0.7 * step", "parameters", ""),
    ],
)  # fmt: skip
def test_what_is_right_beside_what_is_wrong_is_told(old, new, of, said):
    result = descent(HEAD + LOOP.replace(old, new), of)
    assert (result.outcome, result.mistake) == (FAILED, "")
    assert result.rationale.endswith(said) if said else result.rationale.endswith("%.")


# A function of the exercise where one is handed over


def test_a_loop_that_uses_its_own_loss_where_it_is_handed_one_is_told_so():
    stub = {"loss": given("lambda theta, model, x, y: jnp.sum((model(theta, x) - y) ** 4)")}
    result = descent(HEAD + USED["its own, by name"], stubs=stub)
    assert result.mistake.startswith("It looks as if `loss` is used, instead of a function")
