"""nbgrader's Execute with a judge in it. TRUSTED SIDE.

Student cells run in the student's kernel, test cells that use this package in the judge, and any
other test cell in the kernel, as nbgrader always ran it.
"""

from __future__ import annotations

import asyncio
import contextlib
import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jupyter_core.utils import ensure_async, run_sync
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from nbgrader.preprocessors import Execute as NbgraderExecute
from traitlets import Float, Integer, default

from autograder.judge.budgets import Budgets
from autograder.judge.cells import NOT_RUN, STOPS, grade_id, is_judged, is_test_cell, points, show
from autograder.judge.compiling import compiled_code
from autograder.judge.connection import GRACE
from autograder.judge.course import course_of, source_notebook
from autograder.judge.course_kernels import (
    PYTHON,
    CourseKernel,
    kernel_of,
    not_confined,
    variables_of,
)
from autograder.judge.outputs import error_output
from autograder.judge.solutions import Solutions
from autograder.judge.stopwatch import WALL_FACTOR, Stopwatch
from autograder.judge.student_kernel import StudentKernel
from autograder.judge.testcell import grade_cell, not_run, seed_for, skipped
from autograder.judge.written import Written
from autograder.record.report import Report
from autograder.remote.wire import Limits
from autograder.sandbox.grader.cache import keep_own_code
from autograder.sandbox.grader.forkserver import BRING_PACKAGE, LOST, ForkServerError, server_for
from autograder.sandbox.grader.manager import READY, SandboxClient, SandboxManager
from autograder.sandbox.settings import Isolation, Sandbox, Stop

Resources = dict[str, Any]

POLL = 0.05  # seconds between looks at whether a kernel still lives
LOOK = 0.25  # seconds between looks at whether a cell has used up its time
LOST_OUTPUT = 2.0
"""Seconds after which zmq has closed the line for output because of what came over it, and not
because the kernel is about to be noticed to have ended."""
IOPUB = 60
"""Seconds that a cell's output may arrive after its end: an instant, unless the machine has much
other work."""
LAST_WORDS = 0.05  # seconds in which what a dead kernel said may still arrive
NOT_EXECUTED = "Grading ran without executing the notebook (Execute.enabled is False)."


