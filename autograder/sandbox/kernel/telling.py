"""A kernel that says with each reply whether something it ran is still under way.

A timer, a thread, a process or a task that a cell or a call has started may end the kernel later,
when it is another's turn. The judge waits for it, so that nobody else is blamed. And `exit()`,
which ends an ordinary kernel a moment after its cell, is an error of the cell here.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import threading
import warnings
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

from ipykernel.ipkernel import IPythonKernel
from ipykernel.zmqshell import ZMQInteractiveShell
from traitlets import Type

from autograder.sandbox.kernel import LEFT_RUNNING

EXIT = (
    "`exit()` and `quit()` end the whole notebook, so the rest of this cell was not run. "
    "A notebook needs neither: leave the line out."
)
WORKERS = ("asyncio", "concurrent", "multiprocessing", "socketserver")
"""Modules of Python's own whose threads wait for work, as those of installed packages do."""

_number: ContextVar[int] = ContextVar("number", default=0)
"""The number of the request in which a callback was made."""


class TellingShell(ZMQInteractiveShell):
    """ipykernel's, but for `exit`, `quit` and `ask_exit`."""

    def ask_exit(self) -> None:
        raise SystemExit(EXIT)

    def showtraceback(self, *args: Any, **kwargs: Any) -> None:
        super().showtraceback(*args, **kwargs)
        # What IPython advises after a SystemExit holds for a terminal.
        warnings.filterwarnings("ignore", "To exit: use 'exit'")


class TellingKernel(IPythonKernel):
    """ipykernel's, with a word on what is left running in the metadata of each reply.

    An empty request that is silent asks again about the one before it.
    """

    shell_class = Type(TellingShell)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._left = LeftRunning(self.shell)

    def init_metadata(self, parent: Any) -> Any:
        content = parent["content"]
        if content["code"] or content.get("user_expressions"):
            self._left.begin()
        return super().init_metadata(parent)

    def finish_metadata(self, parent: Any, metadata: Any, reply_content: Any) -> Any:
        metadata = super().finish_metadata(parent, metadata, reply_content)
        with contextlib.suppress(Exception):  # whatever student code has made of all this
            if self._left.anything():
                metadata[LEFT_RUNNING] = True
        return metadata


class LeftRunning:
    """What the latest request has started and is still under way."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._now = 0
        self._children: set[int] = set()
        self._tasks: set[Any] = set()
        start = threading.Thread.start

        def start_and_note(thread: threading.Thread) -> None:
            parent = threading.current_thread()
            thread.request = getattr(parent, "request", self._now)  # type: ignore[attr-defined]
            start(thread)

        threading.Thread.start = start_and_note  # type: ignore[method-assign,assignment]

    def begin(self) -> None:
        """From here on things are started by another request."""
        self._now += 1
        _number.set(self._now)
        self._children = set(children())
        self._tasks = asyncio.all_tasks()

    def anything(self) -> bool:
        """Whether something that was started since `begin` may still do something."""
        return bool(
            self._shell.exit_now
            or signal.getitimer(signal.ITIMER_REAL)[0]
            or any(map(self._is_at_work, threading.enumerate()))
            or any(map(self._is_due, getattr(asyncio.get_running_loop(), "_scheduled", ())))
            or any(runs_notebook(chain(task)) for task in asyncio.all_tasks() - self._tasks)
            or set(children()) - self._children
        )

    def _is_at_work(self, thread: threading.Thread) -> bool:
        """Whether it is a thread of the latest request's, and more than a library's idle one."""
        if getattr(thread, "request", 0) != self._now:
            return False
        frame = sys._current_frames().get(thread.ident or 0)
        return (
            isinstance(thread, threading.Timer)
            or not of_library(getattr(thread, "_target", None) or type(thread).run)
            or runs_notebook(stack(frame))
        )

    def _is_due(self, handle: asyncio.TimerHandle) -> bool:
        callback = getattr(handle, "_callback", None)
        made_in = handle._context.get(_number)  # type: ignore[attr-defined]
        return made_in == self._now and not handle.cancelled() and not of_library(callback)


def children() -> Iterator[int]:
    """The processes that this one has started and that have not ended."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:  # none at all, as nearly always
        return
    for path in Path("/proc/self/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for pid in map(int, path.read_text().split()):
                if not os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                    yield pid


def of_library(function: Any) -> bool:
    """Whether a function is of a package that does nothing of its own accord."""
    while isinstance(function, partial):
        function = function.func
    module = str(getattr(function, "__module__", "") or "")
    file = str(getattr(sys.modules.get(module), "__file__", "") or "")
    return module.partition(".")[0] in WORKERS or "site-packages" in file


def runs_notebook(names: Iterable[Any]) -> bool:
    """Whether code of the notebook's is among the frames of these names."""
    notebook = sys.modules["__main__"].__dict__
    return any(each is notebook for each in names)


def stack(frame: FrameType | None) -> Iterator[Any]:
    """The names of each frame from the innermost out."""
    while frame is not None:
        yield frame.f_globals
        frame = frame.f_back


def chain(task: Any) -> Iterator[Any]:
    """The names of each coroutine of a task from the outermost in."""
    inner = task.get_coro()
    while inner is not None:
        if (frame := getattr(inner, "cr_frame", None)) is not None:
            yield frame.f_globals
        inner = getattr(inner, "cr_await", None)
