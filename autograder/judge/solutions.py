"""The instructor's solutions, taken from the instructor's notebook. TRUSTED SIDE.

The solutions exist in that one place. To get one, only the cells that it needs are run: its own
and those that define names it uses, in notebook order. So plots, widgets and long training runs of
the lesson cost nothing.
"""

from __future__ import annotations

import ast
import contextlib
import sys
from collections.abc import Collection, Hashable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

import nbformat

from autograder.checks.student import Given
from autograder.judge.cells import grade_id, is_test_cell
from autograder.remote.apart import run_holding
from autograder.remote.given import ready_made
from autograder.remote.names import Cell, needed, read_cell

NO_STUBS: Mapping[str, Given] = MappingProxyType({})


class Solutions:
    """The solutions of one instructor notebook. `sources` are those of all its cells."""

    def __init__(self, notebook: Path) -> None:
        self.notebook = notebook
        text = notebook.read_text(encoding="utf-8")
        self._cells, self.sources = solution_cells(text), sources(text)
        self._found: dict[tuple[str, Hashable], Any] = {}

    def __call__(self, name: str, stubs: Mapping[str, Given] = NO_STUBS) -> Any:
        """The object of that name at the end of the notebook, as it is with stubs for others.

        Raises
        ------
        AttributeError
            If no cell of the notebook defines it.
        """
        key = name, tuple(sorted((other, stub.source) for other, stub in stubs.items()))
        if key not in self._found:
            self._found[key] = self._made(name, stubs)
        return self._found[key]

    def _made(self, name: str, stubs: Mapping[str, Given]) -> Any:
        held = {other: ready_made(s.source) for other, s in stubs.items() if other != name}
        # A namespace for each name: what one needs cannot disturb another.
        with directory_importable(self.notebook.parent), names_of("__instructor__") as namespace:
            namespace.update(held)
            for cell in self.needed_cells(name, apart_from=held):
                nodes = ast.parse(cell.source).body
                if error := run_holding(nodes, str(self.notebook), namespace, held):
                    raise error
        if name not in namespace:
            raise AttributeError(f"{self.notebook} does not define {name!r}")
        return namespace[name]

    def cell_of(self, name: str) -> str:
        """The grade_id of the last cell that defines a name; "" if it has none, or there is none.

        Where a name is missing, `judge.written` looks for an answer in the cell of that grade_id.
        """
        return next((c.grade_id for c in reversed(self._cells) if name in c.binds), "")

    @property
    def names(self) -> frozenset[str]:
        """All names that the notebook's cells define."""
        return frozenset().union(*(cell.binds for cell in self._cells))

    def needed_cells(self, *wanted: str, apart_from: Collection[str] = ()) -> list[Cell]:
        """The cells that define names; see `remote.names.needed`."""
        return needed(self._cells, *wanted, apart_from=apart_from)


@lru_cache(maxsize=8)
def solution_cells(notebook: str) -> tuple[Cell, ...]:
    """The code cells of a notebook (its JSON) but the tests; a class needs the same ones."""
    return tuple(
        replace(read_cell(cell.source), grade_id=grade_id(cell))
        for cell in nbformat.reads(notebook, as_version=4).cells
        if cell.cell_type == "code" and not is_test_cell(cell)
    )


@lru_cache(maxsize=8)
def sources(notebook: str) -> tuple[str, ...]:
    """What the cells of a notebook (its JSON) say, text and code."""
    return tuple(cell.source for cell in nbformat.reads(notebook, as_version=4).cells)


@contextlib.contextmanager
def names_of(module: str) -> Iterator[dict[str, Any]]:
    """The names that cells run in: those of a module, which is known to Python while they run.

    `@dataclass` looks up the module of its class where annotations are text.
    """
    before = sys.modules.get(module)
    sys.modules[module] = made = ModuleType(module)
    try:
        yield vars(made)
    finally:
        del sys.modules[module]
        if before is not None:
            sys.modules[module] = before


def execute(cell: Cell, names: dict[str, Any]) -> None:
    """Run a cell as a notebook of its own would: this module's `from __future__` is not for it."""
    exec(compile(cell.source, cell.grade_id or "cell", "exec", dont_inherit=True), names)  # noqa: S102


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
