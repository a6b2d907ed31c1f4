"""What a cell or a statement binds and needs. Whole notebooks: tests/judge/test_solutions.py."""

from __future__ import annotations

import ast
from collections.abc import Collection

import pytest

from autograder.remote.names import Statement, needed, read_cell, read_statement, without_magics

# Cells


@pytest.mark.parametrize(
    "source", ["%matplotlib inline", "!ls", "%%bash\necho 1", "", "# a comment"]
)
def test_a_cell_of_nothing_else_is_empty(source: str) -> None:
    assert without_magics(source) == "pass"
    assert read_cell(source).binds == frozenset()


def test_a_cell_is_all_its_statements() -> None:
    cell = read_cell(
        "%matplotlib inline\n"
        "import os.path as p\nfrom m import n\nx = y + z\ndef f(a): return a + x + len(q)\n"
        "theta['w'] = x"
    )
    assert cell.binds == {"p", "n", "x", "f"}
    assert cell.needs == {"y", "z", "x", "q", "len", "theta"}
    assert cell.changes == {"theta"}
    assert cell.imports == {"p", "n"}
    assert not cell.binds_unknown
    assert read_cell("x = 1\nfrom m import *").binds_unknown


@pytest.mark.parametrize("source", ["def f(", "x = = 1", "  x = 1\n y = 2"])
def test_a_cell_that_is_no_python_says_so(source: str) -> None:
    with pytest.raises(SyntaxError):
        read_cell(source)


# Statements


def read(source: str) -> Statement:
    (node,) = ast.parse(source).body
    return read_statement(node)


BINDS = {
    "x = 1": "x",
    "x, (y, *z) = a": "x y z",
    "x += 1": "x",
    "x: int = 1": "x",
    "def f(a, b=c): d = 1": "f",
    "async def f(): pass": "f",
    "class A:\n    x = 1\n    def g(self): pass": "A",
    "for i in a: j = i": "i j",
    "while a: j = 1": "j",
    "with a as b, c as (d, e): f = 1": "b d e f",
    "try: x = 1\nexcept E as e: y = 1\nfinally: z = 1": "x e y z",
    "if (n := a): m = 1": "n m",
    "[(n := i) for i in a]": "n",
    "[i for i in a]": "",
    "lambda x: x": "",
    "match a:\n    case {'k': v, **rest}: x = 1": "v rest x",
    "def change():\n    global f\n    f = 1": "change f",
    "def outer():\n    def inner():\n        global f\n        f = 1": "outer f",
    "def outer():\n    x = 1\n    def inner():\n        nonlocal x\n        x = 2": "outer",
    "del f": "f",
    "import a.b": "a",
    "import a.b as c, d": "c d",
    "from a import b, c as d": "b d",
    "theta['w'] = 1": "",
    "theta.w = 1": "",
    "losses.append(1)": "",
}


@pytest.mark.parametrize(("source", "names"), BINDS.items())
def test_what_a_statement_binds(source: str, names: str) -> None:
    assert read(source).binds == set(names.split())


NEEDS = {
    "x = a + b": "a b",
    "x += 1": "",
    "theta['w'] = a": "theta a",
    "theta.w.v = a": "theta a",
    "def f(x, n=a): return g(x) + n": "a g",
    "def f(x: T) -> U: ...": "T U",
    "@d(a)\ndef f(x): y = x; return y": "d a",
    "f = lambda x, y=a: x + y + z": "a z",
    "class A(B):\n    x = y\n    def g(self): return h(self.x)": "B y h",
    "[i + a for i in b if c]": "a b c",
    "def f():\n    x = 1\n    def g(): return x + y\n    return g": "y",
    "def f():\n    global n\n    n = n + 1": "n",
    "f'{a} {b!r:{c}}'": "a b c",
    "from m import n": "",
}


@pytest.mark.parametrize(("source", "names"), NEEDS.items())
def test_what_a_statement_needs(source: str, names: str) -> None:
    assert read(source).needs == set(names.split())


