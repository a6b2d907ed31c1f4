"""The kernel in which a student's code runs, and what to do when it is lost. TRUSTED SIDE."""

from __future__ import annotations

import copy
import json
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import nbformat
from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.manager import AsyncKernelManager
from jupyter_core.utils import ensure_async, run_sync
from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from nbformat.v4 import new_output

from autograder.checks.faults import StudentFault
from autograder.judge.cells import STOP
from autograder.judge.connection import KernelConnection, Reply
from autograder.judge.stopwatch import WALL_FACTOR, Late, Stopwatch
from autograder.remote import wire
from autograder.remote.wire import Limits
from autograder.sandbox.grader.forkserver import LOST, ForkServerError
from autograder.sandbox.grader.manager import SandboxClient, SandboxManager
from autograder.sandbox.settings import Spent, Stop, Used

CELL = "timeout"
CALL = "call_timeout"
TEST = "judge_timeout"
REPLACEMENTS = "max_replacements"
"""What stops something, besides the limits of the sandbox's: by the names of the settings."""
OF_ALL = (Stop.CPU, Stop.WALL)
"""Limits of all kernels together: after them there is no other."""
ENDED = "ended"
"""Stands for a limit where a kernel ended by itself."""
TOO_OFTEN = "This was not run: cells or functions before it had ended the kernel too often."
SILENT = "This cell was stopped: it came to an end, but its output did not."
NO_TIME = "This was not run: the cells before it had used up the time of the whole submission."


@dataclass(frozen=True)
class Budgets:
    """Seconds of processor time for one cell, for one call, and for all calls of a test cell.

    A cell of None takes as long as it likes. `replacements` are the kernels in all, and
    `wall_factor` is how many times as long code may wait as it may compute.
    """

    cell: float | None
    call: float
    test: float
    replacements: int
    wall_factor: float = WALL_FACTOR


