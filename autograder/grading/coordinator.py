"""Which submissions there are, and their way to the workers and back. TRUSTED SIDE."""

from __future__ import annotations

import errno
import glob
import os
import re
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from dataclasses import dataclass
from pathlib import Path

from autograder.grading.pool import Result, Workers
from autograder.grading.timestamps import time_in
from autograder.grading.worker import Converter, Failed, Job

ATTEMPTS = 2
"""How often a submission is tried whose worker process dies."""


class WorkersLostError(Exception):
    """Whoever does the work is gone, with all that was under way."""


@dataclass(frozen=True)
class SubmittedFolder:
    """A folder of submitted work, and whether it has to be graded.

    `problem`: why it cannot be, "" if it can.
    """

    student: str
    folder: Path
    due: bool
    problem: str = ""


class Listing(Converter):
    """Finds submissions by nbgrader's rules, and changes nothing."""

    def submissions(self) -> list[SubmittedFolder]:
        """All submissions that the flags select, by student, and what lies in the place of one.

        Raises
        ------
        NbGraderException
            If there are none; nbgrader has then said so, and what may have been meant.
        """
        folders = self.folders()
        if not folders:
            self.init_notebooks()
        excluded = self.coursedir.student_id_exclude.split(",")
        pattern = self._format_source("(?P<assignment_id>.*)", "(?P<student_id>.*)", escape=True)
        found = []
        for folder in folders:
            match = re.fullmatch(pattern, folder, re.DOTALL)
            if match is not None and match["student_id"] not in excluded:
                found.append(self._submission(match["student_id"], Path(folder)))
        return [submission for submission in found if submission is not None]

    def _submission(self, student: str, folder: Path) -> SubmittedFolder | None:
        """One submission; None where the flags ask for notebooks that it does not have."""
        names = self.coursedir.notebook_id
        notebooks = [Path(name) for name in glob.glob(f"{names}.ipynb", root_dir=folder)]  # noqa: PTH207
        problem = what_is_wrong(student, folder)
        if not problem and not notebooks:
            if names != "*":
                return None
            problem = f"There is no notebook in {folder}."
        return SubmittedFolder(student, folder, self._is_due(student, folder, notebooks), problem)

    def _is_due(self, student: str, folder: Path, notebooks: Sequence[Path]) -> bool:
        """nbgrader's rule: not graded yet, or handed in again since, or forced."""
        done = Path(self._format_dest(self.coursedir.assignment_id, student))
        if self.force or not done.exists():
            return True
        if self.coursedir.notebook_id != "*" and not all(
            (done / notebook).exists() for notebook in notebooks
        ):
            return True
        try:
            submitted, graded = time_in(folder), time_in(done)
        except (OSError, ValueError):  # a timestamp that cannot be read: grading it tells why
            return True
        return submitted is not None and graded is not None and submitted > graded


def what_is_wrong(student: str, folder: Path) -> str:
    """Why what lies in the place of a submission cannot be graded; "" if it can be read."""
    if "\n" in student or not encodable(student):
        return "The name of the student's folder has characters that a gradebook does not take."
    if not folder.exists():
        return f"{folder} is a link that leads nowhere."
    if not folder.is_dir():
        return f"{folder} is a file, and should be a folder with the notebooks in it."
    if not os.access(folder, os.R_OK | os.X_OK):
        return f"{folder} cannot be read: {os.strerror(errno.EACCES)}."
    return ""


def encodable(name: str) -> bool:
    """Whether a name of the file system is text; one of another encoding is not."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def results(
    workers: Workers, jobs: Iterator[Job | Failed | None], pause: float | None = None
) -> Iterator[Result]:
    """Grade jobs and yield what comes of each, in the order in which they finish.

    A job is read only when a worker is free for it, so memory does not grow with the class. New
    work is handed out before a result is yielded: workers do not wait for the disk.

    Parameters
    ----------
    workers
        Who does it.
    jobs
        What to do. A `Failed` is passed on as it is; a None means that there is nothing for now.
    pause
        Seconds after which to ask again, where `jobs` may yield None.

    Raises
    ------
    WorkersLostError
        If the workers are gone for good.
    """
    under_way: dict[Future[Result], _Attempt] = {}
    more, finished = True, set[Future[Result]]()
    while True:
        ready: list[Result] = []
        for future in finished:
            attempt = under_way.pop(future)
            result = attempt.outcome(future)
            if result is None:
                under_way[workers.submit(attempt.job)] = _Attempt(attempt.job, attempt.number + 1)
            else:
                ready.append(result)
        while more and len(under_way) < workers.slots():
            job = next(jobs, _END)
            more = job is not _END
            if isinstance(job, Job):
                under_way[workers.submit(job)] = _Attempt(job, 1)
            elif isinstance(job, Failed):
                ready.append(job)
            else:
                break
        yield from ready
        if not under_way and not more:
            return
        if not under_way:
            time.sleep(pause or 0)
        finished, _ = wait(under_way, timeout=pause, return_when=FIRST_COMPLETED)


_END = object()


@dataclass(frozen=True)
class _Attempt:
    """A submission that a worker has, and how often it was given to one."""

    job: Job
    number: int

    def outcome(self, future: Future[Result]) -> Result | None:
        """What came of it; None if it is to be tried again.

        That is where its worker died or lost the sandbox's server, and it has an attempt left.
        """
        if future.cancelled():
            raise WorkersLostError
        error = future.exception()
        if error is None:
            result = future.result()
            again = isinstance(result, Failed) and result.again
        elif again := isinstance(error, BrokenExecutor):
            result = Failed(self.job.student, f"Its worker process was killed, {ATTEMPTS} times.")
        else:
            result = Failed(self.job.student, f"{type(error).__name__}: {error}")
        return None if again and self.number < ATTEMPTS else result
