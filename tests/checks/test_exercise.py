"""Each kind of check: passed, failed, not attempted, and error, with what the student reads."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from autograder.checks import properties
from autograder.checks.exercise import Exercise
from autograder.checks.gradients import scalar
from autograder.checks.numerics import evaluated, plain, to_numpy
from autograder.checks.student import StudentFault, given, student
from autograder.checks.training import wrong_losses
from autograder.record.outcome import Outcome
from autograder.remote.wire import Limits
from tests.support.inprocess import notebook, one_check

PASSED, FAILED = Outcome.PASSED, Outcome.FAILED
NOT_ATTEMPTED, ERROR = Outcome.NOT_ATTEMPTED, Outcome.ERROR
SEED = 3
RNG = np.random.default_rng(SEED)
X = RNG.normal(size=6)
Y = RNG.uniform(0.1, 0.9, size=6)
NOT_WRITTEN = "def f(*args, **kwargs):\n    raise NotImplementedError()"


def broken(*args, **kwargs):
    raise ZeroDivisionError("our own mistake")


def assert_ours(result):
    """An error is nobody's zero: nothing is said to the student, staff get the traceback."""
    assert result.outcome is ERROR
    assert result.rationale == ""
    assert result.mistake == ""
    assert "Traceback" in result.staff_note


# What every check has in common


def test_a_check_keeps_its_title_points_and_hints():
    result = one_check(
        "def f(): return 1.0",
        lambda e: e.returns("is one", student.f, expected=1.0, points=2.5, hints=["a", "b"]),
    )
    assert (result.title, result.points, result.hints) == ("is one", 2.5, ("a", "b"))
    assert (result.outcome, result.rationale, result.staff_note) == (PASSED, "", "")


def every_kind(e: Exercise, hints=(), points=1.0):
    """One check of each kind on `f`."""
    options = {"hints": hints, "points": points}
    theta = {"w": 1.0, "b": 0.0}
    e.returns("returns", student.f, X, expected=X, **options)
    e.agrees("agrees", student.f, lambda x: x, [(X,)], **options)
    e.satisfies("satisfies", student.f, [(X,)], properties.between(-9, 9), shape=(6,), **options)
    e.is_gradient("is_gradient", student.f, student.f, [(theta, X)], **options)
    e.is_differentiable("is_differentiable", student.f, [(theta, X)], **options)
    e.descends("descends", student.f, theta, MODEL, LOSS, X, Y, n_steps=2, step_size=0.1, **options)
    e.reaches("reaches", student.theta, theta, 0.1, **options)
    e.minimises("minimises", student.theta, lambda p: p["w"] ** 2 + p["b"] ** 2, theta, **options)
    return e.results


@pytest.mark.parametrize(
    ("source", "outcome"),
    [
        ("", NOT_ATTEMPTED),
        (NOT_WRITTEN + "\ndel f", NOT_ATTEMPTED),
        ("def f(*a, **k):\n    raise ValueError('mine')\ntheta = 'text'", FAILED),
        ("def f(*a, **k): return None\ntheta = None", FAILED),
        ("def f(*a, **k): return 'text'\ntheta = ['a']", FAILED),
        ("def f(*a, **k): return {'x': [1, (2, None)]}\ntheta = {'w': 1.0}", FAILED),
        ("def f(*a, **k): return [[1.0], [1.0, 2.0]]\ntheta = [[1.0], [1.0, 2.0]]", FAILED),
        ("def f(*a, **k): return ([[1.0], [1.0, 2.0]], {})\ntheta = 1j", FAILED),
        ("def f(*a, **k): return float('nan')\ntheta = {'w': float('nan'), 'b': 0.0}", FAILED),
        ("def f(*a, **k): return 10**400\ntheta = {'w': 10**400, 'b': 0.0}", FAILED),
        ("def f(*a, **k): return object()\ntheta = object()", FAILED),
        ("def f(*a, **k): return True\ntheta = {'w': True, 'b': False}", FAILED),
        ("def f(*a, **k): return 10**5000\ntheta = {10**5000: 1.0}", FAILED),
        ("def f(*a, **k): return {10**5000: 1.0}\ntheta = {'w': [], 'b': ()}", FAILED),
        ("f = 5\ntheta = f", FAILED),
    ],
)
def test_no_answer_of_a_students_is_our_error(source, outcome):
    with notebook(source):
        results = every_kind(Exercise("e"))
    assert {r.title: (r.outcome, r.staff_note) for r in results} == {
        r.title: (outcome, "") for r in results
    }
    assert all(result.rationale for result in results)


