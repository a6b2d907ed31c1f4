"""Grades one submission in a course of its own. TRUSTED SIDE, in a worker process.

A worker sees neither the course directory nor the gradebook. From what travelled it makes a small
course in a temporary directory, with a gradebook in its own memory (out of the reach of student
code), and runs nbgrader's own Autograde there, so that all of nbgrader_config.py holds.
"""

from __future__ import annotations

import contextlib
import copy
import gc
import glob
import hashlib
import json
import logging
import os
import pickle
import sys
import tempfile
import threading
import time
import warnings
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cloudpickle
from nbgrader.api import SubmittedAssignment
from nbgrader.converters import Autograde, BaseConverter
from nbgrader.coursedir import CourseDirectory
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session
from traitlets.config import Config

from autograder.grading.files import Files, read_files, write_files
from autograder.grading.memory import memory_gradebook
from autograder.grading.rows import Rows, difference, submission_rows
from autograder.judge.cells import STOPS
from autograder.judge.course_kernels import kernel_in
from autograder.sandbox.grader.forkserver import ForkServer, ForkServerError, server_for
from autograder.sandbox.settings import Sandbox

STEPS = {f"{step}_directory": step for step in ("source", "submitted", "autograded")}
STRUCTURE = str(Path("{nbgrader_step}", "{student_id}", "{assignment_id}"))


@dataclass(frozen=True)
class Setup:
    """What all submissions of an assignment share; travels once to each worker."""

    assignment: str
    config: Config
    source: Files
    rows: Rows

    def packed(self) -> Packed:
        """This, ready to travel, with functions that nbgrader_config.py defines."""
        config = copy.deepcopy(self.config)
        for secret in ("db_url", "root"):
            config.CourseDirectory.pop(secret, None)
        data = cloudpickle.dumps(Setup(self.assignment, config, self.source, self.rows))
        return Packed(hashlib.sha256(data).hexdigest(), data)


@dataclass(frozen=True)
class Packed:
    """A setup as bytes, and the key by which jobs ask for it."""

    key: str
    data: bytes

    def unpacked(self) -> Setup:
        """The setup; raises what unpickling does."""
        setup: Setup = pickle.loads(self.data)  # noqa: S301 - the coordinator's own
        return setup


@dataclass(frozen=True)
class Job:
    """One submission: its files, and what the gradebook holds of it already."""

    setup: str
    student: str
    files: Files
    rows: Rows


@dataclass(frozen=True)
class Graded:
    """What came of a submission: all that has to be written, and what to tell meanwhile."""

    student: str
    files: Files
    added: Rows
    changed: Rows
    score: float
    max_score: float
    seconds: float
    stops: Counter[str] = field(default_factory=Counter)
    log: str = ""


@dataclass(frozen=True)
class Failed:
    """A submission that could not be graded, and why."""

    student: str
    reason: str
    log: str = ""
    again: bool = False
    """Whether another attempt may go well: it was not the submission that failed."""


_installed: dict[str, Packed | Setup] = {}
# nbgrader changes the working directory, which belongs to a process: one submission at a time.
_one_at_a_time = threading.Lock()


def install(packed: Packed) -> None:
    """Give this process a setup. Called once in each worker, before any job.

    It only keeps the bytes: what cannot be unpacked is to fail a submission, not the worker.
    """
    _installed[packed.key] = packed


def prepare() -> None:
    """Make this process a good worker: called once in each that does nothing else."""
    warnings.filterwarnings("ignore", "Object of type <.*> not in session")  # nbgrader's, harmless
    gc.freeze()  # what is there stays, and need not be looked through again and again


def start_fork_servers(packed: Packed) -> list[ForkServer]:
    """Start the sandbox's fork servers before the first submission needs them.

    There is one for each Python that the assignment's notebooks name. Called by the pool, which
    lends them to all its workers, and by a cluster's worker when it joins. A failure is left to the
    first submission, which tries again and tells why.
    """
    started: dict[int, ForkServer] = {}
    with contextlib.suppress(Exception):
        setup = packed.unpacked()
        sandbox = Sandbox(config=setup.config)
        for name, content in setup.source.items():
            if name.endswith(".ipynb") and Path(name).name == name:
                kernel = kernel_in(name, content, setup.config)
                server = server_for(sandbox, [], kernel.spec()) if kernel.is_python else None
                if server is not None:
                    started[id(server)] = server
    return list(started.values())


def uninstall(key: str) -> None:
    """Forget a setup. Called by workers that outlive a run."""
    _installed.pop(key, None)


def _setup(key: str) -> Setup:
    found = _installed[key]
    if isinstance(found, Packed):  # not before it is needed: an error belongs to a submission
        _installed[key] = found = found.unpacked()
    return found


