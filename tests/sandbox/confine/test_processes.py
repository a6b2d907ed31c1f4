"""Folders that resist are removed all the same."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from autograder.sandbox.confine.processes import remove_tree


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "folder"
    for name in ("first", "second"):
        (made / name).mkdir(parents=True)
        (made / name / "file").touch()
    return made


def test_a_folder_is_removed(folder: Path) -> None:
    remove_tree(folder)
    assert not folder.exists()


def test_one_that_has_gone_already(tmp_path: Path) -> None:
    remove_tree(tmp_path / "none")


def test_a_folder_with_rights_taken_away(folder: Path) -> None:
    (folder / "first").chmod(0)
    remove_tree(folder)
    assert not folder.exists()


def test_a_folder_from_which_another_process_removes_something(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A killed zygote: the launcher removes everything, the grader its kernel's sockets."""
    unlink = os.unlink

    def beaten_to_it(*args: Any, **kwargs: Any) -> None:
        unlink(*args, **kwargs)
        unlink(*args, **kwargs)

    monkeypatch.setattr(os, "unlink", beaten_to_it)
    remove_tree(folder)
    assert not folder.exists()
