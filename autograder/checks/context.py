"""Who answers for `student` and `reference` while a test cell runs.

In a live notebook: the notebook itself. During grading: a kernel and the instructor's notebook.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from autograder.remote import endpoint
from autograder.remote.wire import Limits

if TYPE_CHECKING:
    from autograder.checks.exercise import Exercise


class Connection(Protocol):
    """A way to put a question to the student's functions."""

    limits: Limits

    def ask(self, part: str, request: str) -> object:
        """Send a request about a part; return the reply, which may be anything.

        Raises
        ------
        StudentFault
            When no reply came: the call took too long, or the kernel stopped.
        """


def validating() -> bool:
    """True under nbgrader's Validate, which runs a live notebook and looks for errors."""
    return os.environ.get("NBGRADER_EXECUTION") == "validate"


class LiveNotebook:
    """The student's functions are in this very process."""

    limits = Limits()

    def ask(self, part: str, request: str) -> object:
        if not validating():
            return endpoint.answer(request)
        # Validate takes anything on stderr for a failure; grading does not, and the two agree.
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            return endpoint.answer(request)


def _from_this_notebook(name: str) -> Any:
    """In the instructor's own live notebook the answers are its own functions."""
    return getattr(sys.modules["__main__"], name)


@dataclass
class Context:
    """What a test cell runs in."""

    connection: Connection = field(default_factory=LiveNotebook)
    solution: Callable[[str], Any] = _from_this_notebook
    seed: int = 0
    max_points: float | None = None
    exercises: list[Exercise] = field(default_factory=list)


current: ContextVar[Context] = ContextVar("current", default=Context())  # noqa: B039
