"""`make pictures`: the documentation's pictures, taken from the real programs in a real browser.

No picture shows an answer, a hidden test or a marking scheme.
"""

from __future__ import annotations

import io
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nbformat import NotebookNode
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect

from tests.support.browser import browser
from tests.support.course import NOTEBOOK, Course
from tests.support.formgrader import Formgrader
from tests.support.jupyter import jupyter
from tests.support.lab import Lab, patient
from tests.support.lesson import ASSIGNMENT, EXERCISES, ROOT, cell_named
from tests.support.submissions import CLASS

PICTURES = ROOT / "docs" / "pictures"
NAMES = (
    "student-light", "student-dark",
    "formgrader", "submission", "feedback", "mistake", "report",
)  # fmt: skip
UPHILL = """def dlogistic_loss(params, model, x, y):
    return grad(lambda params: -logistic_loss(params, model, x, y))(params)"""
STUDENTS = {
    "amber": "right",
    "blue": "blank",
    "coral": "without_bias",
    "grey": "averages_the_loss",
    "jade": "averages_the_loss",
    "lilac": "prints_a_lot",
}
"""Whom the instructor's pictures show, and what they handed in (tests/support/submissions.py)."""
OLIVE = "olive"
BELOW_THE_BAR = """report => {
    report.closest(".output_wrapper, .output").scrollIntoView();
    window.scrollBy(0, -document.querySelector(".navbar-fixed-top").offsetHeight);
}"""
"""Scrolls a report up to formgrader's bar, so that the hidden tests above it are out of sight."""


def main() -> None:
    """Take all pictures."""
    PICTURES.mkdir(exist_ok=True)
    with browser() as chromium, tempfile.TemporaryDirectory() as folder:
        print("The student, in JupyterLab ...")
        student(chromium, Path(folder) / "student")
        print(f"The instructor: grading {len(STUDENTS) + 1} submissions ...")
        instructor(chromium, Path(folder) / "instructor" / "course")
    for name in NAMES:
        path = PICTURES / f"{name}.png"
        print(f"  {path.relative_to(ROOT)}  {path.stat().st_size // 1000} kB")


@contextmanager
def window(chromium: Browser, width: int, height: int, address: str = "") -> Iterator[Page]:
    """A browser window of this size, with pictures half as large again, which stay sharp."""
    size = {"width": width, "height": height}
    page = chromium.new_page(
        base_url=address or None, viewport=size, device_scale_factor=1.5, color_scheme="light"
    )
    yield patient(page)
    page.close()


def keep(name: str, shown: Page | Locator) -> None:
    """Store what is shown in 256 colours: a third of the size, and none is off by more than 6."""
    assert name in NAMES
    taken = Image.open(io.BytesIO(shown.screenshot())).convert("RGB")
    few = taken.quantize(256, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    few.save(PICTURES / f"{name}.png", optimize=True)


def student(chromium: Browser, home: Path) -> None:
    shutil.copytree(ROOT / "release" / ASSIGNMENT, home)
    with jupyter(home, home) as server, window(chromium, 1100, 640, server) as page:
        page.goto(f"/lab/tree/{NOTEBOOK}")
        lab = Lab.showing(page, home / NOTEBOOK)
        page.keyboard.press("Control+B")  # without the list of files
        lab.run("setup")
        for name in EXERCISES[:3]:
            lab.write(name, UPHILL if name == "dlogistic_loss" else cell_named(name).source)
            lab.run(name)
        table = lab.run("test_dlogistic_loss")
        table.get_by_text("Hint 1 of 2").click()
        table.evaluate("table => table.scrollIntoView({block: 'end'})")
        keep("student-light", page)
        lab.choose("Settings", "Theme", "JupyterLab Dark")
        expect(page.locator("body")).to_have_attribute("data-jp-theme-name", "JupyterLab Dark")
        keep("student-dark", page)


def instructor(chromium: Browser, root: Path) -> None:
    course = Course.create(root)
    for name, kind in STUDENTS.items():
        made = CLASS[kind](course)
        assert isinstance(made, NotebookNode)
        course.submit(name, made)
    course.submit(OLIVE, half_done(course))
    course.autograder("grade", ASSIGNMENT)
    course.nbgrader("generate_feedback", ASSIGNMENT)
    course.autograder("report", ASSIGNMENT)
    home = root.parent / "home"
    home.mkdir()
    with jupyter(root, home) as server, window(chromium, 1280, 560, server) as page:
        formgrader = Formgrader.open(page)
        page.keyboard.press("Control+B")
        formgrader.list()
        keep("formgrader", page)
        formgrader.read(OLIVE)
        formgrader.frame.get_by_text("logistic_loss: ").first.evaluate(BELOW_THE_BAR)
        keep("submission", page)
    with window(chromium, 1000, 720) as page:
        page.goto(course.feedback_page(OLIVE).as_uri())
        keep("feedback", page)
        loop = page.locator("#test_model_optimization_loop")
        loop.get_by_text("Hint 1 of 2").first.click()
        keep("mistake", loop)
        page.goto((root / "reports" / ASSIGNMENT / "report.html").as_uri())
        keep("report", page)


def half_done(course: Course) -> NotebookNode:
    """The loss is averaged, the loop walks uphill, and the rest is as it was released."""
    released = {
        cell.metadata.get("nbgrader", {}).get("grade_id", ""): cell.source
        for cell in course.released().cells
    }
    wrong = {
        "logistic_loss": cell_named("logistic_loss").source.replace("jnp.sum", "jnp.mean"),
        "model_optimization_loop": cell_named("model_optimization_loop").source.replace(
            "theta[name] - step_size", "theta[name] + step_size"
        ),
    }
    return course.filled_in(**({name: released[name] for name in EXERCISES[2:]} | wrong))


if __name__ == "__main__":
    main()
