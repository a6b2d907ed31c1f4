"""The examples in docstrings are true."""

from __future__ import annotations

import doctest
import importlib

import pytest

from tests.test_rooms import modules, source

WITH_EXAMPLES = [module for module in modules() if ">>> " in source(module)]


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_the_examples_of_a_module_hold(name: str):
    failed, tried = doctest.testmod(importlib.import_module(name))
    assert tried
    assert not failed


def test_an_example_that_is_wrong_is_seen(capsys: pytest.CaptureFixture[str]):
    def doubled(x: int) -> int:
        """Twice x.

        >>> doubled(2)
        5
        """
        return 2 * x

    runner = doctest.DocTestRunner()
    for test in doctest.DocTestFinder().find(doubled, globs={"doubled": doubled}):
        runner.run(test)
    assert runner.failures == 1
    assert "Expected:" in capsys.readouterr().out
