"""A course of plain-assert notebooks, as they are met with: test cells in many styles, odd answers.

Nothing in it uses the kit. What nbgrader gives for it is what the kit's configuration has to give.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from tests.support.odd_answers import SUBMISSIONS, named
from tests.support.plain_tests import ANSWERS, WRITTEN, authors, slug

ODD = "odd"
HELPER = "def is_double(f):\n    return [f(x) for x in (0, 1, 2.5)] == [0, 2, 5.0]\n"
SCRIPT = "told = 'by a script'\n"
FILES = {"data.txt": "7\n", "helper.py": HELPER, "script.py": SCRIPT}
OTHERWISE = {
    ("prints to stderr", "processes"): (2, "what a forked process prints is not shown"),
    ("warns", "processes"): (2, "the same"),
    ("warns", "much output"): (2, "it comes later, if the machine is busy, and costs another cell"),
    ("numbers are shown rounded", "a share from numpy"): (1, "numpy was imported before"),
}
"""What the kit gives where nbgrader gives something else, by submission and cell, and why."""
SCORES = Path(__file__).with_name("corpus_scores.json")
"""What nbgrader gives, by student and cell: written by `tools.corpus`."""


def handed_in(released: NotebookNode, name: str) -> NotebookNode:
    """The release with right answers in it, changed as the submission of this name is."""
    notebook = copy.deepcopy(released)
    for answer, source in (ANSWERS | WRITTEN).items():
        named(notebook, answer).source = source
    return SUBMISSIONS[name](notebook) or notebook


def write_source(root: Path) -> None:
    folder = root / "source" / ODD
    folder.mkdir(parents=True)
    for name, text in FILES.items():
        (folder / name).write_text(text)
    nbformat.write(authors(), folder / f"{ODD}.ipynb")


def write_submissions(root: Path, names: Iterable[str]) -> None:
    """Hand in these submissions, each as a student whose id is the name as a slug."""
    released = nbformat.read(root / "release" / ODD / f"{ODD}.ipynb", as_version=4)
    for name in names:
        folder = root / "submitted" / slug(name) / ODD
        folder.mkdir(parents=True)
        for file, text in FILES.items():
            (folder / file).write_text(text)
        written = json.dumps(handed_in(released, name), ensure_ascii=False)
        (folder / f"{ODD}.ipynb").write_text(written, encoding="utf-8")
