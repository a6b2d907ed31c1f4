"""What the test cells ask with: functions and data of ours, said once for the whole lesson.

Nothing here is a solution, and nothing to fill in: the functions stand for the answers to other
exercises, so that a slip in one does not cost the points of the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from autograder import descend, given

wave = given("lambda theta, x: 0.5 + 0.3 * jnp.sin(theta['w'] * x + theta['b'])")
bump = given("lambda theta, x: 0.1 + 0.8 / (1 + (theta['w'] * x - theta['b']) ** 2)")
steep = given("lambda theta, x: 1 / (1 + jnp.exp(-theta['w'] * x))")
squares = given("lambda params, model, x, y: jnp.sum((model(params, x) - y) ** 2)")
cubes = given("lambda params, model, x, y: jnp.sum((model(params, x) - y) ** 3)")
quartic = given("lambda params, model, x, y: jnp.sum((model(params, x) - y) ** 4)")

line = given("lambda theta, x: theta['w'] * x + theta['b']")
bowl = given("lambda params, model, x, y: (params['w'] - 3) ** 2 + params['b']")

others = {"logistic_model": wave, "logistic_loss": squares, "dlogistic_loss": squares.gradient()}
"""What stands for the answers before the training loop."""

# Numbers to work out in the head: with w = 0.2 and b = 0.1 the line gives 0.3, 0.5, 0.7 and 0.9.
by_hand = {"w": 0.2, "b": 0.1}
four_points, four_labels = np.array([1.0, 2.0, 3.0, 4.0]), np.array([0.0, 1.0, 1.0, 1.0])

points = np.linspace(-2.0, 2.0, 8)
labels = np.array([0.0, 1.0, 0.0, 1.0, 1.0, 1.0, 0.0, 0.0])
targets = np.array([0.2, 0.4, 0.1, 0.4, 0.7, 0.5, 0.9, 0.6])

walk = [{"w": 1.0, "b": 1.0}, wave, bowl, points, targets]
run = [{"w": 0.3, "b": -0.2}, wave, squares, points, targets]

truth, zeros = {"w": 2.0, "b": 1.0}, {"w": 0.0, "b": 0.0}
clean_x = np.linspace(-5.0, 5.0, 100)
clean_y = 1 / (1 + np.exp(-(truth["w"] * clean_x + truth["b"])))


def two_draws(thetas: Sequence[dict[str, Any]]) -> bool:
    """w and b are two different numbers."""
    return any(theta["w"] != theta["b"] for theta in thetas)


def from_the_key(thetas: Sequence[dict[str, Any]]) -> bool:
    """Another key gives another w and another b."""
    # Some may be the same by chance, where somebody rounds them; not most of them.
    return all(len({float(theta[name]) for theta in thetas}) > len(thetas) / 2 for name in "wb")


def unrelated(thetas: Sequence[dict[str, Any]]) -> bool:
    """From w one cannot work out b."""
    # Twenty pairs of independent draws have so large a correlation once in 10^16 times.
    return (
        abs(np.corrcoef([[float(theta[name]) for theta in thetas] for name in "wb"])[0, 1]) < 0.99
    )


def clean_loss(theta: dict[str, Any]) -> Any:
    """The binary cross entropy of a logistic curve on the data without noise."""
    z = theta["w"] * clean_x + theta["b"]
    return jnp.sum(jnp.logaddexp(0.0, z) - clean_y * z)


def trained(n_steps: Any, step_size: Any) -> dict[str, Any]:
    """Where training on the clean data ends, by a loop of ours, for a choice of the student's."""
    names = "n_steps_clean", "step_size_clean"
    return descend(clean_loss, zeros, n_steps, step_size, most_steps=5000, names=names)
