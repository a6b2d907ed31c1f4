"""The kernel manager and client that the kit hands to nbclient.

They differ from jupyter_client's own in four ways: kernels come from the sandbox; what is read
from a kernel is limited; no reply is missed; and nothing waits where there is nothing to wait for.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from queue import Empty
from typing import Any

import psutil
import zmq
from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.channels import AsyncZMQSocketChannel
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupyter_core.utils import ensure_async
from traitlets import Instance, Integer, Type, Unicode, default

from autograder.sandbox.grader.forkserver import LOST, ForkServerError, server_for
from autograder.sandbox.grader.interpreter import OWN_NAMES, installed_kernel
from autograder.sandbox.grader.provisioner import NAME, SandboxProvisioner
from autograder.sandbox.kernel import LEFT_RUNNING
from autograder.sandbox.settings import Isolation, Sandbox, Spent, Stop, Used

READY = 600.0
"""Seconds in which a kernel has to start: one of the sandbox's takes less than one, an ordinary one
up to ten, and on a machine with other work many times as long. One that ends is noticed at once."""

LARGEST_REPLY = 128 << 20
"""Bytes of one message on the shell channel: the largest answer to a question, encoded."""


LAUNCHER = "ipykernel_launcher"
TELLING = "autograder.sandbox.kernel.telling.TellingKernel"
MOST_BRACES = 400_000
"""Objects and lists in one message: each takes hundreds of bytes once it is read."""


class WakefulChannel(AsyncZMQSocketChannel):
    """A channel that notices what arrives while it sends.

    jupyter_client sends past the asyncio socket. What has arrived by then is taken in with it, and
    asyncio, which waits for the arrival, is not told: it would wait for ever. nbclient sends while
    it waits for a reply where a cell shows a widget for output, as `ipywidgets.interact` does.
    """

    def send(self, msg: dict[str, Any]) -> None:
        super().send(msg)
        assert self.socket is not None
        self.socket.get(zmq.EVENTS)  # with which pyzmq has asyncio look again


class WakefulClient(AsyncKernelClient):
    """jupyter_client's own, but that it misses no reply: for ordinary kernels."""

    shell_channel_class = Type(WakefulChannel)


class WakefulManager(AsyncKernelManager):
    """jupyter_client's own, with that client: what runs a notebook without the sandbox uses it."""

    client_class = "autograder.sandbox.grader.manager.WakefulClient"
    client_factory = Type(WakefulClient)


class CountingChannel(WakefulChannel):
    """A channel that counts what it receives, and calls `too_much` beyond `most` bytes.

    Raises
    ------
    ValueError
        For a message of very many parts, before it is parsed: each part would take hundreds of
        bytes of the grader's memory.
    """

    received = 0  # bytes
    most: float = float("inf")
    too_much: Callable[[], None] = staticmethod(lambda: None)

    async def _recv(self, **kwargs: Any) -> dict[str, Any]:  # type: ignore[override]
        assert self.socket is not None
        parts = await self.socket.recv_multipart(**kwargs)
        self.received += sum(map(len, parts))
        braces = sum(part.count(b"{") + part.count(b"[") for part in parts)
        if self.received > self.most or braces > MOST_BRACES:
            self.too_much()
        if braces > MOST_BRACES:
            raise ValueError(f"a message of {braces} parts")
        _, message = self.session.feed_identities(parts)
        return dict(self.session.deserialize(message))


