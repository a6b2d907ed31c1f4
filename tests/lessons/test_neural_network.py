"""The lesson on neural networks: right answers, single faults, and what its checks can see."""

from __future__ import annotations

import jax
import numpy as np
import pytest

from autograder.record.outcome import Outcome
from tests.support.judging import (
    SEED,
    assert_costs_its_own,
    assert_full_marks,
    bundles,
    lost,
    unmade,
)
from tests.support.lesson import Lesson
from tests.support.network_answers import CORRECT
from tests.support.network_mistakes import WRONG

pytestmark = pytest.mark.slow

LESSON = Lesson("neural_network")
EXERCISES = (
    "init_params",
    "forward",
    "cross_entropy",
    "gradient",
    "momentum_step",
    "train",
    "fast_predict",
    "Dense",
)
BUNDLES = bundles(CORRECT)


def test_the_tables_hold_answers_to_every_exercise() -> None:
    assert LESSON.exercises == EXERCISES
    assert len(CORRECT) >= 12
    assert len(WRONG) >= 25
    assert {name for answers in CORRECT.values() for name in answers} == set(EXERCISES)
    assert {exercise for exercise, _, _ in WRONG.values()} == set(EXERCISES)
    sources = [source for _, source, _ in WRONG.values()]
    assert len(set(sources)) == len(sources)


@pytest.mark.parametrize("names", BUNDLES)
def test_right_answers_get_full_marks(names: str) -> None:
    assert_full_marks(LESSON, BUNDLES[names])


@pytest.mark.parametrize("name", WRONG)
def test_a_fault_costs_its_own_exercise_alone_and_is_named(name: str) -> None:
    assert_costs_its_own(LESSON, WRONG[name])


def test_nine_of_ten_faults_are_named() -> None:
    """By a mistake that is known, or by a sentence that says what is wrong."""
    unnamed = [name for name, (_, _, said) in WRONG.items() if not said]
    assert len(unnamed) <= len(WRONG) / 10, unnamed


@pytest.mark.parametrize("exercise", EXERCISES)
def test_every_listed_mistake_has_a_wrong_answer_that_makes_it(exercise: str) -> None:
    assert not unmade(LESSON, exercise, WRONG)


# What honest training reaches, and what it takes to be caught -----------------------------------


def accuracy(seed: int) -> float:
    """The share of unseen points that are right after the lesson's own training."""
    names = LESSON.submission({})
    key = jax.random.key(seed)
    x, labels = names["rings"](key, 300)
    unseen, truth = names["rings"](jax.random.key(seed + 100), 600)
    params = names["train"](key, names["init_params"](key, [2, 32, 3]), x, labels)[1]
    return float(np.mean(np.asarray(names["fast_predict"](params, unseen)) == np.asarray(truth)))


@pytest.mark.parametrize("seed", range(3))
def test_honest_training_is_right_for_what_it_has_not_seen(seed: int) -> None:
    assert accuracy(seed) >= 0.95


@pytest.mark.parametrize(
    "name", ["never shuffled", "one batch only", "labels stay behind", "uphill in training"]
)
def test_training_that_learns_too_little_is_caught_by_what_it_predicts(name: str) -> None:
    """Besides the checks that name the fault."""
    report = LESSON.judged("train", {"train": WRONG[name][1]}, SEED).report
    (unseen,) = [check for check in report.checks if "has not seen" in check.title]
    assert unseen.outcome is Outcome.FAILED
    assert unseen.points == 2
    assert unseen in lost(report)
