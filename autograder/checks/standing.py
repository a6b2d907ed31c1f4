"""How far along a student is with a whole notebook: one line at the end of each live check.

What counts is what the checks found in this kernel, and only as long as it holds: a new kernel
knows nothing, and an exercise whose answer was written anew since its check ran does not pass until
the check runs again. Which exercises there are is read from the test cells of the notebook file in
the kernel's folder. Where none can be found, the line is about those that were tried.

Never while grading. Nothing in here may break a check, or slow it.
"""

from __future__ import annotations

import ast
import contextlib
import json
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from autograder.checks import live
from autograder.record.outcome import Outcome
from autograder.record.render import points_text
from autograder.record.report import Report
from autograder.remote.apart import Names, sources, statements_of
from autograder.remote.names import read_cell

MOST_BYTES = 20_000_000
"""Of a notebook file that is read; it holds pictures, and a larger one takes too long."""
KIT = "autograder"


@dataclass(frozen=True)
class Listed:
    """An exercise of the notebook file: the source of its test cell, and its visible points.

    `points` is None where they cannot be read off. A `plain` test cell does without the kit.
    """

    name: str
    source: str = ""
    points: float | None = None
    plain: bool = False


@dataclass(frozen=True)
class Stand:
    """What came of an exercise when its test cell ran last.

    `asked` are the names of the notebook that it asked for, apart from `stubs`, and `written` the
    statements that they came from. `changed` says that these are others now.
    """

    passed: bool
    earned: float
    points: float
    asked: frozenset[str] = frozenset()
    stubs: frozenset[str] = frozenset()
    written: frozenset[str] = frozenset()
    changed: bool = False


class Written:
    """The statements that were run in a notebook, up to the cell of a number."""

    def __init__(self, objects: Names, until: float = float("inf")) -> None:
        cells = [(number, text) for number, text in sources(objects) if number <= until]
        self._read = [s for number, text in cells for s in statements_of(number, text)]
        self._imports = frozenset().union(*(s.imports for s in self._read))
        self._bound: dict[str, int] = {}
        self._changed: defaultdict[str, list[int]] = defaultdict(list)
        for place, statement in enumerate(self._read):
            self._bound |= dict.fromkeys(statement.binds, place)
            for name in statement.changes - self._imports:
                self._changed[name].append(place)

    def of(self, names: Collection[str], apart_from: Collection[str] = ()) -> frozenset[str]:
        """The statements, as text, that names come from: the last of each, and what they need."""
        taken: set[int] = set()
        left, seen = [*names], set(apart_from) - set(names)
        while left:
            name = left.pop()
            if name not in seen and name in self._bound:
                last = self._bound[name]
                places = {last, *(place for place in self._changed[name] if place > last)}
                left += [n for place in places - taken for n in self._read[place].needs]
                taken |= places
            seen.add(name)
        return frozenset(ast.unparse(self._read[place].node) for place in taken)


_stands: dict[str, Stand] = {}
"""What came of the exercises of this kernel, by their names."""


def line_after(report: Report, asked: Collection[str], stubs: Collection[str]) -> str:
    """Keep what came of an exercise, and say how far along the notebook is; "" if nothing is known.

    `Exercise.report` asks in a live notebook. Outside of IPython there is nothing to say, nor
    where there is a single exercise.

    Parameters
    ----------
    report
        What came of it.
    asked, stubs
        The names that it asked of the notebook, and those that stood for other exercises.
    """
    with contextlib.suppress(Exception):  # no check breaks for this line
        objects = live.notebook()
        if cells := sources(objects):
            if report.checks:
                _stands[report.exercise] = Stand(
                    all(check.outcome is Outcome.PASSED for check in report.checks),
                    report.score,
                    report.available,
                    frozenset(asked),
                    frozenset(stubs),
                    Written(objects).of(asked, stubs),
                )
            return _line(listed_beside(cells[-1][1]), objects)
    return ""


def _line(listed: Sequence[Listed], objects: Names) -> str:
    """The line, about the exercises of a notebook file, or about those that were tried.

    For example "So far: 1 of 3 exercises pass here, 1 of 4.5 visible points. Next: loss."
    """
    known = {each.name for each in listed} >= _stands.keys()
    exercises = listed if listed and known else [Listed(name) for name in _stands]
    if len(exercises) < 2:
        return ""
    now = Written(objects)
    stands = [_stand(each, objects, now) for each in exercises]
    passing = sum(stand is not None and stand.passed for stand in stands)
    earned = sum(stand.earned for stand in stands if stand is not None)
    worth = [
        each.points if stand is None else stand.points
        for each, stand in zip(exercises, stands, strict=True)
    ]
    known_worth = [points for points in worth if points is not None]
    of = f" of {points_text(sum(known_worth))}" if len(known_worth) == len(worth) else ""
    tried = "" if exercises is listed else " that were tried"
    unit = "point" if earned == 1 and not of else "points"
    said = (
        f"So far: {passing} of {len(exercises)} exercises{tried} pass here, "
        f"{points_text(earned)}{of} visible {unit}."
    )
    for each, stand in zip(exercises, stands, strict=True):
        if stand is None or not stand.passed:
            changed = ", which has changed since its check ran" if stand and stand.changed else ""
            return f"{said} Next: {each.name}{changed}."
    return said


