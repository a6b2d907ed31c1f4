"""What student code may see and do: the policy, apart from the mechanism that enforces it.

Everything is an allow-list but the system calls: a Python kernel uses so many of those that the
filter names what no exercise needs. The grader makes the policy (`policy_for`), the fork server
and `confine/` apply it. Standard library only.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from autograder.sandbox.whereabouts import folders

HOME = "/home/student"
"""Where a submission's files are, and the working directory."""

SYSTEM_DIRECTORIES = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
"""Programs and libraries. Nothing secret belongs there; nothing of the course may be there."""

ETC = ("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime", "timezone", "fonts", "mime.types",
       "alternatives", "os-release", "debian_version")  # fmt: skip
"""What libraries read below /etc. No accounts, no hosts, no credentials."""

DEVICES = ("null", "full", "random", "urandom")
"""Not zero: it can be mapped as memory that is shared, and no limit would see that."""

ENVIRONMENT = ("PATH", "LANG", "LANGUAGE", "TZ", "PYTHONPATH", "VIRTUAL_ENV", "CONDA_PREFIX",
               "LD_LIBRARY_PATH")  # fmt: skip
"""Variables that a kernel inherits from the grader, besides those with these beginnings."""
ENVIRONMENT_PREFIXES = ("LC_", "JAX_", "XLA_", "OPENBLAS_", "OMP_")
NBGRADERS = ("NBGRADER_EXECUTION", "NBGRADER_VALIDATING")
"""Variables by which nbgrader lets cells know that it runs them; each kernel gets those of now."""
GRADERS_OWN = ("JAX_COMPILATION_CACHE_DIR",)
"""Of those, what kernels do not get: they cannot write there, and JAX would warn in a cell."""

DENIED_CALLS = (
    # other processes
    "ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "kcmp", "pidfd_getfd",
    # mounts and namespaces
    "mount", "umount2", "pivot_root", "chroot", "setns", "unshare", "open_tree", "move_mount",
    "fsopen", "fsconfig", "fsmount", "fspick", "mount_setattr", "quotactl",
    # files by other ways than their path
    "open_by_handle_at", "name_to_handle_at",
    # the machine
    "kexec_load", "kexec_file_load", "init_module", "finit_module", "delete_module", "swapon",
    "swapoff", "reboot", "syslog", "acct",
    # large or fragile parts of the Linux kernel
    "bpf", "perf_event_open", "userfaultfd", "io_uring_setup", "keyctl", "add_key", "request_key",
    # memory that no limit here would see
    "memfd_create", "memfd_secret", "shmget", "shmat", "shmctl", "msgget", "msgsnd", "msgrcv",
    "msgctl", "semget", "semop", "semtimedop", "semctl", "mq_open", "mq_unlink",
    # what happens to files elsewhere
    "inotify_init", "inotify_init1", "fanotify_init",
)  # fmt: skip

HARMLESS_CALLS = (
    # changes of files
    "chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "fchown", "lchown", "fchownat", "utime",
    "utimes", "futimesat", "utimensat", "setxattr", "lsetxattr", "fsetxattr", "removexattr",
    "lremovexattr", "fremovexattr",
    # changes of when and where a thread runs, which may be one of the grader's; libzmq asks for
    # some of its own, and aborts if it is refused
    "sched_setaffinity", "sched_setattr", "sched_setparam", "sched_setscheduler",
)  # fmt: skip
"""Calls that only seem to succeed with Landlock, which does not cover them."""

FIRST_UNKNOWN_CALL = 463
"""Newer calls than Linux 6.7's do not exist: nobody has looked yet at what they open."""

DENIED_PRCTL = (1, 4)
"""PR_SET_PDEATHSIG and PR_SET_DUMPABLE: a kernel could outlive or blind its supervisor."""

SOCKET_FAMILIES = (1, 2, 10)
"""AF_UNIX, AF_INET and AF_INET6, inside a network namespace with nothing in it."""


