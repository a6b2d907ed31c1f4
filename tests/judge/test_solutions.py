"""The instructor's notebook as the source of the reference functions."""

from __future__ import annotations

import contextlib
import sys
from textwrap import dedent

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from autograder.checks.reference import reference
from autograder.judge.solutions import Solutions, directory_importable
from autograder.remote.names import without_magics
from tests.support.inprocess import Says, answering


def write(directory, *cells, name="lesson.ipynb"):
    """A notebook of code cells, given as source or as (source, nbgrader metadata)."""
    made = [new_markdown_cell("# Lesson\nx = 1 / 0")]
    for cell in cells:
        source, marks = cell if isinstance(cell, tuple) else (cell, None)
        made.append(new_code_cell(dedent(source), metadata={"nbgrader": marks} if marks else {}))
    directory.mkdir(exist_ok=True, parents=True)
    path = directory / name
    nbformat.write(new_notebook(cells=made), path)
    return path


@pytest.fixture
def solutions(tmp_path):
    return lambda *cells: Solutions(write(tmp_path / "source", *cells))


def test_only_the_cells_that_a_name_needs_are_run(solutions):
    found = solutions(
        "import jax.numpy as jnp",
        "def helper(x):\n    return jnp.asarray(x) + scale",
        "scale = 2.0",
        "def wanted(x):\n    return helper(x)",
        "raise RuntimeError('a demonstration of an error')",
        "import matplotlib.pyplot as plt\nplt.plot(no_such_data)\nplt.show()",
        "def unrelated():\n    return 1\n1 / 0",
    )
    assert found("wanted")(1.0) == 3.0


def test_a_cell_that_is_needed_and_raises_shows_its_error(solutions):
    found = solutions("a = 1 / 0")
    with pytest.raises(ZeroDivisionError):
        found("a")


def test_what_a_name_is_does_not_depend_on_what_was_asked_before(solutions):
    cells = ("z = 1\nq = 1", "z = 2\np = 1")
    fresh = solutions(*cells)
    assert fresh("z") == 2
    asked = solutions(*cells)
    asked("p")
    asked("q")
    assert asked("z") == 2


@pytest.mark.parametrize(
    "change",
    ["theta['w'] = 5.0", "theta |= {'w': 5.0}", "theta = {**theta, 'w': 5.0}"],
)
def test_a_value_is_what_it_is_at_the_end_of_the_notebook(solutions, change):
    assert solutions("theta = {'w': 1.0}", change)("theta") == {"w": 5.0}


@pytest.mark.parametrize(
    "cell",
    [
        "def f(x):\n    return g(x)",
        "f = lambda x: g(x)",
        "f = lambda x: [g(n) for n in [x]][0]",
        "class F:\n    def __call__(self, x):\n        return g(x)\nf = F()",
        "class F:\n    keep = staticmethod(g)\nf = F.keep",
        "def make():\n    def inner(x):\n        return g(x)\n    return inner\nf = make()",
        "def f(x, h=g):\n    return h(x)",
        "@wrap\ndef f(x):\n    return 0",
        "if True:\n    f = g",
        "for f in [g]:\n    pass",
        "with ctx(g) as f:\n    pass",
        "(f := g)",
        "[f] = [g]",
        "try:\n    f = missing\nexcept NameError:\n    f = g",
    ],
)
def test_every_way_to_define_and_to_need(solutions, cell):
    found = solutions(
        "import contextlib\nctx = contextlib.nullcontext",
        "def g(x):\n    return x + 1",
        "def wrap(function):\n    return g",
        cell,
    )
    assert found("f")(1) == 2


def test_a_global_of_a_function(solutions):
    assert solutions("def put():\n    global late\n    late = 3\nput()")("late") == 3


def test_a_name_that_shadows_a_builtin(solutions):
    found = solutions("input = 3.0", "def f():\n    return input")
    assert found("f")() == 3.0


def test_a_function_named_like_a_builtin(solutions):
    assert solutions("def sum(x):\n    return 42.0")("sum")(1) == 42.0


@pytest.mark.parametrize("name", ["absent", "__no_such__"])
def test_unknown_name(solutions, name):
    found = solutions("a = 1")
    with pytest.raises(AttributeError) as caught:
        found(name)
    assert str(caught.value) == f"{found.notebook} does not define {name!r}"


def test_a_name_that_the_cell_deletes_again(solutions):
    with pytest.raises(AttributeError, match="does not define 'a'"):
        solutions("a = 1\ndel a")("a")


