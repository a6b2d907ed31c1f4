"""Values that a student computed: `reaches`, `minimises`, and what stands in for them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from autograder.checks.exercise import Exercise
from autograder.checks.student import StudentFault, student
from autograder.record.outcome import Outcome
from tests.support.checking import X, assert_ours, broken
from tests.support.inprocess import notebook, one_check

PASSED, FAILED = Outcome.PASSED, Outcome.FAILED
NOT_ATTEMPTED, ERROR = Outcome.NOT_ATTEMPTED, Outcome.ERROR


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


@pytest.mark.parametrize(
    ("w", "outcome"),
    [
        ("10**400", FAILED),
        ("2**63", FAILED),
        ("-1.7e308", FAILED),
        ("np.float16(2.05)", PASSED),
        ("jnp.asarray(2.05, 'bfloat16')", PASSED),
        ("jnp.asarray(65504, 'float16')", FAILED),
        ("np.uint64(2)", FAILED),
        ("True", FAILED),
    ],
)
def test_reaches_with_numbers_of_every_kind(w, outcome):
    """A target below 0 does not fit an unsigned integer, and 1e308 - -1e308 overflows."""
    source = f"import numpy as np, jax.numpy as jnp\ntheta = {{'w': {w}, 'b': -1}}"
    with notebook(source):
        exercise = Exercise("e")
        exercise.reaches("t", student.theta, {"w": 2, "b": -1}, 0.1)
        exercise.reaches("t", student.theta, {"w": -1, "b": -1}, 0.1)
        exercise.reaches("t", student.theta, {"w": 1.7e308, "b": -1}, 0.1)
    assert [r.outcome for r in exercise.results] == [outcome, FAILED, FAILED]


def test_reaches_with_arrays():
    target = {"v": np.array([1.0, 2.0])}
    with notebook("import jax.numpy as jnp\ntheta = {'v': jnp.array([1.0, 2.2])}"):
        exercise = Exercise("e")
        exercise.reaches("near", student.theta, target, 0.3)
        exercise.reaches("far", student.theta, target, 0.1)
    assert [r.outcome for r in exercise.results] == [PASSED, FAILED]


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


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            "1e308 * jnp.sign(p['w'])",
            "The slope of the loss is too large at the start to be measured.",
        ),
        (
            "jnp.where(p['w'] > 1, 1e308 * jnp.sign(p['w'] - 2.0), p['w'])",
            "The slope of the loss is too large there to be measured.",
        ),
        ("0.0", "The loss does not depend on the parameters."),
        ("jnp.log(p['w'] - 1)", "The answer contains NaN (not a number)."),
        ("jnp.inf * p['b']", "The answer contains NaN (not a number)."),
    ],
)
def test_no_answer_is_judged_by_a_slope_that_is_not_finite(body, said):
    source = f"import jax.numpy as jnp\ntheta = {{'w': 2.0, 'b': 1.0}}\ndef loss(p): return {body}"
    result = minimise(source, lambda p: student.loss(p))
    assert (result.outcome, result.rationale, result.staff_note) == (FAILED, said, "")


@pytest.mark.parametrize(
    ("loss", "slope"),
    [
        (lambda p: 1e308 * np.sign(p["w"]), "inf"),
        (lambda p: 3.0, "0"),
        (lambda p: float("nan"), "nan"),
        (lambda p: float("inf") * p["w"], "nan"),
    ],
)
@pytest.mark.parametrize("theta", ["{'w': 2.0, 'b': 1.0}", "{'w': 1e300, 'b': 1.0}"])
def test_a_loss_of_the_authors_without_a_slope_at_the_start_is_our_error(loss, slope, theta):
    result = minimise(f"theta = {theta}", loss)
    assert_ours(result)
    start = "{'w': 0.0, 'b': 0.0}"
    assert (
        f"ValueError: start={start}: the slope of the loss there is {slope}\n" in result.staff_note
    )


@pytest.mark.parametrize(
    "loss",
    [
        lambda p: p["w"] ** 4 + p["w"],
        lambda p: np.float64(p["w"]) ** 4 + p["w"],
        lambda p: math.sqrt(9 - p["w"]),
    ],
)
def test_a_loss_of_the_authors_may_overflow_at_the_students_parameters(loss):
    with np.errstate(over="ignore"):
        result = minimise("theta = {'w': 1e200, 'b': 1.0}", loss)
    assert (result.outcome, result.staff_note) == (FAILED, "")


@pytest.mark.parametrize("w", ["[2.0, 2.0]", "jnp.array([2.0, 2.0], 'bfloat16')", "(2.0, 2)"])
def test_minimises_takes_arrays_of_any_kind(w):
    source = f"import jax.numpy as jnp\ntheta = {{'w': {w}, 'b': {w}}}"
    with notebook(source):
        exercise = Exercise("e")
        start = {"w": np.zeros(2), "b": np.zeros(2)}
        exercise.minimises(
            "t", student.theta, lambda p: sum((p["w"] - 2.0) ** 2 + (p["b"] - 2.0) ** 4), start
        )
    assert [(r.outcome, r.staff_note) for r in exercise.results] == [(PASSED, "")]


def test_minimises_a_loss_that_raises_is_our_error():
    assert_ours(minimise("theta = {'w': 1.0, 'b': 1.0}", broken))


# Where earlier parts do not work


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
