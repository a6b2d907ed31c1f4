"""Compiled code that is kept for a class."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from autograder.sandbox.grader.cache import (
    COMPLETE,
    KEPT,
    failure_of,
    fingerprint,
    finish,
    finished,
    locked_workshop,
    unfinished,
)
from autograder.sandbox.grader.interpreter import own

NAME = "f" * 32


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where compiled code is kept."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache/nbgrader-jax"


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    path = tmp_path / "source" / "a.ipynb"
    path.parent.mkdir()
    path.write_text("{}")
    return path


@pytest.fixture
def workshop() -> Path:
    with locked_workshop() as (folder, _):
        assert folder is not None
    return folder


class TestWorkshop:
    def test_one_works_in_it_at_a_time(self) -> None:
        with locked_workshop() as (mine, _):
            assert mine is not None
            with locked_workshop() as (theirs, _):
                assert theirs is None
        with locked_workshop() as (after, _):
            assert after is not None

    def test_whoever_inherits_the_lock_holds_it_until_the_end(self) -> None:
        with locked_workshop() as (_, lock):
            program = [sys.executable, "-c", "input()"]
            heir = subprocess.Popen(program, stdin=subprocess.PIPE, pass_fds=[lock])
        with locked_workshop() as (while_it_lives, _):
            assert while_it_lives is None
        heir.communicate(b"\n")
        with locked_workshop() as (after, _):
            assert after is not None

    def test_nobody_else_may_look_into_it(self, workshop: Path) -> None:
        assert workshop.stat().st_mode & 0o777 == 0o700


class TestFolder:
    def test_half_of_it_is_never_used(self, workshop: Path) -> None:
        folder = unfinished(NAME, workshop)
        (folder / "entry").write_text("code")
        assert finished(NAME) is None

    def test_what_is_finished_can_be_read_by_all_and_the_rest_goes(
        self, workshop: Path, kept: Path
    ) -> None:
        folder = unfinished(NAME, workshop)
        (folder / "entry").write_text("code")
        (folder / "entry").chmod(0o600)
        (workshop / "source").mkdir()
        (workshop / "source" / "a.ipynb").write_text("solutions")
        finish(folder)
        made = finished(NAME)
        assert made == kept / "compiled" / NAME
        assert {path.name for path in made.iterdir()} == {"entry", COMPLETE}
        assert (made / "entry").stat().st_mode & 0o777 == 0o644
        assert not list(workshop.iterdir())

    def test_it_is_made_further_where_it_was_stopped(self, workshop: Path) -> None:
        """But for the last entry, which may be half of one, and what belongs to others."""
        other, folder = unfinished("e" * 32, workshop), unfinished(NAME, workshop)
        assert not other.exists()
        for time, entry in enumerate(("first", "last")):
            (folder / entry).write_text("code")
            os.utime(folder / entry, (time, time))
        again = unfinished(NAME, workshop)
        assert again == folder
        assert (again / "first").exists()
        assert not (again / "last").exists()

    def test_it_takes_the_place_of_what_is_left_of_one(self, workshop: Path, kept: Path) -> None:
        (kept / "compiled" / NAME).mkdir(parents=True)
        (kept / "compiled" / NAME / "entry").write_text("left when it was removed")
        finish(unfinished(NAME, workshop))
        made = finished(NAME)
        assert made is not None
        assert [path.name for path in made.iterdir()] == [COMPLETE]

    def test_old_versions_go(self, workshop: Path, kept: Path) -> None:
        for number in range(KEPT + 3):
            finish(unfinished(f"{number:032}", workshop))
        assert len(list((kept / "compiled").glob(f"*/{COMPLETE}"))) == KEPT

    def test_why_it_could_not_be_made_is_found(self, workshop: Path) -> None:
        assert failure_of(NAME) is None
        (workshop / f"{NAME}.failed").write_text("no")
        assert failure_of(NAME) == workshop / f"{NAME}.failed"


class TestName:
    def test_belongs_to_one_version_of_a_notebook(self, notebook: Path) -> None:
        before = fingerprint(notebook)
        (notebook.parent / "lesson.py").write_text("x = 1")
        assert fingerprint(notebook) != before

    def test_and_of_the_code_that_makes_it(self, notebook: Path, tmp_path: Path) -> None:
        (tmp_path / "maker.py").write_text("1")
        before = fingerprint(notebook, tmp_path / "maker.py")
        (tmp_path / "maker.py").write_text("2")
        assert fingerprint(notebook, tmp_path / "maker.py") != before

    @pytest.mark.parametrize(
        "other",
        [
            {"version": "3.99.0"},
            {"packages": (("jax", "0.0.1"), ("jaxlib", "0.0.1"))},
            {"variables": (("JAX_ENABLE_X64", "1"),)},
        ],
    )
    def test_another_python_has_a_folder_of_its_own(
        self, notebook: Path, other: dict[str, Any]
    ) -> None:
        """Never is native code run that another version of JAX has made."""
        assert fingerprint(notebook, python=own()) == fingerprint(notebook)
        assert fingerprint(notebook, python=replace(own(), **other)) != fingerprint(notebook)
