"""What the test cells ask with: functions and data of ours, said once for the whole lesson.

Nothing here is a solution, and nothing to fill in: the functions stand for the answers to other
exercises, so that a slip in one does not cost the points of the next.
"""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from autograder import descend, given

wave = given("lambda theta, x: 0.5 + 0.3 * jnp.sin(theta['w'] * x + theta['b'])")
bump = given("lambda theta, x: 0.1 + 0.8 / (1 + (theta['w'] * x - theta['b']) ** 2)")
steep = given("lambda theta, x: 1 / (1 + jnp.exp(-theta['w'] * x))")
squares = given("lambda params, model, x, y: jnp.sum((model(params, x) - y) ** 2)")
quartic = given("lambda params, model, x, y: jnp.sum((model(params, x) - y) ** 4)")

points = np.linspace(-2.0, 2.0, 8)
labels = np.array([0.0, 1.0, 0.0, 1.0, 1.0, 1.0, 0.0, 0.0])
targets = np.array([0.2, 0.4, 0.1, 0.4, 0.7, 0.5, 0.9, 0.6])

truth, zeros = {"w": 2.0, "b": 1.0}, {"w": 0.0, "b": 0.0}
clean_x = np.linspace(-5.0, 5.0, 100)
clean_y = 1 / (1 + np.exp(-(truth["w"] * clean_x + truth["b"])))


def clean_loss(theta: dict[str, Any]) -> Any:
    """The binary cross entropy of a logistic curve on the data without noise."""
    z = theta["w"] * clean_x + theta["b"]
    return jnp.sum(jnp.logaddexp(0.0, z) - clean_y * z)


def trained(n_steps: Any, step_size: Any) -> dict[str, Any]:
    """Where training on the clean data ends, by a loop of ours, for a choice of the student's."""
    names = "n_steps_clean", "step_size_clean"
    return descend(clean_loss, zeros, n_steps, step_size, most_steps=5000, names=names)
