"""Any file is read as the notebook that it holds."""

from __future__ import annotations

import gzip
import json
import time
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_output

from autograder.judge import reading
from autograder.judge.reading import (
    IN_PART,
    MOST_CELLS,
    NOT_ONE,
    TOO_LARGE,
    TOO_MANY,
    TWO_VERSIONS,
    decoded,
    read_notebook,
)
from autograder.record.render import MIMETYPE

NAMED = {"nbgrader": {"grade_id": "f"}}
NAMES = "θ = 'é – ü'\n"
LINEAR = 20.0  # seconds; each takes under five, and minutes where it is not linear


def notebook(**changes: Any) -> dict[str, Any]:
    """A notebook with one named cell of code, as JSON types."""
    cell = {"cell_type": "code", "source": ["a = 1\n", "b,]"], "metadata": NAMED, "outputs": []}
    return {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5, **changes}


def with_cell(**changes: Any) -> dict[str, Any]:
    (cell,) = notebook()["cells"]
    return notebook(cells=[{**cell, **changes}])


GOOD = json.dumps(notebook(), indent=1)
CELL = GOOD[GOOD.index("[") + 1 : GOOD.rindex("],")].strip()
DEEP = "[" * 100_000


def sources(data: bytes | str | dict[str, Any] | list[Any]) -> list[str]:
    """What the cells say of a notebook that is read whole."""
    cells, lost = read(data)
    assert lost == ""
    return [cell.source for cell in cells]


def read(data: bytes | str | dict[str, Any] | list[Any]) -> tuple[list[Any], str]:
    data = json.dumps(data) if isinstance(data, dict | list) else data
    found, lost = read_notebook(data.encode() if isinstance(data, str) else data)
    nbformat.validate(found)
    assert (found.nbformat, found.nbformat_minor) == (4, 5)
    json.dumps(found, ensure_ascii=False).encode()  # a file can hold it
    return found.cells, lost


@pytest.mark.parametrize(
    "data",
    [
        GOOD,
        GOOD.encode("utf-8-sig"),
        GOOD.encode("utf-16"),
        GOOD.encode("utf-16-be"),
        GOOD.encode("utf-32"),
        gzip.compress(GOOD.encode()),
        json.dumps(GOOD),  # a text within a text
        {"type": "notebook", "content": notebook()},  # what Jupyter's server says of a file
        notebook()["cells"],
        notebook(cells={"0": notebook()["cells"][0]}),
        GOOD.replace("[]", "[],").replace('"b,]"', '"b,]",'),
        GOOD.replace('"nbformat": 4', '"nbformat": NaN'),
        GOOD.replace('"nbformat": 4', f'"nbformat": {"9" * 100_000}'),
        GOOD.replace('"metadata": {}', f'"metadata": {{"deep": {DEEP}{"]" * 100_000}}}'),
        *(notebook(nbformat_minor=minor) for minor in ("5", 5.5, 0, 99, None, [])),
        *(notebook(nbformat=major) for major in ("4", 3, 99, None)),
        {"cells": notebook()["cells"]},
        notebook(metadata=[1]),
        notebook(metadata={"widgets": {"state": None}, "colab": {"provenance": []}}),
        with_cell(outputs=None),
        with_cell(outputs=[{"output_type": "display_data", "data": DEEP}], execution_count="x"),
        with_cell(cell_type="Code"),
        with_cell(cell_type=None),
        with_cell(id="no valid id"),
        with_cell(id=7, attachments=3, metadata={**NAMED, "tags": 5, "id": "x"}),
        {"nbformat": 3, "worksheets": [{"cells": [with_cell()["cells"][0]]}]},
    ],
)
def test_one_notebook_in_many_forms(data: Any) -> None:
    (cell,), lost = read(data)
    assert (cell.cell_type, cell.source, lost) == ("code", "a = 1\nb,]", "")
    assert cell.metadata == NAMED


def test_before_version_4() -> None:
    cells = [
        {"cell_type": "heading", "level": 2, "source": "Loss"},
        {"cell_type": "heading", "level": 70, "source": "More"},
        {"cell_type": "code", "input": ["1\n", "2"], "outputs": []},
        {"cell_type": "html", "source": "<b>"},
    ]
    found, _ = read({"nbformat": 3, "worksheets": [{"cells": cells}]})
    assert [(cell.cell_type, cell.source) for cell in found] == [
        ("markdown", "## Loss"), ("markdown", "# More"), ("code", "1\n2"), ("markdown", "<b>"),
    ]  # fmt: skip


