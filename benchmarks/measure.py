"""Wall time, CPU and memory of a command and of everything that it starts."""

from __future__ import annotations

import contextlib
import itertools
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

import psutil

from tests.support.course import Course


class Bare(Course):
    """A course whose programs find nothing compiled that they did not compile themselves."""

    environment: ClassVar[dict[str, str]] = {}


PERIOD = 0.1
"""Seconds between looks. A process's last look counts, so its CPU is short by this at most."""
MEMORY_EVERY = 20
"""Looks for one at the memory: to add up a process's pages takes milliseconds and stops it."""


@dataclass
class Usage:
    """What was used, in seconds and bytes. Memory is shared fairly (PSS) and summed."""

    wall: float = 0.0
    peak: int = 0
    seconds: dict[tuple[int, float], float] = field(default_factory=dict)

    @property
    def cpu(self) -> float:
        return sum(self.seconds.values())


@contextlib.contextmanager
def measured() -> Iterator[Usage]:
    """Measure all processes below this one, this one left out."""
    usage, stop, own, looks = Usage(), threading.Event(), psutil.Process(), itertools.count()

    def look() -> None:
        memory, with_memory = 0, next(looks) % MEMORY_EVERY == 0
        for process in own.children(recursive=True):
            with contextlib.suppress(psutil.Error):
                key = process.pid, process.create_time()
                spent = process.cpu_times()
                usage.seconds[key] = spent.user + spent.system
                if with_memory:
                    memory += process.memory_full_info().pss
        usage.peak = max(usage.peak, memory)

    def watch() -> None:
        while not stop.wait(PERIOD):
            look()

    thread = threading.Thread(target=watch)
    before = {
        (p.pid, p.create_time()): p.cpu_times() for p in own.children(recursive=True)
    }  # a cluster that is up already
    started = time.monotonic()
    thread.start()
    try:
        yield usage
    finally:
        usage.wall = time.monotonic() - started
        stop.set()
        thread.join()
        look()
        for key, spent in before.items():
            if key in usage.seconds:
                usage.seconds[key] -= spent.user + spent.system
