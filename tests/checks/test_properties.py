"""Properties of answers, as sentences."""

from __future__ import annotations

import numpy as np
import pytest

from autograder.checks import properties


@pytest.mark.parametrize(
    ("holds", "answers", "sentence"),
    [
        (properties.between(0, 1), [np.array([0.0, 1.0]), 0.5], ""),
        (
            properties.between(0, 1),
            [np.array([0.5]), np.array([0.2, 1.25])],
            "Got 1.25, which does not lie between 0 and 1.",
        ),
        (properties.between(0, 1), [-0.5], "Got -0.5, which does not lie between 0 and 1."),
        (properties.between(0, 1), [np.nan], "Got nan, which does not lie between 0 and 1."),
        (properties.increasing, [np.array([1.0, 1.0, 2.0])], ""),
        (
            properties.increasing,
            [np.array([1.0, 2.0]), np.array([1.0, 0.5])],
            "The numbers should rise from left to right, and somewhere they fall.",
        ),
        (properties.decreasing, [[2.0, 1.0, 1.0]], ""),
        (
            properties.decreasing,
            [[2.0, 1.0, 1.5]],
            "The numbers should fall from left to right, and somewhere they rise.",
        ),
        (properties.adding_up_to(1.0), [np.array([0.2, 0.7]), np.array([0.8, 0.3])], ""),
        (
            properties.adding_up_to(1.0),
            [np.array([0.2, 0.7]), np.array([0.8, 0.4])],
            "Answers that mirror each other should add up to 1, and they do not.",
        ),
        (
            properties.adding_up_to(0.0),
            [np.array([np.nan]), np.array([0.0])],
            "Answers that mirror each other should add up to 0, and they do not.",
        ),
    ],
)
def test_properties(holds, answers, sentence):
    assert holds(answers) == sentence


def test_rounding_is_no_fall_or_rise():
    wiggle = np.array([1.0, 1.0 - 1e-12, 1.0])
    assert properties.increasing([wiggle]) == properties.decreasing([wiggle]) == ""
