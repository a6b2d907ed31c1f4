"""Turns a confined copy of the zygote into an ordinary ipykernel on sockets that are open already.

Only public names of ipykernel and pyzmq are used: it is ipykernel's own application, given a
connection file, whose sockets are bound to descriptors in place of addresses.
"""

from __future__ import annotations

import errno
import importlib.util
import json
import os
import random
import sys
from pathlib import Path
from typing import Any

import zmq

CHANNELS = ("shell", "iopub", "stdin", "control", "hb")
"""The channels in the order of their descriptors."""
LABEL = "kernel"


def run(descriptors: list[int], request: dict[str, Any]) -> None:
    """Run a kernel until it is shut down. Called by the supervisor's child once it is locked in.

    Parameters
    ----------
    descriptors
        Listening unix sockets, one for each of `CHANNELS`.
    request
        `key` signs messages; `seed` seeds numpy and random; `cache` is a directory of what JAX has
        compiled before, or None; `arguments` are for the application.
    """
    bind_to(descriptors)
    seed_everything(request["seed"])
    if request["cache"]:
        use_compilation_cache(request["cache"])
    connection_file = Path(os.environ["TMPDIR"], "connection.json")
    connection = {
        **{f"{name}_port": port for port, name in enumerate(CHANNELS, 1)},
        "transport": "ipc",
        "ip": LABEL,
        "key": request["key"],
    }
    connection_file.write_text(json.dumps(connection), encoding="utf-8")
    launcher = importlib.util.find_spec("ipykernel_launcher")
    arguments = ["-f", str(connection_file), *request["arguments"]]
    sys.argv = [str(launcher and launcher.origin), *arguments]

    from ipykernel.kernelapp import IPKernelApp

    from autograder.sandbox.kernel.streams import QuietStream
    from autograder.sandbox.kernel.telling import TellingKernel

    app = IPKernelApp.instance()
    app.kernel_class = TellingKernel
    app.outstream_class = f"{QuietStream.__module__}.{QuietStream.__name__}"
    app.initialize([*arguments, "--log-level=ERROR"])
    connection_file.unlink(missing_ok=True)
    app.start()


def bind_to(descriptors: list[int]) -> None:
    """Make zmq listen on these descriptors where it is told to bind the kernel's addresses."""
    bind = zmq.Socket.bind
    addresses = {
        f"ipc://{LABEL}-{port}": descriptor for port, descriptor in enumerate(descriptors, 1)
    }

    def bind_or_listen(socket: zmq.Socket[Any], address: str) -> Any:
        if address.startswith("tcp:"):
            # ipykernel's pipe for prints of forked processes does without, where libzmq would
            # abort for want of a network.
            raise zmq.ZMQError(errno.EADDRNOTAVAIL)
        if address not in addresses:
            return bind(socket, address)
        if socket.type == zmq.XPUB:
            socket.setsockopt(zmq.SNDHWM, 0)  # no output is dropped; the memory limit holds
        socket.setsockopt(zmq.USE_FD, addresses[address])
        bind(socket, address)
        socket.setsockopt(zmq.USE_FD, -1)
        # Last, so that it counts as the endpoint to which ipykernel's own debugger connects.
        return bind(socket, f"inproc://{address}")

    zmq.Socket.bind = bind_or_listen  # type: ignore[method-assign,assignment]


def seed_everything(seed: int) -> None:
    """Give this copy random numbers of its own, the same ones each time it is graded."""
    import numpy as np

    random.seed(seed)
    np.random.seed(seed % 2**32)


def use_compilation_cache(directory: str) -> None:
    """Let JAX read what it compiled before; it writes nothing there, and does not warn of that."""
    import jax

    jax.config.update("jax_compilation_cache_dir", directory)
    jax.config.update("jax_persistent_cache_enable_xla_caches", "none")
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 1e9)
