"""Checks of relations between calls, `relates` and `stacks`, with their judgement.

Two answers of one part are compared with each other, and with nothing of the instructor's: what
softmax(z + c) = softmax(z) says is true of a constant as well. So the answers have to change with
the inputs. Trusted side during grading.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from autograder.checks.arrays import DISTINCT, as_array, finite
from autograder.checks.attempt import Arguments, Attempt
from autograder.checks.base import Checks
from autograder.checks.compare import first_difference, wrong_structure
from autograder.checks.diagnosis import Trial
from autograder.checks.hints import Hints
from autograder.checks.leaves import Floats, Picked, arrays, everything, leaves, picked
from autograder.checks.numerics import plain
from autograder.checks.student import Part
from autograder.checks.wording import described
from autograder.record.outcome import Kind
from autograder.remote import trees

Change = Callable[..., Arguments]
Axes = int | None | Sequence[Any]

HARDLY = "The answers hardly change with the inputs."


class RelationChecks(Checks):
    """Checks of relations between calls of one function."""

    def relates(
        self,
        title: str,
        part: Part,
        inputs: Sequence[Arguments],
        *,
        change: Change,
        then: Picked = everything,
        rtol: float | None = None,
        points: float = 1,
        hints: Hints = (),
    ) -> None:
        """Where `change` changes the arguments, the answer becomes what `then` makes of it.

        In symbols: `part(*change(*args)) == then(part(*args))`, for all tuples of arguments in
        `inputs`. Without `then` the answer stays the same::

            exercise.relates(
                "adding 100 to all scores changes nothing",
                student.softmax,
                [(np.array([0.5, 1.0, -2.0]),), (np.array([3.0, 0.0, 1.0]),)],
                change=lambda z: (z + 100.0,),
            )

        Both are functions of yours: `change` takes the arguments and gives a tuple of new ones,
        `then` takes an answer. `change=lambda x: (2 * x,), then=lambda y: 2 * y` asks for
        scaling, `change=lambda x: (-x,), then=lambda y: -y` whether the function is odd,
        `change=lambda x: (x[order],), then=lambda y: y[order]` whether order matters to nothing
        but the order of the answer.

        Both answers are the student's, so this proves little by itself: put it beside `agrees`. A
        constant satisfies most relations, and fails: give inputs whose right answers differ.
        """
        self._run(
            Trial(title, part.name),
            lambda: relates(part, inputs, change, then, rtol),
            points,
            hints,
        )

    def stacks(
        self,
        title: str,
        part: Part,
        inputs: Sequence[Arguments],
        *,
        in_axes: Axes = 0,
        rtol: float | None = None,
        points: float = 1,
        hints: Hints = (),
    ) -> None:
        """What the part gives for a batch is what it gives for the examples one by one, stacked.

        `in_axes` says, as in `jax.vmap`, along which axis of each argument the examples lie; None
        is for an argument that they share. The answers lie along the first axis::

            exercise.stacks(
                "a batch gives what its images give one by one",
                student.forward,
                [(params, images)],
                in_axes=(None, 0),
            )

        The part has to take both, a batch and an example. All answers have to differ by example.
        """
        trial = Trial(title, part.name)
        self._run(trial, lambda: stacks(part, inputs, in_axes, rtol), points, hints)


def relates(
    part: Part,
    inputs: Sequence[Arguments],
    change: Change,
    then: Picked,
    rtol: float | None,
) -> Attempt:
    """Judge `Exercise.relates`: the first input on which the two sides differ makes the sentence.

    Raises
    ------
    TypeError
        If `change` gives no tuple of arguments: the author's mistake.
    """
    changed = [_arguments(plain(change, args)) for args in inputs]
    before, after = part.answers(inputs), part.answers(changed)
    for answer, other in zip(before, after, strict=True):
        if unfit := _unfit([answer, other]):
            return unfit
        wanted = picked(lambda answer: plain(then, [arrays(answer)]), answer)
        wrong = first_difference(other, wanted, rtol)
        if said := wrong.sentence:
            told = f"It does not hold between the answers to two inputs: {_lower(said)}"
            return Attempt(told, kind=wrong.kind)
    return Attempt("" if change_with_inputs([*before, *after]) else HARDLY)


def _arguments(changed: Any) -> Arguments:
    if not isinstance(changed, tuple):
        kind = type(changed).__name__
        raise TypeError(f"change= gave a {kind}: expected a tuple of arguments, as in `(z + 1,)`")
    return changed


def stacks(part: Part, inputs: Sequence[Arguments], in_axes: Axes, rtol: float | None) -> Attempt:
    """Judge `Exercise.stacks`: the first batch whose answer is not that of its examples."""
    one_by_one = [[*examples(args, in_axes)] for args in inputs]
    batches = part.answers(inputs)
    for batch, alone in zip(batches, one_by_one, strict=True):
        single = part.answers(alone)
        made = _unfit([batch, *single]) or _not_stacked(batch, single, rtol)
        if not made.passed:
            return made
        if not change_with_inputs(single):
            return Attempt(HARDLY)
    return Attempt("")


def _not_stacked(batch: Any, single: Sequence[Any], rtol: float | None) -> Attempt:
    """Judge whether the answer to a batch is made of those to its examples."""
    if unfit := unstackable(single):
        return unfit
    wanted = stacked(single)
    wrong = first_difference(batch, wanted, rtol)
    if said := wrong.sentence:
        told = f"A batch does not give what its examples give one by one: {_lower(said)}"
        return Attempt(told, kind=wrong.kind)
    return Attempt("")


def examples(args: Arguments, in_axes: Axes) -> Iterator[Arguments]:
    """The arguments of each example in a batch.

    >>> [*examples(("w", np.array([1.0, 2.0])), in_axes=(None, 0))]
    [('w', np.float64(1.0)), ('w', np.float64(2.0))]

    Raises
    ------
    ValueError
        If the axes do not fit the arguments, or there are fewer than two examples: the author's
        mistake.
    """
    axes = (in_axes,) * len(args) if in_axes is None or isinstance(in_axes, int) else tuple(in_axes)
    lengths: set[int] = set()
    _along(axes, args, lambda leaf, axis: lengths.add(np.shape(leaf)[axis]))
    if len(lengths) != 1 or max(lengths) < 2:
        raise ValueError(f"in_axes={in_axes!r}: expected two examples or more, as many everywhere")
    for number in range(*lengths):
        yield _along(axes, args, lambda leaf, axis: _at(leaf, axis, number))  # noqa: B023


def _along(axes: Sequence[Any], args: Arguments, function: Callable[[Any, int], Any]) -> Any:
    """Call a function with each array that has an axis of examples, and leave the others alone."""
    import jax

    def argument(axis: int | None, arg: Any) -> Any:
        return arg if axis is None else jax.tree.map(lambda leaf: function(leaf, axis), arg)

    return jax.tree.map(argument, tuple(axes), tuple(args), is_leaf=lambda axis: axis is None)


def _at(array: Any, axis: int, number: int) -> Any:
    """One example; of an array of random keys as well."""
    return array[(slice(None),) * (axis % array.ndim) + (number,)]


def stacked(answers: Sequence[Any]) -> Any:
    """Answers of one form as one, each array with a first axis for the answers.

    >>> stacked([{"w": 1.0}, {"w": 2.0}])
    {'w': array([1., 2.])}
    """
    first, *others = answers
    rows = trees.mapped(lambda leaf: as_array(leaf)[None], first)
    for other in others:
        rows = trees.together(_with_row, rows, other)
    return rows


def unstackable(answers: Sequence[Any]) -> Attempt | None:
    """What is found of answers to examples that are no numbers, or differ in their form."""
    for leaf in (leaf for answer in answers for leaf in trees.leaves(answer)):
        if as_array(leaf).dtype.kind not in "biufc":
            return Attempt(f"Got {described(leaf)}, expected numbers.", kind=Kind.SHAPE)
    first, *others = (trees.mapped(lambda leaf: np.zeros(np.shape(leaf)), one) for one in answers)
    if form := next(filter(None, (wrong_structure(other, first) for other in others)), ""):
        told = f"The answers to single examples differ in their form: {_lower(form)}"
        return Attempt(told, kind=Kind.SHAPE)
    return None


def _with_row(rows: Any, leaf: Any) -> Any:
    return np.concatenate([rows, as_array(leaf)[None]])


def _unfit(answers: Sequence[Any]) -> Attempt | None:
    """What is found of answers that there is nothing to compare in."""
    form = _no_numbers(answers)
    if sentence := form or finite(answers):
        return Attempt(sentence, answers, kind=Kind.SHAPE if form else Kind.VALUE)
    return None


def _no_numbers(answers: Sequence[Any]) -> str:
    """Say that there is something else than numbers in an answer, or ""."""
    for leaf in (leaf for answer in answers for leaf in trees.leaves(answer)):
        if leaf is None:
            return "Got None, expected numbers. Did you forget a `return`?"
        if as_array(leaf).dtype.kind not in "biuf":
            return f"Got {described(leaf)}, expected numbers."
    return ""


def change_with_inputs(answers: Sequence[Any]) -> bool:
    """Whether any answer differs clearly from the first one."""
    first, *others = (_flat(answer) for answer in answers)
    return any(_differ(first, other) for other in others)


def _flat(answer: Any) -> Floats:
    return np.concatenate([np.zeros(0), *(np.ravel(array) for _, array in leaves(answer))])


def _differ(one: Floats, other: Floats) -> bool:
    if one.shape != other.shape:
        return True
    numbers = np.isfinite(one) & np.isfinite(other)
    if not np.array_equal(one[~numbers], other[~numbers], equal_nan=True):
        return True  # such as a mask of -inf, at other places
    one, other = one[numbers], other[numbers]
    largest = np.max(np.abs([one, other]), initial=0.0)
    with np.errstate(over="ignore"):
        return bool(np.max(np.abs(one - other), initial=0.0) > DISTINCT * largest)


def _lower(sentence: str) -> str:
    return sentence[0].lower() + sentence[1:]
