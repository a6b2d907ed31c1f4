"""What is shown of a notebook takes bounded time to make and to show, whatever is in it."""

from __future__ import annotations

import base64
import time
from typing import Any

import pytest
from nbconvert.exporters import HTMLExporter
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output, new_raw_cell

from autograder.judge.cleaning import Cleaner, Text
from autograder.judge.harmless import STYLES, TAGS
from autograder.judge.sanitise import FEWER, MORE, PLAIN, Sanitise, pixels

SECONDS = 0.5  # the default is 5
PATIENCE = 60.0  # a safety net: each of these took minutes
MISNESTED = "".join(f"<b title={n}>" for n in range(20_000)) + "<p>x" * 20_000
SLOW_MARKDOWN = "<style" * 15_000


def output(kind: str, text: str, **more: str) -> NotebookNode:
    return new_output("display_data", {kind: text, **more})


def sanitised(*cells: NotebookNode, **settings: Any) -> list[NotebookNode]:
    """What is left of these cells, within the time that they may take."""
    started = time.monotonic()
    kept, _ = Sanitise(**{"timeout": SECONDS, **settings}).preprocess(
        new_notebook(cells=[*cells]), {}
    )
    assert time.monotonic() - started < PATIENCE
    return list(kept.cells)


@pytest.mark.parametrize("kind", ["text/html", "text/markdown"])
def test_an_output_that_takes_too_long_is_plain_text(kind: str) -> None:
    nasty, good = (
        output(kind, MISNESTED[:90_000], **{"text/plain": "<b>"}),
        output(kind, "<i>i</i>"),
    )
    (cell,) = sanitised(new_code_cell("1", outputs=[nasty, good]))
    assert cell.outputs[0].data["text/html"] == f"<div><p>{PLAIN}</p><pre>&lt;b&gt;</pre></div>"
    assert "<i>i</i>" in cell.outputs[1].data["text/html"]  # the shorter ones come first


def test_one_that_is_too_long_is_not_even_tried() -> None:
    (cell,) = sanitised(new_code_cell("1", outputs=[output("text/html", MISNESTED)]), timeout=1e9)
    shown = cell.outputs[0].data["text/html"]
    assert shown.startswith(f"<div><p>{PLAIN}</p><pre>&lt;b title=0&gt;")
    assert len(shown) < 2_000_000


@pytest.mark.parametrize("make", [new_markdown_cell, new_raw_cell])
def test_a_text_that_takes_too_long_is_shown_as_it_was_typed(make: Any) -> None:
    nasty, good = sanitised(make(MISNESTED[:90_000]), new_markdown_cell("a <b>b</b>"))
    assert nasty.source.startswith(f"<div><p>{PLAIN}</p><pre>&lt;b title=0&gt;&lt;b title=1&gt;")
    assert "\n" not in nasty.source
    assert good.source == "<div><p>a <b>b</b></p></div>"


def test_the_next_notebook_is_as_ever() -> None:
    sanitised(new_markdown_cell(SLOW_MARKDOWN))
    (cell,) = sanitised(new_markdown_cell("a <b>b</b>"), new_markdown_cell("c"))[:1]
    assert cell.source == "<div><p>a <b>b</b></p></div>"


