"""Parts run apart: whatever a student's cells bind early, stubs reach it."""

# ruff: noqa: E501 - a cell on a line reads best in a table

from __future__ import annotations

import builtins

import jax
import pytest

from autograder.checks.exercise import Exercise
from autograder.checks.faults import StudentFault
from autograder.checks.student import given, student
from autograder.record.outcome import Outcome
from tests.support.inprocess import notebook

IMPORTS = """
    import functools
    import jax
    import jax.numpy as jnp
    import numpy as np
    from jax import grad, jit
"""
CUBE = given("lambda x: x**3")
"""The stub of `f`; its slope at 2 is 12, and no answer below has that by itself."""

BROKEN = {
    "wrong": "def f(x): return 7 * x",
    "returns nothing": "def f(x): pass",
    "made with numpy": "def f(x): return np.sin(x)",
    "not written": "def f(x): raise NotImplementedError()",
    "a number": "f = 5",
}
EARLY = {
    "late": "def df(x): return grad(f)(x)",
    "early": "df = grad(f)",
    "jitted": "df = jit(grad(f))",
    "jitted first": "fast = jit(f)\ndf = grad(fast)",
    "a trace that was used": "df = jit(grad(lambda x: f(x) * 1.0))\ntry: df(1.0)\nexcept Exception: pass",
    "decorated": "@jit\ndef df(x): return grad(f)(x)",
    "own decorator": "def slope(g):\n    return lambda h: grad(g)\n@slope(f)\ndef df(x): ...",
    "partial": "def by(g, x): return grad(g)(x)\ndf = functools.partial(by, f)",
    "closure": "def make():\n    mine = f\n    return lambda x: grad(mine)(x)\ndf = make()",
    "default": "def df(x, g=f): return grad(g)(x)",
    "class": "class Slope:\n    g = staticmethod(f)\n    def __call__(self, x): return grad(self.g)(x)\ndf = Slope()",
    "instance": "class Slope:\n    def __init__(self, g): self.g = g\n    def __call__(self, x): return grad(self.g)(x)\ndf = Slope(f)",
    "container": "tools = {'slope': grad(f)}\ndef df(x): return tools['slope'](x)",
    "filled container": "tools = {}\ntools['slope'] = grad(f)\ndef df(x): return tools['slope'](x)",
    "list": "steps = []\nsteps.append(grad(f))\ndef df(x): return steps[0](x)",
    "helper": "def helper(x): return f(x)\ndf = grad(helper)",
    "value and slope": "both = jax.value_and_grad(f)\ndf = lambda x: both(x)[1]",
    "in an if": "if True:\n    df = grad(f)",
    "in a with": "with jax.disable_jit(False):\n    df = grad(f)",
    "in a try": "try:\n    df = grad(f)\nexcept TypeError:\n    df = None",
    "unpacked": "df, n = grad(f), 3",
    "by eval": "df = eval('grad(f)')",
    "custom vjp": "@jax.custom_vjp\ndef g(x): return f(x)\ndef forward(x): return g(x), x\ndef backward(x, ct): return (ct * grad(f)(x),)\ng.defvjp(forward, backward)\ndf = grad(g)",
    "awaited": "import asyncio\ndf = await asyncio.sleep(0, grad(f))",
    "linearised": "def df(x): return jax.linearize(f, x)[1](1.0)",
}


def asked(*cells: str, name: str = "df", at: float = 2.0, stubs=None):
    """What a part answers apart, after these cells have run in one notebook."""
    with notebook(IMPORTS, *cells, "pass"):
        Exercise("exercise", {"f": CUBE} if stubs is None else stubs)
        return float(getattr(student, name).call(at))


@pytest.mark.parametrize("broken", BROKEN)
@pytest.mark.parametrize("early", EARLY)
def test_a_stub_reaches_whatever_binds_a_name_early(broken: str, early: str) -> None:
    assert asked(BROKEN[broken], EARLY[early]) == 12.0


@pytest.mark.parametrize("early", EARLY)
def test_a_stub_stays_where_one_cell_defines_both(early: str) -> None:
    assert asked(BROKEN["wrong"] + "\n" + EARLY[early]) == 12.0


