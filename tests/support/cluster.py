"""A Dask cluster on this machine."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from unittest import mock

from distributed import LocalCluster


@contextlib.contextmanager
def local_cluster(workers: int = 2) -> Iterator[LocalCluster]:
    """Workers of one thread each. Dask sets variables for them in this process."""
    with (
        mock.patch.dict(os.environ),
        LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            dashboard_address="127.0.0.1:0",
            host="127.0.0.1",
        ) as cluster,
    ):
        yield cluster
