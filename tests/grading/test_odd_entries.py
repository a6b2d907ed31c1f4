"""What may lie in the exchange, where every student can write, beside what is to be collected."""

from __future__ import annotations

import datetime as dt
import logging
import os
import pwd
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from nbgrader.api import Gradebook
from nbgrader.coursedir import CourseDirectory
from nbgrader.exchange import ExchangeError

from autograder.grading import exchange, taking
from autograder.grading.exchange import SECRET, Collect, parts
from autograder.grading.timestamps import TIMESTAMP

ME = pwd.getpwuid(os.getuid()).pw_name
WHEN = "2030-01-01 12:00:00.000000 UTC"
LATER = "2030-01-02 12:00:00.000000 UTC"
ENTRY = f"{ME}+plain+{WHEN}+Jyk0lqe3RG8M"
OTHER = f"{ME}+plain+{LATER}+AAAAAAAAAAAA"
ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="Only root can give files away.")
NOBODY = 64321
"""A user without a name."""


class Place:
    """An exchange, and a course that collects from it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.inbound = root / "exchange" / "course" / "inbound"
        self.inbound.mkdir(parents=True)
        self.submitted = root / "course" / "submitted"
        self.course = CourseDirectory(
            root=str(root / "course"), course_id="course", assignment_id="plain"
        )
        self.collector = self.collecting()

    def collecting(self, **settings: object) -> Collect:
        return Collect(
            coursedir=self.course,
            root=str(self.root / "exchange"),
            log=logging.getLogger("collecting"),
            **{"update": True, **settings},
        )

    def hand_in(self, name: str = ENTRY, text: str = "an answer", *, whole: bool = True) -> Path:
        folder = self.inbound / name
        folder.mkdir()
        (folder / "first.ipynb").write_text(text)
        if whole:
            (folder / SECRET).write_text("secret")
        return folder

    def collect(self) -> dict[str, str]:
        """The notebook of each student that is there after another look."""
        self.collector.start()
        found = self.submitted.glob("*/plain/first.ipynb")
        return {path.parts[-3]: path.read_text() for path in found}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> Callable[[], set[str]]:
    """What was complained of since it was asked last."""

    def messages() -> set[str]:
        found = {record.getMessage() for record in caplog.records if record.levelname == "ERROR"}
        caplog.clear()
        return found

    return messages


def bind(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as unix:
        unix.bind(str(path))


def give_away(path: Path) -> None:
    path.mkdir()
    os.chown(path, NOBODY, -1)


NOT_A_FOLDER = "it is not a folder"
NO_TIME = "is not a time"
ODD: dict[str, tuple[str, Callable[[Path], object], str]] = {
    "a link to a folder": (OTHER, lambda path: path.symlink_to(path.parents[3]), NOT_A_FOLDER),
    "a dangling link": (OTHER, lambda path: path.symlink_to("nowhere"), NOT_A_FOLDER),
    "a link to itself": (OTHER, lambda path: path.symlink_to(path), NOT_A_FOLDER),
    "a plain file": (OTHER, Path.touch, NOT_A_FOLDER),
    "a pipe": (OTHER, os.mkfifo, NOT_A_FOLDER),
    "a socket": (OTHER, bind, NOT_A_FOLDER),
    "a time that is none": (f"{ME}+plain+soon+x", Path.mkdir, NO_TIME),
    "no time at all": (f"{ME}+plain++", Path.mkdir, NO_TIME),
    "the year 0": (f"{ME}+plain+0000-01-01 12:00:00.0 UTC+x", Path.mkdir, NO_TIME),
    "beyond the last year": (f"{ME}+plain+9999-12-31 23:59:59.9 -2359+x", Path.mkdir, NO_TIME),
    "a number without end": (f"{ME}+plain+{'9' * 150}+x", Path.mkdir, NO_TIME),
    "no student": ("+plain+tiny+", Path.mkdir, "it is named after nobody, ''"),
    "the folder above": (f"..+plain+{WHEN}+x", Path.mkdir, ""),
    "a hidden folder": (f".git+plain+{WHEN}+x", Path.mkdir, ""),
    "a line break": (f"a\nb+plain+{WHEN}+x", Path.mkdir, "it is named after nobody, 'a\\nb'"),
    "an escape": (f"\x1b[2J+plain+{WHEN}", Path.mkdir, "it is named after nobody, '\\x1b[2J'"),
    "undecodable": (f"\udcff+plain+{WHEN}", Path.mkdir, "it is named after nobody, '\\udcff'"),
    "no plus": ("notes", Path.mkdir, "it is not named as a submission"),
    "somebody else's": (
        f"bob+plain+{WHEN}+x",
        Path.mkdir,
        f"belongs to somebody else, {ME}. Where",
    ),
    "another assignment's": (f"{ME}+other+soon+x", Path.mkdir, ""),
}


@pytest.mark.parametrize(("name", "make", "why"), ODD.values(), ids=ODD)
def test_an_odd_entry_is_told_and_holds_nobody_up(
    name: str,
    make: Callable[[Path], object],
    why: str,
    place: Place,
    said: Callable[[], set[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(place.inbound)
    place.hand_in()
    make(Path(name) if make is bind else place.inbound / name)
    assert place.collect() == {ME: "an answer"}
    first = said()
    assert [why in message for message in first] == ([True] if why else [])
    assert place.collect() == {ME: "an answer"}
    assert said() == first  # the same words, so that a look in a second adds none
    assert {path.name for path in (place.root / "course").iterdir()} == {"submitted"}


class TestWhichIsTaken:
    def test_the_newest_whenever_it_arrives(self, place: Place) -> None:
        place.hand_in(ENTRY, "old")
        assert place.collect() == {ME: "old"}
        place.hand_in(OTHER, "new")
        assert place.collect() == {ME: "new"}
        place.hand_in(f"{ME}+plain+2029-12-31 12:00:00.000000 UTC+x", "older than both")
        assert place.collect() == {ME: "new"}

    def test_one_that_is_newer_in_another_zone(self, place: Place) -> None:
        place.hand_in(f"{ME}+plain+2030-01-01 12:00:00.000000 EST+x", "seventeen o'clock")
        place.hand_in(f"{ME}+plain+2030-01-01 16:00:00.000000 UTC+y", "sixteen o'clock")
        assert place.collect() == {ME: "seventeen o'clock"}

    def test_the_same_time_twice_is_settled_once(self, place: Place) -> None:
        place.hand_in(f"{ME}+plain+{WHEN}+a", "one")
        assert place.collect() == {ME: "one"}
        place.hand_in(f"{ME}+plain+{WHEN}+b", "two")
        before = (place.submitted / ME / "plain").stat()
        assert place.collect() == {ME: "one"}
        assert (place.submitted / ME / "plain").stat() == before

    @pytest.mark.parametrize("text", [None, "", "no time", "2020-01-01 12:00:00 UTC", b"\xff\xfe"])
    def test_it_is_copied_once_whatever_its_own_timestamp_says(
        self, text: str | bytes | None, place: Place
    ) -> None:
        own = place.hand_in() / TIMESTAMP
        if text is not None:
            own.write_bytes(text if isinstance(text, bytes) else text.encode())
        place.collect()
        before = (place.submitted / ME / "plain").stat()
        assert place.collect() == {ME: "an answer"}
        assert (place.submitted / ME / "plain").stat() == before
        assert (place.submitted / ME / "plain" / TIMESTAMP).read_text() == WHEN

    @pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo, lambda path: path.symlink_to("/")])
    def test_a_timestamp_that_is_no_file(
        self, make: Callable[[Path], object], place: Place
    ) -> None:
        make(place.hand_in() / TIMESTAMP)
        assert place.collect() == {ME: "an answer"}
        assert (place.submitted / ME / "plain" / TIMESTAMP).read_text() == WHEN

    def test_what_was_collected_before_has_no_time_that_can_be_read(self, place: Place) -> None:
        there = place.submitted / ME / "plain"
        there.mkdir(parents=True)
        (there / TIMESTAMP).write_text("no time")
        place.hand_in()
        assert place.collect() == {ME: "an answer"}

    @pytest.mark.slow
    def test_before_the_due_date(self, place: Place) -> None:
        """As nbgrader has it: the last one in time, or the last one where none is."""
        place.submitted.parent.mkdir()
        place.hand_in(f"{ME}+plain+2030-01-01 01:00:00.000000 UTC+x", "early")
        place.hand_in(ENTRY, "in time")
        place.hand_in(OTHER, "late")
        place.collector = place.collecting(before_duedate=True)
        late, in_time = dt.datetime(2029, 1, 1), dt.datetime(2030, 1, 1, 18)
        with Gradebook(place.course.db_url, "course") as gradebook:
            assert place.collect() == {ME: "late"}
            for due, taken in ((in_time, "in time"), (None, "late"), (late, "late")):
                gradebook.update_or_create_assignment("plain", duedate=due)
                assert place.collect() == {ME: taken}

    @ROOT_ONLY
    def test_without_owners_the_name_counts(self, place: Place) -> None:
        os.chown(place.hand_in(f"a+b [1]+plain+{WHEN}+x"), NOBODY, -1)
        assert place.collect() == {}
        place.collector = place.collecting(check_owner=False)
        assert place.collect() == {"a+b [1]": "an answer"}

    @ROOT_ONLY
    def test_an_owner_without_a_name(self, place: Place, said: Callable[[], set[str]]) -> None:
        os.chown(place.hand_in(), NOBODY, -1)
        assert place.collect() == {}
        assert f"it belongs to somebody else, user {NOBODY}." in said().pop()


class TestWhileItChanges:
    def test_it_is_not_taken_before_it_is_whole(
        self, place: Place, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """`nbgrader submit` makes the folder first and the file with the secret last."""
        folder = place.hand_in(whole=False)
        assert place.collect() == {}
        (folder / SECRET).write_text("secret")
        assert place.collect() == {ME: "an answer"}

    def test_one_that_will_not_be_whole_is_taken_after_a_while(
        self, place: Place, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        place.hand_in(whole=False)
        monkeypatch.setattr(exchange, "ARRIVING", 0.0)
        assert place.collect() == {ME: "an answer"}

    def test_what_was_there_stays_until_the_new_one_is_copied(
        self, place: Place, said: Callable[[], set[str]]
    ) -> None:
        place.hand_in(ENTRY, "old")
        place.collect()
        (place.hand_in(OTHER, "new") / "large").write_bytes(bytes(5000))
        place.course.max_dir_size = 4  # kB
        assert place.collect() == {ME: "old"}
        assert said() == {f"{OTHER} is not collected: it is larger than 4 kB."}
        assert [path.name for path in (place.submitted / ME).iterdir()] == ["plain"]

    def test_what_failed_is_tried_again_but_not_at_each_look(
        self, place: Place, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        now, tried = [100.0], []
        monkeypatch.setattr("time.monotonic", lambda: now[0])
        monkeypatch.setattr(exchange, "take", lambda *_, **__: tried.append(now[0]) or 1 / 0)
        monkeypatch.setattr(exchange, "NotTakenError", ZeroDivisionError)
        place.hand_in()
        for now[0] in range(100, 400):
            place.collect()
        assert tried == [100, 101, 103, 107, 115, 131, 163, 223, 283, 343]

    def test_a_file_that_is_written_meanwhile(
        self, place: Place, said: Callable[[], set[str]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folder, read = place.hand_in(), os.read

        def read_while_it_grows(opened: int, most: int) -> bytes:
            found = read(opened, most)
            with (folder / "first.ipynb").open("a") as file:
                file.write("more")
            return found

        monkeypatch.setattr(os, "read", read_while_it_grows)
        monkeypatch.setattr(taking, "CHUNK", 1000)
        place.course.max_dir_size = 1
        assert place.collect() == {}
        assert len(said()) == 1

    @pytest.mark.parametrize("other", [os.mkfifo, lambda path: path.symlink_to("/etc/passwd")])
    def test_a_file_that_is_replaced_between_the_look_and_the_copy(
        self,
        other: Callable[[Path], object],
        place: Place,
        said: Callable[[], set[str]],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        notebook, lstat = place.hand_in() / "first.ipynb", os.lstat

        def lstat_and_replace(path: str, *, dir_fd: int | None = None) -> os.stat_result:
            found = lstat(path, dir_fd=dir_fd)
            if path == "first.ipynb":
                notebook.unlink()
                other(notebook)
            return found

        monkeypatch.setattr(os, "lstat", lstat_and_replace)
        assert place.collect() == {}
        assert len(said()) == 1
        assert not list(place.submitted.glob("*/*"))

    def test_a_folder_that_is_gone_again(
        self, place: Place, said: Callable[[], set[str]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folder = place.hand_in()
        monkeypatch.setattr(place.collector, "_is_wanted", lambda _: not shutil.rmtree(folder))
        assert place.collect() == {}
        assert said() == {f"{ENTRY} is not collected: {ENTRY} cannot be read: "
                          "No such file or directory."}  # fmt: skip


class TestWhatIsInIt:
    def test_only_ordinary_files(self, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
        folder = place.hand_in()
        (folder / "data").mkdir()
        (folder / "data" / "points.csv").write_text("1, 2")
        (folder / "link.txt").symlink_to("/etc/passwd")
        (folder / "second.ipynb").symlink_to("first.ipynb")
        (folder / "folder").symlink_to("/etc")
        os.mkfifo(folder / "third.ipynb")
        monkeypatch.chdir(folder)
        bind(Path("socket"))
        place.collect()
        there = place.submitted / ME / "plain"
        assert {path.relative_to(there).as_posix() for path in there.rglob("*")} == {
            "first.ipynb", TIMESTAMP, SECRET, "data", "data/points.csv",
        }  # fmt: skip

    def test_names_of_every_kind(self, place: Place) -> None:
        folder = place.hand_in()
        names = {"a\nb", "\x1b[2J", "\udcff", "-rf", "[a]*?", "First.ipynb", "x" * 250, " "}
        for name in names:
            (folder / name).touch()
        place.collect()
        assert names <= {path.name for path in (place.submitted / ME / "plain").iterdir()}

    @pytest.mark.parametrize("deep", [30, 300])
    def test_a_tree_without_end(
        self, deep: int, place: Place, said: Callable[[], set[str]]
    ) -> None:
        folder = place.hand_in()
        here = os.open(folder, os.O_RDONLY)
        for _ in range(deep):
            os.mkdir("d", dir_fd=here)
            below = os.open("d", os.O_RDONLY, dir_fd=here)
            os.close(here)
            here = below
        os.close(here)
        assert place.collect() == ({ME: "an answer"} if deep == 30 else {})
        assert len(said()) == (deep != 30)

    def test_too_many_files(
        self, place: Place, said: Callable[[], set[str]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(taking, "MOST_FILES", 2)
        (place.hand_in() / "third").touch()
        assert place.collect() == {}
        assert said() == {f"{ENTRY} is not collected: it holds more than 2 files."}

    def test_a_sparse_file_is_not_read_to_its_end(
        self, place: Place, said: Callable[[], set[str]]
    ) -> None:
        os.truncate(place.hand_in() / "first.ipynb", 1 << 40)
        place.course.max_dir_size = 100
        assert place.collect() == {}
        assert said() == {f"{ENTRY} is not collected: it is larger than 100 kB."}

    @ROOT_ONLY
    def test_a_file_that_somebody_else_put_there(
        self, place: Place, said: Callable[[], set[str]]
    ) -> None:
        """`nbgrader submit` leaves the folder writable for everybody who knows its name."""
        os.chown(place.hand_in() / "first.ipynb", NOBODY, -1)
        assert place.collect() == {}
        assert said() == {f"{ENTRY} is not collected: first.ipynb belongs to somebody else."}


@pytest.mark.parametrize(
    ("name", "found"),
    [
        (f"ann+plain+{WHEN}+Jyk0lqe3RG8M", ("ann", WHEN)),
        (f"ann+plain+{WHEN}", ("ann", WHEN)),
        (f"a+n+plain+{WHEN}+-_-_", ("a+n", WHEN)),
        (f"plain+plain+plain+{WHEN}", ("plain+plain", WHEN)),
        ("ann+plain+2030-01-01 12:00 +0100+x", ("ann", "2030-01-01 12:00 +0100")),
        ("ann+plain+2030-01-01 12:00 +01:00", ("ann", "2030-01-01 12:00 +01:00")),
        ("ann+plainer+2030-01-01", None),
        ("ann+plain", None),
    ],
)
def test_the_parts_of_a_name(name: str, found: tuple[str, str] | None) -> None:
    assert parts(name, "plain") == found


def test_an_assignment_that_is_named_like_a_pattern(place: Place) -> None:
    place.course.assignment_id = "a.b [1]"
    place.hand_in(f"{ME}+axb [1]+{WHEN}+x")
    place.hand_in(f"{ME}+a.b [1]+{WHEN}+x")
    place.collector.start()
    assert [path.name for path in (place.submitted / ME).iterdir()] == ["a.b [1]"]


def test_only_the_students_that_were_asked_for(place: Place) -> None:
    place.hand_in()
    place.course.student_id = "a*"
    assert place.collect() == {}


def test_an_exchange_without_the_course(place: Place) -> None:
    place.course.course_id = "other"
    with pytest.raises(ExchangeError, match="inbound cannot be read: No such file or directory"):
        place.collect()
    place.course.course_id = ""
    with pytest.raises(ExchangeError, match="No course id specified"):
        place.collect()
