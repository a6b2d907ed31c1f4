"""With `show`, a check that fails tells what came and what was expected; else it does not."""

from __future__ import annotations

import numpy as np
import pytest

from autograder.checks.student import given, student
from autograder.record.outcome import Outcome
from tests.support.inprocess import one_check

X = np.array([1.0, 2.0])
SQUARES = given("lambda theta, x: jnp.sum((theta['w'] * x) ** 2)")
START = {"w": 3.0}
UPHILL = """
import jax
def f(theta, x, n_steps, step_size):
    losses = []
    for _ in range(n_steps):
        losses.append(5 * theta['w'] ** 2)
        theta = {'w': theta['w'] + step_size * 10 * theta['w']}
    return losses, theta
"""


def gradient(exercise, **options):
    exercise.stubs = {"loss": SQUARES}
    exercise.is_gradient("t", student.f, "loss", [(START, X)], **options)


def descent(of):
    def ask(exercise, **options):
        steps = {"loss": SQUARES, "n_steps": 2, "step_size": 0.05, "of": of}
        exercise.descends("t", student.f, START, X, **steps, **options)

    return ask


def goal(exercise, **options):
    exercise.reaches("t", student.theta, {"w": 2.0, "b": 1.0}, 0.01, **options)


@pytest.mark.parametrize(
    ("ask", "source", "told"),
    [
        (gradient, "def f(theta, x): return {'w': 3.0}", "Got 3; expected 30."),
        (descent("parameters"), UPHILL, "Got 6.75; expected 0.75."),
        (descent("losses"), UPHILL, "Got 45, 101.2; expected 45, 11.25."),
        (goal, "theta = {'w': 1.995, 'b': 0.5}", "Got 0.5; expected 1."),
    ],
    ids=["is_gradient", "descends", "its losses", "reaches"],
)
def test_show_tells_both(ask, source, told):
    shown = one_check(source, lambda exercise: ask(exercise, show=True))
    plain = one_check(source, ask)
    assert shown.outcome is plain.outcome is Outcome.FAILED
    assert told in shown.rationale
    assert "expected" not in plain.rationale


@pytest.mark.parametrize(
    ("ask", "source"),
    [
        (gradient, "def f(theta, x): return {'w': 30.0}"),
        (goal, "theta = {'w': 1.995, 'b': 1.0}"),
    ],
)
def test_what_is_right_has_nothing_to_show(ask, source):
    shown = one_check(source, lambda exercise: ask(exercise, show=True))
    assert (shown.outcome, shown.rationale) == (Outcome.PASSED, "")


def test_nor_has_what_has_another_form():
    shown = one_check("def f(theta, x): return 3.0", lambda e: gradient(e, show=True))
    assert "Got " in shown.rationale
    assert "; expected" not in shown.rationale
