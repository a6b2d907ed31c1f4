"""The path that a training should take."""

from __future__ import annotations

import numpy as np

from autograder.checks.paths import Walk, downhill, each


def down(slope, start, n_steps, step_size):
    return Walk(start, lambda here, _: slope(here), downhill(step_size), n_steps).path()


def test_a_walk_lists_every_point():
    assert down(lambda p: {"w": 2 * p["w"], "b": 1.0}, {"w": 1.0, "b": 0.0}, 3, 0.25) == [
        {"w": 1.0, "b": 0.0},
        {"w": 0.5, "b": -0.25},
        {"w": 0.25, "b": -0.5},
        {"w": 0.125, "b": -0.75},
    ]


def test_a_walk_of_no_steps_is_the_start():
    for n_steps in (0, -1):
        assert down(lambda p: 1 / 0, {"w": 1.0}, n_steps, 0.1) == [{"w": 1.0}]


def test_a_walk_keeps_arrays_arrays_and_numbers_numbers():
    start = {"v": np.ones(2), "w": 1.0}
    end = down(lambda p: {"w": np.asarray(1.0), "v": np.ones(2)}, start, 2, 0.5)[-1]
    assert np.array_equal(end["v"], [0.0, 0.0])
    assert end["w"] == 0.0
    assert type(end["w"]) is float
    assert np.array_equal(start["v"], [1.0, 1.0])


def test_a_step_hands_its_state_on_and_knows_its_number():
    def step(here, state, slope):
        return here + slope + state, state + 1

    assert Walk(0.0, lambda here, n: 10.0 * n, step, n_steps=3, state=0).path() == [0, 0, 11, 33]


def test_each_leaves_alone_what_is_no_number():
    tree = [{"w": 2.0, "name": "relu"}, None, True]
    assert each(np.negative, tree) == [{"w": -2.0, "name": "relu"}, None, True]
    assert each(np.add, tree, [{"name": "x", "w": 1.0}, 3.0, 4.0])[0]["w"] == 3.0
