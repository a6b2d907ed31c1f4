"""How a command ends when it is stopped from outside: quietly. Standard library only."""

from __future__ import annotations

import contextlib
import os
import select
import sys
from collections.abc import Iterator

INTERRUPTED = 128 + 2
"""Exit status after Ctrl-C (signal 2), as shells have it."""
NOBODY_READS = 128 + 13
"""Exit status when whoever read the output has gone (signal 13), as shells have it."""


@contextlib.contextmanager
def quietly() -> Iterator[None]:
    """Everything that a command does, from its imports to its last line.

    Ctrl-C ends it without a traceback, and so does `autograder scores one | head`: `head` goes when
    it has its lines, and the next one has nobody to read it. Other pipes than the output, of which
    grading has many, are none of this: an error in one of them is shown as what it is.
    """
    try:
        try:
            yield
        finally:
            if sys.stdout is not None:  # it may have been closed from the start
                sys.stdout.flush()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        if not nobody_reads():
            raise
        # Python writes what is left when it ends, and would complain that it cannot.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(NOBODY_READS)


def nobody_reads() -> bool:
    """Whether the output is a pipe whose reader has gone."""
    look = select.poll()
    look.register(sys.stdout, 0)
    return any(said & (select.POLLERR | select.POLLHUP) for _, said in look.poll(0))
