"""Linux system calls that Python does not wrap: mechanism only, no policy.

Each function is one call of the manual page that it names, and raises OSError as Python's own
wrappers do.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import platform
import socket
import struct

CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000
CLONE_NEWCGROUP = 0x02000000

MS_RDONLY = 1
MS_NOSUID = 2
MS_NODEV = 4
MS_NOEXEC = 8
MS_REMOUNT = 32
MS_BIND = 4096
MS_REC = 16384
MS_PRIVATE = 1 << 18

PR_SET_PDEATHSIG = 1
PR_SET_SECCOMP = 22
PR_CAPBSET_DROP = 24
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38

MACHINE = platform.machine()

# Calls without a function in the C library, by number on (x86_64, aarch64).
_NUMBERS = {
    "pivot_root": (155, 41),
    "capset": (126, 91),
    "mount_setattr": (442, 442),
    "landlock_create_ruleset": (444, 444),
    "landlock_add_rule": (445, 445),
    "landlock_restrict_self": (446, 446),
}
_COLUMN = {"x86_64": 0, "aarch64": 1}.get(MACHINE)

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


def _checked(result: int, call: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{call}: {os.strerror(number)}")
    return result


def _syscall(name: str, *args: object) -> int:
    if _COLUMN is None:
        raise OSError(f"{name}: the numbers of system calls on {MACHINE} are not known here")
    return _checked(_libc.syscall(ctypes.c_long(_NUMBERS[name][_COLUMN]), *args), name)


def _text(value: str | None) -> bytes | None:
    return None if value is None else os.fsencode(value)


def mount(
    source: str | None, target: str, kind: str | None, flags: int = 0, data: str | None = None
) -> None:
    """mount(2)."""
    result = _libc.mount(
        _text(source), _text(target), _text(kind), ctypes.c_ulong(flags), _text(data)
    )
    _checked(result, f"mount {source or kind} on {target}")


def mount_read_only(path: str) -> None:
    """mount_setattr(2): no writing, set-user-ID or devices, for a mount and all below it."""
    at_fdcwd, at_recursive = -100, 0x8000
    attributes = struct.pack("QQQQ", MS_RDONLY | MS_NOSUID | MS_NODEV, 0, 0, 0)
    _syscall(
        "mount_setattr",
        at_fdcwd,
        _text(path),
        at_recursive,
        attributes,
        ctypes.c_size_t(len(attributes)),
    )


def unmount_later(path: str) -> None:
    """umount2(2) with MNT_DETACH."""
    mnt_detach = 2
    _checked(_libc.umount2(_text(path), mnt_detach), f"umount2 {path}")


def pivot_root(new_root: str, put_old: str) -> None:
    """pivot_root(2)."""
    _syscall("pivot_root", _text(new_root), _text(put_old))


def unshare(flags: int) -> None:
    """unshare(2)."""
    _checked(_libc.unshare(flags), f"unshare {flags:#x}")


def set_hostname(name: str) -> None:
    """sethostname(2); `socket.sethostname` needs the same."""
    encoded = os.fsencode(name)
    _checked(_libc.sethostname(encoded, ctypes.c_size_t(len(encoded))), "sethostname")


def bring_up_loopback() -> None:
    """Bring up `lo`, which a new network namespace has, but down (netdevice(7))."""
    siocsifflags, iff_up = 0x8914, 1
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, siocsifflags, struct.pack("16sh22x", b"lo", iff_up))


def _prctl(option: int, *args: int) -> None:
    """prctl(2)."""
    values = [ctypes.c_ulong(arg) for arg in args] + [ctypes.c_ulong(0)] * (4 - len(args))
    _checked(_libc.prctl(ctypes.c_int(option), *values), f"prctl {option}")


def die_with_parent(signum: int) -> None:
    """PR_SET_PDEATHSIG of prctl(2). A change of user or group clears it."""
    _prctl(PR_SET_PDEATHSIG, signum)


def adopt_orphans() -> None:
    """PR_SET_CHILD_SUBREAPER of prctl(2): orphaned descendants become children of this process."""
    _prctl(PR_SET_CHILD_SUBREAPER, 1)


def forbid_new_privileges() -> None:
    """PR_SET_NO_NEW_PRIVS of prctl(2): set-user-ID programs gain nothing, here and below."""
    _prctl(PR_SET_NO_NEW_PRIVS, 1)


def drop_capabilities() -> None:
    """capset(2) to nothing, and PR_CAPBSET_DROP of prctl(2) for every capability there is."""
    for capability in range(64):
        try:
            _prctl(PR_CAPBSET_DROP, capability)
        except OSError:  # past the last one that this kernel knows
            break
    version_3 = 0x20080522
    _syscall("capset", struct.pack("Ii", version_3, 0), b"\0" * 24)


def install_filter(instructions: bytes) -> None:
    """seccomp(2) in filter mode, of a BPF program of 8-byte instructions (PR_SET_SECCOMP)."""
    seccomp_mode_filter = 2
    code = ctypes.create_string_buffer(instructions, len(instructions))
    program = struct.pack("HxxxxxxQ", len(instructions) // 8, ctypes.addressof(code))
    buffer = ctypes.create_string_buffer(program, len(program))
    _prctl(PR_SET_SECCOMP, seccomp_mode_filter, ctypes.addressof(buffer))


def landlock_abi() -> int:
    """The version of Landlock that this kernel offers; 0 for none. landlock_create_ruleset(2)."""
    landlock_create_ruleset_version = 1
    try:
        return _syscall(
            "landlock_create_ruleset",
            None,
            ctypes.c_size_t(0),
            ctypes.c_uint(landlock_create_ruleset_version),
        )
    except OSError:
        return 0


def landlock_create_ruleset(files: int, network: int, scoped: int, abi: int) -> int:
    """landlock_create_ruleset(2): the access that is refused unless a rule allows it."""
    attributes = struct.pack("Q", files)
    if abi >= 4:
        attributes += struct.pack("Q", network)
    if abi >= 6:
        attributes += struct.pack("Q", scoped)
    return _syscall(
        "landlock_create_ruleset",
        attributes,
        ctypes.c_size_t(len(attributes)),
        ctypes.c_uint(0),
    )


def landlock_allow_beneath(ruleset: int, path: int, access: int) -> None:
    """landlock_add_rule(2), LANDLOCK_RULE_PATH_BENEATH, of an open path."""
    landlock_rule_path_beneath = 1
    rule = struct.pack("=Qi", access, path)
    _syscall("landlock_add_rule", ruleset, landlock_rule_path_beneath, rule, 0)


def landlock_restrict_self(ruleset: int) -> None:
    """landlock_restrict_self(2)."""
    _syscall("landlock_restrict_self", ruleset, 0)
