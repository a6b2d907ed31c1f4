"""A Jupyter kernel provisioner whose kernels come from the fork server.

Known to jupyter_client by its entry point, `nbgrader-jax-sandbox`; `manager` asks for it.
"""

from __future__ import annotations

import asyncio
import json
import os
import select
import shutil
import signal
import socket
import time
from pathlib import Path
from typing import Any

import psutil
from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning.provisioner_base import KernelProvisionerBase
from traitlets import Instance, Integer, Unicode, default

from autograder.sandbox.grader.forkserver import kernel_variables, server_for
from autograder.sandbox.grader.interpreter import kernel_arguments
from autograder.sandbox.kernel.application import CHANNELS
from autograder.sandbox.policy import NBGRADERS
from autograder.sandbox.settings import IsolationUnavailable, Sandbox, Spent, Stop, Used

NAME = "nbgrader-jax-sandbox"
POLL = 0.005  # seconds between looks at whether a kernel has ended
ANSWERS = 10.0  # seconds that a supervisor has to answer; milliseconds on an idle machine
MOST_GROWTH = 1 << 30
"""Bytes by which this process may grow while a kernel runs, its own checks included."""
VANISHED = -signal.SIGKILL
"""Exit code of a kernel whose supervisor is gone: it was killed, too."""