class Execute(NbgraderExecute):  # type: ignore[misc]
    """Executes a submission; the traits of nbgrader's own Execute work as before.

    Except that `timeout` is of processor time, and that what a student reads then is the kit's.
    """

    call_timeout = Float(
        10.0,
        help="""Seconds of processor time that one call of a student's function may take during a
        check. `timeout` is counted in the same way.""",
    ).tag(config=True)
    judge_timeout = Float(
        120.0, help="Seconds of processor time that all calls of one test cell may take together."
    ).tag(config=True)
    wall_factor = Float(
        WALL_FACTOR,
        help="""How many times as long code may sleep, or wait, as it may compute by `timeout`,
        `call_timeout` and `judge_timeout`.""",
    ).tag(config=True)
    max_answer_bytes = Integer(64 << 20, help="Largest answer to one call, in bytes.").tag(
        config=True
    )
    max_answer_items = Integer(
        100_000, help="Most parts of one answer: entries of nested lists and dicts, and arrays."
    ).tag(config=True)
    max_answer_depth = Integer(16, help="Deepest nesting of one answer.").tag(config=True)

    max_replacements = Integer(
        10,
        help="How often a kernel that has ended may be replaced before the rest is not run.",
    ).tag(config=True)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("kernel_manager_class", SandboxManager)
        super().__init__(*args, **kwargs)

    @default("startup_timeout")
    def _startup_timeout_default(self) -> int:
        return int(READY)

    @default("iopub_timeout")
    def _iopub_timeout_default(self) -> int:
        return IOPUB

    @default("shutdown_kernel")
    def _shutdown_kernel_default(self) -> str:
        return "immediate"

    def __call__(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        """Called by the exporter. Switched off, no test cell may look like one that passed."""
        if self.enabled:
            return super().__call__(nb, resources)
        nb = copy.deepcopy(nb)
        for cell in filter(is_judged, nb.cells):
            show(cell, not_run(grade_id(cell), points(cell), NOT_EXECUTED))
        return nb, resources

    def preprocess(
        self, nb: NotebookNode, resources: Resources, km: Any = None
    ) -> tuple[NotebookNode, Resources]:
        """Execute all cells in order, in a kernel of their own.

        Raises
        ------
        ForkServerError
            If something else than the submission ended its kernel: there is nothing to grade.
        """
        nb.metadata.pop(STOPS, None)
        keep_own_code()
        self.begin_submission(resources.get("nbgrader", {}))
        if why := self._not_confined():
            resources[NOT_RUN] = why
            return without_running(nb, why), resources
        try:
            with self._variables():
                nb, resources = super().preprocess(nb, resources, km)
        except DeadKernelError as error:  # before the first cell: nbconvert looks at it, too
            if self.kernel.ended_from_outside:
                raise ForkServerError(LOST) from error
            raise
        finally:
            if self.kernel.given_up == LOST:
                raise ForkServerError(LOST)
        for cell, report in self._reports:  # later cells may update what earlier ones displayed
            show(cell, report)
        if self.kernel.stops:
            nb.metadata[STOPS] = dict(self.kernel.stops)
        return nb, resources

    def _instructors_kernel(self) -> CourseKernel | None:
        """The kernel that the instructor's notebook names; None where that is not there any more.

        Then it is the one that nbgrader has noted in the gradebook.
        """
        if not self._identity or not (notebook := self._source_notebook()).exists():
            return None
        return kernel_of(notebook, self.config)

    def _variables(self) -> contextlib.AbstractContextManager[None]:
        """Those of the kernelspec, for the solutions that the judge runs."""
        return contextlib.nullcontext() if self._kernel is None else variables_of(self._kernel)

    def _not_confined(self) -> str:
        """Why the notebook is not run: its language is one that cannot be confined; "" if it is."""
        kernel = self._kernel
        if kernel is None or kernel.is_python:
            return ""
        server = server_for(Sandbox(parent=self), [Path(self._course.root)])
        return "" if server is None else not_confined(kernel)

    def begin_submission(self, identity: dict[str, Any]) -> None:
        """Forget the last one. `identity` is nbgrader's: assignment, student, notebook."""
        self._identity = identity
        self._solutions: Solutions | None = None
        self._kernel = self._instructors_kernel()
        self._reports: list[tuple[NotebookNode, Report]] = []
        limits = Limits(self.max_answer_bytes, self.max_answer_depth, self.max_answer_items)
        budgets = Budgets(
            self.timeout,
            self.call_timeout,
            self.judge_timeout,
            self.max_replacements,
            self.wall_factor,
        )
        self.kernel = StudentKernel(self, limits, budgets)  # from here on, time is the student's

    def preprocess_cell(
        self, cell: NotebookNode, resources: Resources, index: int
    ) -> tuple[NotebookNode, Resources]:
        """Run one cell where it belongs."""
        if cell.cell_type != "code":
            return cell, resources
        if is_judged(cell):
            report = self._judge(cell, self.nb.cells[:index])
            self._reports.append((cell, report))
            show(cell, report)
            return cell, resources
        if is_test_cell(cell):  # a test runs whatever tags the submission gave it
            cell.metadata.pop("tags", None)
        self.kernel.run(cell, index)
        return cell, resources

    def _judge(self, cell: NotebookNode, before: Sequence[NotebookNode]) -> Report:
        name, worth, isolation = grade_id(cell), points(cell), self._isolation()
        if self.kernel.given_up:
            return skipped(name, worth, self.kernel.given_up, isolation)
        notebook = self._source_notebook()
        if self._solutions is None:
            self._solutions = Solutions(notebook)
        self.kernel.begin_test()
        return grade_cell(
            cell.source,
            name,
            worth,
            connection=self.kernel,
            solution=self._solutions,
            directory=notebook.parent,
            seed=self._seed(),
            isolation=isolation,
            written=Written(before, self._solutions).instead,
        )

    def _seed(self) -> int:
        return seed_for(self._identity.get("assignment", ""), self._identity.get("student", ""))

    def _isolation(self) -> Isolation:
        return self.km.isolation if isinstance(self.km, SandboxManager) else Isolation.NONE

    @property
    def _course(self) -> Any:
        return course_of(self.parent)

    def _source_notebook(self) -> Path:
        """The instructor's notebook of the one being graded."""
        return source_notebook(self._course, self._identity)

    # What nbclient calls ---------------------------------------------------------------------

    def create_kernel_manager(self) -> Any:
        """Called by nbclient, and by `StudentKernel`, for each kernel."""
        if self._kernel is not None:
            self.kernel_name = self._kernel.name
        manager = super().create_kernel_manager()
        if isinstance(manager, SandboxManager):
            manager.hidden = str(self._course.root) if self._course else ""
            if manager.isolation is not Isolation.NONE:  # an ordinary kernel reads none
                manager.cache = str(self._compiled_code() or "")
            manager.seed = self._seed()
            manager.spent = self.kernel.spent
            self.kernel.sandbox = manager
            self.log.info("Isolation of student code: %s", manager.isolation)
        return manager

    async def async_start_new_kernel_client(self) -> Any:
        """Called by nbclient once a kernel runs; an ordinary one lacks the kit, perhaps."""
        client = await super().async_start_new_kernel_client()
        if self._isolation() is Isolation.NONE and self.km.kernel_spec.language.lower() == PYTHON:
            client.execute(BRING_PACKAGE, silent=True, store_history=False)
        return client

    start_new_kernel_client = run_sync(async_start_new_kernel_client)

    async def _has_lost_output(self) -> bool:
        return isinstance(self.kc, SandboxClient) and await self.kc.lost_output()

    def _get_timeout(self, cell: NotebookNode | None) -> int | None:
        """Called for each cell; without one, for what a kernel says of itself when it starts."""
        timeout: int | None = super()._get_timeout(cell)
        return timeout if cell is not None else self.startup_timeout

    async def _async_poll_for_reply(
        self,
        msg_id: str,
        cell: NotebookNode,
        timeout: int | None,
        output: asyncio.Future[Any],
        alive: asyncio.Future[Any],
    ) -> Any:
        """Called for each cell; nbclient's own knows no time but the wall's, and is given none."""
        watch = self.kernel.watch(timeout).start()
        reply = asyncio.ensure_future(
            super()._async_poll_for_reply(msg_id, cell, None, output, alive)
        )
        try:
            if (said := await self._late(watch, reply)) is None:
                return self.kernel.heard(reply.result())
            error = self.kernel.was_interrupted(cell, said)
            await self._async_handle_timeout(timeout or 0, cell)
            if await self._late(self.kernel.watch(GRACE).start(), reply):
                raise CellTimeoutError.error_from_timeout_and_cell(said, timeout or 0, cell)
            reply.result()
            return {"content": {**error, "status": "error"}}
        finally:
            reply.cancel()
            alive.cancel()

    async def _late(self, watch: Stopwatch, reply: asyncio.Future[Any]) -> str | None:
        """Wait for the reply to a cell; None when it is there, or else why it is late."""
        while not (await asyncio.wait([reply], timeout=LOOK))[0]:
            if late := watch.late():
                return watch.said(late)
        return None

    async def _async_poll_kernel_alive(self) -> None:
        """Called beside each cell; nbclient's own looks once a second."""
        lost = 0.0
        while await ensure_async(self.km.is_alive()):
            await asyncio.sleep(POLL)
            lost = lost + POLL if await self._has_lost_output() else 0.0
            if lost > LOST_OUTPUT:
                self.km.end(Stop.OUTPUT)
        await asyncio.sleep(LAST_WORDS)
        if self.task_poll_for_reply is not None:
            self.task_poll_for_reply.cancel()

    # What is compiled beforehand ---------------------------------------------------------------

    def _compiled_code(self) -> Path | None:
        """The folder of JAX code that is compiled already, if there is one by now."""
        if not self._identity:
            return None
        notebook = self._source_notebook()
        if not notebook.exists() or "jax" not in notebook.read_text(encoding="utf-8"):
            return None
        try:
            return compiled_code(notebook, self.config)
        except Exception:
            self.log.warning("Going on without compiled code", exc_info=True)
            return None


def without_running(notebook: NotebookNode, why: str) -> NotebookNode:
    """A notebook of which nothing was run: no test cell may look like one that passed."""
    for cell in filter(is_test_cell, notebook.cells):
        cell.outputs = [error_output("NotRun", why)]
    return notebook
