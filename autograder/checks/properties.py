"""Properties of an answer that need no reference: comparators for `Exercise.satisfies`.

Each takes the answers, one per input, and returns "" or a sentence. Any function that does so is a
property, too, and so is one that returns whether it holds; then the student reads its docstring,
or else its name:

>>> def even(answers):
...     odd = [a for a in answers if np.any(as_array(a) % 2)]
...     return "The numbers should be even." if odd else ""
>>> violated(even, [np.array([2.0, 4.0]), 3.0])
'The numbers should be even.'
>>> def sums_to_one(answers):
...     return np.isclose(np.sum(answers[0]), 1.0)
>>> violated(sums_to_one, [np.array([0.5, 0.25])])
'This should hold of the answers, and does not: “sums to one”.'
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from autograder.checks.arrays import as_array, tolerance

Property = Callable[[Sequence[Any]], str | bool | np.bool_]


def violated(holds: Property, answers: Sequence[Any]) -> str:
    """Say that answers do not have a property, or ""; `answers.satisfies` asks.

    Raises
    ------
    TypeError
        If the property returns neither a text nor whether it holds: the author's mistake.
    """
    with np.errstate(over="ignore", invalid="ignore"):  # a student's numbers may be of any size
        said = holds(answers)
    if isinstance(said, str):
        return said
    truth = as_array(said)
    if truth.dtype != bool or truth.ndim:
        called = f"`{_name(holds)}`" if _name(holds) else repr(holds)
        raise TypeError(
            f"the property {called} returned {said!r}: expected True or False, "
            'or a sentence for the student, "" where it holds'
        )
    return "" if truth else _does_not_hold(holds)


def _does_not_hold(holds: Property) -> str:
    """By the first paragraph of the docstring of the function, or else by its name."""
    function = holds.func if isinstance(holds, partial) else holds
    doc = inspect.getdoc(function) if inspect.isroutine(function) else ""
    what = " ".join((doc or "").split("\n\n")[0].split()) or _name(holds).replace("_", " ")
    if not what:
        return "A property that the answers should have does not hold."
    return f"This should hold of the answers, and does not: “{what.rstrip('.')}”."


def _name(holds: Property) -> str:
    """The name of the function, "" for a lambda."""
    function = holds.func if isinstance(holds, partial) else holds
    name = getattr(function, "__name__", type(function).__name__)
    return "" if name == "<lambda>" else str(name)


def between(low: float, high: float) -> Property:
    """Every number lies in the closed interval [low, high].

    >>> between(0, 1)([np.array([0.5, 1.25])])
    'Got 1.25, which does not lie between 0 and 1.'
    """

    def check(answers: Sequence[Any]) -> str:
        for answer in map(as_array, answers):
            outside = ~((answer >= low) & (answer <= high))
            if np.any(outside):
                worst = float(answer[outside].flat[0])
                return f"Got {worst:.4g}, which does not lie between {low:g} and {high:g}."
        return ""

    return check


def increasing(answers: Sequence[Any]) -> str:
    """Every answer, an array of shape (n,), never decreases."""
    for answer in map(as_array, answers):
        if np.any(np.diff(np.atleast_1d(answer)) < -tolerance(answer)):
            return "The numbers should rise from left to right, and somewhere they fall."
    return ""


def decreasing(answers: Sequence[Any]) -> str:
    """Every answer, an array of shape (n,), never increases."""
    for answer in map(as_array, answers):
        if np.any(np.diff(np.atleast_1d(answer)) > tolerance(answer)):
            return "The numbers should fall from left to right, and somewhere they rise."
    return ""


def adding_up_to(total: float) -> Property:
    """The answers to the inputs add up to `total` everywhere, as p(z) + p(-z) = 1 does.

    They have to have the same shape: nothing is broadcast.
    """

    def check(answers: Sequence[Any]) -> str:
        arrays = [as_array(answer).astype(np.float64) for answer in answers]
        if len({array.shape for array in arrays}) != 1:
            return "The answers should all have the same shape."
        off = np.max(np.abs(sum(arrays) - total), initial=0.0)
        if not off <= max(map(tolerance, answers)) * max(abs(total), 1.0):
            return f"Answers that mirror each other should add up to {total:g}, and they do not."
        return ""

    return check