CHANGES = {
    "theta['w'] = 1.0": "theta",
    "theta['w'][0] += 1": "theta",
    "theta.w = 1.0": "theta",
    "theta.w['b'].c = 1.0": "theta",
    "theta['w'], other.b = 1, 2": "theta other",
    "theta['w']: float = 1.0": "theta",
    "del theta['w']": "theta",
    "del model.scale": "model",
    "for theta['i'] in a: pass": "theta",
    "with a as theta.file: pass": "theta",
    "losses.append(loss(theta))": "losses",
    "model.layers[0].weights.update(w)": "model",
    "make(theta).run()": "make",
    "f.defvjp(forward, backward)": "f",
    "if a:\n    losses.append(1)": "losses",
    "for i in a:\n    with b:\n        theta[i] = 1": "theta",
    "class A:\n    losses.append(1)": "losses",
    "@total.register\ndef _(x: int): return x": "total",
    "@total.register(int)\ndef on_int(x): return x": "total",
    "@tools.of['a'].add\nasync def f(): pass": "tools",
    "@tools.add\nclass A: pass": "tools",
    "class A:\n    @total.register\n    def g(self): pass": "total",
    "total.register(int, on_int)": "total int on_int",
    "register_pytree_node(Params, flat, back)": "Params flat back",
    "jax.tree_util.register_pytree_node(Params, flat, back)": "jax Params flat back",
    "register_dataclass(Params, data_fields=['w'], meta_fields=fields)": "Params fields",
    "register(nodetype=Params)": "Params",
    "register_pytree_node(Params, lambda p: (p.w, None), back)": "Params back",
    "x = theta['w'].shape": "",
    "x = losses.append(1)": "",
    "print(theta['w'])": "",
    "@jit\ndef f(x): return x": "",
    "@partial(jit, static_argnums=1)\ndef f(x): return x": "",
    "@register_pytree_node_class\nclass A: pass": "",
    "def f(): losses.append(1)": "",
    "def f():\n    theta['w'] = 1\n    del theta['b']": "",
    "def f():\n    @total.register\n    def g(): pass": "",
    "f = lambda: losses.append(1)": "",
    "theta": "",
}


@pytest.mark.parametrize(("source", "names"), CHANGES.items())
def test_what_a_statement_changes_in_place(source: str, names: str) -> None:
    found = read(source)
    assert found.changes == set(names.split())
    assert found.changes <= found.needs


IMPORTS = {
    "import a.b": "a",
    "import a.b as c, d": "c d",
    "from a import b, c as d": "b d",
    "from . import b": "b",
    "try:\n    import a\nexcept ImportError:\n    a = None": "a",
    "if x:\n    from a import b": "b",
    "from a import *": "",
    "def f():\n    import a": "",
    "def f():\n    global a\n    import a": "a",
    "x = a.b": "",
}


@pytest.mark.parametrize(("source", "names"), IMPORTS.items())
def test_what_a_statement_imports(source: str, names: str) -> None:
    assert read(source).imports == set(names.split())
    assert read(source).binds_unknown is ("*" in source)


def test_a_statement_keeps_its_node() -> None:
    (node,) = ast.parse("x = 1").body
    assert read_statement(node).node is node


# What is needed

CHAIN = ["a = 1", "unused = 2", "def f(): return g() + a", "def g(): return 3", "a = 4"]
CHANGED = [
    "import plt, functools",
    "theta, losses = {}, []",
    "theta['w'] = scale",
    "losses.append(theta)",
    "scale = 2.0",
    "plt.plot(losses)",
    "def total(x): return x",
    "@total.register\ndef _(x: int): return helper(x)",
    "def helper(x): return x",
    "register_pytree_node(Params, flat)",
    "class Params: pass",
    "def flat(p): return p",
    "total.register(int, flat)",
]
RECURSIVE = ["def f(n): return g(n - 1)", "def g(n): return f(n - 1)"]
STAR = ["from m import *", "a = 1", "b = a", "from n import *"]


@pytest.mark.parametrize(
    ("sources", "wanted", "apart_from", "taken"),
    [
        (CHAIN, "f", "", [0, 2, 3, 4]),
        (CHAIN, "g", "", [3]),
        (CHAIN, "a", "", [0, 4]),
        (CHAIN, "g unused", "", [1, 3]),
        (CHAIN, "absent", "", []),
        (CHAIN, "", "", []),
        (CHAIN, "f", "g", [0, 2, 4]),
        (CHAIN, "f", "a", [2, 3]),
        (CHAIN, "f", "a g", [2]),
        (CHAIN, "f", "f", []),
        (CHAIN, "f", "absent", [0, 2, 3, 4]),
        (CHANGED, "theta", "", [1, 2, 4]),
        (CHANGED, "losses", "", [1, 2, 3, 4]),
        (CHANGED, "losses", "theta", [1, 3]),
        (CHANGED, "plt", "", [0]),
        (CHANGED, "total", "", [6, 7, 8, 9, 10, 11, 12]),
        (CHANGED, "Params", "", [9, 10, 11, 12, 6, 7, 8]),
        (CHANGED, "Params", "total", [9, 10, 11, 12]),
        (CHANGED, "total", "flat helper", [6, 7, 12]),
        (RECURSIVE, "f", "", [0, 1]),
        (STAR, "b", "", [0, 1, 2, 3]),
        (STAR, "anything", "", [0, 3]),
    ],
)
def test_what_is_needed_is_followed_by_name_and_kept_in_order(
    sources: list[str], wanted: str, apart_from: str, taken: Collection[int]
) -> None:
    """By cell and by statement alike: here each cell has one."""
    cells = [read_cell(source) for source in sources]
    found = needed(cells, *wanted.split(), apart_from=apart_from.split())
    assert [cells.index(cell) for cell in found] == sorted(taken)
    statements = [read(source) for source in sources]
    found_alone = needed(statements, *wanted.split(), apart_from=set(apart_from.split()))
    assert [statements.index(statement) for statement in found_alone] == sorted(taken)
