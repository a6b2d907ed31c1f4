"""A live notebook for the tests of the checks."""

from __future__ import annotations

import sys

import pytest

from autograder.checks.context import Context, current
from tests.support.inprocess import run_notebook


@pytest.fixture
def main(monkeypatch):
    """The notebook that `student` stands in when nobody grades."""
    namespace = run_notebook("def f(x):\n    return 2 * x\ntheta = {'w': 1.0}")
    module = type(sys)("__main__")
    module.__dict__.update(namespace)
    monkeypatch.setitem(sys.modules, "__main__", module)
    token = current.set(Context())
    yield module
    current.reset(token)
