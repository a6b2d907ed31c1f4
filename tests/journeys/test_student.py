"""A student's way through the lesson: JupyterLab in a real browser, with nbgrader's extensions."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Page, expect

from tests.support.browser import browser
from tests.support.course import NOTEBOOK, Course
from tests.support.jupyter import at_home, exchange, jupyter
from tests.support.lab import Lab, patient
from tests.support.lesson import ASSIGNMENT, EXERCISES, ROOT, cell_named, grade_id, source_cells

pytestmark = pytest.mark.slow

NO_CURVE = "def logistic_model(theta, x):\n    return theta['w'] * x + theta['b']"
COMPILED = """def model_optimization_loop(theta, model, loss, x, y, n_steps=5000, step_size=0.0001):
    gradient = jax.jit(jax.value_and_grad(lambda theta: loss(theta, model, x, y)))
    losses = []
    for _ in range(n_steps):
        value, slopes = gradient(theta)
        losses.append(value)
        theta = {name: theta[name] - step_size * slopes[name] for name in theta}
    return losses, theta"""
ANSWERS = {name: cell_named(name).source for name in EXERCISES} | {
    "model_optimization_loop": COMPILED  # five thousand steps in a second
}
ESSAY = "Only the term with log(1 - p) is left, and it grows without bound."
NOT_WRITTEN = "is not written yet: your answer goes where it says raise NotImplementedError()."
# WCAG 2's contrast of text and what is behind it: 4.5 for words, 3 for symbols beside them.
# axe takes everything within JupyterLab's scrolling panel for invisible and would find nothing.
FAINT = """output => {
    const channels = colour => colour.match(/[\\d.]+/g).map(Number);
    const behind = node => {
        const colour = channels(getComputedStyle(node).backgroundColor);
        return colour[3] === 0 ? behind(node.parentElement) : colour;
    };
    const luminance = rgb => rgb
        .map(c => c / 255)
        .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
        .reduce((sum, c, i) => sum + [0.2126, 0.7152, 0.0722][i] * c, 0);
    const contrast = node => {
        const back = behind(node).slice(0, 3);
        const [r, g, b, alpha = 1] = channels(getComputedStyle(node).color);
        const front = [r, g, b].map((c, i) => alpha * c + (1 - alpha) * back[i]);
        const [dark, light] = [luminance(front), luminance(back)].sort((p, q) => p - q);
        return (light + 0.05) / (dark + 0.05);
    };
    return [...output.querySelectorAll('b, td, td div, summary, code, span')]
        .filter(node => contrast(node) < (node.tagName === 'SPAN' ? 3 : 4.5))
        .map(node => `${contrast(node).toFixed(1)}: ${node.innerText}`);
}"""


@dataclass(frozen=True)
class Desk:
    """What a student has: a home, a JupyterLab, and the way to the course's exchange."""

    home: Path
    server: str
    page: Page
    inbound: Path

    def open(self, folder: str) -> Lab:
        """The released notebook, in a folder of its own."""
        notebook = self.home / folder / NOTEBOOK
        shutil.copytree(ROOT / "release" / ASSIGNMENT, notebook.parent)
        self.page.set_viewport_size({"width": 1280, "height": 900})
        self.page.goto(f"{self.server}/lab/tree/{folder}/{NOTEBOOK}")
        return Lab.showing(self.page, notebook)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    root = tmp_path_factory.mktemp("student")
    course = Course.create(root / "course")
    etc, inbound = exchange(course)
    course.nbgrader("release_assignment", ASSIGNMENT)
    home = root / "home"
    home.mkdir()
    with browser() as chromium, jupyter(home, home, etc) as server:
        page = patient(chromium.new_page(viewport={"width": 1280, "height": 900}))
        yield Desk(home, server, page, inbound)


