"""When a submission was handed in, as its timestamp.txt says. TRUSTED SIDE.

nbgrader reads the file with `open` and `parse_utc`, and fails on a folder of that name, on text of
another encoding, and on what is no time, without saying whose it is.
"""

from __future__ import annotations

import codecs
from datetime import datetime
from pathlib import Path

from nbgrader.utils import parse_utc

from autograder.grading.files import Files, read_files

TIMESTAMP = "timestamp.txt"


def text_in(files: Files) -> str:
    """What a submission says of its time; "" where it says nothing.

    PowerShell writes UTF-16, editors of Windows a mark in front: that is read. A folder or a link
    of that name says nothing.
    """
    content = files.get(TIMESTAMP, b"")
    wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return content.decode("utf-16" if wide else "utf-8-sig", errors="replace").strip()


def time_of(text: str) -> datetime | None:
    """A time in UTC, as nbgrader reads it; None where there is no text.

    Raises
    ------
    ValueError
        If it is not a time.
    """
    try:
        return parse_utc(text) if text else None
    except Exception:  # dateutil meets strange text with errors of every kind
        raise ValueError(f"{TIMESTAMP} does not hold a time that can be read: {text!r}") from None


def time_in(folder: Path) -> datetime | None:
    """When a folder was handed in; None where it does not say.

    Raises
    ------
    ValueError
        If what it says is not a time.
    OSError
        If the file cannot be read.
    """
    return time_of(text_in(read_files(folder, [folder / TIMESTAMP])))


def in_plain_text(files: Files) -> Files:
    """The files of a submission with a timestamp that nbgrader can read.

    Raises
    ------
    ValueError
        If what it says is not a time.
    """
    text = text_in(files)
    time_of(text)
    kept = {name: data for name, data in files.items() if not name.startswith(f"{TIMESTAMP}/")}
    return {**kept, TIMESTAMP: text.encode()} if text else kept
