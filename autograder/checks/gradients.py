"""Judges slopes by central differences: the checks `is_gradient` and `is_differentiable`.

Trusted side during grading.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from autograder.checks.attempt import Arguments, Attempt, Function, attempt
from autograder.checks.compare import as_array, disagreement, finite, wrong_form
from autograder.checks.diagnosis import Mistakes, Trial
from autograder.checks.faults import StudentFault
from autograder.checks.numerics import Params, central_differences, evaluated
from autograder.checks.student import Part

# Differences are good to about 1e-10 of the loss: below a tolerance of 1e-5 times this, a slope
# counts as zero.
SLOPE_SCALE = 1e-3


def is_gradient(
    part: Part, functions: Iterable[Function], inputs: Sequence[Arguments], trial: Trial
) -> Trial:
    """Judge `Exercise.is_gradient`: a gradient is right if it is that of one of the functions.

    They are the instructor's: the stub that the part was given, and the solution, whose slope an
    answer may have worked out by hand. Where neither fits, the one counts under which the answer
    is a known mistake, else the first. The known mistakes of `trial` take the right slope and the
    arguments of the part; those of the trial that comes back take the arguments.
    """
    answers = part.answers(inputs)
    tried: list[Trial] = []
    for function in functions:
        made = _beside_differences(answers, function, inputs)
        tried.append(replace(trial, attempt=made, mistakes=_bent(trial.mistakes, function)))
        if made.passed:
            return tried[-1]
    return next((one for one in tried if one.known_mistake()), tried[0])


def _bent(mistakes: Mistakes, function: Function) -> Mistakes:
    """Mistakes that take the arguments of a gradient, made from those that take the slope first."""

    def of_arguments(bend: Function) -> Function:
        return lambda *args: bend(_own_slope(function, args), *args)

    return {why: of_arguments(bend) for why, bend in mistakes.items()}


def _beside_differences(
    answers: Sequence[Any], function: Function, inputs: Sequence[Arguments]
) -> Attempt:
    """Compare gradients with the differences of a function, at every input."""
    slopes = [_own_slope(function, args) for args in inputs]
    pairs = zip(answers, slopes, strict=True)
    wrong = (disagreement(a, s, scale=SLOPE_SCALE) for a, s in pairs)
    return Attempt(next(filter(None, wrong), ""), answers, slopes, SLOPE_SCALE)


def _own_slope(function: Function, args: Arguments) -> Params:
    """The slope of a function of the instructor's.

    Raises
    ------
    ValueError
        If it gives no finite number: nobody can be judged by that.
    """
    try:
        return slope_of(evaluated(function), args)
    except StudentFault as fault:
        raise ValueError(f"the function whose slope is asked for: {fault}") from fault


def is_differentiable(part: Part, inputs: Sequence[Arguments]) -> Attempt:
    """Judge `Exercise.is_differentiable`: JAX's slopes, compared with central differences.

    The differences come first, so that a part which gives no number at all hears of that.
    """
    part.answers(inputs)
    slopes = [slope_of(lambda *args: _total(part(*args)), args) for args in inputs]
    if not any(np.any(slope) for each in slopes for slope in each.values()):
        return Attempt("Its value does not change with its first argument: it has no slope.")
    by_jax = attempt(lambda: Attempt("", [part.differentiated()(*args) for args in inputs]))
    if by_jax.fault is not None:
        said = f"JAX cannot differentiate it. {by_jax.fault}"
        return Attempt(said, stop=by_jax.fault.stop)
    pairs = zip(by_jax.answers, slopes, strict=True)
    if not all(disagreement(a, s, scale=SLOPE_SCALE) == "" for a, s in pairs):
        return Attempt("Its slope according to JAX is not the slope that its values show.")
    return Attempt("")


def _total(answer: Any) -> float:
    """The sum of an answer's numbers, which has a slope where the answer is an array."""
    if problem := wrong_form(answer, as_array(answer).shape) or finite(answer):
        raise StudentFault(problem)
    return float(np.sum(as_array(answer)))


def slope_of(function: Function, args: Arguments) -> Params:
    """Central differences of a function with respect to its first argument, a dict.

    >>> slope_of(lambda theta, x: theta["w"] * x, ({"w": 1.0}, 3.0))["w"].round(6)
    np.float64(3.0)

    Raises
    ------
    StudentFault
        If the function, which may be a student's, gives anything but a finite number.
    """
    at, *rest = args
    return central_differences(lambda params: scalar(function(params, *rest)), at)


def scalar(value: Any) -> float:
    """A student's number as a float, for arithmetic of our own.

    Raises
    ------
    StudentFault
        If it is no finite real number: an array of one number is none, nor is True.
    """
    if problem := wrong_form(value, ()) or finite(value):
        raise StudentFault(problem)
    return float(np.asarray(value))