def _stand(each: Listed, objects: Names, now: Written) -> Stand | None:
    """What holds of an exercise now; None where its test cell was not run in this kernel."""
    stand = _plain_stand(each, objects) if each.plain else _stands.get(each.name)
    if stand is None or now.of(stand.asked, stand.stubs) == stand.written:
        return stand
    return replace(stand, passed=False, earned=0.0, changed=True)


def _plain_stand(each: Listed, objects: Names) -> Stand | None:
    """The same of a test cell without the kit: whether its last run came to its end."""
    ran = [number for number, text in sources(objects) if text.strip() == each.source]
    if not ran:
        return None
    cell, passed = read_cell(each.source), live.came_to_its_end(ran[-1])
    asked, points = cell.needs - cell.binds, each.points or 0.0
    written = Written(objects, until=ran[-1]).of(asked)
    return Stand(passed, points if passed else 0.0, points, asked, written=written)


# The notebook file ---------------------------------------------------------------------------


def listed_beside(running: str) -> Sequence[Listed]:
    """The exercises of the notebook file in this folder that has a test cell of this source.

    None of them if there is no such file, or if there are several, with other exercises besides.
    """
    found = set()
    for path in Path.cwd().glob("*.ipynb"):
        state = path.stat()
        if state.st_size <= MOST_BYTES:
            exercises = _exercises_of(path, state.st_mtime_ns)
            if running.strip() in {each.source for each in exercises}:
                found.add(exercises)
    return found.pop() if len(found) == 1 else ()


@lru_cache(maxsize=64)
def _exercises_of(path: Path, _changed_at: int) -> tuple[Listed, ...]:
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        return tuple(each for cell in cells for each in _exercises_in(cell))
    except (OSError, ValueError, LookupError, TypeError, SyntaxError, RecursionError):
        return ()  # another file, or half written


def _exercises_in(cell: dict[str, Any]) -> Iterator[Listed]:
    """The exercises of a cell of the file, which has to be one of nbgrader's autograded tests."""
    labels = cell["metadata"].get("nbgrader") or {}
    if cell["cell_type"] != "code" or not labels.get("grade") or labels.get("solution"):
        return
    source = "".join(cell["source"]).strip()
    tree = ast.parse(source)
    if KIT in read_modules(tree):
        yield from (replace(each, source=source) for each in exercises_in(tree))
    else:
        name = str(labels["grade_id"]).removeprefix("test_")
        yield Listed(name, source, float(labels["points"]), plain=True)


def read_modules(tree: ast.Module) -> set[str]:
    """The packages that a cell imports from."""
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    named = [(getattr(node, "module", None), [a.name for a in node.names]) for node in imports]
    return {name.partition(".")[0] for module, names in named for name in [module or names[0]]}


def exercises_in(tree: ast.Module) -> list[Listed]:
    """The exercises that a test cell makes, with the points of the checks that can be seen in it.

    >>> cell = "one = Exercise('line')\\none.returns('a', f)\\none.agrees('b', f, g, points=2)"
    >>> [(each.name, each.points) for each in exercises_in(ast.parse(cell))]
    [('line', 3.0)]

    An exercise without a check in sight is left out. Where checks are made in a loop, say, or
    points are worked out, they cannot be read off.
    """
    found: list[tuple[str, list[float | None]]] = []
    checks_of: dict[str, list[float | None]] = {}
    for statement in tree.body:
        match statement:
            case ast.Assign(
                [ast.Name(variable)],
                ast.Call(
                    ast.Name("Exercise") | ast.Attribute(attr="Exercise"),
                    [ast.Constant(str(name)), *_],
                ),
            ):
                checks_of[variable] = []
                found.append((name, checks_of[variable]))
            case ast.Expr(ast.Call(ast.Attribute(ast.Name(variable), check), _, keywords)) if (
                variable in checks_of
            ):
                checks_of[variable] += [_points_in(keywords)] if check != "report" else []
            case _:
                for node in ast.walk(statement):
                    if isinstance(node, ast.Name) and node.id in checks_of:
                        checks_of[node.id].append(None)
    return [
        Listed(name, points=None if None in points else sum(points))  # type: ignore[arg-type]
        for name, points in found
        if points
    ]


def _points_in(keywords: Sequence[ast.keyword]) -> float | None:
    """The points of a check as they are written, 1 if they are not; None if worked out."""
    written = {keyword.arg: keyword.value for keyword in keywords}
    if "points" in written:
        value = getattr(written["points"], "value", None)
        return float(value) if isinstance(value, int | float) else None
    return None if None in written else 1.0  # None is the name of `**more`
