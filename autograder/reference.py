"""`reference`: the instructor's own solutions, under the same names as the student's.

TRUSTED SIDE. The solutions exist in one place, the instructor's notebook. To get one, only the
cells that it needs are run: its own and those that define names it uses, in notebook order. So
plots, widgets and long training runs of the lesson cost nothing.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import symtable
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.context import current
from autograder.endpoint import evaluate


class Reference:
    """Attribute access gives the instructor's object; functions run in float64."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        found = current.get().solution(name)
        if not callable(found):
            return found

        def call(*args: Any, **kwargs: Any) -> Any:
            return evaluate(found, args, kwargs)

        call.__name__ = name
        return call


reference = Reference()


@dataclass(frozen=True)
class Cell:
    """Source of one cell, with the global names that it binds and those that it needs."""

    source: str
    binds: frozenset[str]
    needs: frozenset[str]
    binds_unknown: bool = False  # from x import *


class Solutions:
    """The solutions of one instructor notebook."""

    def __init__(self, notebook: Path) -> None:
        import nbformat

        self.notebook = notebook
        cells = nbformat.read(notebook, as_version=4).cells
        self._cells = [
            read_cell(cell.source)
            for cell in cells
            if cell.cell_type == "code" and not cell.metadata.get("nbgrader", {}).get("grade")
        ]
        self._namespace: dict[str, Any] = {"__name__": "__instructor__"}
        self._run: set[int] = set()

    def __call__(self, name: str) -> Any:
        """The object of that name at the end of the notebook.

        Raises
        ------
        AttributeError
            If no cell of the notebook defines it.
        """
        wanted = self._needed_cells(name) - self._run
        with directory_importable(self.notebook.parent):
            for index in sorted(wanted):
                code = compile(self._cells[index].source, str(self.notebook), "exec")
                exec(code, self._namespace)  # noqa: S102 - the instructor's own notebook
        self._run |= wanted
        try:
            return self._namespace[name]
        except KeyError:
            raise AttributeError(f"{self.notebook} does not define {name!r}") from None

    def _needed_cells(self, name: str) -> set[int]:
        """The cells that define a name, directly or through names that those need."""
        needed: set[int] = set()
        names = [name]
        seen = set(dir(builtins))
        while names:
            sought = names.pop()
            if sought in seen:
                continue
            seen.add(sought)
            for index, cell in enumerate(self._cells):
                if index not in needed and (sought in cell.binds or cell.binds_unknown):
                    needed.add(index)
                    names.extend(cell.needs)
        return needed


def read_cell(source: str) -> Cell:
    """Find out what a cell binds and needs. IPython's magics are left out."""
    plain = without_magics(source)
    table = symtable.symtable(plain, "cell", "exec")
    binds = {s.get_name() for s in table.get_symbols() if s.is_assigned() or s.is_imported()}
    star = any(
        isinstance(node, ast.ImportFrom) and node.names[0].name == "*"
        for node in ast.walk(ast.parse(plain))
    )
    return Cell(plain, frozenset(binds), frozenset(_globals_used(table)), star)


def _globals_used(table: symtable.SymbolTable) -> set[str]:
    """Names that a scope or one inside it looks up globally."""
    at_top = table.get_type() == "module"
    used = {
        symbol.get_name()
        for symbol in table.get_symbols()
        if symbol.is_referenced() and (at_top or symbol.is_global())
    }
    return used.union(*(_globals_used(child) for child in table.get_children()))


def without_magics(source: str) -> str:
    """Python source of a cell: lines of IPython's own become `pass`."""
    from IPython.core.inputtransformer2 import TransformerManager

    python = TransformerManager().transform_cell(source)
    tree = ast.parse(python)
    kept = [node for node in tree.body if "get_ipython()" not in ast.unparse(node)]
    return ast.unparse(ast.Module(kept or [ast.Pass()], []))


@contextlib.contextmanager
def directory_importable(directory: Path) -> Iterator[None]:
    """Let modules beside a notebook be imported, and forget them afterwards.

    Another assignment may have a module of the same name.
    """
    before = set(sys.modules)
    sys.path.insert(0, str(directory))
    try:
        yield
    finally:
        sys.path.remove(str(directory))
        for name in set(sys.modules) - before:
            origin = getattr(sys.modules[name], "__file__", None)
            if origin and Path(origin).resolve().is_relative_to(directory.resolve()):
                del sys.modules[name]
