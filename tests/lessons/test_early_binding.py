"""An answer that binds an earlier one early keeps its points, whatever is wrong with that one."""

from __future__ import annotations

import pytest

from autograder.record.render import to_text
from tests.support.early import BROKEN, EARLY
from tests.support.whole import hand_in

pytestmark = pytest.mark.slow

WAYS = [(exercise, way) for exercise, ways in EARLY.items() for way in ways]


@pytest.mark.parametrize(("exercise", "way"), WAYS)
def test_a_mistake_costs_nothing_where_its_function_was_bound_early(
    exercise: str, way: str
) -> None:
    for broken, answers in BROKEN.items():
        written = {**answers, exercise: EARLY[exercise][way]}
        report = hand_in(written, only=[exercise])[exercise]
        assert report.score == report.max_points, f"after {broken}:\n{to_text(report)}"
