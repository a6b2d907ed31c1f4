"""Comparators: one sentence each, structure before values, no expected value ever told."""

from __future__ import annotations

import re

import ml_dtypes
import numpy as np
import pytest

from autograder.checks.arrays import RELATIVE_TOLERANCE, as_array, finite, tolerance, wrong_form
from autograder.checks.compare import disagreement, distance

SEED = 7
BFLOAT16 = ml_dtypes.bfloat16
A3 = np.array([1.0, 2.0, 4.0])
THETA = {"w": 2.0, "b": 1.0}
FORGOT = " Did you forget a `return`?"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (0.5, 0.5),
        (np.float64(0.5), 0.5),
        (np.asarray(0.5), 0.5),
        (1, 1.0),
        (A3, A3),
        (A3, [1.0, 2.0, 4.0]),
        ([1.0, 2.0, 4.0], A3),
        ((1.0, 2.0, 4.0), A3),
        ([np.asarray(1.0), np.asarray(2.0), np.asarray(4.0)], A3),
        (A3.astype("float32"), A3),
        (np.zeros((0,)), np.zeros((0,))),
        (np.zeros(3), np.zeros(3)),
        (THETA, THETA),
        ({"b": 1.0, "w": 2.0}, THETA),
        ((A3, THETA), (A3, THETA)),
        ([A3, THETA], (A3, THETA)),
        ({"layer": {"w": A3}}, {"layer": {"w": A3}}),
        ((), ()),
        ({}, {}),
    ],
    ids=repr,
)
def test_agreement_is_no_sentence(answer, expected):
    assert disagreement(answer, expected) == ""


