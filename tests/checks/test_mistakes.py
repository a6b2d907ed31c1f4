"""A known mistake that keeps a share of the points."""

from __future__ import annotations

import math

import pytest

from autograder.checks.mistakes import makes, share_of, worth


@pytest.mark.parametrize("share", [0, 0.0, 0.75, 1, 1.0])
def test_worth_does_what_the_function_does(share):
    made = worth(share, lambda x, *, by: x / by)
    assert made(6, by=3) == 2
    assert share_of(made) == share
    assert type(share_of(made)) is float


@pytest.mark.parametrize("share", [-0.1, 1.1, 75, math.nan, math.inf, True, "0.5", None, 1j, [1]])
def test_a_share_is_a_number_from_0_to_1(share):
    with pytest.raises(ValueError, match="expected a share") as caught:
        worth(share, abs)
    assert str(caught.value) == f"worth({share!r}, …): expected a share from 0 to 1"


def test_without_a_function_it_is_said_of_a_mistake_that_comes_with_the_check():
    assert share_of(worth(0.5)) == 0.5
    assert [makes(one) for one in (abs, worth(0.5, abs), worth(0.5), None)] == [
        True, True, False, False,
    ]  # fmt: skip
    with pytest.raises(TypeError, match="is for a mistake that comes with the check"):
        worth(0.5)(1.0)


def test_a_plain_function_keeps_nothing():
    assert share_of(abs) == share_of(None) == 0.0


def test_it_cannot_be_changed():
    with pytest.raises(AttributeError):
        worth(0.5, abs).share = 1
