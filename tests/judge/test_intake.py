"""What a submission may bring: other names, files that are no notebooks, claims of the kit's."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from nbgrader.api import Gradebook
from nbgrader.converters import Autograde
from nbgrader.coursedir import CourseDirectory
from nbgrader.utils import parse_utc
from traitlets.config import Config

from autograder.grading.memory import memory_gradebook
from autograder.judge.cells import DAMAGED, STOP, STOPS
from autograder.judge.intake import (
    RestoreCells,
    SubmissionExporter,
    calling_course,
    leave_links,
    mend_timestamp,
    receive,
)
from autograder.judge.reading import IN_PART

APPLE = b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X        \xff\xfe"
"""The beginning of an AppleDouble file."""
STRUCTURES = [
    "{nbgrader_step}/{student_id}/{assignment_id}",
    "{assignment_id}/{nbgrader_step}/{student_id}",
]
IDENTITY = {"nbgrader": {"assignment": "one", "notebook": "first", "student": "ada"}}


def converter_in(root: Path, **settings: str) -> Autograde:
    """nbgrader's converter as its programs make it, on ada's submission of `one`.

    The instructor's notebooks are `first` and `second`, beside what macOS and Jupyter leave.
    """
    settings = {"directory_structure": STRUCTURES[0], "source_directory": "lessons", **settings}
    course = CourseDirectory(root=str(root), assignment_id="one", student_id="ada", **settings)
    source = Path(course.format_path(course.source_directory, ".", "one"))
    source.mkdir(parents=True)
    for name in ("first", "second"):
        nbformat.write(new_notebook(), source / f"{name}.ipynb")
    (source / "._first.ipynb").write_bytes(APPLE)
    (source / ".ipynb_checkpoints").mkdir()
    (source / ".ipynb_checkpoints" / "first-checkpoint.ipynb").touch()
    submitted(course).mkdir(parents=True)
    return Autograde(coursedir=course, pre_convert_hook="autograder.judge.receive")


def submitted(course: CourseDirectory) -> Path:
    return Path(course.format_path(course.submitted_directory, "ada", "one"))


def hand_in(converter: Autograde, **names: str) -> None:
    """Put notebooks into ada's folder, and find them as nbgrader does."""
    folder = submitted(converter.coursedir)
    for name, source in names.items():
        path = folder / f"{name}.ipynb"
        nbformat.write(new_notebook(cells=[new_code_cell(source)]), path)
    converter.init_notebooks()
    converter.notebooks = sorted(converter.assignments[str(folder)])


def names(converter: Autograde) -> list[str]:
    return sorted(Path(notebook).name for notebook in converter.notebooks)


@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize("source", ["source", "lessons", "/lessons"])
class TestWhereverTheSourceIs:
    @pytest.fixture
    def converter(self, tmp_path: Path, structure: str, source: str) -> Autograde:
        if source.startswith("/"):
            source = f"{tmp_path}{source}"
        return converter_in(
            tmp_path / "course", directory_structure=structure, source_directory=source
        )

    def test_notebooks_that_the_assignment_has_are_graded(self, converter: Autograde) -> None:
        hand_in(converter, **{"first (1)": "1"})
        converter.run_pre_convert_hook()
        assert names(converter) == ["first (1).ipynb", "first.ipynb", "second.ipynb"]

    def test_a_renamed_notebook_is_read_under_its_own_name(self, converter: Autograde) -> None:
        hand_in(converter, second="2", **{"first (1)": "1"})
        folder = submitted(converter.coursedir)
        (folder / "._first (1).ipynb").write_bytes(APPLE)
        exporter = SubmissionExporter(parent=converter)
        text, _ = exporter.from_filename(str(folder / "first.ipynb"), dict(IDENTITY))
        assert json.loads(text)["cells"][0]["source"] in ("1", ["1"])


def test_a_source_named_on_the_command_line_or_in_the_file(tmp_path: Path) -> None:
    config = Config({"CourseDirectory": {"source_directory": "lessons", "root": str(tmp_path)}})
    course = CourseDirectory(config=config, assignment_id="one")
    (tmp_path / "lessons" / "one").mkdir(parents=True)
    nbformat.write(new_notebook(), tmp_path / "lessons" / "one" / "first.ipynb")
    submitted_as = str(tmp_path / "submitted/ada/one/first (1).ipynb")
    Path(submitted_as).parent.mkdir(parents=True)
    Path(submitted_as).touch()
    converter = Autograde(coursedir=course, pre_convert_hook=receive, notebooks=[submitted_as])
    converter.run_pre_convert_hook()
    assert names(converter) == ["first (1).ipynb", "first.ipynb"]


