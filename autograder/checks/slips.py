"""The mistakes that come with a kind of exercise: of a gradient, and of a training loop.

An author lists what is particular to an exercise. That a sign is turned round, that one entry is
missing or that a loop takes one step too few can happen in any: these come with the check. Here
they are made, as functions from what is right to what is wrong, for parameters of any structure.
`diagnosis` compares them with answers. TRUSTED SIDE during grading.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations
from typing import Any

import numpy as np

from autograder.checks.arrays import is_real
from autograder.checks.paths import Step, Walk, downhill, each
from autograder.checks.student import Given
from autograder.remote import trees

# Beyond these, a mistake of one entry among many has too many forms to try: an entry of its own
# for each, or a pair. A network of four layers has eight entries.
MOST_ENTRIES = 8
MOST_IN_TURN = 4

# A step of a walk takes some 0.2 ms, and there are two dozen walks: 200 steps of each come to a
# second, for each wrong answer of each student. No loop needs more to show what it does.
MOST_STEPS = 200

STEP_SIZES = (0.0001, 0.001, 0.01, 0.1)
"""What step sizes usually are: tried where one may have been written down instead of used."""


@dataclass(frozen=True)
class Slope:
    """The right slope of a function at one input, and what wrong ones are made of.

    `tree` has the structure of the parameters, `value` is that of the function named `of`, and
    `points` the number of data points, None where there is no such thing.
    """

    tree: Any
    value: float
    of: str = "the function"
    points: int | None = None


def slopes(right: Sequence[Slope]) -> dict[str, list[Any]]:
    """What each slip makes of right slopes, one answer for each, by the sentence about it.

    >>> slips = slopes([Slope({"w": 3.0, "b": -4.0}, value=2.0)])
    >>> slips["It looks as if the sign is turned round."]
    [{'w': -3.0, 'b': 4.0}]
    """
    made = [dict(_of_slope(one)) for one in right]
    return {why: [slips[why] for slips in made] for why in _common(made)}


def _of_slope(right: Slope) -> Iterator[tuple[str, Any]]:
    tree = right.tree
    yield "It looks as if the sign is turned round.", _scaled(tree, -1)
    yield "It looks as if the gradient is doubled.", _scaled(tree, 2)
    yield "It looks as if the gradient is halved.", _scaled(tree, 0.5)
    if right.points:
        by = "by the number of points."
        yield f"It looks as if the gradient is divided {by}", _scaled(tree, 1 / right.points)
        yield f"It looks as if the gradient is multiplied {by}", _scaled(tree, right.points)
    yield "It looks as if only the sign of each slope is returned.", each(np.sign, tree)
    yield "It looks as if the gradient is scaled to length one.", _unit(tree)
    for size in STEP_SIZES:
        yield (
            f"It looks as if the step size {size:g} is already multiplied in. "
            "That belongs in the training loop.",
            _scaled(tree, size),
        )
    value = f"It looks as if this is the value of `{right.of}`"
    yield f"{value}, not its slope.", right.value
    yield (
        f"{value} together with its slope. Only the slope is asked for.",
        (right.value, tree),
    )
    for name, missing in _one_changed(tree, lambda leaf: 0.0 * leaf):
        yield f"It looks as if the slope for {name} is missing.", missing
    yield from _exchanged(tree)


@dataclass(frozen=True)
class Training:
    """A training as it should be, and what is known of it besides the path.

    `points` is the number of data points, None where there is no such thing; `step_size` that of
    plain gradient descent, None for a step of another kind. `batches` is whether each step has
    data of its own.
    """

    walk: Walk
    points: int | None = None
    step_size: float | None = None
    batches: bool = False


def walks(right: Training) -> dict[str, Walk]:
    """What each slip makes of a training, by the sentence about it; none of more than `MOST_STEPS`.

    >>> walk = Walk({"w": 1.0}, lambda p, _: {"w": 2 * p["w"]}, downhill(0.25), n_steps=2)
    >>> slips = walks(Training(walk, step_size=0.25))
    >>> slips["It looks as if one step too few is taken."].path()
    [{'w': 1.0}, {'w': 0.5}]
    """
    if right.walk.n_steps > MOST_STEPS:
        return {}
    slips = [*_of_direction(right.walk), *_of_entries(right.walk), *_of_steps(right.walk)]
    slips += [*_of_memory(right)]
    if right.points:
        slips.append(_with_slope("the step is divided by the number of points.", right))
    if right.step_size is not None:
        slips += [*_of_step_size(right.walk, right.step_size), *_in_turn(right.walk)]
    return {f"It looks as if {what}": walk for what, walk in slips}


def _with_slope(what: str, right: Training) -> tuple[str, Walk]:
    return what, _bent(right.walk, lambda g: _scaled(g, 1 / (right.points or 1)))


def _of_direction(walk: Walk) -> Iterator[tuple[str, Walk]]:
    """The slope is right, and what the step takes of it is not."""
    yield (
        "the parameters move uphill: the gradient is added instead of subtracted.",
        _bent(walk, lambda g: _scaled(g, -1)),
    )
    yield (
        "the step is the sign of the gradient, not the gradient.",
        _bent(walk, lambda g: each(np.sign, g)),
    )
    yield "the gradient is scaled to length one.", _bent(walk, _unit)


def _of_entries(walk: Walk) -> Iterator[tuple[str, Walk]]:
    """The entries are not all treated alike."""
    names = entries(walk.start)
    for number, name in names.items() if 1 < len(names) <= MOST_ENTRIES else ():
        yield f"only {name} is updated.", _keeping(walk, {*names} - {number})
        if len(names) > 2:
            yield f"{name} is never updated.", _keeping(walk, {number})
    for said, change in _exchanges(walk.start):
        yield said, _bent(walk, change)


def _of_steps(walk: Walk) -> Iterator[tuple[str, Walk]]:
    """The number of steps is wrong, or what goes on from one to the next."""
    yield "the parameters are never updated.", _keeping(walk, {*entries(walk.start)})
    yield "only one step is taken. Is the `return` inside the loop?", replace(walk, n_steps=1)
    yield "one step too few is taken.", replace(walk, n_steps=walk.n_steps - 1)
    yield "one step too many is taken.", replace(walk, n_steps=walk.n_steps + 1)
    yield (
        "the parameters are replaced by the step instead of moved by it.",
        replace(walk, step=_replacing(walk.step)),
    )
    yield (
        "the training always starts from zeros, not from the given parameters.",
        replace(walk, start=_scaled(walk.start, 0.0)),
    )


def _of_memory(right: Training) -> Iterator[tuple[str, Walk]]:
    """Something is kept that should change, or the other way round."""
    walk = right.walk
    yield (
        "the gradient is computed once, at the start, and used for every step.",
        replace(walk, slope=_frozen(walk)),
    )
    if walk.state is not None:
        yield (
            "nothing is carried over from one step to the next.",
            replace(walk, step=_forgetful(walk)),
        )
    if right.batches:
        yield (
            "every step uses the first batch.",
            replace(
                walk,
                slope=lambda here, _: walk.slope(here, 0),
                value=lambda here, _: walk.value(here, 0),
            ),
        )


def _of_step_size(walk: Walk, step_size: float) -> Iterator[tuple[str, Walk]]:
    """The step size is not the one that is asked for."""
    yield "the step size is not used.", replace(walk, step=downhill(1.0))
    for size in STEP_SIZES:
        if size != step_size:
            yield (
                f"the step size is fixed at {size:g}, whatever is asked for.",
                replace(walk, step=downhill(size)),
            )
    yield (
        "the step shrinks as the training goes on.",
        replace(walk, slope=lambda here, n: _scaled(walk.slope(here, n), 1 / (n + 1))),
    )


def _in_turn(walk: Walk) -> Iterator[tuple[str, Walk]]:
    """Each entry moves before the slope for the next one is taken, one way round or the other."""
    names = entries(walk.start)
    order = [*names]
    if not 1 < len(names) <= MOST_IN_TURN:
        return
    for one in (order, order[::-1]):
        first, *rest = (names[number] for number in one)
        others = f"slope for {rest[0]} is" if len(rest) == 1 else "slopes for the others are"
        said = f"{first} has moved before the {others} taken. All belong to the same place."
        yield said.replace("All", "Both") if len(rest) == 1 else said, _walk_in_turn(walk, one)


def _walk_in_turn(walk: Walk, order: Sequence[int]) -> Walk:
    """One entry a move, and as many moves a step as there are entries."""

    def step(here: Any, state: int, slope: Any) -> tuple[Any, int]:
        there, _ = walk.step(here, None, slope)
        moves = order[state % len(order)]
        return _mixed(here, there, {*order} - {moves}), state + 1

    return replace(walk, step=step, state=0, moves=len(order))


# A function of the exercise in the place of one that is handed over --------------------------


def functions_among(inputs: Sequence[Sequence[Any]]) -> list[int]:
    """The places of arguments that are `given` functions, at every input."""
    places = range(min(map(len, inputs), default=0))
    return [place for place in places if all(isinstance(args[place], Given) for args in inputs)]


def with_argument(args: Sequence[Any], place: int, other: Any) -> list[Any]:
    """Arguments with another one in a place."""
    return [other if number == place else arg for number, arg in enumerate(args)]


def another_function(name: str) -> str:
    """The sentence about an answer that uses a function by its name instead of one it is handed."""
    return f"It looks as if `{name}` is used, instead of a function that is passed as an argument."


# What walks and slopes are bent with ----------------------------------------------------------


def _bent(walk: Walk, change: Any) -> Walk:
    """The same walk with something else in the place of every slope."""
    return replace(walk, slope=lambda here, number: change(walk.slope(here, number)))


def _keeping(walk: Walk, kept: set[int]) -> Walk:
    """The same walk, in which some entries stay as they are."""

    def step(here: Any, state: Any, slope: Any) -> tuple[Any, Any]:
        there, state = walk.step(here, state, slope)
        return _mixed(here, there, kept), state

    return replace(walk, step=step)


def _replacing(step: Step) -> Step:
    def replaced(here: Any, state: Any, slope: Any) -> tuple[Any, Any]:
        there, state = step(here, state, slope)
        return each(np.subtract, there, here), state

    return replaced


def _forgetful(walk: Walk) -> Step:
    return lambda here, _, slope: (walk.step(here, walk.state, slope)[0], walk.state)


def _frozen(walk: Walk) -> Any:
    """A slope that stays what it is at the start."""
    at_start: list[Any] = []

    def slope(here: Any, number: int) -> Any:
        if not at_start:
            at_start.append(walk.slope(here, number))
        return at_start[0]

    return slope


def _mixed(here: Any, there: Any, kept: set[int]) -> Any:
    """The entries of `there`, and those of `here` where they are kept."""
    places = itertools.count()
    return trees.together(lambda old, new: old if next(places) in kept else new, here, there)


def _scaled(tree: Any, factor: float) -> Any:
    return each(lambda leaf: factor * leaf, tree)


def _unit(tree: Any) -> Any:
    """Divided by the length of all numbers together; as it is where that is 0."""
    length = np.sqrt(
        sum(float(np.sum(np.square(leaf))) for leaf in filter(is_real, trees.leaves(tree)))
    )
    return _scaled(tree, 1 / length) if length else tree


def _exchanged(tree: Any) -> Iterator[tuple[str, Any]]:
    for said, change in _exchanges(tree):
        yield f"It looks as if {said}", change(tree)


def _exchanges(like: Any) -> Iterator[tuple[str, Any]]:
    """For every two entries of one shape: a sentence's end, and a function that exchanges them."""
    names, leaves = entries(like), trees.leaves(like)
    for a, b in combinations(names, 2) if len(names) <= MOST_ENTRIES else ():
        if np.shape(leaves[a]) == np.shape(leaves[b]):
            said = f"the slopes for {names[a]} and {names[b]} have changed places."
            yield said, partial(_exchange, like, a, b)


