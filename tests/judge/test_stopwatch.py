"""What counts as time, and what is said when it is up."""

from __future__ import annotations

import pytest

from autograder.judge import stopwatch
from autograder.judge.stopwatch import Late, Stopwatch
from autograder.sandbox.settings import Used


class Kernel:
    """One whose times, and the wall's, are what a test sets them to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.used, self.wall = Used(), 0.0
        self.measured: Used | None = None
        """What a measurement said that is not too old; None if the last one is the latest."""
        monkeypatch.setattr(stopwatch.time, "monotonic", lambda: self.wall)

    def watch(self, seconds: float | None) -> Stopwatch:
        return Stopwatch(self.read, seconds, factor=3.0)

    def read(self, age: float) -> Used:
        return self.measured if age and self.measured else self.used


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Kernel:
    return Kernel(monkeypatch)


@pytest.mark.parametrize(
    ("wall", "cpu", "busy", "late"),
    [
        (9.0, 0.0, 0.0, None),
        (31.0, 0.0, 0.0, Late.WAITED),
        (9.0, 11.0, 9.0, Late.COMPUTED),
        (500.0, 9.0, 480.0, None),
        (500.0, 9.0, 460.0, Late.WAITED),
        (500.0, 11.0, 500.0, Late.COMPUTED),
    ],
    ids=["begins", "sleeps", "computes on two cores", "is starved", "also sleeps", "at last"],
)
def test_why_the_time_is_up(
    kernel: Kernel, wall: float, cpu: float, busy: float, late: Late | None
) -> None:
    kernel.used = Used(cpu=100.0, busy=100.0)  # by what ran before
    watch = kernel.watch(10.0).start()
    kernel.wall, kernel.used = wall, Used(100.0 + cpu, 100.0 + busy)
    assert watch.late() is late


def test_a_budget_without_an_end(kernel: Kernel) -> None:
    watch = kernel.watch(None).start()
    kernel.wall, kernel.used = 1e6, Used(1e6, 1e6)
    assert watch.late() is None


def test_between_calls_the_wall_s_time_does_not_count_and_the_processor_s_does(
    kernel: Kernel,
) -> None:
    watch = kernel.watch(10.0)
    for _ in range(3):
        kernel.wall += 100.0
        watch.start()
        kernel.wall += 9.0
        watch.stop()
    assert watch.late() is None
    kernel.used = Used(cpu=10.1)
    assert watch.late() is Late.COMPUTED


def test_another_kernel_goes_on_where_the_last_one_was(kernel: Kernel) -> None:
    watch = kernel.watch(10.0).start()
    kernel.used = Used(6.0, 6.0)

    def replace() -> None:
        kernel.wall, kernel.used = 100.0, Used(2.0, 2.0)  # to run again what ran well

    watch.leave_out(replace)
    kernel.used = Used(5.9, 5.9)
    assert watch.late() is None
    kernel.used = Used(6.1, 6.1)
    assert watch.late() is Late.COMPUTED


def test_what_is_left_out_is_measured_when_it_begins_and_ends(kernel: Kernel) -> None:
    """Calls that are quicker than a measurement gets old would otherwise count, or not, by luck."""
    watch = kernel.watch(10.0).start()
    for _ in range(100):
        kernel.measured = kernel.used  # from here on it is old
        kernel.used = Used(kernel.used.cpu + 0.08, 0.0)

        def again() -> None:
            kernel.used = Used(kernel.used.cpu + 0.5, 0.0)

        watch.leave_out(again)
    kernel.measured = None
    assert watch.late() is None
    kernel.used = Used(kernel.used.cpu + 2.1, 0.0)
    assert watch.late() is Late.COMPUTED


def test_what_is_said(kernel: Kernel) -> None:
    watch = kernel.watch(2.5)
    assert watch.said(Late.COMPUTED) == "computed for more than 2.5 s"
    assert watch.said(Late.WAITED) == "did not come back within 7.5 s"