class TestLengths:
    def test_texts(self) -> None:
        made = [
            new_output("stream", name="stdout", text="x" * 1_000),
            new_output("error", ename="E", evalue="v" * 1_000, traceback=["t" * 1_000] * 3),
            output("text/plain", "p" * 1_000, **{"text/latex": "l" * 1_000}),
        ]
        code, text = sanitised(
            new_code_cell("1" * 1_000, outputs=made), new_markdown_cell("m" * 1_000), max_text=100
        )
        stream, error, data = code.outputs
        texts = [code.source, stream.text, error.evalue, *error.traceback, *data.data.values()]
        assert all(shown.endswith(MORE) and len(shown) == 100 for shown in [*texts, text.source])

    def test_all_together(self) -> None:
        made = [new_output("stream", name="stdout", text="x" * 1_000) for _ in range(50)]
        (cell,) = sanitised(new_code_cell("1", outputs=made), max_notebook=10_000)
        assert 10_000 <= sum(len(shown.text) for shown in cell.outputs) < 10_000 + 50 * len(MORE)

    def test_how_many(self) -> None:
        made = [new_output("stream", name="stdout", text="x") for _ in range(1_000)]
        (cell,) = sanitised(new_code_cell("1", outputs=made))
        assert len(cell.outputs) == 201
        assert cell.outputs[-1].text == FEWER.format(800)

    def test_colours(self) -> None:
        few, many = "\x1b[31mx\x1b[0m" * 100, "\x1b[31mx" * 2_000
        made = [
            new_output("stream", name="stdout", text=text) for text in (few, many, "\x1b[" * 5_000)
        ]
        (cell,) = sanitised(new_code_cell("1", outputs=made))
        assert [shown.text for shown in cell.outputs] == [few, "x" * 2_000, ""]

    def test_pictures(self) -> None:
        def png(width: int, height: int) -> str:
            head = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + width.to_bytes(4, "big")
            return base64.b64encode(head + height.to_bytes(4, "big") + b"\x08\0\0\0\0").decode()

        assert (pixels(png(640, 480)), pixels("no png"), pixels("A")) == (307_200, 0, 0)
        made = [output("image/png", png(640, 480)), output("image/png", png(60_000, 60_000))]
        (cell,) = sanitised(new_code_cell("1", outputs=made))
        assert [list(shown.data) for shown in cell.outputs] == [["image/png"], []]

    def test_a_second_time_changes_nothing(self) -> None:
        """Feedback sanitises what autograding has stored."""
        made = [output("text/html", MISNESTED, **{"text/plain": "p" * 200_000})]
        once = sanitised(new_code_cell("1" * 200_000, outputs=made))
        assert sanitised(*once)[0].source == once[0].source

    def test_what_the_author_wrote_stays(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(Sanitise, "_instructors_texts", lambda *_: {"1" * 200_000: {}})
        (cell,) = sanitised(new_code_cell("1" * 200_000))
        assert len(cell.source) == 200_000


class TestTheProcess:
    def clean(self, cleaner: Cleaner, *texts: Text, seconds: float = 5.0) -> list[str | None]:
        return cleaner.clean(texts, seconds, TAGS, STYLES)

    def test_it_is_shared_and_replaced(self) -> None:
        cleaner = Cleaner()
        try:
            assert self.clean(cleaner) == []
            assert cleaner._process is None  # nothing to do, nothing started
            assert self.clean(cleaner, ("html", "<b>é</b>", {})) == ["<b>é</b>"]
            first = cleaner._process
            assert self.clean(cleaner, ("html", MISNESTED, {}), seconds=0.2) == [None]
            assert self.clean(cleaner, ("html", "<b>", {})) == ["<b></b>"]
            assert cleaner._process is not first
        finally:
            cleaner.close()

    def test_time_that_one_notebook_left_is_not_the_next_ones(self) -> None:
        cleaner = Cleaner()
        try:
            for _ in range(3):
                assert self.clean(cleaner, ("html", "<b>", {}), seconds=0.3) == ["<b></b>"]
        finally:
            cleaner.close()

    def test_one_that_ended_between_two_notebooks_is_replaced(self) -> None:
        cleaner = Cleaner()
        try:
            self.clean(cleaner, ("html", "<b>", {}))
            assert cleaner._process is not None
            cleaner._process.kill()
            cleaner._process.wait()
            assert self.clean(cleaner, ("html", "<b>", {})) == ["<b></b>"]
        finally:
            cleaner.close()

    def test_what_it_cannot_do_is_none(self) -> None:
        cleaner = Cleaner()
        try:
            no_text: Any = ["<b>"]
            assert self.clean(cleaner, ("html", no_text, {}), ("html", "b", {})) == [None, "b"]
        finally:
            cleaner.close()


@pytest.mark.slow
@pytest.mark.parametrize(
    "cell",
    [
        new_markdown_cell("[" * 90_000),
        new_markdown_cell("> " * 40_000),
        new_markdown_cell("**a*" * 20_000),
        new_markdown_cell(r"\begin{a}" * 10_000),
        new_markdown_cell("<style" * 15_000),
        new_markdown_cell("a <b>" + "[" * 90_000),
        new_code_cell("a = !" * 400_000),
        new_code_cell("1", outputs=[new_output("stream", text="\x1b[31mx" * 500_000)]),
        new_code_cell("1", outputs=[new_output("stream", text="x") for _ in range(50_000)]),
        new_code_cell("1", outputs=[output("text/html", MISNESTED)]),
        new_code_cell("1", outputs=[output("text/plain", "x" * 30_000_000)]),
    ],
)
def test_what_is_left_is_shown_in_bounded_time(cell: NotebookNode) -> None:
    """By nbconvert's own templates, as formgrader does."""
    kept, _ = Sanitise(timeout=2.0).preprocess(new_notebook(cells=[cell]), {})
    started = time.process_time()
    HTMLExporter(template_name="classic").from_notebook_node(kept)
    assert time.process_time() - started < 20