def test_not_written_yet_is_said():
    with notebook(NOT_WRITTEN):
        results = every_kind(Exercise("e"))
    for result in results[:6]:
        assert result.outcome is NOT_ATTEMPTED
        assert result.rationale.startswith("`f` is not written yet: your answer goes where")
    assert (
        results[6].rationale
        == "`theta` is not defined yet. Has its cell been run without an error?"
    )


def test_points_out_of_range_are_the_authors_mistake():
    with (
        notebook("def f(): return 1.0"),
        pytest.raises(ValueError, match="points must be 0 or more"),
    ):
        Exercise("e").returns("t", student.f, expected=1.0, points=-1)


def test_exercise_report_and_context():
    with notebook("def f(): return 1.0", seed=5, max_points=3.0) as _:
        exercise = Exercise("f")
        exercise.returns("right", student.f, expected=1.0)
        exercise.returns("wrong", student.f, expected=2.0, points=2)
        report = exercise.report()
    assert report.exercise == "f"
    assert [check.title for check in report.checks] == ["right", "wrong"]
    assert (report.max_points, report.seed, report.score) == (3.0, 5, 1.0)


def test_random_inputs_follow_seed_and_exercise():
    def draw(name, seed):
        with notebook("", seed=seed):
            return Exercise(name).rng.normal(size=4).tolist()

    assert draw("a", 1) == draw("a", 1)
    assert draw("a", 1) != draw("a", 2)
    assert draw("a", 1) != draw("b", 1)


# returns


@pytest.mark.parametrize(
    ("source", "outcome", "rationale"),
    [
        ("def f(x): return 2 * x", PASSED, ""),
        (
            "def f(x): return x",
            FAILED,
            "6 of 6 numbers are off, by about 50% of the largest one. "
            "Every number is 1/2 times the expected one.",
        ),
        (
            "def f(x): pass",
            FAILED,
            "Got None, expected an array of shape (6,). Did you forget a `return`?",
        ),
        ("", NOT_ATTEMPTED, "`f` is not defined yet. Has its cell been run without an error?"),
        (
            "def f(x): return 1 / 0",
            FAILED,
            "`f` raised ZeroDivisionError: division by zero\nIn `f`, at: def f(x): return 1 / 0",
        ),
    ],
)
def test_returns(source, outcome, rationale):
    result = one_check(source, lambda e: e.returns("t", student.f, X, expected=2 * X))
    assert (result.outcome, result.rationale, result.staff_note) == (outcome, rationale, "")


def test_returns_with_a_tolerance():
    check = one_check(
        "def f(): return 1.04", lambda e: e.returns("t", student.f, expected=1.0, rtol=0.05)
    )
    assert check.outcome is PASSED


def test_returns_a_plain_function_as_argument_is_our_error():
    result = one_check(
        "def f(g): return 1.0", lambda e: e.returns("t", student.f, len, expected=1.0)
    )
    assert_ours(result)
    assert "cannot send" in result.staff_note


# agrees

MISTAKES = {
    "Did you forget to double?": lambda x: x,
    "Is the sign right?": lambda x: -2 * x,
}


def agree(source, solution=lambda x: 2 * x, mistakes=MISTAKES, inputs=((X,), (2 * X,))):
    return one_check(
        source, lambda e: e.agrees("t", student.f, solution, inputs, mistakes=mistakes)
    )


def test_agrees():
    assert agree("def f(x): return 2 * x").outcome is PASSED


@pytest.mark.parametrize(
    ("answer", "mistake"),
    [
        ("x", "Did you forget to double?"),
        ("-2 * x", "Is the sign right?"),
        ("3 * x", ""),
        ("x + 1e-3", ""),
        ("x[:3]", ""),
    ],
)
def test_agrees_names_the_known_mistake(answer, mistake):
    result = agree(f"def f(x): return {answer}")
    assert result.outcome is FAILED
    assert result.mistake == mistake
    assert result.rationale.endswith(mistake)
    assert result.rationale != mistake


def test_agrees_sees_a_mistake_on_the_second_input_only():
    result = agree("n = 0\ndef f(x):\n    global n\n    n += 1\n    return 2 * x if n == 1 else x")
    assert (result.outcome, result.mistake) == (FAILED, "")


