"""The process from which workers are forked. TRUSTED SIDE; standard library only.

It has imported nbgrader, JAX and what draws, and has not started JAX, so that forking is safe. A
worker that is forked from it is there in milliseconds.
"""

from __future__ import annotations

import multiprocessing
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext

PRELOADED = ["autograder.grading.quick", "jax", "matplotlib.pyplot", "autograder.grading.worker"]


def context() -> ForkServerContext:
    """How worker processes are started."""
    return multiprocessing.get_context("forkserver")


def start_server() -> None:
    """Start the server if there is none; it imports while we go on."""
    context().set_forkserver_preload(PRELOADED)
    forkserver.ensure_running()
