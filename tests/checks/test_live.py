"""What a student hears of cells that stopped, of answers that are left over, of names misspelt."""

from __future__ import annotations

import pytest

from autograder.checks import live
from autograder.checks.exercise import Exercise
from autograder.checks.live import LEFT_OVER, NEVER_RAN, STOPPED
from autograder.checks.student import given, student
from autograder.record.outcome import Outcome

GOOD = "def f(x): return 2 * x"
ALIKE = "There is a `standardize`; `standardise` is asked for."


def said(part, stubs=None):
    """What the first of two rows says besides what the check itself says, as the second does."""
    exercise = Exercise("e", stubs)
    exercise.returns("t", part, 1.0, expected=2.0)
    exercise.returns("t", part, 1.0, expected=2.0)
    first, second = (result.rationale.splitlines() for result in exercise.results)
    own = first[: len(second)]
    assert own == second
    return "\n".join(first[len(second) :])


@pytest.mark.parametrize(
    ("later", "error"),
    [
        ("def f(x) return x", "SyntaxError: expected ':' (line 1)"),
        ("def f(x):\nreturn x", "IndentationError: expected an indented block after function "
         "definition on line 1 (line 2)"),
        ("f = lambda x: x)", "SyntaxError: unmatched ')' (line 1)"),
        ("@nothing\ndef f(x):\n    return x", "NameError: name 'nothing' is not defined"),
        ("1 / 0\ndef f(x): return x", "ZeroDivisionError: division by zero"),
        ("%%time\n1 / 0\ndef f(x): return x", "ZeroDivisionError: division by zero"),
        ("def f(x): return x\ndef g(x: 2 / 0) return", "SyntaxError: expected ':' (line 2)"),
        ("exec('\\n\\n\\n1 / 0')\ndef f(x): return x", "ZeroDivisionError: division by zero"),
        ("assert False\nf = abs", "AssertionError"),
        ("raise KeyboardInterrupt\nf = abs", "KeyboardInterrupt"),
    ],
)  # fmt: skip
def test_a_cell_that_stopped_when_it_was_run_last_is_told_once(run, later, error):
    run(GOOD)
    run(later)
    assert said(student.f) == STOPPED.format(name="f", error=error)


@pytest.mark.parametrize(
    "later",
    [
        "def f(x): return 2 * x\n1 / 0",
        "%%time\ndef f(x): return 2 * x\n1 / 0",
        "g = 1 / 0",
        "def f_too(x) return x",
        "if f(1) == 2:\n    def f(x): return 2 * x\n    1 / 0",  # nobody can tell
        "f = f; 1 / 0",
    ],
)
def test_where_that_run_came_to_the_function_or_had_none_nothing_is_said(run, later):
    run(GOOD, "one")
    run(later, "two")
    assert said(student.f) == ""


def test_after_a_run_without_an_error_nothing_is_said_any_more(run):
    for source in (GOOD, "def f(x) return x", GOOD):
        run(source)
    assert said(student.f) == ""


def test_a_cell_that_never_came_to_its_end(run):
    run("def f(x) return x")
    assert said(student.f) == NEVER_RAN.format(name="f", error="SyntaxError: expected ':' (line 1)")


def test_a_cell_that_is_still_to_be_written_has_not_stopped(run):
    run("raise NotImplementedError()\nf = 1")
    assert said(student.f) == ""


def test_the_last_of_several_errors_is_told(run):
    for source in (GOOD, "def f(x) return x", "def f(x):\n    return x)"):
        run(source)
    assert said(student.f) == STOPPED.format(name="f", error="SyntaxError: unmatched ')' (line 2)")


def test_an_answer_that_its_cell_does_not_define_any_more(run):
    run(GOOD, "one")
    run("def g(x): return 2 * x", "one")
    assert said(student.f) == LEFT_OVER.format(name="f")
    run(GOOD, "two")
    assert said(student.f) == ""


def test_an_error_that_its_cell_has_left_behind_is_not_told(run):
    for source in (GOOD, "def f(x) return x", "def g(x): return 2 * x"):
        run(source, "one")
    assert said(student.f) == LEFT_OVER.format(name="f")


@pytest.mark.parametrize("cells", [("one", "two"), (None, None), ("one", None)])
def test_another_cell_says_nothing_of_it(run, cells):
    for source, cell in zip([GOOD, "def g(x): return 2 * x"], cells, strict=True):
        run(source, cell)
    assert said(student.f) == ""


@pytest.mark.parametrize(
    "later", ["exec('def f(x): return 2 * x')", "from math import *", "%run a"]
)
def test_a_cell_that_may_define_it_out_of_sight_says_nothing(run, later):
    run(GOOD, "one")
    live.note(run(later, "one"))
    assert LEFT_OVER.format(name="f") not in said(student.f)


def test_a_cell_whose_first_line_is_garbled_is_known_by_its_cell(run):
    run(GOOD, "one")
    run("dff f(x): return x", "one")
    error = "SyntaxError: invalid syntax (line 1)"
    assert said(student.f) == STOPPED.format(name="f", error=error)


def test_a_renamed_function_is_told_with_its_new_name(run):
    run("def standardise(x): return 2 * x", "one")
    run("def standardize(x): return 2 * x", "one")
    assert said(student.standardise) == f"{LEFT_OVER.format(name='standardise')} {ALIKE}"


@pytest.mark.parametrize("before", ["pass", "def standardise(x): raise NotImplementedError()"])
def test_a_misspelt_name_is_told(run, before):
    run(before)
    run("import jax\n@jax.jit\ndef standardize(x): return 2 * x")
    assert said(student.standardise) == ALIKE


@pytest.mark.parametrize(
    "source",
    [
        "standardize = 1.0",
        "from math import exp as standardize",
        "def standardize(x): raise NotImplementedError()",
        "def standardize(x): return x\ndef standardisse(x): return x",
        "def ise(x): return x",
    ],
    ids=["no function", "not their own", "not written", "two", "another word"],
)
def test_what_is_not_meant_is_not_offered(run, source):
    run(source)
    assert said(student.standardise) == ""


def test_the_name_of_another_part_is_not_offered(run):
    run("def mean_of_x(x): return 2 * x")
    assert said(student.mean_of_y, {"mean_of_x": given("lambda x: x")}) == ""
    assert said(student.mean_of_x) == ""  # from here on it is known as a part of its own
    assert said(student.mean_of_y) == ""


def test_a_class_that_is_called_by_a_name_misspelt(run):
    run("class Densse:\n    def __init__(self): self.n = 1.0")
    assert said(student.Dense().n) == ""  # classes are not looked at
    run("def dense(): return [1.0]")
    assert said(student.Dense()[0]) == "There is a `dense`; `Dense` is asked for."


def test_a_value_that_is_asked_for_by_a_name_misspelt(run):
    run("def step_sizes(): pass\nn_stepps = 100")
    exercise = Exercise("e")
    exercise.reaches("t", student.n_steps, {"w": 1.0}, 0.1)
    (result,) = exercise.results
    assert result.outcome is Outcome.FAILED  # something was written
    assert result.rationale.endswith("\nThere is a `n_stepps`; `n_steps` is asked for.")


def test_whatever_goes_wrong_in_here_a_check_goes_on(run, monkeypatch):
    def broken(*_):
        raise RuntimeError

    monkeypatch.setattr(live, "said_of", broken)
    run(GOOD)
    live.note(None)
    assert said(student.f) == ""
