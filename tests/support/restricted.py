"""Run Python as in a pod of Kubernetes' "restricted" standard.

    python -m tests.support.restricted ARG...

An ordinary user, no capabilities, no new privileges, and a seccomp filter that refuses what
containerd's and Docker's default profiles refuse to a process without CAP_SYS_ADMIN.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
import sys

from autograder.sandbox.confine import syscalls

# x86_64: unshare, setns, mount, umount2, pivot_root, chroot, bpf, fanotify_init, open_tree,
# move_mount, fsopen, fsconfig, fsmount, sethostname, setdomainname, syslog, keyctl, add_key
REFUSED = (272, 308, 165, 166, 155, 161, 321, 300, 428, 429, 430, 431, 432, 170, 171, 103, 250, 248)
CLONE, CLONE3 = 56, 435
NAMESPACE_FLAGS = 0x7E020000
LOAD, AND, EQUAL, ANY, RETURN = 0x20, 0x54, 0x15, 0x45, 0x06
ALLOW, REFUSE, UNKNOWN = 0x7FFF0000, 0x00050000 | errno.EPERM, 0x00050000 | errno.ENOSYS
PR_SET_SECCOMP, FILTER = 22, 2


def refuse() -> None:
    """Install the filter: classic BPF on the number of a system call, and on clone's flags."""
    steps = [(LOAD, 0, 0, 0)]
    for number in REFUSED:
        steps += [(EQUAL, 0, 1, number), (RETURN, 0, 0, REFUSE)]
    steps += [(EQUAL, 0, 1, CLONE3), (RETURN, 0, 0, UNKNOWN)]  # glibc then takes clone
    steps += [(EQUAL, 0, 3, CLONE), (LOAD, 0, 0, 16)]
    steps += [(ANY, 0, 1, NAMESPACE_FLAGS), (RETURN, 0, 0, REFUSE), (RETURN, 0, 0, ALLOW)]
    code = b"".join(struct.pack("HBBI", *step) for step in steps)
    program = ctypes.create_string_buffer(code)
    head = struct.pack("HxxxxxxP", len(steps), ctypes.addressof(program))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_SECCOMP, FILTER, ctypes.c_char_p(head)) != 0:
        raise OSError(ctypes.get_errno(), "seccomp")


if __name__ == "__main__":
    assert os.geteuid() != 0, "start it with tests.support.as_user"
    syscalls.forbid_new_privileges()
    refuse()
    os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
