"""The grader's handle on a fork server. TRUSTED SIDE.

There is one server for each way of confining, started when first needed; it ends when this
process does, however that comes about, because its line closes.
"""

from __future__ import annotations

import array
import atexit
import itertools
import json
import os
import socket
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

from autograder.sandbox.cache import cache_directory
from autograder.sandbox.landlock import remove_tree
from autograder.sandbox.policy import Policy, environment, policy_for
from autograder.sandbox.settings import Isolation, IsolationUnavailable, Sandbox

START_TIMEOUT = 120.0  # seconds; two on an idle machine
HELP = (
    "Student code cannot be kept apart from your files on this system: {reasons}. To proceed: "
    "allow unprivileged user namespaces (in a container: --security-opt seccomp=unconfined, or "
    "Linux 6.2 with Landlock), or grade where nothing else of value is, and say so with "
    "c.Sandbox.require_isolation = False."
)


class ForkServerError(RuntimeError):
    """The fork server could not be started, or has ended."""


@dataclass(frozen=True)
class Plan:
    """What distinguishes one fork server from another."""

    policy: Policy
    isolation: str


class ForkServer:
    """A running fork server.

    Raises
    ------
    IsolationUnavailable
        If no isolation that was asked for works here.
    ForkServerError
        If it does not start for any other reason.
    """

    command = (sys.executable, "-m", "autograder.sandbox.warden")
    _running: dict[Plan, ForkServer] = {}  # noqa: RUF012 - shared on purpose
    _starting = threading.Lock()

    @classmethod
    def shared(cls, plan: Plan) -> ForkServer:
        """The server of this process for a plan; a new one if the last has ended."""
        with cls._starting:
            server = cls._running.get(plan)
            if server is not None and not server.is_alive():
                server.close()  # the warden was killed: clean up in its place
                server = None
            if server is None:
                server = cls._running[plan] = cls(plan)
            return server

    def __init__(self, plan: Plan) -> None:
        self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [*self.command, str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            cwd="/",
            env=server_environment(),
            start_new_session=True,
        )
        theirs.close()
        self._line.settimeout(START_TIMEOUT)
        configuration = {"isolation": plan.isolation, "readable": plan.policy.readable}
        self._line.send(json.dumps(configuration).encode())
        answer = json.loads(self._line.recv(1 << 16) or "{}")
        self._line.settimeout(None)
        if "directory" not in answer:
            self.close()
            if "refused" in answer:
                reasons = "; ".join(f"{mode}: {why}" for mode, why in answer["refused"].items())
                raise IsolationUnavailable(reasons)
            raise ForkServerError(answer.get("failed", "The fork server ended while it started."))
        self.isolation = Isolation(answer["isolation"])
        self.refused: dict[str, str] = answer["refused"]
        self.without: list[str] = answer["without"]
        self.seconds: float = answer["seconds"]
        self.directory = Path(answer["directory"])
        atexit.register(self.close)

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def new_directory(self) -> Path:
        """A directory for the sockets of one kernel, which nobody else can enter."""
        directory = self.directory / f"k{next(self._numbers)}"
        directory.mkdir(mode=0o700)
        return directory

    def spawn(self, descriptors: list[int]) -> None:
        """Fork a supervisor that owns copies of these: its line, sockets, the submission.

        Raises
        ------
        ForkServerError
            If the server has ended.
        """
        rights = array.array("i", descriptors).tobytes()
        try:
            with self._lock:
                self._line.sendmsg([b"fork"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
        except OSError as error:
            raise ForkServerError(f"The fork server has ended ({error}).") from error

    def close(self) -> None:
        """End the server, its kernels, and what they left on the disk."""
        atexit.unregister(self.close)
        self._line.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if directory := getattr(self, "directory", None):
            remove_tree(directory)


def server_for(sandbox: Sandbox, hidden: list[Path]) -> ForkServer | None:
    """The fork server for these settings; None where kernels run without isolation.

    Raises
    ------
    IsolationUnavailable
        If there is no isolation here and the settings require one.
    PolicyError
        If something hidden lies where student code has to be able to read.
    """
    if sandbox.isolation == Isolation.NONE:
        why_not = "it was switched off"
    elif sys.platform != "linux":
        why_not = f"{sys.platform} offers nothing for it"
    else:
        cache = cache_directory()
        readable = [] if cache is None else [cache]
        policy = policy_for([*sandbox.hidden_directories(), *hidden], readable)
        try:
            return ForkServer.shared(Plan(policy, sandbox.isolation))
        except IsolationUnavailable as error:
            why_not = str(error)
    if sandbox.require_isolation:
        raise IsolationUnavailable(HELP.format(reasons=why_not))
    if why_not not in _warned:
        _warned.add(why_not)
        sandbox.log.warning(
            "Student code runs with your own rights, files and network: no isolation (%s).",
            why_not,
        )
    return None


_warned: set[str] = set()


def server_environment() -> dict[str, str]:
    """What the fork server inherits: what kernels may know, and how Python is to run."""
    return {
        **environment(dict(os.environ)),
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        # Sets have the same order in every kernel, so that grading twice gives the same.
        "PYTHONHASHSEED": "0",
    }
