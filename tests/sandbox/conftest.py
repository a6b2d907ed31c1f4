"""Graders that the tests of the sandbox share: one takes seconds to start, a kernel does not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.support.sandbox import Graders, Place, place


@pytest.fixture(scope="session")
def where() -> Iterator[Place]:
    with place() as made:
        yield made


@pytest.fixture(scope="session")
def graders(where: Place) -> Iterator[Graders]:
    with closing(Graders(where)) as made:
        yield made
