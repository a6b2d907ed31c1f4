"""Who answers for `student` and `reference` while a test cell runs.

In a live notebook: the notebook itself. During grading: a kernel and the instructor's notebook.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Protocol

from autograder.checks import live
from autograder.checks.faults import StudentFault
from autograder.record.report import CheckResult
from autograder.remote import endpoint, wire
from autograder.remote.apart import apart
from autograder.remote.given import ready_made
from autograder.remote.wire import Limits


class Connection(Protocol):
    """A way to put a question to the student's functions.

    `LiveNotebook` is one, for students; `judge.student_kernel` has the one that grades, and
    `authoring.dry_run` one that needs no kernel.
    """

    limits: Limits
    """What a reply may hold; `Part` refuses more than that."""
    seconds: float
    """Processor time that the last answer took: `Part` puts a question again only if it was short.
    A connection that does not measure says 0."""

    def ask(self, part: str, request: str) -> object:
        """Send a request about a part; return the reply, which may be anything.

        `Part` calls this once for every call of a student's function.

        Parameters
        ----------
        part
            The part as messages call it, such as "`loss`".
        request
            JSON for `remote.endpoint.answer`.

        Returns
        -------
        object
            What a kernel sent back: text, if all is well. `Part` trusts nothing of it.

        Raises
        ------
        StudentFault
            When no reply came: the call took too long, or the kernel stopped.
        """


def validating() -> bool:
    """True under nbgrader's Validate, which runs a live notebook and looks for errors."""
    return os.environ.get("NBGRADER_EXECUTION") == "validate"


class LiveNotebook:
    """The student's functions are in this very process: nobody grades."""

    limits = Limits()
    seconds = 0.0

    def __init__(self) -> None:
        self._heard: set[tuple[int, str]] = set()

    def ask(self, part: str, request: str) -> object:
        began = time.process_time()
        try:
            reply = self._ask(request)
        finally:
            self.seconds = time.process_time() - began
        context = current.get()
        asked = len(context.exercises), part
        if asked not in self._heard:  # once for each exercise and part: there may be many calls
            self._heard.add(asked)
            with contextlib.suppress(Exception):  # what a student reads besides breaks no check
                self._remark(context, wire.loads(request), wire.loads(reply))
        return reply

    def _remark(self, context: Context, request: dict[str, Any], reply: dict[str, Any]) -> None:
        """Tell what the notebook knows of the part's cell, and of a name that is nearly its own."""
        objects, name = live.notebook(), request["name"]
        context.asked.add(name)
        missing = reply.get("name", "") if reply["status"] == "missing" else ""
        empty = name if reply.get("ename") == "NotImplementedError" else ""
        said = [live.said_of(name, objects)]
        if wanted := missing or empty:
            called = "args" in request or "steps" in request
            said.append(live.misspelt(wanted, objects, context.stubs, called))
        else:
            live.found(name)
        for sentence in filter(None, said):
            context.remark(sentence)
            context.amiss.add(wanted)

    def _ask(self, request: str) -> object:
        if not validating():
            return endpoint.answer(request)
        # Validate takes anything on stderr for a failure; grading does not, and the two agree.
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            return endpoint.answer(request)


class Solution(Protocol):
    """A way to the instructor's answers."""

    def __call__(self, name: str, stubs: Mapping[str, Any]) -> Any:
        """The answer of a name, as it is with stubs, which are `given`, in the place of others.

        Raises
        ------
        AttributeError
            If there is none.
        """


def _from_this_notebook(name: str, stubs: Mapping[str, Any]) -> Any:
    """In the instructor's own live notebook the answers are its own functions."""
    main = sys.modules["__main__"]
    found = getattr(main, name)
    if not stubs or not callable(found):
        return found
    functions = {other: ready_made(stub.source) for other, stub in stubs.items()}
    copy = apart(main.__dict__, name, repr(stubs), lambda: functions)

    def call(*args: Any, **kwargs: Any) -> Any:
        with copy.in_place_of(main.__dict__):
            return getattr(main, name)(*args, **kwargs)

    return call


def _nothing(name: str, empty: bool) -> StudentFault | None:
    """Where nobody knows what was written."""
    return None


class NoSolution(Exception):
    """A known mistake asked for a solution where there is none; see `Context.without_solutions`."""


def _no_solution(name: str, stubs: Mapping[str, Any]) -> Any:
    """Takes the place of `_from_this_notebook` while known mistakes are tried."""
    raise NoSolution(name)


