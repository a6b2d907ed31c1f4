"""The check of a training loop, `descends`, judged by plain gradient descent.

Trusted side during grading.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograder.checks.arrays import as_array
from autograder.checks.attempt import Attempt
from autograder.checks.base import Checks
from autograder.checks.compare import disagreement, kind_of, kind_of_params, wrong_params
from autograder.checks.curves import loss_curves
from autograder.checks.diagnosis import Mistakes, Trial
from autograder.checks.hints import Hints
from autograder.checks.numerics import Params, evaluated, gradient_descent
from autograder.checks.student import Given, Part
from autograder.record.outcome import Kind


class TrainingChecks(Checks):
    """Checks of training loops."""

    def descends(
        self,
        title: str,
        loop: Part,
        start: Params,
        model: Given,
        loss: Given,
        x: Any,
        y: Any,
        *,
        n_steps: int,
        step_size: float,
        of: str = "parameters",
        points: float = 1,
        hints: Hints = (),
        mistakes: Mistakes | None = None,
    ) -> None:
        """`loop(start, model, loss, x, y, n_steps, step_size)` is plain gradient descent.

        It returns `(losses, parameters)`. `of` says what is judged: "parameters" (where the last
        step ends), or "losses" (one per step, recorded before or after the update; the start may
        be listed as well).

        The loop gets `n_steps` and `step_size` by name. Model and loss are `given`, and so is what
        the loop is compared with: the path down that loss. A loop that calls the student's own
        `loss` by its name, where it should use the one it is handed, sees the exercise's stub.

        Raises
        ------
        ValueError
            If `of` is neither "parameters" nor "losses".
        TypeError
            If `loss` is not `given`.
        """
        if not isinstance(loss, Given):
            raise TypeError(f"descends({title!r}): the loss has to be given('…'), not {loss!r}")
        run = Descent(start, model, x, y, n_steps, step_size, of)
        trial = Trial(title, loop.name, [run.arguments(loss)], mistakes or {}, judged=run.pick)
        self._run(trial, lambda: run.judge(loop, loss), points, hints)


@dataclass(frozen=True)
class Descent:
    """One training run: from `start`, `n_steps` steps of `step_size`, on the data x and y.

    `start` is a dict of floats or float64 arrays, `model` a given function, x and y are arrays of
    shape (n,), or whatever model and loss take. `judged` is "parameters" (where the last step
    ends) or "losses" (one per step).

    Raises
    ------
    ValueError
        If `judged` is anything else.
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
        """What a training loop is called with, in order; a known mistake gets these, too."""
        start, data = dict(self.start), (self.x, self.y)
        return (start, self.model, loss, *data, self.n_steps, self.step_size)

    def pick(self, answer: Any) -> Any:
        """What is judged of an answer `(losses, parameters)`."""
        return answer[("losses", "parameters").index(self.judged)]

    def judge(self, loop: Part, loss: Given) -> Attempt:
        """Judge `Exercise.descends`: the loop beside the path that goes down the loss.

        `model` and `loss` are the instructor's; the slopes are those that JAX takes of the loss.
        The path comes first: where the loss raises, that is our error, whatever the loop does.
        """
        measure, slope = evaluated(loss.compiled), evaluated(loss.gradient().compiled)
        data = (self.model, self.x, self.y)
        path = gradient_descent(
            lambda params: slope(params, *data), self.start, self.n_steps, self.step_size
        )
        along = [measure(point, *data) for point in path if self.judged == "losses"]
        return self._beside(self._answer(loop, loss), path, along)

    def _answer(self, loop: Part, loss: Given) -> Any:
        """What the loop answers."""
        *first, n_steps, step_size = self.arguments(loss)
        (answer,) = loop.answers([first], n_steps=n_steps, step_size=step_size)
        return answer

    def _beside(self, answer: Any, path: Sequence[Params], along: Sequence[Any]) -> Attempt:
        """Compare with a path and the losses along it."""
        if problem := wrong_training_form(answer, self.start):
            return Attempt(problem, [answer], kind=kind_of_form(answer, self.start))
        got = self.pick(answer)
        if self.judged == "parameters":
            return Attempt(disagreement(got, path[-1]), [got], [path[-1]])
        sentence = wrong_losses(got, along, self.n_steps)
        before = np.asarray(along[:-1])
        kind = kind_of(got, before) if sentence else Kind.VALUE
        return Attempt(sentence, [got], [before], figure=loss_curves(got, along), kind=kind)


def wrong_training_form(answer: Any, start: Mapping[str, Any]) -> str:
    """Say why an answer is not `(losses, parameters)`, or "".

    >>> wrong_training_form(({"w": 2.0}, [0.5]), start={"w": 0.0})
    'The pair came the other way round: expected `(losses, parameters)`, in this order.'
    """
    if answer is None:
        return "Got None, expected the pair `(losses, parameters)`. Did you forget a `return`?"
    if not isinstance(answer, tuple | list) or len(answer) != 2:
        return "Expected the pair `(losses, parameters)`."
    losses, parameters = answer
    if isinstance(losses, Mapping) and not isinstance(parameters, Mapping):
        return "The pair came the other way round: expected `(losses, parameters)`, in this order."
    return wrong_params(parameters, start)


def kind_of_form(answer: Any, start: Mapping[str, Any]) -> Kind:
    """In which way an answer is not `(losses, parameters)`: numbers may not be finite, too."""
    pair = isinstance(answer, tuple | list) and len(answer) == 2
    return kind_of_params(answer[1], start) if pair else Kind.SHAPE


def wrong_losses(losses: Any, along: Sequence[float], n_steps: int) -> str:
    """Compare recorded losses with the losses along a path of n_steps + 1 points, or "".

    A loop may record the loss before each step or after it, and may add the one that is left:

    >>> [wrong_losses(np.array(recorded), along=[3.0, 2.0, 1.0], n_steps=2)
    ...  for recorded in ([3.0, 2.0], [2.0, 1.0], [3.0, 2.0, 1.0])]
    ['', '', '']

    Where none fits, the sentence is about those before each step.
    """
    if as_array(losses).size == n_steps + 1:
        return disagreement(losses, np.asarray(along))
    before, after = np.asarray(along[:-1]), np.asarray(along[1:])
    sentence = disagreement(losses, before)
    return sentence if sentence and disagreement(losses, after) else ""
