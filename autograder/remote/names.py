"""Which names a cell, or one statement of it, binds and which it needs, found by reading it.

For example, `needed(cells, "dlogistic_loss")` gives the cell that defines `dlogistic_loss`, the
cell that defines the `logistic_loss` used in it, and so on. Nothing is run. BOTH SIDES: `judge`
finds the instructor's solutions with it, `remote.apart` the student's statements.
"""

from __future__ import annotations

import ast
import symtable
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
FUNCTIONS = (*DEFINITIONS, ast.Lambda)
DEEPEST = 3
"""How many functions deep a call is followed."""


class Named(Protocol):
    """What `needed` has to know of a piece of a notebook; global names are meant throughout."""

    @property
    def binds(self) -> frozenset[str]:
        """Names that it gives a value to."""

    @property
    def changes(self) -> frozenset[str]:
        """Names whose value it changes in place, as `theta["w"] = 1.0` and `f.defvjp(…)` do."""

    @property
    def needs(self) -> frozenset[str]:
        """Names that it uses, builtins among them."""

    @property
    def imports(self) -> frozenset[str]:
        """Those of the names it binds that stand for something imported."""

    @property
    def binds_unknown(self) -> bool:
        """Whether it binds names that cannot be known: `from x import *`."""


@dataclass(frozen=True)
class Cell:
    """One cell, as `Named` describes it, with its source."""

    source: str
    binds: frozenset[str]
    needs: frozenset[str]
    changes: frozenset[str] = frozenset()
    imports: frozenset[str] = frozenset()
    binds_unknown: bool = False
    grade_id: str = ""


@dataclass(frozen=True)
class Statement:
    """One statement at the top level of a cell, as `Named` describes it.

    `calls` are the functions that it calls for what they do, as `fill(table)` and `@register` do;
    `inside` is what functions in it change when they are called.
    """

    node: ast.stmt
    binds: frozenset[str]
    needs: frozenset[str]
    changes: frozenset[str]
    imports: frozenset[str]
    binds_unknown: bool
    calls: frozenset[str] = frozenset()
    inside: frozenset[str] = frozenset()


Piece = TypeVar("Piece", bound=Named)


def needed(pieces: Sequence[Piece], *wanted: str, apart_from: Collection[str] = ()) -> list[Piece]:
    """The pieces that define names, directly or through names that those need, in order.

    All pieces that bind or change a name are taken, since a later one may change what an earlier
    one made; so are those that bind names which cannot be known. What is imported is not changed
    by a call: `plt.plot(y)` is not needed for what `plt` is. Names in `apart_from` are not
    followed.

    >>> cells = [read_cell(s) for s in ("a = 1", "b = a + 1", "c = 3")]
    >>> [cell.source for cell in needed(cells, "b")]
    ['a = 1', 'b = a + 1']
    """
    imported = frozenset().union(*(piece.imports for piece in pieces))
    taken: set[int] = set()
    names, seen = [*wanted], set(apart_from)
    while names:
        sought = names.pop()
        if sought in seen:
            continue
        seen.add(sought)
        for index, piece in enumerate(pieces):
            made = piece.binds_unknown or sought in piece.binds
            if index not in taken and (made or sought in piece.changes - imported):
                taken.add(index)
                names.extend(piece.needs)
    return [pieces[index] for index in sorted(taken)]


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
    read = [read_statement(node) for node in ast.parse(plain).body]

    def union(attribute: str) -> frozenset[str]:
        return frozenset().union(*(getattr(statement, attribute) for statement in read))

    star = any(statement.binds_unknown for statement in read)
    return Cell(plain, union("binds"), union("needs"), union("changes"), union("imports"), star)


def read_statement(node: ast.stmt) -> Statement:
    """Find out what a statement at the top level of a cell binds, changes and needs.

    >>> statement = read_statement(ast.parse("losses.append(loss(theta))").body[0])
    >>> sorted(statement.binds), sorted(statement.changes), sorted(statement.needs)
    ([], ['losses'], ['loss', 'losses', 'theta'])
    """
    table = symtable.symtable(ast.unparse(node), "statement", "exec")
    binds = frozenset(_globals_bound(table))
    star = any(
        isinstance(inner, ast.ImportFrom) and inner.names[0].name == "*" for inner in ast.walk(node)
    )
    imports = frozenset(
        (alias.asname or alias.name).partition(".")[0]
        for inner in ast.walk(node)
        if isinstance(inner, ast.Import | ast.ImportFrom)
        for alias in inner.names
    )
    needs = frozenset(_globals_used(table))
    bodies = [n.body for n in ast.walk(node) if isinstance(n, DEFINITIONS)]
    inside = frozenset().union(*(_changed(inner) for body in bodies for inner in body)) & needs
    changes, calls = _changed(node), _called(node)
    return Statement(node, binds, needs, changes, imports & binds, star, calls, inside)


