"""What a cell shows of how it ended, in words for a student. TRUSTED SIDE."""

from __future__ import annotations

import json

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_output

TOO_OFTEN = "This was not run: cells or functions before it had ended the kernel too often."
SILENT = "This cell was stopped: it came to an end, but its output did not."
NO_TIME = "This was not run: the cells before it had used up the time of the whole submission."
LATER = (
    "ended the kernel: something that it had started, such as a timer, a thread or a process, went "
    "on running and ended it."
)


def ended(what: str, why: str, *, later: bool = False) -> str:
    """The sentence about something that ended the kernel, at once or by what it left running.

    `why` is the limit that was passed, to follow "it"; "" if the kernel ended by itself.
    """
    if why and later:
        return f"{what} was stopped: what it had started went on running, and {why}."
    if why:
        return f"{what} was stopped: it {why}."
    if later:
        return f"{what} {LATER}"
    return f"{what} ended the kernel: it exited or crashed."


def tidy(cell: NotebookNode) -> None:
    """Make what a kernel sent fit into a notebook file, whatever it was."""
    if not isinstance(cell.execution_count, int | None):
        cell.execution_count = None
    try:
        text = json.dumps(cell.outputs, ensure_ascii=False)
        text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair, which no file can hold
        cell.outputs = nbformat.from_dict(json.loads(text.encode(errors="replace")))
    except (TypeError, ValueError, RecursionError):
        cell.outputs = []


def error_output(name: str, said: str) -> NotebookNode:
    """An error as a cell shows it."""
    return new_output("error", ename=name, evalue=said, traceback=[f"{name}: {said}"])
