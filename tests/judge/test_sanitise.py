"""Nothing that a student makes runs in the browser of whoever opens it."""

from __future__ import annotations

import contextlib
import html
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output, new_raw_cell
from nbgrader.api import Gradebook

from autograder.judge.cells import DAMAGED, PUT_BACK, STOP, STOPS, UNTOUCHED, report_in
from autograder.judge.harmless import Rules, allowed, rendered
from autograder.judge.sanitise import Sanitise, bitmaps, sizes
from autograder.record.outcome import Outcome
from autograder.record.render import MIMETYPE, mimebundle
from autograder.record.report import CheckResult, Report
from tests.support import payloads
from tests.support.browser import browser, fired
from tests.support.course import Course
from tests.support.jupyter import jupyter
from tests.support.lesson import ROOT

# Both for what autograding stores and for what feedback shows.
RULE = '    "autograder.judge.Sanitise",\n'
OUR_FEEDBACK = 'c.GenerateFeedback.exporter_class = "autograder.reports.Feedback"\n'
NEED_FORMGRADER = {"javascript"}
"""Payloads that need jQuery, which is on formgrader's page."""
TINY = "tiny"


def marks(name: str, **more: object) -> dict[str, object]:
    plain = {"grade": False, "locked": False, "solution": False, "task": False}
    return {"nbgrader": {"grade_id": name, "schema_version": 3, **plain, **more}}


