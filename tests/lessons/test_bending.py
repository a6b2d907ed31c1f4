"""What a student is judged by is the instructor's: no trick earns more than it would without."""

from __future__ import annotations

from functools import cache

import pytest

from autograder.record.outcome import Outcome
from autograder.record.render import to_text
from autograder.record.report import Report
from tests.support.bent import BENDS
from tests.support.whole import hand_in

pytestmark = pytest.mark.slow


@cache
def baseline(answers: tuple[tuple[str, str], ...]) -> dict[str, Report]:
    return hand_in(dict(answers))


@pytest.mark.parametrize("name", BENDS)
def test_a_trick_gains_nothing(name: str) -> None:
    bend = BENDS[name]
    without = baseline(tuple(sorted(bend.honest.items())))
    reports = hand_in({**bend.honest, **bend.tricky}, bend.inserted)
    for exercise, report in reports.items():
        shown = to_text(report)
        assert report.score <= without[exercise].score, shown
        assert report.score == bend.gets.get(exercise, report.score), shown
        assert all(check.outcome is not Outcome.ERROR for check in report.checks), shown
