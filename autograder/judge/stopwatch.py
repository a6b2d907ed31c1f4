"""Counts the time of a student's code, so that a machine with other work takes nobody's marks.

A budget is in seconds of processor time, of all processes of the kernel. How long that takes is
the machine's affair. Code that sleeps, or waits for something that never comes, uses no processor
time: for that there is a limit of the wall's time, several times as long, in which the time that
the code was busy, or was kept from it by other work of the machine, does not count.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import Enum
from typing import TypeVar

from autograder.sandbox.settings import Used

WALL_FACTOR = 6.0
"""How many times as long a budget's code may wait. Where nothing measures how long it was busy
(no isolation), the wall's time counts whole: then a right answer may take this many times as long
on a machine with other work, and yet what hangs is stopped within minutes."""

AGE = 0.1
"""Seconds for which a measurement holds, so that calls by the thousand cost few of them."""
NOW = 0.0
"""Where time is divided between what counts and what does not, an old one would not do: quick calls
come and go within `AGE`, and all of their time could fall on one side."""


class Late(Enum):
    """Why the time is up. The values are what a student reads after "it"."""

    COMPUTED = "computed for more than"
    WAITED = "did not come back within"


Answer = TypeVar("Answer")


class Stopwatch:
    """Counts what a kernel uses of one budget.

    `StudentKernel` makes one for each cell and call, and one for each test cell, which goes on
    only while a call is under way.

    Parameters
    ----------
    read
        Says what the kernel has used, by a measurement that is at most so many seconds old.
    seconds
        Of processor time; None for as many as it takes.
    factor
        How many times as long it may wait.
    """

    def __init__(
        self, read: Callable[[float], Used], seconds: float | None, factor: float = WALL_FACTOR
    ) -> None:
        self.seconds = seconds
        self._read, self._factor = read, factor
        self._began = read(AGE)
        self._wall = 0.0
        self._running_since: float | None = None
        self._leaving_out = False

    def start(self) -> Stopwatch:
        """From now on the wall's time counts; processor time does always."""
        self._running_since = time.monotonic()
        return self

    def stop(self) -> None:
        """Until `start`, the wall's time does not count."""
        self._wall, self._running_since = self._passed(), None

    def _passed(self) -> float:
        since = self._running_since
        return self._wall + (0.0 if since is None else time.monotonic() - since)

    def computed(self) -> float:
        """Seconds of processor time until now."""
        return self._read(AGE).cpu - self._began.cpu

    def late(self) -> Late | None:
        """Why the time is up, if it is."""
        if self.seconds is None:
            return None
        used = self._read(AGE)
        if used.cpu - self._began.cpu > self.seconds:
            return Late.COMPUTED
        if self._passed() - (used.busy - self._began.busy) > self.seconds * self._factor:
            return Late.WAITED
        return None

    def said(self, late: Late) -> str:
        """What a student is told, to follow "it": "computed for more than 10 s"."""
        factor = 1.0 if late is Late.COMPUTED else self._factor
        return f"{late.value} {(self.seconds or 0.0) * factor:g} s"

    def leave_out(self, action: Callable[[], Answer]) -> Answer:
        """Do something that does not count, such as replacing the kernel; what it gives."""
        if self._leaving_out:
            return action()
        self.stop()
        spent, self._leaving_out = self._read(NOW), True
        try:
            return action()
        finally:
            now, self._leaving_out = self._read(NOW), False
            self._began = Used(
                self._began.cpu + now.cpu - spent.cpu, self._began.busy + now.busy - spent.busy
            )