def tiny_assignment() -> NotebookNode:
    """One function, one test cell of the kit's, and lesson text with HTML of its own."""
    test = (
        "from autograder import Exercise, student\n"
        'exercise = Exercise("double")\n'
        'exercise.returns("doubles 2", student.double, 2.0, expected=4.0)\n'
        "exercise.report()"
    )
    return new_notebook(
        cells=[
            new_markdown_cell("<details><summary>More</summary>\n\n$a < b$\n\n</details>"),
            new_code_cell(
                "### BEGIN SOLUTION\ndef double(x):\n    return 2 * x\n### END SOLUTION",
                metadata=marks("double", solution=True),
            ),
            new_code_cell(test, metadata=marks("test_double", grade=True, locked=True, points=2)),
        ],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """A course, as shipped, in which one student hands in every payload."""
    root = tmp_path_factory.mktemp("safety") / "course"
    source = root / "source" / TINY
    source.mkdir(parents=True)
    nbformat.write(tiny_assignment(), source / f"{TINY}.ipynb")
    course = Course(root)
    configure(course)
    course.nbgrader("generate_assignment", TINY)
    notebook = nbformat.read(root / "release" / TINY / f"{TINY}.ipynb", as_version=4)
    notebook.cells[1].source = "def double(x):\n    return 2 * x"
    notebook.cells += payloads.cells()
    folder = root / "submitted" / "mallory" / TINY
    folder.mkdir(parents=True)
    nbformat.write(notebook, folder / f"{TINY}.ipynb")
    course.nbgrader("autograde", TINY)
    return course


@pytest.fixture(scope="module")
def shipped(course: Course) -> NotebookNode:
    """The graded notebook, before any test changes the configuration."""
    return graded(course)


def configure(course: Course, *without: str) -> None:
    """Give a course the shipped configuration, or all of it but these lines."""
    text = (ROOT / "nbgrader_config.py").read_text(encoding="utf-8")
    for line in without:
        assert line in text
        text = text.replace(line, "")
    (course.root / "nbgrader_config.py").write_text(text, encoding="utf-8")


def graded(course: Course) -> NotebookNode:
    path = course.root / "autograded" / "mallory" / TINY / f"{TINY}.ipynb"
    return nbformat.read(path, as_version=4)


@contextlib.contextmanager
def formgrader(course: Course) -> Iterator[str]:
    """The real formgrader; gives the address of the only submission in it."""
    home = course.root.parent / "home"
    home.mkdir()
    with jupyter(course.root, home) as server:
        with Gradebook(f"sqlite:///{course.root / 'gradebook.db'}") as gradebook:
            submission = gradebook.find_submission_notebook(TINY, TINY, "mallory").id
        yield f"{server}/formgrader/submissions/{submission}/"


def feedback(course: Course, *options: str) -> str:
    """Write the feedback of the only student; its address."""
    course.nbgrader("generate_feedback", TINY, "--force", *options)
    return (course.root / "feedback" / "mallory" / TINY / f"{TINY}.html").as_uri()


@pytest.mark.slow
def test_honest_work_is_kept(shipped: NotebookNode) -> None:
    cells = shipped.cells
    original = tiny_assignment().cells
    assert cells[0].source == original[0].source  # the lesson's own HTML
    assert "return 2 * x" in cells[1].source
    assert cells[2].outputs[0].data["text/plain"] == "2.0"
    assert "<details>" in cells[0].source
    assert MIMETYPE in cells[2].outputs[0].data
    assert cells[3].source.startswith("from IPython")


@pytest.mark.slow
def test_every_payload_fires_without_the_rule_and_none_with_it(
    course: Course,
    shipped: NotebookNode,  # taken before the course is configured anew
) -> None:
    """In formgrader and in feedback; each of the three rules is enough on its own."""
    with browser() as chromium, formgrader(course) as address:
        page = chromium.new_page()
        configure(course, RULE, OUR_FEEDBACK)
        course.nbgrader("autograde", TINY, "--force")
        assert fired(page, address) == payloads.NAMES
        assert fired(page, feedback(course)) == payloads.NAMES - NEED_FORMGRADER
        configure(course, OUR_FEEDBACK)  # only what feedback shows is sanitised
        assert fired(page, feedback(course)) == set()
        configure(course, RULE)  # only the page's policy is left
        assert fired(page, feedback(course)) == set()
        configure(course)  # what is stored is sanitised
        course.nbgrader("autograde", TINY, "--force")
        assert fired(page, address) == set()
        assert page.locator(".nbgrader_cell").count() == 2  # it is the page that we think it is
        assert fired(page, feedback(course)) == set()
        configure(course, RULE, OUR_FEEDBACK)
        assert fired(page, feedback(course)) == set()


@pytest.mark.slow
def test_the_policy_of_the_page_stops_a_script_by_itself(course: Course, tmp_path: Path) -> None:
    """Were anything overlooked, the browser would still refuse to run it."""
    configure(course)
    text = Path(unquote(urlparse(feedback(course)).path)).read_text(encoding="utf-8")
    script = f"<script>{payloads.log('policy')}</script>"
    policy = re.search(r"<meta content=\"default-src[^>]*>", text)
    assert policy is not None
    with browser() as chromium:
        page = chromium.new_page()
        for kept, expected in ((text, set()), (text.replace(policy[0], ""), {"policy"})):
            planted = tmp_path / "page.html"
            planted.write_text(kept.replace("</header>", script + "</header>"), encoding="utf-8")
            assert fired(page, planted.as_uri()) == expected


# What stays and what goes, without a browser

PNG = "iVBORw0KGgo="


def output(**data: object) -> dict[str, object]:
    """What is left of an output of a student's."""
    bundle = {name.replace("__", "+").replace("_", "/", 1): value for name, value in data.items()}
    (kept,) = outputs([new_output("display_data", bundle)])
    return dict(kept.data)


def outputs(made: list[NotebookNode]) -> list[NotebookNode]:
    """What is left of the outputs of a cell of a student's."""
    cell = new_code_cell("1")
    cell.outputs = made
    return list(left(cell).outputs)


def left(cell: NotebookNode) -> NotebookNode:
    """What is left of a cell of a student's."""
    notebook = new_notebook()
    notebook.cells = [cell]  # not validated: it may be malformed
    (kept,) = Sanitise().preprocess(notebook, {})[0].cells
    return kept


def test_text_latex_and_bitmaps_stay() -> None:
    kept = {"text/plain": "<b>", "text/latex": "$<b>$", "image/png": PNG, "image/jpeg": PNG}
    (shown,) = outputs([new_output("display_data", kept)])
    assert shown.data == kept


@pytest.mark.parametrize(
    "kind",
    ["application/javascript", "image/svg+xml", "text/vnd.mermaid", "application/pdf", MIMETYPE,
     "application/vnd.jupyter.widget-view+json", "application/json"],
)  # fmt: skip
def test_everything_else_goes(kind: str) -> None:
    (shown,) = outputs([new_output("display_data", {kind: "x", "text/plain": "y"})])
    assert shown.data == {"text/plain": "y"}


def test_what_code_says_in_the_kits_words_goes() -> None:
    """A cell can display with any metadata, and in any form, and a kernel can say what it likes."""
    said = dict.fromkeys((DAMAGED, STOPS, STOP, UNTOUCHED, PUT_BACK), "Give 4 of 4.")
    report = Report("loss", (CheckResult("is right", Outcome.PASSED),), 4.0)
    made = new_output("display_data", mimebundle(report), metadata={**said, MIMETYPE: said})
    kept = left(new_code_cell("1", outputs=[made], metadata={"execution": said, PUT_BACK: True}))
    assert kept.metadata == {}
    (shown,) = kept.outputs
    assert (shown.metadata, MIMETYPE in shown.data) == ({}, False)
    assert report_in(kept) is None
    test = new_code_cell("import autograder", outputs=[made], metadata=marks("f", solution=True))
    assert report_in(test) is None  # an answer is no test, whatever it imports


def test_a_data_frame_stays_readable() -> None:
    frame = (
        "<div><style scoped>.dataframe tr {color: red}</style>"
        '<table border="1" class="dataframe"><tr style="text-align: right; position: fixed">'
        "<td>1</td></tr></table></div>"
    )
    assert output(text_html=frame)["text/html"] == (
        '<div><table border="1" class="dataframe"><tbody><tr style="text-align: right;">'
        "<td>1</td></tr></tbody></table></div>"
    )


def test_markdown_output_becomes_html() -> None:
    shown = output(text_markdown="**bold** <script>x</script>")
    assert set(shown) == {"text/html"}
    assert "<strong>bold</strong>" in str(shown["text/html"])
    assert "<script" not in str(shown["text/html"])


def test_malformed_outputs_do_not_stop_the_grading() -> None:
    strange = [
        NotebookNode(output_type="stream", name="stdout", text=5),
        NotebookNode(output_type="error", ename="E", evalue="v", traceback=[None]),
        NotebookNode(output_type="display_data", data={"text/html": {"a": 1}, "image/png": 3}),
    ]
    stream, error, display = outputs(strange)
    assert stream.text == "5"
    assert error.traceback == ["None"]
    assert display.data == {}


def test_sizes_of_images_stay_if_they_are_numbers() -> None:
    metadata = {
        "image/png": {"width": 400, "height": "1 onerror=x", "deep": True},
        "text/html": {"isolated": 1},
        "image/jpeg": "no dict",
    }
    assert sizes(metadata) == {"image/png": {"width": 400}}
    assert sizes(None) == {}


@pytest.mark.parametrize(
    "source",
    [
        "Plain *text* with $a < b$ and `<b>`, a < b.",
        "# Heading\n\n| a | b |\n|---|---|\n| 1 | 2 |",
        "[a link](https://example.org) and <https://example.org>",
        "![a figure](figures/matrix_form.svg)",
        f"![inline](data:image/png;base64,{PNG})",
        "```python\nx < 1\n```",
        "[below](#heading)",
    ],
)
def test_harmless_markdown_is_untouched(source: str) -> None:
    assert Rules().harmless_markdown(source, {}) == source


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("[x](page.html)", "<p><a>x</a></p>"),  # a page of the student's own
        ("[x](/logout)", "<p><a>x</a></p>"),
        ("![x](/logout)", '<p><img alt="x"></p>'),
        ("![x](../../y.png)", '<p><img alt="x"></p>'),
        ("![x](https://example.org/seen.png)", '<p><img alt="x"></p>'),
        ("a <b>b</b> c", "<p>a <b>b</b> c</p>"),
        ("a <button class='full-credit'>b</button>", "&lt;button"),
        ("a <b class='full-credit' id='x'>b</b>", "<b>b</b>"),
        ("a <b>b</b>\n\n```\nc\n\nd\n```", "<code>c&#10;&#10;d&#10;</code>"),
    ],
)
def test_other_markdown_is_replaced_by_its_rendering(source: str, shown: str) -> None:
    made = Rules().harmless_markdown(source, {})
    assert shown in made
    assert "\n" not in made
    assert rendered(made, {}).strip() == made  # Markdown leaves it alone
    assert Rules().harmless_markdown(made, {}) == made


