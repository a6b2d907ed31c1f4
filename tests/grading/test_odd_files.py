"""Notebook files as other programs and accidents leave them, through both programs that grade."""

from __future__ import annotations

import copy
import gzip
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests.support.plain import PLAIN, PlainCourse, gradebook

Notebook = dict[str, Any]
Form = Callable[[Notebook], bytes]
FORMS: dict[str, Form] = {}
DAMAGED = {"truncated", "conflict"}
"""Of these a person is told that something was lost."""


def form(maker: Form) -> Form:
    """Register what a student of this name hands in as `first.ipynb`, which is right."""
    FORMS[maker.__name__] = maker
    return maker


def as_file(notebook: Notebook, **options: Any) -> bytes:
    return json.dumps(notebook, **options).encode()


@form
def colab(notebook: Notebook) -> bytes:
    """Version 4.0 with ids in metadata, widgets without a state, and no locked cell."""
    for cell in notebook["cells"]:
        cell["metadata"] |= {"id": cell.pop("id"), "colab": {"base_uri": "https://localhost"}}
        cell["source"] = cell["source"].splitlines(keepends=True)
    del notebook["cells"][2]
    notebook["metadata"] |= {"accelerator": "GPU", "colab": {"provenance": []}, "widgets": {"a": 1}}
    return as_file(notebook | {"nbformat_minor": 0})


@form
def version_3(notebook: Notebook) -> bytes:
    cells = [
        {**cell, "input": cell.pop("source"), "prompt_number": 3, "language": "python"}
        for cell in notebook["cells"]
    ]
    sheet = {"cells": cells, "metadata": {}}
    return as_file(
        {"metadata": {"name": ""}, "nbformat": 3, "nbformat_minor": 0, "worksheets": [sheet]}
    )


@form
def of_the_future(notebook: Notebook) -> bytes:
    return as_file(notebook | {"nbformat_minor": 5.5, "nbformat": "4", "kernels": []})


@form
def wrong_types(notebook: Notebook) -> bytes:
    notebook["metadata"] = [1]
    for cell in notebook["cells"]:
        cell |= {"outputs": None, "execution_count": "one", "id": "no id", "cell_type": "Code"}
        cell["metadata"] |= {"tags": "x", "deep": "\ud800", "nbgrader_jax_damaged": [1]}
    return as_file(notebook)


@form
def windows(notebook: Notebook) -> bytes:
    notebook["cells"][0]["source"] = "b = 'é'\na = 2 if b == 'é' else 0"
    return json.dumps(notebook, ensure_ascii=False).encode("cp1252")


@form
def utf_16(notebook: Notebook) -> bytes:
    return as_file(notebook).decode().encode("utf-16")


@form
def compressed(notebook: Notebook) -> bytes:
    return gzip.compress(as_file(notebook))


@form
def half_a_character(notebook: Notebook) -> bytes:
    notebook["cells"][0]["source"] = "# \ud83d\na = 2"
    return as_file(notebook | {"metadata": {"\udc00": "\udc00"}})


@form
def truncated(notebook: Notebook) -> bytes:
    whole = as_file(notebook, indent=1)
    return whole[: whole.index(b"assert a")]


@form
def conflict(notebook: Notebook) -> bytes:
    lines = as_file(notebook, indent=1).decode().splitlines(keepends=True)
    at = next(n for n, line in enumerate(lines) if '"source": "a = 2"' in line)
    theirs = lines[at].replace("2", "3")
    lines[at : at + 1] = ["<<<<<<< HEAD\n", lines[at], "=======\n", theirs, ">>>>>>> b\n"]
    return "".join(lines).encode()


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> PlainCourse:
    """Each hands in another form of the same, and a time that is none."""
    course = PlainCourse.create(tmp_path_factory.mktemp("files") / "course")
    released = course.root / "release" / PLAIN / "first.ipynb"
    right = json.loads(json.dumps(nbformat.read(released, as_version=4)))
    right["cells"][0]["source"] = "a = 2"
    for name, maker in FORMS.items():
        course.hand_in(name)
        folder = course.root / "submitted" / name / PLAIN
        (folder / "first.ipynb").write_bytes(maker(copy.deepcopy(right)))
        (folder / "timestamp.txt").mkdir()
    course.configure("c.Sandbox.isolation = 'none'", "c.Sandbox.require_isolation = False")
    return course


@pytest.mark.slow
def test_each_gets_the_marks_of_what_it_holds(course: PlainCourse, tmp_path: Path) -> None:
    shutil.copytree(course.root, tmp_path / "theirs")
    theirs = PlainCourse(tmp_path / "theirs")
    assert f"{len(FORMS)} graded, 0 already done, 0 failed" in course.grade("--workers=1")[-3]
    theirs.nbgrader("autograde", PLAIN)
    assert gradebook(course.url) == gradebook(theirs.url)
    rows = [line.split() for line in course.autograder("scores", PLAIN).splitlines()[3:]]
    scores = {
        row[0]: [shown.rstrip("*") for shown in row[1:]] for row in rows if row and row[0] in FORMS
    }
    assert scores == {name: ["3", "1.5", "3", "1.5", "9"] for name in FORMS}
    for name in FORMS:
        graded = nbformat.read(course.folder(name) / "first.ipynb", as_version=4)
        assert ("nbgrader_jax_damaged" in graded.metadata) == (name in DAMAGED), name
