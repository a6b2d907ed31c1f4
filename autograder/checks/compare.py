"""Compare an answer with what was expected.

A comparator returns "" when it agrees and one sentence when it does not; it neither prints nor
raises. Structure, shape and dtype come before values, and nothing is ever broadcast. No sentence
tells an expected value: a hidden test's message may be read by a student.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from autograder.checks.arrays import (
    KINDS,
    as_array,
    distance_of_arrays,
    few_digits,
    finite,
    is_real,
    largest,
    not_the_same,
    wrong_form,
    wrong_numbers,
)
from autograder.checks.wording import (
    described,
    described_keys,
    described_record,
    place,
    written,
)
from autograder.record.outcome import Kind
from autograder.remote import trees
from autograder.remote.wire import is_key, type_name

# One that should vanish may come out as 1e-17 in the expected answer and as 1e-15 in a student's.
# The scale is therefore at least this share of the largest number of the whole answer: with the
# tolerance it comes to 1e-13 of that number, the rounding of a sum of a hundred such terms.
ROUNDING_SCALE = 1e-8


def disagreement(
    answer: Any,
    expected: Any,
    rtol: float | None = None,
    root: str = "answer",
    scale: float = 0.0,
) -> str:
    """Say how an answer differs from what was expected, or "".

    Parameters
    ----------
    answer, expected
        Numbers, arrays, texts, None, random keys, or dicts, lists, tuples, named tuples and
        dataclasses of these. Where an array is expected, a list of numbers is taken as one; where
        a tuple or a list is, the other. Whole numbers, truth values and texts have to be the same;
        of floating-point numbers each array has a scale of its own.
    rtol
        Largest accepted difference, relative to the largest expected number of the same array;
        None: by the precision of the answer, array by array.
    root
        What to call the answer where the sentence says a place in it, as in "params[1]['W']".
    scale
        What to take for the largest expected number if all of them are smaller.

    Examples
    --------
    >>> disagreement(np.array([1.0, 2.0]), [1.0, 2.0])
    ''
    >>> disagreement(np.array([[1.0, 2.0]]), [1.0, 2.0])
    'Got an array of shape (1, 2), expected an array of shape (2,).'
    >>> disagreement({"w": 1.0, "b": 0.5}, {"w": 1.0, "b": 2.0})
    "The number for the entry 'b' is off by about 75%."
    >>> disagreement([{"W": 1.0}, {"W": 0.5}], [{"W": 1.0}, {"W": 2.0}], root="params")
    "The number at params[1]['W'] is off by about 75%."
    """
    return first_difference(answer, expected, rtol, root, scale).sentence


@dataclass(frozen=True)
class Difference:
    """A leaf of what was expected beside what came: "" or a sentence, and how far off it is."""

    sentence: str
    off: float
    """In units of the tolerance: at most 1 where the two agree; infinite in another form."""
    answer: Any = None
    expected: Any = None
    form: bool = False
    """Whether it is the structure, the shape or the kind of number that differs."""
    of: str = ""
    """Where it is, to follow "The number"; see `wording.place`."""

    @property
    def kind(self) -> Kind:
        """In which way a wrong answer is wrong: in its form, or in what it holds."""
        return Kind.SHAPE if self.form else Kind.VALUE


def first_difference(
    answer: Any,
    expected: Any,
    rtol: float | None = None,
    root: str = "answer",
    scale: float = 0.0,
) -> Difference:
    """The first leaf at which an answer differs, with its sentence; see `disagreement`."""
    return first_of(_differences(answer, expected, rtol, root, scale))


def first_of(found: Iterable[Difference]) -> Difference:
    """The first of these that is one; without any, one whose sentence is ""."""
    return next((one for one in found if one.sentence), Difference("", 0.0))


def distance(answer: Any, expected: Any, rtol: float | None = None, scale: float = 0.0) -> float:
    """How far an answer is from what was expected, in units of the tolerance.

    At most 1 where the two agree; infinity where they differ in structure, shape or dtype, or
    where a number is not finite. The parameters are those of `disagreement`. `diagnosis` asks
    with it which known mistake an answer coincides with.

    >>> round(distance(0.5 + 1e-5, 0.5), 3), distance([0.5], 0.5)
    (2.0, inf)
    """
    found = _differences(answer, expected, rtol, "answer", scale)
    return max((one.off for one in found), default=0.0)


def matched(
    answer: Any,
    expected: Any,
    root: str = "answer",
    rtol: float | None = None,
    scale: float = 0.0,
) -> Iterator[Difference]:
    """Each leaf of what was expected beside the one that came, where the structure is right."""
    return _differences(answer, expected, rtol, root, scale)


def wrong_structure(answer: Any, like: Any, root: str = "answer") -> str:
    """Say how an answer differs from `like` in structure, shapes or kinds of numbers, or "".

    >>> wrong_structure([1.0, 2.0], np.zeros(3))
    'Got an array of shape (2,), expected an array of shape (3,).'
    """
    return next((leaf.sentence for leaf in matched(answer, like, root) if leaf.form), "")


def wrong_params(params: Any, like: Any, root: str = "answer") -> str:
    """Say how parameters differ in structure and shapes from `like`, or are not finite, or "".

    >>> wrong_params({"w": 9.0}, like={"w": 0.0, "b": 0.0})
    "Got a dict with the keys 'w', expected the keys 'w', 'b'."
    """
    return disagreement(params, _zeros(like), rtol=math.inf, root=root) or finite(params)


def kind_of_params(params: Any, like: Any) -> Kind:
    """In which way parameters are wrong, whatever they should be: `like` has their form."""
    return first_difference(params, _zeros(like), rtol=math.inf).kind


def _zeros(like: Any) -> Any:
    return trees.mapped(lambda leaf: np.zeros(np.shape(leaf)) if is_real(leaf) else leaf, like)


def side_by_side(answer: Any, expected: Any, rtol: float | None = None) -> str:
    """The first wrong numbers of an answer beside those expected, if they are few.

    The only text that tells expected numbers: checks with `show` ask for it. In a tree it is about
    the leaf that `disagreement` is about.

    >>> side_by_side(np.array([1.0, 3.0]), [1.0, 2.0])
    ' Got 1, 3; expected 1, 2.'
    """
    wrong = first_difference(answer, expected, rtol)
    got, wanted = wrong.answer, wrong.expected
    if isinstance(wanted, str):
        return f" Got {written(got[:40])}; expected {written(wanted)}."
    if wrong.form or not wrong.sentence or is_key(wanted):
        return ""
    return numbers_beside(got, wanted)


def numbers_beside(got: Any, wanted: Any, most: int = 4) -> str:
    """The numbers of one array beside those of another, if they are few; see `side_by_side`."""
    if np.size(wanted) > most:
        return ""
    return f" Got {written(as_array(got))}; expected {written(as_array(wanted))}."


def _differences(
    answer: Any, expected: Any, rtol: float | None, root: str, scale: float
) -> Iterator[Difference]:
    """Each leaf of what was expected, beside what came for it; where that cannot be told, why."""
    if parts_of(expected) is not None:
        scale = max(scale, ROUNDING_SCALE * max(map(largest, trees.leaves(expected)), default=0))
    return _differences_at((), answer, expected, rtol, root, scale)


def _differences_at(
    steps: tuple[tuple[Any, Any], ...],
    answer: Any,
    expected: Any,
    rtol: float | None,
    root: str,
    scale: float,
) -> Iterator[Difference]:
    of, parts = place(steps, root), parts_of(expected)
    if parts is None:
        yield _compare_leaves(answer, expected, rtol, of, scale)
    elif problem := wrong_container(answer, expected, of):
        yield Difference(problem, math.inf, form=True)
    else:
        for number, (key, wanted) in enumerate(parts):
            got = trees.part(answer, number, key)
            way = (*steps, (expected, key))
            yield from _differences_at(way, got, wanted, rtol, root, scale)


def parts_of(expected: Any) -> list[tuple[Any, Any]] | None:
    """What an expected container holds; None for a leaf, such as a list that is an array."""
    numbers = isinstance(expected, list) and as_array(expected).dtype.kind in "biufc"
    if numbers and not any(np.ndim(leaf) for leaf in trees.leaves(expected)):
        return None
    return trees.items(expected)


def wrong_container(answer: Any, expected: Any, of: str) -> str:
    """Say how an answer is another container than the expected one, or ""."""
    fields = trees.fields_of(expected)
    if isinstance(expected, Mapping):
        keys = described_keys(expected)
        if isinstance(answer, Mapping):
            got = described_keys(answer)
            same = set(answer) == set(expected)
            return "" if same else f"Got a dict with the keys {got}{of}, expected the keys {keys}."
        wanted, same = f"a dict with the keys {keys}", False
    elif fields is not None:
        wanted = described_record(type_name(expected), fields)
        plain = isinstance(expected, tuple) and _is_sequence(answer)
        same = len(answer) == len(fields) if plain else trees.fields_of(answer) == fields
    else:
        wanted = f"{len(expected)} values"
        same = isinstance(answer, tuple | list) and len(answer) == len(expected)
    if answer is None:
        return f"Got None{of}, expected {wanted}. Did you forget a `return`?"
    return "" if same else f"Got {described(answer)}{of}, expected {wanted}."


def _is_sequence(value: Any) -> bool:
    """Whether a value is a tuple without names for its parts, or a list."""
    return isinstance(value, tuple | list) and trees.fields_of(value) is None


def _compare_leaves(
    answer: Any, expected: Any, rtol: float | None, of: str, scale: float
) -> Difference:
    if expected is None or isinstance(expected, str) or is_key(expected):
        return _compare_kinds(answer, expected, of)
    kind, wanted = _kind(expected), np.asarray(expected)
    if kind not in KINDS:
        raise TypeError(f"an answer cannot be compared with {expected!r}")
    if problem := wrong_form(answer, wanted.shape, kind, of):
        return Difference(problem, math.inf, form=True)
    array = as_array(answer)
    if array.dtype.kind in "biu" and kind != "f":
        problem = not_the_same(array, wanted, of)
        return Difference(problem, math.inf if problem else 0.0, answer, expected, of=of)
    sentence = wrong_numbers(array, wanted, rtol, of, scale)
    said = " ".join(filter(None, [sentence, sentence and few_digits(answer)]))
    off = distance_of_arrays(array, wanted, rtol, scale)
    return Difference(said, off, answer, expected, of=of)


def _compare_kinds(answer: Any, expected: Any, of: str) -> Difference:
    """Compare a text, a random key, or None, which are the same or are not."""
    if problem := _another_kind(answer, expected, of):
        return Difference(problem, math.inf, form=True)
    if expected is None or _same(answer, expected):
        return Difference("", 0.0, answer, expected, of=of)
    noun = "text" if isinstance(expected, str) else "random key"
    said = f"The {noun}{of} is not the expected one."
    return Difference(said, math.inf, answer, expected, of=of)


def _another_kind(answer: Any, expected: Any, of: str) -> str:
    """Say that an answer is no text, no random key, or not None, where one is expected, or ""."""
    if expected is None:
        alike, wanted = answer is None, "None"
    elif isinstance(expected, str):
        alike, wanted = isinstance(answer, str), "a text"
    else:
        shape = np.shape(expected)
        alike = is_key(answer) and np.shape(answer) == shape
        wanted = f"random keys of shape {shape}" if shape else "a random key"
    return "" if alike else f"Got {described(answer)}{of}, expected {wanted}."


def _same(answer: Any, expected: Any) -> bool:
    if isinstance(expected, str):
        return bool(answer == expected)
    return _numbers_of(answer) == _numbers_of(expected)


def _kind(expected: Any) -> str:
    """The kind of numbers that is expected, one of `KINDS`; something else where it is none."""
    kind = as_array(expected).dtype.kind
    if kind in "iu":
        return "i" if hasattr(expected, "dtype") else "number"
    return kind


def _numbers_of(key: Any) -> list[Any]:
    import jax

    return [str(jax.random.key_impl(key)), np.asarray(jax.random.key_data(key)).tolist()]
