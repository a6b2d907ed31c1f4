"""The inputs that a changed solution is tried on are of the kinds that the checks used."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from autograder.authoring.variations import MOST, Leaf, leaves_of, variations
from autograder.remote.wire import GivenSource, encode


def question(*args: Any, **kwargs: Any) -> str:
    named = {name: encode(value) for name, value in kwargs.items()}
    return json.dumps({"name": "f", "args": [encode(arg) for arg in args], "kwargs": named})


def varied(*args: Any, **kwargs: Any) -> list[list[Leaf]]:
    return [leaves_of(json.loads(q)) for q in variations(question(*args, **kwargs), [], seed=1)]


def test_the_question_itself_comes_first() -> None:
    asked = question(np.arange(3.0), n=2)
    assert next(variations(asked, [], seed=1)) == asked


@pytest.mark.parametrize(
    "value", [1.5, 3, True, [1.0, 2.0], np.arange(3.0), np.arange(3), np.float32([1, 2])]
)
def test_numbers_stay_of_their_kind(value: Any) -> None:
    kinds = {(leaf.kind, leaf.numbers.dtype) for (leaf,) in varied(value)}
    assert len(kinds) == 1


def test_arrays_of_one_length_change_it_together() -> None:
    lengths = {tuple(leaf.numbers.size for leaf in leaves) for leaves in varied(*np.ones((2, 5)))}
    assert lengths == {(n, n) for n in (1, 2, 5, 8)}


def test_equal_numbers_do_not_stay_equal() -> None:
    pairs = [(float(w.numbers), float(b.numbers)) for w, b in varied({"w": 0.5, "b": 0.5})]
    assert sum(w != b for w, b in pairs) > MOST / 2


def test_signs_zeros_and_large_numbers_come_up() -> None:
    numbers = np.concatenate([leaf.numbers for (leaf,) in varied(np.array([1.0, 2.0]))])
    assert numbers.min() < 0 < numbers.max()
    assert 0 in numbers
    assert np.abs(numbers).max() > 100


def test_labels_become_soft_as_well() -> None:
    numbers = np.concatenate([leaf.numbers for (leaf,) in varied(np.array([0.0, 1.0, 1.0]))])
    assert np.any((numbers > 0) & (numbers < 1))
    assert np.mean((numbers == 0) | (numbers == 1)) > 0.5


def test_a_number_of_steps_is_never_negative() -> None:
    steps = {int(leaf.numbers) for (leaf,) in varied(n_steps=9)}
    assert min(steps) == 0
    assert {1, 2, 10} <= steps
    assert len(steps) > 20


def test_constants_of_the_change_are_tried_and_their_neighbours() -> None:
    asked = question(0.3, n_steps=9)
    tried = [leaves_of(json.loads(q)) for q in variations(asked, [0.25, 50.0, 1000.0], seed=1)]
    assert {0.25, 1000.0} <= {float(x.numbers) for x, _ in tried}
    assert {49, 50, 51, 1000} <= {int(n.numbers) for _, n in tried}


def test_what_is_given_and_text_stay() -> None:
    asked = question(GivenSource("lambda x: x"), "mean", None, {3: 0.5})
    for other in variations(asked, [], seed=1):
        *first, last = json.loads(other)["args"]
        assert first == [["source", "lambda x: x"], ["str", "mean"], ["none"]]
        assert last[1][0][0] == ["int", "0x3"]


def test_without_numbers_there_is_nothing_to_vary() -> None:
    asked = question("mean", GivenSource("lambda x: x"))
    assert list(variations(asked, [1.0], seed=1)) == [asked]
