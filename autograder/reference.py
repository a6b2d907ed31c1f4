"""`reference`: the instructor's own solutions, under the same names as the student's.

TRUSTED SIDE. The solutions exist in one place, the instructor's notebook. To get one, only the
cells that it needs are run: its own and those that define names it uses, in notebook order. So
plots, widgets and long training runs of the lesson cost nothing.
"""

from __future__ import annotations

import ast
import contextlib
import symtable
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
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
    grade_id: str = ""


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
        """The cells that define names, directly or through names that those need, in order."""
        needed: set[int] = set()
        names, seen = [*wanted], set[str]()
        while names:
            sought = names.pop()
            if sought in seen:
                continue
            seen.add(sought)
            for index, cell in enumerate(self._cells):
                if index not in needed and (sought in cell.binds or cell.binds_unknown):
                    needed.add(index)
                    names.extend(cell.needs)
        return [self._cells[index] for index in sorted(needed)]


@lru_cache(maxsize=8)
def solution_cells(notebook: str) -> tuple[Cell, ...]:
    """The code cells of a notebook (its JSON) but the tests; a class needs the same ones."""
    import nbformat

    return tuple(
        replace(read_cell(cell.source), grade_id=marks.get("grade_id", ""))
        for cell in nbformat.reads(notebook, as_version=4).cells
        if cell.cell_type == "code" and not is_test(marks := cell.metadata.get("nbgrader", {}))
    )


def is_test(marks: dict[str, Any]) -> bool:
    """True for nbgrader's labels of a test cell: graded, and no answer."""
    return bool(marks.get("grade") and not marks.get("solution"))


def read_cell(source: str) -> Cell:
    """Find out what a cell binds and needs. IPython's magics are left out."""
    plain = without_magics(source)
    tree = ast.parse(plain)
    table = symtable.symtable(plain, "cell", "exec")
    star = any(
        isinstance(node, ast.ImportFrom) and node.names[0].name == "*" for node in ast.walk(tree)
    )
    binds = _globals_bound(table) | _globals_changed(tree)
    return Cell(plain, frozenset(binds), frozenset(_globals_used(table)), star)


def _globals_bound(table: symtable.SymbolTable) -> set[str]:
    """Names that a cell binds, at its top level or by a `global` statement further in."""
    at_top = table.get_type() == "module"
    bound = {
        symbol.get_name()
        for symbol in table.get_symbols()
        if (symbol.is_assigned() or symbol.is_imported())
        and (at_top or symbol.is_declared_global())
    }
    return bound.union(*(_globals_bound(child) for child in table.get_children()))


def _globals_changed(tree: ast.Module) -> set[str]:
    """Names whose entries or attributes a cell assigns to, as `theta["w"] = 1.0` does."""
    changed = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript | ast.Attribute) and isinstance(node.ctx, ast.Store):
            base: ast.expr = node
            while isinstance(base, ast.Subscript | ast.Attribute):
                base = base.value
            if isinstance(base, ast.Name):
                changed.add(base.id)
    return changed


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
    """Python source of a cell: statements that call IPython are left out."""
    from IPython.core.inputtransformer2 import TransformerManager

    tree = ast.parse(TransformerManager().transform_cell(source))
    kept = [node for node in tree.body if not _calls_ipython(node)]
    return ast.unparse(ast.Module(kept or [ast.Pass()], []))


def _calls_ipython(statement: ast.stmt) -> bool:
    return any(
        isinstance(node, ast.Name) and node.id == "get_ipython" for node in ast.walk(statement)
    )


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
