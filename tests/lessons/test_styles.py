"""An honest notebook keeps its points, whatever its style."""

from __future__ import annotations

import pytest

from autograder.record.outcome import Outcome
from autograder.record.render import to_text
from tests.support.lesson import EXERCISES
from tests.support.styles import STYLES
from tests.support.whole import hand_in

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", STYLES)
def test_an_unusual_style_costs_nothing(name: str) -> None:
    answers, inserted = STYLES[name]
    for report in hand_in(answers, inserted, [*answers] or EXERCISES[:5]).values():
        outcomes = {check.outcome for check in report.checks}
        assert outcomes == {Outcome.PASSED}, to_text(report)
