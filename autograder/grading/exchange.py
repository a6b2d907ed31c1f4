"""nbgrader's exchange: collecting, and giving feedback. TRUSTED SIDE, with the instructor's rights.

Everybody may write into the exchange, under any name, and what lies there still belongs to whoever
put it there. nbgrader warns when a name is not the owner's, and follows links, with the rights of
the instructor: a submission could bring in another student's work, or the solutions. And one entry
that it cannot read ends the collecting of all.
"""

from __future__ import annotations

import contextlib
import fnmatch
import glob
import os
import re
import stat
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from nbgrader.api import Gradebook, MissingEntry
from nbgrader.exchange import ExchangeError
from nbgrader.exchange.default import ExchangeCollect, ExchangeReleaseFeedback

from autograder.grading.files import remove, sibling
from autograder.grading.taking import NotTakenError, take
from autograder.grading.timestamps import TIMESTAMP, time_in, time_of

with contextlib.suppress(ModuleNotFoundError):  # on Windows, where nbgrader has no exchange
    import pwd

SECRET = "submission_secret.txt"
"""The file that `nbgrader submit` writes last."""
ARRIVING = 60.0
"""Seconds for which a submission may still be arriving when that file is not there."""
LONGEST_WAIT = 60.0
"""Seconds between two attempts at a submission that could not be copied, at most."""


@dataclass(frozen=True)
class HandedIn:
    """An entry of the exchange that can be collected. `said` is the time as its name has it."""

    name: str
    student: str
    owner: int
    when: datetime
    said: str


