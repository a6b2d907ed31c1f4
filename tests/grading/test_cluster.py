"""Grading on a Dask cluster whose workers come and go."""

from __future__ import annotations

import contextlib
import os
import signal

import pytest
from distributed import LocalCluster, Status

from tests.support.cluster import scale
from tests.support.plain import PLAIN, PlainCourse, gradebook
from tests.support.running import PATIENCE, QUICK_ONES, struck

pytestmark = pytest.mark.slow


def test_a_cluster_that_has_no_worker_yet(
    course: PlainCourse, undisturbed: PlainCourse, cluster: LocalCluster
) -> None:
    course.hand_in("zoe")
    with course.start("autograder", "grade", PLAIN, scale(cluster, 0)) as running:
        assert running.stdout is not None
        assert "The cluster has no worker. Waiting" in running.stdout.readline()
        cluster.scale(1)
        printed, _ = running.communicate(timeout=PATIENCE)
    assert "4 graded, 0 already done, 0 failed" in printed
    assert gradebook(course.url) == gradebook(undisturbed.url)


def test_a_worker_killed_again_and_again(course: PlainCourse, cluster: LocalCluster) -> None:
    """Dask runs the work elsewhere, gives it up in the end, and the others are unharmed."""
    with course.start("autograder", "grade", PLAIN, scale(cluster, 2), "--json") as running:

        def strike() -> None:
            """Kill the workers that have work. One that is only starting, Dask gives up."""
            for nanny in cluster.workers.values():
                known = cluster.scheduler.workers.get(nanny.worker_address)
                worker = nanny.process
                busy = known and known.processing
                if busy and worker and worker.pid and worker.status == Status.running:
                    with contextlib.suppress(ProcessLookupError):  # it was struck just now
                        os.kill(worker.pid, signal.SIGKILL)

        failed, summary = struck(running, strike)
    assert failed["student"] == "zoe"
    assert failed["reason"].startswith("KilledWorker: ")
    assert (summary["graded"], summary["failed"]) == (3, 1)
    assert course.done() == set(QUICK_ONES)


def test_a_cluster_that_loses_all_its_workers(course: PlainCourse, cluster: LocalCluster) -> None:
    # One, since Dask gives up zoe's work if it takes it from one that leaves to another that does.
    with course.start("autograder", "grade", PLAIN, scale(cluster, 1)) as running:
        assert running.stdout is not None
        assert all(running.stdout.readline().startswith("[") for _ in QUICK_ONES)
        cluster.scale(0)
        assert "The cluster has no worker. Waiting" in running.stdout.readline()
        running.send_signal(signal.SIGINT)
        running.communicate(timeout=PATIENCE)
    assert running.returncode == 130
    assert course.done() == set(QUICK_ONES)


def test_no_scheduler_at_the_address(course: PlainCourse) -> None:
    course.configure("from autograder.grading import cluster", "cluster.CONNECT = 0.5")
    printed = course.grade("--cluster=tcp://127.0.0.1:1", status=1)
    assert "There is no Dask scheduler at tcp://127.0.0.1:1" in "\n".join(printed)
