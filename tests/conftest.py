"""What holds for every test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import jax  # noqa: F401 - sets variables when it is imported
import pytest


def surroundings() -> dict[str, str]:
    """What the processes that a test starts take over."""
    variables = {k: v for k, v in os.environ.items() if k != "PYTEST_CURRENT_TEST"}
    return {**variables, "the directory": str(Path.cwd())}


@pytest.fixture(autouse=True)
def leaves_surroundings_alone() -> Iterator[None]:
    """A test, or the code it runs, that changes them would change what later tests see."""
    before = surroundings()
    yield
    assert surroundings() == before
