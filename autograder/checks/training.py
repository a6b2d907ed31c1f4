"""The check of a training loop, `descends`, judged by the path that its steps should take.

Trusted side during grading.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from autograder.checks import slips
from autograder.checks.arrays import as_array, finite
from autograder.checks.attempt import Attempt
from autograder.checks.base import Checks
from autograder.checks.compare import (
    Difference,
    disagreement,
    first_difference,
    kind_of_params,
    wrong_params,
)
from autograder.checks.curves import loss_curves
from autograder.checks.diagnosis import Mistakes, Trial, apart, number_of_points
from autograder.checks.hints import Hints
from autograder.checks.numerics import evaluated, in_floats
from autograder.checks.paths import Step, Walk, downhill
from autograder.checks.student import Given, Part
from autograder.record.outcome import Kind


class TrainingChecks(Checks):
    """Checks of training loops."""

    def descends(
        self,
        title: str,
        loop: Part,
        *args: Any,
        loss: Given,
        n_steps: int | None = None,
        step_size: float | None = None,
        of: str = "parameters",
        step: Step | None = None,
        state: Any = None,
        batches: Sequence[Sequence[Any]] = (),
        returns: str | Sequence[str] = ("losses", "parameters"),
        names: tuple[str, str] = ("n_steps", "step_size"),
        points: float = 1,
        hints: Hints = (),
        mistakes: Mistakes | None = None,
        show: bool = False,
    ) -> None:
        """The loop, called with `args`, takes the steps that it should.

        Plain gradient descent on a loss that the loop is handed::

            run = [{"w": 0.3, "b": -0.2}, model, loss, x, y]
            exercise.descends("it descends", student.fit, *run, loss=loss, n_steps=9, step_size=0.1)

        Without the loss, the arguments of the loop are those of the loss, in their order, and the
        first is the start: here `loss(start, model, x, y)`. So it is for a loop that calls the loss
        by its name: `descends(…, start, x, y, loss=loss, …)` and `loss(start, x, y)`. Every
        function has to be `given`; give the exercise a stub for what the loop calls by name.

        What the loop is compared with is worked out from the loss. No answer of the student's is.

        Parameters
        ----------
        n_steps, step_size
            The loop gets them by name, each unless it is None; `names` are the names.
        of
            What is judged: "parameters" (where the last step ends), or "losses" (one for each step,
            recorded before or after it; the one that is left at the end may be listed as well).
        step, state
            Another rule than plain gradient descent, and what it starts with. Momentum::

                def step(params, velocity, slope):
                    velocity = jax.tree.map(lambda v, g: 0.9 * v + g, velocity, slope)
                    return jax.tree.map(lambda p, v: p - 0.1 * v, params, velocity), velocity

        batches
            What the loss gets after the parameters, for each step in order; the loop has to use
            them in this order. Then `n_steps` need not be said.
        returns
            What the loop returns: "parameters", or names for several values in their order.
        show
            Whether a failure tells the first wrong numbers beside the right ones, as in `returns`:
            for a visible check with numbers to work out in the head.

        Raises
        ------
        ValueError, TypeError
            If these do not fit together, or a function is not `given`.
        """
        asked = Descent(
            title,
            args,
            loss,
            step or _downhill(title, step_size),
            state,
            len(batches) if n_steps is None else n_steps,
            step_size if step is None else None,
            tuple(batches),
            returns if isinstance(returns, str) else tuple(returns),
            of,
        )
        given = zip(names, (n_steps, step_size), strict=True)
        options = {name: value for name, value in given if value is not None}
        inputs = [(*args, *options.values())]
        trial = Trial(
            title,
            loop.name,
            inputs,
            mistakes or {},
            judged=asked.pick,
            stubs=self.stubs,
            steps=loop.steps,
        )
        self._run(trial, lambda: asked.judge(loop, options, trial), points, hints, show)


def _downhill(title: str, step_size: float | None) -> Step:
    if step_size is None:
        raise ValueError(f"descends({title!r}): say step_size=…, or step=… for another rule")
    return downhill(step_size)


@dataclass(frozen=True)
class Descent:
    """A training that a check asks for. The fields are those of `descends`.

    `step_size` is None where the step is not that of plain gradient descent.
    """

    title: str
    args: Sequence[Any]
    loss: Given
    step: Step
    state: Any
    n_steps: int
    step_size: float | None
    batches: Sequence[Sequence[Any]]
    returns: str | tuple[str, ...]
    of: str

    def __post_init__(self) -> None:
        where = f"descends({self.title!r})"
        if not isinstance(self.loss, Given):
            raise TypeError(f"{where}: the loss has to be given('…'), not {self.loss!r}")
        for arg in self.args:
            if isinstance(arg, Part) or (callable(arg) and not isinstance(arg, Given)):
                raise TypeError(
                    f"{where}: a function for the loop has to be given('…'), not {arg!r}"
                )
        if not self._of_loss:
            raise ValueError(f"{where}: the parameters to start from are missing")
        if self.of not in ("losses", "parameters"):
            raise ValueError(f"of={self.of!r}: expected 'parameters' or 'losses'")
        if not {"parameters", self.of} <= {*self._names}:
            raise ValueError(
                f"{where}: returns={self.returns!r} should name 'parameters' and {self.of!r}"
            )

    @cached_property
    def _of_loss(self) -> list[Any]:
        """What the loss is called with at the start, unless there are batches."""
        return [arg for arg in self.args if not (isinstance(arg, Given) and arg == self.loss)]

    @property
    def _names(self) -> tuple[str, ...]:
        return (self.returns,) if isinstance(self.returns, str) else self.returns

    @property
    def _start(self) -> Any:
        return self._of_loss[0]

    def _data(self, number: int) -> Sequence[Any]:
        """What the loss gets after the parameters in a step."""
        if not self.batches:
            return self._of_loss[1:]
        return self.batches[number % len(self.batches)]

    @cached_property
    def _walk(self) -> Walk:
        """The training as it should be."""
        slope = evaluated(self.loss.gradient().compiled)
        value = evaluated(self.loss.compiled)
        step = self.step if self.step_size is not None else evaluated(self.step)
        return Walk(
            self._start,
            lambda here, number: slope(here, *self._data(number)),
            step,
            self.n_steps,
            self.state,
            lambda here, number: value(here, *self._data(number)),
        )

    def pick(self, answer: Any, name: str = "") -> Any:
        """What is judged of an answer, or the value of another name."""
        if isinstance(self.returns, str):
            return answer
        return answer[self.returns.index(name or self.of)]

    def judge(self, loop: Part, options: Mapping[str, Any], trial: Trial) -> Trial:
        """Judge `Exercise.descends`: the loop beside the path that goes down the loss.

        The path comes first: where it cannot be worked out that is our error, whatever the loop
        does.
        """
        path, recorded = self._right()
        (answer,) = loop.answers([self.args], **options)
        made = self._beside(answer, path, recorded)
        if not made.expected:  # it has not the form
            return replace(trial, attempt=made)
        return replace(trial, attempt=made, slips=lambda: self._slips(answer, made, trial.stubs))

    def _right(self) -> tuple[list[Any], list[Any]]:
        """The path, and what may have been recorded along it.

        Raises
        ------
        ValueError
            If there is none: in a sentence, what the loss says to its arguments.
        """
        where = f"descends({self.title!r})"
        try:
            path = self._walk.path()
            recorded = self._recorded(self._walk, path)
        except Exception as error:
            raise ValueError(
                f"{where}: the path down the loss cannot be worked out. With the arguments of the "
                f"loop, without the loss itself, it raises {type(error).__name__}: {error}"
            ) from None
        if finite([path[-1], recorded]):
            raise ValueError(f"{where}: the path down the loss is not finite. Take smaller steps")
        return path, recorded

    def _recorded(self, walk: Walk, path: Sequence[Any]) -> list[Any]:
        """The losses before each step, after each step, and both where the data stay the same."""
        before = [walk.value(point, n) for n, point in enumerate(path[:-1])]
        if not self.batches:
            whole = [*before, walk.value(path[-1], 0)]
            return [np.asarray(losses) for losses in (before, whole[1:], whole)]
        after = [walk.value(point, n) for n, point in enumerate(path[1:])]
        return [np.asarray(losses) for losses in (before, after)]

    def _beside(self, answer: Any, path: Sequence[Any], recorded: Sequence[Any]) -> Attempt:
        """Compare with a path and the losses along it."""
        if problem := wrong_training_form(answer, self._start, self.returns):
            return Attempt(problem, [answer], kind=self._kind_of_form(answer))
        got, end = self.pick(answer), self.pick(answer, "parameters")
        wrong = disagreement(end, path[-1])
        if self.of == "parameters":
            return Attempt(wrong, [got], [path[-1]], besides=self._besides(answer, recorded))
        shown = loss_curves(
            got, recorded, "plain gradient descent" if self.step_size else "as asked"
        )
        told = "" if wrong else "The parameters are right."
        lost = wrong_losses(got, recorded)
        return Attempt(
            lost.sentence, [got], [recorded[0]], figure=shown, besides=told, kind=lost.kind
        )

    def _kind_of_form(self, answer: Any) -> Kind:
        """In which way an answer has not the form: numbers may not be finite, too."""
        if isinstance(self.returns, str):
            return kind_of_params(answer, self._start)
        as_many = isinstance(answer, tuple | list) and len(answer) == len(self.returns)
        return (
            kind_of_params(self.pick(answer, "parameters"), self._start) if as_many else Kind.SHAPE
        )

    def _besides(self, answer: Any, recorded: Sequence[Any]) -> str:
        """What else can be said, where it is the parameters that are judged."""
        several = "losses" in self._names and self.n_steps > 1
        if several and not wrong_losses(self.pick(answer, "losses"), recorded).sentence:
            return "The losses are right."
        if self.batches or not self.n_steps:
            return ""
        start, *_, end = recorded[-1]
        there = self._walk.value(in_floats(self.pick(answer, "parameters")), 0)
        return "The loss is larger there than at the start." if there > start > end else ""

    def _slips(
        self, answer: Any, made: Attempt, stubs: Mapping[str, Given]
    ) -> dict[str, list[Any]]:
        """What the mistakes of any training loop give, by their sentences.

        Losses tell of a mistake only where the parameters do so, too: those of a loop that records
        the first one again and again are those of a loop that stands still.
        """
        points = {number_of_points(self._data(n)) for n in range(max(1, len(self.batches)))}
        right = slips.Training(
            self._walk,
            points.pop() if len(points) == 1 else None,
            self.step_size,
            batches=len(self.batches) > 1,
        )
        found: dict[str, list[Any]] = {}
        walks = slips.walks(right)
        for why, walk in (walks and walks | self._with_another(stubs)).items():
            with np.errstate(all="ignore"), contextlib.suppress(Exception):
                path = walk.path()
                if self.of == "parameters":
                    found[why] = [path[-1]]
                elif apart([self.pick(answer, "parameters")], [path[-1]]) <= 1:
                    found[why] = [self._nearest(made, self._recorded(walk, path))]
        return found

    def _nearest(self, made: Attempt, recorded: Sequence[Any]) -> Any:
        """Of the ways to record losses along a path, the one that an answer comes nearest to."""
        return min(recorded, key=lambda losses: apart(made.answers, [losses]))

    def _with_another(self, stubs: Mapping[str, Given]) -> dict[str, Walk]:
        """Walks with a function of the exercise in the place of one that the loop is handed."""
        found: dict[str, Walk] = {}
        for name, stub in stubs.items():
            for place in slips.functions_among([self.args]):
                if self.args[place] == stub:
                    continue
                loss = stub if self.args[place] == self.loss else self.loss
                args = slips.with_argument(self.args, place, stub)
                walk = replace(self, args=args, loss=loss)._walk
                with contextlib.suppress(Exception):  # it need not bear that one
                    walk.slope(walk.start, 0)
                    found[slips.another_function(name)] = walk
        return found


def wrong_training_form(
    answer: Any, start: Any, returns: str | Sequence[str] = ("losses", "parameters")
) -> str:
    """Say why an answer does not hold parameters like `start` where it should, or "".

    >>> wrong_training_form(({"w": 2.0}, [0.5]), start={"w": 0.0})
    'The pair came the other way round: expected `(losses, parameters)`, in this order.'
    """
    if isinstance(returns, str):
        return wrong_params(answer, start)
    wanted = f"`({', '.join(returns)})`"
    wanted = f"the pair {wanted}" if len(returns) == 2 else wanted
    if answer is None:
        return f"Got None, expected {wanted}. Did you forget a `return`?"
    if not isinstance(answer, tuple | list) or len(answer) != len(returns):
        return f"Expected {wanted}."
    place = list(returns).index("parameters")
    wrong = wrong_params(answer[place], start)
    if wrong and len(returns) == 2 and not wrong_params(answer[1 - place], start):
        return (
            f"The pair came the other way round: expected `({', '.join(returns)})`, in this order."
        )
    return wrong


def wrong_losses(losses: Any, recorded: Sequence[Any]) -> Difference:
    """Compare losses with the ways in which they may have been recorded.

    A loop may record the loss before each step or after it, and may add the one that is left:

    >>> ways = np.array([3.0, 2.0]), np.array([2.0, 1.0]), np.array([3.0, 2.0, 1.0])
    >>> [wrong_losses(np.array(losses), ways).sentence for losses in ways]
    ['', '', '']

    Where none fits, the sentence is about the way with as many numbers, or else the first.
    """
    wrong = [first_difference(losses, way) for way in recorded]
    if right := [one for one in wrong if not one.sentence]:
        return right[0]
    as_many = [one for one, way in zip(wrong, recorded, strict=True) if _size(losses) == len(way)]
    return (as_many or wrong)[0]


def _size(losses: Any) -> int:
    return int(as_array(losses).size)