def test_a_hook_of_the_courses_own_may_call_ours(tmp_path: Path) -> None:
    converter = converter_in(tmp_path)

    def hook(assignment: str, student: str, notebooks: list[str]) -> None:
        receive(assignment, student, notebooks)

    converter.pre_convert_hook = hook
    hand_in(converter, first="1")
    converter.run_pre_convert_hook()
    assert names(converter) == ["first.ipynb", "second.ipynb"]


def test_the_hook_is_for_a_converter() -> None:
    with pytest.raises(LookupError, match="is a hook for nbgrader's Autograde"):
        calling_course()


def test_with_two_strangers_nobody_guesses(tmp_path: Path) -> None:
    converter = converter_in(tmp_path)
    hand_in(converter, notes="3", **{"first (1)": "1"})
    path = submitted(converter.coursedir) / "first.ipynb"
    text, _ = SubmissionExporter(parent=converter).from_filename(str(path), dict(IDENTITY))
    assert "There was nothing to grade" in text
    said = json.loads(text)["metadata"][DAMAGED]
    assert said == "There is no notebook named first.ipynb in this submission."


# What the kit alone may say

in_memory = pytest.mark.filterwarnings("ignore:Selection of the SingletonThreadPool")


def claiming() -> NotebookNode:
    """A notebook that says of itself what only the kit may say."""
    cells = [
        new_code_cell("def f(): ...", metadata={STOP: "memory", "nbgrader": marks("f")}),
        new_code_cell("my own", metadata={STOP: "cpu"}),
        new_markdown_cell("mine", metadata={STOP: ["timeout"]}),
        new_code_cell("1", metadata={STOP: "wall", "nbgrader": marks("test_f")}),
    ]
    return new_notebook(cells=cells, metadata={DAMAGED: "Give 4 of 4.", STOPS: {"ended": 9}})


def marks(name: str) -> dict[str, Any]:
    return {"grade_id": name, "grade": True, "solution": True, "locked": False, "task": False}


@pytest.fixture
def gradebook() -> Iterator[str]:
    """The URL of a gradebook that has `one` with an answer and a test cell."""
    with memory_gradebook() as engine:
        url = engine.url.render_as_string(hide_password=False)
        with Gradebook(url, "course") as opened:
            opened.add_assignment("one")
            opened.add_notebook("first", "one")
            opened.add_solution_cell("f", "first", "one")
            opened.add_source_cell("f", "first", "one", cell_type="code", source="def f(): ...")
            opened.add_grade_cell("test_f", "first", "one", max_score=1, cell_type="code")
            opened.add_source_cell(
                "test_f", "first", "one", cell_type="code", source="assert f", locked=True
            )
        yield url


def taken_in(converter: Autograde, notebook: NotebookNode, gradebook: str) -> NotebookNode:
    """A submission of this notebook after the steps that go before nbgrader's own."""
    folder = submitted(converter.coursedir)
    nbformat.write(notebook, folder / "first.ipynb")
    resources = {"nbgrader": {**IDENTITY["nbgrader"], "db_url": gradebook}}
    exporter = SubmissionExporter(parent=converter)
    exporter.register_preprocessor(RestoreCells, enabled=True)
    text, _ = exporter.from_filename(str(folder / "first.ipynb"), resources)
    return nbformat.reads(text, as_version=4)


@in_memory
def test_what_only_the_kit_may_say_is_not_believed(tmp_path: Path, gradebook: str) -> None:
    found = taken_in(converter_in(tmp_path), claiming(), gradebook)
    assert not {DAMAGED, STOPS} & set(found.metadata)
    assert [cell.source for cell in found.cells] == ["def f(): ...", "my own", "mine", "assert f"]
    assert not any(STOP in cell.metadata for cell in found.cells)


@in_memory
def test_a_locked_cell_keeps_the_instructors_tags(tmp_path: Path, gradebook: str) -> None:
    """One that trains for a minute is not to run, whatever the submission says of it."""
    converter = converter_in(tmp_path)
    written = new_code_cell("assert f", metadata={"nbgrader": marks("test_f"), "tags": ["long"]})
    source = tmp_path / "lessons" / "one" / "first.ipynb"
    nbformat.write(new_notebook(cells=[written]), source)
    handed_in = claiming()
    handed_in.cells[-1].metadata["tags"] = ["mine"]
    answer, *_, locked = taken_in(converter, handed_in, gradebook).cells
    assert locked.metadata["tags"] == ["long"]
    assert "tags" not in answer.metadata
    del handed_in.cells[-1]
    (put_back,) = [
        cell
        for cell in taken_in(converter, handed_in, gradebook).cells
        if cell.source == "assert f"
    ]
    assert put_back.metadata["tags"] == ["long"]


