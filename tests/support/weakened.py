"""The fork server with one rule taken out: `python weakened.py RULE HIDDEN FILE_DESCRIPTOR`.

HIDDEN are the folders that it is to hide, joined as in PATH.

For showing that a test of that rule can fail. Each function removes one rule and nothing else.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

from autograder.sandbox.confine import isolation, landlock, namespaces, seccomp, syscalls
from autograder.sandbox.policy import Policy
from autograder.sandbox.server import launcher, preload, supervisor

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
    launcher.Policy = lambda readable, compiled: main((*readable, *hidden), compiled)


@rule
def python_only() -> None:
    """A checkout on `sys.path` may be read, as after an editable install."""
    main = launcher.Policy
    checkout = str(Path(__file__).resolve().parents[2])

    def weaker(readable: tuple[str, ...], compiled: str) -> Policy:
        others = [path for path in readable if not path.startswith(f"{checkout}/")]
        return main((*others, checkout), compiled)

    launcher.Policy = weaker


@rule
def readable_only_and_writable() -> None:
    readable_only()
    read_only_mounts()


@rule
def own_compiled_code_only() -> None:
    """Compiled code of all notebooks lies open to each kernel."""
    namespaces.Namespaces.admit = nothing
    landlock.Landlock.admit = lambda self, folder: setattr(self, "_compiled", self.policy.compiled)


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
    syscalls.bring_up_loopback = nothing  # it is up, and not ours


@rule
def process_namespace() -> None:
    """Kernels share the processes that the fork server sees, which are all."""
    without_flag(syscalls.CLONE_NEWPID)


@rule
def system_call_filter() -> None:
    syscalls.install_filter = nothing


@rule
def landlock_scopes() -> None:
    landlock.ALL_SCOPES = 0


@rule
def harmless_calls() -> None:
    seccomp.HARMLESS_CALLS = ()


@rule
def other_process() -> None:
    seccomp.ONLY_ITSELF = {}


@rule
def watched_files() -> None:
    """Leases on files, and news of what happens in folders."""
    seccomp.WATCHED_FILE = ()


@rule
def nothing_on_old_linux() -> None:
    """Every rule holds, and the Landlock of Linux 6.2 is all that there is: it knows no signals."""
    syscalls.landlock_abi = lambda: landlock.OLDEST_ABI


@rule
def signals_on_old_linux() -> None:
    nothing_on_old_linux()
    landlock.program = lambda own_pid, **rest: seccomp.program(None, **rest)


@rule
def owners_on_old_linux() -> None:
    """A file may signal whoever is said to own it."""
    nothing_on_old_linux()
    seccomp.OWNER_OF_FILE = seccomp.OWNER_OF_SOCKET = ()


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


def prepare_little() -> None:
    """Start sooner: exploits need neither JAX nor figures, and no rule has to do with either."""
    preload.PLOT_MODULES = preload.JAX_MODULES = ()
    preload.private = nothing
    preload.trace_common_operations = preload.draw_once = nothing


if __name__ == "__main__":
    prepare_little()
    rule_name, HIDDEN = sys.argv.pop(1), sys.argv.pop(1)
    RULES[rule_name]()
    launcher.main()
