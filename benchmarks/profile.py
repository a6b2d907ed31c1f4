"""Where the time of one submission goes, measured in a worker that is warm."""

from __future__ import annotations

import functools
import time
import warnings
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
from nbgrader.converters import Autograde
from nbgrader.coursedir import CourseDirectory
from sqlalchemy import Engine, event
from traitlets.config import PyFileConfigLoader

from autograder.grading.worker import Graded, grade_submission, install
from autograder.grading.writer import Writer
from autograder.judge.cells import is_test_cell
from autograder.judge.execute import Execute
from autograder.judge.student_kernel import StudentKernel
from tests.support.course import Course
from tests.support.lesson import ASSIGNMENT

Row = tuple[float, float]
"""Seconds that pass, and seconds of processor time of this process and all below it."""

below: list[int] = []
taken: dict[Path, float] = {}
spent: dict[str, Row] = defaultdict(lambda: (0.0, 0.0))


def clocks() -> Row:
    """Both clocks. A process that has ended counts with what it had taken when last looked at."""
    for process in below:
        with suppress(OSError):
            for thread in Path(f"/proc/{process}/task").iterdir():
                taken[thread] = int((thread / "schedstat").read_text().split()[0]) / 1e9
    return time.perf_counter(), time.process_time() + sum(taken.values())


def look_for_processes() -> None:
    """Find the kernel, the fork server and what else there is; takes too long for each look."""
    below[:] = [process.pid for process in psutil.Process().children(recursive=True)]


def add(label: str, since: Row) -> None:
    """Add what has passed since then to a label."""
    now, before = clocks(), spent[label]
    spent[label] = (before[0] + now[0] - since[0], before[1] + now[1] - since[1])


def timed(owner: Any, name: str, label: Callable[..., str]) -> None:
    """Add up the time of a method under a label."""
    method = getattr(owner, name)

    @functools.wraps(method)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        started = clocks()
        try:
            return method(*args, **kwargs)
        finally:
            add(label(*args, **kwargs), started)

    setattr(owner, name, wrapped)


def cell_label(_: Any, cell: Any, *__: Any) -> str:
    if cell.cell_type != "code":
        return "text"
    return "test cells" if is_test_cell(cell) else "the student's own cells"


def instrument() -> None:
    """Start to measure; for the life of this process."""
    start = Execute.start_new_kernel_client

    def start_and_look(self: Execute) -> Any:
        client = start(self)
        look_for_processes()
        return client

    Execute.start_new_kernel_client = start_and_look
    timed(Execute, "preprocess", lambda *_, **__: "executing")
    timed(Execute, "preprocess_cell", cell_label)
    timed(StudentKernel, "ask", lambda *_: "calls")
    event.listen(Engine, "before_cursor_execute", _before)
    event.listen(Engine, "after_cursor_execute", _after)


def _before(connection: Any, *_: Any) -> None:
    connection.info["started"] = (time.perf_counter(), time.process_time())


def _after(connection: Any, *_: Any) -> None:
    wall, cpu = connection.info["started"]
    before = spent["gradebook"]
    spent["gradebook"] = (
        before[0] + time.perf_counter() - wall,
        before[1] + time.process_time() - cpu,
    )


def shares(course: Course, student: str) -> dict[str, Row]:
    """What one submission costs by what it is spent on; the last of some runs, so all is warm."""
    warnings.filterwarnings("ignore", "Object of type <.*> not in session")  # nbgrader's
    directory = CourseDirectory(root=str(course.root), assignment_id=ASSIGNMENT)
    loader = PyFileConfigLoader("nbgrader_config.py", path=str(course.root))
    config = loader.load_config()
    directory.course_id = config.CourseDirectory.course_id
    writer = Writer(directory, Autograde(coursedir=directory))
    packed = writer.setup(config).packed()
    install(packed)
    job = writer.job(packed.key, student, course.submitted(student).parent)
    writer.close()
    for _ in range(2):
        grade_submission(job)
    instrument()
    grade_submission(job)
    spent.clear()
    look_for_processes()
    started = clocks()
    graded = grade_submission(job)
    add("everything", started)
    assert isinstance(graded, Graded), graded
    cells = ("the student's own cells", "test cells", "text")
    return {
        "the student's own cells": spent["the student's own cells"],
        "calls of the student's functions by the tests": spent["calls"],
        "the judge besides": less(spent["test cells"], spent["calls"]),
        "start and end of the kernel": less(spent["executing"], *(spent[c] for c in cells)),
        "gradebook": spent["gradebook"],
        "nbgrader besides": less(spent["everything"], spent["executing"], spent["gradebook"]),
    }


def less(whole: Row, *parts: Row) -> Row:
    return (whole[0] - sum(p[0] for p in parts), whole[1] - sum(p[1] for p in parts))
