"""Submissions as they arrive, and an answer for each. TRUSTED SIDE, coordinator.

No student code runs here: feedback is made from what was graded.
"""

from __future__ import annotations

import glob
import logging
import time
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from nbgrader.apps.baseapp import NbGrader
from nbgrader.converters import GenerateFeedback, NbGraderException
from nbgrader.coursedir import CourseDirectory
from nbgrader.exchange import ExchangeError
from sqlalchemy.exc import SQLAlchemyError

from autograder.grading.coordinator import Listing, SubmittedFolder
from autograder.grading.worker import ByName

SETTLED = 1.0
"""Seconds for which the files of a submission must not have changed: it may still be copied."""

Signature = tuple[tuple[str, int, int], ...]


class Arrivals:
    """Yields each submission that is due, once; a None when there is nothing for now.

    Parameters
    ----------
    listing
        Finds the submissions.
    collect
        Called before each look: brings what was handed in elsewhere.
    """

    def __init__(self, listing: Listing, collect: Callable[[], None]) -> None:
        self._listing, self._collect = listing, collect
        self._seen: dict[str, tuple[Signature | None, float]] = {}
        self._given: dict[str, Signature] = {}
        self._under_way: set[str] = set()

    def __iter__(self) -> Iterator[SubmittedFolder | None]:
        while True:
            self._collect()
            yield from [found for found in self._present() if self._ready(found)]
            yield None

    def finished(self, student: str) -> None:
        """Called by the command when a student's result is written.

        Only then is another submission of theirs handed out.
        """
        self._under_way.discard(student)

    def _present(self) -> list[SubmittedFolder]:
        try:
            return self._listing.submissions()
        except NbGraderException:  # none yet
            return []

    def _ready(self, found: SubmittedFolder) -> bool:
        student, now = found.student, signature(found.folder)
        before, since = self._seen.get(student, (None, 0.0))
        if now != before:
            self._seen[student] = now, time.monotonic()
            return False
        if not found.due or student in self._under_way or self._given.get(student) == now:
            return False
        if time.monotonic() - since < SETTLED:
            return False
        self._given[student] = now
        self._under_way.add(student)
        return True


class Once(logging.Handler):
    """Passes errors on to another logger, each one once: the exchange is looked at every second."""

    def __init__(self, to: logging.Logger) -> None:
        super().__init__(logging.ERROR)
        self._to = to
        self._said: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if message not in self._said:
            self._said.add(message)
            self._to.error("%s", message)


def quiet(name: str) -> logging.Logger:
    """A logger that shows nothing, for what would be said at every look."""
    logger = logging.getLogger(name)
    logger.addHandler(logging.NullHandler())
    logger.propagate = False
    return logger


def signature(folder: Path) -> Signature:
    """What changes when a file of a folder is written."""
    found = []
    for path in sorted(folder.rglob("*")):
        try:
            status = path.stat()
        except OSError:  # going away as we look
            continue
        found.append((str(path), status.st_mtime_ns, status.st_size))
    return tuple(found)


class Answers:
    """Writes feedback, and on request works with nbgrader's exchange.

    Parameters
    ----------
    app
        The program, with its course, its configuration and its exchange.
    exchange
        Whether to collect from the exchange and to release feedback to it.
    """

    def __init__(self, app: NbGrader, *, exchange: bool) -> None:
        self._app, self._exchange = app, exchange
        self._log = quiet("autograder.answers")
        self._collecting = quiet("autograder.collect")
        self._collecting.addHandler(Once(app.log))
        self._collected = False

    @cached_property
    def _collector(self) -> Any:
        return self._app.exchange.Collect(
            coursedir=self._app.coursedir,
            authenticator=self._app.authenticator,
            parent=self._app,
            log=self._collecting,
            update=True,
        )

    def collect(self) -> None:
        """Bring what students submitted to the exchange.

        Raises
        ------
        ExchangeError
            If that cannot be done from the beginning. Later, what is wrong is logged once and
            another look may go well: a disk of the network comes back.
        """
        if not self._exchange:
            return
        try:
            self._collector.start()
            self._collected = True
        except (ExchangeError, OSError, SQLAlchemyError) as error:
            if not self._collected:
                raise ExchangeError(str(error)) from error
            self._collecting.error(
                "Nothing can be collected for now: %s", str(error).partition("\n")[0]
            )

    def answer(self, student: str) -> str:
        """Write a student's feedback, and release it; "" or why that did not work."""
        course = CourseDirectory(
            parent=self._app,
            root=self._app.coursedir.root,
            assignment_id=self._app.coursedir.assignment_id,
            student_id=glob.escape(student),
        )
        try:
            Feedback(coursedir=course, parent=self._app, log=self._log, force=True).start()
            if self._exchange:
                self._app.exchange.ReleaseFeedback(
                    coursedir=course,
                    authenticator=self._app.authenticator,
                    parent=self._app,
                    log=self._log,
                ).start()
        except Exception as error:  # a student's files make nbgrader fail in many ways
            return f"{student}: no feedback could be written. {said_by(error)}"
        return ""


class Feedback(ByName, GenerateFeedback):  # type: ignore[misc]
    """nbgrader's GenerateFeedback, for names of any kind."""


def said_by(error: Exception) -> str:
    """What an error says, with its kind where it is not written for people to read."""
    readable = isinstance(error, NbGraderException | ExchangeError | OSError)
    return str(error) if readable else f"{type(error).__name__}: {error}"