def test_agrees_names_no_mistake_of_a_right_answer():
    result = agree("def f(x): return 2 * x", mistakes={"the same": lambda x: 2 * x})
    assert (result.outcome, result.mistake) == (PASSED, "")


def test_agrees_a_reference_that_raises_is_our_error():
    for source in ("def f(x): return 2 * x", "def f(x): return x", "", NOT_WRITTEN):
        assert_ours(agree(source, solution=broken))


def test_agrees_a_mistake_that_raises_is_our_error():
    assert_ours(agree("def f(x): return x", mistakes={"m": broken}))
    assert agree("def f(x): return 2 * x", mistakes={"m": broken}).outcome is PASSED


def test_agrees_computes_the_expected_answer_in_float64():
    third = agree("def f(x): return x / 3 + 1e-9 * 0", solution=lambda x: jnp.asarray(x) / 3)
    assert third.outcome is PASSED
    assert plain(lambda x: x / 3, (X,)).dtype == np.float64


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_reference_that_is_not_finite_lets_no_wrong_answer_pass(value):
    result = agree("def f(x): return x", solution=lambda x: x * value, mistakes={})
    assert result.outcome is not PASSED


# satisfies


def satisfy(source, *holds, shape=(6,), inputs=((X,), (-X,))):
    return one_check(source, lambda e: e.satisfies("t", student.f, inputs, *holds, shape=shape))


@pytest.mark.parametrize(
    ("answer", "outcome", "rationale"),
    [
        ("1 / (1 + jnp.exp(-x))", PASSED, ""),
        ("x * 0 + 2.0", FAILED, "Got 2, which does not lie between 0 and 1."),
        (
            "x * 0 + 0.7",
            FAILED,
            "Answers that mirror each other should add up to 1, and they do not.",
        ),
        ("x[:2]", FAILED, "Got an array of shape (2,), expected an array of shape (6,)."),
        ("x * jnp.nan", FAILED, "The answer contains NaN (not a number)."),
        ("x / 0", FAILED, "The answer contains infinity."),
    ],
)
def test_satisfies(answer, outcome, rationale):
    result = satisfy(
        f"import jax.numpy as jnp\ndef f(x): return {answer}",
        properties.between(0, 1),
        properties.adding_up_to(1),
    )
    assert (result.outcome, result.rationale, result.staff_note) == (outcome, rationale, "")


@pytest.mark.parametrize(
    "answer", ["None", "'text'", "{'w': 1.0}", "[[1.0], [1.0, 2.0]]", "1j * x", "x > 0", "[None]"]
)
@pytest.mark.parametrize(
    "holds",
    [
        properties.between(-9, 9),
        properties.increasing,
        properties.decreasing,
        properties.adding_up_to(1),
    ],
    ids=["between", "increasing", "decreasing", "adding_up_to"],
)
def test_satisfies_without_a_shape_takes_no_nonsense_for_our_error(answer, holds):
    result = satisfy(f"def f(x): return {answer}", holds, shape=None)
    assert (result.outcome, result.staff_note) == (FAILED, "")


@pytest.mark.parametrize("holds", [properties.increasing, properties.decreasing])
def test_a_single_number_where_a_row_was_wanted_is_not_our_error(holds):
    assert satisfy("def f(x): return 1.0", holds, shape=None).staff_note == ""


def test_answers_of_different_shapes_are_not_broadcast():
    source = "def f(x): return x if x[0] > 0 else 1.0"
    result = satisfy(
        source, properties.adding_up_to(1), shape=None, inputs=((-abs(X),), (0 * X + 1,))
    )
    assert (result.outcome, result.staff_note) == (FAILED, "")


def test_satisfies_a_property_that_raises_is_our_error():
    assert_ours(satisfy("def f(x): return x", broken))


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


# descends

MODEL = given("lambda theta, x: theta['w'] * x + theta['b']")
LOSS = given("lambda theta, model, x, y: jnp.sum((model(theta, x) - y) ** 2)")
START = {"w": 0.5, "b": -0.5}
HEAD = """
    import jax, jax.numpy as jnp
    def loss(theta, model, x, y):
        return jnp.sum((model(theta, x) - y) ** 2)
"""
LOOP = """
    def f(theta, model, loss_fun, x, y, n_steps, step_size):
        losses = []
        for _ in range(n_steps):
            losses.append(loss_fun(theta, model, x, y))
            slope = jax.grad(loss_fun)(theta, model, x, y)
            theta = {k: theta[k] - step_size * slope[k] for k in theta}
        return losses, theta
"""
UPDATE = "            theta = {k: theta[k] - step_size * slope[k] for k in theta}\n"


