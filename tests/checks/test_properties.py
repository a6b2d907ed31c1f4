"""Properties of answers, as sentences."""

from __future__ import annotations

from functools import partial

import jax.numpy as jnp
import numpy as np
import pytest

from autograder.checks import properties
from autograder.checks.faults import StudentFault

SO_FAR = "From the first number to the last they {}; at least 80% is asked for."


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


def sums_to_one(answers):
    return abs(np.sum(answers[0]) - 1) < 1e-9


def documented(answers, total=1.0):
    """The numbers add up
    to one.

    For probabilities.
    """
    return abs(np.sum(answers[0]) - total) < 1e-9


class Rule:
    """A rule."""

    def __call__(self, answers):
        return sums_to_one(answers)


LAMBDA = "A property that the answers should have does not hold."
HALVES, TWO = [np.array([0.5, 0.5])], [np.array([1.0, 1.0])]


@pytest.mark.parametrize(
    ("holds", "sentence"),
    [
        (sums_to_one, "This should hold of the answers, and does not: “sums to one”."),
        (
            documented,
            "This should hold of the answers, and does not: “The numbers add up to one”.",
        ),
        (
            partial(documented, total=1.0),
            "This should hold of the answers, and does not: “The numbers add up to one”.",
        ),
        (Rule(), "This should hold of the answers, and does not: “Rule”."),
        (lambda answers: np.sum(answers[0]) < 1.5, LAMBDA),
        (lambda answers: jnp.sum(answers[0]) < 1.5, LAMBDA),
        (lambda answers: bool(np.sum(answers[0]) < 1.5), LAMBDA),
        (lambda answers: "" if sums_to_one(answers) else "Not one.", "Not one."),
    ],
)
def test_a_property_may_say_whether_it_holds(holds, sentence):
    assert properties.violated(holds, HALVES) == ""
    assert properties.violated(holds, TWO) == sentence != ""


@pytest.mark.parametrize("said", [None, 1, 0, 0.5, [], {}, np.array([True]), jnp.ones(())])
def test_a_property_that_says_anything_else_is_the_authors_mistake(said):
    with pytest.raises(TypeError, match="expected True or False, or a sentence") as caught:
        properties.violated(lambda answers: said, HALVES)
    assert "the property <function " in str(caught.value)

    def named(answers):
        return said

    with pytest.raises(TypeError, match=r"^the property `named` returned "):
        properties.violated(named, HALVES)


def test_rounding_is_no_fall_or_rise():
    wiggle = np.array([1.0, 1.0 - 1e-12, 1.0])
    assert properties.increasing([wiggle]) == properties.decreasing([wiggle]) == ""


# falls


@pytest.mark.parametrize(
    ("losses", "sentence"),
    [
        ([8.0, 9.0, 1.0, 1.6], ""),
        ([8.0, 1.0, 2.0], SO_FAR.format("fall by 75%")),
        ([8.0, 1.601], SO_FAR.format("fall by 79%")),
        ([8.0, 8.0], SO_FAR.format("do not fall")),
        ([8.0, 80.0], SO_FAR.format("do not fall")),
        ([0.0, -1.0], "The numbers should begin above 0; the first is 0."),
        ([np.nan, 1.0], "The numbers should begin above 0; the first is nan."),
        ([8.0], "Expected two numbers or more in a row, got an array of shape (1,)."),
        (8.0, "Expected two numbers or more in a row, got a single number."),
        (np.eye(2), "Expected two numbers or more in a row, got an array of shape (2, 2)."),
    ],
)
def test_losses_fall_by_a_share(losses, sentence):
    falls = properties.falls(by=0.8, of=lambda answer: answer["losses"])
    right = {"losses": np.array([5.0, 1.0])}
    assert falls([right, {"losses": losses}]) == sentence
    assert properties.falls(by=0.8)([losses]) == sentence


def test_losses_that_are_not_where_they_should_be_are_the_student_s():
    falls = properties.falls(by=0.8, of=lambda answer: answer["losses"])
    with pytest.raises(StudentFault, match="does not have the structure that is asked for"):
        falls([np.array([5.0, 1.0])])


@pytest.mark.parametrize("by", [0, -0.5, 1.1])
def test_a_fall_by_no_share_is_the_author_s_mistake(by):
    with pytest.raises(ValueError, match="expected a share above 0, at most 1"):
        properties.falls(by=by)
