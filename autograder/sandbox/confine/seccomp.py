"""Which system calls a kernel may make: a seccomp filter, as a BPF program.

The last lock: a kernel's process sets it just before student code runs, and it cannot be taken off.
No maintained package builds such filters without libseccomp, which many systems lack; the program
here is a list of comparisons, with no loops and no arithmetic.
"""

from __future__ import annotations

import errno
import mmap
import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass

from autograder.sandbox.confine.syscalls import (
    CLONE_NEWCGROUP,
    CLONE_NEWIPC,
    CLONE_NEWNET,
    CLONE_NEWNS,
    CLONE_NEWPID,
    CLONE_NEWUSER,
    CLONE_NEWUTS,
    MACHINE,
)
from autograder.sandbox.policy import (
    DENIED_CALLS,
    DENIED_PRCTL,
    FIRST_UNKNOWN_CALL,
    HARMLESS_CALLS,
    SOCKET_FAMILIES,
)

AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}  # linux/audit.h
ANY_NAMESPACE = (
    CLONE_NEWNS
    | CLONE_NEWUTS
    | CLONE_NEWIPC
    | CLONE_NEWUSER
    | CLONE_NEWPID
    | CLONE_NEWNET
    | CLONE_NEWCGROUP
)
X32_BIT = 0x40000000  # calls of the x32 interface on x86_64, which would bypass the numbers below

# Offsets in struct seccomp_data (seccomp(2)); arguments are 64 bits, low half first.
NUMBER, ARCH, ARGUMENTS = 0, 4, 16

STREAM_SOCKETS = tuple(
    socket.SOCK_STREAM | flags
    for flags in (
        0,
        socket.SOCK_CLOEXEC,
        socket.SOCK_NONBLOCK,
        socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK,
    )
)

FILE_FLAGS = (0x40086602, 0x401C5820)  # FS_IOC_SETFLAGS and FS_IOC_FSSETXATTR (ioctl_iflags(2))
OWNER_OF_SOCKET = (0x8901, 0x8902)  # FIOSETOWN and SIOCSPGRP (asm-generic/sockios.h)
OWNER_OF_FILE = (8, 10, 15)  # F_SETOWN, F_SETSIG and F_SETOWN_EX (fcntl(2))
"""Requests by which a file or a socket signals another process when something happens to it.

No call that sends a signal is made then, and Landlock sees it from Linux 6.12 on only.
"""
WATCHED_FILE = (1024, 1026)  # F_SETLEASE and F_NOTIFY (fcntl(2))
"""Requests to hold up, or be told of, whoever opens a file: a file of the grader's, for example."""
PRIO_PROCESS, IOPRIO_WHO_PROCESS = 0, 1  # others are a group, or all that a user has
ONLY_ITSELF = {
    "prlimit64": {0: 0},
    "setpriority": {0: PRIO_PROCESS, 1: 0},
    "ioprio_set": {0: IOPRIO_WHO_PROCESS, 1: 0},
}
"""Calls that change a process, and the arguments by which it is the caller itself."""

ALLOW = 0x7FFF0000
KILL_PROCESS = 0x80000000


def refuse(error: int) -> int:
    """The verdict that makes a call fail with an errno. With 0 it seems to succeed."""
    return 0x00050000 | error


@dataclass(frozen=True)
class Instruction:
    """One BPF instruction (linux/bpf_common.h): operation, jumps if true and if false, operand."""

    code: int
    operand: int
    if_true: int = 0
    if_false: int = 0

    def packed(self) -> bytes:
        return struct.pack("HBBI", self.code, self.if_true, self.if_false, self.operand)


def load(offset: int) -> Instruction:
    """Load 32 bits of struct seccomp_data."""
    return Instruction(0x20, offset)


def verdict(value: int) -> Instruction:
    """End with a verdict."""
    return Instruction(0x06, value)


def if_equal(value: int, skip: int) -> Instruction:
    """Skip some instructions if the loaded value is this one."""
    return Instruction(0x15, value, skip, 0)


def unless_equal(value: int, skip: int) -> Instruction:
    """Skip some instructions unless the loaded value is this one."""
    return Instruction(0x15, value, 0, skip)


def unless_at_least(value: int, skip: int) -> Instruction:
    """Skip some instructions if the loaded value is below."""
    return Instruction(0x35, value, 0, skip)


