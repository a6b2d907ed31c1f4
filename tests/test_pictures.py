"""The documentation's pictures are those that `make pictures` takes, and small."""

from __future__ import annotations

import re

from tests.support.lesson import ROOT
from tools.pictures import NAMES, PICTURES

PAGES = [ROOT / "README.md", *ROOT.glob("docs/**/*.md")]
LARGEST = 150_000


def test_every_picture_is_taken_by_the_command_and_small() -> None:
    found = {path.name: path.stat().st_size for path in PICTURES.iterdir()}
    assert set(found) == {f"{name}.png" for name in NAMES}
    assert {name for name, size in found.items() if size > LARGEST} == set()


def test_the_pages_show_these_and_no_others() -> None:
    shown = {
        (path.parent / address).resolve()
        for path in PAGES
        for address in re.findall(r"[\w/.-]+\.png", path.read_text(encoding="utf-8"))
    }
    assert shown == {PICTURES / f"{name}.png" for name in NAMES}
