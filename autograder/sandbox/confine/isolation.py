"""The shape that both ways of confining a kernel have, and what they share.

`namespaces.Namespaces` and `landlock.Landlock` implement it; `server.probe` finds out which of
them works. The processes are those of the fork server, from the outside in: launcher, zygote, a
supervisor for each kernel, the kernel's own. Each method says in which of them it is called.
"""

from __future__ import annotations

import os
import resource
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from autograder.sandbox.confine import syscalls
from autograder.sandbox.policy import Policy
from autograder.sandbox.settings import Isolation, ResourceLimits

FIRST_UID = 61184
UIDS = 4336
"""The range that systemd sets aside for users that exist only while a service runs."""
SLACK = 1.25
"""Hard limits lie this much above the measured ones, so that the one that ends a kernel can be
named; only what grows faster than the supervisor looks meets the hard one."""


@dataclass(frozen=True)
class Usage:
    """What the processes of a submission hold at a moment: bytes, numbers, seconds.

    `own` is the processor time of each by its id, without that of children; `runnable` are those of
    which a thread runs, or waits for a processor.
    """

    memory: int
    processes: int
    cpu: float
    disk: int
    files: int
    own: Mapping[int, float] = field(default_factory=dict)
    runnable: frozenset[int] = frozenset()


class Isolator(ABC):
    """One way to keep student code apart from everything else.

    The launcher makes one, and the processes forked below it inherit it: what a method notes in a
    process (a user, a home) holds for that process and those below.

    Parameters
    ----------
    policy
        What may be read.
    directory
        A directory of the fork server's own that nobody else can enter.
    """

    mode: Isolation

    def __init__(self, policy: Policy, directory: Path) -> None:
        self.policy = policy
        self.directory = directory
        self.is_root = os.geteuid() == 0

    @abstractmethod
    def enter_launcher(self) -> None:
        """Called in the launcher before it forks the zygote."""

    @abstractmethod
    def enter_zygote(self) -> None:
        """Called in the zygote before anything heavy is imported."""

    @abstractmethod
    def enter_supervisor(self) -> None:
        """Called in each supervisor before it forks its kernel."""

    @abstractmethod
    def make_home(self, limits: ResourceLimits) -> Path:
        """Called in the kernel process, still privileged. Returns the kernel's home."""

    @abstractmethod
    def admit(self, folder: str) -> None:
        """Called in the kernel process after `make_home`: let it read this folder of compiled code.

        It is one of those in `policy.compiled`, all others of which stay out of reach; "" for none.
        """

    @abstractmethod
    def lock(self, limits: ResourceLimits) -> None:
        """Called in the kernel process, last: gives up every right that it does not need."""

    @abstractmethod
    def usage(self, limits: ResourceLimits) -> Usage:
        """Called in the supervisor while its kernel runs."""

    @abstractmethod
    def clean_up(self) -> None:
        """Called in the supervisor when its kernel has ended: leave nothing behind."""

    def uid(self) -> int | None:
        """The user that the kernel becomes; None to stay the one that it is."""
        return FIRST_UID + self._slot % UIDS if self.is_root else None

    _slot = 0

    def take_slot(self) -> None:
        """Called in the supervisor: choose a user of the kernel's own, where the grader is root."""
        self._slot = os.getpid()

    def become_student(self, limits: ResourceLimits, processes_now: int = 0) -> None:
        """Called in the kernel process: set the hard limits, then change user."""
        set_hard_limits(limits, processes_now)
        uid = self.uid()
        if uid is not None:
            os.setgroups([])
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)


def set_hard_limits(limits: ResourceLimits, processes_now: int) -> None:
    """Called in the kernel process: setrlimit(2) of everything that a limit of ours bounds.

    JAX maps gigabytes that it never touches, so RLIMIT_AS would not do. RLIMIT_DATA counts what is
    reserved, used or not; what the zygote reserved is not the student's. `processes_now` is how
    many processes the user has already, where those count as well.
    """
    reserved = psutil.Process().memory_info().data
    wanted = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_CPU: int(limits.cpu * SLACK) + 1,
        resource.RLIMIT_DATA: int(limits.memory * SLACK) + reserved,
        resource.RLIMIT_FSIZE: int(limits.disk * SLACK),
        resource.RLIMIT_NOFILE: 512,
        resource.RLIMIT_NPROC: int(limits.processes * SLACK) + processes_now,
        resource.RLIMIT_MEMLOCK: 8 << 20,
        resource.RLIMIT_MSGQUEUE: 0,
        resource.RLIMIT_NICE: 0,
        resource.RLIMIT_RTPRIO: 0,
    }
    for kind, value in wanted.items():
        _, hard = resource.getrlimit(kind)
        if hard != resource.RLIM_INFINITY:
            value = min(value, hard)
        resource.setrlimit(kind, (value, value))


def measure(processes: Iterable[psutil.Process], limits: ResourceLimits) -> Usage:
    """Memory, processor time, and processes with their threads; nothing of the disk.

    Called in the supervisor, by `usage`, ten times a second, and once more where the grader asks.
    The processor time of a child that was waited for is its parent's (times(2)), so that it counts
    on when the child has ended.

    Memory is the sum of resident sizes, where pages that several processes share count several
    times. Only when that passes the limit is the proportional size worth its cost.
    """
    memory, count, cpu = 0, 0, 0.0
    own, runnable, listed = {}, set(), []
    for process in processes:
        try:
            with process.oneshot():
                memory += process.memory_info().rss
                threads = list(Path(f"/proc/{process.pid}/task").iterdir())
                count += len(threads)
                memory += page_tables(process.pid)
                times = process.cpu_times()
            cpu += sum(times[:4])
            own[process.pid] = times.user + times.system
            if any(map(is_runnable, threads)):
                runnable.add(process.pid)
            listed.append(process)
        except (psutil.Error, OSError):
            continue
    if memory > limits.memory and len(listed) > 1:
        memory = sum(map(_proportional_size, listed))
    return Usage(memory, count, cpu, 0, 0, own, frozenset(runnable))


def is_runnable(thread: Path) -> bool:
    """Whether a thread, a folder of /proc, runs or waits for a processor (proc_pid_stat(5))."""
    try:
        return (thread / "stat").read_bytes().rpartition(b")")[2].split()[0] == b"R"
    except (OSError, IndexError):  # it has ended
        return False


def page_tables(pid: int) -> int:
    """Bytes of a process's page tables, which its resident size leaves out (proc_pid_status(5))."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmPTE:"):
            return int(line.split()[1]) << 10
    return 0


def _proportional_size(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except psutil.AccessDenied:  # it hides: count what cannot be hidden
        return int(process.memory_info().rss)
    except (psutil.Error, OSError):
        return 0


def forbid_escape() -> None:
    """Called by `lock` before it sets the filter: no capabilities, no way to new ones."""
    syscalls.drop_capabilities()
    syscalls.forbid_new_privileges()
