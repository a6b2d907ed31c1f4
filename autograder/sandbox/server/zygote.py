"""Has everything imported, and forks a supervisor for each kernel.

It receives open descriptors and never data of a request, so that nothing of one submission is in
the memory of the next. It has a single thread and no JAX backend: other threads and a backend would
not work in a forked copy.
"""

from __future__ import annotations

import array
import contextlib
import gc
import json
import os
import signal
import socket
import time
import traceback
from pathlib import Path

from autograder.sandbox.confine.isolation import Isolator
from autograder.sandbox.server.preload import preload
from autograder.sandbox.server.supervisor import supervise

MOST_DESCRIPTORS = 16


def serve(
    line: socket.socket, isolator: Isolator, reasons: dict[str, str], directory: Path
) -> None:
    """Get ready, say so, then fork on demand until the grader closes the line.

    Called by the launcher in the process that it has forked for this.
    """
    started = time.monotonic()
    try:
        missing = preload()
    except Exception as error:  # of a package in the Python that the course names
        line.send(json.dumps({"failed": f"{type(error).__name__}: {error}"[:4000]}).encode())
        return
    threads = len(list(Path("/proc/self/task").iterdir()))
    if threads != 1:
        line.send(json.dumps({"failed": f"{threads} threads are running before a fork"}).encode())
        return
    gc.collect()
    gc.freeze()  # so that the collector does not touch, and thereby copy, shared pages
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # supervisors need nobody to wait for them
    ready = {
        "isolation": isolator.mode,
        "refused": reasons,
        "directory": str(directory),
        "without": missing,
        "seconds": round(time.monotonic() - started, 3),
    }
    try:
        line.send(json.dumps(ready).encode())
    except BrokenPipeError:  # the grader has ended meanwhile
        return
    while descriptors := receive(line):
        if os.fork() == 0:
            line.close()
            _supervisor(descriptors, isolator)
        for descriptor in descriptors:
            os.close(descriptor)


def receive(line: socket.socket) -> list[int]:
    """The descriptors of the next request: the line to the grader, then the kernel's."""
    message, ancillary, _, _ = line.recvmsg(16, socket.CMSG_SPACE(4 * MOST_DESCRIPTORS))
    descriptors = array.array("i")
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            descriptors.frombytes(data[: len(data) - len(data) % descriptors.itemsize])
    return list(descriptors) if message else []


def _supervisor(descriptors: list[int], isolator: Isolator) -> None:
    """The life of a supervisor process. Never returns."""
    line = socket.socket(fileno=descriptors[0])
    try:
        supervise(line, descriptors[1:], isolator)
    except BaseException:
        with contextlib.suppress(OSError):
            line.send(json.dumps({"failed": traceback.format_exc(limit=-3)[-4000:]}).encode())
    os._exit(0)
