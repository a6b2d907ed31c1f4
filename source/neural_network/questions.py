"""What the test cells ask with: functions and data of ours, said once for the whole lesson.

Nothing here is a solution, and nothing to fill in: the functions stand for the answers to other
exercises, so that a slip in one does not cost the points of the next.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from autograder import given

Params = tuple[dict[str, Any], ...]

bend = given("lambda params, x: 3 * jnp.sin(x @ params[0]['W']) + params[0]['b']")
"""Scores, where those of `forward` are asked for: of a single layer, by another formula."""
distance = given(
    "lambda params, x, labels: (lambda scores: jnp.mean("
    "1 + jnp.sum(scores**2, axis=1) - 2 * scores[jnp.arange(labels.size), labels]))"
    "(jnp.sin(x @ params[0]['W'] + params[0]['b']) @ params[1]['W'] + params[1]['b'])"
)
"""A loss of two layers: how far the scores are from 1 for the class of a point, 0 for others."""
waves = given(
    "lambda params, x: jnp.sin(x @ params[0]['W'] + params[0]['b']) @ params[1]['W']"
    " + params[1]['b']"
)
"""The scores that `distance` looks at."""
smooth = given(
    "lambda params, velocity, grads, step_size, beta: (lambda mean: ("
    "jax.tree.map(lambda p, m: p - step_size * m, params, mean), mean))"
    "(jax.tree.map(lambda v, g: g + beta * (v - g), velocity, grads))"
)
"""A step along a running mean of the gradients. It is no momentum step, and learns as well."""

points = np.array([[1.0, -2.0], [0.5, 0.5], [-1.0, 1.5], [2.0, 1.0]])
kinds = np.array([0, 2, 1, 2])

in_train = {
    "forward": waves,
    "cross_entropy": distance,
    "gradient": distance.gradient(),
    "momentum_step": smooth,
}


def layers(rng: np.random.Generator, *sizes: int) -> Params:
    """Layers with numbers of any size in them, for questions about what is computed with them."""
    return tuple(
        {"W": rng.normal(size=(m, k)), "b": rng.normal(size=k)} for m, k in pairwise(sizes)
    )


def shapes(*sizes: int) -> tuple[dict[str, Any], ...]:
    """The shapes of such layers."""
    return tuple({"W": (m, k), "b": (k,)} for m, k in pairwise(sizes))


def weights(params: Params) -> list[Any]:
    """The matrices alone."""
    return [layer["W"] for layer in params]


def scaled_weights(params: Params) -> list[Any]:
    """The matrices, scaled so that the variance is 1 where it should be 2 / inputs."""
    return [W * np.sqrt(len(W) / 2) for W in weights(params)]


def bell_shaped(answers: list[Any]) -> bool:
    """A few of the weights are larger than two standard deviations, as with normal numbers."""
    drawn = [W for params in answers for W in weights(params)]
    return all(np.any(np.abs(W) > 2.2 * np.std(W)) for W in drawn)


# A training whose parameters tell which points each step has used. The points are all 0, and each
# has a label of its own. With a step size of 1/4, `distance` halves the last bias in each step,
# and adds 1/40 for the twenty points of the batch: 40 times the bias of a label, written in twos,
# says in which of the thirty steps its point was used. In float32 the last twenty can be read.

own = np.arange(300)
own_start = (
    {"W": np.zeros((2, 4)), "b": np.zeros(4)},
    {"W": np.zeros((4, 300)), "b": np.zeros(300)},
)
two_epochs = {"n_epochs": 2, "batch_size": 20, "step_size": 0.25, "beta": 0.0}


def epochs(answer: tuple[Any, Params]) -> tuple[np.ndarray, np.ndarray] | None:
    """For each of the two epochs: the labels that its steps used, or its last steps, (15, 300).

    None where the parameters are not those after thirty steps of this size.
    """
    bias = np.asarray(answer[1][1]["b"])
    steps, below = (30, 0.5) if bias.dtype == np.float64 else (20, 0.25)
    digits = np.clip(np.floor(40 * 2.0 ** (steps - 1) * bias + below), 0, 2**steps - 1).astype(int)
    used = (digits >> np.arange(steps)[:, None] & 1).astype(bool)
    taken = abs(float(np.sum(bias, dtype=float)) - 1) < 1e-5
    return (used[:-15], used[-15:]) if taken else None


def once_each(answers: list[Any]) -> str:
    """A property: each epoch uses every point, and none of them twice."""
    for used in map(epochs, answers):
        if used is None:
            return (
                "These are not the parameters after two epochs of fifteen steps, each with a batch "
                "of twenty points."
            )
        first, second = (epoch.sum(axis=0) for epoch in used)
        if np.any(first > 1) or (len(used[0]) == 15 and np.any(first < 1)) or np.any(second != 1):
            return "In an epoch of fifteen batches, not each of the 300 points is used once."
    return ""


def shuffled(answers: list[Any]) -> str:
    """A property: the batches are not those of the order of the points, and differ by epoch."""
    for used in map(epochs, answers):
        if used is None:
            return "Which points are in which batch cannot be seen: see the check before this one."
        first, second = (epoch[-5:] for epoch in used)
        in_order = np.eye(15, dtype=bool).repeat(20, axis=1)[-5:]
        if any(np.array_equal(batches, in_order) for batches in (first, second)):
            return (
                "The labels are used in the order in which they come: they are not shuffled, or "
                "not with their points."
            )
        if np.array_equal(first, second):
            return "Both epochs have the same batches: shuffle anew in each, with a key of its own."
    return ""
