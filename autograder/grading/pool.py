"""Worker processes on this machine. TRUSTED SIDE.

Each worker is a pool of one process: when one is killed, exactly one submission is affected, and
it is known which.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait
from pathlib import Path
from typing import Protocol

from autograder.grading.forking import context, start_server
from autograder.grading.worker import (
    Failed,
    Graded,
    Job,
    Packed,
    grade_submission,
    install,
    prepare,
    start_fork_servers,
)
from autograder.sandbox.grader.forkserver import ForkServer, Loan

Result = Graded | Failed


class Workers(Protocol):
    """What the coordinator needs of whoever does the work."""

    def slots(self) -> int:
        """How many submissions to have under way at a time."""

    def submit(self, job: Job) -> Future[Result]:
        """Start on a submission. Called only while fewer than `slots()` are under way."""

    def close(self, *, now: bool) -> None:
        """Give back what was taken; `now`: whatever is under way is dropped."""


class LocalWorkers:
    """Worker processes, each with submissions of its own; all share the fork servers."""

    def __init__(self, count: int, packed: Packed) -> None:
        start_server()
        self._kernels = start_fork_servers(packed)
        loans = [server.lend() for server in self._kernels]
        self._scratch = tempfile.mkdtemp(prefix="autograder-workers-")
        self._slots = [_Slot(packed, loans, Path(self._scratch, str(n))) for n in range(count)]

    def slots(self) -> int:
        return len(self._slots)

    def submit(self, job: Job) -> Future[Result]:
        return next(slot for slot in self._slots if slot.free).submit(job)

    def close(self, *, now: bool) -> None:
        with ThreadPoolExecutor(len(self._slots)) as side_by_side:
            list(side_by_side.map(lambda slot: slot.close(now=now), self._slots))
        for server in self._kernels:
            server.close()
        shutil.rmtree(self._scratch, ignore_errors=True)  # a kernel that is ending may write yet


class _Slot:
    """One worker process, replaced when it died."""

    def __init__(self, packed: Packed, loans: Sequence[Loan], scratch: Path) -> None:
        self._packed, self._loans, self._scratch = packed, loans, scratch
        self._current: Future[Result] | None = None
        self._start()

    def _start(self) -> None:
        shutil.rmtree(self._scratch, ignore_errors=True)
        self._scratch.mkdir()
        self._executor = ProcessPoolExecutor(
            1,
            context(),
            _begin,
            (self._packed, self._loans, str(self._scratch)),
        )
        self._pid = self._executor.submit(os.getpid)

    @property
    def free(self) -> bool:
        return self._current is None or self._current.done()

    def submit(self, job: Job) -> Future[Result]:
        try:
            self._current = self._executor.submit(grade_submission, job)
        except BrokenProcessPool:
            self.close(now=False)
            self._start()
            self._current = self._executor.submit(grade_submission, job)
        return self._current

    def close(self, *, now: bool) -> None:
        """End the process; `now`: in the middle of its work."""
        if now and self._pid.done() and self._pid.exception() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid.result(), signal.SIGKILL)
        self._executor.shutdown(wait=True, cancel_futures=True)


def _begin(packed: Packed, loans: Sequence[Loan], scratch: str) -> None:
    """Runs first in each worker process."""
    # Ctrl-C reaches every process of the terminal; the coordinator decides. Not SIG_IGN, which
    # kernels would inherit.
    signal.signal(signal.SIGINT, lambda *_: None)
    threading.Thread(target=_end_with_parent, args=(scratch,), daemon=True).start()
    tempfile.tempdir = scratch
    with Path(scratch, "output.txt").open("ab", buffering=0) as output:
        sys.stdout.flush()
        sys.stderr.flush()
        os.dup2(output.fileno(), 1)  # what kernels say as they start and end
        os.dup2(output.fileno(), 2)
    install(packed)
    for loan in loans:
        ForkServer.borrow(loan)
    prepare()


def _end_with_parent(scratch: str) -> None:
    """Leave nothing behind when the coordinator was killed."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        shutil.rmtree(scratch, ignore_errors=True)
        with contextlib.suppress(OSError):  # the other workers are in it yet
            Path(scratch).parent.rmdir()
        os._exit(1)
