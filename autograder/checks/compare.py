"""Compare an answer with what was expected.

A comparator returns "" when it agrees and one sentence when it does not; it neither prints nor
raises. Structure, shape and dtype come before values, and nothing is ever broadcast. No sentence
tells an expected value: a hidden test's message may be read by a student.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from autograder.remote.wire import type_name

FloatArray = npt.NDArray[np.floating[Any]]

# The relative difference at which two answers count as different, by the precision of the answer.
# Far above rounding (1e-13 and 1e-6 for sums of a hundred terms), so that every way of writing
# the same formula agrees, with or without a guard such as log(p + 1e-7). Far below the nearest
# known mistake in the lessons (about 1e-2; a test measures the margin). Calls are in float64: who
# turns an answer into something coarser than float32 chose to, and gets no more room for it.
RELATIVE_TOLERANCE = {"float64": 1e-5, "float32": 1e-4}

ORDINALS = ("first", "second", "third", "fourth", "fifth")


def tolerance(answer: object) -> float:
    """The relative tolerance that the precision of an answer allows; of several, the largest.

    >>> tolerance(np.float32([0.5])), tolerance(0.5)
    (0.0001, 1e-05)
    """
    leaves = [leaf for leaf in _leaves(answer) if isinstance(leaf, np.ndarray)]
    return max((RELATIVE_TOLERANCE.get(leaf.dtype.name, 1e-5) for leaf in leaves), default=1e-5)


def disagreement(
    answer: Any, expected: Any, rtol: float | None = None, name: str = "", scale: float = 0.0
) -> str:
    """Say how an answer differs from what was expected, or "".

    Parameters
    ----------
    answer, expected
        Numbers, arrays, or dicts, tuples and lists of these. Where an array or a number is
        expected, a list of numbers is taken as an array.
    rtol
        Largest accepted difference, relative to the largest expected number of the same array,
        or of the same dict of parameters; None: by the precision of the answer.
    name
        What to call this part of the answer, as in "the entry 'w'".
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
    """
    subject = f" for {name}" if name else ""
    if isinstance(expected, Mapping):
        return _compare_mappings(answer, expected, rtol, subject, scale)
    if isinstance(expected, tuple):
        return _compare_tuples(answer, expected, rtol, subject)
    problem = wrong_form(answer, np.shape(expected), name)
    if problem:
        return problem
    return _compare_arrays(as_array(answer), np.asarray(expected), rtol, subject, scale)


def wrong_form(answer: Any, shape: tuple[int, ...], name: str = "") -> str:
    """Say what is wrong with the type, shape or dtype of an answer that should be real, or "".

    A Python int passes for a float; an array of integers does not, since nobody who computes with
    real numbers gets one.

    >>> wrong_form(None, (3,), "the entry 'w'")
    "Got None for the entry 'w', expected an array of shape (3,). Did you forget a `return`?"
    >>> wrong_form(2, ())
    ''
    """
    subject = f" for {name}" if name else ""
    wanted = f"expected {_describe_shape(shape)}"
    if answer is None:
        return f"Got None{subject}, {wanted}. Did you forget a `return`?"
    array = as_array(answer)
    if array.dtype == object or array.dtype.kind in "US":
        return f"Got {_describe(answer)}{subject}, {wanted}."
    if array.shape != shape:
        return f"Got {_describe_shape(array.shape)}{subject}, {wanted}."
    if array.dtype.kind != "f" and not (array.dtype.kind in "iu" and isinstance(answer, int)):
        return f"Got numbers of type {array.dtype}{subject}, expected floating-point numbers."
    return ""


def as_array(answer: Any) -> npt.NDArray[Any]:
    """An answer as an array; dtype object where it is none, such as None or a ragged list."""
    if isinstance(answer, np.ndarray):
        return answer
    try:
        return np.asarray(answer)
    except ValueError:  # a list whose parts have different shapes
        return np.asarray(None, dtype=object)


def finite(answer: Any) -> str:
    """Say that an answer, or anything inside it, contains NaN or infinity, or ""."""
    for leaf in _leaves(answer):
        array = as_array(leaf)
        if array.dtype.kind in "fc" and not np.all(np.isfinite(array)):
            kind = "NaN (not a number)" if np.any(np.isnan(array)) else "infinity"
            return f"The answer contains {kind}."
    return ""


def distance(answer: Any, expected: Any, rtol: float | None = None, scale: float = 0.0) -> float:
    """How far an answer is from what was expected, in units of the tolerance.

    At most 1 where the two agree; infinity where they differ in structure, shape or dtype, or
    where a number is not finite. The parameters are those of `disagreement`. `diagnosis` asks
    with it which known mistake an answer coincides with.

    >>> round(distance(0.5 + 1e-5, 0.5), 3), distance([0.5], 0.5)
    (2.0, inf)
    """
    if isinstance(expected, Mapping):
        if not isinstance(answer, Mapping) or set(answer) != set(expected):
            return float("inf")
        scale = max([scale, *map(_largest, _leaves(expected))])
        pairs = [(answer[key], wanted) for key, wanted in expected.items()]
    elif isinstance(expected, tuple):
        if not isinstance(answer, tuple | list) or len(answer) != len(expected):
            return float("inf")
        pairs = list(zip(answer, expected, strict=True))
    else:
        return _distance_of_arrays(answer, expected, rtol, scale)
    return max((distance(a, e, rtol, scale) for a, e in pairs), default=0.0)


def _distance_of_arrays(answer: Any, expected: Any, rtol: float | None, scale: float) -> float:
    if wrong_form(answer, np.shape(expected)) or finite(answer) or finite(expected):
        return float("inf")
    array = as_array(answer)
    off = _relative_difference(array, np.asarray(expected), scale)
    return float(np.max(off, initial=0.0)) / (tolerance(array) if rtol is None else rtol)


def wrong_params(params: Any, like: Mapping[str, Any]) -> str:
    """Say how parameters differ in keys and shapes from `like`, or are not finite, or "".

    >>> wrong_params({"w": 9.0}, like={"w": 0.0, "b": 0.0})
    "Got a dict with the keys 'w', expected the keys 'w', 'b'."
    """
    zeros = {key: np.zeros(np.shape(value)) for key, value in like.items()}
    return disagreement(params, zeros, rtol=float("inf")) or finite(params)


def side_by_side(answer: Any, expected: Any, most: int = 4) -> str:
    """The numbers of a wrong answer and those expected, if they are few and of the same shape.

    The only text that tells expected numbers: `Exercise.returns` asks for it, unless `show=False`.

    >>> side_by_side(np.array([1.0, 3.0]), [1.0, 2.0])
    ' Got 1, 3; expected 1, 2.'
    """
    few = not isinstance(expected, Mapping | tuple) and np.size(expected) <= most
    if not few or wrong_form(answer, np.shape(expected)):
        return ""
    got, wanted = (
        ", ".join(f"{number:.4g}" for number in np.ravel(as_array(numbers)))
        for numbers in (answer, expected)
    )
    return f" Got {got}; expected {wanted}."


def _compare_mappings(
    answer: Any, expected: Mapping[Any, Any], rtol: float | None, of: str, scale: float
) -> str:
    keys = _describe_keys(expected)
    if answer is None:
        return f"Got None{of}, expected a dict with the keys {keys}. Did you forget a `return`?"
    if not isinstance(answer, Mapping):
        return f"Got {_describe(answer)}{of}, expected a dict with the keys {keys}."
    if set(answer) != set(expected):
        got = _describe_keys(answer)
        return f"Got a dict with the keys {got}{of}, expected the keys {keys}."
    # One scale for all entries: a slope that should vanish is as exact as its neighbours are.
    scale = max([scale, *map(_largest, _leaves(expected))])
    for key, wanted in expected.items():
        sentence = disagreement(answer[key], wanted, rtol, f"the entry {key!r}", scale)
        if sentence:
            return sentence
    return ""


def _compare_tuples(answer: Any, expected: tuple[Any, ...], rtol: float | None, of: str) -> str:
    if answer is None:
        return f"Got None{of}, expected {len(expected)} values. Did you forget a `return`?"
    if not isinstance(answer, tuple | list) or len(answer) != len(expected):
        return f"Got {_describe(answer)}{of}, expected {len(expected)} values."
    for number, (got, wanted) in enumerate(zip(answer, expected, strict=True)):
        which = f"the {ORDINALS[number]} value" if number < len(ORDINALS) else f"value {number + 1}"
        sentence = disagreement(got, wanted, rtol, which)
        if sentence:
            return sentence
    return ""


# From here on the two have the same structure, shape and kind of number.
def _compare_arrays(
    answer: npt.NDArray[Any],
    expected: npt.NDArray[Any],
    rtol: float | None,
    of: str,
    scale: float,
) -> str:
    if not np.all(np.isfinite(expected)):
        return _compare_not_finite(answer, expected, rtol, of, scale)
    if problem := finite(answer):
        return problem
    if answer.size == 0:
        return ""
    rtol = tolerance(answer) if rtol is None else rtol
    difference = _relative_difference(answer, expected, scale)
    wrong = difference > rtol
    if not np.any(wrong):
        return ""
    amount = _describe_amount(float(np.max(difference)))
    coarse = answer.dtype.kind == "f" and answer.dtype.name not in RELATIVE_TOLERANCE
    ending = f". It has type {answer.dtype}, which is too coarse." if coarse else "."
    if answer.ndim == 0:
        return f"The number{of} is off {amount}{ending}"
    amount += " of the largest one" if "about" in amount else ""
    return f"{int(wrong.sum())} of {answer.size} numbers{of} are off, {amount}{ending}"


def _relative_difference(
    answer: npt.NDArray[Any], expected: npt.NDArray[Any], scale: float
) -> npt.NDArray[np.float64]:
    """Differences of two arrays of one shape, relative to the largest expected number."""
    scale = max(scale, _largest(expected)) or 1.0
    with np.errstate(over="ignore"):
        return np.abs(answer.astype(np.float64) - expected.astype(np.float64)) / scale


def _compare_not_finite(
    answer: npt.NDArray[Any],
    expected: npt.NDArray[Any],
    rtol: float | None,
    of: str,
    scale: float,
) -> str:
    """NaN and infinity have to stand in the same places; all other numbers are compared."""
    plain = np.isfinite(expected)
    if not np.array_equal(answer[~plain], expected[~plain], equal_nan=True):
        return f"Some numbers{of} should not be finite, and are not as they should be."
    return _compare_arrays(answer[plain], expected[plain], rtol, of, scale)


def _largest(value: Any) -> float:
    """The largest finite magnitude in an array, 0 if there is none."""
    array = np.abs(as_array(value))
    array = array[np.isfinite(array)] if array.dtype.kind in "iuf" else np.zeros(0)
    return float(np.max(array, initial=0.0))


def _describe_amount(off: float) -> str:
    """How far off, coarsely: a student's huge answer must not measure the expected one."""
    if off >= 10:
        return "by more than ten times"
    return f"by about {off:.0%}" if off >= 0.01 else "by a little"


