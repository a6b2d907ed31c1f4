"""Runs a part of a student's notebook apart: with stubs in the place of other parts.

The statements that the part needs, and in which a stub can make a difference, are run again in a
copy of the notebook's names, in which each stub already has its name. So the stub reaches whatever
binds it early: `slope = grad(loss)`, what `jit` has traced, closures, decorators, `partial`. A
statement of the student's that defines a stub's name again leaves the stub where it is. All else
comes from the copy as it is, for by reading alone nobody knows how it came to be: a dict may have
been filled through another name or by a call.

UNTRUSTED SIDE during grading, in the student's kernel; in a live notebook the same happens there.
"""

from __future__ import annotations
import __future__

import ast
import asyncio
import contextlib
import contextvars
import copy
import inspect
import linecache
import sys
import threading
from collections import OrderedDict
from collections.abc import (
    Callable,
    Collection,
    Iterable,
    Iterator,
    Mapping,
    MutableMapping,
    Sequence,
)
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from autograder.remote.names import Statement, following_calls, needed, read_statement
from autograder.remote.unnoticed import unnoticed

Names = dict[str, Any]

CELLS = "_ih"
"""Where IPython keeps the cells that were run, as Python: magics are calls of `get_ipython()`."""
TRANSPARENT = ("time", "prun", "capture")
"""Magics that run the Python below or beside them, and bind its names in the notebook."""
PLAIN = (dict, list, set, bytearray)
"""Values that are copied, for a statement that is run again may change them in place."""
KEPT = 16
"""Copies that are kept, those used last. An exercise has one for each part that it asks."""
CONTENTS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Import, ast.ImportFrom)
"""Statements that write no file when they run."""
UNREADABLE = frozenset(["eval", "exec", "globals", "locals", "vars"])
"""What uses names that cannot be seen."""


@dataclass
class Apart:
    """The names of a notebook in which a part sees stubs.

    `held` are the stubs by name. `raised` is the first error of a statement that was run again.
    """

    names: Names
    held: Mapping[str, Any]
    raised: Exception | SystemExit | None = None

    @contextlib.contextmanager
    def in_place_of(self, objects: Names) -> Iterator[None]:
        """Exchange the contents of a notebook's dict for these names, for as long as a call takes.

        Functions look their names up in that one dict, and so do IPython and `import __main__`.
        """
        before = dict(objects)
        _refill(objects, {**self.names, **self.held})
        try:
            yield
        finally:
            self.names = dict(objects)
            _refill(objects, before)


def _refill(objects: Names, names: Names) -> None:
    objects.clear()
    objects.update(names)


_made: OrderedDict[tuple[int, str, str, int], tuple[Names, Apart]] = OrderedDict()


def forget() -> None:
    """Make all copies anew when they are next asked for."""
    _made.clear()


def apart(objects: Names, wanted: str, stubs: str, load: Callable[[], Mapping[str, Any]]) -> Apart:
    """The copy of a notebook's names in which a part sees stubs; made now if there is none yet.

    It is made again once another cell has been run.

    Parameters
    ----------
    objects
        The notebook's names.
    wanted
        The name of the part.
    stubs
        Tells these stubs from others.
    load
        Gives the stubs by name.
    """
    key = (id(objects), wanted, stubs, len(sources(objects)))
    if key not in _made or _made[key][0] is not objects:
        _made[key] = objects, _make(objects, wanted, load())
    _made.move_to_end(key)
    while len(_made) > KEPT:
        _made.popitem(last=False)
    return _made[key][1]


