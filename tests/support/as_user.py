"""Run Python from root where every user can read it: `python -m tests.support.as_user WHO ARG...`.

WHO is `root`, `user` for an ordinary user without a name, or the name of one that exists.

The interpreter may be in a folder that only root can enter (root's home, say). In a mount
namespace of its own, such folders are covered by empty ones in which just the interpreter, its
environment and the project are to be seen. Nothing changes for the rest of the system.
"""

from __future__ import annotations

import os
import pwd
import sys
import tempfile
from pathlib import Path

from autograder.sandbox.confine import syscalls

ROOT = Path(__file__).resolve().parents[2]
UID = 54321


def closed_parents(path: Path) -> list[Path]:
    """Parents of a path that others may not enter, outermost first."""
    return [p for p in reversed(path.parents) if not p.stat().st_mode & 0o001]


def open_the_way(paths: list[Path]) -> None:
    """Let others reach these paths, in a mount namespace of this process."""
    syscalls.unshare(syscalls.CLONE_NEWNS)
    syscalls.mount(None, "/", None, syscalls.MS_REC | syscalls.MS_PRIVATE)
    for path in paths:
        for parent in closed_parents(path):
            aside = tempfile.mkdtemp()
            syscalls.mount(str(path), aside, None, syscalls.MS_BIND | syscalls.MS_REC)
            syscalls.mount("tmpfs", str(parent), "tmpfs", 0, "mode=755")
            path.mkdir(parents=True, exist_ok=True)
            syscalls.mount(aside, str(path), None, syscalls.MS_BIND | syscalls.MS_REC)
            syscalls.unmount_later(aside)
            Path(aside).rmdir()


def main() -> None:
    open_the_way([Path(sys.base_prefix).resolve(), Path(sys.prefix), ROOT])
    _, who, *arguments = sys.argv
    if who != "root":
        uid, gid, groups = UID, UID, []
        if who != "user":
            uid, gid = pwd.getpwnam(who)[2:4]
            groups = os.getgrouplist(who, gid)
        os.setgroups(groups)
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
        os.environ.pop("COVERAGE_PROCESS_CONFIG", None)  # measurements lie where it may not write
    os.execv(sys.executable, [sys.executable, *arguments])


if __name__ == "__main__":
    main()