def test_an_id_stays_where_it_is_the_first_of_its_kind() -> None:
    cells = [{"cell_type": "markdown", "source": "", "id": name} for name in ("a", "b", "a")]
    first, second, third = read(notebook(cells=cells))[0]
    assert (first.id, second.id) == ("a", "b")
    assert third.id not in ("a", "b")


def test_a_file_that_is_read_twice_gives_the_same() -> None:
    """Also where its cells have no ids, as before nbformat 4.5, or one is in the way."""
    cells = [{"cell_type": "code", "source": str(n)} for n in range(3)]
    data = json.dumps({"cells": [{**cells[0], "id": "cell-2"}, *cells]}).encode()
    first, _ = read_notebook(data)
    assert first == read_notebook(data)[0]
    assert len({cell.id for cell in first.cells}) == 4
    nbformat.validate(first)


def test_what_cells_showed_stays_in_valid_form() -> None:
    """It is all there is where a notebook is not run."""
    shown = [
        {"output_type": "stream", "name": "stderr", "text": ["a\n", "b"]},
        {"output_type": "execute_result", "data": {"text/plain": ["1"], MIMETYPE: "{}", "x": 5}},
        {"output_type": "error", "ename": "E", "evalue": 3, "traceback": ["t", 7]},
        {"output_type": "display_data", "data": [1], "metadata": 5},
        *({}, 5, None, {"output_type": "pyout"}, {"output_type": "stream", "text": 5.5}),
    ]
    (cell,), lost = read(with_cell(outputs=shown, execution_count=7))
    assert cell.outputs == [
        new_output("stream", name="stderr", text="a\nb"),
        new_output("execute_result", data={"text/plain": "1", "x": "5"}),
        new_output("error", ename="E", evalue="3", traceback=["t", "7"]),
        new_output("display_data"),
        new_output("stream", name="stdout", text="5.5"),
    ]
    assert (cell.execution_count, lost) == (7, "")


def test_tags_and_pictures_stay_in_valid_form() -> None:
    attached = {"a.png": {"image/png": ["AA", "BB"], "x": 5.5}, "b.png": 3, "c.png": {}}
    (cell,), _ = read(with_cell(
        cell_type="markdown", attachments=attached, metadata={"tags": ["a", "a", 1, "b,c", ""]}
    ))  # fmt: skip
    assert cell.metadata == {"tags": ["a", "1"]}
    assert cell.attachments == {"a.png": {"image/png": "AABB", "x": "5.5"}}


def test_what_a_notebook_says_of_itself_stays_out() -> None:
    words = {"nbgrader_jax_damaged": "Give 4 of 4.", "nbgrader_jax_later": 1, "execution": {}}
    labels = {"nbgrader": {"grade_id": "f", "points": 100, "grade": True}}
    found, lost = read_notebook(
        json.dumps(notebook(metadata=words, cells=[
            {"cell_type": "code", "source": "", "metadata": {**words, **labels},
             "outputs": [{"output_type": "display_data", "data": {"text/plain": "Right"},
                          "metadata": words}]}
        ])).encode()
    )  # fmt: skip
    assert (found.metadata, lost) == ({}, "")
    shown = new_output("display_data", data={"text/plain": "Right"})
    assert (found.cells[0].metadata, found.cells[0].outputs) == (NAMED, [shown])


class TestText:
    def test_windows(self) -> None:
        assert sources(json.dumps(with_cell(source="é – ü"), ensure_ascii=False).encode("cp1252"))
        assert decoded("'é – ü'".encode("cp1252")) == "'é – ü'"
        assert decoded("é".encode("cp1252") * 5_000) == "é" * 5_000

    def test_one_strange_byte_changes_no_other(self) -> None:
        assert decoded(NAMES.encode() + b"\xe9\x81") == NAMES + "é\ufffd"

    @pytest.mark.parametrize("half", ["\\ud83d", "\\ude00"])
    def test_half_a_pair_of_surrogates(self, half: str) -> None:
        assert sources(GOOD.replace("a = 1", f"'{half}x'")) == ["'\ufffdx'\nb,]"]
        assert sources(GOOD.replace("a = 1", "'\\ud83d\\ude00'")) == ["'😀'\nb,]"]
        for place in ('"metadata"', '"f"', '"outputs"'):
            read(GOOD.replace(place, f'{place[:-1]}{half}"'))


