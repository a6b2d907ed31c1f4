"""The fork server's outermost process: starts the zygote, outlives it, and cleans up.

Outside every namespace. It imports neither JAX nor ipykernel, and never looks at data of a
submission. Started by `grader.forkserver.ForkServer`, by way of `start`, with one end of a socket:

    python start.py FILE_DESCRIPTOR

The first message on the socket is the configuration, as JSON: which isolation, which paths may be
read, and where the compiled code of all notebooks lies. The zygote answers when it is ready.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import sys
import tempfile
from pathlib import Path

import psutil

from autograder.sandbox.confine import syscalls
from autograder.sandbox.confine.processes import end_descendants, remove_tree
from autograder.sandbox.policy import Policy
from autograder.sandbox.server.probe import first_that_works

PERIOD = 5.0  # seconds between looks for orphans that did not announce themselves
LONGEST_PREFIX = 60  # characters of a directory in which sockets can still be named (unix(7): 107)


def main() -> None:
    """Start the zygote and run until it ends, which it does when the grader goes away."""
    line = socket.socket(fileno=int(sys.argv[1]))
    configuration = json.loads(line.recv(1 << 20) or "null")
    if configuration is None:
        return
    policy = Policy(tuple(configuration["readable"]), configuration["compiled"])
    isolator, reasons = first_that_works(configuration["isolation"], policy)
    if isolator is None:
        line.send(json.dumps({"refused": reasons}).encode())
        return
    directory = temporary_directory()
    made = isolator(policy, directory)
    try:
        made.enter_launcher()
        zygote = os.fork()
        if zygote == 0:
            syscalls.die_with_parent(signal.SIGKILL)
            made.enter_zygote()
            from autograder.sandbox.server.zygote import serve

            serve(line, made, reasons, directory)
            os._exit(0)
        line.close()
        wait_for(zygote)
        end_descendants()
    finally:
        remove_tree(directory)


def wait_for(zygote: int) -> None:
    """Wait until the zygote ends, and end whatever a killed supervisor leaves behind until then.

    Without namespaces the launcher adopts those orphans: it learns of the first when its kernel,
    which ends with its supervisor, has to be waited for, and looks for others now and then.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])
    while True:
        try:
            while ended := os.waitpid(-1, os.WNOHANG)[0]:
                if ended == zygote:
                    return
        except ChildProcessError:
            return
        orphans = [child for child in psutil.Process().children() if child.pid != zygote]
        for orphan in orphans:
            with contextlib.suppress(psutil.Error):
                orphan.kill()
        signal.sigtimedwait([signal.SIGCHLD], 0.01 if orphans else PERIOD)


def temporary_directory() -> Path:
    """A directory for sockets and, without namespaces, homes. Kernels may pass through it."""
    place = tempfile.gettempdir()
    if len(place) > LONGEST_PREFIX:
        place = "/tmp"  # mkdtemp makes a name that cannot be guessed
    directory = Path(tempfile.mkdtemp(prefix="nbgrader-jax-", dir=place))
    directory.chmod(0o711)
    return directory
