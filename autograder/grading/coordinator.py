"""Which submissions there are, and their way to the workers and back. TRUSTED SIDE."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from dataclasses import dataclass
from pathlib import Path

from autograder.grading.pool import Result, Workers
from autograder.grading.worker import Converter, Failed, Job

ATTEMPTS = 2
"""How often a submission is tried whose worker process dies."""


class WorkersLostError(Exception):
    """Whoever does the work is gone, with all that was under way."""


@dataclass(frozen=True)
class SubmittedFolder:
    """A folder of submitted work, and whether it has to be graded."""

    student: str
    folder: Path
    due: bool


class Listing(Converter):
    """Finds submissions by nbgrader's rules, and changes nothing."""

    def submissions(self) -> list[SubmittedFolder]:
        """All submissions that the flags select, by student.

        Raises
        ------
        NbGraderException
            If there are none; nbgrader has then said so, and what may have been meant.
        """
        self.init_notebooks()
        excluded = self.coursedir.student_id_exclude.split(",")
        pattern = self._format_source("(?P<assignment_id>.*)", "(?P<student_id>.*)", escape=True)
        found = []
        for folder in sorted(self.assignments):
            match = re.match(pattern, folder)
            if match is not None and match["student_id"] not in excluded:
                found.append((match["student_id"], folder))
        return [
            SubmittedFolder(student, Path(folder), self._is_due(student, folder))
            for student, folder in found
        ]

    def _is_due(self, student: str, folder: str) -> bool:
        """nbgrader's rule: not graded yet, or handed in again since, or forced."""
        done = os.path.normpath(self._format_dest(self.coursedir.assignment_id, student))
        notebooks = [Path(notebook).name for notebook in self.assignments[folder]]
        if self.force or not Path(done).exists():
            return True
        if self.coursedir.notebook_id != "*" and not all(
            Path(done, name).exists() for name in notebooks
        ):
            return True
        try:
            submitted = self.coursedir.get_existing_timestamp(folder)
            graded = self.coursedir.get_existing_timestamp(done)
        except Exception:  # a time that cannot be read: grading sets it aside
            return True
        return submitted is not None and graded is not None and submitted > graded


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
