"""Looks for what no student may read: hidden tests, their inputs and answers, the solutions."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any
from unittest import mock

import numpy as np

from autograder.authoring.dry_run import SameProcess
from autograder.checks import answers, numerics
from autograder.checks.student import Part
from autograder.judge.testcell import grade_cell, seed_for
from tests.support.lesson import (
    ASSIGNMENT,
    EXERCISES,
    SOURCE,
    cell_named,
    solutions,
    source_cells,
    submission,
)

REGIONS = {
    "hidden test": r"### BEGIN HIDDEN TESTS(.*?)### END HIDDEN TESTS",
    "solution": r"### BEGIN SOLUTION(.*?)### END SOLUTION",
    "marking scheme": r"=== BEGIN MARK SCHEME ===(.*?)=== END MARK SCHEME ===",
}
SHORTEST = 12  # characters of a line, without spaces: shorter ones say nothing
DIGITS = 6  # of a number: a rounder one may stand anywhere
NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?:e[+-]?\d+)?", re.IGNORECASE)


def squashed(text: str) -> str:
    return re.sub(r"\s+", "", text)


def text_of(page: str) -> str:
    """What a page says, its attributes and its markup included."""
    page = re.sub(r"base64,[A-Za-z0-9+/=]+", "", page)
    return html.unescape(re.sub(r"</?(?:span|code|pre|div|p|b|em)\b[^>]*>", "", page))


def secret_lines(allowed: str = "") -> dict[str, str]:
    """Lines of the source's secret regions, squashed, and what they are; not those in `allowed`."""
    everywhere = squashed(allowed + without_regions())
    found = {}
    for cell in source_cells():
        for kind, region in REGIONS.items():
            for secret in re.findall(region, cell.source, re.DOTALL):
                lines = (squashed(line) for line in secret.splitlines())
                found |= {
                    line: kind for line in lines if len(line) >= SHORTEST and line not in everywhere
                }
    return found


def without_regions() -> str:
    """The instructor's notebook as a student may see it."""
    text = "\n".join(cell.source for cell in source_cells())
    for region in REGIONS.values():
        text = re.sub(region, "", text, flags=re.DOTALL)
    return text


def secret_numbers(student: str) -> set[str]:
    """Numbers that a student's hidden tests ask with and expect, as `significant` writes them."""
    seen = {
        number
        for name in EXERCISES
        for number in numbers_of(cell_named(f"test_{name}").source, name, student)
    }
    return {s for number in seen - visible_numbers() if (s := significant(number))}


@cache
def visible_numbers() -> frozenset[float]:
    """What passes in the visible parts of the test cells, which are the same for everybody."""
    return frozenset(
        number for name in EXERCISES for number in numbers_of(visible_part(name), name, "anybody")
    )


@cache
def right_answers() -> dict[str, Any]:
    """The names that the instructor's notebook leaves behind."""
    return submission({})


def visible_part(name: str) -> str:
    return re.sub(REGIONS["hidden test"], "", cell_named(f"test_{name}").source, flags=re.DOTALL)


def numbers_of(source: str, name: str, student: str) -> set[float]:
    """Every number that passes between a test cell and the student's and reference functions."""
    seen: set[float] = set()
    call, plain = Part.__call__, answers.plain

    def listening_call(part: Part, *args: Any, **kwargs: Any) -> Any:
        answer = call(part, *args, **kwargs)
        seen.update(leaves([args, kwargs, answer]))  # the answer is right, hence as expected
        return answer

    def listening_plain(function: Any, args: Any) -> Any:
        answer = plain(function, args)
        seen.update(leaves([args, answer]))
        return answer

    with (
        mock.patch.object(Part, "__call__", listening_call),
        mock.patch.object(answers, "plain", listening_plain),
        mock.patch.object(numerics, "plain", listening_plain),
    ):
        grade_cell(
            source,
            f"test_{name}",
            1.0,
            connection=SameProcess(right_answers()),
            solution=solutions(),
            directory=SOURCE.parent,
            seed=seed_for(ASSIGNMENT, student),
        )
    return seen


def leaves(value: Any) -> Iterator[float]:
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for item in value:
            yield from leaves(item)
    elif isinstance(value, int | float | np.number | np.ndarray) or hasattr(value, "__array__"):
        yield from (float(number) for number in np.ravel(np.asarray(value, dtype=float)))


def significant(number: float) -> str:
    """Its first digits and its exponent, or "" for a round number: 0.25 may stand anywhere."""
    if not np.isfinite(number):
        return ""
    mantissa, exponent = f"{number:.{DIGITS - 1}e}".split("e")
    return "" if mantissa.endswith("00") else f"{mantissa.lstrip('-')}e{exponent}"


def numbers_in(text: str) -> set[str]:
    """The numbers in a text, as `significant` writes them."""
    return {significant(float(number)) for number in NUMBER.findall(text)}


def leaks(page: str, lines: Mapping[str, str], numbers: Iterable[str] = ()) -> list[str]:
    """What a page gives away, as sentences."""
    text = text_of(page)
    flat = squashed(text)
    said = [f"{kind}: {line}" for line, kind in lines.items() if line in flat]
    found = numbers_in(text) & set(numbers)
    return said + [f"number of a hidden test: {number}" for number in sorted(found)]
