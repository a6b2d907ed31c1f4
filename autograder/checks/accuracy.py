"""The check of what was learned, `generalises`, with its judgement.

The data are the instructor's, and so is the function that predicts: what a student's own notebook
says of its accuracy counts for nothing. Trusted side during grading.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from autograder.checks.arrays import as_array, finite
from autograder.checks.attempt import Attempt
from autograder.checks.base import Checks
from autograder.checks.compare import kind_of_params, wrong_params
from autograder.checks.diagnosis import Trial
from autograder.checks.faults import StudentFault
from autograder.checks.hints import OF_A_VALUE, Hints
from autograder.checks.leaves import arrays
from autograder.checks.numerics import plain
from autograder.checks.student import Part
from autograder.checks.wording import described
from autograder.record.outcome import Kind

Predict = Callable[[Any], Any]


class AccuracyChecks(Checks):
    """Checks of what a student's training has learned."""

    def generalises(
        self,
        title: str,
        part: Part,
        *,
        through: Predict,
        labels: Any,
        at_least: float,
        like: Any = None,
        points: float = 1,
        hints: Hints = (),
    ) -> None:
        """What was learned predicts data that it has not seen: a share `at_least` of it is right.

        `through` is a function of yours. It takes the value of the part, such as trained
        parameters, or what `student.train(key, x, y)` returns, and predicts `labels`, whole numbers
        of shape (n,): either the labels themselves, or scores of shape (n, classes), of which the
        largest counts::

            exercise.generalises(
                "nine of ten digits that it has not seen are right",
                student.params,
                through=lambda params: reference.forward(params, test_images),
                labels=test_labels,
                at_least=0.9,
                like=reference.init_params(jax.random.key(0), [784, 64, 10]),
            )

        `like` is a value of the right form, whatever its numbers, and makes the sentence about a
        wrong one. Leave it out where the form is the student's to choose: then an error in
        `through` counts as theirs.

        Ask for no more than honest training reaches with any seed, and keep the data where no
        student can read them: in the hidden part of the cell, made from `exercise.rng`, say.

        Raises, as an error of the cell, a ValueError where a constant prediction would do, since
        one label is as frequent as `at_least`.
        """
        self._run(
            Trial(title, part.name),
            lambda: generalises(part, through, labels, at_least, like),
            points,
            hints,
        )


def generalises(part: Part, through: Predict, labels: Any, at_least: float, like: Any) -> Attempt:
    """Judge `Exercise.generalises`: count the predictions that are right.

    The labels come first: where they are no good, that is our error, whatever was learned.
    """
    truth = _labels(labels, at_least)
    value = part.value()
    root = str(part).strip("`")
    if problem := finite(value) if like is None else wrong_params(value, like, root):
        form = like is not None and kind_of_params(value, like) is Kind.SHAPE
        return Attempt(problem, kind=Kind.SHAPE, hint=OF_A_VALUE) if form else Attempt(problem)
    scores = as_array(_predicted(part, through, value, told=like is not None))
    if problem := finite(scores):
        return Attempt(f"What it predicts is no number: {problem[0].lower()}{problem[1:]}")
    guesses = _guesses(scores, truth.size, told=like is not None)
    return Attempt(_too_few_right(guesses, truth, at_least))


def _labels(labels: Any, at_least: float) -> npt.NDArray[Any]:
    """The labels as an array.

    Raises
    ------
    ValueError
        If they are no whole numbers in a row, or one of them is as frequent as is asked for.
    """
    truth = np.asarray(labels)
    if truth.ndim != 1 or truth.dtype.kind not in "biu" or not truth.size:
        raise ValueError(f"labels: expected whole numbers of shape (n,), got {described(truth)}")
    most = float(np.max(np.unique(truth, return_counts=True)[1]) / truth.size)
    if not most < at_least <= 1:
        raise ValueError(
            f"at_least={at_least}: expected a share up to 1 and above {most:.3g}, which always "
            "predicting the most frequent label would reach"
        )
    return truth


def _predicted(part: Part, through: Predict, value: Any, told: bool) -> Any:
    """What `through` predicts. Where the form is not told, an error in it is the student's.

    Raises
    ------
    StudentFault
        For such an error.
    """
    try:
        with np.errstate(all="ignore"):  # a student's numbers may be of any size
            return plain(through, [arrays(value)])
    except Exception as error:
        if told:
            raise
        reason = f"{type(error).__name__}: {error}".partition("\n")[0][:200]
        raise StudentFault(
            f"Nothing can be predicted with {part}, which is {described(value)}: its structure "
            f"or a shape in it is not what is asked for ({reason}).",
            kind=Kind.SHAPE,
            hint=OF_A_VALUE,
        ) from error


def _guesses(scores: npt.NDArray[Any], count: int, told: bool) -> npt.NDArray[Any]:
    """The label that is predicted for each example.

    Raises
    ------
    ValueError
        If these are no predictions: the author's mistake.
    StudentFault
        The same, where the form is not told: it may be the student's.
    """
    if scores.shape == (count,) and scores.dtype.kind in "biu":
        return scores
    if scores.ndim == 2 and len(scores) == count and scores.shape[1] > 1:
        return np.argmax(scores, axis=-1)
    got = f"an array of shape {scores.shape} of {scores.dtype}"
    if told or scores.shape == (count,):
        raise ValueError(
            f"through= gave {got}: expected labels, whole numbers of shape ({count},), or scores "
            f"of shape ({count}, classes)"
        )
    raise StudentFault(
        f"What it predicts is {got}, and a prediction for each of {count} examples is asked for."
    )


def _too_few_right(guesses: npt.NDArray[Any], truth: npt.NDArray[Any], at_least: float) -> str:
    """Say how many predictions are right, or "" if they are enough.

    >>> _too_few_right(np.array([0, 1, 1, 1]), np.array([0, 1, 0, 0]), at_least=0.75)
    'It is right for 2 of 4 examples that it has not seen; at least 3 are asked for.'
    """
    right, wanted = int(np.sum(guesses == truth)), math.ceil(at_least * truth.size - 1e-9)
    if right >= wanted:
        return ""
    said = (
        f"It is right for {right} of {truth.size} examples that it has not seen; at least "
        f"{wanted} are asked for."
    )
    return said + (" It predicts the same for all." if np.all(guesses == guesses[0]) else "")
