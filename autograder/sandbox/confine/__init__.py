"""How a kernel is confined: mechanism only; `policy` says what for. TRUSTED SIDE.

Runs in the fork server, and in each kernel's process until that has locked itself in; what is
locked by then cannot be opened again.

isolation    the shape of a way to confine, and what all of them share
namespaces   a file system, network and processes of its own for each kernel
landlock     where namespaces are refused
seccomp      the filter of system calls
syscalls     Linux system calls that Python does not wrap
processes    ending processes, and removing folders, that resist
"""
