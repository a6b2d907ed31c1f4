"""What stands in a table is no formula, and a learning platform finds its students by it."""

from __future__ import annotations

import ast
import csv

import pytest

from autograder.reports.tables import inert, to_csv
from tests.test_rooms import texts

FORMULAS = [
    "=1+1",
    '=HYPERLINK("http://example.org?"&A1)',
    "+1+1",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(A1:A9)",
    "  =1",
    "\t=1",
    "\r=1",
    "\n=1",
    "\x00=1",
    "\u00a0=1",
    "\u200b=1",
    "\ufeff=1",
    "\u202e=1",
    "\uff1d1+1",
    "\uff0b1+1",
    "\uff0d1+cmd",
    "\uff20SUM(1)",
    "\u3000\uff1d1",
    "-1.5e3.2",
    "+49 30 (1)",
    "--1",
]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_becomes_a_text(text: str) -> None:
    assert inert(text) == f"'{text}"
    assert inert(f"'{text}") == f"'{text}"


@pytest.mark.parametrize(
    "value",
    [
        "",
        "plain",
        "O'Neill",
        "a=1",
        "1=1",
        "-1.5",
        "+4930123",
        "-1e-5",
        "-",
        "100 %",
        "1+1",
        -1.5,
        None,
    ],
)
def test_what_is_none_is_left_alone(value: object) -> None:
    assert inert(value) is value


@pytest.mark.parametrize("name", ["-x", "@ann", "+4930123", "-ann.b-c@example.org", "-"])
def test_a_name_by_which_a_student_is_found(name: str) -> None:
    assert inert(name, is_id=True) == name


@pytest.mark.parametrize("name", [text for text in FORMULAS if text != "-1.5e3.2"])
def test_such_a_name_is_no_formula_either(name: str) -> None:
    assert inert(name, is_id=True) == ("--1" if name == "--1" else f"'{name}")


def test_a_table_is_read_back_as_it_was() -> None:
    table = [["=a", "b\nc"], ['say "x"; y', "-x"], [None, -1.5]]
    written = to_csv(table, ids={1})
    assert written == '\'=a,"b\nc"\r\n"say ""x""; y",-x\r\n,-1.5\r\n'
    assert list(csv.reader(written.splitlines(keepends=True)))[1] == table[1]
    assert to_csv(table[2:], end="\n") == ",-1.5\n"


def test_no_other_module_writes_csv() -> None:
    writers = [module for module, text in texts().items() if imports_csv(text)]
    assert writers == ["autograder.reports.tables"]
    assert imports_csv("def f():\n    from pandas import DataFrame\n    import csv as c")


def imports_csv(text: str) -> bool:
    """Whether a source could write a table by itself."""
    makers = {"csv", "pandas", "openpyxl"}
    return any(
        makers & {alias.name.partition(".")[0] for alias in node.names}
        or getattr(node, "module", None) in makers
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Import | ast.ImportFrom)
    )
