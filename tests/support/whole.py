"""The lesson as one student handed it in, judged cell by cell as grading does, without a kernel."""

from __future__ import annotations

import codeop
import contextlib
import itertools
import linecache
import sys
import types
from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from autograder.authoring.dry_run import quiet
from autograder.judge.solutions import directory_importable
from autograder.record.report import Report
from autograder.remote.apart import CELLS, forget
from autograder.remote.names import without_magics
from tests.support.lesson import (
    EXERCISES,
    NEEDED_CELLS,
    SOURCE,
    judge_one,
    source_cells,
)
from tests.support.variants import PLAIN

SEED = 1
NOTHING: Mapping[str, str] = {}
_numbers = itertools.count(1)


@cache
def setup_cells() -> tuple[str, ...]:
    """What the lesson gives: imports and data."""
    return tuple(without_magics(c.source) for c in source_cells() if c.id in NEEDED_CELLS)


def cells_of(answers: Mapping[str, str], inserted: Mapping[str, str]) -> list[tuple[str, str]]:
    """Sources of cells, each with the exercise whose test cell comes after it, or "".

    `inserted` are cells of the student's own: "first" comes before the answers, "before f" in front
    of the answer to f, "after f" behind its test cell.
    """
    places = {"first"} | {f"{side} {name}" for side in ("before", "after") for name in EXERCISES}
    assert inserted.keys() <= places, inserted.keys() - places
    cells = [(source, "") for source in (*setup_cells(), inserted.get("first", ""))]
    for name in EXERCISES:
        cells.append((inserted.get(f"before {name}", ""), ""))
        cells.append((answers[name], name))
        cells.append((inserted.get(f"after {name}", ""), ""))
    return [cell for cell in cells if any(cell)]


def hand_in(
    answers: Mapping[str, str],
    inserted: Mapping[str, str] = NOTHING,
    only: Collection[str] = EXERCISES,
) -> dict[str, Report]:
    """The reports of test cells by exercise; the plain answers stand where none are given."""
    module = types.ModuleType(f"notebook_{next(_numbers)}")
    namespace: dict[str, Any] = module.__dict__
    namespace.update({CELLS: [""], "In": None})
    namespace["In"] = namespace[CELLS]
    reports = {}
    compiler = codeop.Compile()  # keeps what a cell says of the future, as IPython does
    sys.modules[module.__name__] = module
    try:
        for source, tested in cells_of({**PLAIN, **answers}, inserted):
            _run(source, namespace, compiler)
            if tested in only:
                reports[tested] = judge_one(tested, namespace, SEED)
    finally:
        del sys.modules[module.__name__]
        forget()
    return reports


def _run(source: str, namespace: dict[str, Any], compiler: codeop.Compile) -> None:
    """Run one cell: what it raises ends the cell, and not the notebook."""
    name = f"<{namespace['__name__']} cell {next(_numbers)}>"
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    if isinstance(namespace.get(CELLS), list):
        namespace[CELLS].append(source)
    with (
        quiet(),
        directory_importable(Path(SOURCE).parent),
        contextlib.suppress(Exception, SystemExit),
    ):
        exec(compiler(source, name, "exec"), namespace)


def scores(
    answers: Mapping[str, str],
    inserted: Mapping[str, str] = NOTHING,
    only: Collection[str] = EXERCISES,
) -> dict[str, float]:
    """What each exercise of a notebook earns."""
    return {name: report.score for name, report in hand_in(answers, inserted, only).items()}
