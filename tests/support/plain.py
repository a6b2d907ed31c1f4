"""A small course without JAX, for tests of the way to a grade and not of the grade itself."""

from __future__ import annotations

import datetime as dt
import re
import shutil
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook
from sqlalchemy import create_engine, text

from tests.support.course import Course
from tests.support.lesson import ROOT
from tests.support.once import once
from tests.support.plain_tests import labels

PLAIN = "plain"
NOTEBOOKS = ("first", "second")
QUICK = "a = 2"
SLOW = "import time\na = 2\ntime.sleep(600)"
CONFIG = """
c.Execute.timeout = 1200
c.LateSubmissionPlugin.penalty_method = "zero"


def hook(assignment, student, notebooks):
    assert assignment == "plain"


c.Autograde.post_convert_hook = hook  # a function of the configuration itself
"""


class PlainCourse(Course):
    """Two notebooks of one answer and two test cells each, worth 3 and 2 points."""

    @classmethod
    def create(cls, root: Path) -> PlainCourse:
        once("plain", _make, root)
        return cls(root)

    def configure(self, *lines: str) -> None:
        """Add to its nbgrader_config.py."""
        with (self.root / "nbgrader_config.py").open("a", encoding="utf-8") as config:
            config.writelines(f"{line}\n" for line in lines)

    @property
    def url(self) -> str:
        """Where its gradebook is."""
        config = (self.root / "nbgrader_config.py").read_text()
        given = re.search(r"CourseDirectory.db_url = '(.*)'", config)
        return given[1] if given else f"sqlite:///{self.root / 'gradebook.db'}"

    def hand_in(
        self, student: str, answer: str = QUICK, when: str = "", second: str = QUICK
    ) -> None:
        """Submit both notebooks, at a time if one is given."""
        folder = self.root / "submitted" / student / PLAIN
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        (folder / "data.txt").write_text("the student's own")
        (folder / "notes.txt").write_text("kept")
        for name, source in zip(NOTEBOOKS, (answer, second), strict=True):
            nbformat.write(notebook(source), folder / f"{name}.ipynb")
        if when:
            (folder / "timestamp.txt").write_text(when)

    def due(self, when: dt.datetime) -> None:
        engine = create_engine(self.url)
        with engine.begin() as connection:
            connection.execute(
                text("update assignment set duedate = :when"), {"when": when.isoformat(" ")}
            )
        engine.dispose()

    def grade(self, *args: str, status: int = 0) -> list[str]:
        """The lines that `autograder grade` prints."""
        return self.autograder("grade", PLAIN, *args, status=status).splitlines()

    def folder(self, student: str) -> Path:
        return self.root / "autograded" / student / PLAIN

    def done(self) -> set[str]:
        """Students whose work lies in the autograded tree."""
        return {path.parent.name for path in self.root.glob(f"autograded/*/{PLAIN}")}


def _make(root: Path) -> None:
    folder = root / "source" / PLAIN
    folder.mkdir(parents=True)
    config = (ROOT / "nbgrader_config.py").read_text()
    config = config.replace("c.Execute.timeout = 60", CONFIG)
    (root / "nbgrader_config.py").write_text(config)
    (folder / "data.txt").write_text("7")
    for name in NOTEBOOKS:
        nbformat.write(
            notebook("### BEGIN SOLUTION\na = 2\n### END SOLUTION"), folder / f"{name}.ipynb"
        )
    Course(root).nbgrader("generate_assignment", PLAIN)


def notebook(answer: str) -> NotebookNode:
    test = {"grade": True, "locked": True}
    cells = [
        (answer, labels("a", solution=True)),
        ("assert a == 2", labels("test_a", **test, points=3)),
        ("1.5 if a == 2 else 0", labels("test_b", **test, points=2)),
    ]
    return new_notebook(
        cells=[  # ids of their own, not drawn: the same answer is the same file, whoever makes it
            new_code_cell(source, id=metadata["nbgrader"]["grade_id"], metadata=metadata)
            for source, metadata in cells
        ],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )


def gradebook(url: str) -> dict[str, list[dict[str, Any]]]:
    """Every table of a gradebook, with names in the place of ids, in an order of its own."""
    engine = create_engine(url)
    with engine.connect() as connection:
        names = [row[0] for row in connection.execute(text(TABLES[engine.dialect.name]))]
        tables = {
            name: [
                dict(row) for row in connection.execute(text(f'select * from "{name}"')).mappings()
            ]
            for name in sorted(names)
        }
    engine.dispose()
    return named(tables)


TABLES = {
    "sqlite": "select name from sqlite_master where type = 'table'",
    "postgresql": "select tablename from pg_tables where schemaname = 'public'",
}


def named(tables: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """Replace each id by what it stands for: ids are random, the rest must be equal."""
    meaning: dict[str, str] = {}
    for table, keys in MEANING.items():
        for row in tables[table]:
            meaning[row["id"]] = "/".join(
                [table, *(str(meaning.get(row[k], row[k])) for k in keys)]
            )
    return {
        table: sorted(
            (
                {k: meaning.get(v, v) if isinstance(v, str) else v for k, v in row.items()}
                for row in rows
            ),
            key=repr,
        )
        for table, rows in tables.items()
    }


MEANING = {
    "assignment": ("name",),
    "notebook": ("assignment_id", "name"),
    "base_cell": ("notebook_id", "type", "name"),
    "source_cell": ("notebook_id", "name"),
    "submitted_assignment": ("assignment_id", "student_id"),
    "submitted_notebook": ("assignment_id", "notebook_id"),
    "grade": ("notebook_id", "cell_id"),
    "comment": ("notebook_id", "cell_id"),
}