class SandboxClient(AsyncKernelClient):
    """Reads from a kernel that may send anything, in any amount.

    `SandboxManager` makes one for each kernel; nbclient and the judge read through it.
    """

    parent: Any  # the kernel manager
    iopub_channel_class = Type(CountingChannel)
    shell_channel_class = Type(CountingChannel)
    stdin_channel_class = Type(CountingChannel)
    control_channel_class = Type(CountingChannel)

    def connect_shell(self, identity: bytes | None = None) -> zmq.Socket[Any]:
        self.context.setsockopt(zmq.MAXMSGSIZE, LARGEST_REPLY)
        self.context.setsockopt(zmq.RCVHWM, 4)
        return super().connect_shell(identity)

    def connect_iopub(self, identity: bytes | None = None) -> zmq.Socket[Any]:
        self.context.setsockopt(zmq.MAXMSGSIZE, self.parent.sandbox.output)
        self.context.setsockopt(zmq.RCVHWM, 32)
        made = super().connect_iopub(identity)
        self._lost = made.get_monitor_socket(zmq.EVENT_DISCONNECTED)
        return made

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Called by nbclient when it has started a kernel, before the first cell.

        Waits for a reply on the shell channel, and for its echo on iopub. The echo proves that
        output will be seen; jupyter_client's own method waits for a silence as well.

        Raises
        ------
        ForkServerError
            If something else than the submission ends the kernel first.
        RuntimeError
            If it ends by itself first, or takes longer than `timeout` seconds.
        """
        timeout = timeout or READY
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            asked = self.kernel_info()
            if await self._answered(
                self.shell_channel, asked, 0.5, deadline
            ) and await self._answered(self.iopub_channel, asked, 0.1, deadline):
                return
            if not await self.is_alive():
                if self.parent.stop == Stop.FORKSERVER:
                    raise ForkServerError(LOST)
                raise RuntimeError(f"The kernel ended before it was ready. {self._failure()}")
        raise RuntimeError(f"The kernel was not ready within {timeout:g} seconds.")

    def _failure(self) -> str:
        """The last line of the error that kept a kernel from starting."""
        return "".join(getattr(self.parent.provisioner, "failure", "").strip().splitlines()[-1:])

    async def _answered(self, channel: Any, asked: str, patience: float, deadline: float) -> bool:
        """Whether the last message about a request (its id is `asked`) comes on a channel.

        `patience` is how many seconds to wait for each message.
        """
        try:
            while time.monotonic() < deadline:
                message = await channel.get_msg(timeout=patience)
                if message["parent_header"].get("msg_id") == asked and (
                    message["msg_type"] == "kernel_info_reply"
                    or message["content"].get("execution_state") == "idle"
                ):
                    return True
        except Empty:
            pass
        return False

    @property
    def iopub_channel(self) -> CountingChannel:
        channel: CountingChannel = super().iopub_channel
        channel.most = self.parent.sandbox.output
        channel.too_much = self._end_for_output
        return channel

    def _end_for_output(self) -> None:
        self.parent.end(Stop.OUTPUT)

    async def lost_output(self) -> bool:
        """Whether zmq has closed the connection, as it does after a message that is too large.

        Asked by the judge when a cell ran out of time: then it was the output limit.
        """
        return bool(await ensure_async(self._lost.poll(0)))

    def stop_channels(self) -> None:
        super().stop_channels()
        if (lost := getattr(self, "_lost", None)) is not None:
            lost.close(linger=0)


class SandboxManager(AsyncKernelManager):
    """Starts kernels in the sandbox; ordinary ones where there is no isolation and that is allowed.

    `Execute` has nbclient make one for each kernel and sets the traits below. Everything that
    jupyter_client's own manager does works as usual.
    """

    client_class = "autograder.sandbox.grader.manager.SandboxClient"
    client_factory = Type(SandboxClient)
    sandbox = Instance(Sandbox)
    hidden = Unicode("", help="The course directory.")
    cache = Unicode("", help="Directory of what JAX has compiled before.")
    seed = Integer(0, help="Seeds the kernel's own random numbers.")
    spent = Instance(Spent, (), help="What earlier kernels of the submission have used.")
    _isolation: Isolation | None = None
    _sandboxed: KernelSpec | None = None
    _processor_time = _measured = 0.0

    @default("sandbox")
    def _sandbox_default(self) -> Sandbox:
        return Sandbox(parent=self)

    @property
    def isolation(self) -> Isolation:
        """The isolation in force. Asking for it starts the fork server, if none runs yet.

        Raises
        ------
        IsolationUnavailable
            If there is none and one is required.
        KernelUnavailable
            If no kernels can be made of the Python that the kernelspec names.
        """
        if self._isolation is None:
            hidden = [Path(self.hidden)] if self.hidden else []
            server = server_for(self.sandbox, hidden, installed_kernel(self.kernel_name))
            self._isolation = Isolation.NONE if server is None else server.isolation
        return self._isolation

    @property
    def kernel_spec(self) -> KernelSpec | None:
        """The installed kernel of that name, to be started by the sandbox's provisioner.

        Asked for by jupyter_client, which finds the provisioner's name in the spec's metadata.
        """
        if self._sandboxed is None:
            spec = super().kernel_spec
            if spec is None:
                return None
            self._sandboxed = KernelSpec(resource_dir=spec.resource_dir, **spec.to_dict())
            if self.isolation is Isolation.NONE:
                self._sandboxed.argv = [*spec.argv, *telling(spec.argv)]
                return self._sandboxed
            settings = {
                name: getattr(self, name)
                for name in ("hidden", "cache", "seed", "spent", "sandbox")
            }
            stanza = {"provisioner_name": NAME, "config": settings}
            self._sandboxed.metadata = {**spec.metadata, "kernel_provisioner": stanza}
        return self._sandboxed

    def why_it_ended(self) -> str:
        """Which limit ended the kernel, as a student reads it; "" if it ended by itself."""
        made = self.provisioner
        return made.why() if isinstance(made, SandboxProvisioner) else ""

    @property
    def stop(self) -> str | None:
        """Which limit ended the kernel, if one did."""
        made = self.provisioner
        return made.stop if isinstance(made, SandboxProvisioner) else None

    @property
    def cpu(self) -> float:
        """Seconds of processor time that a kernel which has ended took."""
        made = self.provisioner
        return made.cpu if isinstance(made, SandboxProvisioner) else 0.0

    def used(self, age: float) -> Used:
        """What the kernel has used, for the judge; both are 0 where nothing can tell.

        A measurement that was asked for within the last `age` seconds will do.

        Where there is no isolation, an ordinary process has the kernel: its processor time is
        known, but not how long it was busy.
        """
        made = self.provisioner
        if isinstance(made, SandboxProvisioner):
            return made.used(age)
        if time.monotonic() - self._measured > age:
            seconds = processor_time(getattr(made, "pid", None))
            self._processor_time = max(self._processor_time, seconds)
            self._measured = time.monotonic()
        return Used(cpu=self._processor_time)

    def end(self, stop: Stop) -> None:
        """End the kernel for a limit that is measured on this side, such as output."""
        if isinstance(self.provisioner, SandboxProvisioner):
            self.provisioner.end(stop)


def telling(command: Sequence[str]) -> list[str]:
    """The argument by which an ordinary ipykernel tells what a cell has left running.

    None where the kernel is another program, or of an interpreter that may not have the kit.

    >>> telling(["python", "-m", "ipykernel_launcher", "-f", "{connection_file}"])
    ['--IPKernelApp.kernel_class=autograder.sandbox.kernel.telling.TellingKernel']
    >>> telling(["/usr/bin/R", "--args"])
    []
    """
    own = command[0] in {*OWN_NAMES, sys.executable}
    return [f"--IPKernelApp.kernel_class={TELLING}"] if own and LAUNCHER in command else []


def left_running(reply: Mapping[str, Any]) -> bool:
    """Whether a kernel's reply says that what it ran has left something running.

    The judge asks; nothing but a wait follows from it, for the reply may say anything.
    """
    metadata = reply.get("metadata")
    return isinstance(metadata, Mapping) and bool(metadata.get(LEFT_RUNNING))


def processor_time(pid: int | None) -> float:
    """Seconds that a process and all below it have computed, ended children included.

    0.0 if the process is gone, or None.
    """
    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)] if pid else []
    except psutil.Error:
        return 0.0
    seconds = 0.0
    for each in family:
        with contextlib.suppress(psutil.Error):
            seconds += sum(each.cpu_times()[:4])
    return seconds
