"""A real browser for tests: Debian's chromium, driven by playwright. Nothing is downloaded."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def found() -> str | None:
    return next((path for name in NAMES if (path := shutil.which(name))), None)


@cache
def executable() -> str | None:
    """The path of a browser; installed with apt where that is possible and none is there."""
    if found() is None and os.getuid() == 0 and shutil.which("apt-get"):
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "check": False}
        subprocess.run(["apt-get", "update"], **quiet)
        subprocess.run(
            ["apt-get", "install", "-y", "--no-install-recommends", "chromium"],
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
            **quiet,
        )
    return found()


@contextlib.contextmanager
def browser() -> Iterator[Browser]:
    """A headless browser; the test is skipped where there is none."""
    path = executable()
    if path is None:
        pytest.skip("No chromium here, and none could be installed (apt-get install chromium).")
    with sync_playwright() as driver:
        # Chromium's own sandbox does not start as root.
        started = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield started
        started.close()


def watched(page: Page) -> set[str]:
    """The names that scripts write to the log from now on; the set fills as they do."""
    names: set[str] = set()

    def listen(message: object) -> None:
        text = str(getattr(message, "text", ""))
        if "fired:" in text:
            names.add(text.partition("fired:")[2].strip("/ "))

    page.on("console", listen)
    return names


def fired(page: Page, url: str) -> set[str]:
    """Open a page, follow its script links, and return the names that scripts wrote to the log."""
    names = watched(page)
    page.goto(url, wait_until="load")
    page.evaluate("document.querySelectorAll('details').forEach(details => details.open = true)")
    page.evaluate("document.querySelectorAll('a[href^=\"javascript:\"]').forEach(a => a.click())")
    page.wait_for_load_state("networkidle")
    return names


def inaccessible(page: Page, place: str = "html") -> list[str]:
    """What axe finds wrong with a part of a page, for each element: contrast, names, structure."""
    found = Axe().run(page, context=place).response["violations"]
    return [f"{rule['id']}: {node['html'][:120]}" for rule in found for node in rule["nodes"]]
