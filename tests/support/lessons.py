"""All lessons: run from top to bottom, and with faults whose mistake is known by name."""

from __future__ import annotations

from functools import cache

import nbformat
from nbclient import NotebookClient

from autograder.sandbox.grader.manager import WakefulManager
from tests.support.lesson import Answers, Lesson
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
"""For each lesson a fault in two exercises or more."""
LESSONS = tuple(FAULTS)

LONG = ("n_steps=5000", "n_steps=1000")
"""A training run of the logistic lesson is cut short."""


@cache
def executed(name: str) -> nbformat.NotebookNode:
    """A lesson in which every cell has run, those that grading leaves out as well."""
    lesson = Lesson(name)
    notebook = nbformat.read(lesson.source, as_version=4)
    for cell in notebook.cells:
        cell.source = cell.source.replace(*LONG)
    NotebookClient(
        notebook,
        kernel_manager_class=WakefulManager,
        skip_cells_with_tag="",
        resources={"metadata": {"path": str(lesson.source.parent)}},
    ).execute()
    return notebook
