"""How a kernel is confined: mechanism only; `policy` says what for. Runs in the fork server.

isolation    the shape of a way to confine, and what all of them share
namespaces   a file system, network and processes of its own for each kernel
landlock     where namespaces are refused
seccomp      the filter of system calls
syscalls     Linux system calls that Python does not wrap
processes    ending processes, and removing folders, that resist
"""