def following_calls(statements: Sequence[Statement], wanted: str) -> list[Statement]:
    """The same statements, each of which also changes what the functions change that it calls.

    Calls of what is wanted are left as they are: they use it, and may take long.

    >>> code = "table = {}\\ndef fill(): table['a'] = 1\\nfill()"
    >>> read = [read_statement(node) for node in ast.parse(code).body]
    >>> [sorted(statement.changes) for statement in following_calls(read, "f")]
    [[], [], ['table']]
    """
    inside: dict[str, frozenset[str]] = {}
    for _ in range(DEEPEST):  # a function may call another one
        for statement in statements:
            if own := statement.inside.union(*(inside.get(n, ()) for n in statement.needs)):
                inside |= {name: own | inside.get(name, own) for name in statement.binds}
    inside.pop(wanted, None)
    return [
        replace(s, changes=s.changes.union(*(inside.get(name, ()) for name in s.calls)))
        if s.calls & inside.keys()
        else s
        for s in statements
    ]


def _globals_bound(table: symtable.SymbolTable) -> set[str]:
    """Names that are bound at the top level, or by a `global` statement further in."""
    at_top = table.get_type() == "module"
    bound = {
        symbol.get_name()
        for symbol in table.get_symbols()
        if (symbol.is_assigned() or symbol.is_imported())
        and (at_top or symbol.is_declared_global())
    }
    return bound.union(*(_globals_bound(child) for child in table.get_children()))


def _globals_used(table: symtable.SymbolTable) -> set[str]:
    """Names that a scope or one inside it looks up globally."""
    at_top = table.get_type() == "module"
    used = {
        symbol.get_name()
        for symbol in table.get_symbols()
        if symbol.is_referenced() and (at_top or symbol.is_global())
    }
    return used.union(*(_globals_used(child) for child in table.get_children()))


def _changed(node: ast.stmt) -> frozenset[str]:
    """Names whose value a statement changes in place when it runs.

    `theta["w"] = 1.0`, `model.scale = 2.0`, `losses.append(0.5)`, `f.defvjp(forward, backward)`,
    `@total.register` above a function or a class, and whatever is handed to a `register…` function.
    Not what a function would change when it is called.
    """
    found: set[str] = set()
    left: list[ast.AST] = [node]
    while left:
        inner = left.pop()
        for decorator in getattr(inner, "decorator_list", ()):
            if isinstance(_callee(decorator), ast.Attribute):
                found |= _base(decorator)
        if isinstance(inner, FUNCTIONS):
            continue
        if isinstance(inner, ast.Subscript | ast.Attribute) and not isinstance(inner.ctx, ast.Load):
            found |= _base(inner)
        if isinstance(inner, ast.Expr) and isinstance(inner.value, ast.Call):
            found |= _changed_by_call(inner.value)
        left += ast.iter_child_nodes(inner)
    return frozenset(found)


def _changed_by_call(call: ast.Call) -> set[str]:
    """What a call whose answer nobody keeps is made for: to change its object or arguments."""
    callee = call.func
    name = callee.attr if isinstance(callee, ast.Attribute) else getattr(callee, "id", "")
    changed = _base(callee) if isinstance(callee, ast.Attribute) else set()
    if name.startswith("register"):
        handed = [*call.args, *(keyword.value for keyword in call.keywords)]
        changed |= {argument.id for argument in handed if isinstance(argument, ast.Name)}
    return changed


def _called(node: ast.stmt) -> frozenset[str]:
    """Functions that a statement calls for what they do: nobody keeps an answer, or decorators."""
    found: set[str] = set()
    left: list[ast.AST] = [node]
    while left:
        inner = left.pop()
        calls = [*getattr(inner, "decorator_list", ())]
        if isinstance(inner, ast.Expr) and isinstance(inner.value, ast.Call):
            calls.append(inner.value)
        callees = (_callee(call) for call in calls)
        found |= {callee.id for callee in callees if isinstance(callee, ast.Name)}
        if not isinstance(inner, FUNCTIONS):
            left += ast.iter_child_nodes(inner)
    return frozenset(found)


def _callee(node: ast.expr) -> ast.expr:
    return node.func if isinstance(node, ast.Call) else node


def _base(node: ast.expr) -> set[str]:
    """The name at the beginning of `theta["w"].shape` or `np.random.default_rng(0).normal`."""
    while isinstance(node, ast.Subscript | ast.Attribute | ast.Call):
        node = _callee(node) if isinstance(node, ast.Call) else node.value
    return {node.id} if isinstance(node, ast.Name) else set()


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