def _leaves(value: Any) -> list[Any]:
    """The numbers, arrays and whatever else lies in dicts, tuples and lists, in their order.

    Not `jax.tree.leaves`: that raises where a student's dict has keys of two types, leaves out
    None, and goes by sorted keys, whereas a sentence speaks of the first entry that is wrong.
    """
    if isinstance(value, Mapping):
        return [leaf for item in value.values() for leaf in _leaves(item)]
    if isinstance(value, tuple | list):
        return [leaf for item in value for leaf in _leaves(item)]
    return [value]


def _describe(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return _describe_shape(value.shape)
    if isinstance(value, Mapping):
        return f"a dict with the keys {_describe_keys(value)}"
    if isinstance(value, tuple | list):
        return f"a {type_name(value)} of length {len(value)}"
    return "None" if value is None else f"{article(type_name(value))} {type_name(value)}"


def article(noun: str) -> str:
    """ "a" or "an"."""
    return "an" if noun[:1].lower() in "aeiou" else "a"


def _describe_keys(mapping: Mapping[Any, Any]) -> str:
    """The first few keys, whatever a student chose for them."""
    shown = [
        repr(key)[:40] if isinstance(key, str) or abs(key) < 10**6 else "a huge number"
        for key in [*mapping][:5]
    ]
    more = ["…"] if len(mapping) > len(shown) else []
    return ", ".join(shown + more) or "none"


def _describe_shape(shape: tuple[int, ...]) -> str:
    return f"an array of shape {shape}" if shape else "a single number"
