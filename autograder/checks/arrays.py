"""Numbers and arrays: an answer's form, its precision, and how far it is from what was expected.

A comparator returns "" when it agrees and one sentence when it does not; it neither prints nor
raises. Shape and dtype come before values, and nothing is ever broadcast. No sentence tells an
expected value: a hidden test's message may be read by a student. Trusted side during grading.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from autograder.checks.wording import described, described_shape
from autograder.remote import trees

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

# Numbers that differ by less than this, relative to the largest, tell nothing from a constant.
DISTINCT = 1e-2

# What an array holds, by the kind of its dtype: what is expected in words, and what is accepted.
# A number without a decimal point that the author wrote down may be either kind.
KINDS = {
    "b": ("True or False", "b"),
    "i": ("whole numbers", "iu"),
    "f": ("floating-point numbers", "f"),
    "c": ("complex numbers", "fc"),
    "number": ("numbers", "iuf"),
}


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
    if any(isinstance(leaf, str) for leaf in trees.leaves(answer)):
        return nothing  # NumPy would give every text the room of the longest
    try:
        return np.asarray(answer)
    except (TypeError, ValueError):  # a random key, or a list whose parts have different shapes
        return nothing


def wrong_form(answer: Any, shape: tuple[int, ...], kind: str = "f", of: str = "") -> str:
    """Say what is wrong with the type, shape or dtype of an answer that should be numbers, or "".

    `kind` is one of `KINDS`, by default real numbers; `of` says where in the answer, see `place`.
    A Python int passes for a float; an array of integers does not, since nobody who computes with
    real numbers gets one.

    >>> wrong_form(None, (3,), of=" for the entry 'w'")
    "Got None for the entry 'w', expected an array of shape (3,). Did you forget a `return`?"
    >>> wrong_form(2, ())
    ''
    """
    wanted = f"expected {described_shape(shape)}"
    if answer is None:
        return f"Got None{of}, {wanted}. Did you forget a `return`?"
    array = as_array(answer)
    if array.dtype == object or array.dtype.kind in "US":
        return f"Got {described(answer)}{of}, {wanted}."
    if array.shape != shape:
        return f"Got {described_shape(array.shape)}{of}, {wanted}."
    in_words, accepted = KINDS[kind]
    whole = kind in "fc" and type(answer) is int
    if array.dtype.kind not in accepted and not whole:
        return f"Got numbers of type {array.dtype}{of}, expected {in_words}."
    return ""


def is_real(leaf: Any) -> bool:
    """Whether a leaf is a real number or an array of them, neither truth values nor a key."""
    return as_array(leaf).dtype.kind in "iuf"


def finite(answer: Any) -> str:
    """Say that an answer, or anything inside it, contains NaN or infinity, or ""."""
    for leaf in trees.leaves(answer):
        array = as_array(leaf)
        if array.dtype.kind in "fc" and not np.all(np.isfinite(array)):
            kind = "NaN (not a number)" if np.any(np.isnan(array)) else "infinity"
            return f"The answer contains {kind}."
    return ""


def tolerance(answer: object) -> float:
    """The relative tolerance that the precision of an answer allows; of several, the largest.

    >>> tolerance(np.float32([0.5])), tolerance(0.5)
    (2e-05, 1e-05)
    """
    leaves = [leaf for leaf in trees.leaves(answer) if isinstance(leaf, np.ndarray)]
    return max((RELATIVE_TOLERANCE.get(leaf.dtype.name, 1e-5) for leaf in leaves), default=1e-5)


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


def varied(numbers: npt.NDArray[Any]) -> bool:
    """Whether there are at least two clearly different numbers, all of them finite.

    >>> varied(np.array([0.5, 0.75])), varied(np.array([0.5, 0.501])), varied(np.array([0.5]))
    (True, False, False)
    """
    if numbers.size < 2 or not np.all(np.isfinite(numbers)):
        return False
    with np.errstate(over="ignore"):
        return bool(np.ptp(numbers) > DISTINCT * np.max(np.abs(numbers)))


def distance_of_arrays(
    answer: npt.NDArray[Any], expected: npt.NDArray[Any], rtol: float | None, scale: float
) -> float:
    """The largest difference of two arrays of one shape, in units of the tolerance."""
    if finite(answer) or finite(expected):
        return math.inf
    off = _relative_difference(answer, expected, scale)
    return float(np.max(off, initial=0.0)) / (tolerance(answer) if rtol is None else rtol)


def _relative_difference(
    answer: npt.NDArray[Any], expected: npt.NDArray[Any], scale: float
) -> npt.NDArray[np.float64]:
    """Differences of two arrays of one shape, relative to the largest expected number."""
    scale = max(scale, largest(expected) or ZERO_SCALE)
    with np.errstate(over="ignore"):
        kind = np.complex128 if "c" in (answer.dtype.kind, expected.dtype.kind) else np.float64
        return np.abs(answer.astype(kind) - expected.astype(kind)) / scale


def wrong_numbers(
    answer: npt.NDArray[Any],
    expected: npt.NDArray[Any],
    rtol: float | None,
    of: str,
    scale: float,
) -> str:
    """Say that numbers are off, or ""; both arrays have one shape, and the right kind."""
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
    return wrong_numbers(answer[plain], expected[plain], rtol, of, scale)


def not_the_same(answer: npt.NDArray[Any], expected: npt.NDArray[Any], of: str) -> str:
    """Say that whole numbers or truth values are not the expected ones, or ""."""
    wrong = int(np.sum(answer != expected))
    if not wrong:
        return ""
    noun, said = (
        ("truth value", "the wrong way round") if answer.dtype == bool else ("number", "wrong")
    )
    if answer.ndim == 0:
        return f"The {noun}{of} is {said}."
    return f"{wrong} of {answer.size} {noun}s{of} are {said}."


def largest(value: Any) -> float:
    """The largest finite magnitude in an array, 0 if there is none."""
    array = as_array(value)
    if array.dtype.kind not in "iufc":
        return 0.0
    # Not of integers: the most negative one has no magnitude.
    numbers = np.abs(array if array.dtype.kind == "c" else array.astype(np.float64))
    return float(np.max(numbers[np.isfinite(numbers)], initial=0.0))


def _describe_amount(off: float) -> str:
    """How far off, coarsely: a student's huge answer must not measure the expected one."""
    if off >= 10:
        return "by more than ten times"
    return f"by about {off:.0%}" if off >= 0.01 else "by a little"
