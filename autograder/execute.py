"""nbgrader's Execute and SaveAutoGrades with a judge in them.

TRUSTED SIDE. Student cells run in the student's kernel, test cells that use this package in the
judge, and any other test cell as nbgrader always ran it.
"""

from __future__ import annotations

import asyncio
import copy
import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.manager import AsyncKernelManager
from jupyter_core.utils import ensure_async, run_sync
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_output
from nbgrader.api import Gradebook
from nbgrader.preprocessors import Execute as NbgraderExecute
from nbgrader.preprocessors import SaveAutoGrades as NbgraderSaveAutoGrades
from nbgrader.utils import is_grade, is_solution
from traitlets import Float, Integer, default

from autograder.intake import DAMAGED
from autograder.judge import grade_cell, not_run, seed_for, uses_kit
from autograder.kernel import KernelConnection, ended
from autograder.reference import Solutions
from autograder.render import mimebundle
from autograder.result import MIMETYPE, CheckResult, Outcome, Report
from autograder.sandbox.cache import compiled, keep_own_code, writing_compiled_code
from autograder.sandbox.forkserver import LOST, ForkServerError
from autograder.sandbox.manager import SandboxClient, SandboxManager
from autograder.sandbox.settings import Isolation, Spent, Stop
from autograder.wire import Limits

Resources = dict[str, Any]

POLL = 0.05  # seconds between looks at whether a kernel still lives
LAST_WORDS = 0.05  # seconds in which what a dead kernel said may still arrive
STOPS = "nbgrader_jax_stops"  # notebook metadata: how often which budget stopped something
ENDED = "ended"  # stands for a budget where a kernel ended by itself
TOO_OFTEN = "This was not run: cells or functions before it had ended the kernel too often."
NO_TIME = "This was not run: the cells before it had used up the time of the whole submission."
EVERYDAY = "import autograder.sandbox.everyday\nautograder.sandbox.everyday.{}()"
NOT_EXECUTED = "Grading ran without executing the notebook (Execute.enabled is False)."


