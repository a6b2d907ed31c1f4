"""Isolation by Landlock and seccomp, where namespaces are refused (landlock(7)).

Files outside the policy cannot be opened, listed, made or changed; their names can be found out.
There are no sockets at all. Other processes can be seen, but not signalled or traced. Processes
that a kernel leaves behind are adopted, and ended, by its supervisor or else by the launcher.
"""

from __future__ import annotations

import os
import signal
import stat
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import psutil

from autograder.sandbox.confine import syscalls
from autograder.sandbox.confine.isolation import Isolator, Usage, forbid_escape, measure
from autograder.sandbox.confine.processes import end_descendants, remove_tree
from autograder.sandbox.confine.seccomp import program
from autograder.sandbox.policy import DEVICES
from autograder.sandbox.settings import Isolation, ResourceLimits

OLDEST_ABI = 3
"""Linux 6.2: older ones leave truncate(2) and moving files between folders open."""
SIGNALS_ABI = 6
"""Linux 6.12, the first that can confine signals and abstract sockets."""

# linux/landlock.h
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
MAKE_CHAR, MAKE_SOCK, MAKE_BLOCK = 1 << 6, 1 << 9, 1 << 11
TRUNCATE, IOCTL_DEVICE = 1 << 14, 1 << 15
ALL_FILES = {3: (1 << 15) - 1, 5: (1 << 16) - 1}
"""Every kind of access to files, by the first version that knows them."""
ALL_NETWORK = 0b11  # bind and connect over TCP
ALL_SCOPES = 0b11  # abstract sockets and signals outside

READ = EXECUTE | READ_FILE | READ_DIR
FILE_ACCESS = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEVICE
PROC = ("self", "cpuinfo", "meminfo", "stat", "filesystems", "sys/vm/overcommit_memory")
DEEPEST = 100  # folders in one another
LOOK_AT_DISK = 0.5  # seconds between measurements of the home folder, which has to be walked


class Landlock(Isolator):
    """Confines by Landlock and seccomp; the module says what that leaves visible."""

    mode = Isolation.LANDLOCK

    def __init__(self, *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        self._home = Path()
        self._compiled = ""
        self._disk = (0.0, 0, 0)

    def enter_launcher(self) -> None:
        syscalls.adopt_orphans()

    def enter_zygote(self) -> None:
        os.environ["TMPDIR"] = tempfile.mkdtemp(prefix="server-", dir=self.directory)

    def enter_supervisor(self) -> None:
        # Not to die with the zygote: it has to end what its kernel leaves behind.
        syscalls.adopt_orphans()
        self.take_slot()
        self._home = Path(tempfile.mkdtemp(prefix="home-", dir=self.directory))

    def make_home(self, limits: ResourceLimits) -> Path:
        if (uid := self.uid()) is not None:
            os.chown(self._home, uid, uid)
        # With a name that no file of a submission can have.
        temporary = tempfile.mkdtemp(prefix=".tmp-", dir=self._home)
        if uid is not None:
            os.chown(temporary, uid, uid)
        os.environ["TMPDIR"] = temporary
        return self._home

    def admit(self, folder: str) -> None:
        self._compiled = folder

    def lock(self, limits: ResourceLimits) -> None:
        # A user's own processes count as well; there is no namespace to count in.
        self.become_student(limits, 0 if self.is_root else threads_of(os.getuid()))
        syscalls.die_with_parent(signal.SIGKILL)
        forbid_escape()
        abi = self._restrict_files()
        own_pid = None if abi >= SIGNALS_ABI else os.getpid()
        syscalls.install_filter(program(own_pid, files_by_landlock=True))

    def _restrict_files(self) -> int:
        abi = syscalls.landlock_abi()
        handled = ALL_FILES[5 if abi >= 5 else 3]
        ruleset = syscalls.landlock_create_ruleset(handled, ALL_NETWORK, ALL_SCOPES, abi)
        devices = [f"/dev/{name}" for name in DEVICES]  # no pts: the grader's terminal is one
        own = handled & ~(MAKE_CHAR | MAKE_BLOCK | IOCTL_DEVICE)
        rules = [
            *((path, READ) for path in (*self.policy.readable, self._compiled) if path),
            *((f"/proc/{name}", READ) for name in PROC),
            *((device, READ_FILE | WRITE_FILE | IOCTL_DEVICE) for device in devices),
            (str(self._home), own),
        ]
        for path, access in rules:
            allow(ruleset, path, access & handled)
        syscalls.landlock_restrict_self(ruleset)
        os.close(ruleset)
        return abi

    def usage(self, limits: ResourceLimits) -> Usage:
        descendants = psutil.Process().children(recursive=True)
        usage = measure(descendants, limits)
        looked, disk, files = self._disk
        if time.monotonic() - looked > LOOK_AT_DISK:
            disk, files = contents(self._home)
            disk += sum(deleted_files(descendants).values())
            self._disk = (time.monotonic(), disk, files)
        return replace(usage, disk=disk, files=files)

    def clean_up(self) -> None:
        end_descendants()
        remove_tree(self._home)


def allow(ruleset: int, path: str, access: int) -> None:
    """Add a rule to a ruleset: this access to a path and all below it.

    A path that is not there is left out. For a file, only what applies to files is asked for:
    Linux refuses the rest.
    """
    try:
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not Path(path).is_dir():
            access &= FILE_ACCESS
        syscalls.landlock_allow_beneath(ruleset, opened, access)
    finally:
        os.close(opened)


def contents(folder: Path) -> tuple[int, int]:
    """Bytes on disk and number of files below a folder. Links are not followed.

    A folder that hides its contents is opened; one too deep to look into counts as too many files.
    """
    disk = files = 0
    left = [(str(folder), 0)]
    while left:
        place, depth = left.pop()
        if depth > DEEPEST:
            return disk, sys.maxsize
        try:
            if not os.access(place, os.R_OK | os.X_OK):
                os.chmod(place, 0o700, follow_symlinks=False)  # noqa: PTH101
            with os.scandir(place) as entries:
                for entry in entries:
                    files += 1
                    if entry.is_dir(follow_symlinks=False):
                        left.append((entry.path, depth + 1))
                    else:
                        disk += entry.stat(follow_symlinks=False).st_blocks * 512
        except (OSError, NotImplementedError):
            continue
    return disk, files


def deleted_files(processes: list[psutil.Process]) -> dict[int, int]:
    """Bytes on disk of the files that processes hold open without a name, by inode."""
    found = {}
    for process in processes:
        try:
            for descriptor in Path(f"/proc/{process.pid}/fd").iterdir():
                status = descriptor.stat()
                if stat.S_ISREG(status.st_mode) and status.st_nlink == 0:
                    found[status.st_ino] = status.st_blocks * 512
        except OSError:  # it has ended, or closed the file
            continue
    return found


def threads_of(uid: int) -> int:
    """How many processes and threads a user has, which RLIMIT_NPROC counts."""
    count = 0
    for process in psutil.process_iter():
        try:
            if process.uids().real == uid:
                count += process.num_threads()
        except psutil.Error:
            continue
    return count
