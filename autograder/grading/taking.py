"""Copying a folder that somebody else can write to. TRUSTED SIDE, with the instructor's rights.

Whoever handed a folder in may change it while it is copied: put a link in the place of a file, or a
pipe that nobody writes to. So each entry is opened by its name within an open directory, and never
if it is a link, and what was opened is looked at: there is no moment between a look and a copy.
Standard library only.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

MOST_FILES = 20_000
"""More than that are no submission: to copy them takes seconds, for which all others wait."""
DEEPEST = 50
"""Folders in one another. Deeper ones are hard to remove again; Python follows a thousand."""
CHUNK = 1 << 20
WITHOUT_WAITING = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class NotTakenError(Exception):
    """A folder that is not copied. The text says why, the same as long as the reason is."""


def take(
    source: Path, target: Path, *, most_bytes: int, owners: Collection[int] | None = None
) -> None:
    """Copy directories and ordinary files; leave out links, pipes, sockets and devices.

    Parameters
    ----------
    source
        What is copied. Only the directories above it have to be trusted.
    target
        Where the copy comes to lie; there is nothing yet.
    most_bytes
        How large all files together may be.
    owners
        The users to whom what is copied may belong; None for any.

    Raises
    ------
    NotTakenError
        If it is too large or not a folder, or if a part of it cannot be read, belongs to somebody
        else, or changes meanwhile. Part of it may then be in `target`.
    """
    with _opened(source.name, os.O_DIRECTORY, path=source) as folder:
        _Copy(most_bytes, owners).folder(folder, target, source.name)


@contextmanager
def _opened(
    name: str, flags: int = 0, *, inside: int | None = None, path: Path | None = None
) -> Iterator[int]:
    try:
        opened = os.open(path or name, WITHOUT_WAITING | flags, dir_fd=inside)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR):
            raise NotTakenError(f"{name} is no ordinary file or folder") from error
        raise NotTakenError(f"{name} cannot be read: {error.strerror}") from error
    try:
        yield opened
    finally:
        os.close(opened)


class _Copy:
    """A copy under way, and what of it is left to allow."""

    def __init__(self, most_bytes: int, owners: Collection[int] | None) -> None:
        self._most, self._bytes, self._files = most_bytes, most_bytes, MOST_FILES
        self._owners, self._depth = owners, 0

    def folder(self, opened: int, target: Path, name: str) -> None:
        """Copy an open folder, and what is in it."""
        self._check_owner(os.fstat(opened), name)
        self._depth += 1
        if self._depth > DEEPEST:
            raise NotTakenError(f"it is more than {DEEPEST} folders deep")
        target.mkdir()
        for entry in sorted(os.listdir(opened)):
            self._files -= 1
            if self._files < 0:
                raise NotTakenError(f"it holds more than {MOST_FILES} files")
            with _gone_or_full(entry):
                kind = stat.S_IFMT(os.lstat(entry, dir_fd=opened).st_mode)
                if kind in (stat.S_IFDIR, stat.S_IFREG):
                    with _opened(entry, inside=opened) as file:
                        self._entry(file, target / entry, entry)
        self._depth -= 1

    def _entry(self, opened: int, target: Path, name: str) -> None:
        """One that was a folder or a file when it was listed, and may be anything by now."""
        kind = stat.S_IFMT(os.fstat(opened).st_mode)
        if kind == stat.S_IFDIR:
            self.folder(opened, target, name)
        elif kind == stat.S_IFREG:
            self._file(opened, target, name)
        else:
            raise NotTakenError(f"{name} is being changed")

    def _file(self, opened: int, target: Path, name: str) -> None:
        before = os.fstat(opened)
        self._check_owner(before, name)
        with target.open("xb") as copy:
            while chunk := os.read(opened, CHUNK):
                self._bytes -= len(chunk)
                if self._bytes < 0:
                    raise NotTakenError(f"it is larger than {self._most // 1000} kB")
                copy.write(chunk)
        after = os.fstat(opened)
        if (after.st_mtime_ns, after.st_size) != (before.st_mtime_ns, before.st_size):
            raise NotTakenError(f"{name} is being changed")

    def _check_owner(self, status: os.stat_result, name: str) -> None:
        if self._owners is not None and status.st_uid not in self._owners:
            raise NotTakenError(f"{name} belongs to somebody else")


@contextmanager
def _gone_or_full(name: str) -> Iterator[None]:
    """Tell what the system says of an entry without the place of the copy, which is always new."""
    try:
        yield
    except OSError as error:
        raise NotTakenError(f"{name} cannot be copied: {error.strerror}") from error
