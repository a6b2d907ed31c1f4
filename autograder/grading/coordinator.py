"""Which submissions there are, and their way to the workers and back. TRUSTED SIDE."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from nbgrader.converters import Autograde

from autograder.grading.pool import Result, Workers
from autograder.grading.worker import Failed, Job

ATTEMPTS = 2
"""How often a submission is tried whose worker process dies."""


@dataclass(frozen=True)
class Submission:
    """A folder of submitted work, and whether it has to be graded."""

    student: str
    folder: Path
    due: bool


class Listing(Autograde):  # type: ignore[misc]
    """Finds submissions by nbgrader's rules, and changes nothing."""

    def submissions(self) -> list[Submission]:
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
            Submission(student, Path(folder), self._is_due(student, folder))
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
        except Exception:  # a timestamp that cannot be read: grading it tells why
            return True
        return submitted is not None and graded is not None and submitted > graded


def results(workers: Workers, jobs: Iterator[Job | Failed]) -> Iterator[Result]:
    """Grade jobs and yield what comes of each, in the order in which they finish.

    A job is read only when a worker is free for it, so memory does not grow with the class. New
    work is handed out before a result is yielded: workers do not wait for the disk. A submission
    that could not be read is passed on as it is.
    """
    under_way: dict[Future[Result], tuple[Job, int]] = {}
    finished: set[Future[Result]] = set()
    while True:
        again = [under_way.pop(future) for future in finished if _worker_died(future, under_way)]
        ready = [(under_way.pop(future)[0], future) for future in finished if future in under_way]
        for job, attempts in again:
            under_way[workers.submit(job)] = (job, attempts + 1)
        unread = []
        for read in islice(jobs, max(0, workers.slots() - len(under_way))):
            if isinstance(read, Failed):
                unread.append(read)
            else:
                under_way[workers.submit(read)] = (read, 1)
        yield from unread
        for job, future in ready:
            yield _result(job, future)
        if not under_way and not unread:
            return
        finished, _ = wait(under_way, return_when=FIRST_COMPLETED)


def _worker_died(future: Future[Result], under_way: dict[Future[Result], tuple[Job, int]]) -> bool:
    """Whether a submission lost its worker and may have another."""
    died = isinstance(future.exception(), BrokenExecutor)
    return died and under_way[future][1] < ATTEMPTS


def _result(job: Job, future: Future[Result]) -> Result:
    error = future.exception()
    if error is None:
        return future.result()
    if isinstance(error, BrokenExecutor):
        return Failed(job.student, f"Its worker process was killed, {ATTEMPTS} times.")
    return Failed(job.student, f"{type(error).__name__}: {error}")
