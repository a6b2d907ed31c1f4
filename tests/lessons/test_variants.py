"""Right answers of any style get full marks; a single fault costs its own exercise and no other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit, xlogy

from autograder.checks.arrays import RELATIVE_TOLERANCE
from autograder.checks.attempt import Attempt
from autograder.checks.diagnosis import recognise, relation
from autograder.checks.student import given
from autograder.remote.given import double_precision, evaluate
from tests.support.judging import (
    SEED,
    assert_costs_its_own,
    assert_full_marks,
    bundles,
    unmade,
)
from tests.support.lesson import EXERCISES, LESSON, judged, lesson, reached, solutions, submission
from tests.support.right_answers import CORRECT
from tests.support.variants import clean, gradient, loss, model
from tests.support.wrong_answers import WRONG

pytestmark = pytest.mark.slow

TOLERANCE = RELATIVE_TOLERANCE["float64"]
NAMES = frozenset([*EXERCISES[:5], "n_steps_clean", "step_size_clean"])
"""What the test cells ask a student's notebook for."""


def test_the_tables_are_large_enough_and_hold_an_answer_to_every_exercise() -> None:
    assert len(CORRECT) >= 30
    assert len(WRONG) >= 45
    assert {name for answers in CORRECT.values() for name in answers} == set(EXERCISES)
    assert {exercise for exercise, _, _ in WRONG.values()} == set(EXERCISES)


def test_no_two_variants_are_the_same() -> None:
    sources = [source for _, source, _ in WRONG.values()]
    assert len(set(sources)) == len(sources)
    right = [tuple(sorted(answers.items())) for answers in CORRECT.values()]
    assert len(set(right)) == len(right)


def test_the_lesson_run_in_process_defines_every_answer() -> None:
    """Otherwise the variants would show nothing."""
    assert submission({}).keys() >= NAMES


def test_an_answer_is_judged_wherever_it_is_used_and_nowhere_else() -> None:
    """So that what is not judged again could not have come out otherwise."""

    def affected(answers: dict[str, str]) -> set[str]:
        return {name for name in EXERCISES if reached(name, answers) != reached(name, {})}

    assert affected({"logistic_model": model("z")}) == {"logistic_model"}
    assert affected({"logistic_loss": loss("0.0")}) == {"logistic_loss", "dlogistic_loss"}
    assert affected({"dlogistic_loss": gradient("{}")}) == {"dlogistic_loss"}
    assert affected({"theta_clean": clean("1", "1")}) == {"theta_clean"}
    # What an answer needs counts as it is now written, and so does what it binds.
    uses_model = {"dlogistic_loss": gradient("logistic_model(params, x)")}
    changed = reached("dlogistic_loss", uses_model | {"logistic_model": model("z")})
    assert changed != reached("dlogistic_loss", uses_model)
    binds_loss = {"theta_clean": clean("1", "1") + "logistic_loss = None"}
    assert affected(binds_loss) == {"logistic_loss", "dlogistic_loss", "theta_clean"}


BUNDLES = bundles(CORRECT)


@pytest.mark.parametrize("names", BUNDLES)
def test_right_answers_get_full_marks(names: str) -> None:
    answers = BUNDLES[names]
    assert submission(answers).keys() >= NAMES
    assert_full_marks(LESSON, answers)


@pytest.mark.parametrize("exercise", EXERCISES[:5])
def test_no_right_answer_is_taken_for_a_mistake(exercise: str) -> None:
    """Not even if a check failed it: whoever is right is never accused."""
    asked = judged(exercise, {}, SEED).trials
    with lesson().references():
        listed = [{why: trial.answers_of(why) for why in trial.listed} for trial in asked]
        pairs = zip(asked, listed, strict=True)
        mistakes = [{**own, **trial.told_apart(own)} for trial, own in pairs]
    assert any(mistakes)
    for name in [name for name, answers in CORRECT.items() if exercise in answers]:
        trials = judged(exercise, CORRECT[name], SEED).trials
        for trial, candidates in zip(trials, mistakes, strict=True):
            answered = Attempt("It is off.", trial.attempt.answers)
            assert recognise(answered, candidates) == "", name
            failing = replace(trial.attempt, sentence="It is off.")
            assert relation(failing, trial.inputs) in ("", "The numbers themselves are right.")


@pytest.mark.parametrize("name", WRONG)
def test_a_fault_costs_its_own_exercise_alone_and_is_named(name: str) -> None:
    assert_costs_its_own(LESSON, WRONG[name])


@pytest.mark.parametrize("exercise", EXERCISES)
def test_every_listed_mistake_has_a_wrong_answer_that_makes_it(exercise: str) -> None:
    assert not unmade(LESSON, exercise, WRONG)


# How far apart right and wrong are, on inputs such as the test cells draw.

WAVE = given("lambda theta, x: 0.5 + 0.3 * jnp.sin(theta['w'] * x + theta['b'])")
SQUARED_ERROR = given("lambda theta, model, x, y: jnp.sum((model(theta, x) - y) ** 2)")
MEASURED = [name for name in EXERCISES[:5] if name != "init_theta"]  # any draw is right


