"""Who answers for `student` and `reference` when nobody grades."""

from __future__ import annotations

import pytest

from autograder.checks.context import LiveNotebook, current
from autograder.checks.reference import reference
from autograder.checks.student import NotAttempted, student


def test_in_a_live_notebook_student_and_reference_are_the_notebook(main):
    assert isinstance(current.get().connection, LiveNotebook)
    assert student.f.call(2.0) == 4.0
    assert reference.f(3.0) == 6.0
    assert reference.theta is main.theta
    with pytest.raises(AttributeError, match="absent"):
        reference.absent  # noqa: B018
    with pytest.raises(NotAttempted):
        student.absent.call()
