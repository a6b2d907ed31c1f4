"""A notebook open in JupyterLab, handled as a person does: cell by cell, by mouse and keyboard."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import nbformat
from playwright.sync_api import Locator, Page, expect

from tests.support.lesson import grade_id

PATIENCE = 120_000
"""Milliseconds after which something is broken, not slow."""


def patient(page: Page) -> Page:
    page.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    return page


@dataclass(frozen=True)
class Lab:
    """The notebook that JupyterLab shows. Cells go by their grade_id, or else by their id."""

    page: Page
    order: dict[str, int]

    @classmethod
    def showing(cls, page: Page, notebook: Path) -> Lab:
        """The notebook in front, which is this file; waits until it can be used."""
        cells = nbformat.read(notebook, as_version=4).cells
        lab = cls(page, {grade_id(cell) or cell.id: n for n, cell in enumerate(cells)})
        expect(lab.cells).to_have_count(len(cells))
        lab.idle()
        return lab

    @property
    def panel(self) -> Locator:
        return self.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")

    @property
    def cells(self) -> Locator:
        return self.panel.locator(".jp-Cell")

    def cell(self, name: str) -> Locator:
        return self.cells.nth(self.order[name])

    def output(self, name: str) -> Locator:
        return self.cell(name).locator(".jp-OutputArea-output")

    def idle(self) -> None:
        """Wait until the kernel has nothing to do."""
        indicator = self.panel.locator(".jp-Notebook-ExecutionIndicator")
        expect(indicator).to_have_attribute("data-status", "idle")
        expect(self.cells.filter(has_text="[*]:")).to_have_count(0)

    def write(self, name: str, source: str) -> None:
        """Write over a code cell."""
        self.cell(name).locator(".cm-content").click()
        self.page.keyboard.press("ControlOrMeta+A")
        self.page.keyboard.insert_text(source)

    def write_text(self, name: str, source: str) -> None:
        """Write over a rendered Markdown cell, and render it again."""
        self.cell(name).locator(".jp-MarkdownOutput").dblclick()
        self.write(name, source)
        self.page.keyboard.press("Control+Enter")
        expect(self.cell(name).locator(".jp-MarkdownOutput")).to_contain_text(source)

    def run(self, name: str) -> Locator:
        """Run a cell to its end, folded or not; gives its outputs."""
        if self.cell(name).locator(".jp-InputPlaceholder").count():
            return self._run_folded(name)
        prompt = self.cell(name).locator(".jp-InputArea-prompt")
        before = prompt.inner_text()
        self.cell(name).locator(".cm-content").click()
        self.page.keyboard.press("Control+Enter")
        expect(prompt).not_to_have_text(before)
        expect(prompt).not_to_have_text("[*]:")
        return self.output(name)

    def _run_folded(self, name: str) -> Locator:
        """A folded cell has no number that changes; what it shows is made anew.

        A click on the code or its number would open it, so the click goes beside them.
        """
        self.output(name).evaluate_all("shown => shown.forEach(node => node.dataset.old = 'yes')")
        self.cell(name).click(position={"x": 3, "y": 3})
        self.page.keyboard.press("Control+Enter")
        new = self.cell(name).locator(".jp-OutputArea-output:not([data-old])")
        expect(new.first).to_be_visible()
        self.idle()
        return self.output(name)

    def choose(self, *path: str) -> None:
        """Choose an entry of the menu bar."""
        self.page.locator(".lm-MenuBar-itemLabel").get_by_text(path[0], exact=True).click()
        for entry in path[1:]:
            self.page.locator(".lm-Menu-itemLabel").get_by_text(entry, exact=True).click()

    def dismiss(self, dialog: str) -> str:
        """Close a dialog, once it is there; what it said."""
        shown = self.page.locator(f".nbgrader-{dialog}Dialog")
        said = shown.inner_text()
        shown.get_by_role("button", name="OK").click()
        expect(shown).to_have_count(0)
        return said