@pytest.mark.parametrize(
    ("answer", "expected", "sentence"),
    [
        # None
        (None, 0.5, "Got None, expected a single number." + FORGOT),
        (None, A3, "Got None, expected an array of shape (3,)." + FORGOT),
        (None, THETA, "Got None, expected a dict with the keys 'w', 'b'." + FORGOT),
        (None, (1.0, 2.0), "Got None, expected 2 values." + FORGOT),
        (
            {"w": None, "b": 1.0},
            THETA,
            "Got None for the entry 'w', expected a single number." + FORGOT,
        ),
        # type
        ("abc", 0.5, "Got a str, expected a single number."),
        (["a", "b", "c"], A3, "Got a list of length 3, expected an array of shape (3,)."),
        ({}, 0.5, "Got a dict with the keys none, expected a single number."),
        (THETA, 0.5, "Got a dict with the keys 'w', 'b', expected a single number."),
        ([[1.0], [1.0, 2.0]], A3, "Got a list of length 2, expected an array of shape (3,)."),
        ([1.0, None, 2.0], A3, "Got a list of length 3, expected an array of shape (3,)."),
        ((THETA,), A3, "Got a tuple of length 1, expected an array of shape (3,)."),
        # shape
        (0.5, A3, "Got a single number, expected an array of shape (3,)."),
        (A3, 0.5, "Got an array of shape (3,), expected a single number."),
        ([0.5], 0.5, "Got an array of shape (1,), expected a single number."),
        (A3[:, None], A3, "Got an array of shape (3, 1), expected an array of shape (3,)."),
        (A3[None], A3, "Got an array of shape (1, 3), expected an array of shape (3,)."),
        (A3[:2], A3, "Got an array of shape (2,), expected an array of shape (3,)."),
        # dtype
        (True, 1.0, "Got numbers of type bool, expected floating-point numbers."),
        (A3.astype(bool), A3, "Got numbers of type bool, expected floating-point numbers."),
        (A3.astype(int), A3, "Got numbers of type int64, expected floating-point numbers."),
        (np.asarray(1), 1.0, "Got numbers of type int64, expected floating-point numbers."),
        (A3 + 0j, A3, "Got numbers of type complex128, expected floating-point numbers."),
        # dicts
        (3.0, THETA, "Got a float, expected a dict with the keys 'w', 'b'."),
        (A3, THETA, "Got an array of shape (3,), expected a dict with the keys 'w', 'b'."),
        ((2.0, 1.0), THETA, "Got a tuple of length 2, expected a dict with the keys 'w', 'b'."),
        ({"w": 2.0}, THETA, "Got a dict with the keys 'w', expected the keys 'w', 'b'."),
        ({}, THETA, "Got a dict with the keys none, expected the keys 'w', 'b'."),
        (
            {**THETA, 1: 0.0},
            THETA,
            "Got a dict with the keys 'w', 'b', 1, expected the keys 'w', 'b'.",
        ),
        (
            {"w": A3, "b": 1.0},
            THETA,
            "Got an array of shape (3,) for the entry 'w', expected a single number.",
        ),
        # tuples
        (1.0, (1.0, 2.0), "Got a float, expected 2 values."),
        ((1.0,), (1.0, 2.0), "Got a tuple of length 1, expected 2 values."),
        ([1.0, 2.0, 3.0], (1.0, 2.0), "Got a list of length 3, expected 2 values."),
        (np.ones(2), (1.0, 2.0), "Got an array of shape (2,), expected 2 values."),
        (
            (1.0, A3),
            (1.0, 2.0),
            "Got an array of shape (3,) for the second value, expected a single number.",
        ),
        # not finite
        (np.nan, 0.5, "The answer contains NaN (not a number)."),
        (np.array([1.0, np.nan, np.inf]), A3, "The answer contains NaN (not a number)."),
        (-np.inf, 0.5, "The answer contains infinity."),
        # values
        (0.6, 0.5, "The number is off by about 20%."),
        (0.501, 0.5, "The number is off by a little."),
        (-0.5, 0.5, "The number is off by about 200%."),
        (
            A3 + np.array([0, 0, 1.0]),
            A3,
            "1 of 3 numbers are off, by about 25% of the largest one.",
        ),
        (A3 * 1.001, A3, "3 of 3 numbers are off, by a little."),
        ({"w": 2.0, "b": 2.0}, THETA, "The number for the entry 'b' is off by about 100%."),
        (
            {"w": 2.0, "b": 0.5},
            {"w": 2.0, "b": 0.0},
            "The number for the entry 'b' is off by about 50%.",
        ),
        (np.array([0.0, 3e-8]), np.zeros(2), "1 of 2 numbers are off, by a little."),
        # precision
        (
            np.float16(0.3),
            0.3,
            "The number is off by a little. It is kept in float16, which holds three digits; "
            "compute in float64, or leave the dtype alone.",
        ),
        (
            {"w": np.asarray([2.3, 1.0], BFLOAT16), "b": 1.0},
            {"w": np.array([2.3, 1.0]), "b": 1.0},
            "1 of 2 numbers for the entry 'w' are off, by a little. They are kept in bfloat16, "
            "which holds two digits; compute in float64, or leave the dtype alone.",
        ),
        ((1.0, 3.0), (1.0, 2.0), "The number for the second value is off by about 50%."),
        (
            (A3 * 2, 1.0),
            (A3, 1.0),
            "3 of 3 numbers for the first value are off, by about 100% of the largest one.",
        ),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_every_sentence(answer, expected, sentence):
    assert disagreement(answer, expected) == sentence


def test_an_integer_too_large_for_an_array_is_described():
    assert disagreement(10**400, 0.5) == "Got an int, expected a single number."


def test_shape_comes_before_values_and_dtype():
    wrong_in_all = np.array([[True, False]])
    assert disagreement(wrong_in_all, A3) == (
        "Got an array of shape (1, 2), expected an array of shape (3,)."
    )
    assert "shape" in disagreement(np.full(2, np.nan), A3)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (1.0, np.ones(3)),
        (np.ones(1), np.ones(3)),
        (np.ones((3, 1)), np.ones(3)),
        (np.ones((1, 3)), np.ones(3)),
        (np.ones(3), np.ones((3, 3))),
        (np.ones((3, 3)), np.ones(3)),
        (np.ones(1), 1.0),
        (np.ones((1, 1)), 1.0),
        (np.ones(0), np.ones(1)),
    ],
    ids=lambda value: f"{np.shape(value)}",
)
def test_nothing_is_broadcast(answer, expected):
    assert "shape" in disagreement(answer, expected)


