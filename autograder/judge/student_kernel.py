"""The kernel in which a student's code runs, and what to do when it is lost. TRUSTED SIDE."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from typing import Any, cast

from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.manager import AsyncKernelManager
from jupyter_core.utils import run_sync
from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from autograder.checks.faults import StudentFault
from autograder.judge.budgets import (
    CALL,
    CELL,
    ENDED,
    IDLE,
    MOST_PATIENCE,
    OF_ALL,
    PATIENCE,
    REPLACEMENTS,
    SEARCH,
    TEST,
    Budgets,
)  # fmt: skip
from autograder.judge.cells import STOP
from autograder.judge.connection import KernelConnection, Reply
from autograder.judge.kernels import Kernels
from autograder.judge.outputs import NO_TIME, SILENT, TOO_OFTEN, ended, error_output, tidy
from autograder.judge.stopwatch import Late, Stopwatch
from autograder.remote import wire
from autograder.remote.wire import Limits
from autograder.sandbox.grader.forkserver import LOST, ForkServerError
from autograder.sandbox.grader.manager import SandboxClient, SandboxManager, left_running
from autograder.sandbox.settings import Spent, Stop, Used


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
        self._left = False  # whether what ran last has left something running
        self._patience = MOST_PATIENCE
        self._suspects: list[NotebookNode] = []  # cells whose leavings were not waited for longer
        self._suspect_parts: dict[str, str] = {}  # the same, and what the notebook calls them
        self._prepared: set[tuple[str, str]] = set()  # names of parts, and stubs they have seen
        self._kernels = Kernels(nbclient)
        self._started = time.monotonic()
        self.begin_test()

    @property
    def spent(self) -> Spent:
        """What the kernels that have ended used of the submission's time."""
        return Spent(self._kernels.cpu, time.monotonic() - self._started)

    # Cells ----------------------------------------------------------------------------------

    def run(self, cell: NotebookNode, index: int) -> None:
        """Run a cell of the notebook; its outputs say how that went. Never raises for it."""
        self._prepared.clear()
        if self.given_up:
            cell.outputs = [error_output("DeadKernelError", self.given_up)]
            return
        self._left = False
        try:
            self._nbclient.execute_cell(cell, index, store_history=True)
            self._see_out(cell, PATIENCE)
        except Exception as error:  # whatever a kernel sends, grading goes on
            tidy(cell)
            cell.outputs.append(self.stopped(cell, error))
            if self._replace() and cell.metadata[STOP] != CELL and not self.given_up:
                self._acquit(cell)
                self.run(cell, index)
        else:
            if self._interrupted is cell:
                self._mark(cell, CELL)
            else:
                self._ran_well.append(cell)
        tidy(cell)

    def heard(self, reply: Any) -> Any:
        """Called by `Execute` with the reply to each cell, which it gives back as it is."""
        self._left = left_running(reply)
        return reply

    def _see_out(self, cell: NotebookNode, seconds: float) -> None:
        """Wait for what a cell has left running. What goes on for longer is kept in mind.

        Raises
        ------
        DeadKernelError
            If it ends the kernel.
        """
        if self._left and not self._outlasts(seconds):
            raise DeadKernelError(self._why_it_ended())
        if self._left and self._interrupted is not cell:
            self._suspects.append(cell)

    def _outlasts(self, seconds: float) -> bool:
        """Whether the kernel outlasts what is left running in it, as far as that can be waited for.

        `_left` is False afterwards if all of it has come to its end.
        """
        began, seconds = time.monotonic(), min(seconds, self._patience)
        alive, self._left = self._connection.outlast(seconds)
        self._patience -= time.monotonic() - began
        return alive

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
            said = ended("This cell", why, later=self._left)
            return error_output("DeadKernelError", said)
        if late:
            own = self._said if self._interrupted is cell else SILENT
            return error_output("CellTimeoutError", own)
        self._nbclient.log.warning("A kernel sent something unreadable", exc_info=error)
        return error_output("DeadKernelError", "What this cell sent back could not be read.")

    def _mark(self, cell: NotebookNode, stop: str) -> None:
        self.stops[stop] += 1
        cell.metadata[STOP] = stop

    def _acquit(self, cell: NotebookNode) -> None:
        self.stops.subtract([cell.metadata.pop(STOP)])
        self.stops = +self.stops

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
        self._left = False
        if reply.message is not None and reply.late is None:
            if self._test.leave_out(lambda: self._is_seen_out(part, request, reply)):
                return reply.text()
            reply = Reply(None)
        fault = self._what_stopped(doing or part, reply, limits)
        if reply.message is None and self._test.leave_out(self._replace) and reply.late is None:
            anew = {n: w if n == TEST else self.watch(w.seconds) for n, w in limits.items()}
            return self._put(part, request, anew, doing)
        self._prepared.clear()  # the copies of the notebook are made anew
        if fault.stop != TEST:  # the part may be none the slower for that
            self._give_up(part, wire.loads(request)["name"], fault)
        if not self.given_up:
            self._connection.give_up(self._raising)
        raise fault

    def _is_seen_out(self, part: str, request: str, reply: Reply) -> bool:
        """Whether the kernel outlasts what a call has left running; see `_see_out`."""
        self._left = left_running(reply.message or {}) and part not in self._suspect_parts
        if self._left and not self._outlasts(PATIENCE):
            return False
        if self._left:
            self._suspect_parts[part] = wire.loads(request)["name"]
        return True

    def _give_up(self, part: str, name: str, fault: StudentFault) -> None:
        """Ask a part no more; `name` is what the notebook calls it."""
        self.stops[fault.stop] += 1
        self._refused[part] = str(fault), fault.stop
        self._raising[name] = str(fault)

    def _what_stopped(
        self, part: str, reply: Reply, limits: Mapping[str, Stopwatch]
    ) -> StudentFault:
        """Why there is no answer, and which limit it was."""
        if reply.message is None and not self._connection.is_alive():
            said = ended(part, self._why_it_ended(), later=self._left)
            return StudentFault(said, stop=self._what_ended_it())
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

    def _replace(self) -> bool:
        """Start another kernel and run again what has run well.

        A cell that stops the kernel only now, or by what it leaves running, is left out as well,
        and its outputs say so: there are fewer cells in each round, so this ends.

        Whether something else may have ended the kernel than what ran last: then that deserves
        another try.
        """
        self._replacements += 1
        others = self._convict_parts() or bool(self._suspects)
        slowly, idle = 0.0, 0.0 if self._is_over() or self._connection.is_alive() else IDLE
        while not self.given_up and not self._is_over():
            try:
                self._prepared.clear()
                self._kernels.restart()
            except ForkServerError:
                self.given_up = LOST
                break
            except RuntimeError:
                if (stop := self._what_ended_it()) not in OF_ALL:
                    raise
                self.given_up = NO_TIME  # what was left did not do to start it
                self.stops[stop] += 1
                self._nbclient.create_kernel_manager()  # for nbclient to clean up at the end
                break
            if not self._ran_again(slowly):
                slowly, others = 0.0, True
            elif slowly or self._connection.lasts(idle):
                if self._raising:
                    self._connection.give_up(self._raising)
                self._suspects = []
                return others
            else:  # one of them ends it later, by what no reply tells of, or the time is over
                self.stops += Counter({self._what_ended_it()}.intersection(OF_ALL))
                slowly, others = idle, True
        return False

    def _convict_parts(self) -> bool:
        """Ask no more of functions whose calls have left something running, if there are any."""
        stop = self._what_ended_it()
        for part, name in self._suspect_parts.items():
            said = ended(part, self._why_it_ended(), later=True)
            self._give_up(part, name, StudentFault(said, stop=stop))
        convicted, self._suspect_parts = bool(self._suspect_parts), {}
        return convicted

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

    def _ran_again(self, idle: float) -> bool:
        """Run again what has run well, with so many idle seconds after each cell.

        Whether all of it came back. What does not is left out.
        """
        for cell in self._ran_well:
            self._left = came_back = False
            try:
                self._kernels.run_apart(cell)
                came_back, suspected = True, any(cell is each for each in self._suspects)
                if self._left and not self._outlasts(SEARCH if suspected else PATIENCE):
                    raise DeadKernelError(self._why_it_ended())
                self._kernels.run_apart(new_code_cell("pass"))
                if not self._connection.lasts(idle):
                    raise DeadKernelError(self._why_it_ended())
            except Exception as error:
                self._left = came_back
                self._ran_well = [each for each in self._ran_well if each is not cell]
                cell.outputs.append(self.stopped(cell, error))
                return False
        return True
