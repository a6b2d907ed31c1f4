"""Instances of classes and random keys on their way: as fields, and as the numbers of the key."""

from __future__ import annotations

import dataclasses
import types
from typing import NamedTuple

import jax
import pytest

from autograder.remote import trees, wire
from autograder.remote.wire import WireError
from tests.remote.test_wire import UNREADABLE, travel


class Pair(NamedTuple):
    a: object
    b: object


@dataclasses.dataclass
class Point:
    x: object
    y: object


@dataclasses.dataclass
class Private:
    _x: object


RECORD = ["record", "Pair", "m", ["a", "b"], [["none"], ["bool", True]]]


@pytest.mark.parametrize("value", [Pair(1, "two"), Point(1, "two")])
def test_an_instance_arrives_as_a_named_tuple(value):
    got = travel(value)
    assert type(got).__name__ == type(value).__name__
    assert got._asdict() == dict(trees.items(value))


def test_who_trusts_the_sender_says_what_is_made():
    made = wire.decode(wire.encode([Pair(1, 2)]), make=lambda *record: record)
    assert made == [("Pair", Pair.__module__, {"a": 1, "b": 2})]


@pytest.mark.parametrize(
    "tree",
    [
        ["record", "Pair", "m", ["a"], [["none"], ["none"]]],
        ["record", "Pair", "m", ["a", "a"], [["none"], ["none"]]],
        ["record", "Pair", "m", ["_a", "b"], [["none"], ["none"]]],
        ["record", "Pair", "m", ["a", "class"], [["none"], ["none"]]],
        ["record", "Pair", "m", ["fi", "\ufb01"], [["none"], ["none"]]],  # one name to Python
        ["record", "a b", "m", ["a", "b"], [["none"], ["none"]]],
        ["record", "Pair", 1, ["a", "b"], [["none"], ["none"]]],
        ["record", ["Pair"], "m", ["a", "b"], [["none"], ["none"]]],
        ["record", "Pair", "m", ["a" * 101, "b"], [["none"], ["none"]]],
        ["record", "Pair", "m", [f"a{n}" for n in range(300)], [["none"]] * 300],
        ["record", "Pair", "m", ["a", "b"], [["none"], ["nothing"]]],
        ["key", "threefry2x32", ["array", "uint32", [3], "AAAAAAAAAAAAAAAA"]],
        ["key", "threefry2x32", ["array", "float32", [2], "AAAAAAAAAAA="]],
        ["key", "threefry2x32", ["int", "0x1"]],
        ["key", "no such kind", ["array", "uint32", [2], "AAAAAAAAAAA="]],
        ["key", [], ["array", "uint32", [2], "AAAAAAAAAAA="]],
    ],
    ids=lambda tree: str(tree)[:40],
)
def test_an_instance_or_a_key_that_is_none(tree):
    with pytest.raises(WireError, match=UNREADABLE):
        wire.decode(tree)


def test_an_instance_cannot_have_private_fields():
    with pytest.raises(
        WireError, match=r"The value at \[0\] is of type Private, with a field `_x`;"
    ):
        wire.encode([Private(1)])


def test_classes_are_bounded_since_each_takes_time_to_make():
    trees = [["record", f"P{n}", "m", ["a"], [["none"]]] for n in range(wire.MOST_CLASSES + 1)]
    assert len(wire.decode(["list", trees[:-1]])) == wire.MOST_CLASSES
    with pytest.raises(WireError, match="instances of more than 64 classes"):
        wire.decode(["list", trees])


@pytest.mark.parametrize("kind", wire.KEYS)
def test_random_keys_travel(kind):
    key = jax.random.key(3, impl=kind)
    for value in (key, jax.random.split(key)):
        got = travel(value)
        assert wire.is_key(got)
        assert jax.random.key_impl(got) == kind
        assert (jax.random.key_data(got) == jax.random.key_data(value)).all()


@pytest.mark.parametrize(
    ("value", "place"), [([1, [len]], "[1][0]"), (Pair(1, {"w": len}), ".b['w']")]
)
def test_a_sentence_says_where(value, place):
    with pytest.raises(WireError) as caught:
        wire.encode(value)
    assert str(caught.value).startswith(f"The value at {place} is of type builtin")


def test_a_mapping_of_any_kind_arrives_as_a_dict():
    assert travel(types.MappingProxyType({"w": 1.0})) == {"w": 1.0}


def test_a_field_called_dtype_makes_no_random_key():
    assert not wire.is_key(trees.record("Layer", ("dtype",))(1.0))