REDEFINED = {
    "again": "def f(x): return 0.0 * x",
    "a lambda": "f = lambda x: 0.0",
    "in two places at once": "f = mine = lambda x: 0.0\nf = mine",
    "unpacked": "f, other = (lambda x: 0.0), 1",
    "decorated": "@jit\ndef f(x): return 0.0 * x",
    "in an if": "if 1:\n    def f(x): return 0.0 * x",
    "in a loop": "for f in [lambda x: 0.0]: pass",
    "in a with": "import contextlib\nwith contextlib.nullcontext(lambda x: 0.0) as f: pass",
    "a class": "class f:\n    def __new__(cls, x): return 0.0 * x",
    "imported": "from math import floor as f",
    "walrus": "[(f := (lambda x: 0.0)) for _ in range(2)]",
    "by global": "def change():\n    global f\n    f = lambda x: 0.0\nchanged = change()",
    "deleted": "del f",
    "by globals": "globals()['f'] = lambda x: 0.0",
    "by exec": "exec('def f(x): return 0.0 * x')",
    "star import": "from operator import *\ndef f(x): return 0.0 * x",
    "annotated": "f: object = lambda x: 0.0",
    "awaited": "import asyncio\nf = await asyncio.sleep(0, lambda x: 0.0)",
}


@pytest.mark.parametrize("redefined", REDEFINED)
@pytest.mark.parametrize("where", ["before", "same cell", "after"])
def test_a_redefinition_bends_nothing(redefined: str, where: str) -> None:
    right, change, slope = "def f(x): return x**2", REDEFINED[redefined], "df = grad(f)"
    late = "def df(x): return grad(f)(x)"
    for made in (slope, late):
        cells = {
            "before": [right, change, made],
            "same cell": [f"{right}\n{change}\n{made}"],
            "after": [right, made, change],
        }[where]
        assert asked(*cells) == 12.0


def test_another_name_for_the_same_function_is_the_stub_too() -> None:
    assert asked("def mine(x): return 7 * x\nf = mine", "df = grad(mine)") == 12.0
    assert asked("def mine(x): return 7 * x\nf = jit(mine)", "df = grad(mine)") == 12.0
    assert asked("mine = f = lambda x: 7 * x", "df = grad(mine)") == 12.0


def test_the_part_that_is_asked_is_no_stub() -> None:
    """It may be the same object: a student who gives the value for the slope."""
    assert asked("def f(x): return 7 * x", "df = f") == 8.0
    assert asked("def f(x): return 7 * x", name="f") == 14.0


def test_what_cannot_be_followed_by_name_comes_as_it_is() -> None:
    assert asked("def f(x): return 7 * x", "exec('def df(x): return grad(f)(x)')") == 12.0
    assert asked("f = abs", "vars()['df'] = lambda x: f(x)") == 8.0


FILLED = {
    "by a call": "t = {}\ndef fill(): t['k'] = 1.0\nfill()\nt['g'] = grad(f)\ndef df(x): return t['k'] * t['g'](x)",
    "by calls of calls": "t = {}\ndef a(): t['g'] = grad(f)\ndef b(): a()\ndef c(): b()\nc()\ndef df(x): return t['g'](x)",
    "by a decorator": "t = {}\ndef known(h):\n    t[h.__name__] = h\n    return h\n@known\ndef one(x): return 1.0\nt['g'] = grad(f)\ndef df(x): return t['one'](x) * t['g'](x)",
    "by a call with it": "t = {}\ndef keep(h): t['g'] = grad(h)\nkeep(f)\ndef df(x): return t['g'](x)",
    "when first needed": "t = {}\ndef get():\n    if 'g' not in t: t['g'] = grad(f)\n    return t['g']\ndef df(x): return get()(x)\ntry: df(1.0)\nexcept Exception: pass",
    "by a cache": "@functools.cache\ndef get(): return grad(f)\ndef df(x): return get()(x)\ntry: df(1.0)\nexcept Exception: pass",
    "through another name": "t = {}\nu = t\nu['k'] = 1.0\ndef df(x): return t['k'] * grad(f)(x)",
    "by setattr": "class T: pass\nsetattr(T, 'k', 1.0)\ndef df(x): return T.k * grad(f)(x)",
    "through locals": "locals().update(k=1.0)\nk2 = locals().get('k') * len(locals()) ** 0\ndef df(x): return k * k2 * grad(f)(x)",
    "from an iterator": "left = iter([1.0, 5.0])\nk = next(left)\ndef df(x): return k * grad(f)(x)",
}


@pytest.mark.parametrize("filled", FILLED)
@pytest.mark.parametrize("broken", ["wrong", "not written"])
def test_what_is_filled_out_of_sight_is_there(broken: str, filled: str) -> None:
    assert asked(BROKEN[broken], FILLED[filled]) == 12.0


def test_what_no_stub_can_change_is_not_run_again(monkeypatch) -> None:
    ran: list[int] = []
    monkeypatch.setattr(builtins, "ran", ran.append, raising=False)
    cells = ["def f(x): return 7 * x", "k = 1.0\nran(1)\nn = ran(2) or 1.0"]
    with notebook(IMPORTS, *cells, "def df(x): return n * k * grad(f)(x)"):
        ran.clear()
        Exercise("exercise", {"f": CUBE})
        assert student.df.call(2.0) == 12.0
    assert ran == []


