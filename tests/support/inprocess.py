"""A student's notebook without a kernel: source in, `student` answered from what it defines."""

from __future__ import annotations

import contextlib
import itertools
import json
import linecache
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

from autograder.checks.context import Connection, Context, current
from autograder.checks.exercise import Exercise
from autograder.record.report import CheckResult
from autograder.remote import endpoint
from autograder.remote.wire import Limits

ROOT = Path(__file__).resolve().parents[2]
UNCHANGED = Limits()
_numbers = itertools.count(1)


class SameProcess:
    """A connection to functions in a dict: the endpoint without a kernel around it."""

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

    def __init__(self, reply: object) -> None:
        self.reply = reply

    def ask(self, name: str, request: str) -> object:
        return self.reply


def run_notebook(source: str) -> dict[str, Any]:
    """The names that a notebook cell leaves behind; tracebacks can show its lines."""
    source = dedent(source)
    filename = f"<notebook-{next(_numbers)}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    namespace: dict[str, Any] = {"__name__": "__student__"}
    exec(compile(source, filename, "exec", dont_inherit=True), namespace)
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
def notebook(source: str, limits: Limits = UNCHANGED, **context: Any) -> Iterator[SameProcess]:
    """Let a student's notebook with this source answer for `student`."""
    connection = SameProcess(run_notebook(source), limits)
    with answering(connection, **context):
        yield connection


def one_check(source: str, check: Callable[[Exercise], None]) -> CheckResult:
    """What one check finds in a student's notebook with this source."""
    with notebook(source):
        exercise = Exercise("exercise")
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