def _make(objects: Names, wanted: str, stubs: Mapping[str, Any]) -> Apart:
    held = {name: stub for name, stub in stubs.items() if name != wanted}
    held |= {
        alias: stub
        for name, stub in held.items()
        for alias in _aliases(objects, name)
        if alias not in held and alias != wanted
    }
    cells = [(number, statements_of(number, text)) for number, text in sources(objects)]
    read = following_calls([s for _, cell in cells for s in cell], wanted)
    again = _affected(needed(read, wanted, apart_from=held), held, objects)
    bound = frozenset().union(*(statement.binds for statement in again)) - set(held)
    used = frozenset().union(*(statement.needs for statement in again)) - bound
    names = {name: value for name, value in objects.items() if name not in bound}
    names |= {name: _copied(names[name]) for name in used & set(names)}
    made = Apart(names, held)
    chosen = {id(statement.node) for statement in again}
    flags = 0
    with made.in_place_of(objects), unnoticed(writes=not all(map(_writes_nothing, again))):
        for number, cell in cells:
            kept = [statement.node for statement in cell if id(statement.node) in chosen]
            flags |= _future(statement.node for statement in cell)
            if kept:
                error = run_holding(kept, _filename(number), objects, held, flags)
                made.raised = made.raised or error
    if made.raised is None:  # what was bound under a condition that does not hold with the stubs
        made.names = {**objects, **made.names}
    return made


def _affected(
    statements: Sequence[Statement], held: Collection[str], present: Collection[str]
) -> list[Statement]:
    """Those in which the stubs make a difference, and those that bind what is not there.

    The latter did not come to run, for an error before them in the notebook. Whatever else makes
    or changes what such a statement does belongs to them: a list begins empty again before
    something is appended to it again.
    """
    imported = frozenset().union(*(statement.imports for statement in statements))
    known = frozenset(present)
    taken: list[Statement] = []
    left = [*statements]
    different = UNREADABLE.union(held)
    while True:
        more = [
            statement
            for statement in left
            if not different.isdisjoint(statement.needs | _made_by(statement, imported))
            or not statement.binds - different <= known
        ]
        if not more:
            return [statement for statement in statements if statement in taken]
        taken += more
        left = [statement for statement in left if statement not in more]
        made = (_made_by(statement, imported) | statement.inside - imported for statement in more)
        different = different.union(*made)


def _made_by(statement: Statement, imported: frozenset[str]) -> frozenset[str]:
    return statement.binds | (statement.changes - imported)


def _aliases(objects: Names, name: str) -> list[str]:
    """Other names of the student's for the function that a stub stands for: `loss = my_loss`."""
    own = unjitted(objects.get(name))
    if getattr(own, "__globals__", None) is not objects:
        return []
    return [other for other, value in objects.items() if unjitted(value) is own and other != name]


def unjitted(value: Any) -> Any:
    """What `jax.jit` was given, or the value itself."""
    while type(value).__name__ == "PjitFunction":
        value = value.__wrapped__
    return value


def _copied(value: Any) -> Any:
    if type(value) in PLAIN or type(value).__module__ == "numpy":
        with contextlib.suppress(Exception):  # something in it cannot be copied: share it
            return copy.deepcopy(value)
    return value


# Reading -------------------------------------------------------------------------------------


def sources(objects: Names) -> list[tuple[int, str]]:
    """The cells that were run, in order, with their numbers; none where `_ih` is the student's own.

    `checks.live` reads them as well.
    """
    cells = objects.get(CELLS)
    numbered = enumerate(cells if isinstance(cells, list) else [])
    return [(number, text) for number, text in numbered if isinstance(text, str)]


def statements_of(number: int, source: str) -> tuple[Statement, ...]:
    """The statements of a cell; none where it is no Python. Tracebacks can show its lines."""
    return _statements(source, _filename(number))


def _filename(number: int) -> str:
    return f"<cell {number} of the notebook>"


@lru_cache(maxsize=1000)
def _statements(source: str, filename: str) -> tuple[Statement, ...]:
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    try:
        return tuple(
            read_statement(node)
            for outer in ast.parse(source).body
            for node in _inside_magic(outer)
        )
    except (SyntaxError, ValueError, RecursionError):
        return ()


def _inside_magic(node: ast.stmt) -> Sequence[ast.stmt]:
    """The statements that a magic such as `%%time` runs; any other statement as it is."""
    match node:
        case ast.Expr(
            ast.Call(
                ast.Attribute(
                    ast.Call(ast.Name("get_ipython")), "run_cell_magic" | "run_line_magic"
                ),
                [ast.Constant(name), *_, ast.Constant(str(body))],
            )
        ) if name in TRANSPARENT:
            from IPython.core.inputtransformer2 import TransformerManager

            return ast.parse(TransformerManager().transform_cell(body)).body
    return [node]


