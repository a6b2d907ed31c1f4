"""A course with cells that a person marks, and a class that fills them in or does not."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from nbgrader.api import Gradebook

from tests.support.course import Course
from tests.support.lesson import ROOT, grade_id
from tests.support.once import once

DRAWING = "drawing"
CELLS = ("thoughts", "plot", "essay")
SCHEME = "One point for a sentence that says why the curve is flat."
SOLUTION = "plt.plot([0, 1, 4, 9, 16])"
PLACE = "*Write your essay over this line.*"
WORDS = "The curve is flat because both terms are small."
PLOT = f"import matplotlib.pyplot as plt\n{SOLUTION}\nplt.title('Mine');"
BLANK = "YOUR ANSWER HERE"
STUB = "# YOUR CODE HERE\nraise NotImplementedError()"
ANSWERS: dict[str, dict[str, str]] = {
    "answers": {"thoughts": WORDS, "plot": PLOT, PLACE: WORDS},
    "untouched": {},
    "spaced": {
        "thoughts": f"\r\n{BLANK} \r\n",
        "plot": STUB.replace("\n", "\r\n\r\n  ") + "\n",
        PLACE: f"  {PLACE}\n\n",
    },
    "emptied": {"thoughts": "", "plot": " \n", PLACE: ""},
    "raises": {"plot": "1 / 0"},
}
"""What each student writes: by the name of the cell, or by what stands in it."""


class DrawingCourse(Course):
    """One notebook: a text (2 points), a plot (3) and a task (4), and a test cell (1)."""

    @classmethod
    def create(cls, root: Path) -> DrawingCourse:
        once("drawing", _make, root)
        return cls(root)

    def blank(self) -> NotebookNode:
        path = self.root / "release" / DRAWING / f"{DRAWING}.ipynb"
        return nbformat.read(path, as_version=4)

    def write(self, student: str, answers: dict[str, str], name: str = DRAWING) -> None:
        """Hand in the release with these answers in it, in the place of what was there."""
        notebook = self.blank()
        for cell in notebook.cells:
            cell.source = answers.get(grade_id(cell) or cell.source, cell.source)
        self.hand_in(student, notebook, name)

    def hand_in(self, student: str, notebook: NotebookNode, name: str = DRAWING) -> None:
        folder = self.root / "submitted" / student / DRAWING
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        nbformat.write(notebook, folder / f"{name}.ipynb")

    def cell(self, student: str, name: str) -> NotebookNode:
        """A cell as it is stored for the person who marks."""
        path = self.root / "autograded" / student / DRAWING / f"{DRAWING}.ipynb"
        notebook = nbformat.read(path, as_version=4)
        return next(cell for cell in notebook.cells if grade_id(cell) == name)

    def page(self, student: str) -> str:
        path = self.root / "feedback" / student / DRAWING / f"{DRAWING}.html"
        return path.read_text(encoding="utf-8")

    def grades(self, student: str) -> dict[str, tuple[float | None, float, bool]]:
        """Of each cell marked by hand: the automatic score, the one that counts, who waits."""
        with Gradebook(f"sqlite:///{self.root / 'gradebook.db'}") as gradebook:
            found = gradebook.find_submission(DRAWING, student).notebooks[0].grades
            return {
                g.name: (g.auto_score, g.score, g.needs_manual_grade)
                for g in found
                if g.name in CELLS
            }

    def mark(self, student: str, **points: float) -> None:
        """Give points as formgrader does."""
        with Gradebook(f"sqlite:///{self.root / 'gradebook.db'}") as gradebook:
            for name, given in points.items():
                grade = gradebook.find_grade(name, DRAWING, DRAWING, student)
                grade.manual_score, grade.needs_manual_grade = given, False
            gradebook.db.commit()


def _make(root: Path) -> None:
    folder = root / "source" / DRAWING
    folder.mkdir(parents=True)
    shutil.copy(ROOT / "nbgrader_config.py", root)
    nbformat.write(source(), folder / f"{DRAWING}.ipynb")
    Course(root).nbgrader("generate_assignment", DRAWING)


def source() -> NotebookNode:
    """The author's notebook."""
    answer, task = {"solution": True}, {"task": True, "locked": True}
    test = {"grade": True, "locked": True}
    scheme = f"Why is it flat?\n\n=== BEGIN MARK SCHEME ===\n{SCHEME}\n=== END MARK SCHEME ==="
    plot = f"### BEGIN SOLUTION\nimport matplotlib.pyplot as plt\n{SOLUTION}\n### END SOLUTION"
    return new_notebook(
        cells=[
            new_markdown_cell("## A drawing"),
            new_markdown_cell(
                "My own words.", metadata=marks("thoughts", **answer, grade=True, points=2)
            ),
            new_code_cell(plot, metadata=marks("plot", **answer, grade=True, points=3)),
            new_markdown_cell(scheme, metadata=marks("essay", **task, points=4)),
            new_markdown_cell(PLACE),
            new_code_cell("1 + 1  # a demonstration"),
            new_code_cell(
                "### BEGIN SOLUTION\na = 2\n### END SOLUTION", metadata=marks("a", **answer)
            ),
            new_code_cell("assert a == 2", metadata=marks("test_a", **test, points=1)),
        ],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )


def marks(name: str, **changes: Any) -> dict[str, Any]:
    """nbgrader's labels of a cell."""
    plain = {"grade": False, "locked": False, "solution": False, "task": False}
    return {"nbgrader": {"grade_id": name, "schema_version": 3, **plain, **changes}}
