"""What is dear to make and the same for many tests: made once in a run, and copied."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Callable
from pathlib import Path

folder: Path | None = None
"""Where the processes of a run keep what they share; set by tests/conftest.py."""


def once(name: str, make: Callable[[Path], object], target: Path) -> None:
    """Fill `target` with what `make` makes in a folder, by whichever process needs it first.

    Called for courses: `once("plain", make_plain_course, tmp_path / "course")`. Outside of a run
    of the tests (`make demo`) it is made in its place.
    """
    if folder is None:
        make(target)
        return
    whole, half = folder / name, folder / f"{name}.new"
    with (folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not whole.exists():
            shutil.rmtree(half, ignore_errors=True)
            make(half)
            half.rename(whole)
    shutil.copytree(whole, target, symlinks=True, dirs_exist_ok=True)
