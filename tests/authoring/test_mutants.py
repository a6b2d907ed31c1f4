"""Mutants: one change each, all of them, nothing outside the solution."""

from __future__ import annotations

import ast
from textwrap import dedent

import pytest

from autograder.authoring.mutants import mutants


def changes(source: str, **lines: int) -> set[str]:
    return {mutant.change for mutant in mutants(source, **lines)}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a + b", {"a + b → a - b"}),
        ("a - b", {"a - b → a + b", "a - b → b - a"}),
        ("a / b", {"a / b → a * b", "a / b → b / a"}),
        ("a ** b", {"a ** b → a * b", "a ** b → b ** a"}),
        ("a @ b", {"a @ b → a * b", "a @ b → b @ a"}),
        ("-a", {"-a → a"}),
        ("a < b", {"a < b → a <= b"}),
        ("a == b", {"a == b → a != b"}),
        ("a and b", {"a and b → a or b"}),
        ("not a", {"not a → a"}),
        ("f(a)", {"f(a) → a"}),
        ("f(a, b)", {"f(a, b) → f(b, a)"}),
        ("f(a, b, c)", {"f(a, b, c) → f(b, a, c)", "f(a, b, c) → f(a, c, b)"}),
        ("f(a, k=b)", {"f(a, k=b) → f(a)"}),
        ("range(a)", {"range(a) → range(a - 1)"}),
        ("f.sum()", {"f.sum → f.mean"}),
        ("a['w'] + a['b']", {"a['w'] + a['b'] → a['w'] - a['b']", "a['w'] → a['b']",
                             "a['b'] → a['w']"}),
        ("a['w']", set()),
        ("a if b else c", {"a if b else c → a if not b else c"}),
        ("(a, b)", {"(a, b) → (b, a)"}),
        ("f(3)", {"f(3) → 3", "3 → 4"}),
        ("f(0.5)", {"f(0.5) → 0.5", "0.5 → 1.0"}),
        ("f(0.0)", {"f(0.0) → 0.0", "0.0 → 1.0"}),
        ("f(True)", {"f(True) → True", "True → False"}),
        ("f('text')", {"f('text') → 'text'"}),
        ("a", set()),
    ],
)  # fmt: skip
def test_what_may_stand_in_the_place_of_an_expression(source: str, expected: set[str]) -> None:
    assert changes(source) - {f"{ast.unparse(ast.parse(source))} → nothing"} == expected


def test_statements_are_dropped_but_for_definitions_imports_and_docstrings() -> None:
    source = dedent('''
        import a
        def f(x):
            """Text."""
            y = x
            return y
    ''')
    assert changes(source) == {"y = x → nothing", "return y → nothing"}


def test_a_change_in_place() -> None:
    assert changes("n += k") == {"n += k → nothing", "n += k → n -= k"}


def test_only_the_lines_of_the_solution_change() -> None:
    source = "def f(n=1):\n    a = n + 2\n    return a"
    assert changes(source, first=2, last=2) == {"a = n + 2 → nothing", "n + 2 → n - 2", "2 → 3"}


def test_each_mutant_is_python_and_differs_in_one_place() -> None:
    source = dedent("""
        def f(x):
            if x > 0:
                return g(x, -1) - h(x)
            while x < 3:
                x = x * 2
            return [x, 1], 2
    """)
    plain = ast.unparse(ast.parse(source))
    found = list(mutants(source))
    assert len(found) > 15
    assert len({mutant.source for mutant in found}) == len(found)
    for mutant in found:
        ast.parse(mutant.source)
        assert mutant.source != plain
        removed = [line for line in mutant.diff.splitlines() if line.startswith("-")]
        assert removed
        assert all(line[1:] in plain for line in removed)
    assert plain == ast.unparse(ast.parse(source))


def test_the_difference_is_shown_in_full() -> None:
    (mutant,) = (m for m in mutants("a = b\nc = d + e\n") if "d - e" in m.change)
    assert mutant.diff == "-c = d + e\n+c = d - e"


def test_the_same_source_comes_once() -> None:
    assert len([m for m in mutants("f(a, a)") if m.change != "f(a, a) → nothing"]) == 0


def test_what_is_not_python_is_said() -> None:
    with pytest.raises(SyntaxError):
        list(mutants("%matplotlib inline"))