def descent(source, of="parameters", loss=LOSS, **options):
    return one_check(
        source,
        lambda e: e.descends(
            "t", student.f, START, MODEL, loss, X, Y, n_steps=4, step_size=0.05, of=of, **options
        ),
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
        ("None", "Got None, expected the pair `(losses, theta)`. Did you forget a `return`?"),
        ("theta", "Expected the pair `(losses, theta)`."),
        ("losses, theta, 1", "Expected the pair `(losses, theta)`."),
        ("jnp.array(losses)", "Expected the pair `(losses, theta)`."),
        (
            "theta, losses",
            "The pair came the other way round: expected `(losses, theta)`, in this order.",
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
    assert (result.outcome, result.rationale, result.staff_note) == (FAILED, rationale, "")


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


@pytest.mark.parametrize("of", ["weights", "", None])
def test_descends_of_something_else_is_the_authors_mistake(of):
    with notebook(HEAD + LOOP), pytest.raises(ValueError, match="expected") as caught:
        Exercise("e").descends(
            "t", student.f, START, MODEL, LOSS, X, Y, n_steps=1, step_size=0.1, of=of
        )
    assert str(caught.value) == f"of={of!r}: expected 'parameters' or 'losses'"


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


@pytest.mark.parametrize("of", ["parameters", "losses"])
def test_descends_under_the_students_own_loss(of):
    assert descent(HEAD + LOOP, of, loss=student.loss).outcome is PASSED
    own = HEAD.replace("** 2", "** 4") + LOOP
    assert descent(own, of, loss=student.loss).outcome is PASSED
    wrong = own.replace("theta[k] - step", "theta[k] + step").replace("append(", "append(-")
    assert descent(wrong, of, loss=student.loss).outcome is FAILED


@pytest.mark.parametrize("of", ["parameters", "losses"])
def test_descends_with_a_stand_in_for_a_broken_loss(of):
    no_loss = HEAD.replace(
        "return jnp.sum((model(theta, x) - y) ** 2)", "raise NotImplementedError()"
    )
    assert descent(no_loss + LOOP, of, loss=student.loss).outcome is NOT_ATTEMPTED
    helped = descent(no_loss + LOOP, of, loss=student.loss, stubs={"loss": LOSS})
    assert (helped.outcome, helped.rationale) == (PASSED, "")
    own = HEAD.replace("** 2", "** 4") + LOOP.replace("jax.grad(loss_fun)", "jax.grad(loss)")
    assert descent(own, of, loss=student.loss, stubs={"loss": LOSS}).outcome is PASSED


def test_descends_with_a_stand_in_still_tells_a_wrong_loop():
    no_loss = HEAD.replace(
        "return jnp.sum((model(theta, x) - y) ** 2)", "raise NotImplementedError()"
    )
    source = no_loss + LOOP.replace(" - step", " + step")
    result = descent(source, loss=student.loss, stubs={"loss": LOSS})
    assert (result.outcome, result.staff_note) == (FAILED, "")


def test_descends_a_given_loss_that_raises_is_our_error():
    constant = "    def f(theta, *a, **k): return [0.0] * 4, theta\n"
    assert_ours(descent(constant, loss=given("lambda *a: 1 / 0")))


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
    assert (wrong_losses(losses, [3.0, 2.0, 1.0], 2) == "") is agrees


# reaches

TARGET = {"w": 2.0, "b": 1.0}


def reach(source, **options):
    return one_check(source, lambda e: e.reaches("t", student.theta, TARGET, 0.1, **options))


@pytest.mark.parametrize(
    ("source", "outcome", "rationale"),
    [
        ("theta = {'w': 2.05, 'b': 0.95}", PASSED, ""),
        ("import jax.numpy as jnp\ntheta = {'w': jnp.asarray(2.05), 'b': 1}", PASSED, ""),
        ("theta = {'w': 2.05, 'b': 0.75}", FAILED, "Off by 0.25; at most 0.1 is asked for."),
        ("theta = {'w': 2.0}", FAILED, "Got a dict with the keys 'w', expected the keys 'w', 'b'."),
        (
            "theta = [2.0, 1.0]",
            FAILED,
            "Got a list of length 2, expected a dict with the keys 'w', 'b'.",
        ),
        (
            "theta = None",
            FAILED,
            "Got None, expected a dict with the keys 'w', 'b'. Did you forget a `return`?",
        ),
        (
            "theta = {'w': [2.0], 'b': 1.0}",
            FAILED,
            "Got an array of shape (1,) for the entry 'w', expected a single number.",
        ),
        (
            "theta = {'w': float('nan'), 'b': 1.0}",
            FAILED,
            "The answer contains NaN (not a number).",
        ),
        ("theta = {'w': float('inf'), 'b': 1.0}", FAILED, "The answer contains infinity."),
        ("", NOT_ATTEMPTED, "`theta` is not defined yet. Has its cell been run without an error?"),
        (
            "def theta(): pass",
            FAILED,
            "`theta`: The value is of type function; expected numbers, arrays, or lists, "
            "tuples and dicts of these.",
        ),
    ],
)
def test_reaches(source, outcome, rationale):
    result = reach(source)
    assert (result.outcome, result.rationale, result.staff_note) == (outcome, rationale, "")


def test_reaches_with_arrays():
    target = {"v": np.array([1.0, 2.0])}
    with notebook("import jax.numpy as jnp\ntheta = {'v': jnp.array([1.0, 2.2])}"):
        exercise = Exercise("e")
        exercise.reaches("near", student.theta, target, 0.3)
        exercise.reaches("far", student.theta, target, 0.1)
    assert [r.outcome for r in exercise.results] == [PASSED, FAILED]


def fault():
    raise StudentFault("the step size is missing")


@pytest.mark.parametrize("check", ["reaches", "minimises"])
@pytest.mark.parametrize(
    ("source", "instead", "outcome"),
    [
        ("theta = {'w': 9.0, 'b': 9.0}", lambda: dict(TARGET), PASSED),
        ("", lambda: dict(TARGET), PASSED),
        ("theta = {'w': 9.0, 'b': 9.0}", lambda: {"w": 5.0, "b": 5.0}, FAILED),
        ("theta = {'w': 9.0, 'b': 9.0}", lambda: dict.fromkeys(TARGET, float("nan")), FAILED),
        ("theta = {'w': 9.0, 'b': 9.0}", fault, FAILED),
        ("", fault, NOT_ATTEMPTED),
        ("theta = {'w': 9.0, 'b': 9.0}", broken, ERROR),
        ("theta = {'w': 2.0, 'b': 1.0}", broken, PASSED),
    ],
)
def test_instead(check, source, instead, outcome):
    def run(e):
        if check == "reaches":
            e.reaches("t", student.theta, TARGET, 0.1, instead=instead)
        else:
            e.minimises("t", student.theta, bowl, {"w": 0.0, "b": 0.0}, instead=instead)

    assert one_check(source, run).outcome is outcome


@pytest.mark.parametrize("check", ["reaches", "minimises"])
@pytest.mark.parametrize(
    ("source", "outcome", "said"),
    [
        ("", NOT_ATTEMPTED, "`n` is not defined yet. Has its cell been run without an error?"),
        (
            "n = 3",
            NOT_ATTEMPTED,
            "`size` is not defined yet. Has its cell been run without an error?",
        ),
        (
            "n = 3.0\nsize = 0.1",
            FAILED,
            "There is no `theta`: the cell that makes it from `n` (a float) and `size` (a float) "
            "did not run to its end.",
        ),
        ("n = 3.0\ntheta = {'w': 2.0, 'b': 1.0}", PASSED, ""),
    ],
)
def test_made_from(check, source, outcome, said):
    made_from = [student.n, student.size]

    def run(e):
        if check == "reaches":
            e.reaches("t", student.theta, TARGET, 0.1, made_from=made_from)
        else:
            e.minimises("t", student.theta, bowl, {"w": 0.0, "b": 0.0}, made_from=made_from)

    result = one_check(source, run)
    assert (result.outcome, result.rationale) == (outcome, said)


@pytest.mark.parametrize(
    ("source", "unless", "outcome"),
    [
        ("theta = {'w': 9.0, 'b': 1.0}", lambda: True, FAILED),
        ("theta = {'w': float('nan'), 'b': 1.0}", lambda: True, FAILED),
        ("theta = {'w': 9.0, 'b': 1.0}", lambda: False, PASSED),
        ("", lambda: True, PASSED),  # it is missing for a reason of another kind
        ("theta = {'w': 2.0, 'b': 1.0}", broken, PASSED),
        ("theta = {'w': 9.0, 'b': 1.0}", broken, ERROR),
    ],
)
def test_what_is_the_students_own_doing_is_not_excused(source, unless, outcome):
    assert reach(source, instead=lambda: dict(TARGET), unless=unless).outcome is outcome


@pytest.mark.parametrize(
    ("source", "works"),
    [
        ("def f(x): return x", True),
        ("def f(x): return x + 1e-3", False),
        ("def f(x): return None", False),
        ("def f(x): return x[7, 7]", False),
        ("def f(x): pass", False),
        ("", False),
    ],
)
def test_works_is_a_premise_and_no_check(source, works):
    with notebook(source):
        exercise = Exercise("e")
        assert exercise.works(lambda: student.f(X), X) is works
        assert exercise.works(lambda: student.f(X)[0], X[0]) is works
    assert exercise.results == []


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
        "jnp.round(theta['w'] * x)",  # flat, and JAX says so too
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


# minimises


def bowl(p):
    return (p["w"] - 2.0) ** 2 + (p["b"] - 1.0) ** 2


def minimise(source, loss=bowl, **options):
    start = {"w": 0.0, "b": 0.0}
    return one_check(source, lambda e: e.minimises("t", student.theta, loss, start, **options))


@pytest.mark.parametrize(
    ("source", "outcome", "rationale"),
    [
        ("theta = {'w': 2.001, 'b': 1.0}", PASSED, ""),
        (
            "theta = {'w': 1.0, 'b': 1.0}",
            FAILED,
            "The loss still slopes there: 0.45 of the slope at the start is left.",
        ),
        ("theta = {'w': 2.0}", FAILED, "Got a dict with the keys 'w', expected the keys 'w', 'b'."),
        ("", NOT_ATTEMPTED, "`theta` is not defined yet. Has its cell been run without an error?"),
    ],
)
def test_minimises(source, outcome, rationale):
    result = minimise(source)
    assert (result.outcome, result.rationale, result.staff_note) == (outcome, rationale, "")


def test_minimises_shrink():
    source = "theta = {'w': 1.9, 'b': 1.0}"
    assert minimise(source).outcome is FAILED
    assert minimise(source, shrink=0.1).outcome is PASSED


def test_minimises_under_the_students_own_loss():
    good = "theta = {'w': 2.0, 'b': 1.0}\n"
    own = "def loss(p): return (p['w'] - 2.0) ** 2 + (p['b'] - 1.0) ** 4"
    assert minimise(good + own, lambda p: student.loss(p)).outcome is PASSED
    result = minimise(good, lambda p: student.loss(p))
    assert (result.outcome, result.rationale) == (
        NOT_ATTEMPTED,
        "`loss` is not defined yet. Has its cell been run without an error?",
    )


@pytest.mark.parametrize("body", ["0.0", "jnp.sum(jnp.zeros(3))", "1.0"])
def test_a_constant_loss_of_the_students_is_not_our_error(body):
    source = f"import jax.numpy as jnp\ntheta = {{'w': 2.0, 'b': 1.0}}\ndef loss(p): return {body}"
    result = minimise(source, lambda p: student.loss(p))
    assert (result.outcome, result.staff_note) == (FAILED, "")


def test_minimises_a_loss_that_raises_is_our_error():
    assert_ours(minimise("theta = {'w': 1.0, 'b': 1.0}", broken))


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


def test_limits_of_the_connection_bound_an_answer():
    with notebook("def f(): return [0.0] * 50", Limits(max_items=10)):
        exercise = Exercise("e")
        exercise.returns("t", student.f, expected=np.zeros(50))
    assert "The value has more than 10 parts." in exercise.results[0].rationale


def test_returns_shows_a_few_numbers_unless_told_not_to():
    for show, shown in ((True, " Got 2; expected 1."), (False, "")):
        with notebook("def f(): return 2.0"):
            exercise = Exercise("e")
            exercise.returns("t", student.f, expected=1.0, show=show)
        assert exercise.results[0].rationale == "The number is off by about 100%." + shown
