"""Which names a cell binds and which it needs, found by reading it.

For example, `needed_cells(cells, "dlogistic_loss")` gives the cell that defines `dlogistic_loss`,
the cell that defines the `logistic_loss` used in it, and so on. Nothing is run. Both sides.
"""

from __future__ import annotations

import ast
import symtable
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Cell:
    """Source of one cell, with the global names that it binds and those that it needs.

    A name that a cell both binds and uses is in both; builtins that it uses are in `needs`.
    """

    source: str
    binds: frozenset[str]
    needs: frozenset[str]
    binds_unknown: bool = False  # from x import *
    grade_id: str = ""


def needed_cells(cells: Sequence[Cell], *wanted: str) -> list[Cell]:
    """The cells that define names, directly or through names that those need, in order.

    All cells that bind a name are taken, since a later one may change what an earlier one made;
    so are those that bind names which cannot be known (`from x import *`).

    >>> cells = [read_cell(s) for s in ("a = 1", "b = a + 1", "c = 3")]
    >>> [cell.source for cell in needed_cells(cells, "b")]
    ['a = 1', 'b = a + 1']
    """
    needed: set[int] = set()
    names, seen = [*wanted], set[str]()
    while names:
        sought = names.pop()
        if sought in seen:
            continue
        seen.add(sought)
        for index, cell in enumerate(cells):
            if index not in needed and (sought in cell.binds or cell.binds_unknown):
                needed.add(index)
                names.extend(cell.needs)
    return [cells[index] for index in sorted(needed)]


def read_cell(source: str) -> Cell:
    """Find out what a cell binds and needs. IPython's magics are left out.

    >>> cell = read_cell("def loss(theta): return total(theta['w'] ** 2)")
    >>> sorted(cell.binds), sorted(cell.needs)
    (['loss'], ['total'])

    Raises
    ------
    SyntaxError
        If it is no Python.
    """
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
    """Python source of a cell: statements that call IPython are left out, and so are comments.

    >>> without_magics("%matplotlib inline\\nfiles = !ls\\nx = 1  # one")
    'x = 1'

    Raises
    ------
    SyntaxError
        If what is left is no Python.
    """
    from IPython.core.inputtransformer2 import TransformerManager

    tree = ast.parse(TransformerManager().transform_cell(source))
    kept = [node for node in tree.body if not _calls_ipython(node)]
    return ast.unparse(ast.Module(kept or [ast.Pass()], []))


def _calls_ipython(statement: ast.stmt) -> bool:
    return any(
        isinstance(node, ast.Name) and node.id == "get_ipython" for node in ast.walk(statement)
    )
