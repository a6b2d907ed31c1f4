"""Files that travel, and directories that are whole or not there."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.grading.files import publish, read_files, sweep, write_files


class TestFiles:
    def test_there_and_back(self, tmp_path: Path) -> None:
        write_files(tmp_path / "a", {"x/y.txt": b"1", "z": b""})
        assert read_files(tmp_path / "a", (tmp_path / "a").rglob("*")) == {
            "x/y.txt": b"1",
            "z": b"",
        }

    def test_links_that_lead_out_are_left_behind(self, tmp_path: Path) -> None:
        """On stock nbgrader such a link copies the gradebook into the student's own folder."""
        (tmp_path / "gradebook.db").write_text("secret")
        folder = tmp_path / "submitted"
        folder.mkdir()
        (folder / "mine").write_text("1")
        (folder / "link").symlink_to("../gradebook.db")
        (folder / "inside").symlink_to("mine")
        assert read_files(folder, folder.iterdir()) == {"mine": b"1", "inside": b"1"}

    @pytest.mark.parametrize("name", ["../x", "a/../../x", "/tmp/x"])
    def test_a_path_that_leads_out_is_refused(self, tmp_path: Path, name: str) -> None:
        with pytest.raises(ValueError, match=re.escape(f"{name!r} does not lie in")):
            write_files(tmp_path, {name: b""})


class TestPublish:
    """A directory is whole, or not there."""

    def test_replaces_and_keeps(self, tmp_path: Path) -> None:
        target = tmp_path / "a"
        publish(target, {"x/y": b"1"}, {}, lambda: None)
        publish(target, {"z": b"2"}, {"x/y": b"1", "z": b"old"}, lambda: None)
        assert (target / "x/y").read_bytes() + (target / "z").read_bytes() == b"12"
        assert [path.name for path in tmp_path.iterdir()] == ["a"]

    def test_gone_when_the_commit_fails(self, tmp_path: Path) -> None:
        def fail() -> None:
            raise RuntimeError("no")

        publish(tmp_path / "a", {"x": b"1"}, {}, lambda: None)
        with pytest.raises(RuntimeError, match="no"):
            publish(tmp_path / "a", {"x": b"2"}, {}, fail)
        assert list(tmp_path.iterdir()) == []

    def test_untouched_when_the_new_one_cannot_be_written(self, tmp_path: Path) -> None:
        publish(tmp_path / "a", {"x": b"1"}, {}, lambda: None)
        with pytest.raises(ValueError, match=r"'\.\./x' does not lie in"):
            publish(tmp_path / "a", {"../x": b"2"}, {}, lambda: None)
        assert (tmp_path / "a/x").read_bytes() == b"1"

    def test_killed_in_the_middle(self, tmp_path: Path) -> None:
        code = (
            "import os, pathlib; from autograder.grading.files import publish\n"
            "target = pathlib.Path('a')\n"
            "publish(target, {'x': b'1'}, {}, lambda: None)\n"
            "publish(target, {'x': b'2'}, {}, lambda: os.kill(os.getpid(), 9))"
        )
        done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=False)
        assert done.returncode == -signal.SIGKILL
        assert {path.name for path in tmp_path.iterdir()} == {".a.new", ".a.old"}
        sweep(tmp_path / "a")
        assert list(tmp_path.iterdir()) == []
