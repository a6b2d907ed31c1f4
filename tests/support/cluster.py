"""A Dask cluster on this machine."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from unittest import mock

import dask
from distributed import LocalCluster

from tests.support.running import until

SETTINGS = {
    "distributed.scheduler.allowed-failures": 1,
    "distributed.nanny.pre-spawn-environ": {},
}
"""Work whose worker died has one more attempt, instead of three; and Dask sets fewer variables."""


@contextlib.contextmanager
def local_cluster(workers: int = 2) -> Iterator[LocalCluster]:
    """Workers of one thread each.

    Dask would set these variables in this process whenever it starts a worker.
    """
    variables = {"PYTHONHASHSEED": "6640", "__DASK_PARENT_PID": str(os.getpid())}
    with (
        mock.patch.dict(os.environ, variables),
        dask.config.set(SETTINGS),
        LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            dashboard_address="127.0.0.1:0",
            host="127.0.0.1",
        ) as cluster,
    ):
        yield cluster


def scale(cluster: LocalCluster, workers: int) -> str:
    """Let it have so many workers, and wait until it has; the option of `autograder grade`."""
    cluster.scale(workers)
    until(lambda: len(cluster.scheduler.workers) == workers)
    return f"--cluster={cluster.scheduler_address}"
