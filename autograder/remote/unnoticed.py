"""Runs what a student's notebook has done before once more, so that nobody notices.

`apart` runs statements again in it. UNTRUSTED SIDE during grading, in the student's kernel; in a
live notebook the same happens there.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

MOST_BYTES, MOST_FILES = 16 << 20, 1000
"""Of the notebook's folder, what is copied for statements that may write; the rest is linked."""


@contextlib.contextmanager
def unnoticed(writes: bool) -> Iterator[None]:
    """Let what is printed, displayed and drawn in this block reach nobody; and what is written.

    `writes` says whether files may be written at all.
    """
    from IPython.utils.capture import capture_output

    pyplot = sys.modules.get("matplotlib.pyplot")
    before = set(pyplot.get_fignums()) if pyplot else set()
    with _elsewhere() if writes else contextlib.nullcontext(), capture_output():
        try:
            yield
        finally:
            if pyplot := sys.modules.get("matplotlib.pyplot"):
                for number in set(pyplot.get_fignums()) - before:
                    pyplot.close(number)


@contextlib.contextmanager
def _elsewhere() -> Iterator[None]:
    """Work in a copy of the current directory in this block, then throw it away."""
    here = Path.cwd()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        _copy_files(here, Path(folder))
        os.chdir(folder)
        try:
            yield
        finally:
            os.chdir(here)


def _copy_files(source: Path, target: Path) -> None:
    """Copy what is small; link what is large, and everything once that is much together."""
    files = left = 0

    def copy_or_link(original: str, copied: str) -> str:
        nonlocal left
        left += Path(original).stat().st_size
        if left > MOST_BYTES:
            Path(copied).symlink_to(original)
            return copied
        return shutil.copy2(original, copied)

    def left_out(_: str, entries: list[str]) -> list[str]:
        nonlocal files
        files += len(entries)
        return entries if files > MOST_FILES else [e for e in entries if e.startswith(".")]

    with contextlib.suppress(OSError, shutil.Error):
        shutil.copytree(
            source, target, ignore=left_out, copy_function=copy_or_link, dirs_exist_ok=True
        )