def test_testcells_are_left_out(solutions):
    marks = {"grade": True, "solution": False, "grade_id": "t", "points": 1}
    found = solutions("a = 1", ("a = 2\nraise RuntimeError('a test cell was run')", marks))
    assert found("a") == 1


def test_a_manually_graded_answer_is_a_solution_too(solutions):
    marks = {"grade": True, "solution": True, "grade_id": "s", "points": 1}
    assert solutions(("def f():\n    return 1", marks))("f")() == 1


def test_star_imports_are_always_run(tmp_path):
    source = tmp_path / "source"
    path = write(source, "from helpers import *", "def f():\n    return helper() + 1")
    (source / "helpers.py").write_text("def helper():\n    return 1\n")
    assert Solutions(path)("f")() == 2
    assert Solutions(path)("helper")() == 1


def test_a_dataclass(solutions):
    """As a plain class: the judge's own `from __future__` imports are not the notebook's."""
    found = solutions(
        "from dataclasses import dataclass",
        "@dataclass\nclass Line:\n    w: float\n    def __call__(self, x): return self.w * x",
    )
    assert found("Line")(2.0)(3.0) == 6.0
    assert found("Line").__annotations__ == {"w": float}


def test_a_dataclass_whose_annotations_are_text(solutions):
    """Python looks up the module of such a class; it is not left behind."""
    before = set(sys.modules)
    found = solutions(
        "from dataclasses import dataclass",
        "@dataclass\nclass Line:\n    w: 'float'",
    )
    assert found("Line")(2.0).w == 2.0
    assert set(sys.modules) == before


def test_a_named_tuple(solutions):
    found = solutions("from typing import NamedTuple\nclass P(NamedTuple):\n    w: float")
    assert found("P")(1.0).w == 1.0


# Magics


@pytest.mark.parametrize(
    "magic",
    [
        "%matplotlib inline",
        "!pip install something",
        "%timeit f()",
        "files = !ls",
        "f?",
        "?f",
        "%load_ext autoreload",
    ],
)
def test_lines_of_ipython_are_removed(solutions, magic):
    assert "get_ipython" not in without_magics(f"{magic}\na = 1")
    assert solutions(f"{magic}\na = 1\n{magic}")("a") == 1


def test_magics_elsewhere_in_the_notebook_do_no_harm(solutions):
    assert solutions("%%html\n<b>not Python</b>", "a = 1")("a") == 1


# Modules beside the notebook


def test_helpers_of_the_same_name_in_two_directories(tmp_path):
    found = []
    for number in (1, 2):
        source = tmp_path / f"assignment{number}"
        path = write(source, "from helpers import value", "def f():\n    return value()")
        (source / "helpers.py").write_text(f"def value():\n    return {number}\n")
        found.append(Solutions(path))
    assert [solutions("f")() for solutions in found] == [1, 2]
    assert [solutions("value")() for solutions in reversed(found)] == [2, 1]
    assert "helpers" not in sys.modules


def test_a_helper_package_of_the_same_name_in_two_directories(tmp_path):
    values = []
    for number in (1, 2):
        package = tmp_path / f"assignment{number}" / "kit"
        package.mkdir(parents=True)
        (package / "__init__.py").write_text("")
        (package / "part.py").write_text(f"value = {number}\n")
        values.append(Solutions(write(package.parent, "from kit.part import value"))("value"))
    assert values == [1, 2]


def test_the_path_is_put_back_and_other_modules_stay(tmp_path):
    before = list(sys.path)
    (tmp_path / "beside.py").write_text("import colorsys\n")
    sys.modules.pop("colorsys", None)
    with contextlib.suppress(RuntimeError), directory_importable(tmp_path):
        __import__("beside")
        assert sys.path != before
        raise RuntimeError("an error inside")
    assert sys.path == before
    assert "beside" not in sys.modules
    assert "colorsys" in sys.modules


# `reference`


def test_reference_functions_compute_in_float64(solutions):
    found = solutions("import jax.numpy as jnp\ndef f(x, *, k=1.0):\n    return k * jnp.asarray(x)")
    with answering(Says(""), solution=found):
        answer = reference.f(np.ones(2), k=3.0)
        assert answer.dtype == np.float64
        assert answer.tolist() == [3.0, 3.0]
        assert reference.f.__name__ == "f"


def test_reference_values_are_the_notebooks_own(solutions):
    found = solutions("theta = {'w': 1.0}")
    with answering(Says(""), solution=found):
        assert reference.theta is found("theta")
        with pytest.raises(AttributeError, match="does not define 'absent'"):
            reference.absent  # noqa: B018