def unless_any_bit(bits: int, skip: int) -> Instruction:
    """Skip some instructions if none of the bits is set."""
    return Instruction(0x45, bits, 0, skip)


def on_call(number: int, body: list[Instruction]) -> list[Instruction]:
    """Instructions for one system call, by its number; other calls pass over them.

    The body must end with a verdict on every way through it.
    """
    return [unless_equal(number, len(body)), *body]


def argument_among(index: int, allowed: tuple[int, ...], otherwise: int) -> list[Instruction]:
    """Allow a call whose argument is one of these (of 32 bits); else the given verdict."""
    tests = [
        step for value in allowed for step in (unless_equal(value & 0xFFFFFFFF, 1), verdict(ALLOW))
    ]
    return [load(ARGUMENTS + 8 * index), *tests, verdict(otherwise)]


def argument_not_among(index: int, denied: tuple[int, ...], verdict_: int) -> list[Instruction]:
    """Give a call whose argument is one of these (of 32 bits) a verdict; else allow it."""
    tests = [step for value in denied for step in (unless_equal(value, 1), verdict(verdict_))]
    return [load(ARGUMENTS + 8 * index), *tests, verdict(ALLOW)]


def arguments_are(required: Mapping[int, int], otherwise: int) -> list[Instruction]:
    """Allow a call whose arguments, by their positions, have these values; else the verdict."""
    tests = [
        step
        for index, value in required.items()
        for step in (load(ARGUMENTS + 8 * index), if_equal(value, 1), verdict(otherwise))
    ]
    return [*tests, verdict(ALLOW)]


def program(own_pid: int | None, *, files_by_landlock: bool) -> bytes:
    """The filter of a kernel, as bytes for `syscalls.install_filter`. Called by `Isolator.lock`.

    Parameters
    ----------
    own_pid
        Where nothing else keeps signals from other processes: the only process that may
        be sent a signal. None where signals need no filter.
    files_by_landlock
        Landlock guards the files, not a mount namespace. It does not cover changes of mode, owner
        or times, so those calls are made to do nothing; and it leaves sockets to this filter.
    """
    steps = [load(ARCH), if_equal(AUDIT_ARCH[MACHINE], 1), verdict(KILL_PROCESS), load(NUMBER)]
    if MACHINE == "x86_64":
        steps += [unless_at_least(X32_BIT, 1), verdict(refuse(errno.EPERM))]
    steps += [unless_at_least(FIRST_UNKNOWN_CALL, 1), verdict(refuse(errno.ENOSYS))]
    for name in DENIED_CALLS:
        if (number := number_of(name)) >= 0:
            steps += on_call(number, [verdict(refuse(errno.EPERM))])
    steps += on_call(number_of("prctl"), argument_not_among(0, DENIED_PRCTL, refuse(errno.EPERM)))
    # Pages that are shared and have no file stay taken when no process holds them any more.
    steps += on_call(
        number_of("mmap"),
        [
            load(ARGUMENTS + 8 * 3),
            unless_any_bit(mmap.MAP_ANONYMOUS, 2),
            unless_any_bit(mmap.MAP_SHARED, 1),
            verdict(refuse(errno.EPERM)),
            verdict(ALLOW),
        ],
    )
    # glibc falls back from clone3, whose arguments a filter cannot read, to clone.
    steps += on_call(number_of("clone3"), [verdict(refuse(errno.ENOSYS))])
    steps += on_call(
        number_of("clone"),
        [
            load(ARGUMENTS),
            unless_any_bit(ANY_NAMESPACE, 1),
            verdict(refuse(errno.EPERM)),
            verdict(ALLOW),
        ],
    )
    steps += on_call(
        number_of("fcntl"),
        argument_not_among(1, (*OWNER_OF_FILE, *WATCHED_FILE), refuse(errno.EPERM)),
    )
    families = () if files_by_landlock else SOCKET_FAMILIES
    steps += on_call(number_of("socket"), argument_among(0, families, refuse(errno.EACCES)))
    if files_by_landlock:
        # A pair of datagram sockets could be used to send to any socket of the system.
        steps += on_call(
            number_of("socketpair"), argument_among(1, STREAM_SOCKETS, refuse(errno.EACCES))
        )
        steps += on_call(
            number_of("ioctl"),
            argument_not_among(1, (*FILE_FLAGS, *OWNER_OF_SOCKET), refuse(errno.EPERM)),
        )
        for name, itself in ONLY_ITSELF.items():
            steps += on_call(number_of(name), arguments_are(itself, refuse(errno.EPERM)))
        for name in HARMLESS_CALLS:
            if (number := number_of(name)) >= 0:
                steps += on_call(number, [verdict(refuse(0))])
    if own_pid is not None:
        steps += _only_this_process(own_pid)
    steps.append(verdict(ALLOW))
    return b"".join(step.packed() for step in steps)


