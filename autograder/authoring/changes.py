"""Tries changed solutions, in this process or, where that pays, in several.

A process costs three seconds of processor time before it can try anything, most of them for JAX's
import, so that a lesson whose changes are tried in a few seconds stays in one. Processes are
started afresh: to fork one in which JAX runs can hang.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from autograder.authoring.dry_run import DryRun, OutOfTime, TestCell, limited
from autograder.record.outcome import Outcome

WORTH_A_PROCESS = 12.0
"""Seconds of processor time that a process has to take over: four times what its start costs."""


@dataclass(frozen=True)
class Change:
    """One changed solution: the source that a cell has instead of its own, and who has to notice.

    `seed` draws the random inputs, and after `seconds` of processor time it counts as caught.
    `declared` says that its author expects it to keep its points.
    """

    test: TestCell
    cell: str
    source: str
    seed: int
    seconds: float
    declared: bool = False


@dataclass(frozen=True)
class Fate:
    """What became of a changed solution.

    `caught` says whether it lost points, `late` that it took too long to be judged, which counts
    as caught. `broke` is the traceback of a check that broke on it, or "".
    """

    caught: bool
    late: bool = False
    broke: str = ""


LATE = Fate(caught=True, late=True)


def fate(dry_run: DryRun, change: Change) -> Fate:
    """Try one changed solution in this process."""
    try:
        with limited(change.seconds) as timer:
            changed = dry_run.hand_in([change.test], sources={change.cell: change.source})
            lost = dry_run.first_loss(change.test, changed, change.seed, once=True)
            if lost is None and not change.declared:  # it may give two answers to one question
                lost = dry_run.first_loss(change.test, changed, change.seed)
    except OutOfTime:
        return LATE
    if timer.expired:
        return LATE
    if lost is None:
        return Fate(caught=False)
    return Fate(True, broke=lost.staff_note.strip() if lost.outcome is Outcome.ERROR else "")


def fates(dry_run: DryRun, changes: Sequence[Change], processes: int) -> Iterator[Fate]:
    """What becomes of changed solutions, in their order, each as soon as it is known."""
    if processes < 2:
        for change in changes:
            yield fate(dry_run, change)
        return
    with contextlib.closing(_Processes(dry_run.notebook, processes)) as helpers:
        yield from helpers.fates(changes)


def worthwhile(seconds: float, most: int) -> int:
    """How many processes, at most so many, are worth it for work of some seconds in all.

    >>> worthwhile(5.0, most=8), worthwhile(50.0, most=8)
    (1, 4)
    """
    return max(1, min(most, int(seconds // WORTH_A_PROCESS)))


class _Processes:
    """Processes that try one change at a time, so that it is known on which one of them died."""

    def __init__(self, notebook: Path, count: int) -> None:
        self._notebook = notebook
        self._running = dict(self._start() for _ in range(count))

    def _start(self) -> tuple[Connection, BaseProcess]:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(
            target=_work, args=(theirs, self._notebook, _kept_code()), daemon=True
        )
        process.start()
        theirs.close()
        return ours, process

    def fates(self, changes: Sequence[Change]) -> Iterator[Fate]:
        """Hand out the changes one by one, and give the fates in their order."""
        waiting, known, told = deque(enumerate(changes)), dict[int, Fate](), 0
        at_work: dict[Connection, int] = {}
        while told < len(changes):
            for one in wait([*self._running]):
                assert isinstance(one, Connection)
                said = self._heard(one, at_work)
                if said is not None:
                    known[at_work.pop(one)] = said
                if waiting and one in self._running:
                    at_work[one], change = waiting.popleft()
                    one.send(change)
            while told in known:
                yield known.pop(told)
                told += 1

    def _heard(self, one: Connection, at_work: Mapping[Connection, int]) -> Fate | None:
        """What a process says: None when it has started, and then what became of its change.

        A change that ends its process, by a crash or for want of memory, counts as caught: no
        student gets points for that. Another process takes the place.

        Raises
        ------
        RuntimeError
            If it ended before it was given anything.
        """
        try:
            said: Fate | None = one.recv()
        except EOFError:
            self._end(one)
            if one not in at_work:
                raise RuntimeError("a process that was to try changed solutions ended") from None
            self._running.update([self._start()])
            return LATE
        return said

    def _end(self, one: Connection) -> None:
        process = self._running.pop(one)
        process.kill()
        process.join()
        one.close()

    def close(self) -> None:
        """End them all, in the middle of their work."""
        for one in list(self._running):
            self._end(one)


def _work(connection: Connection, notebook: Path, kept_code: dict[str, Any]) -> None:
    """What such a process does, until nobody asks any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal's Ctrl-C; the command ends us
    import jax

    for name, value in kept_code.items():
        jax.config.update(name, value)
    dry_run = DryRun(notebook)
    with dry_run.modules_kept(), contextlib.suppress(EOFError, BrokenPipeError):
        connection.send(None)
        while True:
            connection.send(fate(dry_run, connection.recv()))


KEPT_CODE = (
    "jax_compilation_cache_dir",
    "jax_persistent_cache_min_compile_time_secs",
    "jax_persistent_cache_min_entry_size_bytes",
    "jax_persistent_cache_enable_xla_caches",
)


def _kept_code() -> dict[str, Any]:
    """Where this process keeps the code that JAX compiles, if it does: others find it there."""
    import jax

    return {name: getattr(jax.config, name) for name in KEPT_CODE}
