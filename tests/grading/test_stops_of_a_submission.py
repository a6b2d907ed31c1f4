"""How often what was stopped, read from the notebooks that the assignment has and no others."""

from __future__ import annotations

import json

from autograder.grading.worker import stops
from autograder.judge.cells import STOPS


def notebook(**counts: int) -> bytes:
    return json.dumps({"metadata": {STOPS: counts} if counts else {}, "cells": []}).encode()


def test_only_the_notebooks_of_the_assignment_are_read() -> None:
    files = {
        "first.ipynb": notebook(ended=1, timeout=2),
        "second.ipynb": notebook(timeout=1),
        "third.ipynb": notebook(),
        "._first.ipynb": b"\x00\x05\x16\x07\xff",
        "notes.ipynb": b"{broken",
        "first (1).ipynb": notebook(memory=9),
        "folder/first.ipynb": notebook(memory=9),
    }
    found = stops(files, ["first", "second", "third", "not handed in"])
    assert found == {"ended": 1, "timeout": 3}
