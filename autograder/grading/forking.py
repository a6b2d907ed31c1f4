"""The process from which workers are forked. TRUSTED SIDE; standard library only.

It has imported nbgrader, JAX and what draws, and has not started JAX, so that forking is safe. A
worker that is forked from it is there in milliseconds.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
from collections.abc import Iterator
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext

PRELOADED = ["autograder.grading.quick", "jax", "matplotlib.pyplot", "autograder.grading.worker"]


def context() -> ForkServerContext:
    """How worker processes are started."""
    return multiprocessing.get_context("forkserver")


def start_server() -> None:
    """Start the server if there is none; it imports while we go on.

    Called by `__main__` as soon as the command is known, and by the pool, which needs it. A
    terminal sends Ctrl-C to the server as well, and until it has imported everything it would die
    of it with a traceback: it ignores the signal from its start on. The command ends it.
    """
    context().set_forkserver_preload(PRELOADED)
    with ignoring_ctrl_c():
        forkserver.ensure_running()


@contextlib.contextmanager
def ignoring_ctrl_c() -> Iterator[None]:
    """What is started meanwhile ignores Ctrl-C for good."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