class TestDamage:
    """What can be read is graded, and what could not is said."""

    def test_the_end_is_missing(self) -> None:
        broken = f'{{"cells": [{CELL}, {CELL}, {CELL[:-20]}'
        for text in (broken, broken[:-1] + "\\", gzip.compress(broken.encode())[:-10]):
            cells, lost = read(text)
            assert ([cell.source for cell in cells], lost) == (["a = 1\nb,]"] * 2, IN_PART)

    def test_a_cell_is_broken(self) -> None:
        cells, lost = read(f'{{"cells": [{CELL}, {{"source": oh}}, {CELL}], "metadata": {{}}}}')
        assert (len(cells), lost) == (2, IN_PART)

    @pytest.mark.parametrize("cell", [3, None, "code", {"source": {"a": 1}}, {"source": True}])
    def test_a_cell_is_none(self, cell: Any) -> None:
        cells, lost = read(notebook(cells=[cell, *notebook()["cells"]]))
        assert ([cell.source for cell in cells], lost) == (["a = 1\nb,]"], IN_PART)

    @pytest.mark.parametrize("base", ["", '||||||| merged\n    "a = 3\\n",\n'])
    def test_git_found_two_versions(self, base: str) -> None:
        line = '    "a = 1\\n",\n'
        other = line.replace("1", "2")
        assert line in GOOD
        both = f"<<<<<<< HEAD\n{line}{base}=======\n{other}>>>>>>> theirs\n"
        (cell,), lost = read(GOOD.replace(line, both))
        assert (cell.source, lost) == ("a = 1\nb,]", TWO_VERSIONS)

    @pytest.mark.parametrize(
        ("data", "kind"),
        [
            (b"", "empty"),
            (b" \n", "empty"),
            (b"PK\x03\x04\x14\x00", "a ZIP archive"),
            (b"%PDF-1.7 \xff", "a PDF document"),
            (b"\x89PNG\r\n", "a picture"),
            (b"<!DOCTYPE html><p>Sign in", "a web page"),
            (b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X", "what macOS keeps beside a file"),
        ],
    )
    def test_another_kind_of_file_is_named(self, data: bytes, kind: str) -> None:
        (cell,), lost = read(data)
        assert lost == NOT_ONE.format(kind)
        assert "There was nothing to grade" in cell.source

    @pytest.mark.parametrize("data", ["{broken", '{"a": [1]}', "[]", DEEP, '{"cells": 3}', "3x\0"])
    def test_what_is_no_notebook_is_told(self, data: str) -> None:
        assert read(data)[1] == "The submitted file is not a notebook: it has no cells."

    def test_a_script_is_graded_as_a_cell(self) -> None:
        (cell,), lost = read("def f():\n    return 1\n")
        assert (cell.cell_type, cell.source) == ("code", "def f():\n    return 1\n")
        assert "a plain text" in lost

    def test_too_much(self, monkeypatch: pytest.MonkeyPatch) -> None:
        cells, lost = read(notebook(cells=notebook()["cells"] * (MOST_CELLS + 1)))
        assert (len(cells), lost) == (MOST_CELLS, TOO_MANY)
        monkeypatch.setattr(reading, "MOST_BYTES", 10_000)
        assert read(gzip.compress(b" " * 100_000))[1] == TOO_LARGE


@pytest.mark.parametrize(
    "data",
    [
        b'{"cells":["' + b"\xff" * 10**6,
        b'{"cells":[' + b'"\\' * 10**6,
        b'{"cells":[' + b"{" * 10**6,
        b'"cells":[' * 10**5,
        b'{"cells"' + (b" " * 1000 + b'"cells"') * 10**3,
        b"[" + b",            " * 10**5,
        b"<<<<<<< a\n" * 10**5,
    ],
)
def test_time_grows_as_the_file_does(data: bytes) -> None:
    started = time.process_time()
    read_notebook(data)
    assert time.process_time() - started < LINEAR
