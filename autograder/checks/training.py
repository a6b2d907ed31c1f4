"""What a training loop does, judged by plain gradient descent, and the values it ends with.

Trusted side during grading.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograder.checks.compare import (
    article,
    as_array,
    disagreement,
    finite,
    wrong_form,
    wrong_params,
)
from autograder.checks.curves import loss_curves
from autograder.checks.diagnosis import Attempt, attempt
from autograder.checks.faults import NotAttempted, StudentFault
from autograder.checks.numerics import Params, central_differences, evaluated, gradient_descent
from autograder.checks.student import Given, Part
from autograder.remote.wire import type_name


@dataclass(frozen=True)
class Descent:
    """One training run: from `start`, `n_steps` steps of `step_size`, on arrays x and y.

    `judged` is "parameters" (where the last step ends) or "losses" (one per step).
    """

    start: Params
    model: Any
    x: Any
    y: Any
    n_steps: int
    step_size: float
    judged: str

    def __post_init__(self) -> None:
        if self.judged not in ("losses", "parameters"):
            raise ValueError(f"of={self.judged!r}: expected 'parameters' or 'losses'")

    def arguments(self, loss: Any) -> tuple[Any, ...]:
        """What a training loop is called with, in order."""
        start, data = dict(self.start), (self.x, self.y)
        return (start, self.model, loss, *data, self.n_steps, self.step_size)

    def pick(self, answer: Any) -> Any:
        """What is judged of an answer `(losses, parameters)`."""
        return answer[("losses", "parameters").index(self.judged)]

    def under_given(self, loop: Part, loss: Given) -> Attempt:
        """Judge a loop that is handed a loss of the instructor's."""
        measure, slope = evaluated(loss.compiled), evaluated(loss.gradient().compiled)
        return self._judge(
            self._run(loop, loss),
            lambda params: measure(params, self.model, self.x, self.y),
            lambda params: slope(params, self.model, self.x, self.y),
        )

    def under_own(self, loop: Part, loss: Part) -> Attempt:
        """Judge a loop that is handed the student's own loss, by finite differences of it."""

        def measure(params: Params) -> float:
            return scalar(loss(params, self.model, self.x, self.y))

        return self._judge(
            self._run(loop, loss), measure, lambda params: central_differences(measure, params)
        )

    def _run(self, loop: Part, loss: Part | Given) -> Any:
        *first, n_steps, step_size = self.arguments(loss)
        return loop(*first, n_steps=n_steps, step_size=step_size)

    def _judge(
        self, answer: Any, measure: Callable[[Params], Any], slope: Callable[[Params], Params]
    ) -> Attempt:
        if problem := wrong_training_form(answer, self.start):
            return Attempt(problem)
        got = self.pick(answer)
        path = gradient_descent(slope, self.start, self.n_steps, self.step_size)
        if self.judged == "parameters":
            return Attempt(disagreement(got, path[-1]), [got], [path[-1]])
        along = [measure(point) for point in path]
        sentence = wrong_losses(got, along, self.n_steps)
        return Attempt(sentence, [got], [np.asarray(along[:-1])], figure=loss_curves(got, along))


def by_value(
    part: Part,
    judge: Callable[[Any], str],
    made_from: Sequence[Part],
    instead: Callable[[], Params] | None,
    unless: Callable[[], bool] | None,
    judge_instead: Callable[[Any], str],
) -> Attempt:
    """Judge the value of a part, or else what `instead` gives; see `Exercise.reaches`."""
    there = attempt(lambda: Attempt("", [part.value()])).fault is None
    own = attempt(lambda: Attempt(judge(part.value())))
    if isinstance(own.fault, NotAttempted) and made_from:
        own = attempt(lambda: Attempt(not_made(part, made_from)))
    if own.passed or instead is None or (there and unless is not None and unless()):
        return own
    other = attempt(lambda: Attempt(judge_instead(instead())))
    return other if other.passed else own


def not_made(part: Part, made_from: Sequence[Part]) -> str:
    """Say that a value is missing although the values that it is made from are there."""
    kinds = [type_name(source.value()) for source in made_from]
    listed = " and ".join(
        f"`{source.name}` ({article(kind)} {kind})"
        for source, kind in zip(made_from, kinds, strict=True)
    )
    return (
        f"There is no `{part.name}`: the cell that makes it from {listed} did not run to its end."
    )


def scalar(value: Any) -> float:
    """A student's number as a float.

    Raises
    ------
    StudentFault
        If it is no finite real number.
    """
    if problem := wrong_form(value, ()) or finite(value):
        raise StudentFault(problem)
    return float(np.asarray(value))


def wrong_training_form(answer: Any, start: Mapping[str, Any]) -> str:
    """Say why an answer is not `(losses, parameters)`, or ""."""
    if answer is None:
        return "Got None, expected the pair `(losses, theta)`. Did you forget a `return`?"
    if not isinstance(answer, tuple | list) or len(answer) != 2:
        return "Expected the pair `(losses, theta)`."
    losses, parameters = answer
    if isinstance(losses, Mapping) and not isinstance(parameters, Mapping):
        return "The pair came the other way round: expected `(losses, theta)`, in this order."
    return wrong_params(parameters, start)


def wrong_losses(losses: Any, along: Sequence[float], n_steps: int) -> str:
    """Compare recorded losses with the losses along a path of n_steps + 1 points."""
    if as_array(losses).size == n_steps + 1:
        return disagreement(losses, np.asarray(along))
    before, after = np.asarray(along[:-1]), np.asarray(along[1:])
    sentence = disagreement(losses, before)
    return sentence if sentence and disagreement(losses, after) else ""
