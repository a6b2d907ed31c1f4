"""The leak scan on files that are called notebooks and are none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell

from autograder.authoring.leaks import leaks

SECRET = "return jnp.sum(weights * values)"
ANSWER = new_code_cell(
    f"def f():\n### BEGIN SOLUTION\n    {SECRET}\n### END SOLUTION",
    metadata={"nbgrader": {"solution": True, "grade": False}},
)


@pytest.mark.parametrize(
    "content",
    [b"\x00\x05\x16\x07\xff\xfe", b"{broken", b"[" * 100_000, b"", b"3"],
    ids=["AppleDouble", "broken", "deep", "empty", "a number"],
)
def test_what_is_no_notebook_leaks_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "._lesson.ipynb").write_bytes(content)
    assert list(leaks([ANSWER], tmp_path)) == []


@pytest.mark.parametrize("text", [f"{{broken\n{SECRET}\n", json.dumps({"a": [f"x\n  {SECRET}"]})])
def test_a_secret_is_found_in_it_all_the_same(tmp_path: Path, text: str) -> None:
    (tmp_path / "notes.ipynb").write_text(text)
    ((path, what),) = leaks([ANSWER], tmp_path)
    assert path.name == "notes.ipynb"
    assert what.endswith(f"a line of a solution: {SECRET}")
