"""Reports to show, store and read: one with every outcome, and small ones."""

from __future__ import annotations

from autograder.record.outcome import Outcome
from autograder.record.report import CheckResult, Report

PASSED, FAILED = Outcome.PASSED, Outcome.FAILED
NOT_ATTEMPTED, ERROR = Outcome.NOT_ATTEMPTED, Outcome.ERROR


def checks(*outcomes: Outcome, points: float = 1.0) -> tuple[CheckResult, ...]:
    return tuple(CheckResult(f"check {n}", o, points) for n, o in enumerate(outcomes, 1))


FULL = Report(
    "logistic_model",
    (
        CheckResult("passes", PASSED, 3.0, hints=("never needed",)),
        CheckResult("fails", FAILED, 1.0, "Got None.", ("first", "second", "third"), "no return"),
        CheckResult("is missing", NOT_ATTEMPTED, 1.0, "`f` is not defined yet.", ("too early",)),
        CheckResult("breaks", ERROR, 1.0, "internal", ("no use",), "", "Traceback: SECRET"),
    ),
    max_points=4.0,
    seed=77,
)
