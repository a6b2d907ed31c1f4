"""What the tests of the checks have in common: inputs, a loop, our own mistakes."""

from __future__ import annotations

import numpy as np
import pytest

from autograder.checks.student import StudentFault, given, student
from autograder.record.outcome import Outcome
from autograder.remote.wire import Limits
from tests.support.inprocess import UNCHANGED, notebook

SEED = 3
RNG = np.random.default_rng(SEED)
X = RNG.normal(size=6)
Y = RNG.uniform(0.1, 0.9, size=6)
NOT_WRITTEN = "def f(*args, **kwargs):\n    raise NotImplementedError()"
MODEL = given("lambda theta, x: theta['w'] * x + theta['b']")
LOSS = given("lambda theta, model, x, y: jnp.sum((model(theta, x) - y) ** 2)")
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


def broken(*args, **kwargs):
    raise ZeroDivisionError("our own mistake")


def assert_ours(result):
    """An error is nobody's zero: nothing is said to the student, staff get the traceback."""
    assert result.outcome is Outcome.ERROR
    assert result.rationale == ""
    assert result.mistake == ""
    assert "Traceback" in result.staff_note


def fault(
    source: str, *args, name: str = "f", limits: Limits = UNCHANGED, **kwargs
) -> StudentFault:
    """What is said of a call to a function of this notebook, which gives no answer."""
    with notebook(source, limits=limits), pytest.raises(StudentFault) as caught:
        getattr(student, name).call(*args, **kwargs)
    return caught.value
