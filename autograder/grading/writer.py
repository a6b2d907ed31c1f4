"""The only place that writes: the gradebook and the autograded tree. TRUSTED SIDE, coordinator.

A submission is written in one short transaction, together with its directory (see `files.publish`
for what holds when this is stopped at any point). A directory in the autograded tree means: its
grades are in the gradebook.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from nbgrader.api import Gradebook
from nbgrader.converters import Autograde
from nbgrader.coursedir import CourseDirectory
from nbgrader.utils import find_all_files
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from autograder.grading.files import named_in_text, publish, read_files, sweep
from autograder.grading.rows import (
    assignment_rows,
    insert_rows,
    submission_rows,
    update_rows,
)
from autograder.grading.timestamps import in_plain_text
from autograder.grading.worker import Graded, Job, Setup
from autograder.judge.course import autograded_folder, source_folder

T = TypeVar("T")

WAITS = (0.5, 2.0, 8.0)
"""Seconds before each further attempt at a database that does not answer."""
NOT_SOURCE = ["__pycache__", ".ipynb_checkpoints"]


class CannotWriteError(Exception):
    """Results have nowhere to go: the run has to stop. The text says why and what to do."""


class BusyError(Exception):
    """Another run is writing to this course."""


class Writer:
    """Reads and writes one assignment of a course.

    Parameters
    ----------
    course
        The course, with its assignment named.
    converter
        nbgrader's own idea of directories and permissions.
    """

    def __init__(self, course: CourseDirectory, converter: Autograde) -> None:
        self._course, self._converter = course, converter
        self._assignment: str = course.assignment_id
        # Makes the tables if there are none, before anything else runs.
        self._gradebook = Gradebook(course.db_url, course.course_id)

    def close(self) -> None:
        self._gradebook.close()

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Be the only run in this course; the system ends the lock with the process.

        Raises
        ------
        BusyError
            If another run has it.
        """
        tree = autograded_folder(self._course, ".", ".")
        tree.mkdir(parents=True, exist_ok=True)
        handle = os.open(tree, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        except BlockingIOError:
            raise BusyError from None
        finally:
            os.close(handle)

    def setup(self, config: Any) -> Setup:
        """What workers have to know of the assignment.

        Raises
        ------
        UnknownAssignmentError
            If the gradebook does not have it.
        """
        source = source_folder(self._course, self._assignment)
        rows = self._in_transaction(lambda c: assignment_rows(c, self._assignment))
        files = read_files(source, find_all_files(str(source), NOT_SOURCE))
        return Setup(self._assignment, config, files, rows)

    def job(self, setup: str, student: str, submitted: Path) -> Job:
        """A submission, ready to travel to workers that have this setup.

        Raises
        ------
        ValueError
            If its time cannot be read.
        OSError
            If its files cannot.
        """
        sweep(self._destination(student))
        found = find_all_files(str(submitted), self._course.ignore)
        files = in_plain_text(named_in_text(read_files(submitted, found)))
        rows = self._in_transaction(lambda c: submission_rows(c, self._assignment, student))
        return Job(setup, student, files, rows)

    def record(self, graded: Graded) -> None:
        """Write a result, once and whole.

        Raises
        ------
        CannotWriteError
            If the disk or the database does not take it.
        IntegrityError
            If somebody else wrote this submission meanwhile.
        """
        directory = self._destination(graded.student)
        keep = {}
        if self._course.notebook_id != "*" and directory.exists():
            keep = read_files(directory, [p for p in directory.rglob("*") if p.is_file()])
        try:
            publish(directory, graded.files, keep, lambda: self._commit(graded))
            self._converter.set_permissions(self._assignment, graded.student)
        except OSError as error:
            raise CannotWriteError(f"{directory} cannot be written: {error.strerror}.") from error

    def _destination(self, student: str) -> Path:
        return autograded_folder(self._course, student, self._assignment)

    def _commit(self, graded: Graded) -> None:
        def write(connection: Connection) -> None:
            present = submission_rows(connection, self._assignment, graded.student)
            known = {row["id"] for rows in present.values() for row in rows}
            for name, rows in graded.added.items():
                insert_rows(connection, {name: [row for row in rows if row["id"] not in known]})
            update_rows(connection, graded.changed)

        self._in_transaction(write)

    def _in_transaction(self, act: Callable[[Connection], T]) -> T:
        """Do it in one transaction, and again when the connection was lost.

        `act` must bear being done twice: whether a lost commit got through is not known.
        """
        for wait in (*WAITS, None):
            try:
                with self._gradebook.engine.begin() as connection:
                    return act(connection)
            except (OperationalError, InterfaceError) as error:
                self._gradebook.engine.dispose()
                if wait is None:
                    raise CannotWriteError(
                        f"The gradebook does not answer: {first_line(error)}"
                    ) from error
                time.sleep(wait)
        raise AssertionError("not reached")


def first_line(error: DBAPIError) -> str:
    """What the database said, without SQLAlchemy's own lines around it."""
    return str(error.orig).strip().partition("\n")[0]