def _writes_nothing(statement: Statement) -> bool:
    node = statement.node
    return isinstance(node, CONTENTS) or not any(isinstance(n, ast.Call) for n in ast.walk(node))


# Running -------------------------------------------------------------------------------------


def _future(nodes: Iterable[ast.stmt]) -> int:
    """What `from __future__ import annotations` means for a compiler, in all cells that follow."""
    flags = 0
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            for alias in node.names:
                flags |= getattr(__future__, alias.name).compiler_flag
    return flags


def run_holding(
    nodes: Sequence[ast.stmt],
    filename: str,
    objects: Names,
    held: Mapping[str, Any],
    flags: int = 0,
) -> Exception | SystemExit | None:
    """Run statements of one cell up to the first that raises, and return what it raised.

    They bind their names in `objects`, where each name in `held` keeps its value.
    """
    shell: Any = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    for node in nodes:
        module = ast.Module([_with_stubs(node, held)], [])
        try:
            if getattr(shell, "ast_transformers", None):
                module = shell.transform_ast(module)
            _execute(module, filename, objects, held, flags)
        except (Exception, SystemExit) as error:
            return error
        finally:
            objects.update(held)  # a function may have said `global`
    return None


def _execute(
    module: ast.Module, filename: str, objects: Names, held: Mapping[str, Any], flags: int
) -> None:
    """Run as IPython does, with `await` at the top level and what cells said of the future."""
    ast.fix_missing_locations(module)
    flags |= ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    code = compile(module, filename, "exec", flags, dont_inherit=True)
    namespace = _Holding(objects, held)
    if not code.co_flags & inspect.CO_COROUTINE:
        exec(code, objects, namespace)  # noqa: S102 - the student's own, where it ran before
        return
    failed: list[BaseException] = []

    def wait() -> None:
        try:
            asyncio.run(eval(code, objects, namespace))  # noqa: S307
        except BaseException as error:
            failed.append(error)

    # In a thread of its own, since an event loop runs in this one.
    thread = threading.Thread(target=contextvars.copy_context().run, args=(wait,), daemon=True)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]


class _Holding(MutableMapping[str, Any]):
    """The names that a statement binds: all go to the notebook's dict but those of stubs."""

    def __init__(self, objects: Names, held: Collection[str]) -> None:
        self._objects, self._held = objects, held

    def __getitem__(self, name: str) -> Any:
        return self._objects[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._objects)

    def __len__(self) -> int:
        return len(self._objects)

    def __setitem__(self, name: str, value: Any) -> None:
        if name not in self._held:
            self._objects[name] = value

    def __delitem__(self, name: str) -> None:
        if name not in self._held:
            del self._objects[name]


def _with_stubs(node: ast.stmt, held: Collection[str]) -> ast.stmt:
    """A statement in which each definition of a stub's name gives the stub to whoever gets it."""
    made: ast.stmt = _Replaced(held).visit(copy.deepcopy(node))
    return made


class _Replaced(ast.NodeTransformer):
    """Replaces what is defined at the top level of a cell, also inside `if`, `for` and `with`."""

    def __init__(self, held: Collection[str]) -> None:
        self._held = held

    def _visit_function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.stmt:
        if node.name not in self._held:
            return node
        value: ast.expr = ast.Name(node.name, ast.Load())
        for decorator in reversed(node.decorator_list):
            value = ast.Call(decorator, [value], [])
        return ast.copy_location(ast.Expr(value), node)

    visit_FunctionDef = visit_AsyncFunctionDef = _visit_function

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.stmt:
        return ast.copy_location(ast.Pass(), node) if node.name in self._held else node

    def visit_Lambda(self, node: ast.Lambda) -> ast.Lambda:
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.stmt:
        names = [target.id for target in node.targets if isinstance(target, ast.Name)]
        stub = next((name for name in names if name in self._held), None)
        if stub is not None and len(names) == len(node.targets):
            node.value = ast.copy_location(ast.Name(stub, ast.Load()), node.value)
        return node
