"""An instructor's way from the source to marks: formgrader in a real browser, and its buttons."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterator
from typing import Literal

import pytest
from nbformat import NotebookNode
from playwright.sync_api import Page, expect

from tests.support import payloads
from tests.support.browser import browser, inaccessible, watched
from tests.support.course import Course
from tests.support.formgrader import AUTOGRADE, FEEDBACK, GENERATE, Formgrader
from tests.support.jupyter import jupyter
from tests.support.lab import patient
from tests.support.lesson import ASSIGNMENT, ROOT, cell_named

pytestmark = pytest.mark.slow

ESSAY = "Only the term with log(1 - p) is left, and it grows without bound."
COMMENT = "Well said. **Why** is it a better guide?"
AVERAGED = cell_named("logistic_loss").source.replace("jnp.sum", "jnp.mean")
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
MISTAKE = "It looks as if the loss is averaged over the points. Here it is summed."


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """What an instructor starts from: the source and the configuration."""
    root = tmp_path_factory.mktemp("instructor") / "course"
    shutil.copytree(ROOT / "source" / ASSIGNMENT, root / "source" / ASSIGNMENT)
    shutil.copy(ROOT / "nbgrader_config.py", root)
    return Course(root)


@pytest.fixture
def page(course: Course) -> Iterator[Page]:
    """A browser window; addresses in it are those of the instructor's server."""
    home = course.root.parent / "home"
    home.mkdir()
    with browser() as chromium, jupyter(course.root, home) as server:
        yield patient(chromium.new_page(base_url=server, viewport={"width": 1600, "height": 1000}))


def honest(course: Course) -> NotebookNode:
    """The loss is averaged, the written question is answered."""
    released = course.released()
    notebook = course.filled_in(logistic_loss=AVERAGED)
    at = next(n for n, cell in enumerate(notebook.cells) if cell.id == "loss-discussion")
    essay = next(cell for cell in released.cells if cell.id == "loss-answer")
    essay.source = ESSAY
    notebook.cells.insert(at + 1, essay)
    return notebook


def hostile(course: Course) -> NotebookNode:
    """Right, with every script that a notebook can carry."""
    notebook = course.filled_in()
    notebook.cells += payloads.cells()
    return notebook


def test_generates_autogrades_reads_marks_and_exports(course: Course, page: Page) -> None:
    formgrader = Formgrader.open(page)
    fired = watched(page)
    assert "Successfully created" in formgrader.press(GENERATE, ASSIGNMENT)
    course.submit("coral", honest(course))
    course.submit("mallory", hostile(course))

    # Autograde: the button, which does not pass through the kit's command.
    formgrader = Formgrader.open(page)
    formgrader.go("2")
    for student in ("coral", "mallory"):
        assert "Successfully autograded" in formgrader.press(AUTOGRADE, student)
        expect(formgrader.row(student)).to_contain_text("needs manual grading")
    course.expect("mallory")
    course.expect("coral", test_logistic_loss=3)

    # A submission: score and reasons in place, the written answer under its marking scheme.
    formgrader.read("coral")
    shown = formgrader.frame.locator("body")
    expect(formgrader.frame.locator("#test_logistic_loss")).to_have_attribute("placeholder", "3")
    for text in (MISTAKE, "Marking scheme, 2 points", ESSAY):
        expect(shown).to_contain_text(text)
    formgrader.mark("loss_discussion", "1.5", COMMENT)
    formgrader.go("Manual Grading")
    formgrader.read("mallory")
    expect(shown).to_contain_text("logistic_model: 4 of 4 points")
    assert fired == set()

    # Feedback.
    formgrader.go("Manual Grading")
    formgrader.go("Manage Assignments", "2")
    assert "Successfully generated feedback" in formgrader.press(FEEDBACK, "coral")
    page.goto(course.feedback_page("coral").as_uri())
    shown = page.locator("body")
    for text in ("21.5 of 23 points", MISTAKE, "1.5 of 2 points", "Why is it a better guide?"):
        expect(shown).to_contain_text(text)
    assert_accessible(page)

    # The class report and the export are one command away.
    course.autograder("report", ASSIGNMENT)
    page.goto((course.root / "reports" / ASSIGNMENT / "report.html").as_uri())
    expect(page.locator("body")).to_contain_text(MISTAKE)
    assert_accessible(page)
    course.nbgrader("export")
    with (course.root / "grades.csv").open() as file:
        scores = {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}
    assert scores == {"coral": 21.5, "mallory": 21.0}


def assert_accessible(page: Page) -> None:
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        assert inaccessible(page) == [], scheme