def grade_submission(job: Job) -> Graded | Failed:
    """Grade one submission: what the pool and the cluster run in their workers for each job.

    Never raises for what the submission holds or does; that comes back as a `Failed`.
    """
    with _one_at_a_time:
        started = time.perf_counter()
        with Journal() as journal:
            try:
                graded = _grade(_setup(job.setup), job)
            except (Exception, SystemExit) as error:
                cause = journal.cause_of(error)
                reason = f"{type(cause).__name__}: {cause}"
                again = isinstance(cause, ForkServerError)
                return Failed(job.student, reason, journal.text, again)
        seconds = time.perf_counter() - started
        return Graded(job.student, **graded, seconds=seconds, log=journal.text)


def _grade(setup: Setup, job: Job) -> dict[str, Any]:
    """The fields of a `Graded` that follow from the submission."""
    with (
        tempfile.TemporaryDirectory(prefix="autograder-", ignore_cleanup_errors=True) as temporary,
        memory_gradebook(setup.rows, job.rows) as gradebook,
    ):
        root = Path(temporary).resolve()
        write_files(root / "source" / setup.assignment, setup.source)
        write_files(root / "submitted" / job.student / setup.assignment, job.files)
        autograde(setup, root, gradebook)
        done = root / "autograded" / job.student / setup.assignment
        files = read_files(done, [path for path in done.rglob("*") if path.is_file()])
        with gradebook.connect() as connection:
            after = submission_rows(connection, setup.assignment, job.student)
        added, changed = difference(job.rows, after)
        with Session(gradebook) as session:
            submission = session.scalars(select(SubmittedAssignment)).one()
            score, max_score = submission.score, submission.max_score
    return {
        "files": files,
        "added": added,
        "changed": changed,
        "score": score,
        "max_score": max_score,
        "stops": stops(files, [row["name"] for row in setup.rows["notebook"]]),
    }


def autograde(setup: Setup, root: Path, gradebook: Engine) -> None:
    """Run nbgrader's Autograde on the only submission under `root`."""
    course = CourseDirectory(
        config=setup.config,
        root=str(root),
        db_url=gradebook.url.render_as_string(hide_password=False),
        assignment_id=setup.assignment,
        student_id="*",
        student_id_exclude="",
        directory_structure=STRUCTURE,
        log=Journal.logger,
        **STEPS,
    )
    Converter(coursedir=course, config=setup.config, log=Journal.logger).start()


class ByName(BaseConverter):  # type: ignore[misc]
    """A converter of nbgrader's, which also finds what lies in a folder named like a pattern.

    nbgrader looks into the folder of a student called `a[1]` with the pattern `a[1]/*.ipynb`,
    finds nothing, and leaves the student out; and everybody, in a course in `/courses/[2030]`.
    """

    def folders(self) -> list[str]:
        """The submissions that the flags select, whatever they are and hold."""
        course = self.coursedir
        pattern = course.directory_structure.format(
            nbgrader_step=glob.escape(self._input_directory),
            student_id=course.student_id,
            assignment_id=glob.escape(course.assignment_id),
        )
        found = glob.glob(pattern, root_dir=course.root)  # noqa: PTH207
        return sorted(os.path.join(course.root, folder) for folder in found)  # noqa: PTH118

    def init_notebooks(self) -> None:
        """Called first of all: which submissions there are, and their notebooks."""
        pattern = f"{self.coursedir.notebook_id}.ipynb"
        self.assignments = {
            folder: notebooks
            for folder in self.folders()
            if (notebooks := glob.glob(os.path.join(glob.escape(folder), pattern)))  # noqa: PTH118, PTH207
        }
        if not self.assignments:
            super().init_notebooks()  # says what may have been meant, and raises


class Converter(ByName, Autograde):  # type: ignore[misc]
    """nbgrader's Autograde, for names of any kind."""


def stops(files: Files, notebooks: Iterable[str]) -> Counter[str]:
    """How often which limit stopped something, in the notebooks that the assignment has."""
    found: Counter[str] = Counter()
    for name in notebooks:
        if (content := files.get(f"{name}.ipynb")) is not None:
            found.update(json.loads(content)["metadata"].get(STOPS, {}))
    return found


class Journal(logging.Handler):
    """What nbgrader logs about one submission, and the error behind its own.

    nbgrader catches what goes wrong with a submission, logs it as an error, and raises a general
    "Please see the above traceback" at the end. Python knows which error is being handled while it
    is logged; the last one is the reason that a person wants to read.
    """

    logger = logging.getLogger("autograder.worker")

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(logging.Formatter("[%(levelname)s] %(message)s"))
        self._lines: list[str] = []
        self._swallowed: BaseException | None = None
        self.logger.setLevel(logging.INFO)
        self.logger.propagate = False

    def __enter__(self) -> Journal:
        self.logger.addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        self.logger.removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno >= logging.ERROR:
            self._swallowed = sys.exc_info()[1] or self._swallowed
        self._lines.append(self.format(record))

    def cause_of(self, error: BaseException) -> BaseException:
        """The error that ended the grading, given the one that came out of nbgrader."""
        if self._swallowed is None:
            self.logger.error("Grading stopped", exc_info=error)
            return error
        return self._swallowed

    @property
    def text(self) -> str:
        return "\n".join(self._lines)
