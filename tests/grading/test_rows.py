"""What differs between two states of a submission in the gradebook."""

from __future__ import annotations

from autograder.grading.rows import GRADED, difference
from tests.support.graded import EMPTY

ROW = {"id": "1", "auto_score": 1.0, "needs_manual_grade": False, "manual_score": None}


class TestDifference:
    def test_new_rows_are_whole(self) -> None:
        added, changed = difference(EMPTY, {**EMPTY, "grade": [ROW]})
        assert added["grade"] == [ROW]
        assert not any(changed.values())

    def test_a_change_brings_graded_columns_only(self) -> None:
        before = {**EMPTY, "grade": [ROW]}
        after = {**EMPTY, "grade": [{**ROW, "auto_score": 0.0, "manual_score": 9.0}]}
        added, changed = difference(before, after)
        assert not any(added.values())
        assert changed["grade"] == [{"id": "1", "auto_score": 0.0, "needs_manual_grade": False}]

    def test_marks_by_hand_are_never_among_them(self) -> None:
        written = {column for columns in GRADED.values() for column in columns}
        assert not written & {"manual_score", "extra_credit", "manual_comment"}

    def test_an_equal_row_is_not_written(self) -> None:
        before = {**EMPTY, "grade": [ROW]}
        assert not any(difference(before, before)[1].values())