class Collect(ExchangeCollect):  # type: ignore[misc]
    """Collects what students handed in themselves, and only files that lie in it.

    What cannot be collected stays where it is and is logged, and keeps nothing else from being
    collected. `nbgrader collect` and formgrader make one and call `start` once; `autograder grade
    --watch` calls it again and again.
    """

    src_records: Sequence[HandedIn]

    def __init__(self, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self._again: dict[str, tuple[float, float]] = {}
        """When to try an entry again that could not be copied, and how long to wait after that."""

    def init_src(self) -> None:
        """Find the submissions: the newest of each student, or the newest before the due date."""
        course = self.coursedir
        if not course.course_id:
            self.fail("No course id specified. Re-run with --course flag.")
        self._inbound = Path(self.root, course.course_id, "inbound")
        try:
            names = sorted(path.name for path in self._inbound.iterdir())
        except OSError as error:
            self.fail(f"{self._inbound} cannot be read: {error.strerror}")
        due = self._due_date() if self.before_duedate else None
        students: dict[str, HandedIn] = {}
        for entry in sorted(filter(None, map(self._entry, names)), key=lambda e: (e.when, e.name)):
            chosen = students.get(entry.student)
            if chosen is None or due is None or entry.when <= due or chosen.when > due:
                students[entry.student] = entry
        self.src_records = list(students.values())

    def _due_date(self) -> datetime | None:
        with Gradebook(self.coursedir.db_url, self.coursedir.course_id) as gradebook:
            try:
                due: datetime | None = gradebook.find_assignment(
                    self.coursedir.assignment_id
                ).duedate
            except MissingEntry:
                return None
            return due

    def _entry(self, name: str) -> HandedIn | None:
        """What an entry is; None if it is none of this assignment's, or is left where it is."""
        if name.startswith("."):  # hidden, as everywhere in nbgrader; `..+plain+…` is one of them
            return None
        found = parts(name, self.coursedir.assignment_id)
        if found is None:
            if name.count("+") < 2:
                self._leave(name, "it is not named as a submission, STUDENT+ASSIGNMENT+TIME")
            return None
        student, said = found
        if not fnmatch.fnmatchcase(student, self.coursedir.student_id or "*"):
            return None
        try:
            status = os.lstat(self._inbound / name)
        except OSError:  # gone
            return None
        why = self._refusal(student, status)
        try:
            when = time_of(said)
        except ValueError:
            when = None
        if why or when is None:
            self._leave(name, why or f"{said!r} in its name is not a time")
            return None
        if self._arriving(name, status):
            self.log.info("%s is still arriving.", name)
            return None
        return HandedIn(name, student, status.st_uid, when, said)

    def _refusal(self, student: str, status: os.stat_result) -> str:
        """Why an entry is never collected, "" if it is. `check_owner = False` trusts the name."""
        if not student or not student.isprintable():
            return f"it is named after nobody, {student!r}"
        if not stat.S_ISDIR(status.st_mode):
            return "it is not a folder"
        if self.check_owner and (owner := owner_of(status)) != student:
            return (
                f"it belongs to somebody else, {owner}. Where user names are not student ids, set "
                "c.ExchangeCollect.check_owner = False"
            )
        return ""

    def _arriving(self, name: str, status: os.stat_result) -> bool:
        """Whether `nbgrader submit` is at work on it: it makes the folder and fills it then."""
        if os.path.lexists(self._inbound / name / SECRET):
            return False
        return abs(time.time() - status.st_ctime) < ARRIVING

    def copy_files(self) -> None:
        """Bring each submission that is newer than what is there."""
        for entry in filter(self._is_wanted, self.src_records):
            due, wait = self._again.get(entry.name, (0.0, 0.5))
            if time.monotonic() < due:
                continue
            try:
                self._bring(entry)
                self._again.pop(entry.name, None)
            except (NotTakenError, OSError) as error:
                wait = min(2 * wait, LONGEST_WAIT)
                self._again[entry.name] = time.monotonic() + wait, wait
                why = error.strerror if isinstance(error, OSError) else str(error)
                self._leave(entry.name, str(why))

    def _is_wanted(self, entry: HandedIn) -> bool:
        """Whether there is nothing of this student's yet, or something older to be replaced."""
        there = self._destination(entry.student)
        if not there.is_dir():
            return True
        try:
            before = time_in(there)
        except (OSError, ValueError):  # then the new one says it better
            before = None
        newer = before is None or entry.when > before
        return (self.update and newer) or (self.before_duedate and before != entry.when)

    def _destination(self, student: str) -> Path:
        course = self.coursedir
        path = course.format_path(course.submitted_directory, student, course.assignment_id)
        return Path(path)

    def _bring(self, entry: HandedIn) -> None:
        """Copy a submission, and put it in the place of the one that was there.

        Its time is the one in its name, by which it was chosen.
        """
        there = self._destination(entry.student)
        new, old = sibling(there, "new"), sibling(there, "old")
        for leftover in (new, old):
            remove(leftover)
        there.parent.mkdir(parents=True, exist_ok=True)
        owners = {entry.owner, os.getuid(), 0} if self.check_owner else None
        limit = 1000 * self.coursedir.max_dir_size  # in kB
        try:
            with tempfile.TemporaryDirectory() as folder:
                copy = Path(folder, "submission")
                take(self._inbound / entry.name, copy, most_bytes=limit, owners=owners)
                remove(copy / TIMESTAMP)
                (copy / TIMESTAMP).write_text(entry.said, encoding="utf-8")
                self.do_copy(str(copy), str(new))
            if os.path.lexists(there):
                there.rename(old)
            new.rename(there)
        finally:
            remove(new)
            remove(old)
        self.log.info("Collected %s of %s", self.coursedir.assignment_id, entry.student)

    def _leave(self, name: str, why: str) -> None:
        self.log.error("%s is not collected: %s.", name, why)


class ReleaseFeedback(ExchangeReleaseFeedback):  # type: ignore[misc]
    """Releases feedback folder by folder.

    Its name in the exchange comes of a file that a student can spoil. nbgrader then releases nobody
    else's.
    """

    src_path: str

    def copy_files(self) -> None:
        """Raises ExchangeError at the end if something could not be released."""
        wrong = []
        for folder in sorted(glob.glob(self.src_path)):  # noqa: PTH207
            self.src_path = glob.escape(folder)
            try:
                super().copy_files()
            except (OSError, ValueError) as error:
                wrong.append(f"{folder} is not released: {type(error).__name__}: {error}")
                self.log.error("%s", wrong[-1])
        if wrong:
            raise ExchangeError("\n".join(wrong))


def parts(name: str, assignment: str) -> tuple[str, str] | None:
    """The student and the time in an entry's name; None if it is not of this assignment.

    `nbgrader submit` names it STUDENT+ASSIGNMENT+TIME+RANDOM, by default. A student's name may have
    a `+` in it, and so may a time (`+0100`).

    >>> parts("ann+plain+2030-01-01 12:00:00.000000 UTC+Jyk0lqe3RG8M", "plain")
    ('ann', '2030-01-01 12:00:00.000000 UTC')
    """
    random = r"(?:\+(?!\d\d:?\d\d$)[^+]*)?"
    found = re.fullmatch(rf"(.*)\+{re.escape(assignment)}\+(.*?){random}", name, re.DOTALL)
    return (found[1], found[2]) if found else None


def owner_of(status: os.stat_result) -> str:
    """The name of the user to whom a file belongs, or a number where there is no name."""
    try:
        return pwd.getpwuid(status.st_uid).pw_name
    except KeyError:
        return f"user {status.st_uid}"
