"""Starts the fork server, keeps it, and asks it for kernels.

A grader has one server for each Python that a course names, and each way of confining (`Plan`),
started when first needed. Workers that it starts can share the server (`lend`, `borrow`). It ends
when all who share it have ended, however that comes about: then the last copy of its line is
closed.
"""

from __future__ import annotations

import array
import atexit
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
from dataclasses import asdict, dataclass
from pathlib import Path

from jupyter_client.kernelspec import KernelSpec

from autograder.sandbox.confine.processes import remove_tree
from autograder.sandbox.grader.cache import cache_directory
from autograder.sandbox.grader.interpreter import (
    Interpreter,
    KernelUnavailable,
    interpreter_of,
    own,
    remember,
)
from autograder.sandbox.policy import Policy, environment, is_readable, policy_for
from autograder.sandbox.settings import Isolation, IsolationUnavailable, Sandbox

LOST = "The student's kernel was ended from outside. Grade the submission again."
START_TIMEOUT = 600.0  # seconds; two on an idle machine
END_TIMEOUT = 60.0  # seconds; a tenth on an idle machine
START = str(Path(__file__).parents[1] / "server" / "start.py")
BRING_PACKAGE = f"__import__('runpy').run_path({START!r})['bring_package']()"
"""Makes the kit importable in an ordinary kernel, whose Python need not have it either."""
OURS = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    # Sets have the same order in every kernel, so that grading twice gives the same.
    "PYTHONHASHSEED": "0",
}
"""Variables of the fork server that no kernelspec sets otherwise."""
NOT_THEIRS = ("TMPDIR", "JAX_COMPILATION_CACHE_DIR")
"""Variables that a kernelspec may set without effect: kernels cannot write in such a folder."""
HELP = (
    "Student code cannot be kept apart from your files on this system: {reasons}. To proceed: "
    "allow unprivileged user namespaces (in a container: --security-opt seccomp=unconfined, or "
    "Linux 6.2 with Landlock), or grade where nothing else of value is, and say so with "
    "c.Sandbox.require_isolation = False."
)


class ForkServerError(RuntimeError):
    """The fork server could not be started, or has ended, and with it a kernel.

    No submission is to blame: `autograder grade` grades it once more, then lists it as not graded.
    """


@dataclass(frozen=True)
class Plan:
    """What distinguishes one fork server from another: equal plans share one."""

    policy: Policy
    isolation: str
    python: Interpreter


@dataclass(frozen=True)
class Ready:
    """What a fork server says of itself once it has started; `doctor` shows it."""

    isolation: Isolation
    refused: dict[str, str]
    """Why each better isolation is not the one in force."""
    directory: Path
    without: list[str]
    """Private names of jax that this release lacks."""
    seconds: float
    """How long it took to get ready."""


@dataclass(frozen=True)
class Loan:
    """A running fork server, on its way to a worker.

    It holds a socket, which Python pickles only while `multiprocessing` starts a process.
    """

    plan: Plan
    line: socket.socket
    ready: Ready