@pytest.mark.parametrize("position", range(8))
def test_every_value_of_a_tuple_is_compared(position):
    expected = (1.0,) * 8
    answer = [1.0] * 8
    answer[position] = 2.0
    assert disagreement(tuple(answer), expected).endswith("off by about 100%.")


@pytest.mark.parametrize(("dtype", "rtol"), RELATIVE_TOLERANCE.items())
def test_tolerance_follows_the_precision_of_the_answer(dtype, rtol):
    answer = np.asarray([1.0, 2.0], dtype)
    assert tolerance(answer) == rtol
    assert tolerance({"w": [answer, 1.0]}) == rtol
    for expected, agrees in ((1 + rtol / 4, True), (1 + 4 * rtol, False)):
        assert (disagreement(answer, answer.astype("float64") * expected) == "") is agrees


@pytest.mark.parametrize("dtype", RELATIVE_TOLERANCE)
def test_no_answer_buys_tolerance_by_its_precision(dtype):
    rng = np.random.default_rng(SEED)
    for right in rng.normal(size=(50, 5)):
        wrong = (right * (1 + 1e-3)).astype(dtype)
        assert disagreement(wrong, right) != ""
        assert distance(wrong, right) > 1
        mixed = {"w": right, "b": right.astype("float16")}
        assert disagreement({"w": wrong, "b": mixed["b"]}, mixed) != ""


def test_a_float32_rounding_of_a_right_answer_is_right():
    rng = np.random.default_rng(SEED)
    for right in rng.normal(size=(50, 5)) * 10.0 ** rng.uniform(-20, 20, size=(50, 1)):
        assert disagreement(right.astype("float32"), right) == ""
        assert disagreement({"w": right.astype("float32"), "b": 1.0}, {"w": right, "b": 1.0}) == ""


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_each_entry_is_judged_by_its_own_precision(dtype):
    """A right entry in half precision lends its rounding to no other."""
    expected = {"w": 0.1, "b": 1.0}
    half = np.asarray(1.0, dtype)
    assert disagreement({"w": 0.1, "b": half}, expected) == ""
    assert disagreement({"w": 0.1 * (1 + 5e-5), "b": half}, expected) != ""
    assert distance({"w": 0.1 * (1 + 5e-5), "b": half}, expected) == pytest.approx(5)


def test_sums_of_a_hundred_terms_in_float32_stay_far_below_its_tolerance():
    rng = np.random.default_rng(SEED)
    terms = rng.uniform(0.5, 2, size=(100, 100)).astype("float32")
    for row in terms:
        total = np.float32(0)
        for term in row:
            total += term
        assert distance(total, np.sum(row, dtype="float64")) < 0.05


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"t": 100, "m": 0.01, "v": 1e-5}, {"t": 100, "m": 0.01, "v": 0.0}),
        ({"t": 100, "m": 0.01001}, {"t": 100, "m": 0.01}),
        ({"t": 100, "v": 1.01e-6}, {"t": 100, "v": 1e-6}),
        ((100.0, 1.01e-6), (100.0, 1e-6)),
        ({"t": 100, "deep": {"v": 1.01e-6}}, {"t": 100, "deep": {"v": 1e-6}}),
        (6.63e-34, 6.6e-34),
    ],
    ids=repr,
)
def test_every_entry_is_compared_on_its_own_scale(answer, expected):
    assert disagreement(answer, expected) != ""
    assert distance(answer, expected) > 1
    assert disagreement(expected, expected) == ""


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"w": 3.0, "b": 1e-16}, {"w": 3.0, "b": 0.0}),
        ({"w": 3.0, "b": 0.0}, {"w": 3.0, "b": 1e-17}),
        ({"w": 3.0, "b": 4e-15}, {"w": 3.0, "b": -1e-17}),
        ((np.array([3.0, 1.0]), -2e-16), (np.array([3.0, 1.0]), 1e-17)),
        ({"w": 3.0, "deep": {"b": 4e-15}}, {"w": 3.0, "deep": {"b": -1e-17}}),
        (1e-16, 0.0),
    ],
    ids=repr,
)
def test_rounding_where_a_number_should_vanish_is_no_difference(answer, expected):
    assert disagreement(answer, expected) == ""
    assert distance(answer, expected) <= 1


