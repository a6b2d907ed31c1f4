"""Compare an answer with what was expected.

A comparator returns "" when it agrees and one sentence when it does not; it neither prints nor
raises. Structure, shape and dtype come before values, and nothing is ever broadcast. No sentence
tells an expected value: a hidden test's message may be read by a student.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from autograder.record.outcome import Kind
from autograder.remote.wire import type_name

FloatArray = npt.NDArray[np.floating[Any]]

# The relative difference at which two answers count as different, by the precision of the answer.
# Far above rounding, so that every way of writing the same formula agrees, with or without a guard
# such as log(p + 1e-7): for sums of a hundred terms that is 1e-13 in float64 and 5e-7 in float32,
# and 4e-6 in the logistic loss and its slopes. Far below the nearest known mistake in
# the lessons (about 1e-2; a test measures the margin). Calls compute in float64: an answer that
# is kept in less than float32 gains nothing by it.
RELATIVE_TOLERANCE = {"float64": 1e-5, "float32": 2e-5, "float16": 2e-5, "bfloat16": 2e-5}

# The significant decimal digits of what is kept in these.
FEW_DIGITS = {"float16": "three", "bfloat16": "two"}

# Each array and number is compared on its own scale, its largest expected number. One that should
# be exactly 0 has none: 1e-3 lets it be 1e-8, which rounding reaches only from terms of 1e6.
ZERO_SCALE = 1e-3

# One that should vanish may come out as 1e-17 in the expected answer and as 1e-15 in a student's.
# The scale is therefore at least this share of the largest number of the whole answer: with the
# tolerance it comes to 1e-13 of that number, the rounding of a sum of a hundred such terms.
ROUNDING_SCALE = 1e-8

# Numbers that differ by less than this, relative to the largest, tell nothing from a constant.
DISTINCT = 1e-2

ORDINALS = ("first", "second", "third", "fourth", "fifth")


def tolerance(answer: object) -> float:
    """The relative tolerance that the precision of an answer allows; of several, the largest.

    >>> tolerance(np.float32([0.5])), tolerance(0.5)
    (2e-05, 1e-05)
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
        Largest accepted difference, relative to the largest expected number of the same array;
        None: by the precision of the answer, array by array.
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
    >>> disagreement({"t": 100.0, "v": 1e-5}, {"t": 100.0, "v": 0.0})
    "The number for the entry 'v' is off by a little."
    """
    subject = f" for {name}" if name else ""
    if isinstance(expected, Mapping):
        return _compare_mappings(answer, expected, rtol, subject, scale)
    if isinstance(expected, tuple):
        return _compare_tuples(answer, expected, rtol, subject, scale)
    problem = wrong_form(answer, np.shape(expected), name)
    if problem:
        return problem
    off = _compare_arrays(as_array(answer), np.asarray(expected), rtol, subject, scale)
    return " ".join(filter(None, [off, off and few_digits(answer)]))


def kind_of(answer: Any, expected: Any) -> Kind:
    """In which way a wrong answer is wrong: what no tolerance forgives is its form.

    >>> kind_of([1.0, 2.0], [1.0, 3.0]), kind_of([1.0, 2.0], 3.0)
    (<Kind.VALUE: 'value'>, <Kind.SHAPE: 'shape'>)
    """
    left = disagreement(answer, expected, rtol=math.inf)
    not_finite = finite(expected) or left in map(finite, _leaves(answer))
    return Kind.SHAPE if left and not not_finite else Kind.VALUE


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
        return f"Got {described(answer)}{subject}, {wanted}."
    if array.shape != shape:
        return f"Got {_describe_shape(array.shape)}{subject}, {wanted}."
    if array.dtype.kind != "f" and not (array.dtype.kind in "iu" and isinstance(answer, int)):
        return f"Got numbers of type {array.dtype}{subject}, expected floating-point numbers."
    return ""


def as_array(answer: Any) -> npt.NDArray[Any]:
    """An answer as an array; dtype object where it is none, such as None or a ragged list.

    The numbers of a bfloat16 array come as float32: to NumPy itself they are no numbers.
    """
    array = _raw_array(answer)
    return array.astype(np.float32) if array.dtype.name == "bfloat16" else array


def _raw_array(answer: Any) -> npt.NDArray[Any]:
    if isinstance(answer, np.ndarray):
        return answer
    nothing = np.asarray(None, dtype=object)
    if any(isinstance(leaf, str) for leaf in _leaves(answer)):
        return nothing  # NumPy would give every text the room of the longest
    try:
        return np.asarray(answer)
    except ValueError:  # a list whose parts have different shapes
        return nothing


def few_digits(answer: Any) -> str:
    """Say that an answer is kept in half precision, or "".

    >>> few_digits(np.float16(0.5))
    'It is kept in float16, which holds three digits; compute in float64, or leave the dtype alone.'
    """
    name = _raw_array(answer).dtype.name
    if name not in FEW_DIGITS:
        return ""
    kept = "They are" if np.ndim(answer) else "It is"
    return (
        f"{kept} kept in {name}, which holds {FEW_DIGITS[name]} digits; "
        "compute in float64, or leave the dtype alone."
    )


def finite(answer: Any) -> str:
    """Say that an answer, or anything inside it, contains NaN or infinity, or ""."""
    for leaf in _leaves(answer):
        array = as_array(leaf)
        if array.dtype.kind in "fc" and not np.all(np.isfinite(array)):
            kind = "NaN (not a number)" if np.any(np.isnan(array)) else "infinity"
            return f"The answer contains {kind}."
    return ""


def varied(numbers: npt.NDArray[Any]) -> bool:
    """Whether there are at least two clearly different numbers, all of them finite.

    >>> varied(np.array([0.5, 0.75])), varied(np.array([0.5, 0.501])), varied(np.array([0.5]))
    (True, False, False)
    """
    if numbers.size < 2 or not np.all(np.isfinite(numbers)):
        return False
    with np.errstate(over="ignore"):
        return bool(np.ptp(numbers) > DISTINCT * np.max(np.abs(numbers)))


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
        pairs = [(answer[key], wanted) for key, wanted in expected.items()]
    elif isinstance(expected, tuple):
        if not isinstance(answer, tuple | list) or len(answer) != len(expected):
            return float("inf")
        pairs = list(zip(answer, expected, strict=True))
    else:
        return _distance_of_arrays(answer, expected, rtol, scale)
    scale = _least_scale(expected, scale)
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
        return f"Got {described(answer)}{of}, expected a dict with the keys {keys}."
    if set(answer) != set(expected):
        got = _describe_keys(answer)
        return f"Got a dict with the keys {got}{of}, expected the keys {keys}."
    scale = _least_scale(expected, scale)
    for key, wanted in expected.items():
        sentence = disagreement(answer[key], wanted, rtol, f"the entry {key!r}", scale)
        if sentence:
            return sentence
    return ""


def _compare_tuples(
    answer: Any, expected: tuple[Any, ...], rtol: float | None, of: str, scale: float
) -> str:
    if answer is None:
        return f"Got None{of}, expected {len(expected)} values. Did you forget a `return`?"
    if not isinstance(answer, tuple | list) or len(answer) != len(expected):
        return f"Got {described(answer)}{of}, expected {len(expected)} values."
    scale = _least_scale(expected, scale)
    for number, (got, wanted) in enumerate(zip(answer, expected, strict=True)):
        which = f"the {ORDINALS[number]} value" if number < len(ORDINALS) else f"value {number + 1}"
        sentence = disagreement(got, wanted, rtol, which, scale)
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
    # Beside zeros, which have no size of their own, an amount says how far from them.
    shown = difference if np.any(expected) else np.abs(answer)
    amount = _describe_amount(float(np.max(shown)))
    if answer.ndim == 0:
        return f"The number{of} is off {amount}."
    amount += " of the largest one" if "about" in amount else ""
    return f"{int(wrong.sum())} of {answer.size} numbers{of} are off, {amount}."


def _relative_difference(
    answer: npt.NDArray[Any], expected: npt.NDArray[Any], scale: float
) -> npt.NDArray[np.float64]:
    """Differences of two arrays of one shape, relative to the largest expected number."""
    scale = max(scale, _largest(expected) or ZERO_SCALE)
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


def _least_scale(expected: Any, scale: float) -> float:
    """What every number and array in an answer is compared by at least; see `ROUNDING_SCALE`."""
    return max(scale, ROUNDING_SCALE * max(map(_largest, _leaves(expected)), default=0.0))


def _largest(value: Any) -> float:
    """The largest finite magnitude in an array, 0 if there is none."""
    array = as_array(value)
    if array.dtype.kind not in "iuf":
        return 0.0
    numbers = np.abs(array.astype(np.float64))  # of integers, the most negative has no magnitude
    return float(np.max(numbers[np.isfinite(numbers)], initial=0.0))


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


def described(value: Any) -> str:
    """What an answer is, in a few words: "a str", "None", "an array of shape (3,)"."""
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
