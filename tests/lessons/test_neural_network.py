"""The lesson on neural networks: right answers, single faults, and what its checks can see."""

from __future__ import annotations

from statistics import median

import pytest

from tests.support.judging import (
    Fault,
    assert_costs_its_own,
    assert_full_marks,
    bundles,
    unmade,
)
from tests.support.lesson import Lesson, grade_id
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
    faults: dict[str, Fault] = {n: (e, s, t) for n, (e, s, t) in WRONG.items() if t}
    assert not unmade(LESSON, exercise, faults)


def test_test_cells_are_short() -> None:
    cells = [cell.source for cell in LESSON.cells if grade_id(cell).startswith("test_")]
    lengths = [len(source.splitlines()) for source in cells]
    assert max(lengths) < 60
    assert median(lengths) < 30
    assert max(len(line) for source in cells for line in source.splitlines()) <= 110