def _exchange(like: Any, a: int, b: int, tree: Any) -> Any:
    """A tree with two entries in each other's places; `like` says the order of the entries."""
    leaves = trees.leaves(trees.together(lambda _, leaf: leaf, like, tree))
    leaves[a], leaves[b] = leaves[b], leaves[a]
    return trees.refilled(like, iter(leaves))


def _one_changed(tree: Any, change: Any) -> Iterator[tuple[str, Any]]:
    """For each of a few entries: its name, and the tree in which this one is changed."""
    names = entries(tree)
    for number, name in names.items() if 1 < len(names) <= MOST_ENTRIES else ():
        yield name, _mixed(tree, each(change, tree), {*names} - {number})


def entries(tree: Any) -> dict[int, str]:
    """What sentences call the entries of a tree that are numbers, by their place in `leaves`.

    >>> entries({"w": 1.0, "b": 0.0}), entries([{"W": 1.0}, {"W": 2.0}])
    ({0: 'w', 1: 'b'}, {0: "[0]['W']", 1: "[1]['W']"})
    """
    found = [*_named(tree)]
    flat = isinstance(tree, Mapping) and len(found) == len(tree)
    names = [str(key) for key in tree] if flat else [name for name, _ in found]
    pairs = enumerate(zip(names, found, strict=True))
    return {place: name for place, (name, (_, leaf)) in pairs if is_real(leaf)}


def _named(tree: Any) -> Iterator[tuple[str, Any]]:
    """Every leaf with the way to it, as Python writes it."""
    inside = trees.items(tree)
    if inside is None:
        yield "", tree
    for key, item in inside or ():
        for way, leaf in _named(item):
            yield trees.step(tree, key) + way, leaf


def _common(made: Sequence[Mapping[str, Any]]) -> list[str]:
    """The sentences that apply to every input, in their order."""
    first, *others = made or [{}]
    return [why for why in first if all(why in one for one in others)]
