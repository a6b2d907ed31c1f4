"""A live notebook for the tests of the checks."""

from __future__ import annotations

import sys
import types

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from autograder.checks import live, standing
from autograder.checks.context import Context, current
from tests.support.inprocess import run_notebook


@pytest.fixture
def live_notebook(monkeypatch):
    """Makes the notebook that `student` stands in when nobody grades, of these cells."""

    def start(*cells):
        module = types.ModuleType("__main__")
        module.__dict__.update(run_notebook(*cells))
        monkeypatch.setitem(sys.modules, "__main__", module)
        return module

    monkeypatch.setattr(live, "_runs", {})
    monkeypatch.setattr(live, "_found", set())
    monkeypatch.setattr(standing, "_stands", {})
    token = current.set(Context())
    yield start
    current.reset(token)


@pytest.fixture
def main(live_notebook):
    return live_notebook("def f(x):\n    return 2 * x", "theta = {'w': 1.0}")


@pytest.fixture
def run(live_notebook, monkeypatch):
    """Runs cells one after the other in a live notebook, as IPython does: source, name of cell."""
    shell = InteractiveShell(
        user_module=live_notebook(), config=Config(HistoryManager={"hist_file": ":memory:"})
    )
    shell.events.register("post_run_cell", live.note)

    def run_cell(source, cell=None):
        monkeypatch.setitem(sys.modules, "__main__", shell.user_module)
        return shell.run_cell(source, store_history=True, cell_id=cell)

    yield run_cell
    shell.history_manager.end_session()