def test_a_condition_that_holds_in_the_notebook_alone() -> None:
    """A student goes on only where the own function is right; with a stub it is not."""
    assert asked("def f(x): return 7 * x", "if f(1.0) == 7.0:\n    df = lambda x: 12.0") == 12.0


OPTIONS = {
    "by name": "def df(x): return grad(f)(x, eps=1e-3)",
    "in its place": "def df(x): return grad(f)(x, 1e-3)",
    "compiled": "fast = jit(f, static_argnames='eps')\ndef df(x): return grad(fast)(x, eps=1e-3)",
    "partial": "df = grad(functools.partial(f, eps=1e-3))",
    "left out": "df = grad(f)",
}


@pytest.mark.parametrize("source", OPTIONS.values(), ids=list(OPTIONS))
def test_a_stub_takes_the_options_of_the_own_function(source: str) -> None:
    assert asked("def f(x, eps=1e-7): return 7 * x + eps", source) == 12.0
    assert (
        asked(
            "@jit\ndef f(x, *, eps=1e-7): return 7 * x + eps",
            "def df(x): return grad(f)(x, eps=1.0)",
        )
        == 12.0
    )


def test_annotations_of_the_future_stay_text() -> None:
    with notebook("pass") as connection:
        cells = ["from __future__ import annotations", "def f(x): return 7 * x"]
        cells += ["import jax\ndf = jax.grad(f)\ndef dg(x: Unknown): return df(x)"]
        code = [compile("\n".join(cells), "cells", "exec", dont_inherit=True)]
        exec(code[0], connection.namespace)
        connection.namespace["_ih"] = ["", *cells]
        Exercise("exercise", {"f": CUBE})
        assert student.dg.call(2.0) == 12.0


def test_the_notebook_is_as_it_was() -> None:
    cells = [
        "counts = {'n': 0}\ndef f(x): return 7 * x",
        "counts['n'] += 1\nslope = grad(f)\ndef df(x): return slope(x) + 0 * counts['n']",
    ]
    with notebook(IMPORTS, *cells) as connection:
        before = dict(connection.namespace)
        Exercise("exercise", {"f": CUBE})
        assert student.df.call(2.0) == 12.0
        assert connection.namespace == before
        assert connection.namespace["counts"] == {"n": 1}
        assert connection.namespace["slope"](2.0) == 7.0


def test_only_what_is_needed_runs_again(monkeypatch) -> None:
    """Not the training run, not the plot, not the print; each cell leaves a trace of itself."""
    cells = [
        "def f(x): return 7 * x",
        "df = ran('df') or grad(f)",
        "trained = [ran('training') or df(0.1 * i) for i in range(2)]",
        "ran('bare call')\nprint(df(1.0))",
        "total = sum(trained)",
        "for step in range(3):\n    ran('loop')",
        "import matplotlib.pyplot as plt\nplt.title(ran('plot'))",
    ]
    ran: list[str] = []
    monkeypatch.setattr(builtins, "ran", ran.append, raising=False)
    with notebook(IMPORTS, *cells):
        ran.clear()
        Exercise("exercise", {"f": CUBE})
        assert student.df.call(2.0) == student.df.call(2.0) == student.df.call(1.0) * 4.0
        assert ran == ["df"]  # once for all questions of the exercise
        student.total.value()
        assert ran == ["df", "df", "training", "training"]


def test_what_a_cell_prints_draws_and_writes_reaches_nobody(tmp_path, monkeypatch, capsys) -> None:
    import matplotlib.pyplot as plt

    monkeypatch.chdir(tmp_path)
    (tmp_path / "data.txt").write_text("3.0")
    cell = """
        import matplotlib.pyplot as plt, pathlib, sys
        def noisy(g):
            print("printed"); print("warned", file=sys.stderr); plt.figure()
            seen = float(pathlib.Path("data.txt").read_text())
            pathlib.Path("data.txt").write_text("spoilt")
            pathlib.Path("new.txt").write_text("new")
            return lambda x: g(x) + 0 * seen
        df = grad(noisy(f))
    """
    with notebook(IMPORTS, "def f(x): return 7 * x", cell):
        (tmp_path / "data.txt").write_text("3.0")
        (tmp_path / "new.txt").unlink()
        plt.close("all")
        capsys.readouterr()
        Exercise("exercise", {"f": CUBE})
        assert student.df.call(2.0) == 12.0
    assert capsys.readouterr() == ("", "")
    assert plt.get_fignums() == []
    assert [path.name for path in tmp_path.iterdir()] == ["data.txt"]
    assert (tmp_path / "data.txt").read_text() == "3.0"