def test_the_scale_that_is_given_is_the_least():
    assert disagreement({"w": 1.0, "b": 1e-9}, {"w": 1.0, "b": 0.0}, scale=1e-3) == ""
    assert disagreement((1.0, 3e-9), (1.0, 2e-9), scale=1e-3) == ""
    assert disagreement((1.0, 3e-9), (1.0, 2e-9)) != ""


def test_tolerance_of_plain_numbers_is_that_of_float64():
    assert tolerance(1.0) == tolerance([]) == tolerance(None) == RELATIVE_TOLERANCE["float64"]


def test_tolerance_does_not_grow_with_the_array():
    rng = np.random.default_rng(SEED)
    big = rng.normal(size=100_000)
    wrong = big.copy()
    wrong[3] += 2e-5 * np.max(np.abs(big))
    assert disagreement(wrong, big) == "1 of 100000 numbers are off, by a little."


def test_rtol_overrides():
    assert disagreement(1.05, 1.0, rtol=0.1) == ""
    assert disagreement(1.05, 1.0, rtol=0.01) == "The number is off by about 5%."
    assert disagreement({"w": (1.05,)}, {"w": (1.0,)}, rtol=0.1) == ""


def test_the_difference_is_measured_against_the_largest_expected_number():
    assert disagreement(np.array([1e6, 1.0]), np.array([1e6, 0.0])) == ""
    assert disagreement(np.array([1.0, 1e-4]), np.array([1.0, 0.0])) != ""


def test_against_zeros_the_difference_is_absolute():
    assert disagreement(np.full(2, 1e-9), np.zeros(2)) == ""
    assert disagreement(np.full(2, 1e-7), np.zeros(2)) != ""


@pytest.mark.parametrize("expected", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("answer", [0.0, 3.0, 1e300])
def test_a_finite_answer_never_agrees_with_what_is_not_finite(answer, expected):
    assert disagreement(answer, expected) != ""


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ([np.nan, 1.0], [1.0, np.nan]),
        ([np.nan, np.nan], [np.inf, 1.0]),
        ([-np.inf, 1.0], [np.inf, 1.0]),
        ([np.inf, 9.0], [np.inf, 1.0]),
    ],
    ids=repr,
)
def test_what_is_not_finite_has_to_be_so_in_the_same_place(answer, expected):
    assert disagreement(np.array(answer), np.array(expected)) != ""


def test_the_same_infinities_agree():
    values = np.array([np.inf, -np.inf, 1.0])
    assert disagreement(values, values.copy()) == ""


# No sentence helps to find out what was expected

SECRET = float(np.log(2))


@pytest.mark.parametrize("scale", [0.0, 1.0, 1e3, 1e6, 1e12, 1e15, -1e15, 1e100, 1e300])
@pytest.mark.parametrize("size", [1, 3])
def test_sentences_do_not_leak_what_was_expected(scale, size):
    shape = () if size == 1 else (size,)
    sentence = disagreement(np.full(shape, scale), np.full(shape, SECRET))
    counts = re.sub(r"^\d+ of \d+ ", "", sentence)
    digits = [number.strip("0") for number in re.findall(r"\d+", counts)]
    assert all(len(number) <= 3 for number in digits), f"{sentence} tells {SECRET} to many digits"


@pytest.mark.parametrize("answer", [1e30, 1e200, 1e308, -1e308])
def test_a_diverged_answer_makes_a_short_sentence(answer):
    assert len(disagreement(answer, 0.5)) < 60


def test_an_overflowing_difference_is_no_warning():
    assert disagreement(np.array([1.7e308]), np.array([-1.7e308])) != ""