class StudentKernel:
    """Runs the cells of one submission and calls its functions; the `Connection` of its checks.

    `Execute` makes one for each submission. It hands over each cell that is the student's (`run`)
    and says when a test cell begins (`begin_test`); the checks of that test cell then ask their
    questions (`ask`).

    What does not come back in time is interrupted; time is the processor's, as `stopwatch` counts
    it. If the kernel is lost with it, another one is started and the cells that ran well are run
    again, without the guilty one. A function that did not come back, or ended the kernel, is not
    asked again: in every later kernel one takes its place that raises `TimeoutError` at once, so
    that what hangs costs its time once. After too many kernels the rest is not run, and `given_up`
    says why.

    Parameters
    ----------
    nbclient
        Starts kernels and sends them cells.
    limits
        What an answer may hold.
    """

    def __init__(self, nbclient: NotebookClient, limits: Limits, budgets: Budgets) -> None:
        self.limits = limits
        self.seconds = 0.0
        self.given_up = ""
        self.stops: Counter[str] = Counter()
        self.sandbox: SandboxManager | None = None
        """The manager of the latest kernel, set by `Execute`; None outside the sandbox."""
        self._nbclient, self._budgets = nbclient, budgets
        self._ran_well: list[NotebookNode] = []
        self._replacements = 0
        self._refused: dict[str, tuple[str, str]] = {}  # by how messages call the part
        self._raising: dict[str, str] = {}  # by the name in the notebook
        self._interrupted: NotebookNode | None = None
        self._said = ""  # why that one was interrupted
        self._prepared: set[tuple[str, str]] = set()  # names of parts, and stubs they have seen
        self._cpu = 0.0
        self._started = time.monotonic()
        self.begin_test()

    @property
    def spent(self) -> Spent:
        """What the kernels that have ended used of the submission's time."""
        return Spent(self._cpu, time.monotonic() - self._started)

    # Cells ----------------------------------------------------------------------------------

    def run(self, cell: NotebookNode, index: int) -> None:
        """Run a cell of the notebook; its outputs say how that went. Never raises for it."""
        self._prepared.clear()
        if self.given_up:
            cell.outputs = [error_output("DeadKernelError", self.given_up)]
            return
        try:
            self._nbclient.execute_cell(cell, index, store_history=True)
        except Exception as error:  # whatever a kernel sends, grading goes on
            tidy(cell)
            cell.outputs.append(self.stopped(cell, error))
            self._replace()
        else:
            if self._interrupted is cell:
                self._mark(cell, CELL)
            else:
                self._ran_well.append(cell)
        tidy(cell)

    def watch(self, seconds: float | None) -> Stopwatch:
        """A stopwatch for what the kernel does from now on; `Execute` makes one for each cell."""
        return Stopwatch(self._used, seconds, self._budgets.wall_factor)

    def _used(self, age: float) -> Used:
        return self.sandbox.used(age) if self.sandbox else Used()

    def was_interrupted(self, cell: NotebookNode, said: str) -> NotebookNode:
        """Called by `Execute` when a cell has used up its time and is about to be interrupted.

        `said` is the stopwatch's. What comes back is the output that tells the student.
        """
        self._interrupted, self._said = cell, f"This cell was stopped: it {said}."
        return error_output("CellTimeoutError", self._said)

    def stopped(self, cell: NotebookNode, error: Exception) -> NotebookNode:
        """The output of a cell that did not come back; counts what stopped it."""
        manager, late = self.sandbox, isinstance(error, CellTimeoutError)
        if (
            late
            and manager is not None
            and isinstance(self._nbclient.kc, SandboxClient)
            and run_sync(self._nbclient.kc.lost_output)()
        ):
            manager.end(Stop.OUTPUT)
        why = self._why_it_ended()
        self._mark(cell, CELL if late and not why else self._what_ended_it())
        if isinstance(error, DeadKernelError) or why:
            return error_output("DeadKernelError", ended("This cell", why))
        if late:
            own = self._said if self._interrupted is cell else SILENT
            return error_output("CellTimeoutError", own)
        self._nbclient.log.warning("A kernel sent something unreadable", exc_info=error)
        return error_output("DeadKernelError", "What this cell sent back could not be read.")

    def _mark(self, cell: NotebookNode, stop: str) -> None:
        self.stops[stop] += 1
        cell.metadata[STOP] = stop

    # Questions ------------------------------------------------------------------------------

    def begin_test(self) -> None:
        """Start on a test cell, with all its time."""
        self._test = self.watch(self._budgets.test)
        self._asked: set[str] = set()
        self._out_of_time = False

    def ask(self, part: str, request: str) -> object:
        """See `checks.context.Connection.ask`."""
        if part in self._refused:
            said, stop = self._refused[part]
            raise StudentFault(said, stop=stop)
        if late := self._test.late():
            raise self._no_time_left(late)
        if '"stubs"' in request:
            self._prepare(part, wire.loads(request))
        call = self.watch(self._budgets.call)
        if request in self._asked:  # only to see whether the answer is the same
            answer = self._test.leave_out(lambda: self._put(part, request, {CALL: call}))
        else:
            self._asked.add(request)
            answer = self._put(part, request, {CALL: call, TEST: self._test})
        self.seconds = call.computed()
        return answer

    def _prepare(self, part: str, message: dict[str, Any]) -> None:
        """Have the cells that a part needs run again with the stubs of an exercise, if it has any.

        They have the time of a cell for it, and no call has to wait for them.
        """
        stubs = message.get("stubs")
        key = message["name"], wire.dumps(stubs or {})
        if stubs and key not in self._prepared:
            asked = {"prepare": True, **{k: message[k] for k in ("name", "stubs", "limits")}}
            doing = f"Running the cells of {part} again"
            limits = {CELL: self.watch(self._budgets.cell)}
            self._test.leave_out(lambda: self._put(part, wire.dumps(asked), limits, doing))
            self._prepared.add(key)

    def _put(
        self, part: str, request: str, limits: Mapping[str, Stopwatch], doing: str = ""
    ) -> object:
        """Put a question for which these limits hold, by the names of their settings.

        `doing` is what a message calls it, if not by the name of the part.
        """
        for watch in limits.values():
            watch.start()
        try:
            reply = self._connection.ask(request, limits)
        finally:
            for watch in limits.values():
                watch.stop()
        if reply.message is not None and reply.late is None:
            return reply.text()
        fault = self._what_stopped(doing or part, reply, limits)
        if fault.stop != TEST:  # the part may be none the slower for that
            self.stops[fault.stop] += 1
            self._refused[part] = str(fault), fault.stop
            self._raising[wire.loads(request)["name"]] = str(fault)
        if reply.message is None:
            self._test.leave_out(self._replace)
        else:
            self._connection.give_up(self._raising)
            self._prepared.clear()  # the copies of the notebook are made anew
        raise fault

    def _what_stopped(
        self, part: str, reply: Reply, limits: Mapping[str, Stopwatch]
    ) -> StudentFault:
        """Why there is no answer, and which limit it was."""
        if reply.message is None and not self._connection.is_alive():
            return StudentFault(ended(part, self._why_it_ended()), stop=self._what_ended_it())
        assert reply.late is not None
        name, late = reply.late
        if name == TEST:
            return self._no_time_left(late)
        said = limits[name].said(late)
        if late is Late.COMPUTED:
            return StudentFault(f"{part} was stopped: it {said}.", stop=name)
        return StudentFault(f"{part} {said} and was stopped.", stop=name)

    def _no_time_left(self, late: Late) -> StudentFault:
        if not self._out_of_time:
            self.stops[TEST] += 1
        self._out_of_time = True
        said = self._test.said(late)
        return StudentFault(f"The calls of this exercise {said} in all.", stop=TEST)

    @property
    def _connection(self) -> KernelConnection:
        manager, client = self._nbclient.km, self._nbclient.kc
        return KernelConnection(
            cast(AsyncKernelManager, manager), cast(AsyncKernelClient, client), self.watch
        )

    # One kernel after another ---------------------------------------------------------------

    def _why_it_ended(self) -> str:
        """Which limit ended the kernel, in words that follow "it"; "" if it ended by itself."""
        return self.sandbox.why_it_ended() if self.sandbox else ""

    @property
    def ended_from_outside(self) -> bool:
        """Whether something else than the submission ended the kernel: then nothing is graded."""
        return self._what_ended_it() == Stop.FORKSERVER

    def _what_ended_it(self) -> str:
        """Which limit of the sandbox's ended the kernel, or `ENDED`."""
        return (self.sandbox.stop if self.sandbox else None) or ENDED

    def _replace(self) -> None:
        """Start another kernel and run again what has run well.

        A cell that stops the kernel only now is left out as well: there are fewer cells in each
        round, so this ends.
        """
        self._replacements += 1
        while not self._is_over():
            try:
                self._restart()
            except ForkServerError:
                self.given_up = LOST
                return
            except RuntimeError:
                if (stop := self._what_ended_it()) not in OF_ALL:
                    raise
                self.given_up = NO_TIME  # what was left did not do to start it
                self.stops[stop] += 1
                self._nbclient.create_kernel_manager()  # for nbclient to clean up at the end
                return
            if self._ran_again():
                if self._raising:
                    self._connection.give_up(self._raising)
                return

    def _is_over(self) -> bool:
        """Whether there may be no further kernel; from then on `given_up` says why."""
        stop = self._what_ended_it()
        if self.ended_from_outside:
            self.given_up = LOST
        elif stop in OF_ALL:
            self.given_up = NO_TIME
        elif self._replacements > self._budgets.replacements:
            self.given_up = TOO_OFTEN
            self.stops[REPLACEMENTS] += 1
        return bool(self.given_up)

    def _ran_again(self) -> bool:
        """Run again what has run well; whether all of it came back. What does not is left out."""
        for position, cell in enumerate(self._ran_well):
            try:
                self._run_apart(copy.deepcopy(cell))
            except Exception:
                del self._ran_well[position]
                return False
        return True

    def _run_apart(self, cell: NotebookNode) -> None:
        """Run a copy of a cell without touching the notebook's own."""
        client = self._nbclient
        notebook, client.nb = client.nb, NotebookNode(cells=[cell], metadata={})
        displays, client._display_id_map = client._display_id_map, {}
        try:
            client.execute_cell(cell, 0, store_history=True)
        finally:
            client.nb, client._display_id_map = notebook, displays

    def _restart(self) -> None:
        self._prepared.clear()
        run_sync(self._kill)()
        self._nbclient.create_kernel_manager()
        self._nbclient.start_new_kernel()
        self._nbclient.start_new_kernel_client()

    async def _kill(self) -> None:
        manager, client = self._nbclient.km, self._nbclient.kc
        assert manager is not None
        if client is not None:
            client.stop_channels()
        if await ensure_async(manager.is_alive()):
            await ensure_async(manager.shutdown_kernel(now=True))
        if isinstance(manager, SandboxManager):
            self._cpu += manager.cpu
        await ensure_async(manager.cleanup_resources())
        self._nbclient.kc = None


def ended(what: str, why: str) -> str:
    """The sentence about something that ended the kernel."""
    if why:
        return f"{what} was stopped: it {why}."
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
