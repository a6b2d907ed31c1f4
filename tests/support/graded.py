"""Results of workers, made up."""

from __future__ import annotations

from collections import Counter
from typing import Any

from autograder.grading.worker import Graded

TABLES = ("student", "submitted_assignment", "submitted_notebook", "grade", "comment")
EMPTY: dict[str, list[dict[str, Any]]] = {name: [] for name in TABLES}


def graded(student: str, score: float = 3.0, seconds: float = 1.0, **stops: int) -> Graded:
    return Graded(student, {}, EMPTY, EMPTY, score, 4.0, seconds, Counter(stops))
