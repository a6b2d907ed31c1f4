"""`reference`. What it gives in float64, and from which cells: tests/judge/test_solutions.py."""

from __future__ import annotations

import pytest

from autograder.checks.reference import reference


@pytest.mark.parametrize("name", ["_private", "__wrapped__", "_repr_html_"])
def test_names_with_an_underscore_are_not_solutions(name):
    with pytest.raises(AttributeError) as caught:
        getattr(reference, name)
    assert str(caught.value) == name
