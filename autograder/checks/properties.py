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
import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from autograder.checks.arrays import as_array, tolerance, wrong_form
from autograder.checks.draws import deterministic, distinct, independent, moments
from autograder.checks.faults import StudentFault
from autograder.checks.leaves import MISFITS, Picked, arrays, everything, misfit, picked
from autograder.checks.wording import described
from autograder.remote import trees

__all__ = [
    "adding_up_to",
    "between",
    "decreasing",
    "deterministic",
    "distinct",
    "falls",
    "increasing",
    "independent",
    "moments",
]

Property = Callable[[Sequence[Any]], str | bool | np.bool_]


def violated(holds: Property, answers: Sequence[Any], told: bool = True) -> str:
    """Say that answers do not have a property, or ""; `answers.satisfies` asks.

    `told` is whether the author has said which form the answers have, and they have it.

    Raises
    ------
    StudentFault
        If the property cannot compute with answers whose form was not told.
    TypeError
        If the property returns neither a text nor whether it holds: the author's mistake.
    """
    try:
        with np.errstate(over="ignore", invalid="ignore"):  # numbers of any size
            said = holds(answers)
    except MISFITS as error:
        if told:
            raise
        raise misfit(answers[0], error) from error
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


def _array(answer: Any) -> npt.NDArray[Any]:
    """An answer as an array of real numbers, of any shape.

    Raises
    ------
    StudentFault
        If it is none.
    """
    array = as_array(answer)
    if problem := wrong_form(answer, array.shape):
        raise StudentFault(problem)
    return array


def _arrays(answer: Any) -> list[npt.NDArray[Any]]:
    """The arrays in an answer, which may be a tree of them. Raises as `_array` does."""
    if trees.items(arrays(answer)) is None:
        return [_array(answer)]
    return [_array(leaf) for leaf in trees.leaves(arrays(answer))]


def between(low: float, high: float) -> Property:
    """Every number lies in the closed interval [low, high].

    >>> between(0, 1)([np.array([0.5, 1.25])])
    'Got 1.25, which does not lie between 0 and 1.'
    """

    def check(answers: Sequence[Any]) -> str:
        for array in (array for answer in answers for array in _arrays(answer)):
            outside = ~((array >= low) & (array <= high))
            if np.any(outside):
                worst = float(array[outside].flat[0])
                return f"Got {worst:.4g}, which does not lie between {low:g} and {high:g}."
        return ""

    return check


def increasing(answers: Sequence[Any]) -> str:
    """Every answer, an array of shape (n,), never decreases."""
    for answer in map(_array, answers):
        if np.any(np.diff(np.atleast_1d(answer)) < -tolerance(answer)):
            return "The numbers should rise from left to right, and somewhere they fall."
    return ""


def decreasing(answers: Sequence[Any]) -> str:
    """Every answer, an array of shape (n,), never increases."""
    for answer in map(_array, answers):
        if np.any(np.diff(np.atleast_1d(answer)) > tolerance(answer)):
            return "The numbers should fall from left to right, and somewhere they rise."
    return ""


def adding_up_to(total: float) -> Property:
    """The answers to the inputs add up to `total` everywhere, as p(z) + p(-z) = 1 does.

    They have to have the same shape: nothing is broadcast.
    """

    def check(answers: Sequence[Any]) -> str:
        arrays = [_array(answer).astype(np.float64) for answer in answers]
        if len({array.shape for array in arrays}) != 1:
            return "The answers should all have the same shape."
        off = np.max(np.abs(sum(arrays) - total), initial=0.0)
        if not off <= max(map(tolerance, answers)) * max(abs(total), 1.0):
            return f"Answers that mirror each other should add up to {total:g}, and they do not."
        return ""

    return check


def falls(*, by: float, of: Picked = everything) -> Property:
    """The last number of each answer is lower than the first by a share of it, as losses are.

    On the way there may be any noise. `of` picks the losses from an answer::

        properties.falls(by=0.9, of=lambda answer: answer[0])

    A loop can say of itself what it likes: ask besides what its parameters are good for.

    >>> falls(by=0.5)([[2.0, 2.5, 0.9]]), falls(by=0.5)([[2.0, 1.5]])
    ('', 'From the first number to the last they fall by 25%; at least 50% is asked for.')

    Raises
    ------
    ValueError
        If `by` is no share above 0 and up to 1.
    """
    if not 0 < by <= 1:
        raise ValueError(f"falls(by={by!r}): expected a share above 0, at most 1")

    def check(answers: Sequence[Any]) -> str:
        said = (_not_fallen(as_array(picked(of, answer)), by) for answer in answers)
        return next(filter(None, said), "")

    return check


def _not_fallen(numbers: npt.NDArray[Any], by: float) -> str:
    """Say that numbers, an array of shape (n,), do not fall by a share, or ""."""
    if numbers.ndim != 1 or numbers.size < 2 or numbers.dtype.kind not in "iuf":
        return f"Expected two numbers or more in a row, got {described(numbers)}."
    first, last = float(numbers[0]), float(numbers[-1])
    if not first > 0:
        return f"The numbers should begin above 0; the first is {first:.4g}."
    if last <= (1 - by + 1e-9) * first:  # 5 to 1 is a fall by 0.8, but for rounding
        return ""
    fallen = (first - last) / first
    way = f"fall by {math.floor(100 * fallen)}%" if fallen > 0 else "do not fall"
    return f"From the first number to the last they {way}; at least {100 * by:g}% is asked for."
