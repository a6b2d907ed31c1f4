"""How the gate runs an author's own answers, and changed ones."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from autograder.authoring import dry_run
from autograder.authoring.dry_run import OutOfTime, limited


def computes() -> None:
    while True:
        pass


def waits() -> None:
    threading.Event().wait(60.0)


@pytest.mark.parametrize("forever", [computes, waits])
def test_limited_stops_what_takes_too_long(forever: Callable[[], None]) -> None:
    with limited(0.05), pytest.raises(OutOfTime, match=r"took longer than 0\.05 s"):
        forever()


def test_limited_counts_what_is_computed() -> None:
    with limited(0.1) as timer:
        threading.Event().wait(0.3)
    assert not timer.expired


def test_a_test_cell_is_asked_what_it_asks_for() -> None:
    assert dry_run.asked("a = student.f.call(student.x.value())\nreference.g") == {"f", "x"}
