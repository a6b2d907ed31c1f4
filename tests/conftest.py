"""What holds for every test."""

from __future__ import annotations

import os
import signal
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import jax  # which sets variables when it is imported
import pytest

import autograder.grading.quick  # noqa: F401 - before nbgrader, which then starts sooner
from tests.support import once, spread

# Where the tests are started in the background by a script, SIGINT is ignored, and by every program
# that they start as well: one that is interrupted would not end. A handler is not passed on.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=spread.turn)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> spread.Groups:
    config.option.loadscopereorder = False  # which would put what has most tests first
    return spread.Groups(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """pytest-xdist cannot send names of files in another encoding, and would end the whole run."""
    report = yield
    report.sections = [(title, sendable(text)) for title, text in report.sections]
    said = str(report.longrepr)
    if said != sendable(said):
        report.longrepr = sendable(said)
    return report


def sendable(text: str) -> str:
    """A text with halves of characters written out."""
    return text.encode(errors="backslashreplace").decode()


@pytest.fixture(scope="session", autouse=True)
def shared_by_all_workers(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Where things are made once in a run: pytest-xdist gives each worker a folder in one."""
    base = tmp_path_factory.getbasetemp()
    once.folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "made"
    once.folder.mkdir(exist_ok=True)


@pytest.fixture(scope="module", autouse=True)
def precision_is_set_back() -> Iterator[None]:
    """A lesson that runs in this process may ask for 64 bits; the tests of other modules do not."""
    before = jax.config.jax_enable_x64
    yield
    jax.config.update("jax_enable_x64", before)


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
