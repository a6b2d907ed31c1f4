"""The lesson on neural networks while a student works on it, and its plain test cell."""

from __future__ import annotations

import pytest

from tests.support.judging import assert_told_while_working, ended_plain
from tests.support.lesson import Lesson
from tests.support.network_mistakes import WRONG

pytestmark = pytest.mark.slow

LESSON = Lesson("neural_network")


# While the student works ----------------------------------------------------------------------


CLASSIC = {
    "variance 1": "The variance of the",
    "tanh at the end": "expected 13, 28",
    "no tanh": "expected 10.46, 18.48",
    "sum": "expected 1.099",
    "overflow": "NaN",
    "downhill": "turned round",
    "uphill": "expected -1",
    "no velocity": "expected -1.5",
    "never shuffled": "they are not shuffled",
    "shuffled once": "Both epochs have the same batches",
    "labels stay behind": "not with their points",
    "one batch only": "These are not the parameters after two epochs",
    "the first batch again and again": "not each of the 300 points is used once",
    "smallest score": "expected 1",
    "no bias": "expected 14, 26",
}


@pytest.mark.parametrize("name", CLASSIC)
def test_a_classic_slip_is_told_while_the_student_works(name: str) -> None:
    assert_told_while_working(LESSON, WRONG[name], CLASSIC[name])


# The plain test cell --------------------------------------------------------------------------

ONE_HOT = "def one_hot(labels, k):\n    return {}"
RIGHT_ROWS = ("jax.nn.one_hot(labels, k)", "jnp.eye(k)[labels]", "labels[:, None] == jnp.arange(k)")
WRONG_ROWS = {
    "labels": "Four labels, three classes: (4, 3), and this has (4,)",
    "jnp.eye(k)[labels].T": "(3, 4)",
    "jnp.eye(k)[labels - 1]": "Label 2 of three is 0, 0, 1",
    "print(end='')": "Is there a `return`?",
    "jnp.where(labels[:, None] >= jnp.arange(k), 1, 0)": "Label 2 of three",
    "jnp.eye(k)[jnp.array([2, 0, 1, 2])]": "Other labels are not right",
}


@pytest.mark.parametrize("rows", RIGHT_ROWS)
def test_right_rows_pass_the_plain_test_cell(rows: str) -> None:
    ended = ended_plain(LESSON, "one_hot", ONE_HOT.format(rows))
    assert ended.error is None, str(ended)
    assert (ended.points, ended.warned) == (1, "")


@pytest.mark.parametrize("rows", WRONG_ROWS)
def test_wrong_rows_stop_the_plain_test_cell_with_a_sentence(rows: str) -> None:
    ended = ended_plain(LESSON, "one_hot", ONE_HOT.format(rows))
    assert isinstance(ended.error, AssertionError)
    assert WRONG_ROWS[rows] in str(ended.error)
