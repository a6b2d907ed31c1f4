"""What a cell shows of how it ended, in words for a student. TRUSTED SIDE."""

from __future__ import annotations

import json
import re
from typing import Any

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


FILE = re.compile(r"(?<![\w.:\\/-])[\w.:\\/-]{0,200}?ipykernel_\d+[\\/]\d+\.py")
FILE_OF_ERROR = re.compile(r"\(\d+\.py, (line \d+)\)")
"""The files in which ipykernel says that cells are. There are none, and names differ each time."""


def without_files(text: Any) -> Any:
    """A text that names no temporary file; anything else as it is.

    >>> without_files("/tmp/ipykernel_7/314159.py:2: UserWarning: hm")
    '<cell>:2: UserWarning: hm'
    >>> without_files("expected ':' (314159.py, line 1)")
    "expected ':' (line 1)"
    """
    if not isinstance(text, str):
        return text
    return FILE_OF_ERROR.sub(r"(\1)", FILE.sub("<cell>", text))


def tidy(cell: NotebookNode) -> None:
    """Make what a kernel sent fit into a notebook file, whatever it was, and fit to be read."""
    for output in cell.outputs:
        if output.get("output_type") == "error":
            output["evalue"] = without_files(output.get("evalue"))
            if isinstance(output.get("traceback"), list):
                output["traceback"] = [without_files(line) for line in output["traceback"]]
        elif output.get("name") == "stderr":
            output["text"] = without_files(output.get("text"))
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
