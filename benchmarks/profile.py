"""Where the time of one submission goes, measured in a worker that is warm."""

from __future__ import annotations

import functools
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from nbgrader.converters import Autograde
from nbgrader.coursedir import CourseDirectory
from sqlalchemy import Engine, event
from traitlets.config import PyFileConfigLoader

from autograder.execute import Execute, is_test_cell
from autograder.grading.ledger import Ledger
from autograder.grading.worker import Graded, grade_submission, install
from tests.course import Course
from tests.lesson import ASSIGNMENT

spent: dict[str, float] = defaultdict(float)


def timed(owner: Any, name: str, label: Callable[..., str]) -> None:
    """Add up the time of a method under a label."""
    method = getattr(owner, name)

    @functools.wraps(method)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        started = time.perf_counter()
        try:
            return method(*args, **kwargs)
        finally:
            spent[label(*args, **kwargs)] += time.perf_counter() - started

    setattr(owner, name, wrapped)


def cell_label(_: Any, cell: Any, *__: Any) -> str:
    if cell.cell_type != "code":
        return "nothing"
    if is_test_cell(cell):
        return "test cells: judge and calls"
    imports_jax = "import jax" in cell.source
    return "student cells: imports" if imports_jax else "student cells: the rest"


def instrument() -> None:
    """Start to measure; for the life of this process."""
    timed(Execute, "preprocess", lambda *_, **__: "executing")
    timed(Execute, "preprocess_cell", cell_label)
    event.listen(Engine, "before_cursor_execute", _before)
    event.listen(Engine, "after_cursor_execute", _after)


def _before(connection: Any, *_: Any) -> None:
    connection.info["started"] = time.perf_counter()


def _after(connection: Any, *_: Any) -> None:
    spent["gradebook"] += time.perf_counter() - connection.info["started"]


def shares(course: Course, student: str) -> dict[str, float]:
    """Seconds of one submission by what they are spent on; the second run, so all is warm."""
    directory = CourseDirectory(root=str(course.root), assignment_id=ASSIGNMENT)
    loader = PyFileConfigLoader("nbgrader_config.py", path=str(course.root))
    config = loader.load_config()
    directory.course_id = config.CourseDirectory.course_id
    ledger = Ledger(directory, Autograde(coursedir=directory))
    packed = ledger.setup(config).packed()
    install(packed)
    job = ledger.job(packed.key, student, course.submitted(student).parent)
    ledger.close()
    grade_submission(job)
    instrument()
    spent.clear()
    graded = grade_submission(job)
    assert isinstance(graded, Graded), graded
    parts = ("student cells", "test cells")
    cells = {name: seconds for name, seconds in spent.items() if name.startswith(parts)}
    return {
        "kernel start and end": spent["executing"] - sum(cells.values()) - spent["nothing"],
        **cells,
        "gradebook": spent["gradebook"],
        "nbgrader's own work": graded.seconds - spent["executing"] - spent["gradebook"],
    }