def test_fetches_plays_answers_validates_and_submits(desk: Desk) -> None:
    page = desk.page
    page.goto(f"{desk.server}/lab")
    Lab(page, {}).choose("Nbgrader", "Assignment List")
    fetched = page.locator("#fetched_assignments_list")
    page.locator("#released_assignments_list").get_by_text("Fetch", exact=True).click()
    fetched.locator(".assignment-notebooks-link").click()
    fetched.locator(".collapse.in a").get_by_text(ASSIGNMENT).click()
    notebook = desk.home / ASSIGNMENT / NOTEBOOK
    lab = Lab.showing(page, notebook)

    # The pictures are there, and the curve moves with the slider.
    drawn = lab.cells.locator(".jp-MarkdownOutput img")
    expect(drawn).to_have_count(sum("attachment:" in cell.source for cell in source_cells()))
    for image in drawn.all():
        expect(image).to_have_js_property("complete", True)
    assert drawn.evaluate_all("images => images.every(image => image.naturalWidth > 100)")
    expect(lab.run("setup")).to_contain_text("You have jax")
    lab.run("explore")
    curve = lab.cell("explore").locator(".widget-output img")
    before = curve.get_attribute("src")
    lab.cell("explore").get_by_role("slider").first.press("ArrowRight")
    expect(curve).not_to_have_attribute("src", before or "")

    # Not attempted, wrong, right.
    lab.run("logistic_model")
    table = lab.run("test_logistic_model")
    expect(table).to_contain_text("logistic_model: not attempted yet")
    expect(table).to_contain_text(NOT_WRITTEN)
    lab.write("logistic_model", NO_CURVE)
    lab.run("logistic_model")
    table = lab.run("test_logistic_model")
    expect(table).to_contain_text("0 of 1 checks passed")
    expect(table).to_contain_text("Got -3, 0, 3; expected 0.04743, 0.5, 0.9526.")
    expect(table).to_contain_text("came back without passing through logistic")
    expect(table).to_contain_text(
        "So far: 0 of 6 exercises pass here, 0 of 5.5 visible points. Next: logistic_model."
    )
    hint = table.get_by_text("What does logistic make of 0?")
    expect(hint).to_be_hidden()
    table.get_by_text("Hint", exact=True).click()
    expect(hint).to_be_visible()
    # A cell that stops, and one that has lost the function; then everything.
    for changed, said in (
        (NO_CURVE.replace(":", "", 1), "stopped with SyntaxError: expected ':' (line 1)"),
        (NO_CURVE.replace("logistic_", "logistics_"), "does not define it any more"),
    ):
        lab.write("logistic_model", changed)
        lab.run("logistic_model")
        expect(lab.run("test_logistic_model")).to_contain_text(said)
    for name, answer in ANSWERS.items():
        lab.write(name, answer)
    lab.write_text("loss-answer", ESSAY)
    lab.run("logistic_model")
    table = lab.run("test_logistic_model")
    expect(table).to_contain_text("1 of 1 checks passed. More checks run when it is graded.")
    # All this with the check folded, so that the verdict stands under the answer.
    expect(lab.cell("test_logistic_model").locator(".cm-content")).to_be_hidden()

    # Everything, from a fresh start; and nbgrader agrees.
    lab.choose("Run", "Restart Kernel and Run All Cells…")
    page.get_by_role("button", name="Confirm Kernel Restart").click()
    expect(lab.cell("test_theta_clean")).to_contain_text("1 of 1 checks passed")
    lab.idle()
    for name in EXERCISES:
        expect(lab.output(f"test_{name}")).to_contain_text("checks passed. More checks run when")
    expect(lab.output("test_theta_clean")).to_contain_text(
        "So far: 6 of 6 exercises pass here, 5.5 of 5.5 visible points."
    )
    expect(page.locator("[data-mime-type='application/vnd.jupyter.stderr']")).to_have_count(0)
    expect(page.locator("[data-mime-type='application/vnd.jupyter.error']")).to_have_count(0)
    page.locator("jp-button.validate-button").click()
    assert "passes all the tests" in lab.dismiss("Success")

    # In: what lies in the exchange is what was written.
    page.get_by_role("tab", name="Assignments").click()
    fetched.get_by_text("Submit", exact=True).click()
    expect(page.locator("#submitted_assignments_list")).to_contain_text(ASSIGNMENT)
    (submitted,) = desk.inbound.glob(f"*/{NOTEBOOK}")
    assert submitted.read_bytes() == notebook.read_bytes()
    sources = {grade_id(cell): cell.source for cell in nbformat.read(submitted, 4).cells}
    assert {name: sources[name] for name in ANSWERS} == ANSWERS


def test_by_keyboard_alone(desk: Desk) -> None:
    """From opening the notebook to a hint, with the focus to be seen all the way."""
    lab = desk.open("keyboard")
    press = desk.page.keyboard.press

    def down_to(name: str, start: str) -> None:
        for _ in range(lab.order[name] - lab.order[start]):
            press("ArrowDown")
        expect(lab.cell(name)).to_be_focused()

    # The arrows pass over folded cells, as JupyterLab has it; Shift+Enter leads to the next one.
    down_to("setup-text", "title")
    for _ in range(2):
        press("Shift+Enter")
    expect(lab.output("setup")).to_contain_text("You have jax")
    down_to("logistic_model", "what-is")
    press("Enter")
    for key in ("Control+End", "Shift+ArrowUp", "Shift+Home"):
        press(key)
    desk.page.keyboard.type('return theta["w"] * x + theta["b"]')
    press("Shift+Enter")
    press("Control+Enter")
    expect(lab.output("test_logistic_model")).to_contain_text("failed")
    summary = lab.output("test_logistic_model").locator("summary")
    for _ in range(8):  # past the cell's own buttons
        if summary.evaluate("node => node === document.activeElement"):
            break
        press("Tab")
    expect(summary).to_be_focused()
    assert summary.evaluate("node => getComputedStyle(node).outlineStyle") != "none"
    press("Enter")
    expect(summary.locator("..")).to_have_attribute("open", "")


