"""A student's notebook without a kernel: source in, `student` answered from what it defines."""

from __future__ import annotations

import contextlib
import itertools
import json
import linecache
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from textwrap import dedent
from typing import Any

from autograder.checks.context import Connection, Context, current
from autograder.checks.exercise import Exercise
from autograder.checks.student import Given
from autograder.record.report import CheckResult
from autograder.remote import endpoint
from autograder.remote.apart import CELLS
from autograder.remote.wire import Limits

ROOT = Path(__file__).resolve().parents[2]
UNCHANGED = Limits()
_numbers = itertools.count(1)


class SameProcess:
    """A connection to functions in a dict: the endpoint without a kernel around it."""

    seconds = 0.0

    def __init__(self, namespace: dict[str, Any], limits: Limits = UNCHANGED) -> None:
        self.namespace = namespace
        self.limits = limits
        self.requests: list[dict[str, Any]] = []

    def ask(self, name: str, request: str) -> object:
        self.requests.append(json.loads(request))
        return endpoint.answer(request, self.namespace)


class Says:
    """A connection that gives the same reply to every question."""

    limits = Limits()
    seconds = 0.0

    def __init__(self, reply: object) -> None:
        self.reply = reply

    def ask(self, name: str, request: str) -> object:
        return self.reply


def run_notebook(*cells: str) -> dict[str, Any]:
    """The names that cells of a notebook leave behind; tracebacks can show their lines.

    A cell that raises leaves what it had done by then, if another one follows it.
    """
    namespace: dict[str, Any] = {"__name__": "__student__", CELLS: [""]}
    for number, cell in enumerate(cells, 1):
        source = dedent(cell)
        filename = f"<notebook-{next(_numbers)}>"
        linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
        namespace[CELLS].append(source)
        try:
            exec(compile(source, filename, "exec", dont_inherit=True), namespace)
        except Exception:
            if number == len(cells):
                raise
    return namespace


@contextlib.contextmanager
def answering(connection: Connection, **context: Any) -> Iterator[Context]:
    """Let a connection answer for `student`."""
    made = Context(connection, **context)
    token = current.set(made)
    try:
        yield made
    finally:
        current.reset(token)


@contextlib.contextmanager
def notebook(*cells: str, limits: Limits = UNCHANGED, **context: Any) -> Iterator[SameProcess]:
    """Let a student's notebook with these cells answer for `student`."""
    connection = SameProcess(run_notebook(*cells), limits)
    with answering(connection, **context):
        yield connection


def one_check(
    source: str | Sequence[str],
    check: Callable[[Exercise], None],
    stubs: dict[str, Given] | None = None,
    **context: Any,
) -> CheckResult:
    """What one check finds in a student's notebook with this source, or with these cells."""
    cells = [source] if isinstance(source, str) else source
    with notebook(*cells, **context):
        exercise = Exercise("exercise", stubs)
        check(exercise)
    (result,) = exercise.results
    return result


BLOCKER = """
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {blocked!r}:
            raise ModuleNotFoundError(f"blocked: {{name}}", name=name)

for name in list(sys.modules):
    if name.split(".")[0] in {blocked!r}:
        del sys.modules[name]
sys.meta_path.insert(0, Blocked())
"""


def run_without(blocked: list[str], code: str) -> subprocess.CompletedProcess[str]:
    """Run code in a Python of its own, in which these packages cannot be imported."""
    return subprocess.run(
        [sys.executable, "-c", BLOCKER.format(blocked=set(blocked)) + dedent(code)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
