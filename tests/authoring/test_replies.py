"""Two answers that say the same, and two that do not, to the gate."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from autograder.authoring.replies import call, same, shown, told
from autograder.remote.wire import GivenSource, dumps, encode


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ([1.0, 2.0], (1.0, 2.0)),
        ([1.0, 2.0], np.array([1.0, 2.0])),
        (0.5, np.array(0.5)),
        (1.0, 1.0 + 1e-12),
        (np.float32(1 / 3), 1 / 3),
        ({"w": 1.0, "b": "x"}, {"b": "x", "w": 1.0}),
        (([0.5], {"w": 1.0}), [[0.5], {"w": np.array(1.0)}]),
        (np.array([1.0, np.nan]), np.array([1.0, np.nan])),
        ("a", "a"),
        ([], ()),
    ],
)
def test_what_says_the_same(one: Any, two: Any) -> None:
    assert same(encode(one), encode(two))


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (1.0, 1.0 + 1e-7),
        (1.0, 1),
        (1, True),
        ([1.0, 2.0], [1.0, 2.0, 3.0]),
        (np.ones(2), np.ones((2, 1))),
        ({"w": 1.0}, {"b": 1.0}),
        ({"w": 1e6, "b": 1.0}, {"w": 1e6, "b": 1.0 + 1e-5}),
        (np.array([1.0, np.nan]), np.array([1.0, 2.0])),
        (None, 0.0),
        ("a", "b"),
        (2**62, 2**62 + 1),
    ],
)
def test_what_does_not(one: Any, two: Any) -> None:
    assert not same(encode(one), encode(two))


def test_a_zero_from_large_arguments_may_be_rounding() -> None:
    assert same(encode(0.0), encode(1e-12), rounding=1e-11)
    assert not same(encode(0.0), encode(1e-12))


def test_a_question_reads_as_a_call() -> None:
    args = [encode({"w": 0.123456}), encode(GivenSource("jnp.sum")), encode(np.arange(9))]
    asked = {"name": "f", "args": args, "kwargs": {"n": encode(2)}}
    expected = "f({'w': 0.1235}, given('jnp.sum'), [0, 1, 2, 3, 4, 5, …], n=2)"
    assert call(dumps(asked)) == expected
    assert call(dumps({"name": "theta"})) == "`theta`"


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        ({"status": "ok", "value": encode((None, "x"))}, "(None, 'x')"),
        ({"status": "raised", "ename": "KeyError"}, "a KeyError"),
        ({"status": "missing", "name": "g"}, "nothing (`g` is not defined)"),
        (
            {"status": "unsendable", "sentence": "The value is of type f."},
            "The value is of type f.",
        ),
    ],
)
def test_a_reply_in_a_few_words(reply: dict[str, Any], said: str) -> None:
    assert told(reply) == said


def test_all_digits_where_few_do_not_tell() -> None:
    assert shown(encode(1 / 3)) == "0.3333"
    assert shown(encode(1 / 3), exact=True) == "0.33333333333333331"
    assert shown(encode(np.ones((2, 4)))) == "[1, 1, 1, 1, 1, 1, …] of shape (2, 4)"
