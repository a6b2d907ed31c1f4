"""Signals where Landlock knows none, as before Linux 6.12: each way to send one, and its rule.

The victim is a process of the same user, as a grader who is an ordinary user is. It ends when a
signal reaches it.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from textwrap import dedent

import pytest

from autograder.sandbox.confine.seccomp import number_of
from tests.support.as_user import UID
from tests.support.sandbox import IS_ROOT, PATIENCE, Grader, Graders

pytestmark = pytest.mark.slow

OWNER = """
import fcntl
ours, theirs = os.pipe()
{said}
fcntl.fcntl(ours, fcntl.F_SETFL, fcntl.fcntl(ours, fcntl.F_GETFL) | os.O_ASYNC)
os.write(theirs, b'x')
"""
OWNER_OF_SOCKET = """
import fcntl, socket, struct
ours, theirs = socket.socketpair()
fcntl.ioctl(ours, {request}, struct.pack('i', victim))
fcntl.fcntl(ours, fcntl.F_SETFL, fcntl.fcntl(ours, fcntl.F_GETFL) | os.O_ASYNC)
theirs.send(b'x')
"""
SENT = {
    "kill": "os.kill(victim, 15)",
    "kill, a group": "os.kill(-victim, 15)",
    "killpg": "os.killpg(victim, 15)",
    "tgkill": "call('tgkill', victim, victim, 15)",
    "tkill": "call('tkill', victim, 15)",
    "pidfd_send_signal": "signal.pidfd_send_signal(os.pidfd_open(victim), 15)",
    "rt_sigqueueinfo": "call('rt_sigqueueinfo', victim, 15, queued)",
    "rt_tgsigqueueinfo": "call('rt_tgsigqueueinfo', victim, victim, 15, queued)",
}
"""Ways to send a signal to another process."""
OWNED = {
    "a pipe's owner": OWNER.format(said="fcntl.fcntl(ours, fcntl.F_SETOWN, victim)"),
    "a pipe's owner, a group": OWNER.format(said="fcntl.fcntl(ours, fcntl.F_SETOWN, -victim)"),
    "a pipe's owner, with a signal of choice": OWNER.format(
        said="fcntl.fcntl(ours, fcntl.F_SETSIG, 9); fcntl.fcntl(ours, fcntl.F_SETOWN, victim)"
    ),
    "a pipe's owner, said in the newer way": OWNER.format(
        said="import struct; fcntl.fcntl(ours, 15, struct.pack('ii', 1, victim))"
    ),
    "a pipe's owner, a thread": OWNER.format(
        said="import struct; fcntl.fcntl(ours, 15, struct.pack('ii', 0, victim))"
    ),
    "a socket's owner": OWNER_OF_SOCKET.format(request=0x8901),
    "a socket's owner, in the other words": OWNER_OF_SOCKET.format(request=0x8902),
}
"""Ways to have Linux send one, when something happens to a file of one's own."""
CALLED = ("tgkill", "tkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo")
"""Calls that Python and the C library have no function for."""
RULES = {
    **dict.fromkeys(SENT, "signals_on_old_linux"),
    **dict.fromkeys(OWNED, "owners_on_old_linux"),
}


@pytest.fixture
def victim() -> Iterator[subprocess.Popen[bytes]]:
    as_user = {"user": UID, "group": UID, "extra_groups": []} if IS_ROOT else {}
    with subprocess.Popen(["sleep", "infinity"], start_new_session=True, **as_user) as process:  # type: ignore[call-overload]
        yield process
        process.kill()


def attack(way: str, victim: int) -> str:
    numbers = {name: number_of(name) for name in CALLED}
    setup = f"""
    import ctypes, os, signal, struct
    libc, victim, numbers = ctypes.CDLL(None, use_errno=True), {victim}, {numbers}
    queued = struct.pack('iii', 15, 0, -1).ljust(128, b'\\0')
    def call(name, *arguments):
        if libc.syscall(numbers[name], *arguments):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    """
    return dedent(setup) + (SENT | OWNED)[way]


@pytest.fixture
def grader(graders: Graders) -> Grader:
    return graders["user-landlock"]


@pytest.mark.parametrize("way", RULES)
def test_no_signal_leaves_the_kernel(
    way: str, grader: Grader, victim: subprocess.Popen[bytes]
) -> None:
    shown = grader.shown(attack(way, victim.pid), without="nothing_on_old_linux")
    assert "PermissionError" in shown
    assert victim.poll() is None


@pytest.mark.parametrize("way", sorted(RULES, key=lambda way: RULES[way]))
def test_the_rule_is_what_keeps_it(
    way: str, grader: Grader, victim: subprocess.Popen[bytes]
) -> None:
    grader.shown(attack(way, victim.pid), without=RULES[way])
    assert victim.wait(PATIENCE) < 0


@pytest.mark.parametrize("way", OWNED)
def test_nor_where_landlock_knows_signals(
    way: str, grader: Grader, victim: subprocess.Popen[bytes]
) -> None:
    assert "PermissionError" in grader.shown(attack(way, victim.pid))
    assert victim.poll() is None
