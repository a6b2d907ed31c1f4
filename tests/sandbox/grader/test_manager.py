"""The kernel manager in the grader's process."""

from __future__ import annotations

import asyncio
import os
import select
import subprocess
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
import zmq
import zmq.asyncio
from jupyter_client.session import Session
from nbclient import NotebookClient
from nbformat.v4 import new_notebook
from traitlets.config import Config

from autograder.sandbox.grader.forkserver import ForkServer, ForkServerError, server_for
from autograder.sandbox.grader.manager import SandboxManager, WakefulChannel, processor_time
from autograder.sandbox.settings import Isolation, Sandbox


@pytest.mark.slow
def test_a_kernel_lost_while_it_starts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(ForkServer, "_running", {})
    server = server_for(Sandbox(), [])
    assert server is not None
    assert server._process is not None
    launcher = psutil.Process(server._process.pid)
    launcher.children()[0].suspend()  # the zygote: it will fork nothing
    manager = SandboxManager(kernel_name="python3")
    client = NotebookClient(new_notebook(), km=manager, resources={"metadata": {"path": tmp_path}})
    try:
        client.start_new_kernel()
        launcher.kill()
        with pytest.raises(ForkServerError, match="ended from outside"):
            client.start_new_kernel_client()
    finally:
        server.close()


async def received_while_sending() -> dict[str, Any]:
    """A message that arrives between a call that waits for it, and another that sends."""
    context, session = zmq.asyncio.Context(), Session()
    ours, theirs = context.socket(zmq.DEALER), zmq.Context.shadow(context).socket(zmq.DEALER)
    with context, ours, theirs:
        theirs.bind("inproc://kernel")
        ours.connect("inproc://kernel")
        channel = WakefulChannel(ours, session)
        channel.send(session.msg("first"))
        theirs.recv_multipart()
        waiting = asyncio.create_task(channel.get_msg())
        await asyncio.sleep(0)
        session.send(theirs, "reply")
        select.select([ours.FD], [], [], 60)
        time.sleep(0.01)  # libzmq takes in what has arrived no more often than each millisecond
        channel.send(session.msg("comm_msg"))
        return await asyncio.wait_for(waiting, 60)


def test_a_reply_that_arrives_while_something_is_sent_is_noticed() -> None:
    assert asyncio.run(received_while_sending())["msg_type"] == "reply"


def test_kernels_without_isolation_are_ordinary_ones() -> None:
    config = Config({"Sandbox": {"isolation": "none", "require_isolation": False}})
    manager = SandboxManager(kernel_name="python3", config=config)
    assert manager.isolation is Isolation.NONE
    assert manager.kernel_spec is not None
    assert "kernel_provisioner" not in manager.kernel_spec.metadata


def test_the_processor_time_of_an_ordinary_kernel() -> None:
    own = processor_time(os.getpid())
    assert time.process_time() - 0.1 < own <= processor_time(os.getpid())
    assert processor_time(None) == 0.0
    with subprocess.Popen(["true"]) as gone:
        gone.wait()
    assert processor_time(gone.pid) == 0.0
