"""Which isolation works on this machine: found out by doing it, in processes thrown away.

Called by the launcher, once, before it starts the zygote. Nothing else tells reliably: containers,
distributions and administrators each refuse different parts (a mount, a user namespace, /proc) in
different ways.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from autograder.sandbox.confine import syscalls
from autograder.sandbox.confine.isolation import Isolator
from autograder.sandbox.confine.landlock import OLDEST_ABI, Landlock
from autograder.sandbox.confine.namespaces import Namespaces
from autograder.sandbox.confine.seccomp import AUDIT_ARCH
from autograder.sandbox.policy import Policy
from autograder.sandbox.settings import Isolation, ResourceLimits

TRIAL = ResourceLimits(1 << 30, 64, 1 << 24, 1000, 60, 60, 1 << 24)
DONE = "done"
ISOLATORS: dict[str, type[Isolator]] = {
    Isolation.NAMESPACES: Namespaces,
    Isolation.LANDLOCK: Landlock,
}


def first_that_works(wanted: str, policy: Policy) -> tuple[type[Isolator] | None, dict[str, str]]:
    """The best isolation among those wanted ("auto" for all), and why better ones do not work.

    In a container that refuses mounts, for example, `(Landlock, {"namespaces": "PermissionError:
    …"})`; None in the first place where nothing works.
    """
    reasons: dict[str, str] = {}
    for mode, isolator in ISOLATORS.items():
        if wanted not in ("auto", mode):
            continue
        reason = impossible() or trial(isolator, policy)
        if not reason:
            return isolator, reasons
        reasons[mode] = reason
    return None, reasons


def impossible() -> str:
    """Why no isolation can work here whatever is tried, or ""."""
    if sys.platform != "linux":
        return f"{sys.platform} offers neither namespaces nor Landlock"
    if syscalls.MACHINE not in AUDIT_ARCH:
        return f"the system calls of {syscalls.MACHINE} are not known here"
    return ""


def trial(isolator: type[Isolator], policy: Policy) -> str:
    """Go all the way to a locked kernel process and back; "", or what refused."""
    if isolator is Landlock and syscalls.landlock_abi() < OLDEST_ABI:
        return f"Landlock {OLDEST_ABI} (Linux 6.2) is needed; this is {syscalls.landlock_abi()}"
    directory = Path(tempfile.mkdtemp(prefix="nbgrader-jax-trial-"))
    directory.chmod(0o711)
    made = isolator(policy, directory)
    steps: list[Callable[[], object]] = [
        made.enter_launcher,
        made.enter_zygote,
        made.enter_supervisor,
        lambda: made.make_home(TRIAL),
        lambda: made.admit(""),
        lambda: made.lock(TRIAL),
        read_interpreter,
    ]
    try:
        return _descend(steps)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def read_interpreter() -> None:
    """Open a module of Python's own, as a kernel does whenever it imports one.

    Raises
    ------
    PermissionError
        If the interpreter is where other users may not go, such as the home of root.
    """
    try:
        Path(os.__file__).open("rb").close()
    except PermissionError:
        raise PermissionError(f"other users cannot read {os.__file__}") from None


def _descend(steps: list[Callable[[], object]]) -> str:
    """Take each step in a process as deep as that in which the fork server takes it.

    The first three in one below the other (launcher, zygote, supervisor), the others in a fourth,
    the kernel's. Returns "", or what refused.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            for step in steps[:3]:
                step()
                if (below := os.fork()) != 0:
                    os.waitpid(below, 0)
                    os._exit(0)
            for step in steps[3:]:
                step()
            text = DONE
        except BaseException as error:
            text = f"{type(error).__name__}: {error}"
        os.write(writing, text.encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    return "" if said == DONE else said or "the trial process was killed"
