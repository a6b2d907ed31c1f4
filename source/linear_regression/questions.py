"""What the test cells ask with: functions and data of ours, said once for the whole lesson.

Nothing here is a solution, and nothing to fill in: the functions stand for the answers to other
exercises, so that a slip in one does not cost the points of the next.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np
from lesson import ice_cream_days

from autograder import descend, given

# In the place of a model: some numbers for each row of x, and of a loss: some number for them all.
bend = given("lambda theta, x: jnp.sum(jnp.tanh(theta['w'] * x), axis=-1) - theta['b']")
bump = given("lambda theta, x: theta['b'] / (1 + jnp.sum((x - theta['w']) ** 2, axis=-1))")
first = given("lambda theta, x: theta['b'] * x[..., 0]")
level = given("lambda theta, x: theta['b'] + 0 * x[..., 0]")
steep = given("lambda theta, model, x, y: jnp.sum(jnp.cosh(model(theta, x) - y))")
soft = given("lambda theta, model, x, y: jnp.sum(jnp.logaddexp(model(theta, x), y))")

start = {"w": np.array([0.3, -0.2]), "b": 0.4}
points = np.array([[-1.5, 0.5], [-0.5, -1.0], [0.0, 0.3], [0.4, 1.2], [1.0, -0.7], [1.6, 0.1]])
targets = np.array([0.2, -0.4, 0.1, 0.7, -0.5, 0.9])

# The ice-cream days. Of their mean squared error, this bowl round the deepest point is all that
# depends on the parameters, since both columns have the mean 0.
days = np.stack(ice_cream_days()[:2], axis=1)
spread = days.T @ days / len(days)
deepest = {"w": np.array([2.0562043, -1.1790801]), "b": 0.4957307}
zeros = {"w": np.zeros(2), "b": 0.0}


def bowl(theta: dict[str, Any]) -> Any:
    """How far the mean squared error on the ice-cream days is above that at the deepest point."""
    off = theta["w"] - deepest["w"]
    return off @ spread @ off + jnp.square(theta["b"] - deepest["b"])


def trained(n_steps: Any, step_size: Any) -> dict[str, Any]:
    """Where training on the ice-cream days ends, by a loop of ours, for a choice of a student's."""
    return descend(
        bowl, zeros, n_steps, step_size, most_steps=100, names=("n_steps_fit", "step_size_fit")
    )


def always(answer: Any) -> Callable[..., Any]:
    """A known mistake, by the numbers that it gives for the one question of a visible check."""
    return lambda *_: answer