class Execute(NbgraderExecute):  # type: ignore[misc]
    """Executes a submission; every trait of nbgrader's own Execute works as before."""

    call_timeout = Float(
        10.0, help="Seconds that one call of a student's function may take during a check."
    ).tag(config=True)
    judge_timeout = Float(
        120.0, help="Seconds that all calls of one test cell may take together."
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

    nb: NotebookNode
    kc: Any
    _display_id_map: dict[str, Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("kernel_manager_class", SandboxManager)
        super().__init__(*args, **kwargs)

    @default("shutdown_kernel")
    def _shutdown_kernel_default(self) -> str:
        return "immediate"

    def __call__(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        """Called by the exporter. Switched off, no test cell may look like one that passed."""
        if self.enabled:
            return super().__call__(nb, resources)
        nb = copy.deepcopy(nb)
        for cell in filter(is_test_cell, nb.cells):
            if uses_kit(cell.source):
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
        self.begin_submission(resources.get("nbgrader", {}))
        nb.metadata.pop(STOPS, None)
        keep_own_code()
        self._compiled = self._compiled_code()
        self._started = time.monotonic()  # once more: compiling is not the student's time
        try:
            nb, resources = super().preprocess(nb, resources, km)
        finally:
            if self._given_up == LOST:
                raise ForkServerError(LOST)
        for cell, report in self._reports:  # later cells may update what earlier ones displayed
            show(cell, report)
        if self._stops:
            nb.metadata[STOPS] = dict(self._stops)
        return nb, resources

    def begin_submission(self, identity: dict[str, Any]) -> None:
        """Forget the last one. `identity` is nbgrader's: assignment, student, notebook."""
        self._solutions: Solutions | None = None
        self._identity = identity
        self._done: list[NotebookNode] = []
        self._reports: list[tuple[NotebookNode, Report]] = []
        self._replacements = 0
        self._given_up = ""
        self._started = time.monotonic()
        self._cpu = 0.0
        self._stops: Counter[str] = Counter()
        self._connection: KernelConnection | None = None

    def preprocess_cell(
        self, cell: NotebookNode, resources: Resources, index: int
    ) -> tuple[NotebookNode, Resources]:
        """Run one cell where it belongs."""
        if cell.cell_type != "code":
            return cell, resources
        if is_test_cell(cell) and uses_kit(cell.source):
            report = self._judge(cell)
            self._reports.append((cell, report))
            show(cell, report)
            return cell, resources
        if is_test_cell(cell):  # a test runs whatever tags the submission gave it
            cell.metadata.pop("tags", None)
        self._run_in_kernel(cell, index)
        return cell, resources

    def _run_in_kernel(self, cell: NotebookNode, index: int) -> None:
        if self._given_up:
            cell.outputs = [error_output("DeadKernelError", self._given_up)]
            return
        try:
            self.execute_cell(cell, index, store_history=True)
        except Exception as stop:  # whatever a kernel sends, grading goes on
            tidy(cell)
            cell.outputs.append(self._stopped(stop))
            self.replace()
        else:
            if any(
                output.output_type == "error" and output.ename == "CellTimeoutError"
                for output in cell.outputs
            ):
                self.note("timeout")
            else:
                self._done.append(cell)
        tidy(cell)

    def _stopped(self, stop: Exception) -> NotebookNode:
        """The error that a student sees on a cell that did not come back."""
        if (
            isinstance(stop, CellTimeoutError)
            and isinstance(self.kc, SandboxClient)
            and run_sync(self.kc.lost_output)()
        ):
            self.km.end(Stop.OUTPUT)
        why = self.why_it_ended()
        self.note("timeout" if isinstance(stop, CellTimeoutError) and not why else "")
        if isinstance(stop, DeadKernelError) or why:
            return error_output("DeadKernelError", ended("This cell", why))
        if isinstance(stop, CellTimeoutError):
            seconds = f"it ran for more than {self.timeout:g} s"
            return error_output("CellTimeoutError", f"This cell was stopped: {seconds}.")
        self.log.warning("A kernel sent something unreadable", exc_info=stop)
        return error_output("DeadKernelError", "What this cell sent back could not be read.")

    def _judge(self, cell: NotebookNode) -> Report:
        if self._given_up:
            check = CheckResult("the test is run", Outcome.FAILED, rationale=self._given_up)
            return Report(grade_id(cell), (check,), points(cell), isolation=self._isolation())
        notebook = self._source_notebook()
        if self._solutions is None:
            self._solutions = Solutions(notebook)
        if self._connection is None:
            limits = Limits(self.max_answer_bytes, self.max_answer_depth, self.max_answer_items)
            self._connection = KernelConnection(self, limits, self.call_timeout, self.judge_timeout)
        self._connection.begin_cell()
        return grade_cell(
            cell.source,
            grade_id(cell),
            points(cell),
            connection=self._connection,
            solution=self._solutions,
            directory=notebook.parent,
            seed=self._seed(),
            isolation=self._isolation(),
        )

    def _seed(self) -> int:
        return seed_for(self._identity.get("assignment", ""), self._identity.get("student", ""))

    def _isolation(self) -> Isolation:
        return self.km.isolation if isinstance(self.km, SandboxManager) else Isolation.NONE

    def _source_notebook(self) -> Path:
        """The instructor's notebook of the one being graded."""
        course = self._coursedir
        directory = course.format_path(course.source_directory, ".", self._identity["assignment"])
        return Path(directory) / f"{self._identity['notebook']}.ipynb"

    # How kernels start ------------------------------------------------------------------------

    def create_kernel_manager(self) -> Any:
        """Called by nbclient for each kernel."""
        manager = super().create_kernel_manager()
        if isinstance(manager, SandboxManager):
            manager.hidden = str(self._coursedir.root) if self._coursedir else ""
            manager.cache = str(self._compiled or "")
            manager.seed = self._seed()
            manager.spent = Spent(self._cpu, time.monotonic() - self._started)
            self.log.info("Isolation of student code: %s", manager.isolation)
        return manager

    def _compiled_code(self) -> Path | None:
        """The folder of JAX code compiled from the instructor's notebook, made if need be."""
        if self.kernel_manager_class is not SandboxManager or not self._identity:
            return None
        notebook = self._source_notebook()
        if not notebook.exists() or "jax" not in notebook.read_text(encoding="utf-8"):
            return None
        try:
            return compiled(notebook, self._compile_into)
        except Exception:
            self.log.warning("Going on without compiled code", exc_info=True)
            return None

    def _compile_into(self, folder: Path) -> None:
        """Grade the instructor's own notebook in an ordinary kernel that keeps what it compiles.

        Two cells around it add what students are likely to write in its place.
        """
        self.log.info("Compiling the instructor's notebook, once for the whole class")
        notebook = self._source_notebook()
        execute = Execute(parent=self.parent, kernel_manager_class=AsyncKernelManager)
        resources = {"metadata": {"path": str(notebook.parent)}, "nbgrader": self._identity}
        executed = nbformat.read(notebook, as_version=4)
        executed.cells.insert(0, new_code_cell(EVERYDAY.format("watch")))
        executed.cells.append(new_code_cell(EVERYDAY.format("compile_everyday_code")))
        with writing_compiled_code(folder):
            execute.preprocess(executed, resources)

    @property
    def _coursedir(self) -> Any:
        """nbgrader's course directory; None where this is not part of one of its programs."""
        return getattr(getattr(self.parent, "parent", None), "coursedir", None)

    async def _async_poll_kernel_alive(self) -> None:
        """Called by nbclient beside each cell; its own looks once a second."""
        while await self.is_alive():
            await asyncio.sleep(POLL)
        await asyncio.sleep(LAST_WORDS)
        if self.task_poll_for_reply is not None:
            self.task_poll_for_reply.cancel()

    # What a KernelConnection needs -------------------------------------------------------------

    @property
    def client(self) -> Any:
        return self.kc

    async def is_alive(self) -> bool:
        return bool(await ensure_async(self.km.is_alive()))

    def why_it_ended(self) -> str:
        return self.km.why_it_ended() if isinstance(self.km, SandboxManager) else ""

    def note(self, stop: str) -> None:
        """Count what stopped something; "" for whatever ended the kernel."""
        if not stop:
            stop = self._stop or ENDED
        self._stops[stop] += 1

    @property
    def _stop(self) -> str | None:
        """Which limit of the sandbox's ended the kernel, if one did."""
        return self.km.stop if isinstance(self.km, SandboxManager) else None

    async def interrupt(self) -> None:
        await ensure_async(self.km.interrupt_kernel())

    def replace(self) -> None:
        """Start another kernel and run again what has run well, until a cell fails to come back.

        A cell that stops the kernel only now is left out as well: there are fewer cells in each
        round, so this ends.
        """
        self._replacements += 1
        while not self._is_over():
            try:
                self._restart()
            except ForkServerError:
                self._given_up = LOST
                return
            for position, cell in enumerate(self._done):
                again = copy.deepcopy(cell)
                try:
                    self._execute_apart(again)
                except Exception:
                    del self._done[position]
                    break
            else:
                if self._connection is not None:
                    self._connection.stand_in()
                return

    def _is_over(self) -> bool:
        """Whether there may be no further kernel; from then on `_given_up` says why."""
        if self._given_up:
            return True
        if self._stop == Stop.FORKSERVER:
            self._given_up = LOST
        elif self._stop in (Stop.CPU, Stop.WALL):
            self._given_up = NO_TIME
        elif self._replacements > self.max_replacements:
            self._given_up = TOO_OFTEN
            self.note("max_replacements")
        return bool(self._given_up)

    def _execute_apart(self, cell: NotebookNode) -> None:
        """Execute a copy of a cell without touching the notebook's own."""
        notebook, self.nb = self.nb, NotebookNode(cells=[cell], metadata={})
        displays, self._display_id_map = self._display_id_map, {}
        try:
            self.execute_cell(cell, 0, store_history=True)
        finally:
            self.nb, self._display_id_map = notebook, displays

    def _restart(self) -> None:
        run_sync(self._kill)()
        self.create_kernel_manager()
        self.start_new_kernel()
        self.start_new_kernel_client()

    async def _kill(self) -> None:
        manager, client = self.km, self.kc
        if client is not None:
            client.stop_channels()
        if await self.is_alive():
            await ensure_async(manager.shutdown_kernel(now=True))
        if isinstance(manager, SandboxManager):
            self._cpu += manager.cpu
        await ensure_async(manager.cleanup_resources())
        self.kc = None


class SaveAutoGrades(NbgraderSaveAutoGrades):  # type: ignore[misc]
    """Saves scores as nbgrader does, and asks for a person where one has to look.

    That is where a check of ours broke, and in a notebook that was damaged.
    """

    def preprocess(self, nb: NotebookNode, resources: Resources) -> tuple[NotebookNode, Resources]:
        self._damaged = DAMAGED in nb.metadata
        return super().preprocess(nb, resources)

    def _add_score(self, cell: NotebookNode, resources: Resources) -> None:
        super()._add_score(cell, resources)
        report = recorded(cell)
        if self._damaged or (report is not None and report.needs_review):
            gradebook: Gradebook = self.gradebook
            grade = gradebook.find_grade(
                grade_id(cell), self.notebook_id, self.assignment_id, self.student_id
            )
            grade.needs_manual_grade = True
            gradebook.db.commit()


def is_test_cell(cell: NotebookNode) -> bool:
    """An autograded cell: nbgrader's grade cells that hold code and are no answer."""
    return bool(cell.cell_type == "code" and is_grade(cell) and not is_solution(cell))


def grade_id(cell: NotebookNode) -> str:
    """nbgrader's name of a cell."""
    return str(cell.metadata["nbgrader"]["grade_id"])


def points(cell: NotebookNode) -> float:
    """What a cell is worth."""
    return float(cell.metadata["nbgrader"]["points"])


def show(cell: NotebookNode, report: Report) -> None:
    """Make a report the only output of a cell. nbgrader reads the score from it."""
    cell.outputs = [new_output("execute_result", mimebundle(report), execution_count=1)]
    cell.execution_count = 1


def recorded(cell: NotebookNode) -> Report | None:
    """The report that the judge left in an autograded test cell, if it did."""
    if not (is_test_cell(cell) and uses_kit(cell.source)):
        return None
    for output in cell.outputs:
        if MIMETYPE in output.get("data", {}):
            return Report.from_json(output["data"][MIMETYPE])
    return None


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