@pytest.mark.parametrize(
    "answer",
    [
        {"k" * 100_000: 1.0},
        dict.fromkeys(range(10000), 1.0),
        {10**5000: 1.0},
    ],
    ids=["long key", "many keys", "huge key"],
)
@pytest.mark.parametrize("expected", [0.5, THETA], ids=["number", "dict"])
def test_the_keys_of_an_answer_cannot_make_a_sentence_endless(answer, expected):
    assert 0 < len(disagreement(answer, expected)) < 1000


# Parts


@pytest.mark.parametrize(
    ("answer", "shape", "sentence"),
    [
        (np.zeros(3), (3,), ""),
        ([0.0, 1.0], (2,), ""),
        (2, (), ""),
        (np.zeros(2), (3,), "Got an array of shape (2,) for it, expected an array of shape (3,)."),
        (
            np.zeros(3, bool),
            (3,),
            "Got numbers of type bool for it, expected floating-point numbers.",
        ),
    ],
    ids=repr,
)
def test_wrong_form(answer, shape, sentence):
    assert wrong_form(answer, shape, of=" for it") == sentence


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (1.0, ""),
        ("text", ""),
        (None, ""),
        ({"w": [np.zeros(2), (1.0,)]}, ""),
        (np.array([1, 2]), ""),
        ({"w": [np.zeros(2), (np.nan,)]}, "The answer contains NaN (not a number)."),
        (np.array([np.inf]), "The answer contains infinity."),
        (np.array([complex(0.0, np.inf)]), "The answer contains infinity."),
        (np.array(np.nan, "float16"), "The answer contains NaN (not a number)."),
    ],
    ids=repr,
)
def test_finite(answer, sentence):
    assert finite(answer) == sentence


@pytest.mark.parametrize("answer", [None, {}, "x", [[1.0], [1.0, 2.0]], [None], {1.0}], ids=repr)
def test_as_array_of_what_is_none(answer):
    assert as_array(answer).dtype.kind in "OU"


def test_a_list_of_texts_takes_no_room():
    """As an array, each of them would be as long as the longest: 4 TB."""
    answer = ["x" * 10**6, *[""] * 10**6]
    assert as_array(answer).dtype == object
    assert disagreement(answer, A3) == (
        "Got a list of length 1000001, expected an array of shape (3,)."
    )


# How far apart


@pytest.mark.parametrize(
    ("answer", "expected", "far"),
    [
        (1.0, 1.0, 0.0),
        (1.0 + 1e-5, 1.0, 1.0),
        (np.array([100.0, 0.1]), np.array([100.0, 0.0]), 100.0),
        ({"w": 1.0, "b": 3.0}, {"w": 1.0, "b": 2.0}, 5e4),
        ({"w": 100.0, "b": 2e-8}, {"w": 100.0, "b": 0.0}, 2.0),
        ((1.0, 2.0), (1.0, 1.0), 1e5),
        ([], np.zeros(0), 0.0),
        (np.float32(1.0 + 1e-4), 1.0, 5.0),
        (None, 1.0, np.inf),
        (1.0, {"w": 1.0}, np.inf),
        ({"v": 1.0}, {"w": 1.0}, np.inf),
        ((1.0,), (1.0, 2.0), np.inf),
        (np.zeros(3), np.zeros((3, 1)), np.inf),
        (np.array([1]), np.array([1.0]), np.inf),
        (np.nan, np.nan, np.inf),
        (np.inf, np.inf, np.inf),
    ],
    ids=repr,
)
def test_distance_in_units_of_the_tolerance(answer, expected, far):
    assert distance(answer, expected) == pytest.approx(far, rel=1e-2)


def test_distance_agrees_with_disagreement():
    """What agrees lies within one tolerance, and the other way round."""
    rng = np.random.default_rng(0)
    for _ in range(200):
        expected = rng.normal(size=3)
        answer = expected + rng.normal(size=3) * 10.0 ** rng.integers(-7, -3)
        assert (distance(answer, expected) <= 1) == (disagreement(answer, expected) == "")
