"""The class that is graded: what its students hand in, drawn with a fixed seed."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from benchmarks.measure import Bare
from benchmarks.stock import STOCK_TESTS
from tests.support.course import Course
from tests.support.lesson import ASSIGNMENT, ROOT, grade_id
from tests.support.right_answers import CORRECT
from tests.support.submissions import CLASS, STOPPING
from tests.support.variants import PLAIN
from tests.support.wrong_answers import WRONG

SEED = 20240229
SLOW = """
import time as _time
_end = _time.process_time() + 5
while _time.process_time() < _end:
    pass
"""


def correct(name: str) -> Callable[[Course], NotebookNode]:
    """The lesson answered in another way, which is right as well."""
    return lambda course: course.filled_in(whole=True, **{**PLAIN, **CORRECT[name]})


def wrong(name: str) -> Callable[[Course], NotebookNode]:
    """The lesson with one known mistake."""
    exercise, source, _ = WRONG[name]
    return lambda course: course.filled_in(whole=True, **{**PLAIN, exercise: source})


def slow(course: Course) -> NotebookNode:
    """Right, with five seconds of the student's own computing."""
    return course.filled_in(whole=True, logistic_loss=PLAIN["logistic_loss"] + SLOW)


def mistakes(count: int) -> list[str]:
    """Names of known mistakes, of every exercise in turn."""
    by_exercise: dict[str, list[str]] = {}
    for name, (exercise, *_) in WRONG.items():
        by_exercise.setdefault(exercise, []).append(name)
    rounds = max(len(names) for names in by_exercise.values())
    taken = [n[i] for i in range(rounds) for n in by_exercise.values() if i < len(n)]
    return taken[:count]


def kinds() -> list[tuple[str, Callable[[Course], NotebookNode | str]]]:
    """What forty students hand in; the first ones stand for all."""
    right = ("right", CLASS["right"])
    ways = [(f"right: {name}", correct(name)) for name in CORRECT]
    faults = [(f"wrong: {name}", wrong(name)) for name in mistakes(14)]
    stops = [("crashes", STOPPING["exits_in_a_call"]), ("never ends", STOPPING["hangs_in_a_call"])]
    return [
        right,
        ("blank", CLASS["blank"]),
        faults[0],
        ways[0],
        stops[0],
        faults[1],
        stops[1],
        ("slow", slow),
        *ways[1:],
        *faults[2:],
        ("blank", CLASS["blank"]),
        *[right] * 40,
    ][:40]


@dataclass(frozen=True)
class Classroom:
    """A course for each side, with the same class; `what` says who handed in what."""

    kit: Course
    stock: Course
    stock_long: Course
    """Here the lesson's long training cells are executed; in the others they are skipped."""
    what: dict[str, str]


def build(folder: Path, size: int) -> Classroom:
    """Make the courses.

    Parameters
    ----------
    folder
        Where; emptied first.
    size
        How many submissions, at most 40.
    """
    shutil.rmtree(folder, ignore_errors=True)
    kit = make(folder / "kit")
    stock = make_stock(folder / "stock", long=False)
    stock_long = make_stock(folder / "stock-long", long=True)
    chosen = kinds()[:size]
    students = [f"student-{n:02}" for n in range(1, len(chosen) + 1)]
    random.Random(SEED).shuffle(students)
    for student, (_, maker) in zip(students, chosen, strict=True):
        for course in (kit, stock, stock_long):
            course.submit(student, maker(course))
    return Classroom(
        kit, stock, stock_long, dict(zip(students, (kind for kind, _ in chosen), strict=True))
    )


def make(root: Path) -> Course:
    """A course with the lesson as it is."""
    return finished(root, (ROOT / "nbgrader_config.py").read_text())


def make_stock(root: Path, *, long: bool) -> Course:
    """The lesson with plain tests and nbgrader's own way of running them; `long` runs all cells."""
    config = (ROOT / "nbgrader_config.py").read_text()
    kept, skipping = [], False
    for line in config.splitlines():
        if line.startswith(("c.Autograde.", "c.GenerateFeedback.")):
            skipping = line.endswith("[")
        elif skipping:
            skipping = line != "]"
        else:
            kept.append(line)
    return finished(root, "\n".join(kept), long=long, tests=STOCK_TESTS)


def finished(
    root: Path, config: str, *, long: bool = False, tests: dict[str, str] | None = None
) -> Course:
    """Write a course's source and generate its assignment."""
    shutil.copytree(ROOT / "source", root / "source")
    (root / "nbgrader_config.py").write_text(config)
    path = root / "source" / ASSIGNMENT / f"{ASSIGNMENT}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        cell.source = (tests or {}).get(grade_id(cell), cell.source)
        if long and cell.id.startswith("run"):
            cell.metadata.pop("tags", None)
    nbformat.write(notebook, path)
    course = Bare(root)
    course.nbgrader("generate_assignment", ASSIGNMENT)
    return course