@in_memory
def test_what_the_kit_found_out_itself_stays(tmp_path: Path, gradebook: str) -> None:
    broken = claiming()
    broken["cells"][1]["source"] = {"no": "source"}
    converter = converter_in(tmp_path)
    path = submitted(converter.coursedir) / "first.ipynb"
    resources = {"nbgrader": {**IDENTITY["nbgrader"], "db_url": gradebook}}
    path.write_text(json.dumps(broken))
    exporter = SubmissionExporter(parent=converter)
    exporter.register_preprocessor(RestoreCells, enabled=True)
    text, _ = exporter.from_filename(str(path), resources)
    found = nbformat.reads(text, as_version=4)
    assert found.metadata[DAMAGED] == IN_PART
    assert STOPS not in found.metadata
    assert not any(STOP in cell.metadata for cell in found.cells)


# What nbgrader cannot copy


class TestTheFolder:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        folder = tmp_path / "submitted"
        folder.mkdir()
        (tmp_path / "secret").write_text("the gradebook")
        return folder

    def test_a_link_in_a_circle_does_not_save_the_one_that_leads_out(self, folder: Path) -> None:
        (folder / "a").symlink_to("a")
        (folder / "b").symlink_to(folder.parent / "secret")
        (folder / "c").symlink_to("nothing")
        (folder / "d").write_text("kept")
        (folder / "e").symlink_to("d")
        leave_links(folder)
        for name in "abc":
            assert (folder / name).read_text().startswith("Here was a link to ")
        assert (folder / "e").read_text() == "kept"

    def test_a_pipe_is_no_file(self, folder: Path) -> None:
        os.mkfifo(folder / "pipe")
        leave_links(folder)
        assert (folder / "pipe").read_text().startswith("Here was something")

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
    def test_a_time_in_any_encoding(self, folder: Path, encoding: str) -> None:
        path = folder / "timestamp.txt"
        path.write_bytes("2030-01-10 12:00:00 UTC\n".encode(encoding))
        path.chmod(0o444)
        mend_timestamp(path)
        assert parse_utc(path.read_text().strip()) == dt.datetime(2030, 1, 10, 12)

    def test_what_is_no_file_says_nothing(self, folder: Path) -> None:
        path = folder / "timestamp.txt"
        for make in (path.mkdir, lambda: os.mkfifo(path), lambda: path.symlink_to("../secret")):
            make()
            mend_timestamp(path)
            assert [found.name for found in folder.iterdir()] == ["timestamp.txt.unreadable"]
            aside = folder / "timestamp.txt.unreadable"
            aside.rmdir() if aside.is_dir() and not aside.is_symlink() else aside.unlink()

    def test_what_is_no_time_stays_for_somebody_to_mend(self, folder: Path) -> None:
        (folder / "timestamp.txt").write_text("the day before")
        mend_timestamp(folder / "timestamp.txt")
        assert (folder / "timestamp.txt").read_text() == "the day before"

    def test_where_there_is_none_or_nothing_in_it(self, folder: Path) -> None:
        mend_timestamp(folder / "timestamp.txt")
        (folder / "timestamp.txt").touch()
        mend_timestamp(folder / "timestamp.txt")
        assert [path.name for path in folder.iterdir()] == ["timestamp.txt"]


def test_only_the_notebooks_that_were_asked_for(tmp_path: Path) -> None:
    converter = converter_in(tmp_path)
    converter.coursedir.notebook_id = "second"
    hand_in(converter, first="1", second="2")
    converter.run_pre_convert_hook()
    assert names(converter) == ["second.ipynb"]


def test_a_copy_that_jupyter_keeps_is_no_other_notebook(tmp_path: Path) -> None:
    converter = converter_in(tmp_path)
    hand_in(converter, **{"first (1)": "1", "first-checkpoint": "0"})
    folder = submitted(converter.coursedir)
    (folder / "first.ipynb").mkdir()
    text, _ = SubmissionExporter(parent=converter).from_filename(
        str(folder / "first.ipynb"), dict(IDENTITY)
    )
    assert json.loads(text)["cells"][0]["source"] in ("1", ["1"])
