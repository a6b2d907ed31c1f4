"""Watches one kernel: forks it, measures it, ends it, and says how it ended.

Forked from the zygote, out of reach of its kernel. The grader holds the other end of `line`; when
that closes, for whatever reason, the kernel ends.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import socket
import stat
import tempfile
import time
import traceback
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from autograder.sandbox.confine.isolation import Isolator, Usage
from autograder.sandbox.policy import environment
from autograder.sandbox.settings import ResourceLimits, Stop

PERIOD = 0.1  # seconds between measurements


def supervise(line: socket.socket, descriptors: list[int], isolator: Isolator) -> None:
    """Start and watch a kernel. Called by the zygote's child, which ends when this returns.

    Parameters
    ----------
    line
        To the grader: first comes the request, a JSON object.
    descriptors
        The kernel's listening sockets, then an open directory with the submission's files.
    """
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    request = json.loads(line.recv(1 << 16) or "null")
    if request is None:
        return
    limits = ResourceLimits(**request["limits"])
    isolator.enter_supervisor()
    kernel = os.fork()
    if kernel == 0:
        _become_kernel(line, descriptors, isolator, limits, request)
    for descriptor in descriptors:
        os.close(descriptor)
    watch = Watch(line, kernel, isolator, limits)
    try:
        status = watch.until_it_ends()
    except BaseException:  # nothing that a kernel does may end its supervisor first
        os.kill(kernel, signal.SIGKILL)
        raise
    finally:
        isolator.clean_up()
    watch.tell(
        exit=os.waitstatus_to_exitcode(status),
        stop=watch.stop,
        peak_memory=watch.peak_memory,
        cpu=watch.cpu,
    )


class Watch:
    """What the supervisor knows of its kernel, and how it looks after it."""

    def __init__(
        self, line: socket.socket, kernel: int, isolator: Isolator, limits: ResourceLimits
    ) -> None:
        self.line = line
        self.kernel = kernel
        self.isolator = isolator
        self.limits = limits
        self.zygote = os.getppid()
        self.stop: str | None = None
        self.peak_memory = 0
        self.cpu = self.busy = self._ended = 0.0
        self._usage = Usage(0, 0, 0.0, 0, 0)
        self._looked = time.monotonic()

    def until_it_ends(self) -> int:
        """Wait for the end of the kernel, and bring it about at a limit or when nobody wants it.

        Returns its status as wait(2) gives it.
        """
        pid_descriptor = os.pidfd_open(self.kernel)
        deadline = time.monotonic() + self.limits.wall
        listening: list[Any] = [self.line]
        if self.limits.wall <= 0:  # kernels before this one have used it up
            self.end(Stop.WALL)
        while True:
            ready, _, _ = select.select([pid_descriptor, *listening], [], [], PERIOD)
            if pid_descriptor in ready:
                break
            if not ready:
                self._measure()
            if self.line in ready and not self._obey():
                listening = []
            if time.monotonic() > deadline:
                self.end(Stop.WALL)
            elif os.getppid() != self.zygote:
                self.end(Stop.FORKSERVER)
            elif passed := exceeded(self._usage, self.limits):
                self.end(passed)
        os.close(pid_descriptor)
        _, status, used = os.wait4(self.kernel, 0)
        self.cpu = max(self.cpu, used.ru_utime + used.ru_stime)
        return status

    def _obey(self) -> bool:
        """Carry out one command of the grader's; False once it has gone away."""
        try:
            message = self.line.recv(4096)
        except OSError:
            message = b""
        if not message:
            self.end(None)
            return False
        command = json.loads(message)
        if "signal" in command:
            os.kill(self.kernel, command["signal"])
        if "measure" in command:
            self._measure()
            self.tell(used={"cpu": self.cpu, "busy": self.busy})
        return True

    def _measure(self) -> None:
        """Look at what the kernel uses, and add up since the last look how long it was busy.

        A process that could run at both looks was busy all the time between. One that was not
        there at the last look does not count before it has computed: many short ones are not one
        that is kept from a processor.
        """
        before, usage = self._usage, self.isolator.usage(self.limits)
        now = time.monotonic()
        passed, self._looked = now - self._looked, now
        self._ended += ended(before.own, usage.own)
        cpu = max(before.cpu, usage.cpu, self._ended + sum(usage.own.values()))
        could_run = before.runnable & usage.runnable
        self.busy += passed if could_run else min(passed, cpu - before.cpu)
        self._usage, self.cpu = replace(usage, cpu=cpu), cpu
        self.peak_memory = max(self.peak_memory, usage.memory)

    def end(self, stop: str | None) -> None:
        """Kill the kernel; the first reason counts."""
        self.stop = self.stop or stop
        os.kill(self.kernel, signal.SIGKILL)

    def tell(self, **message: object) -> None:
        """Send the grader a message, if it is still there."""
        try:
            self.line.send(json.dumps(message).encode())
        except OSError:
            return


