"""What a cell binds and needs. Whole notebooks: tests/judge/test_solutions.py."""

from __future__ import annotations

import pytest

from autograder.remote.names import needed, read_cell, without_magics


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


@pytest.mark.parametrize(
    "source", ["theta['w'] = 1.0", "theta['w'][0] += 1", "theta.w = 1.0", "theta.w['b'].c = 1.0"]
)
def test_a_cell_that_changes_a_value_says_so(source):
    cell = read_cell(source)
    assert cell.binds == set()
    assert cell.changes == {"theta"}
    assert "theta" in cell.needs


def test_a_name_that_is_only_read_is_not_bound():
    assert read_cell("x = theta['w'].shape").binds == {"x"}


def test_needed_cells_are_followed_by_name_and_kept_in_order():
    sources = ["a = 1", "unused = 2", "def f(): return g() + a", "def g(): return 3", "a = 4"]
    cells = [read_cell(source) for source in sources]
    assert [cells.index(cell) for cell in needed(cells, "f")] == [0, 2, 3, 4]
    assert needed(cells, "absent") == []
