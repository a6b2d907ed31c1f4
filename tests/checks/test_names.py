"""What a cell binds and needs. Whole notebooks: tests/judge/test_solutions.py."""

from __future__ import annotations

import pytest

from autograder.checks.names import read_cell, without_magics


@pytest.mark.parametrize(
    "source", ["%matplotlib inline", "!ls", "%%bash\necho 1", "", "# a comment"]
)
def test_a_cell_of_nothing_else_is_empty(source):
    assert without_magics(source) == "pass"
    assert read_cell(source).binds == frozenset()


def test_read_cell():
    cell = read_cell(
        "import os.path as p\nfrom m import n\nx = y + z\ndef f(a): return a + x + len(q)"
    )
    assert cell.binds == {"p", "n", "x", "f"}
    assert {"y", "z", "x", "q"} <= cell.needs
    assert "a" not in cell.needs
    assert not cell.binds_unknown
    assert read_cell("from m import *").binds_unknown
