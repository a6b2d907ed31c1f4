"""How the gate runs an author's own answers, and changed ones."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from autograder.authoring import dry_run
from autograder.authoring.dry_run import OutOfTime, limited


def computes() -> None:
    while True:
        pass


def waits() -> None:
    threading.Event().wait(60.0)


@pytest.mark.parametrize("forever", [computes, waits])
def test_limited_stops_what_takes_too_long(forever: Callable[[], None]) -> None:
    with pytest.raises(OutOfTime, match=r"took longer than 0\.05 s"), limited(0.05):
        forever()


def test_limited_counts_what_is_computed() -> None:
    with limited(0.1) as timer:
        threading.Event().wait(0.3)
    assert not timer.expired


def test_a_test_cell_is_asked_what_it_asks_for() -> None:
    assert dry_run.asked("a = student.f.call(student.x.value())\nreference.g") == {"f", "x"}


@pytest.mark.parametrize("future", ["", "from __future__ import annotations\n"])
def test_a_dataclass_in_a_notebook_is_made(tmp_path: Path, future: str) -> None:
    source = f"{future}from dataclasses import dataclass\n@dataclass\nclass State:\n    step: int"
    nbformat.write(new_notebook(cells=[new_code_cell(source)]), tmp_path / "it.ipynb")
    asking = dry_run.TestCell("test_step", "", 1.0, frozenset({"State"}))
    names = dry_run.DryRun(tmp_path / "it.ipynb").hand_in([asking])
    assert names["State"](3).step == 3
