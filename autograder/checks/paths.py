"""The path that a training takes, worked out here: the yardstick of `descends`, and of its slips.

Trusted side during grading.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograder.checks.attempt import Function

Step = Callable[[Any, Any, Any], tuple[Any, Any]]
"""Takes parameters, a state and the slope; gives the next parameters and the next state."""


@dataclass(frozen=True)
class Walk:
    """A training: where it starts, the slope it follows, and what it does in each step.

    Parameters
    ----------
    start
        Any pytree of numbers and float64 arrays.
    slope
        Takes parameters and the number of the step, from 0; gives a tree of their structure. The
        number is for a training that has other data in each step.
    step
        What a step does; `downhill` makes that of plain gradient descent.
    state
        What `step` carries along, such as a velocity; None for nothing.
    value
        Takes what `slope` takes; gives the loss, where losses are recorded along the path.
    moves
        How often `step` is called for one step: more than once where entries move in turn.

    Examples
    --------
    >>> Walk({"w": 1.0}, lambda p, _: {"w": 2 * p["w"]}, downhill(0.25), n_steps=2).path()
    [{'w': 1.0}, {'w': 0.5}, {'w': 0.25}]
    """

    start: Any
    slope: Callable[[Any, int], Any]
    step: Step
    n_steps: int
    state: Any = None
    value: Function = lambda here, number: None
    moves: int = 1

    def path(self) -> list[Any]:
        """All n_steps + 1 points, the start included; none besides it for less than one step."""
        points, here, state = [self.start], self.start, self.state
        for number in range(self.n_steps):
            for _ in range(self.moves):
                there, state = self.step(here, state, self.slope(here, number))
                here = numbers(there)
            points.append(here)
        return points


def downhill(step_size: float) -> Step:
    """A step of plain gradient descent: against the slope, by the step size times its length."""
    return lambda here, state, slope: (each(lambda p, g: p - step_size * g, here, slope), state)


def each(change: Function, *trees: Any) -> Any:
    """`change` of every number and array in trees of one structure."""
    import jax

    return jax.tree.map(change, *trees)


def numbers(tree: Any) -> Any:
    """A float for each number and a float64 array for each array: parameters stay what they are."""
    return each(_number, tree)


def _number(leaf: Any) -> Any:
    array = np.asarray(leaf, dtype=np.float64)
    return array if array.shape else float(array)
