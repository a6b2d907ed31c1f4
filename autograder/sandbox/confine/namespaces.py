"""Isolation by namespaces: a file system, network and processes of its own for each kernel.

The fork server enters a first set, whose file system holds what the policy allows and nothing
else. Each supervisor enters another for its kernel, so that kernels do not see each other or the
fork server. As an ordinary user all this happens inside user namespaces (user_namespaces(7)).
"""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from pathlib import Path

import psutil

from autograder.sandbox.confine import syscalls
from autograder.sandbox.confine.isolation import SLACK, Isolator, Usage, forbid_escape, measure
from autograder.sandbox.confine.seccomp import program
from autograder.sandbox.confine.syscalls import (
    CLONE_NEWIPC,
    CLONE_NEWNET,
    CLONE_NEWNS,
    CLONE_NEWPID,
    CLONE_NEWUSER,
    CLONE_NEWUTS,
    MS_BIND,
    MS_NODEV,
    MS_NOEXEC,
    MS_NOSUID,
    MS_PRIVATE,
    MS_RDONLY,
    MS_REC,
    MS_REMOUNT,
    mount,
)
from autograder.sandbox.policy import DEVICES, HOME
from autograder.sandbox.settings import Isolation, ResourceLimits

OLD_ROOT = "/.old"
PRIVATE = "/run"
"""A file system in memory, one for the fork server and another for each kernel: home and all
temporary files of a kernel are folders of it, so that one limit holds for all of them."""

ETC_FILES = {
    "hosts": "127.0.0.1 localhost\n::1 localhost\n",
    "nsswitch.conf": "hosts: files\n",
}
"""What is written anew below /etc: the only host there is."""


class Namespaces(Isolator):
    """Confines by namespaces; the module says how they lie in one another."""

    mode = Isolation.NAMESPACES

    def enter_launcher(self) -> None:
        self._unshare(CLONE_NEWPID)

    def enter_zygote(self) -> None:
        syscalls.unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS)
        syscalls.set_hostname("grading")
        os.umask(0o022)
        mount(None, "/", None, MS_REC | MS_PRIVATE)
        self._make_root(str(self.directory))
        os.environ["TMPDIR"] = PRIVATE

    def _make_root(self, place: str) -> None:
        """A file system in memory with the readable paths bound into it, in place of `/`."""
        mount("tmpfs", place, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=1m")
        old = place + OLD_ROOT
        Path(old).mkdir()
        syscalls.pivot_root(place, old)
        os.chdir("/")
        for path in (*self.policy.readable, self.policy.compiled):
            if path:
                bind(OLD_ROOT + path, path)
        for folder in ("/dev/shm", "/dev/pts", "/tmp", "/proc", PRIVATE, HOME):
            Path(folder).mkdir(parents=True, exist_ok=True)
        for device in DEVICES:
            Path("/dev", device).touch()
            mount(f"{OLD_ROOT}/dev/{device}", f"/dev/{device}", None, MS_BIND)
        Path("/etc").mkdir(exist_ok=True)
        for name, text in ETC_FILES.items():
            Path("/etc", name).write_text(text)
        Path("/dev/fd").symlink_to("/proc/self/fd")
        Path("/dev/ptmx").symlink_to("pts/ptmx")
        for number, name in enumerate(("stdin", "stdout", "stderr")):
            Path("/dev", name).symlink_to(f"/proc/self/fd/{number}")
        mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
        syscalls.unmount_later(OLD_ROOT)
        Path(OLD_ROOT).rmdir()
        mount(None, "/", None, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV)
        mount("tmpfs", PRIVATE, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=64m")

    def enter_supervisor(self) -> None:
        syscalls.die_with_parent(signal.SIGKILL)
        self.take_slot()
        self._unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS)
        # Its own, with nobody else on it: a cell may start a server there and ask it.
        syscalls.bring_up_loopback()

    def _unshare(self, flags: int) -> None:
        """unshare(2), as an ordinary user in a user namespace with the same user in it."""
        if self.is_root:
            syscalls.unshare(flags)
            return
        uid, gid = os.geteuid(), os.getegid()
        syscalls.unshare(flags | CLONE_NEWUSER)
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
        Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")

    def make_home(self, limits: ResourceLimits) -> Path:
        options = f"mode=755,size={int(limits.disk * SLACK)},nr_inodes={int(limits.files * SLACK)}"
        mount("tmpfs", PRIVATE, "tmpfs", MS_NOSUID | MS_NODEV, options)
        for name, mode, target in (
            ("home", 0o700, HOME),
            ("tmp", 0o1777, "/tmp"),
            ("shm", 0o1777, "/dev/shm"),
        ):
            folder = Path(PRIVATE, name)
            folder.mkdir()
            folder.chmod(mode)
            if target == "/tmp" and any(Path(target).iterdir()):  # Python is installed there
                continue
            mount(str(folder), target, None, MS_BIND)
        if (uid := self.uid()) is not None:
            os.chown(HOME, uid, uid)
        mount("devpts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC,
              "newinstance,ptmxmode=0666,mode=620")  # fmt: skip
        mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC)
        os.environ["TMPDIR"] = f"{PRIVATE}/tmp"
        return Path(HOME)

    def admit(self, folder: str) -> None:
        """Lay an empty file system over all compiled code, and show the one folder in it.

        A kernel cannot take it away again: it may not mount, nor enter other namespaces.
        """
        if not self.policy.compiled:
            return
        kept = Path(PRIVATE, "compiled")
        if folder:
            kept.mkdir()
            mount(folder, str(kept), None, MS_BIND)
        mount("tmpfs", self.policy.compiled, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=64k")
        if folder:
            Path(folder).mkdir()
            mount(str(kept), folder, None, MS_BIND)
            syscalls.unmount_later(str(kept))
            kept.rmdir()
        syscalls.mount_read_only(self.policy.compiled)

    def lock(self, limits: ResourceLimits) -> None:
        self.become_student(limits)
        syscalls.die_with_parent(signal.SIGKILL)
        forbid_escape()
        syscalls.install_filter(program(None, files_by_landlock=False))

    def usage(self, limits: ResourceLimits) -> Usage:
        # The supervisor shares the kernel's mounts: its /proc lists the kernel's processes.
        usage = measure(psutil.process_iter(), limits)
        space = os.statvfs(PRIVATE)
        return replace(
            usage,
            disk=(space.f_blocks - space.f_bfree) * space.f_frsize,
            files=space.f_files - space.f_ffree,
        )

    def clean_up(self) -> None:
        """Nothing to do: the namespaces end with their first process, and all in them."""


def bind(source: str, target: str) -> None:
    """Show a path of the old root in the new one, to be read only; links stay links."""
    there, here = Path(source), Path(target)
    here.parent.mkdir(parents=True, exist_ok=True)
    if there.is_symlink():
        here.symlink_to(there.readlink())
        return
    if there.is_dir():
        here.mkdir(exist_ok=True)
    else:
        here.touch()
    mount(source, target, None, MS_BIND | MS_REC)
    syscalls.mount_read_only(target)
