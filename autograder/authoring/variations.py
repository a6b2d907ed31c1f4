"""Many inputs of the same kinds as those that a check used, to try a changed solution on.

A question to a part is JSON (see `remote.endpoint`), and so are the arguments in it. They are
varied as they stand there: what is no number, such as text and functions that are `given`, stays.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

PLANNED = 64
"""Variations of one question that are always tried: tame ones, wild ones, and those at constants of
the change. More tame ones follow where these leave too few answers to compare."""
MOST = 240
"""Variations of one question at most."""
LONGEST_COUNT = 64
"""Numbers of steps are varied up to this, or a little beyond what the check used; mostly fewer, for
they take their time."""
NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d*)?(?:e[+-]?\d+)?")
SCALARS = ("float", "int", "bool")

Tree = list[Any]
Change = Callable[["Leaf"], "np.ndarray[Any, Any]"]


@dataclass(frozen=True)
class Leaf:
    """A number, an array, a random key, or a list of numbers among the arguments of a question.

    `kind` is as `remote.wire` calls it. `numbers` has shape () for a number. `resizable` says
    whether its sizes may change: those of arrays and lists, if all that share them change alike.
    """

    kind: str
    numbers: np.ndarray[Any, Any]

    @property
    def resizable(self) -> bool:
        return self.kind in ("array", "list")


def variations(question: str, constants: Sequence[float], seed: int) -> Iterator[str]:
    """The question itself, then others like it; the same ones for the same seed.

    `constants` are numbers at which an answer may well change: those of the source that was
    changed. Where there is no number among the arguments, there is the question itself alone.

    >>> question = '{"name":"f","args":[["float","0x1p+0"]],"kwargs":{}}'
    >>> len(list(variations(question, [], seed=1)))
    240
    """
    yield question
    message = json.loads(question)
    leaves = leaves_of(message)
    if not leaves:
        return
    plan = [*_critical(leaves, constants)]
    for number in range(MOST - 1 - len(plan)):
        # Wild ones: first one argument at a time, for the others may have to stay in a domain.
        share = number % 4 if number < PLANNED else 0
        only = (number // 4) % len(leaves)
        plan.append([_mode(share, place, only) for place in range(len(leaves))])
    for number, changes in enumerate(plan):
        rng = np.random.default_rng([seed, number])
        yield _changed(message, [change(rng) for change in changes], _resizing(leaves, rng))


def constants_in(diff: str) -> list[float]:
    """The numbers that stand in the changed lines of a source.

    >>> constants_in("-    return clip(p, 1e-7)\\n+    return clip(p, 2e-7)")
    [1e-07, 2e-07]
    """
    return sorted({float(number) for number in NUMBER.findall(diff)})


def leaves_of(message: dict[str, Any]) -> list[Leaf]:
    """The numbers, arrays and lists of numbers among the arguments of a question, in order."""
    found: list[Leaf] = []

    def keep(leaf: Leaf) -> np.ndarray[Any, Any]:
        found.append(leaf)
        return leaf.numbers

    _varied(message, keep)
    return found


def _varied(message: dict[str, Any], change: Change) -> dict[str, Any]:
    """The message with other numbers, in the steps that lead to what is called as well."""
    asked = [key for key in ("steps", "args", "kwargs") if key in message]
    return {**message, **{key: _within(message[key], change) for key in asked}}


def _within(part: Any, change: Change) -> Any:
    """A tree, or arguments by name."""
    if isinstance(part, dict):
        return {name: _mapped(tree, change) for name, tree in part.items()}
    return _mapped(part, change) if isinstance(part, list) else part


def _mapped(tree: Tree, change: Change) -> Tree:
    """An argument with other numbers. What is not known to hold numbers stays as it is."""
    match tree:
        case [("float" | "int" | "bool") as kind, _]:
            return scalar(kind, change(Leaf(kind, number_of(tree))))
        case ["array", *_]:
            return array(change(Leaf("array", number_of(tree))))
        case ["list", [[kind, _], *_] as items] if _all_of(items, kind):
            numbers = np.array([number_of(item) for item in items])
            return ["list", [scalar(kind, n) for n in change(Leaf("list", numbers))]]
        case ["dict", pairs]:
            return ["dict", [[key, _mapped(value, change)] for key, value in pairs]]
        case ["key", kind, data]:
            return ["key", kind, array(change(Leaf("key", number_of(data))))]
        case [("source" | "str" | "none" | "through" | "attribute"), *_]:
            return tree
    # What else has parts: tuples, records, the steps of a part of the student's.
    return [_within(part, change) for part in tree]


def _all_of(items: Sequence[Tree], kind: str) -> bool:
    return kind in SCALARS and all(item[0] == kind for item in items)


def number_of(tree: Tree) -> np.ndarray[Any, Any]:
    """The number, or the array of numbers, of a part of a message."""
    match tree:
        case ["float", digits]:
            return np.array(float.fromhex(digits))
        case ["int", digits]:
            value = int(digits, 16)
            return np.array(value if abs(value) < 2**63 else float(value))
        case ["bool", value]:
            return np.array(value)
        case ["array", dtype, shape, raw]:
            return np.frombuffer(base64.b64decode(raw), _dtype(dtype)).reshape(shape)
    raise ValueError(f"no number: {tree[:1]}")


def _dtype(name: str) -> np.dtype[Any]:
    import ml_dtypes

    return np.dtype(ml_dtypes.bfloat16) if name == "bfloat16" else np.dtype(name)


def scalar(kind: str, value: Any) -> Tree:
    """A number as a part of a message."""
    if kind == "bool":
        return ["bool", bool(value)]
    return ["int", hex(int(value))] if kind == "int" else ["float", float(value).hex()]


def array(value: np.ndarray[Any, Any]) -> Tree:
    """An array as a part of a message."""
    raw = base64.b64encode(np.ascontiguousarray(value).tobytes()).decode("ascii")
    return ["array", value.dtype.name, list(value.shape), raw]


# Other sizes ---------------------------------------------------------------------------------


def _resizing(leaves: Sequence[Leaf], rng: np.random.Generator) -> dict[int, int]:
    """Another length for one of the lengths that arrays have, half of the time: {5: 8}.

    Few different ones, since JAX compiles for each.
    """
    sizes = sorted({n for leaf in leaves if leaf.resizable for n in leaf.numbers.shape if n})
    if not sizes or rng.random() < 0.5:
        return {}
    size = sizes[rng.integers(len(sizes))]
    return {size: int(rng.choice([1, 2, size + 3]))}


def _resized(leaf: Leaf, sizes: dict[int, int], rng: np.random.Generator) -> Leaf:
    """The leaf with other sizes, filled with numbers of its own."""
    shape = tuple(sizes.get(n, n) for n in leaf.numbers.shape)
    if not leaf.resizable or shape == leaf.numbers.shape:
        return leaf
    return Leaf(leaf.kind, rng.choice(leaf.numbers.ravel(), size=shape))


# Other numbers -------------------------------------------------------------------------------

Draw = Callable[[Leaf], "np.ndarray[Any, Any]"]


def _changed(message: dict[str, Any], draws: Sequence[Draw], sizes: dict[int, int]) -> str:
    """A question in which each leaf is what is drawn for it."""
    rng = np.random.default_rng(len(draws))
    left = iter(draws)

    def change(leaf: Leaf) -> np.ndarray[Any, Any]:
        resized = _resized(leaf, sizes, rng)
        drawn = np.broadcast_to(next(left)(resized), resized.numbers.shape)
        with np.errstate(all="ignore"):
            return drawn.astype(leaf.numbers.dtype)

    return json.dumps(_varied(message, change), separators=(",", ":"))


def _mode(share: int, place: int, only: int) -> Callable[[np.random.Generator], Draw]:
    """How a leaf is drawn: all tame (share 0), one wild (1 and 2), or all of them wild (3)."""
    wild = share == 3 or (share > 0 and place == only)
    return lambda rng: lambda leaf: _wild(leaf, rng) if wild else _tame(leaf, rng)


def _critical(
    leaves: Sequence[Leaf], constants: Sequence[float]
) -> Iterator[list[Callable[[np.random.Generator], Draw]]]:
    """One leaf at a constant of the change, or beside it if it is whole; the others tame."""
    tame = [_mode(0, place, place) for place in range(len(leaves))]
    for place, leaf in enumerate(leaves):
        whole = leaf.numbers.dtype.kind in "iu"
        if leaf.numbers.dtype.kind not in "iuf":
            continue
        fit = [c for c in constants if not whole or c == int(c)][:6]
        # Many steps take their time; two versions of `n < 1000` differ at their constants only.
        steps = {c: (-1, 0, 1) if whole and c <= LONGEST_COUNT else (0,) for c in fit}
        for value in sorted({c + step for c in fit for step in steps[c] if c + step >= 0}):
            yield [*tame[:place], _fixed(value), *tame[place + 1 :]]


def _fixed(value: float) -> Callable[[np.random.Generator], Draw]:
    return lambda _: lambda leaf: np.asarray(value)


def _tame(leaf: Leaf, rng: np.random.Generator) -> np.ndarray[Any, Any]:
    """Other numbers of the same sign and in the same range: what has a domain stays in it."""
    numbers = leaf.numbers
    kind, shape = numbers.dtype.kind, numbers.shape
    if kind == "b":
        return rng.random(shape) < 0.5
    if leaf.kind == "key":
        return rng.integers(0, 2**32, shape)
    if kind in "iu":
        return _whole(leaf, rng)
    if kind not in "f" or not numbers.size or not np.all(np.isfinite(numbers)):
        return numbers
    low, high = float(numbers.min()), float(numbers.max())
    if np.all((numbers == 0) | (numbers == 1)) and numbers.size > 1:
        return rng.choice([0.0, 1.0], size=shape)
    if low == high:
        return low * rng.uniform(0.5, 1.5, shape) if low else rng.uniform(-1, 1, shape)
    match rng.integers(3):
        case 0:
            return rng.permutation(numbers.ravel()).reshape(shape)
        case 1:
            return rng.uniform(low, high, shape)
    return numbers * rng.uniform(0.7, 1.0, shape)


def _whole(leaf: Leaf, rng: np.random.Generator) -> np.ndarray[Any, Any]:
    """Whole numbers: in an array those that occur in it, and alone a number of steps."""
    numbers = leaf.numbers
    if not numbers.size:
        return numbers
    if numbers.shape:
        return rng.integers(int(numbers.min()), int(numbers.max()) + 1, numbers.shape)
    value = int(numbers)
    if rng.random() < 0.6:
        few = [0, 1, 2, 3, 5, abs(value), abs(value) + 1]
        return np.asarray((-1 if value < 0 else 1) * int(rng.choice(few)))
    sign = -1 if value < 0 and rng.random() < 0.5 else 1
    return np.asarray(sign * int(max(LONGEST_COUNT, min(value, 200) + 2) ** rng.random()))


def _wild(leaf: Leaf, rng: np.random.Generator) -> np.ndarray[Any, Any]:
    """Numbers of other signs and scales, equal ones, zeros: whatever the type can hold."""
    numbers = leaf.numbers
    kind, shape = numbers.dtype.kind, numbers.shape
    if kind in "iu" and shape and numbers.size and leaf.kind != "key":
        below = 1 if kind == "i" and numbers.min() < 0 else 0
        return rng.integers(int(numbers.min()) - below, int(numbers.max()) + 3, shape)
    if kind not in "f" or not numbers.size:
        return _tame(leaf, rng)
    largest = float(np.max(np.abs(numbers[np.isfinite(numbers)]), initial=0.0)) or 1.0
    match rng.integers(9):
        case 0 | 1:
            return largest * rng.normal(size=shape)
        case 2:
            return -numbers
        case 3:
            return numbers * 10.0 ** rng.choice([-3, -1, 1, 2])
        case 4:
            return np.full(shape, rng.choice([0.0, 1.0, -1.0, 0.5]))
        case 5:
            return rng.integers(-2, 3, shape).astype(float)
        case 6:
            return rng.uniform(0, 1, shape)
        case 7:
            return np.where(rng.random(shape) < 0.3, rng.choice([0.0, 1.0, -largest]), numbers)
    return 100 * largest * rng.normal(size=shape)
