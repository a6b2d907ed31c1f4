"""The lesson on linear regression: what it shows, and what comes of right and wrong answers."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from autograder.judge.solutions import directory_importable
from autograder.remote.given import evaluate
from tests.support.judging import (
    assert_costs_its_own,
    assert_full_marks,
    assert_told_while_working,
    bundles,
    ended_plain,
    mistake_meant,
    unmade,
)
from tests.support.lesson import Lesson
from tests.support.linear_right import CORRECT, RIGHT_SHARES
from tests.support.linear_variants import LOSS, PLAIN
from tests.support.linear_wrong import WRONG, WRONG_SHARES

pytestmark = pytest.mark.slow

LESSON = Lesson("linear_regression")
EXERCISES = ("linear_model", "mse", "dmse", "train", "least_squares", "theta_fit")
BUNDLES = bundles(CORRECT)


# Right and wrong answers ----------------------------------------------------------------------


def test_the_tables_hold_answers_to_every_exercise() -> None:
    assert LESSON.exercises == EXERCISES
    assert {name for answers in CORRECT.values() for name in answers} == {*EXERCISES}
    assert {exercise for exercise, _, _ in WRONG.values()} == {*EXERCISES}
    sources = [source for _, source, _ in WRONG.values()]
    assert len(set(sources)) == len(sources)


@pytest.mark.parametrize("names", BUNDLES)
def test_right_answers_get_full_marks(names: str) -> None:
    assert_full_marks(LESSON, BUNDLES[names])


@pytest.mark.parametrize("name", WRONG)
def test_a_fault_costs_its_own_exercise_alone_and_is_named(name: str) -> None:
    assert_costs_its_own(LESSON, WRONG[name])


@pytest.mark.parametrize("exercise", EXERCISES)
def test_every_listed_mistake_has_a_wrong_answer_that_makes_it(exercise: str) -> None:
    assert not unmade(LESSON, exercise, WRONG)


def test_nine_of_ten_faults_are_named() -> None:
    named = [name for name, (_, _, said) in WRONG.items() if said]
    assert len(named) >= 0.9 * len(WRONG)


# While the student works ----------------------------------------------------------------------


CLASSIC = {
    "no bias": "the bias b is missing",
    "sum for mean": "the squares are added up",
    "own model": "`linear_model` is called",
    "own formula": "the formula of the linear model",
    "turned round": "sign is turned round",
    "return in the loop": "Is the `return` inside the loop?",
    "uphill": "uphill",
    "ones before, taken from the end": "stands before x",
    "the default step size": "at most 0.001 is asked for",
}


@pytest.mark.parametrize("name", CLASSIC)
def test_a_classic_slip_is_named_while_the_student_works(name: str) -> None:
    assert_told_while_working(LESSON, WRONG[name], CLASSIC[name])


# The plain test cell --------------------------------------------------------------------------


@pytest.mark.parametrize("name", RIGHT_SHARES)
def test_right_answers_pass_the_plain_test_cell(name: str) -> None:
    ended = ended_plain(LESSON, "r_squared", RIGHT_SHARES[name])
    assert ended.error is None, str(ended)
    assert (ended.points, ended.warned) == (2, "")


@pytest.mark.parametrize("name", WRONG_SHARES)
def test_wrong_answers_stop_the_plain_test_cell_with_a_sentence(name: str) -> None:
    source, said = WRONG_SHARES[name]
    ended = ended_plain(LESSON, "r_squared", source)
    assert isinstance(ended.error, AssertionError)
    assert said in str(ended.error)


# The numbers of the lesson, by a way that shares no code with it ------------------------------


@cache
def questions() -> Any:
    """What `questions.py` of this lesson defines."""
    with directory_importable(LESSON.source.parent):
        import questions

        return questions


def sales() -> tuple[np.ndarray, np.ndarray]:
    """The days and the sales as the notebook makes them, here in double precision."""
    with directory_importable(LESSON.source.parent):
        from lesson import ice_cream_days

        warmth, price, chance = ice_cream_days()
    return np.stack([warmth, price], axis=1), 2 * warmth - price + 0.5 + chance


def test_the_days_are_those_of_the_notebook() -> None:
    names = LESSON.dry_run.hand_in(
        LESSON.dry_run.tests, sources={"linear_model": "seen = x, y\nlinear_model = None"}
    )
    data = next(cell.source for cell in LESSON.cells if cell.id == "data")
    exec(data, names | {"print": lambda *_: None}, found := {})
    x, y = sales()
    np.testing.assert_allclose(found["x"], x, atol=1e-6)
    np.testing.assert_allclose(found["y"], y, atol=1e-6)
    np.testing.assert_allclose(x.mean(axis=0), 0, atol=1e-12)


def test_the_closed_form_is_the_deepest_point() -> None:
    x, y = sales()
    (w1, w2, b), *_ = np.linalg.lstsq(np.column_stack([x, np.ones(60)]), y)
    deepest = questions().deepest
    np.testing.assert_allclose([*deepest["w"], deepest["b"]], [w1, w2, b], atol=1e-7)


def test_the_bowl_is_the_mean_squared_error_but_for_a_constant() -> None:
    x, y = sales()
    deepest, bowl = questions().deepest, questions().bowl

    def squared_error(theta: dict[str, Any]) -> float:
        return float(np.mean((x @ theta["w"] + theta["b"] - y) ** 2))

    for w, b in ([0.0, 0.0], 0.0), ([2.0, -1.0], 0.5), ([-1.0, 3.0], 2.0):
        theta = {"w": np.array(w), "b": b}
        above = squared_error(theta) - squared_error(deepest)
        np.testing.assert_allclose(evaluate(bowl, (theta,), {}), above, atol=1e-6)


def test_a_higher_price_seems_to_sell_more_and_sells_less() -> None:
    """What the written question is about."""
    x, y = sales()
    assert np.polyfit(x[:, 1], y, 1)[0] > 0.5
    assert questions().deepest["w"][1] < -0.5


def test_the_default_training_is_on_its_way_and_not_there() -> None:
    off = questions().trained(100, 0.1)["w"] - questions().deepest["w"]
    assert 0.01 < np.max(np.abs(off)) < 0.1


def test_an_unwritten_answer_before_costs_nothing_after_it() -> None:
    broken = {"linear_model": "def linear_model(theta, x):\n    raise NotImplementedError()"}
    broken["mse"] = LOSS.replace("return ", "value = ")
    for exercise in EXERCISES[2:]:
        report = LESSON.judged(exercise, broken | {exercise: PLAIN[exercise]}, 1).report
        assert report.score == report.max_points, exercise


def test_known_mistakes_of_the_visible_checks_are_recognised() -> None:
    assert all(mistake_meant(LESSON, WRONG[n][0], CLASSIC[n]) for n in list(CLASSIC)[:-1])
