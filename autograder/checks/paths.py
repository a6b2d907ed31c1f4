"""The path that a training takes, worked out here: the yardstick of `descends`, and of its slips.

Trusted side during grading.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from autograder.checks.arrays import is_real
from autograder.checks.attempt import Function
from autograder.checks.numerics import in_floats
from autograder.remote import trees

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
                here = in_floats(there)
            points.append(here)
        return points


def downhill(step_size: float) -> Step:
    """A step of plain gradient descent: against the slope, by the step size times its length."""
    return lambda here, state, slope: (each(lambda p, g: p - step_size * g, here, slope), state)


def each(change: Function, tree: Any, *other: Any) -> Any:
    """`change` of every number and array in a tree, with those of another one of its structure."""

    def changed(leaf: Any, *others: Any) -> Any:
        return change(leaf, *others) if is_real(leaf) else leaf

    return trees.together(changed, tree, *other) if other else trees.mapped(changed, tree)
