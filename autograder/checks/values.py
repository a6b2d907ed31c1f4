"""The checks of values that a student computed or chose: `reaches` and `minimises`.

Trusted side during grading.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograder.checks.arrays import as_array, finite, is_real
from autograder.checks.attempt import Attempt
from autograder.checks.base import Checks
from autograder.checks.compare import kind_of_params, matched, numbers_beside, wrong_params
from autograder.checks.context import current
from autograder.checks.diagnosis import Trial
from autograder.checks.faults import StudentFault
from autograder.checks.gradients import scalar
from autograder.checks.hints import OF_A_VALUE, Hints
from autograder.checks.numerics import Params, central_differences, evaluated, in_floats, to_numpy
from autograder.checks.student import Part
from autograder.checks.wording import article
from autograder.record.outcome import Kind
from autograder.remote import trees
from autograder.remote.wire import type_name

Loss = Callable[[Params], Any]
Chosen = Part | Sequence[Part]
Through = Callable[..., Params]


class ValueChecks(Checks):
    """Checks of values that a student computed or chose."""

    def reaches(
        self,
        title: str,
        part: Part | Sequence[Part],
        target: Params,
        within: float,
        *,
        through: Callable[..., Params] | None = None,
        points: float = 1,
        hints: Hints = (),
        show: bool = False,
    ) -> None:
        """The value of the part lies within an absolute distance of `target`, entry by entry.

        Both are pytrees of numbers and arrays, of the same form::

            exercise.reaches("near the truth", student.theta, {"w": 2.0, "b": 4.0}, within=0.1)

        Where students choose numbers, such as a step size, judge what *your* loop makes of them:
        `through` is a function of yours that takes the values of the parts. What a cell of theirs
        computed need not be what it seems, and that cell need not run in grading::

            def trained(n_steps, step_size):
                return descend(loss, {"w": 0.0, "b": 0.0}, n_steps, step_size)

            choice = [student.n_steps, student.step_size]
            exercise.reaches("it arrives", choice, {"w": 2.0, "b": 1.0}, 0.01, through=trained)

        With `show` a failure tells where the number lies that is farthest off, and where it should,
        as in `returns`: for a visible check whose target is no secret.
        """
        trial = Trial(title, _names(part), chosen=names_of_choices(part, through))
        self._run(trial, lambda: reaches(part, through, target, within, show), points, hints)

    def minimises(
        self,
        title: str,
        part: Part | Sequence[Part],
        loss: Callable[[Params], Any],
        start: Params,
        *,
        shrink: float = 1e-2,
        through: Callable[..., Params] | None = None,
        points: float = 1,
        hints: Hints = (),
    ) -> None:
        """At the value of the part, the slope of `loss`, a function of yours, has all but vanished.

        Its gradient, by central differences, is at most `shrink` times as long as at `start`.
        `loss` takes the parameters alone; `through` is as in `reaches`::

            exercise.minimises(
                "the loss has levelled out there",
                student.theta,
                lambda theta: reference.loss(theta, x, y),
                start={"w": 9.0, "b": 9.0},
            )
        """
        self._run(
            Trial(title, _names(part), chosen=names_of_choices(part, through)),
            lambda: minimises(part, through, loss, start, shrink),
            points,
            hints,
        )


def names_of_choices(parts: Chosen, through: Through | None) -> tuple[str, ...]:
    """The names of values of which only what they lead to is judged; none without `through`."""
    listed = [parts] if isinstance(parts, Part) else parts
    return tuple(part.name for part in listed) if through else ()


def reaches(
    chosen: Chosen, through: Through | None, target: Params, within: float, show: bool = False
) -> Attempt:
    """Judge `Exercise.reaches`: the largest distance of any number counts."""
    root = _names(chosen) if through is None else "answer"
    params = reached(chosen, through)
    return _judged(_too_far(params, target, within, root, show), params, target)


def _judged(sentence: str, params: Any, like: Params) -> Attempt:
    """What was found of parameters that should have the form of others."""
    kind = kind_of_params(params, like) if sentence else Kind.VALUE
    return Attempt(sentence, kind=kind, hint=OF_A_VALUE if kind is Kind.SHAPE else "")


def _too_far(params: Any, target: Params, within: float, root: str, show: bool) -> str:
    """Say how far parameters are from the target, or ""."""
    if problem := wrong_params(params, target, root):
        return problem
    far = {_farthest(leaf.answer, leaf.expected): leaf for leaf in matched(params, target, root)}
    distance = max(far, default=0.0)
    if distance <= within:
        return ""
    leaf = far[distance]
    shown = numbers_beside(leaf.answer, leaf.expected) if show else ""
    return f"Off by {distance:.2g}{leaf.of}; at most {within:g} is asked for.{shown}"


def _farthest(answer: Any, target: Any) -> float:
    """The largest distance between two arrays of numbers, of one shape; 0 where they are none."""
    if not is_real(target):
        return 0.0
    with np.errstate(over="ignore"):
        apart = as_array(answer).astype(np.float64) - np.asarray(target, dtype=np.float64)
    return float(np.max(np.abs(apart), initial=0.0))


def minimises(
    chosen: Chosen, through: Through | None, loss: Loss, start: Params, shrink: float
) -> Attempt:
    """Judge `Exercise.minimises`: the length of the gradient, relative to that at the start."""
    params = reached(chosen, through)
    return _judged(_still_steep(params, evaluated(loss), start, shrink), params, start)


def _still_steep(params: Any, loss: Loss, start: Params, shrink: float) -> str:
    """Say how much of the slope at the start is left, or "".

    Raises
    ------
    ValueError
        If the slope at the start is zero or not finite: nobody can be judged by that.
    """
    if problem := wrong_params(params, start):
        return problem
    at_start = _steepness(loss, start)
    if not 0 < at_start < math.inf:
        raise ValueError(f"start={start!r}: the slope of the loss there is {at_start:g}")
    try:
        leaves = [leaf.answer for leaf in matched(params, start)]
        inside = (as_array(leaf) if is_real(leaf) else leaf for leaf in leaves)
        left = _steepness(loss, trees.refilled(start, inside)) / at_start
    except (ArithmeticError, ValueError):  # at the start it could be computed
        left = math.inf
    if not left < math.inf:
        return "The slope of the loss is too large there to be measured."
    if left <= shrink:
        return ""
    return f"The loss still slopes there: {left:.2g} of the slope at the start is left."


def _steepness(loss: Loss, params: Params) -> float:
    """The length of the gradient, by central differences.

    Raises
    ------
    ValueError
        If the loss gives no finite number near the parameters.
    """
    try:
        gradient = central_differences(lambda p: scalar(loss(p)), in_floats(params))
    except StudentFault as fault:  # the number is not a student's
        raise ValueError(f"the loss at {params!r}: {fault}") from fault
    return math.hypot(
        *(float(slope) for g in trees.leaves(gradient) if is_real(g) for slope in np.ravel(g))
    )


def reached(chosen: Chosen, through: Through | None) -> Any:
    """The parameters that are judged: the value of a part, or what `through` makes of values.

    Raises
    ------
    StudentFault
        If a value is missing or is no number, or `through` cannot compute with it.
    ValueError
        If there are several parts, and nothing to put them through.
    """
    parts = [chosen] if isinstance(chosen, Part) else [*chosen]
    if through is None and len(parts) != 1:
        raise ValueError(f"{_listed(parts)}: {len(parts)} parts need through=")
    values = [part.value() for part in parts]
    if through is None:
        return values[0]
    for part, value in zip(parts, values, strict=True):
        if problem := _no_number(part, value):
            raise StudentFault(problem, kind=Kind.SHAPE, hint=OF_A_VALUE)
    try:
        with current.get().yardstick():
            return to_numpy(through(*values))
    except ArithmeticError as error:
        raise StudentFault(f"{_listed(parts)}: training with this ends in {error}.") from error


def _no_number(part: Part, value: Any) -> str:
    """Say that a choice is nothing to compute with, or ""."""
    array = as_array(value)
    if array.dtype.kind in "iuf" and array.shape == ():
        return finite(value) and f"`{part.name}` is not finite."
    if isinstance(value, int) and not isinstance(value, bool):
        return f"`{part.name}` is too large."
    kind = type_name(value)
    if isinstance(value, np.ndarray):
        kind = array.dtype.name if array.shape == () else f"array of shape {array.shape}"
    what = kind if value is None else f"{article(kind)} {kind}"
    return f"`{part.name}` is {what}, and a number is asked for."


def _listed(parts: Sequence[Part]) -> str:
    return " and ".join(map(str, parts))


def _names(part: Part | Sequence[Part]) -> str:
    """The name of a part; of several, the first one's."""
    return part.name if isinstance(part, Part) else part[0].name