class PolicyError(Exception):
    """The course cannot be kept from student code where it lies; the text says why.

    For example: the course is a folder inside the Python environment that kernels have to read.
    """


@dataclass(frozen=True)
class Policy:
    """What one fork server and its kernels may read, for example `("/srv/venv", "/usr")`.

    Absolute paths, none below another. Whatever is not below one of them is out of reach, but for
    one folder in `compiled`, the folder with what JAX has compiled for each notebook: a kernel may
    read that of its own notebook.
    """

    readable: tuple[str, ...]
    compiled: str = ""


def policy_for(
    hidden: list[Path],
    extra: list[Path],
    compiled: Path | None = None,
    python: Sequence[str] | None = None,
) -> Policy:
    """The policy that lets Python and its packages be read, and `extra`, but nothing `hidden`.

    Called by `server_for`, in the grader, before it starts or looks for a fork server.

    `sys.path` is no allow-list: an editable install puts a whole repository there, with whatever
    else lies in it. Of such a folder only this package's own one is let through; `left_out` names
    what kernels cannot import, and `Sandbox.readable` lets it through.

    Parameters
    ----------
    hidden
        Folders of which nothing may be readable: the course, the grader's home.
    extra
        What kernels may read besides, by `Sandbox.readable`.
    compiled
        The folder with compiled code, of which each kernel gets to see one folder.
    python
        The folders of the Python that kernels are made of (`whereabouts.folders`), if it is not
        this one.

    Raises
    ------
    PolicyError
        If what has to be readable holds something hidden, or the folder with compiled code.
    """
    hidden_paths = [path.resolve() for path in (*hidden, *filter(None, [compiled]))]
    interpreter = map(Path, folders() if python is None else python)
    required = [*_system_paths(), *interpreter, Path(__file__).parents[1], *extra]
    for path in required:
        for secret in hidden_paths:
            if secret.is_relative_to(path.resolve()):
                raise PolicyError(
                    f"{secret} lies inside {path}, which student code has to be able to read. "
                    "Move the course, or the Python environment, somewhere else."
                )
    paths = {
        spelling
        for path in required
        for spelling in (path.absolute(), path.resolve())
        if path.exists() and spelling != Path("/")
    }
    outermost = sorted(
        str(path) for path in paths if not any(parent in paths for parent in path.parents)
    )
    return Policy(tuple(outermost), "" if compiled is None else str(compiled.resolve()))


def left_out(policy: Policy, path: Sequence[str]) -> list[str]:
    """The entries of a `sys.path` from which student code cannot import. `doctor` shows them."""
    entries = dict.fromkeys(str(Path(entry).resolve()) for entry in path if entry)
    return [entry for entry in entries if Path(entry).exists() and not is_readable(policy, entry)]


def is_readable(policy: Policy, path: str) -> bool:
    """Whether kernels may read what lies at a path."""
    return any(Path(path).resolve().is_relative_to(folder) for folder in policy.readable)


def _system_paths() -> list[Path]:
    etc = [Path("/etc") / name for name in ETC]
    return [path for path in [*map(Path, SYSTEM_DIRECTORIES), *etc] if os.path.lexists(path)]


def environment(inherited: dict[str, str]) -> dict[str, str]:
    """What is left of an environment (variables by name) for student code.

    Called twice: by the grader for the fork server that it starts, and by each kernel process for
    itself, before student code runs.

    >>> environment({"LANG": "C.UTF-8", "AWS_SECRET_ACCESS_KEY": "…", "JAX_ENABLE_X64": "1"})
    {'LANG': 'C.UTF-8', 'JAX_ENABLE_X64': '1'}
    """
    return {
        name: value
        for name, value in inherited.items()
        if name in ENVIRONMENT
        or (name.startswith(ENVIRONMENT_PREFIXES) and name not in GRADERS_OWN)
    }
