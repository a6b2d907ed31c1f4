"""All lessons, and a fault in two or more exercises of each whose mistake is known by name."""

from __future__ import annotations

from tests.support.lesson import Answers
from tests.support.linear_wrong import WRONG as LINEAR
from tests.support.network_mistakes import WRONG as NETWORK
from tests.support.wrong_answers import WRONG


def faults(wrong: dict[str, tuple[str, str, str]], *names: str) -> Answers:
    return {exercise: source for exercise, source, _ in map(wrong.__getitem__, names)}


FAULTS = {
    "linear_regression": faults(LINEAR, "no bias", "sum for mean", "return in the loop"),
    "logistic_regression": faults(WRONG, "no bias", "uphill"),
    "neural_network": faults(NETWORK, "no tanh", "sum", "no velocity"),
}
LESSONS = tuple(FAULTS)