def test_only_bitmaps_may_be_attached() -> None:
    attachments = {
        "a.png": {"image/png": PNG},
        "b.svg": {"image/svg+xml": PNG},
        "c.png": {'image/png" onerror="x': PNG},
        "d.png": {"image/png": '" onerror="x'},
        "e.png": {"image/png": 5},
        "f.png": "no dict",
    }
    assert bitmaps(attachments) == {"a.png": {"image/png": PNG}}
    assert bitmaps(None) == {}
    shown = "![a](attachment:a.png)"
    assert Rules().harmless_markdown(shown, bitmaps(attachments)) == shown


@pytest.mark.parametrize("source", ["![b](attachment:b.svg)", "![b](attachment:b.svg) <b>"])
def test_what_nbconvert_cannot_render_is_shown_as_it_was_typed(source: str) -> None:
    """It raises for a missing attachment, which would lose the whole submission."""
    made = Rules().harmless_markdown(source, {})
    assert made == f"<div><pre>{html.escape(source)}</pre></div>"
    assert output(text_markdown=source)["text/html"] == f"<pre>{html.escape(source)}</pre>"


def test_of_metadata_only_what_nbgrader_needs_is_kept() -> None:
    text = new_markdown_cell("text", metadata={"transient": {"remove_source": True}})
    raw = new_raw_cell("<script>x</script>", metadata={"raw_mimetype": "text/html"})
    notebook = new_notebook(cells=[text, raw], metadata={"widgets": {}, "title": "<script>"})
    shown, _ = Sanitise().preprocess(notebook, {})
    assert shown.metadata == {}
    assert [cell.metadata for cell in shown.cells] == [{}, {}]
    assert shown.cells[1].source == "&lt;script&gt;x&lt;/script&gt;"
    nbformat.validate(shown)