def questions(exercise: str, seed: int) -> Iterator[tuple[Any, ...]]:
    rng = np.random.default_rng(seed)
    y = np.array([0.0, 1.0, 0.0, 1.0, 1.0, 1.0, 0.0, 0.0])
    for _ in range(1 if exercise == "model_optimization_loop" else 3):
        x = rng.uniform(-2, 2, size=8)
        theta = {"w": rng.uniform(0.5, 1.5), "b": rng.uniform(0.3, 1)}
        if exercise == "logistic_model":
            yield theta, np.linspace(-5, 5, 11)
        elif exercise == "model_optimization_loop":
            yield theta, WAVE, SQUARED_ERROR, x, rng.uniform(0.1, 0.9, size=8), 12, 0.05
        else:
            yield theta, WAVE, x, rng.permutation(y)


def numbers(exercise: str, answer: Any) -> list[np.ndarray]:
    if exercise == "model_optimization_loop":
        answer = answer[1]
    leaves = [answer[key] for key in sorted(answer)] if isinstance(answer, dict) else [answer]
    return [np.asarray(leaf, dtype=float) for leaf in leaves]


@cache
def right_numbers(exercise: str, seed: int) -> list[list[np.ndarray]]:
    reference = solutions()(exercise)
    return [numbers(exercise, evaluate(reference, q, {})) for q in questions(exercise, seed)]


def distance(exercise: str, function: Any, seed: int) -> float:
    """Largest difference from the reference, relative to the largest number of an array."""
    largest = 0.0
    for args, right in zip(questions(exercise, seed), right_numbers(exercise, seed), strict=True):
        got = numbers(exercise, evaluate(function, args, {}))
        for a, r in zip(got, right, strict=True):
            assert a.shape == r.shape
            largest = max(largest, float(np.max(np.abs(a - r)) / np.max(np.abs(r))))
    return largest


@pytest.mark.parametrize("exercise", MEASURED)
def test_right_answers_lie_ten_times_below_the_tolerance(exercise: str) -> None:
    distances = {
        name: distance(exercise, submission(answers)[exercise], SEED)
        for name, answers in CORRECT.items()
        if exercise in answers
    }
    assert max(distances.values()) < TOLERANCE / 10, distances


# The references against an oracle that shares no code with them.

X = np.linspace(-5.0, 5.0, 100)
Y = expit(2.0 * X + 1.0)


def predicted(theta: np.ndarray, x: np.ndarray) -> np.ndarray:
    return expit(theta[0] * x + theta[1])


def cross_entropy(theta: np.ndarray, x: np.ndarray = X, y: np.ndarray = Y) -> float:
    p = predicted(theta, x)
    return float(-np.sum(xlogy(y, p) + xlogy(1 - y, 1 - p)))


def closed_form_gradient(theta: np.ndarray, x: np.ndarray = X, y: np.ndarray = Y) -> np.ndarray:
    """Design matrix transposed, times p - y."""
    return np.stack([x, np.ones_like(x)]) @ (predicted(theta, x) - y)


def newton() -> np.ndarray:
    """The minimum of the cross entropy on the clean data, by Newton's method."""
    theta, design = np.zeros(2), np.stack([X, np.ones_like(X)], axis=1)
    for _ in range(50):
        p = predicted(theta, X)
        hessian = design.T @ (design * (p * (1 - p))[:, None])
        theta = theta - 0.5 * np.linalg.solve(hessian, closed_form_gradient(theta))
    return theta


def as_dict(theta: np.ndarray) -> dict[str, float]:
    return {"w": float(theta[0]), "b": float(theta[1])}


PLACES = [np.array(place) for place in [(0.0, 0.0), (2.0, 1.0), (-1.5, 0.5), (0.3, -2.0)]]


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_the_references_agree_with_scipy(place: np.ndarray) -> None:
    rng = np.random.default_rng(SEED)
    labels = rng.integers(0, 2, size=X.size).astype(float)
    answer = solutions()
    model = answer("logistic_model")
    theta = as_dict(place)
    np.testing.assert_allclose(evaluate(model, (theta, X), {}), predicted(place, X), rtol=1e-12)
    for y in (Y, labels):
        value = evaluate(answer("logistic_loss"), (theta, model, X, y), {})
        np.testing.assert_allclose(value, cross_entropy(place, X, y), rtol=1e-10)
        slope = evaluate(answer("dlogistic_loss"), (theta, model, X, y), {})
        expected = closed_form_gradient(place, X, y)
        got = [slope["w"], slope["b"]]
        np.testing.assert_allclose(got, expected, atol=1e-10 * X.size)


def test_two_oracles_find_the_truth_behind_the_clean_data() -> None:
    np.testing.assert_allclose(newton(), [2.0, 1.0], atol=1e-9)
    found = minimize(cross_entropy, np.zeros(2), jac=closed_form_gradient, method="BFGS")
    np.testing.assert_allclose(found.x, [2.0, 1.0], atol=1e-4)


def test_the_reference_training_reaches_the_oracles_minimum() -> None:
    answer = solutions()
    args = (as_dict(np.zeros(2)), answer("logistic_model"), answer("logistic_loss"), X, Y)
    steps = {"n_steps": answer("n_steps_clean"), "step_size": answer("step_size_clean")}
    with double_precision():
        losses, theta = answer("model_optimization_loop")(*args, **steps)
    np.testing.assert_allclose([theta["w"], theta["b"]], newton(), atol=0.01)
    np.testing.assert_allclose(losses[0], cross_entropy(np.zeros(2)), rtol=1e-10)
    np.testing.assert_allclose(losses[-1], cross_entropy(newton()), rtol=1e-4)