class SandboxProvisioner(KernelProvisionerBase):
    """Starts, signals and ends one confined kernel. Called by the kernel manager alone.

    `_line` leads to the supervisor of the kernel: requests and signals go out as JSON; what the
    kernel uses, and how it ended, comes back. The supervisor ends its kernel when this end is
    closed.
    """

    parent: Any  # the kernel manager
    sandbox = Instance(Sandbox)
    hidden = Unicode("", help="A directory that student code must not reach: the course.")
    cache = Unicode("", help="Directory of what JAX has compiled before, if there is one.")
    seed = Integer(0, help="Seeds the kernel's own random numbers.")
    spent = Instance(Spent, (), help="What earlier kernels of the submission have used.")

    @default("sandbox")
    def _sandbox_default(self) -> Sandbox:
        return Sandbox(parent=self)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._line: socket.socket | None = None
        self._memory_at_start = 0
        self._directory: Path | None = None
        self._limits = self.sandbox.limits()
        self.exit_code: int | None = None
        self.stop: str | None = None
        self.peak_memory = 0
        self.cpu = 0.0
        self.failure = ""
        self._used, self._asked = Used(), 0.0

    @property
    def has_process(self) -> bool:
        return self._line is not None and self.exit_code is None

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Choose where the kernel's sockets will be, and tell the manager.

        Raises
        ------
        IsolationUnavailable
            If the kernel is not a Python kernel, or nothing can confine it.
        KernelUnavailable
            If no kernels can be made of the Python that its kernelspec names.
        """
        if (self.kernel_spec.language or "").lower() != "python":
            raise IsolationUnavailable(
                f"The kernel {self.kernel_spec.display_name!r} is not a Python kernel; "
                "only those can be confined."
            )
        hidden = [Path(self.hidden)] if self.hidden else []
        self._server = server_for(self.sandbox, hidden, self.kernel_spec)
        if self._server is None:
            raise IsolationUnavailable("This provisioner starts no kernels without isolation.")
        self._directory = self._server.new_directory()
        manager = self.parent
        manager.transport, manager.ip = "ipc", str(self._directory / "s")
        for port, channel in enumerate(CHANNELS, 1):
            setattr(manager, f"{channel}_port", port)
        self.connection_info = manager.get_connection_info()
        return {
            "cmd": [*kernel_arguments(self.kernel_spec), *kwargs.get("extra_arguments", [])],
            "cwd": kwargs.get("cwd") or str(Path.cwd()),
        }

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Have a kernel forked that listens on sockets which are open already.

        Parameters
        ----------
        cmd
            Arguments of the kernel application.
        kwargs
            `cwd` is the directory whose files the kernel gets a copy of.
        """
        assert self._server is not None
        assert self._directory is not None
        request = {
            "limits": self._limits.less(self.spent).as_dict(),
            "key": self.parent.session.key.decode(),
            "seed": self.seed,
            "cache": self.cache,
            "arguments": cmd,
            "variables": {
                **kernel_variables(self._server.plan.python),
                **{name: os.environ[name] for name in NBGRADERS if name in os.environ},
            },
        }
        self.exit_code = self.stop = None
        self._memory_at_start = psutil.Process().memory_info().rss
        self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._line.setblocking(False)
        self._line.send(json.dumps(request).encode())
        submission = os.open(kwargs["cwd"], os.O_RDONLY | os.O_DIRECTORY)
        sockets = [listener(f"{self._directory}/s-{port}") for port, _ in enumerate(CHANNELS, 1)]
        try:
            self._server.spawn([theirs.fileno(), *(each.fileno() for each in sockets), submission])
        finally:
            os.close(submission)
            for each in (theirs, *sockets):
                each.close()
        return self.connection_info

    async def poll(self) -> int | None:
        """None while the kernel runs; afterwards its exit code."""
        if psutil.Process().memory_info().rss > self._memory_at_start + MOST_GROWTH:
            self.end(Stop.OUTPUT)  # messages without end, which zmq keeps until they have one
        while self._line is not None and self.exit_code is None:
            if not self._read():
                return None
        return VANISHED if self.exit_code is None else self.exit_code

    def used(self, age: float) -> Used:
        """What the kernel has used; asked of its supervisor, which measures.

        Called by the judge while it waits for an answer. A measurement that was asked for within
        the last `age` seconds will do.
        """
        if self.has_process and time.monotonic() - self._asked > age:
            self._asked = time.monotonic()
            before = self._used
            self._send(measure=True)
            while self._used is before and self._line is not None and self.exit_code is None:
                if not select.select([self._line], [], [], ANSWERS)[0]:
                    break
                self._read()
        return self._used

    def _read(self) -> bool:
        """Note one message of the supervisor's; False if there is none."""
        assert self._line is not None
        try:
            message = self._line.recv(1 << 16)
        except BlockingIOError:
            return False
        except OSError:
            message = b""
        self._note(json.loads(message or "{}"))
        return True

    def _note(self, end: dict[str, Any]) -> None:
        """Remember what the supervisor said last; an empty message means that it was killed."""
        if "used" in end:
            self._used = Used(**end["used"])
            return
        if "failed" in end:
            self.failure = end["failed"]
            self.log.error("A kernel could not be started:\n%s", self.failure)
        if not end and self.stop is None:
            self.stop = Stop.FORKSERVER
        self.exit_code = end.get("exit", VANISHED)
        self.stop = self.stop or end.get("stop")
        self.peak_memory = end.get("peak_memory", 0)
        self.cpu = end.get("cpu", 0.0)
        self._used = Used(max(self.cpu, self._used.cpu), self._used.busy)

    def why(self) -> str:
        """Which limit ended the kernel, as a student reads it; "" if it ended by itself."""
        return self._limits.sentence(self.stop) if self.stop else ""

    async def wait(self) -> int | None:
        while (code := await self.poll()) is None:
            await asyncio.sleep(POLL)
        return code

    async def send_signal(self, signum: int) -> None:
        self._signal(signum)

    async def kill(self, restart: bool = False) -> None:
        self._signal(signal.SIGKILL)
        await self.wait()  # here, since the manager would look again only after 0.1 s

    async def terminate(self, restart: bool = False) -> None:
        self._signal(signal.SIGTERM)

    def end(self, stop: Stop) -> None:
        """Kill the kernel for a limit that is measured on this side."""
        self.stop = self.stop or stop
        self._signal(signal.SIGKILL)

    def _signal(self, signum: int) -> None:
        self._send(signal=int(signum))

    def _send(self, **command: object) -> None:
        if self._line is not None:
            try:
                self._line.send(json.dumps(command).encode())
            except OSError:  # it has ended
                return

    async def cleanup(self, restart: bool = False) -> None:
        if self._line is not None:
            self._line.close()  # which ends the kernel, if it still runs
            self._line = None
        if self._directory is not None:
            shutil.rmtree(self._directory, ignore_errors=True)
            self._directory = None


def listener(path: str) -> socket.socket:
    """A unix socket that listens at a path, for zmq to take over."""
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    made.bind(path)
    made.listen(16)
    made.setblocking(False)
    return made