def test_readable_in_light_and_dark_wide_and_narrow(desk: Desk) -> None:
    """Nothing of the lesson's or the kit's is cut off, and no report is faint."""
    lab = desk.open("themes")
    lab.run("setup")
    lab.run("explore")
    lab.write("logistic_model", NO_CURVE)
    lab.write("logistic_loss", ANSWERS["logistic_loss"])
    for name in ("logistic_model", "logistic_loss", "dlogistic_loss"):
        lab.run(name)
        lab.run(f"test_{name}")
    for outcome in ("failed", "passed", "not attempted"):
        expect(lab.panel.locator("td", has_text=outcome).first).to_be_visible()
    for theme in ("JupyterLab Light", "JupyterLab Dark"):
        lab.choose("Settings", "Theme", theme)
        expect(desk.page.locator("body")).to_have_attribute("data-jp-theme-name", theme)
        for width in (1280, 800):
            desk.page.set_viewport_size({"width": width, "height": 900})
            assert cut_off(lab) == [], f"{theme}, {width} pixels"
        for name in ("logistic_model", "logistic_loss", "dlogistic_loss"):
            assert lab.output(f"test_{name}").evaluate(FAINT) == [], (theme, name)


def cut_off(lab: Lab) -> list[str]:
    """Tables and pictures that are wider than the place where they are shown."""
    return lab.panel.evaluate(
        """panel => [...panel.querySelectorAll('.jp-RenderedHTML, .jp-RenderedImage, img')]
            .map(node => node.closest('.jp-OutputArea-output, .jp-MarkdownOutput'))
            .filter(place => place && place.scrollWidth > place.clientWidth + 1)
            .map(place => place.innerText.slice(0, 60) || place.innerHTML.slice(0, 60))"""
    )


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            ["-I", "-S"],  # nothing at all can be found
            "Missing: autograder, ipywidgets, jax, matplotlib, tqdm. "
            "Run %pip install nbgrader-jax in a new cell, then restart the kernel.",
        ),
        (
            ["-P"],  # nothing of this folder
            "Not beside this notebook: lesson.py and questions.py. "
            "Download the whole folder again and open the notebook in it.",
        ),
    ],
)
def test_the_set_up_cell_says_what_is_missing(options: list[str], said: str) -> None:
    (setup,) = [cell.source for cell in source_cells() if cell.id == "setup"]
    program, _, _ = setup.partition("%matplotlib")
    run = subprocess.run(
        [sys.executable, *options, "-c", program], capture_output=True, text=True, check=False
    )
    assert run.returncode == 1
    assert run.stderr.splitlines()[-1] == f"AssertionError: {said}"


def test_a_folded_set_up_cell_says_so_as_well(desk: Desk) -> None:
    """Where its helpers are missing: one sentence below the folded cell."""
    lab = desk.open("alone")
    for helper in ("lesson.py", "questions.py"):
        (desk.home / "alone" / helper).unlink()
    shown = lab.run("setup")
    expect(lab.cell("setup").locator(".cm-content")).to_be_hidden()
    expect(shown).to_contain_text("Not beside this notebook: lesson.py and questions.py. Download")
    assert shown.locator("text=ModuleNotFoundError").count() == 0
    pictures = lab.cells.locator(".jp-MarkdownOutput img")
    assert pictures.evaluate_all("images => images.every(image => image.naturalWidth > 100)")


def test_runs_headless_without_a_warning_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """The same notebook, with the same answers, where there is no browser."""
    folder = tmp_path / "run"
    shutil.copytree(ROOT / "release" / ASSIGNMENT, folder)
    notebook = nbformat.read(folder / NOTEBOOK, as_version=4)
    for cell in notebook.cells:
        cell.source = ANSWERS.get(grade_id(cell), cell.source)
    nbformat.write(notebook, folder / NOTEBOOK)
    before = files(folder)
    ran = subprocess.run(
        [sys.executable, "-m", "nbconvert", "--to=notebook", "--execute", "--stdout",
         "--log-level=WARN", "--KernelManager.transport=ipc", NOTEBOOK],
        cwd=folder,
        env=at_home(tmp_path) | {"PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=True,
    )  # fmt: skip
    assert ran.stderr == ""
    outputs = [
        output for cell in nbformat.reads(ran.stdout, 4).cells for output in cell.get("outputs", [])
    ]
    assert {output.output_type for output in outputs} <= {
        "stream",
        "display_data",
        "execute_result",
    }
    assert {output.name for output in outputs if output.output_type == "stream"} == {"stdout"}
    assert files(folder) == before


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
