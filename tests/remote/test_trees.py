"""The walk through dicts, lists, tuples, named tuples and dataclasses."""

from __future__ import annotations

import dataclasses
from collections import OrderedDict
from typing import NamedTuple

import pytest

from autograder.remote import trees


class Pair(NamedTuple):
    a: object
    b: object


@dataclasses.dataclass
class Point:
    x: object
    y: object = 0.0

    def __post_init__(self):
        if not isinstance(self.x, float):
            raise TypeError(self.x)


TREES = [
    1.0,
    None,
    "text",
    {"w": 1.0, "b": [2.0, (3.0, None)]},
    Pair(1.0, [2.0]),
    [Point(1.0, {"z": 2.0})],
    OrderedDict(b=1.0, a=2.0),
]


@pytest.mark.parametrize("tree", TREES, ids=repr)
def test_a_tree_filled_with_its_own_leaves_is_the_same(tree):
    again = trees.refilled(tree, iter(trees.leaves(tree)))
    assert again == tree
    assert type(again) is type(tree)


@pytest.mark.parametrize("tree", TREES, ids=repr)
def test_nothing_is_made_anew_where_nothing_changes(tree):
    assert trees.mapped(lambda leaf: leaf, tree) is tree


def test_what_a_class_refuses_may_stand_in_a_tree_of_it():
    """JAX puts tracers into instances."""
    assert trees.mapped(str, Point(1.0)).x == "1.0"


def test_a_class_itself_is_a_leaf():
    assert trees.leaves([Pair, Point]) == [Pair, Point]


def test_keys_are_matched_and_not_their_order():
    made = trees.together(lambda a, b: (a, b), {"w": 1, "b": 2}, {"b": 3, "w": 4})
    assert made == {"w": (1, 4), "b": (2, 3)}
    assert [*made] == ["w", "b"]


def test_places_are_written_as_in_python():
    assert trees.step({"w": 1}, "w") == "['w']"
    assert trees.step([1], 0) == "[0]"
    assert trees.step(Pair(1, 2), "a") == ".a"


@pytest.mark.parametrize(
    ("name", "fields"),
    [("Pair", ("a", "a")), ("Pair", ("_a",)), ("class", ("a",)), ("P", ("a",) * 300)],
)
def test_a_record_of_impossible_names_is_refused(name, fields):
    with pytest.raises(ValueError, match=r"[Ff]ield|valid"):
        trees.record(name, fields)
