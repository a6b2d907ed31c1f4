"""What compiled code saves: processor time of a student's kernel with it and without, by turns.

    python -m benchmarks.compiled [FOLDER]

Grades right answers in several forms, each time in a fresh kernel. FOLDER is another folder of
compiled code to compare with, such as an earlier version's. Figures are medians, in seconds.
"""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config, Configurable, PyFileConfigLoader

from autograder.judge.compiling import compiled_code, wait_until_compiled
from autograder.judge.execute import Execute
from autograder.sandbox.grader.cache import cache_directory, make_readable
from tests.support import once
from tests.support.course import NOTEBOOK, Course
from tests.support.lesson import ASSIGNMENT
from tests.support.right_answers import CORRECT
from tests.support.variants import PLAIN

ROUNDS = 4
FORMS = ("the solution", "one over one plus exp", "tanh form")


class Program(Configurable):
    """Stands for nbgrader's program: has the course."""

    coursedir: Any = None


class Measured(Execute):  # type: ignore[misc]
    """Shows its kernels a folder of our choice."""

    folder: Path | None = None

    def _compiled_code(self) -> Path | None:
        return self.folder


def spent(course: Course, config: Config, notebook: NotebookNode, folder: Path | None) -> float:
    """Seconds of processor time that the kernel of one submission takes."""
    program = Program(config=config)
    program.coursedir = CourseDirectory(root=str(course.root), assignment_id=ASSIGNMENT)
    execute = Measured(parent=program)
    execute.folder = folder
    resources = {
        "metadata": {"path": str(course.root / "release" / ASSIGNMENT)},
        "nbgrader": {"assignment": ASSIGNMENT, "notebook": ASSIGNMENT, "student": "right"},
    }
    execute.preprocess(notebook, resources)
    assert execute.kernel.sandbox is not None
    return execute.kernel.sandbox.cpu


def folders(course: Course, config: Config) -> dict[str, Path | None]:
    """What is compared: nothing, what is made for the lesson now, and what was named."""
    notebook = course.root / "source" / ASSIGNMENT / NOTEBOOK
    if compiled_code(notebook, config) is None:
        wait_until_compiled()
    found: dict[str, Path | None] = {"without": None, "with": compiled_code(notebook, config)}
    if len(sys.argv) > 1:
        root = cache_directory()
        assert root is not None
        found["named"] = copy = Path(tempfile.mkdtemp(dir=root))
        shutil.copytree(sys.argv[1], copy, dirs_exist_ok=True)
        make_readable(copy)
    return found


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as place:
        once.folder = Path(place, "made")
        once.folder.mkdir()
        course = Course.create(Path(place, "course"))
        config = PyFileConfigLoader("nbgrader_config.py", path=str(course.root)).load_config()
        kinds = folders(course, config)
        print("", *kinds, sep="\t")
        for form in FORMS:
            answers = {} if form == "the solution" else {**PLAIN, **CORRECT[form]}
            rows: dict[str, list[float]] = {kind: [] for kind in kinds}
            for _ in range(ROUNDS):  # by turns, so that a busy machine is busy for all
                for kind, folder in kinds.items():
                    notebook = course.filled_in(whole=True, **answers)
                    rows[kind].append(spent(course, config, notebook, folder))
            print(form, *(f"{statistics.median(row):.2f}" for row in rows.values()), sep="\t")


if __name__ == "__main__":
    main()