def test_a_cell_that_stops_only_in_the_notebook_counts_and_is_told() -> None:
    """The broken part before it raised in that cell; with the stub it goes through."""
    with notebook(IMPORTS, "def f(x): raise ValueError('mine')", "f(1.0)\ndf = grad(f)", "pass"):
        exercise = Exercise("exercise", {"f": CUBE})
        exercise.returns("slope", student.df, 2.0, expected=12.0)
        exercise.returns("slope", student.df, 1.0, expected=3.0)
    first, second = exercise.results
    assert (first.outcome, second.outcome) == (Outcome.PASSED, Outcome.PASSED)
    assert first.rationale == (
        "The cell of `df` stops with an error in the notebook. It was judged by itself, with "
        "functions of ours in the place of `f`."
    )
    assert second.rationale == ""


def test_a_cell_that_stops_only_with_stubs_is_told() -> None:
    cells = ["def f(x): return 7 * x", "df = {14.0: grad(f)}[float(f(2.0))]"]
    with notebook(IMPORTS, *cells):
        Exercise("exercise", {"f": CUBE})
        with pytest.raises(StudentFault) as caught:
            student.df.call(2.0)
    assert str(caught.value) == (
        "Each exercise is judged by itself: the cells that `df` needs were run again with "
        "functions of ours in the place of `f`. There they raised KeyError: 8.0"
    )


def test_a_name_that_came_to_nothing_with_stubs_is_told() -> None:
    cells = [
        "def f(x): return 7 * x",
        "n = {14.0: 1}[float(f(2.0))]",
        "def df(x): return n * grad(f)(x)",
    ]
    with notebook(IMPORTS, *cells):
        Exercise("exercise", {"f": CUBE})
        with pytest.raises(StudentFault, match=r"NameError: name 'n' is not defined.* KeyError"):
            student.df.call(2.0)


def test_what_is_missing_in_both_was_not_attempted() -> None:
    with notebook(IMPORTS, "def f(x): return 7 * x", "raise NotImplementedError()", "pass"):
        Exercise("exercise", {"f": CUBE})
        with pytest.raises(StudentFault) as caught:
            student.df.call(2.0)
    assert caught.value.outcome is Outcome.NOT_ATTEMPTED


def test_a_cell_that_is_run_later_counts_from_the_next_exercise_on() -> None:
    with notebook(IMPORTS, "def f(x): return 7 * x\ndf = grad(f)") as connection:
        Exercise("first", {"f": CUBE})
        assert student.df.call(2.0) == 12.0
        exec("df = lambda x: 2 * grad(f)(x)", connection.namespace)
        connection.namespace["_ih"].append("df = lambda x: 2 * grad(f)(x)")
        Exercise("second", {"f": CUBE})
        assert student.df.call(2.0) == 24.0


@pytest.mark.parametrize("value", ["3", "'text'", "None", "[1, None]", "(x for x in ())"])
def test_a_history_that_is_none_does_no_harm(value: str) -> None:
    with notebook(IMPORTS, "def f(x): return 7 * x\ndf = grad(f)") as connection:
        connection.namespace["_ih"] = eval(value)
        Exercise("exercise", {"f": CUBE})
        assert student.df.call(2.0) == 7.0  # as the notebook has it


def test_precision_in_the_copy_is_that_of_the_notebook() -> None:
    cells = ["def f(x): return 7 * x", "one = jnp.ones(())\ndf = lambda x: f(x) * one"]
    with notebook(IMPORTS, *cells):
        Exercise("exercise", {"f": CUBE})
        assert str(student.df.call(jax.numpy.float32(2.0)).dtype) == "float32"


TWICE = {
    "counts its calls": "n = [0]\ndef f(x):\n    n[0] += 1\n    return x * (n[0] == 1)",
    "draws": "import random\ndef f(x): return x * random.random()",
    "remembers": "seen = []\ndef f(x):\n    seen.append(x)\n    return sum(seen)",
    "depends on the order": "last = 0.0\ndef f(x):\n    global last\n    was, last = last, x\n    return was",
}


@pytest.mark.parametrize("source", TWICE.values(), ids=list(TWICE))
def test_two_answers_to_one_question_fail(source: str) -> None:
    with notebook(IMPORTS, source):
        exercise = Exercise("exercise")
        exercise.agrees("t", student.f, lambda x: x, [(1.0,), (2.0,)])
    (result,) = exercise.results
    assert result.outcome is Outcome.FAILED
    assert "two different answers to the same question" in result.rationale


def test_outside_of_an_exercise_each_question_is_asked_anew() -> None:
    with notebook(IMPORTS, TWICE["remembers"]):
        assert [student.f.call(1.0) for _ in range(3)] == [1.0, 2.0, 3.0]
        exercise = Exercise("exercise")
        exercise.report()
        assert [student.f.call(1.0) for _ in range(3)] == [4.0, 5.0, 6.0]
