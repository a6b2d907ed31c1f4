"""Compiled code that is kept for a class."""

from __future__ import annotations

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from autograder.sandbox.grader.cache import COMPLETE, KEPT, compiled, fingerprint


class TestCompiledCode:
    @pytest.fixture
    def notebook(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        path = tmp_path / "source" / "a.ipynb"
        path.parent.mkdir()
        path.write_text("{}")
        return path

    def test_is_made_once(self, notebook: Path) -> None:
        made: list[Path] = []

        def compile_into(folder: Path) -> None:
            made.append(folder)
            (folder / "entry").write_text("code")

        first, second = compiled(notebook, compile_into), compiled(notebook, compile_into)
        assert first is not None
        assert first == second
        assert (first / "entry").read_text() == "code"
        assert len(made) == 1
        assert not made[0].exists()

    def test_is_made_once_by_processes_that_start_together(self, notebook: Path) -> None:
        made: list[Path] = []
        both = threading.Barrier(2)

        def compile_into(folder: Path) -> None:
            made.append(folder)
            with contextlib.suppress(threading.BrokenBarrierError):
                both.wait(1)  # time for another one to come in, if it could

        with ThreadPoolExecutor(2) as pool:
            found = list(pool.map(lambda _: compiled(notebook, compile_into), range(2)))
        assert found[0] == found[1] is not None
        assert len(made) == 1

    def test_belongs_to_one_version_of_a_notebook(self, notebook: Path) -> None:
        before = fingerprint(notebook)
        (notebook.parent / "lesson.py").write_text("x = 1")
        assert fingerprint(notebook) != before

    def test_half_of_it_is_never_used(self, notebook: Path) -> None:
        def fail(folder: Path) -> None:
            raise RuntimeError("no")

        with pytest.raises(RuntimeError):
            compiled(notebook, fail)
        root = notebook.parents[1] / "cache/nbgrader-jax/compiled"
        assert not list(root.iterdir())

    def test_old_versions_go(self, notebook: Path) -> None:
        for number in range(KEPT + 3):
            notebook.write_text(str(number))
            assert compiled(notebook, lambda folder: None) is not None
        root = notebook.parents[1] / "cache/nbgrader-jax/compiled"
        assert len(list(root.glob(f"*/{COMPLETE}"))) == KEPT
