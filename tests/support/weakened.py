"""The fork server with one rule taken out: `python weakened.py RULE HIDDEN FILE_DESCRIPTOR`.

HIDDEN are the folders that it is to hide, joined as in PATH.

For showing that a test of that rule can fail. Each function removes one rule and nothing else.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

from autograder.sandbox import (
    isolation,
    landlock,
    launcher,
    seccomp,
    supervisor,
    syscalls,
)

RULES: dict[str, Callable[[], None]] = {}


def rule(remove: Callable[[], None]) -> Callable[[], None]:
    RULES[remove.__name__] = remove
    return remove


def nothing(*args: object, **kwargs: object) -> None:
    """What is left of a rule."""


def without_flag(flag: int) -> None:
    """Take one namespace out of those that are entered."""
    unshare = syscalls.unshare

    def weaker(flags: int) -> None:
        if flags & ~flag:
            unshare(flags & ~flag)

    syscalls.unshare = weaker


@rule
def readable_only() -> None:
    """The course may be read, and the grader's home: the file system's allow-list."""
    main, hidden = launcher.Policy, HIDDEN.split(os.pathsep)
    launcher.Policy = lambda readable: main((*readable, *hidden))


@rule
def readable_only_and_writable() -> None:
    readable_only()
    read_only_mounts()


@rule
def landlock_files() -> None:
    syscalls.landlock_restrict_self = nothing


@rule
def read_only_mounts() -> None:
    syscalls.mount_read_only = nothing
    landlock.READ |= (
        landlock.WRITE_FILE | landlock.TRUNCATE | (1 << 8)
    )  # LANDLOCK_ACCESS_FS_MAKE_REG


@rule
def own_user() -> None:
    """Kernels of root stay root."""
    isolation.Isolator.uid = lambda self: None


@rule
def network_namespace() -> None:
    without_flag(syscalls.CLONE_NEWNET)


@rule
def process_namespace() -> None:
    """Kernels share the processes that the fork server sees, which are all."""
    without_flag(syscalls.CLONE_NEWPID)


@rule
def system_call_filter() -> None:
    syscalls.install_filter = nothing


@rule
def socket_families() -> None:
    seccomp.SOCKET_FAMILIES = tuple(range(64))
    landlock_program = landlock.program
    landlock.program = lambda pid, files_by_landlock: landlock_program(pid, files_by_landlock=False)


@rule
def landlock_scopes() -> None:
    landlock.ALL_SCOPES = 0


@rule
def harmless_calls() -> None:
    seccomp.HARMLESS_CALLS = ()


@rule
def other_process() -> None:
    seccomp.OTHER_PROCESS = ()


@rule
def denied_prctl() -> None:
    seccomp.DENIED_PRCTL = ()


@rule
def clean_environment() -> None:
    supervisor.environment = dict


@rule
def closed_descriptors() -> None:
    supervisor.close_all_but = nothing


@rule
def regular_files_only() -> None:
    """Links are followed when a submission is copied."""
    supervisor.is_file = lambda name, parent: Path(f"/proc/self/fd/{parent}/{name}").is_file()
    opener = os.open
    os.open = lambda path, flags, *a, **k: opener(path, flags & ~os.O_NOFOLLOW, *a, **k)


@rule
def measurements() -> None:
    """The supervisor does not look at what its kernel uses."""
    supervisor.exceeded = nothing
    supervisor.Watch.end = lambda self, stop: None if stop else os.kill(self.kernel, 9)


@rule
def end_of_descendants() -> None:
    landlock.end_descendants = launcher.end_descendants = nothing
    without_flag(syscalls.CLONE_NEWPID)


if __name__ == "__main__":
    rule_name, HIDDEN = sys.argv.pop(1), sys.argv.pop(1)
    RULES[rule_name]()
    launcher.main()
