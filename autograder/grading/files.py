"""Files as data, and a directory that is there whole or not at all. Standard library only."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

Files = dict[str, bytes]
"""Contents by path relative to a directory, with forward slashes."""

PARTS = ("new", "old")


def read_files(directory: Path, paths: Iterable[str | Path]) -> Files:
    """Read these files of a directory.

    A link that leads out of the directory is left out: a submission must not fetch what lies
    beside it.
    """
    inside = directory.resolve()
    return {
        Path(path).relative_to(directory).as_posix(): Path(path).read_bytes()
        for path in paths
        if Path(path).is_file() and Path(path).resolve().is_relative_to(inside)
    }


def named_in_text(files: Files) -> Files:
    """The same files under names that are text: `\\udcff.ipynb` for a name of another encoding.

    A gradebook takes no others, and asking it for such a notebook is an error.
    """
    return {name.encode("utf-8", "backslashreplace").decode(): files[name] for name in files}


def write_files(directory: Path, files: Files) -> None:
    """Write files into a directory, which is made; nothing may be there yet of these names.

    Raises
    ------
    ValueError
        If a path leads out of the directory.
    """
    directory.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        path = directory / name
        if ".." in path.parts or not path.is_relative_to(directory):
            raise ValueError(f"{name!r} does not lie in {directory}")
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())


def sibling(directory: Path, part: str) -> Path:
    """A hidden name beside a directory: what is not finished lies there."""
    return directory.with_name(f".{directory.name}.{part}")


def publish(directory: Path, files: Files, keep: Files, commit: Callable[[], object]) -> None:
    """Put files in the place of a directory, together with what `commit` writes elsewhere.

    A directory that is there was committed, with exactly these contents: the old one goes before
    the commit, the new one comes after it. Stopped at any point, this leaves either the old
    directory untouched or none, and what has none is simply done again.

    Parameters
    ----------
    files
        What the directory shall hold.
    keep
        What else it shall hold, where `files` has nothing of that name.
    commit
        Called between. If it raises, the directory is gone and the error comes through.
    """
    new, old = (sibling(directory, part) for part in PARTS)
    for leftover in (new, old):
        remove(leftover)
    try:
        write_files(new, {**keep, **files})
        if directory.exists():
            directory.rename(old)
        commit()
        new.rename(directory)
    finally:
        remove(new)
        remove(old)


def sweep(directory: Path) -> None:
    """Remove what an earlier `publish` was stopped in the middle of."""
    for part in PARTS:
        remove(sibling(directory, part))


def remove(directory: Path) -> None:
    """Remove a directory and what is in it, or what else has its name, if it is there."""
    if directory.is_dir() and not directory.is_symlink():
        shutil.rmtree(directory)
    else:
        directory.unlink(missing_ok=True)
