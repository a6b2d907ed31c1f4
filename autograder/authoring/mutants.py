"""Small changes to a solution, one at a time, to see whether the test cells notice.

Standard library only. The maintained mutation testers (cosmic-ray, mutmut) change files of a
package and run its test suite; neither exchanges arguments or drops statements, which is what
students do. So here is the handful of changes that matter in a cell of a few lines.
"""

from __future__ import annotations

import ast
import copy
import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

OPERATORS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Div,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.MatMult: ast.Mult,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.And: ast.Or,
    ast.Or: ast.And,
}
NEIGHBOURS = {
    "sum": "mean",
    "mean": "sum",
    "max": "min",
    "min": "max",
    "argmax": "argmin",
    "argmin": "argmax",
    "zeros": "ones",
    "ones": "zeros",
    "sin": "cos",
    "cos": "sin",
    "append": "extend",
}
"""Names of functions and methods that are easily taken for one another."""
ONE_SIDED = (ast.Sub, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow, ast.MatMult)
KEPT = (ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom, ast.Pass, ast.Global)


@dataclass(frozen=True)
class Mutant:
    """A changed solution: `change` says what was changed, in one line ("a + b → a - b")."""

    change: str
    source: str
    diff: str


def mutants(source: str, first: int = 1, last: int | None = None) -> Iterator[Mutant]:
    """All single changes to the lines `first` to `last` (counted from 1) of Python source.

    A change that comes to the same source as an earlier one is left out. Raises SyntaxError if
    the source is not Python.

    >>> [mutant.change for mutant in mutants("y = 2 * x")]
    ['y = 2 * x → nothing', '2 * x → 2 / x', '2 → 3']
    """
    tree = ast.parse(source)
    plain = ast.unparse(tree)
    keys = _keys_of_subscripts(tree)
    seen = {plain}
    for number, node in enumerate(ast.walk(tree)):
        if not first <= getattr(node, "lineno", 0) <= (last or len(source.splitlines())):
            continue
        for replacement in _replacements(node, keys):
            changed = _Replace(number).apply(tree, replacement)
            if changed in seen:
                continue
            seen.add(changed)
            yield Mutant(_change(node, replacement), changed, _diff(plain, changed))


def _replacements(node: ast.AST, keys: list[str]) -> Iterator[ast.AST]:
    """What a node may be replaced by, for example `a - b` by `a + b` and by `b - a`."""
    match node:
        case ast.BinOp(left, op, right) | ast.AugAssign(left, op, right):
            yield from _with_another_operator(node, op)
            if isinstance(node, ast.BinOp) and isinstance(op, ONE_SIDED):
                yield ast.BinOp(right, op, left)
        case ast.UnaryOp(ast.USub() | ast.Not(), operand):
            yield operand
        case ast.Compare(ops=[op]) | ast.BoolOp(op=op):
            yield from _with_another_operator(node, op)
        case ast.Constant():
            yield from _other_constants(node)
        case ast.Call():
            yield from _other_calls(node)
        case ast.Subscript(slice=ast.Constant(str() as key)) if len(keys) > 1:
            other = keys[(keys.index(key) + 1) % len(keys)]
            yield _with(node, slice=ast.Constant(other))
        case ast.Tuple(elts=[one, two], ctx=ast.Load()):
            yield _with(node, elts=[two, one])
        case ast.Attribute(attr=name) if name in NEIGHBOURS:
            yield _with(node, attr=NEIGHBOURS[name])
        case ast.IfExp(test) | ast.If(test) | ast.While(test):
            yield _with(node, test=ast.UnaryOp(ast.Not(), test))
    if _can_be_dropped(node):
        yield ast.Pass()


def _with_another_operator(node: ast.AST, op: ast.AST) -> Iterator[ast.AST]:
    if other := OPERATORS.get(type(op)):
        field = "ops" if isinstance(node, ast.Compare) else "op"
        yield _with(node, **{field: [other()] if field == "ops" else other()})


def _other_constants(node: ast.Constant) -> Iterator[ast.AST]:
    match node.value:
        case bool():
            yield ast.Constant(not node.value)
        case int():
            yield ast.Constant(node.value + 1)
        case float():
            yield ast.Constant(2 * node.value or 1.0)


def _other_calls(node: ast.Call) -> Iterator[ast.AST]:
    """Arguments exchanged or left out; the call itself left out."""
    args = node.args
    for i, (one, two) in enumerate(pairwise(args)):
        yield _with(node, args=[*args[:i], two, one, *args[i + 2 :]])
    for i in range(len(node.keywords)):
        yield _with(node, keywords=[*node.keywords[:i], *node.keywords[i + 1 :]])
    if len(args) == 1 and not node.keywords:
        if isinstance(node.func, ast.Name) and node.func.id == "range":
            yield _with(node, args=[ast.BinOp(args[0], ast.Sub(), ast.Constant(1))])
        else:
            yield args[0]


def _can_be_dropped(node: ast.AST) -> bool:
    docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return isinstance(node, ast.stmt) and not isinstance(node, KEPT) and not docstring


def _with(node: ast.AST, **fields: object) -> ast.AST:
    """A copy of a node with other fields."""
    changed = copy.copy(node)
    for name, value in fields.items():
        setattr(changed, name, value)
    return changed


class _Replace(ast.NodeTransformer):
    """Puts a replacement in the place of one node, counted in the order of `ast.walk`."""

    def __init__(self, number: int) -> None:
        self._number = number

    def apply(self, tree: ast.Module, replacement: ast.AST) -> str:
        changed = copy.deepcopy(tree)
        self._target = list(ast.walk(changed))[self._number]
        self._replacement = copy.deepcopy(replacement)
        return ast.unparse(ast.fix_missing_locations(self.visit(changed)))

    def visit(self, node: ast.AST) -> ast.AST:
        return self._replacement if node is self._target else super().visit(node)


def _keys_of_subscripts(tree: ast.AST) -> list[str]:
    """The texts that stand as keys in square brackets, in order of appearance."""
    found = (
        node.slice.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant)
    )
    return list(dict.fromkeys(key for key in found if isinstance(key, str)))


def _change(node: ast.AST, replacement: ast.AST) -> str:
    before = ast.unparse(node).splitlines()[0]
    if isinstance(replacement, ast.Pass):
        return f"{before} → nothing"
    return f"{before} → {ast.unparse(ast.fix_missing_locations(replacement)).splitlines()[0]}"


def _diff(before: str, after: str) -> str:
    """The lines that differ, marked - and +."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="")
    return "\n".join(line for line in [*lines][3:] if not line.startswith("@@"))