def ended(before: Mapping[int, float], now: Mapping[int, float]) -> float:
    """The processor time that processes had at the last look which have ended since.

    It is what is known of those that nobody waits for. The time of the others is in their parents'
    as well: the supervisor takes the larger of the two sums, and neither counts anything twice.
    """
    return sum(spent for pid, spent in before.items() if now.get(pid, 0.0) < spent)


def exceeded(usage: Usage, limits: ResourceLimits) -> str | None:
    """The limit that a submission has passed, if any: memory first, processor time last."""
    for stop in (Stop.MEMORY, Stop.PROCESSES, Stop.DISK, Stop.FILES, Stop.CPU):
        if getattr(usage, stop) > getattr(limits, stop):
            return stop
    return None


def _become_kernel(
    line: socket.socket,
    descriptors: list[int],
    isolator: Isolator,
    limits: ResourceLimits,
    request: dict[str, Any],
) -> None:
    """Turn this process, a fresh copy of the zygote, into a confined kernel. Never returns."""
    *sockets, submission = descriptors
    try:
        os.setsid()
        home = isolator.make_home(limits)
        isolator.admit(str(request["cache"] or ""))
        copy_files(submission, home, isolator.uid())
        prepare_process(home, [*sockets, line.fileno()], request["variables"])
        isolator.lock(limits)
    except BaseException:
        reason = traceback.format_exc(limit=-3)
        line.send(json.dumps({"failed": reason[-4000:]}).encode())
        os._exit(1)
    os.close(line.detach())
    from autograder.sandbox.kernel.application import run

    run(sockets, request)
    os._exit(0)


def copy_files(source: int, target: Path, uid: int | None) -> None:
    """Copy regular files and folders of an open directory. Links and devices are left out."""
    for name in os.listdir(source):
        copy = target / name
        if is_folder(name, source):
            inner = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=source)
            try:
                copy.mkdir()
                copy_files(inner, copy, uid)
            finally:
                os.close(inner)
        elif is_file(name, source):
            opened = os.open(name, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=source)
            with os.fdopen(opened, "rb") as original, copy.open("wb") as written:
                shutil.copyfileobj(original, written)
        else:
            continue
        if uid is not None:
            os.chown(copy, uid, uid)


def is_folder(name: str, parent: int) -> bool:
    """Whether a name in an open directory is a folder itself, not a link to one."""
    return stat.S_ISDIR(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode)


def is_file(name: str, parent: int) -> bool:
    """Whether a name in an open directory is a regular file itself, not a link to one."""
    return stat.S_ISREG(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode)


def prepare_process(home: Path, kept: list[int], variables: Mapping[str, str]) -> None:
    """A process as a fresh one would be: descriptors, environment, directory, signals.

    `variables` are those that the kernelspec sets; what the sandbox sets wins over them.
    """
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)
    close_all_but(kept)
    temporary = os.environ["TMPDIR"]
    kept_variables = environment(dict(os.environ))
    os.environ.clear()
    os.environ.update(
        {**kept_variables, **variables},
        HOME=str(home),
        USER="student",
        LOGNAME="student",
        TMPDIR=temporary,
        IPYTHONDIR=f"{temporary}/.ipython",
        MPLCONFIGDIR=f"{temporary}/.matplotlib",
        MPLBACKEND="module://matplotlib_inline.backend_inline",
        JAX_PLATFORMS="cpu",
    )
    tempfile.tempdir = None  # it was found out in the zygote
    os.chdir(home)
    signal.signal(signal.SIGINT, signal.default_int_handler)


def close_all_but(kept: list[int]) -> None:
    """Close every descriptor but the standard three and these."""
    first = 3
    for number in [*sorted(kept), os.sysconf("SC_OPEN_MAX")]:
        os.closerange(first, number)
        first = number + 1
