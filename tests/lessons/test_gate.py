"""Every lesson passes the gate with nothing to mend."""

from __future__ import annotations

import pytest

from autograder.authoring.verify import Thresholds, verify
from tests.support.lesson import Lesson
from tests.support.lessons import LESSONS

LIMITS = Thresholds(seeds=(1, 2), mutant_seconds=300.0, cell_seconds=300.0)


@pytest.mark.slow
@pytest.mark.parametrize("name", LESSONS)
def test_a_lesson_is_ready_to_release(name: str) -> None:
    lesson = Lesson(name)
    found = verify(lesson.source, lesson.released, LIMITS)
    assert [f"{finding.where}: {finding.what}" for finding in found.findings] == []
    assert {row.test.grade_id for row in found.rows} == {t.grade_id for t in lesson.dry_run.tests}
    assert sum(row.mistakes for row in found.rows) >= 20
    assert sum(row.changes for row in found.rows) >= 20
    assert all(row.margin.nearest > 20 for row in found.rows if row.mistakes)
