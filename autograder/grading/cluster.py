"""The same work on a Dask cluster. TRUSTED SIDE; needs the extra `cluster`.

Dask runs a task at least once: it may run one again whose worker died. What comes back is data,
and the coordinator writes the one result that it gets, so a grade is entered once all the same.
"""

from __future__ import annotations

import contextlib
from concurrent.futures import Future
from logging import Logger
from threading import Event, Thread

from distributed import Client, Worker, WorkerPlugin

from autograder.grading.pool import Result
from autograder.grading.worker import (
    Job,
    Packed,
    grade_submission,
    install,
    prepare,
    start_fork_servers,
    uninstall,
)

AHEAD = 2
"""Submissions under way for each thread of the cluster: the next one is there when one is done."""

CONNECT = 10.0
"""Seconds to look for the scheduler."""

LOOK = 2.0
"""Seconds between looks at whether there is a worker."""


class SetupPlugin(WorkerPlugin):
    """Brings the setup to every worker, once, and to those that join later."""

    def __init__(self, packed: Packed) -> None:
        self.name = f"autograder-{packed.key}"
        self.packed = packed

    def setup(self, worker: Worker) -> None:
        install(self.packed)
        prepare()
        Thread(target=start_fork_servers, args=(self.packed,), daemon=True).start()

    def teardown(self, worker: Worker) -> None:
        uninstall(self.packed.key)


class DaskWorkers:
    """The workers of a Dask scheduler. Says so when there is none, and waits.

    Raises
    ------
    OSError
        If there is no scheduler at the address.
    """

    def __init__(self, address: str, packed: Packed, log: Logger) -> None:
        self._client = Client(address, timeout=CONNECT)
        self._plugin = SetupPlugin(packed)
        self._client.register_plugin(self._plugin)
        self._executor = self._client.get_executor(pure=False)
        self._closed = Event()
        self._watching = Thread(target=self._watch, args=(log,), daemon=True)
        self._watching.start()

    def _watch(self, log: Logger) -> None:
        """Cluster managers replace workers; what to do about none at all, a person decides."""
        waiting = False
        with contextlib.suppress(OSError):  # the scheduler is gone, which the coordinator finds
            while not self._closed.is_set():
                before, waiting = waiting, not self.threads
                if waiting and not before:
                    log.warning("The cluster has no worker. Waiting for one.")
                self._closed.wait(LOOK)

    @property
    def threads(self) -> int:
        """How many submissions the workers grade at a time; a cluster may have none yet."""
        return sum(self._client.nthreads().values())

    def slots(self) -> int:
        return AHEAD * max(1, self.threads)

    def submit(self, job: Job) -> Future[Result]:
        return self._executor.submit(grade_submission, job)

    def close(self, *, now: bool) -> None:
        self._closed.set()
        self._watching.join(LOOK)
        # What is still under way is cancelled when its client goes, as far as Dask can.
        self._client.unregister_worker_plugin(self._plugin.name)
        self._client.close()