def _only_this_process(pid: int) -> list[Instruction]:
    """No signals to processes other than this one."""
    denied = refuse(errno.EPERM)
    steps: list[Instruction] = []
    for name in ("kill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo"):
        steps += on_call(number_of(name), argument_among(0, (pid,), denied))
    for name in ("tkill", "pidfd_send_signal"):
        steps += on_call(number_of(name), [verdict(denied)])
    return steps


def number_of(name: str) -> int:
    """The number of a system call on this machine, -1 if it has none here."""
    x86_64, aarch64 = CALLS[name]
    return x86_64 if MACHINE == "x86_64" else aarch64


# Numbers on (x86_64, aarch64), from asm/unistd_64.h and asm-generic/unistd.h.
CALLS = {
    "acct": (163, 89),
    "add_key": (248, 217),
    "bpf": (321, 280),
    "chmod": (90, -1),
    "chown": (92, -1),
    "chroot": (161, 51),
    "clone": (56, 220),
    "clone3": (435, 435),
    "delete_module": (176, 106),
    "fanotify_init": (300, 262),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "fchmodat2": (452, 452),
    "fchown": (93, 55),
    "fchownat": (260, 54),
    "fcntl": (72, 25),
    "finit_module": (313, 273),
    "fremovexattr": (199, 16),
    "fsconfig": (431, 431),
    "fsetxattr": (190, 7),
    "fsmount": (432, 432),
    "fsopen": (430, 430),
    "fspick": (433, 433),
    "futimesat": (261, -1),
    "init_module": (175, 105),
    "inotify_init": (253, -1),
    "inotify_init1": (294, 26),
    "io_uring_setup": (425, 425),
    "ioctl": (16, 29),
    "ioprio_set": (251, 30),
    "kcmp": (312, 272),
    "kexec_file_load": (320, 294),
    "kexec_load": (246, 104),
    "keyctl": (250, 219),
    "kill": (62, 129),
    "lchown": (94, -1),
    "lremovexattr": (198, 15),
    "lsetxattr": (189, 6),
    "memfd_create": (319, 279),
    "memfd_secret": (447, 447),
    "mmap": (9, 222),
    "mount": (165, 40),
    "mount_setattr": (442, 442),
    "move_mount": (429, 429),
    "mq_open": (240, 180),
    "mq_unlink": (241, 181),
    "msgctl": (71, 187),
    "msgget": (68, 186),
    "msgrcv": (70, 188),
    "msgsnd": (69, 189),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "open_tree": (428, 428),
    "perf_event_open": (298, 241),
    "pidfd_getfd": (438, 438),
    "pidfd_send_signal": (424, 424),
    "pivot_root": (155, 41),
    "prctl": (157, 167),
    "prlimit64": (302, 261),
    "process_madvise": (440, 440),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "ptrace": (101, 117),
    "quotactl": (179, 60),
    "reboot": (169, 142),
    "removexattr": (197, 14),
    "request_key": (249, 218),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "sched_setaffinity": (203, 122),
    "sched_setattr": (314, 274),
    "sched_setparam": (142, 118),
    "sched_setscheduler": (144, 119),
    "semctl": (66, 191),
    "semget": (64, 190),
    "semop": (65, 193),
    "semtimedop": (220, 192),
    "setns": (308, 268),
    "setpriority": (141, 140),
    "setxattr": (188, 5),
    "shmat": (30, 196),
    "shmctl": (31, 195),
    "shmget": (29, 194),
    "socket": (41, 198),
    "socketpair": (53, 199),
    "swapoff": (168, 225),
    "swapon": (167, 224),
    "syslog": (103, 116),
    "tgkill": (234, 131),
    "tkill": (200, 130),
    "umount2": (166, 39),
    "unshare": (272, 97),
    "userfaultfd": (323, 282),
    "utime": (132, -1),
    "utimensat": (280, 88),
    "utimes": (235, -1),
}