class ForkServer:
    """A running fork server.

    `server_for` finds or starts one. The provisioner then calls `new_directory` and `spawn` for
    each kernel.

    Raises
    ------
    IsolationUnavailable
        If no isolation that was asked for works here.
    ForkServerError
        If it does not start for any other reason.
    """

    command: tuple[str, ...] = (START,)
    """What is started with the Python of the plan."""
    _running: dict[Plan, ForkServer] = {}  # noqa: RUF012 - shared on purpose
    _starting = threading.Lock()

    @classmethod
    def shared(cls, plan: Plan) -> ForkServer:
        """The server of this process for a plan, started now if there is none or it has ended."""
        with cls._starting:
            server = cls._running.get(plan)
            if server is not None and not server.is_alive():
                server.close()  # the launcher was killed: clean up in its place
                server = None
            if server is None:
                server = cls._running[plan] = cls(plan)
            return server

    @classmethod
    def borrow(cls, loan: Loan) -> None:
        """Called in a worker as it starts: from then on `shared` finds the server that was lent."""
        remember(loan.plan.python)
        with cls._starting:
            cls._running[loan.plan] = cls(loan.plan, loan)

    def __init__(self, plan: Plan, loan: Loan | None = None) -> None:
        self.plan = plan
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None  # None: it belongs to another process
        if loan is None:
            self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            self._process = self._start(theirs)
            self.ready = self._answer()
            atexit.register(self.close)
        else:
            self._line, self.ready = loan.line, loan.ready
        self.isolation, self.directory = self.ready.isolation, self.ready.directory

    def _start(self, theirs: socket.socket) -> subprocess.Popen[bytes]:
        with theirs:
            return subprocess.Popen(
                [*self.plan.python.command, *self.command, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                cwd="/",
                env=server_environment(self.plan.python),
                start_new_session=True,
            )

    def _answer(self) -> Ready:
        """Send the configuration, and wait until the server says that it is ready, or why not."""
        configuration = {"isolation": self.plan.isolation, **asdict(self.plan.policy)}
        self._line.settimeout(START_TIMEOUT)
        self._line.send(json.dumps(configuration).encode())
        answer = json.loads(self._line.recv(1 << 16) or "{}")
        self._line.settimeout(None)
        if "directory" in answer:
            made = {
                "isolation": Isolation(answer["isolation"]),
                "directory": Path(answer["directory"]),
            }
            return Ready(**{**answer, **made})
        self._end()
        if "refused" in answer:
            reasons = "; ".join(f"{mode}: {why}" for mode, why in answer["refused"].items())
            raise IsolationUnavailable(reasons)
        raise ForkServerError(answer.get("failed", "The fork server ended while it started."))

    def lend(self) -> Loan:
        """This server, for a worker that is about to be started; it calls `borrow` with it."""
        return Loan(self.plan, self._line, self.ready)

    def is_alive(self) -> bool:
        """Whether the zygote still holds the other end of the line."""
        try:
            return self._line.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) != b""
        except BlockingIOError:  # it has nothing to say, as usual
            return True
        except OSError:
            return False

    def new_directory(self) -> Path:
        """A directory for the sockets of one kernel, which nobody else can enter."""
        return Path(tempfile.mkdtemp(prefix="k", dir=self.directory))

    def spawn(self, descriptors: list[int]) -> None:
        """Have a supervisor forked that owns copies of these open files.

        They are the supervisor's line to the grader, the kernel's listening sockets and the folder
        with the submission, in this order.

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
        """End the server, its kernels, and what they left on the disk.

        One that was borrowed only loses this process's copy of the line, and goes on.
        """
        atexit.unregister(self.close)
        self._end()
        if self._process is not None:
            remove_tree(self.directory)

    def _end(self) -> None:
        self._line.close()
        if self._process is not None:
            try:
                self._process.wait(END_TIMEOUT)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()


def server_for(
    sandbox: Sandbox, hidden: list[Path], kernel: KernelSpec | None = None
) -> ForkServer | None:
    """The fork server for these settings; None where kernels run without isolation.

    Called for each kernel, by the manager and the provisioner, and by `doctor`. Where there is
    no isolation and none is required it warns, once for each reason.

    Parameters
    ----------
    hidden
        The course, and whatever else must be out of reach besides `Sandbox.hidden_directories`.
    kernel
        Names the Python; the grader's own if there is none.

    Raises
    ------
    IsolationUnavailable
        If there is no isolation here and the settings require one.
    PolicyError
        If something hidden lies where student code has to be able to read.
    KernelUnavailable
        If no kernels can be made of the Python that is named.
    """
    if sandbox.isolation == Isolation.NONE:
        why_not = "it was switched off"
    elif sys.platform != "linux":
        why_not = f"{sys.platform} offers nothing for it"
    else:
        python = own() if kernel is None else interpreter_of(kernel)
        policy = kernel_policy(sandbox, hidden, python)
        try:
            return ForkServer.shared(Plan(policy, sandbox.isolation, python))
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


def kernel_policy(sandbox: Sandbox, hidden: list[Path], python: Interpreter) -> Policy:
    """What kernels that are made of a Python may read.

    Raises
    ------
    PolicyError
        If something hidden lies where student code has to be able to read.
    KernelUnavailable
        If that Python finds packages that every kernel needs where student code may not read.
    """
    secret = [*sandbox.hidden_directories(), *hidden]
    policy = policy_for(
        secret, sandbox.readable_directories(), cache_directory(), python=python.folders
    )
    packages = {str(Path(origin).parents[1]) for origin in python.origins}
    if closed := sorted(folder for folder in packages if not is_readable(policy, folder)):
        raise KernelUnavailable(
            f"{python} has packages in {' and '.join(closed)}, outside its own folders, where "
            "student code cannot read. If nothing secret lies there, say so in nbgrader_config.py: "
            f"c.Sandbox.readable = {closed}. (The grader's own Python is {own()}.)"
        )
    return policy


def server_environment(python: Interpreter) -> dict[str, str]:
    """The fork server's environment: what kernels may know, and how Python is to run."""
    kernelspecs = {name: value for name, value in python.variables if name not in NOT_THEIRS}
    return {**environment(dict(os.environ)), **kernelspecs, **OURS}


def kernel_variables(python: Interpreter) -> dict[str, str]:
    """The variables that a kernel has because its kernelspec sets them."""
    made = server_environment(python)
    return {name: made[name] for name, _ in python.variables if name in made}
