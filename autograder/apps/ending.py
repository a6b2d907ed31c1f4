"""How a command ends when it is stopped from outside: quietly. Standard library only."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from typing import Any

INTERRUPTED = 128 + 2
"""Exit status after Ctrl-C (signal 2), as shells have it."""
NOBODY_READS = 128 + 13
"""Exit status when whoever read the output has gone (signal 13), as shells have it."""


class Output(io.FileIO):
    """The output of a command, which remembers that it could not be written."""

    error: OSError | None = None

    def write(self, data: Any) -> int:
        """Called when lines are flushed."""
        try:
            return super().write(data)
        except OSError as error:
            self.error = error
            raise


@contextlib.contextmanager
def quietly() -> Iterator[None]:
    """Everything that a command does, from its imports to its last line.

    Ctrl-C ends it without a traceback, and so does `autograder scores one | head`: `head` goes when
    it has its lines, and the next one has nobody to read it. A disk that is full is told in a
    sentence. Other files and pipes than the output, of which grading has many, are none of this: an
    error in one of them is shown as what it is.
    """
    open_what_is_closed()
    output = Output(sys.stdout.fileno(), "w", closefd=False)
    sys.stdout = io.TextIOWrapper(
        io.BufferedWriter(output),
        encoding=sys.stdout.encoding,
        errors=sys.stdout.errors,
        line_buffering=output.isatty(),
    )
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except OSError:
        if output.error is None:
            raise
        # Python writes what is left when it ends, and would complain that it cannot.
        os.dup2(os.open(os.devnull, os.O_WRONLY), output.fileno())
        if isinstance(output.error, BrokenPipeError):
            sys.exit(NOBODY_READS)
        sys.exit(f"The output cannot be written: {output.error.strerror}.")


def open_what_is_closed() -> None:
    """Give a program that was started without an output one that keeps nothing.

    Otherwise the next file that is opened has its number, the gradebook for example, and what a
    program of ours prints is written into that.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            opened = os.open(os.devnull, os.O_RDWR)  # has the lowest number: that of the closed one
            os.set_inheritable(opened, True)  # for the programs that are started from here
            setattr(sys, name, os.fdopen(opened, mode, closefd=False))
