"""Known mistakes in a student's live notebook: named as in grading, if they need no solution."""

from __future__ import annotations

import numpy as np
import pytest

from autograder.checks import properties
from autograder.checks.exercise import Exercise
from autograder.checks.mistakes import worth
from autograder.checks.reference import reference
from autograder.checks.student import given, student
from autograder.record.outcome import Outcome
from tests.support.checking import broken
from tests.support.inprocess import notebook

X = np.array([1.0, 2.0, 4.0])
LINE = given("lambda theta, x: theta['w'] * x")
SQUARES = given("lambda theta, model, x, y: jnp.sum((model(theta, x) - y) ** 2)")
GRADIENT = """
    import jax
    def loss(theta): return theta["w"] ** 3
    def slope(theta): return {"w": 3.7 * jax.grad(loss)(theta)["w"]}
"""
LOOP = """
    import jax
    def fit(theta, model, loss, x, y, n_steps, step_size):
        for _ in range(n_steps):
            slope = jax.grad(loss)(theta, model, x, y)
            theta = {"w": theta["w"] + 3.7 * step_size * slope["w"]}
        return [], theta
"""


def halves(exercise, mistakes):
    exercise.returns("t", student.f, X, expected=2 * X, mistakes=mistakes)


def in_turn(exercise, mistakes):
    inputs = [(X,), (-X,)]
    exercise.satisfies("t", student.f, inputs, properties.decreasing, mistakes=mistakes)


def gradient(exercise, mistakes):
    inputs = [({"w": 0.5},), ({"w": 0.7},)]
    exercise.is_gradient("t", student.slope, "loss", inputs, mistakes=mistakes)


def descent(exercise, mistakes):
    run = ({"w": 0.5}, LINE, SQUARES, X, 2 * X)
    exercise.descends(
        "t", student.fit, *run, loss=SQUARES, n_steps=2, step_size=0.01, mistakes=mistakes
    )


def uphill(theta, model, loss, x, y, n_steps, step_size):
    for _ in range(n_steps):
        slope = loss.gradient().compiled(theta, model, x, y)
        theta = {"w": float(theta["w"] + 3.7 * step_size * slope["w"])}
    return [], theta


def turned(slope, *_):
    return {"w": 3.7 * slope["w"]}


STUB = {"loss": given("lambda theta: jnp.sin(theta['w'])")}
CASES = {
    "returns": ("def f(x): return x", halves, lambda x: x, None),
    "satisfies": ("def f(x): return x", in_turn, lambda x: x, None),
    "is_gradient": (GRADIENT, gradient, turned, STUB),
    "descends": (LOOP, descent, uphill, None),
}
NAMED = "It looks as if this is it."


def made(check, mistakes, stubs):
    exercise = Exercise("e", stubs)
    check(exercise, mistakes)
    (result,) = exercise.results
    return result


@pytest.fixture(params=CASES)
def case(request):
    return CASES[request.param]


def test_a_mistake_that_needs_no_solution_is_named_as_in_grading(live_notebook, case):
    cells, check, mistake, stubs = case
    mistakes = {NAMED: worth(0.5, mistake), "Another one.": lambda *args: (1.0, 1.0)}
    live_notebook(cells)
    live = made(check, mistakes, stubs)
    with notebook(cells, max_points=1.0, solution=lambda name, stubs: lambda theta: 0.0):
        graded = made(check, mistakes, stubs)
    assert live.mistake == NAMED
    assert live == graded


@pytest.mark.parametrize("when", ["when it is called", "before"])
def test_a_mistake_that_bends_a_solution_is_never_named(live_notebook, case, when):
    """It would bend the student's own function: here it says of any answer that it is that one."""
    cells, check, mistake, stubs = case
    live_notebook(cells)
    plain = made(check, {}, stubs)
    part = {halves: "f", in_turn: "f", gradient: "slope", descent: "fit"}[check]
    kept = getattr(reference, part) if when == "before" else None

    def own(*args):
        function = kept or getattr(reference, part)
        return function(*args[1:] if check is gradient else args)

    assert made(check, {NAMED: own}, stubs) == plain
    rivals = {"Never.": lambda *args: (own(*args), 1.0)[1:], NAMED: mistake}
    assert made(check, rivals, stubs) == plain  # in grading the other may lie as near
    assert plain.outcome is Outcome.FAILED


def test_without_a_stub_a_gradient_names_nothing(live_notebook):
    """What is right there is the slope of the student's own loss."""
    live_notebook(GRADIENT)
    result = made(gradient, {NAMED: turned}, None)
    assert (result.outcome, result.mistake) == (Outcome.FAILED, "")


def test_a_mistake_that_raises_live_leaves_the_plain_sentence(live_notebook, case):
    cells, check, _, stubs = case
    live_notebook(cells)
    assert made(check, {NAMED: broken}, stubs) == made(check, {}, stubs)
