"""The pages tell of the code as it is: the rooms on the picture, files by name, exceptions."""

from __future__ import annotations

import builtins
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.support.inprocess import ROOT
from tests.test_rooms import MAY_IMPORT, PACKAGE, modules, source

PAGES = [*sorted((ROOT / "docs").glob("*.md")), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
PAGE = (ROOT / "docs" / "how-it-works.md").read_text(encoding="utf-8")
PICTURE = (ROOT / "docs" / "how-it-works.svg").read_text(encoding="utf-8")
EXCEPTION = re.compile(r"^class (\w+)\((\w+)\):", re.MULTILINE)
FILE = re.compile(r"`([a-z_]+/(?:[a-z_]+/)*(?:[a-z_]+\.py)?)`")

Arrows = set[tuple[str, str]]


def drawn(picture: str) -> Arrows:
    """The imports that a picture shows."""
    ends = (node.attrib for node in ElementTree.fromstring(picture).iter())
    return {(made["data-from"], made["data-to"]) for made in ends if "data-from" in made}


def indispensable(may_import: dict[str, set[str]]) -> Arrows:
    """The imports between rooms that do not follow from others: `apps` reaches `checks` anyhow."""
    return {
        (room, other)
        for room, others in may_import.items()
        for other in others
        if not any(other in below(between, may_import) for between in others - {other})
    }


def below(room: str, may_import: dict[str, set[str]]) -> set[str]:
    """All that a room reaches."""
    others = may_import[room]
    return others.union(*(below(other, may_import) for other in others))


def test_the_picture_shows_the_imports():
    rooms = {room: others for room, others in MAY_IMPORT.items() if room}
    assert drawn(PICTURE) == indispensable(rooms)


def test_an_arrow_too_many_or_too_few_is_seen():
    assert drawn(PICTURE.replace('data-to="judge"', 'data-to="record"')) != drawn(PICTURE)
    assert indispensable({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == {("a", "b"), ("b", "c")}


def files_named(page: str) -> list[str]:
    return [name for name in FILE.findall(page) if name not in ELSEWHERE]


ELSEWHERE = {"autograder/", "autograded/", "tests/test_rooms.py"}
"""Not in the package."""


def test_every_file_and_room_that_is_named_exists():
    assert len(files_named(PAGE)) > 30
    assert [name for name in files_named(PAGE) if not (PACKAGE / name).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_python_file_that_a_page_names_exists(page: Path):
    assert missing_files(page.read_text(encoding="utf-8")) == []


def missing_files(text: str) -> list[str]:
    """The Python files that a text names, from the package's folder or the repository's."""
    named = re.findall(r"`(\w[\w/]*\.py)`", text)
    return [name for name in named if not any((top / name).is_file() for top in (PACKAGE, ROOT))]


def test_a_file_that_was_moved_is_seen():
    assert missing_files("in `judge/intake.py` and `intake.py`") == ["intake.py"]


def test_every_room_is_in_the_table():
    named = {name.rstrip("/").replace("/", ".") for name in files_named(PAGE)}
    assert set(MAY_IMPORT) - {""} <= named


def exceptions() -> dict[str, str]:
    """The exception classes of the package that others can catch, and the file of each."""
    made = {
        name: (parent, module.replace(".", "/") + ".py")
        for module in modules()
        for name, parent in EXCEPTION.findall(source(module))
    }

    def is_exception(name: str) -> bool:
        known = getattr(builtins, name, None)
        if isinstance(known, type):
            return issubclass(known, BaseException)
        return name in made and is_exception(made[name][0])

    return {
        name: file.removeprefix("autograder/")
        for name, (_, file) in made.items()
        if is_exception(name) and not name.startswith("_")
    }


def test_every_exception_is_in_the_table():
    stated = dict(re.findall(r"^\| `(\w+)` \(`([\w/]+\.py)`\)", PAGE, re.MULTILINE))
    assert stated == exceptions()
    assert stated["NotAttempted"] == "checks/faults.py"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_picture_has_a_ground_of_its_own_in_each_theme(theme: str):
    """A page may be dark where the browser is light: no text may rely on the page's colour."""
    light, _, dark = PICTURE.partition("@media (prefers-color-scheme: dark)")
    assert re.search(r"\.page \{ fill: #\w+", {"light": light, "dark": dark}[theme])


def test_the_picture_needs_nothing_from_elsewhere():
    assert not re.search(r"<script|href=|@import|url\((?!#)", PICTURE)
    assert Path(ROOT, "docs", "how-it-works.svg").stat().st_size < 20_000
