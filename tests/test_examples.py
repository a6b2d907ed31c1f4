"""The examples in docstrings say what the code does."""

from __future__ import annotations

import doctest
import importlib
from types import ModuleType

import pytest

from tests.test_rooms import modules, source

WITH_EXAMPLES = [module for module in modules() if ">>> " in source(module)]


def failures(module: ModuleType) -> list[str]:
    """What the examples of a module should give, and what they gave instead."""
    said: list[str] = []
    runner = doctest.DocTestRunner(verbose=False)
    for example in doctest.DocTestFinder().find(module):
        runner.run(example, out=said.append)
    return said


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_examples_are_right(name: str) -> None:
    assert failures(importlib.import_module(name)) == []


def test_an_example_that_is_wrong_is_seen() -> None:
    module = ModuleType("wrong", ">>> 1 + 1\n3\n")
    assert "Expected:\n    3\nGot:\n    2" in "".join(failures(module))


def test_there_are_examples_in_the_rooms_of_a_students_install() -> None:
    rooms = {name.split(".")[1] for name in WITH_EXAMPLES}
    assert rooms >= {"checks", "remote", "record"}