@pytest.mark.parametrize(
    ("tag", "name", "value", "stays"),
    [
        ("a", "href", "HTTPS://example.org", True),
        ("a", "href", "mailto:a@example.org", True),
        ("a", "href", "//example.org", False),
        ("a", "href", "javascript:x", False),
        ("b", "href", "https://example.org", False),
        ("img", "src", "figures/a b.svg", True),
        ("img", "src", "C:/x.png", False),
        ("img", "src", f"data:image/svg+xml;base64,{PNG}", False),
        ("b", "src", "a.png", False),
        ("span", "class", "kn mi", True),
        ("span", "class", "kn btn-success", False),
        ("b", "onclick", "x", False),
        ("td", "colspan", "2", True),
    ],
)
def test_attributes(tag: str, name: str, value: str, stays: bool) -> None:
    assert allowed(tag, name, value) is stays


class TestPicturesOfTheLesson:
    """A cell that reads as the author's has the author's pictures, whatever was handed in."""

    OWN, OTHER = {"a.png": {"image/png": PNG}}, {"a.png": {"image/svg+xml": "PHN2Zz4="}}
    SHOWN = "![a](attachment:a.png)"

    def left(
        self, monkeypatch: pytest.MonkeyPatch, cell: NotebookNode, texts: dict[str, Any]
    ) -> NotebookNode:
        monkeypatch.setattr(Sanitise, "_instructors_texts", lambda *_: texts)
        (kept,) = Sanitise().preprocess(new_notebook(cells=[cell]), {})[0].cells
        return kept

    @pytest.mark.parametrize(
        "came", [{}, OTHER, OWN, {**OWN, **OTHER, "b.png": {"text/html": "x"}}]
    )
    def test_they_are_put_back(self, monkeypatch: pytest.MonkeyPatch, came: dict[str, Any]) -> None:
        cell = new_markdown_cell(self.SHOWN, attachments=came)
        kept = self.left(monkeypatch, cell, {self.SHOWN: self.OWN})
        assert (kept.source, kept.attachments) == (self.SHOWN, self.OWN)
        assert PNG in rendered(kept.source, kept.attachments)

    def test_where_there_was_none_there_is_none(self, monkeypatch: pytest.MonkeyPatch) -> None:
        kept = self.left(
            monkeypatch, new_markdown_cell("text", attachments=self.OTHER), {"text": {}}
        )
        assert "attachments" not in kept

    def test_of_another_locked_cell_only_bitmaps_stay(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        marks = {"nbgrader": {"locked": True, "grade": False, "solution": False, "grade_id": "a"}}
        cell = new_markdown_cell(
            "text", metadata=marks, attachments={**self.OWN, "b.svg": self.OTHER["a.png"]}
        )
        assert self.left(monkeypatch, cell, {}).attachments == self.OWN
