"""Looks for what students must not see in what they get: every file of the release."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from autograder.judge.cells import is_answer

REGIONS = ("SOLUTION", "HIDDEN TESTS", "MARK SCHEME")
"""The regions that nbgrader takes out, by the words after BEGIN and END."""
SHORTEST_SECRET = 16
"""Characters of a line that is searched for; `losses = []` gives nothing away."""


def leaks(cells: Sequence[Any], folder: Path) -> Iterator[tuple[Path, str]]:
    """Files in a folder that show a line of a notebook's solutions, hidden tests or schemes.

    Yields the file and a sentence, such as "it shows a line of a solution: return x @ w + b".

    Parameters
    ----------
    cells
        The cells of the author's notebook.
    folder
        What students get: the release, with the files beside its notebook.
    """
    secrets = secret_lines(cells)
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        for line in sorted(lines_of(path)):
            if line in secrets:
                yield path, f"it shows a line of {secrets[line]}: {line}"
            elif any(f"BEGIN {region}" in line for region in REGIONS):
                yield path, f"a region was not taken out: {line}"


def secret_lines(cells: Sequence[Any]) -> dict[str, str]:
    """Lines that students must not see, each with what it belongs to ("a solution").

    A line that also stands in the visible part of the notebook is no secret, nor is a short one.
    """
    secret: dict[str, str] = {}
    visible: set[str] = set()
    for cell in cells:
        whole = is_answer(cell) and "BEGIN SOLUTION" not in cell.source
        inside = "a solution" if whole and cell.cell_type == "code" else ""
        region = inside
        for line in map(str.strip, cell.source.splitlines()):
            if opened := next((r for r in REGIONS if f"BEGIN {r}" in line), ""):
                region = "a " + opened.lower().rstrip("s")
            elif any(f"END {r}" in line for r in REGIONS):
                region = inside
            elif not region:
                visible.add(line)
            elif len(line) >= SHORTEST_SECRET:
                secret[line] = region
    return {line: of for line, of in secret.items() if line not in visible}


def lines_of(path: Path) -> set[str]:
    """The lines of a file, stripped; of a notebook, those of all texts in it.

    What is called a notebook need not be one: `._lesson.ipynb` is binary, and comes from macOS.
    """
    text = path.read_text(encoding="utf-8", errors="replace")
    if path.suffix == ".ipynb":
        with contextlib.suppress(ValueError, RecursionError):
            text = "\n".join(texts_in(json.loads(text)))
    return {line.strip() for line in text.splitlines()}


def texts_in(tree: Any) -> Iterator[str]:
    """Every text in a JSON tree; lines that a notebook keeps apart come one by one."""
    match tree:
        case str():
            yield tree
        case list():
            for item in tree:
                yield from texts_in(item)
        case dict():
            for item in tree.values():
                yield from texts_in(item)
