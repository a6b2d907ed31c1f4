"""Courses of plain asserts keep their scores, cell by cell, under the kit's configuration.

Each is graded by `nbgrader autograde` as it comes, by `nbgrader autograde` with the kit's
configuration, and by `autograder grade`. For the larger one, what nbgrader gives is written down;
`python -m tools.corpus` has it written anew.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

import nbgrader
import pytest

from tests.support.corpus import ODD, OTHERWISE, SCORES, write_source, write_submissions
from tests.support.course import Course
from tests.support.odd_answers import SUBMISSIONS
from tests.support.plain_tests import slug
from tests.support.ways import Scores, configure, graded

pytestmark = pytest.mark.slow

DOCUMENTATION = Path(nbgrader.__file__).parent / "docs" / "source" / "user_guide"
PS1 = "ps1"
SOME = ("right", "untouched", "hides print", "magics", "tests_worth_more", "from_colab")
"""Of the corpus: what nbgrader itself grades in each run of the tests, which takes it minutes."""


@pytest.fixture(scope="module")
def documentations(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Scores]:
    """The course that nbgrader's documentation is written about, graded in a way."""

    @cache
    def scores(way: str) -> Scores:
        root = tmp_path_factory.mktemp("documentation") / "course"
        root.mkdir()
        for folder in ("source", "submitted"):
            shutil.copytree(DOCUMENTATION / folder, root / folder)
        configure(root, way)
        course = Course(root)
        course.nbgrader("generate_assignment", PS1)
        return graded(course, PS1, way)

    return scores


@pytest.mark.parametrize("way", ["autograde", "grade"])
def test_the_course_of_nbgraders_documentation(
    way: str, documentations: Callable[[str], Scores]
) -> None:
    expected = documentations("stock")
    assert set(expected) == {"bitdiddle", "hacker"}
    assert sum(score or 0 for cells in expected.values() for score, _ in cells.values()) > 0
    assert documentations(way) == expected


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Iterable[str]], Scores]:
    """The corpus, or these submissions of it, graded in a way."""

    def scores(way: str, names: Iterable[str]) -> Scores:
        root = tmp_path_factory.mktemp("corpus") / "course"
        root.mkdir()
        write_source(root)
        configure(root, way)
        course = Course(root)
        course.nbgrader("generate_assignment", ODD)
        write_submissions(root, names)
        return graded(course, ODD, way)

    return scores


def expected(names: Iterable[str], *, kits: bool) -> Scores:
    """What nbgrader gives; or the kit, which means to give something else here and there."""
    written = json.loads(SCORES.read_text(encoding="utf-8"))
    scores: Scores = {slug(name): written["all"] | written[slug(name)] for name in names}
    if kits:
        for (name, cell), (score, _) in OTHERWISE.items():
            if name in names:
                scores[slug(name)][f"{ODD}/test_{slug(cell)}"] = [score, False]
    return scores


def test_every_notebook_of_the_corpus_keeps_its_scores(
    corpus: Callable[[str, Iterable[str]], Scores],
) -> None:
    assert len(SUBMISSIONS) > 60
    assert corpus("grade", SUBMISSIONS) == expected(SUBMISSIONS, kits=True)


@pytest.mark.parametrize("way", ["stock", "autograde"])
def test_some_of_it_by_nbgraders_own_program(
    way: str, corpus: Callable[[str, Iterable[str]], Scores]
) -> None:
    assert corpus(way, SOME) == expected(SOME, kits=way != "stock")
