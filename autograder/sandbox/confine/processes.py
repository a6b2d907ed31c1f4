"""Ends processes, and removes folders, that resist: student code made them.

For the fork server, and for the grader, which cleans up where a launcher was killed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import psutil


def remove_tree(folder: Path) -> None:
    """Remove a folder, however deep, whatever its permissions, and whoever else removes it, too.

    A fork server that ends removes its directory while the grader removes a kernel's in it.
    """
    try:
        shutil.rmtree(folder)
    except (OSError, RecursionError):
        if not folder.exists():
            return
        subprocess.run(["chmod", "-R", "u+rwx", folder], check=False, stderr=subprocess.DEVNULL)
        subprocess.run(["rm", "-rf", folder], check=False)


def end_descendants() -> None:
    """Kill every process below this one, adopted ones included, until there is none."""
    while children := psutil.Process().children(recursive=True):
        for process in children:
            try:
                process.kill()
            except psutil.Error:
                continue
        psutil.wait_procs(children, timeout=0.05)
        reap()


def reap() -> None:
    """Wait for every child that has ended already, so that none is left as a zombie."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return
