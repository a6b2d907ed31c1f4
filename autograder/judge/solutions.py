"""The instructor's solutions, taken from the instructor's notebook. TRUSTED SIDE.

The solutions exist in that one place. To get one, only the cells that it needs are run: its own
and those that define names it uses, in notebook order. So plots, widgets and long training runs of
the lesson cost nothing.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import nbformat

from autograder.checks.names import Cell, needed_cells, read_cell
from autograder.judge.cells import grade_id, is_test_cell


class Solutions:
    """The solutions of one instructor notebook."""

    def __init__(self, notebook: Path) -> None:
        self.notebook = notebook
        self._cells = solution_cells(notebook.read_text(encoding="utf-8"))
        self._found: dict[str, Any] = {}

    def __call__(self, name: str) -> Any:
        """The object of that name at the end of the notebook.

        Raises
        ------
        AttributeError
            If no cell of the notebook defines it.
        """
        if name not in self._found:
            # A namespace for each name: what one needs cannot disturb another.
            namespace: dict[str, Any] = {"__name__": "__instructor__"}
            with directory_importable(self.notebook.parent):
                for cell in self.needed_cells(name):
                    code = compile(cell.source, str(self.notebook), "exec", dont_inherit=True)
                    exec(code, namespace)  # noqa: S102 - the instructor's own notebook
            if name not in namespace:
                raise AttributeError(f"{self.notebook} does not define {name!r}")
            self._found[name] = namespace[name]
        return self._found[name]

    def needed_cells(self, *wanted: str) -> list[Cell]:
        """The cells that define names; see `names.needed_cells`."""
        return needed_cells(self._cells, *wanted)


@lru_cache(maxsize=8)
def solution_cells(notebook: str) -> tuple[Cell, ...]:
    """The code cells of a notebook (its JSON) but the tests; a class needs the same ones."""
    return tuple(
        replace(read_cell(cell.source), grade_id=grade_id(cell))
        for cell in nbformat.reads(notebook, as_version=4).cells
        if cell.cell_type == "code" and not is_test_cell(cell)
    )


@contextlib.contextmanager
def directory_importable(directory: Path) -> Iterator[None]:
    """Let modules beside a notebook be imported, and forget them afterwards.

    Another assignment may have a module of the same name. No bytecode is written beside them:
    grading leaves source/ as it is.
    """
    before, silent = set(sys.modules), sys.dont_write_bytecode
    sys.path.insert(0, str(directory))
    sys.dont_write_bytecode = True
    try:
        yield
    finally:
        sys.dont_write_bytecode = silent
        sys.path.remove(str(directory))
        for name in set(sys.modules) - before:
            origin = getattr(sys.modules[name], "__file__", None)
            if origin and Path(origin).resolve().is_relative_to(directory.resolve()):
                del sys.modules[name]
