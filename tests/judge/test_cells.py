"""Which cells are the judge's."""

from __future__ import annotations

import pytest

from autograder.judge.cells import uses_kit


@pytest.mark.parametrize(
    "source",
    [
        "import autograder",
        "import autograder as ag",
        "import numpy, autograder",
        "import autograder.checks.exercise",
        "from autograder import Exercise",
        "from autograder.checks.exercise import Exercise",
        "from autograder import *",
        "x = 1\nif x:\n    from autograder import student",
        "def test():\n    import autograder",
        "'''doc'''\nfrom autograder import (\n    Exercise,\n    student,\n)",
    ],
)
def test_uses_kit(source):
    assert uses_kit(source) is True


@pytest.mark.parametrize(
    "source",
    [
        "",
        "# from autograder import Exercise",
        "'from autograder import Exercise'",
        "print('import autograder')",
        "autograder = 1",
        "from autograder_two import Exercise",
        "import autograders",
        "from my.autograder import x",
        "from . import autograder",
        "from numpy import autograder",
        "assert f(1) == 2",
        "from autograder import Exercise\n%matplotlib inline",
        "!pip install autograder\nimport autograder",
        "%%time\nimport autograder",
        "from autograder import",
        "import autograder\n  x = 1",
    ],
)
def test_does_not_use_kit(source):
    assert uses_kit(source) is False


def test_a_cell_that_python_cannot_parse_at_all_is_an_ordinary_one():
    assert uses_kit("import autograder\0") is False
