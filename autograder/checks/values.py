"""Judges values that a student computed: the checks `reaches` and `minimises`.

Trusted side during grading.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from autograder.checks.attempt import Attempt, attempt
from autograder.checks.compare import article, as_array, disagreement, wrong_params
from autograder.checks.context import current
from autograder.checks.faults import NotAttempted, StudentFault
from autograder.checks.gradients import scalar
from autograder.checks.numerics import Params, central_differences, evaluated, in_floats
from autograder.checks.student import Part
from autograder.remote.wire import type_name

Loss = Callable[[Params], Any]


def works(answer: Callable[[], Any], expected: Any) -> bool:
    """Decide `Exercise.works`: False where there is no answer, for whatever reason."""
    try:
        return not disagreement(answer(), expected)
    except Exception:  # whatever the earlier parts do, they do not work
        return False


def reaches(
    part: Part,
    target: Params,
    within: float,
    made_from: Sequence[Part],
    instead: Callable[[], Params] | None,
    unless: Callable[[], bool] | None,
) -> Attempt:
    """Judge `Exercise.reaches`: the largest distance of any number counts."""

    def judge(params: Any) -> str:
        return _too_far(params, target, within)

    return by_value(part, judge, made_from, instead, unless, judge)


def _too_far(params: Any, target: Params, within: float) -> str:
    """Say how far parameters are from the target, or ""."""
    if problem := wrong_params(params, target):
        return problem
    distance = max(_farthest(params[key], wanted) for key, wanted in target.items())
    return "" if distance <= within else f"Off by {distance:.2g}; at most {within:g} is asked for."


def _farthest(answer: Any, target: Any) -> float:
    """The largest distance between the numbers of two arrays of one shape."""
    with np.errstate(over="ignore"):
        apart = as_array(answer).astype(np.float64) - np.asarray(target, dtype=np.float64)
    return float(np.max(np.abs(apart), initial=0.0))


def minimises(
    part: Part,
    loss: Loss,
    start: Params,
    shrink: float,
    made_from: Sequence[Part],
    instead: Callable[[], Params] | None,
    unless: Callable[[], bool] | None,
    stand_in: Loss | None,
) -> Attempt:
    """Judge `Exercise.minimises`: the length of the gradient, relative to that at the start."""
    return by_value(
        part,
        lambda params: _still_steep(params, loss, start, shrink),
        made_from,
        instead,
        unless,
        lambda params: _still_steep(params, evaluated(stand_in or loss), start, shrink),
    )


def _still_steep(params: Any, loss: Loss, start: Params, shrink: float) -> str:
    """Say how much of the slope at the start is left, or ""."""
    if problem := wrong_params(params, start):
        return problem
    at_start = _slope_at_start(loss, start)
    try:
        left = _steepness(loss, params) / at_start
    except (ArithmeticError, ValueError):
        left = math.inf  # what can be computed at the start, and not there, is too large
    if not left < math.inf:
        return "The slope of the loss is too large there to be measured."
    if left <= shrink:
        return ""
    return f"The loss still slopes there: {left:.2g} of the slope at the start is left."


def _slope_at_start(loss: Loss, start: Params) -> float:
    """The slope that others are compared with: finite, and not zero.

    Raises
    ------
    StudentFault
        If there is none, and the loss calls functions of the student's.
    ValueError
        If it does not: then that is the author's mistake.
    """
    made = attempt(lambda: Attempt("", [_steepness(loss, start)]))
    slope = made.answers[0] if made.passed else math.nan
    if 0 < slope < math.inf:
        return float(slope)
    if not _asks_student(loss, start):
        raise ValueError(f"start={start!r}: the slope of the loss there is {slope:g}")
    if made.fault is not None:
        raise made.fault
    too_large = "The slope of the loss is too large at the start to be measured."
    raise StudentFault(too_large if slope else "The loss does not depend on the parameters.")


def _steepness(loss: Loss, params: Params) -> float:
    """The length of the gradient, by central differences; infinite where it cannot be measured."""
    gradient = central_differences(lambda p: scalar(loss(p)), in_floats(params))
    return math.hypot(*(float(slope) for g in gradient.values() for slope in np.ravel(g)))


def _asks_student(loss: Loss, params: Params) -> bool:
    """Whether a loss calls functions of the student's."""
    asked: list[str] = []
    here = current.get()

    class Noting:
        limits = here.connection.limits

        def ask(self, part: str, request: str) -> object:
            asked.append(part)
            return here.connection.ask(part, request)

    token = current.set(replace(here, connection=Noting()))
    try:
        with contextlib.suppress(StudentFault):
            loss(params)
    finally:
        current.reset(token)
    return bool(asked)


def by_value(
    part: Part,
    judge: Callable[[Any], str],
    made_from: Sequence[Part],
    instead: Callable[[], Params] | None,
    unless: Callable[[], bool] | None,
    judge_instead: Callable[[Any], str],
) -> Attempt:
    """Judge the value of a part, or else what `instead` gives; see `Exercise.reaches`.

    `judge` takes the value and returns "" or a sentence, `judge_instead` does so with what
    `instead` gives. Where neither passes, the student hears of the value itself.
    """
    there = attempt(lambda: Attempt("", [part.value()])).fault is None
    own = attempt(lambda: Attempt(judge(part.value())))
    if isinstance(own.fault, NotAttempted) and made_from:
        own = attempt(lambda: Attempt(not_made(part, made_from)))
    if own.passed or instead is None or (there and unless is not None and unless()):
        return own
    other = attempt(lambda: Attempt(judge_instead(instead())))
    return other if other.passed else own


def not_made(part: Part, made_from: Sequence[Part]) -> str:
    """Say that a value is missing although the values that it is made from are there.

    For example: "There is no `theta`: the cell that makes it from `n` (a float) did not run to its
    end." That tells a student that the float is to blame.

    Raises
    ------
    StudentFault
        If one of those values is missing as well: then that is what has to be told.
    """
    kinds = [type_name(source.value()) for source in made_from]
    listed = " and ".join(
        f"`{source.name}` ({article(kind)} {kind})"
        for source, kind in zip(made_from, kinds, strict=True)
    )
    return (
        f"There is no `{part.name}`: the cell that makes it from {listed} did not run to its end."
    )
