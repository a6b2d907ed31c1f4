"""nbgrader's formgrader in JupyterLab, handled as an instructor does."""

from __future__ import annotations

from dataclasses import dataclass

from playwright.sync_api import FrameLocator, Locator, Page, expect

from tests.support.lab import Lab
from tests.support.lesson import ASSIGNMENT

# The buttons are pictures without words.
GENERATE, AUTOGRADE, FEEDBACK = "education", "flash", "comment"


@dataclass(frozen=True)
class Formgrader:
    """The tab with formgrader in it."""

    page: Page

    @classmethod
    def open(cls, page: Page) -> Formgrader:
        page.goto("/lab?reset")
        Lab(page, {}).choose("Nbgrader", "Formgrader")
        return cls(page)

    @property
    def frame(self) -> FrameLocator:
        return self.page.frame_locator("iframe")

    def row(self, name: str) -> Locator:
        return self.frame.locator("tbody tr", has_text=name)

    def go(self, *links: str) -> None:
        """Follow links by their text."""
        for link in links:
            self.frame.get_by_role("link", name=link, exact=True).last.click()

    def press(self, button: str, name: str) -> str:
        """Press a button in the row of an assignment or of a student; what came of it."""
        self.row(name).locator(f".glyphicon-{button}").click()
        dialog = self.frame.locator(".modal.in")
        said = dialog.locator(".modal-body").inner_text()
        dialog.get_by_role("button", name="OK").click()
        expect(dialog).to_have_count(0)
        return said

    def list(self) -> None:
        """List the submissions by name, under Manual Grading."""
        self.go("Manual Grading", ASSIGNMENT)
        expect(self.frame.get_by_text("Needs Manual Grade?")).to_be_visible()
        self.go(ASSIGNMENT)
        expect(self.row("Submission #").first).to_be_visible()
        self.frame.get_by_role("button", name="Show All Names").click()

    def read(self, student: str) -> None:
        """Open a student's submission."""
        self.list()
        self.row(student).get_by_role("link").filter(visible=True).first.click()
        expect(self.frame.locator(".nbgrader_cell").first).to_be_visible()

    def mark(self, cell: str, score: str, comment: str) -> None:
        """Mark a cell by hand on the page of a submission, and wait until it is stored."""
        for field, text, store in (
            (cell, score, "/api/grade/"),
            (f"{cell}-comment", comment, "/api/comment/"),
        ):
            with self.page.expect_response(f"**{store}*") as stored:
                self.frame.locator(f"[id='{field}']").fill(text)
                self.frame.locator(f"[id='{field}']").blur()
            assert stored.value.ok