@dataclass
class Context:
    """What a test cell runs in; who runs one sets `current` for that long.

    `connection` answers for `student`, and `solution` for `reference`. `seed` seeds the random
    inputs; `max_points` are nbgrader's points of the cell, None in a live notebook. `exercises`
    are the `Exercise`s that the cell has made so far: each adds itself.

    While an exercise runs, `stubs` are the functions that stand for other parts of the student's,
    by name; `answers` holds what came back, by question, so that a question which is asked twice
    can be seen to have two answers; and `remarks` is what a student should hear besides, each
    once (`remarked`). In a live notebook `asked` are the names that it asked for, and `amiss` those
    that are missing though something was written. `measuring` is true while a yardstick is
    computed: then no part may be asked.

    While grading, `written` says what a student wrote where a name is missing, or is there and
    raises NotImplementedError (see `judge.written`).

    The release gate wants less than a report, many times over. `diagnosing` is false where nobody
    asks why an answer is wrong; `wanted` says of the check at a place in the cell whether it is
    judged, and it passes if not; `judged` is called with the row of each check, and may end the
    cell there by raising what is no `Exception`.
    """

    connection: Connection = field(default_factory=LiveNotebook)
    solution: Solution = _from_this_notebook
    seed: int = 0
    max_points: float | None = None
    exercises: list[Any] = field(default_factory=list)
    stubs: Mapping[str, Any] = field(default_factory=dict)
    answers: dict[str, list[Any]] | None = None
    remarks: list[str] = field(default_factory=list)
    remarked: set[str] = field(default_factory=set)
    asked: set[str] = field(default_factory=set)
    amiss: set[str] = field(default_factory=set)
    written: Callable[[str, bool], StudentFault | None] = _nothing
    measuring: bool = False
    diagnosing: bool = True
    wanted: Callable[[int], bool] = lambda _: True
    judged: Callable[[CheckResult], None] = lambda _: None

    def begin(self, exercise: Any, stubs: Mapping[str, Any]) -> None:
        """Called by an `Exercise` that is made: from here on, parts are asked for it."""
        self.exercises.append(exercise)
        self.stubs, self.answers = dict(stubs), {}
        self.remarks, self.remarked, self.asked, self.amiss = [], set(), set(), set()

    @property
    def place(self) -> int:
        """How many checks of the cell have been judged: the place of the next one."""
        return sum(len(exercise.trials) for exercise in self.exercises)

    def remark(self, sentence: str) -> None:
        """Keep a sentence for the next row of the report, unless it was said before."""
        if sentence not in self.remarked:
            self.remarks.append(sentence)
            self.remarked.add(sentence)

    def instead(self, name: str, sentence: str, *, empty: bool = False) -> StudentFault | None:
        """The fault that something was written and a name is missing; None if nothing was.

        `sentence` is what is told where a remark tells the rest. `empty` says that the name is
        there, and raises NotImplementedError. `Part` asks before it says "not attempted".
        """
        if name in self.amiss:
            return StudentFault(sentence)
        return self.written(name, empty)

    @contextlib.contextmanager
    def yardstick(self) -> Iterator[None]:
        """Compute in this block what an answer is compared with: nothing of the student's."""
        before, self.measuring = self.measuring, True
        try:
            yield
        finally:
            self.measuring = before

    @property
    def live(self) -> bool:
        """Whether nobody grades: then `reference` is whatever the notebook itself defines."""
        return isinstance(self.connection, LiveNotebook)

    @contextlib.contextmanager
    def without_solutions(self) -> Iterator[None]:
        """Let `reference` raise `NoSolution` in this block.

        `diagnosis` tries known mistakes in it where nobody grades. One that bends a solution would
        bend the student's own function there, and say of it whatever that happens to give.
        """
        before, self.solution = self.solution, _no_solution
        try:
            yield
        finally:
            self.solution = before

    @contextlib.contextmanager
    def with_stubs(self, stubs: Mapping[str, Any]) -> Iterator[None]:
        """Let `reference` see stubs in this block, as in the exercise that has them."""
        before, self.stubs = self.stubs, stubs
        try:
            yield
        finally:
            self.stubs = before

    def end(self) -> None:
        """Called by an `Exercise` that reports: parts are asked as they are again."""
        self.stubs, self.answers = {}, None


current: ContextVar[Context] = ContextVar("current", default=Context())  # noqa: B039
