"""How the tests are spread over processes."""

from __future__ import annotations

from tests.support.lesson import ROOT
from tests.support.spread import LONGEST, TOGETHER, group


def test_every_place_that_is_named_exists() -> None:
    named = [place for places in TOGETHER.values() for place in places]
    for place in [*named, *(name for name in LONGEST if name not in TOGETHER)]:
        assert (ROOT / place).exists(), place


def test_modules_stay_whole_and_those_that_share_stay_together() -> None:
    assert group("tests/a/test_b.py::TestC::test_d[e::f]") == "tests/a/test_b.py"
    assert group("tests/sandbox/kernel/test_streams.py::test_x") == "graders"
    assert group("tests/judge/test_graded_submissions.py::test_x") == group(
        "tests/judge/test_secrets.py::y"
    )
