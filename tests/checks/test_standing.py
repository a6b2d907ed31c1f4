"""How far along a student is: the line at the end of a live check."""

from __future__ import annotations

import ast
import json
import sys

import pytest

from autograder.checks import live, standing
from autograder.checks.standing import Listed, exercises_in, listed_beside

HEAD = "from autograder import Exercise, student\n"
F_TEST = f"""{HEAD}exercise = Exercise("f")
exercise.returns("doubles", student.f, 1.0, expected=2.0)
exercise.returns("and 3", student.f, 3.0, expected=6.0, points=0.5)
exercise.report()"""
G_TEST = f"""{HEAD}exercise = Exercise("g", stubs={{}})
exercise.returns("trebles", student.g, 1.0, expected=3.0, points=2)
exercise.report()"""
H_TEST = "assert h == 1"
HIDDEN_ONLY = f'{HEAD}exercise = Exercise("k")\nexercise.report()'
F, F_TOO, G, H = (
    "def f(x): return 2 * x",
    "def f(x): return x + x",
    "def g(x): return 3 * x",
    "h = 1",
)
BESIDES = "which has changed since its check ran."


def cell(source, grade_id="", **labels):
    marks = {
        "grade": bool(grade_id),
        "solution": False,
        "grade_id": grade_id,
        "points": 4,
        **labels,
    }
    kind = labels.pop("cell_type", "code")
    return {
        "cell_type": kind,
        "metadata": {"nbgrader": marks} if grade_id else {},
        "source": source,
    }


CELLS = (
    cell("import jax"),
    cell(F, "f", grade=False, solution=True),
    cell(F_TEST.splitlines(keepends=True), "test_f"),
    cell(G_TEST, "test_g"),
    cell(H_TEST, "test_h"),
    cell(HIDDEN_ONLY, "test_k"),
    cell("An essay", "essay", cell_type="markdown"),
)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The kernel's folder, with the notebook file in it."""
    monkeypatch.chdir(tmp_path)
    standing._exercises_of.cache_clear()
    write(tmp_path / "lesson.ipynb")
    return tmp_path


def write(path, cells=CELLS):
    path.write_text(json.dumps({"cells": list(cells)}), encoding="utf-8")


@pytest.fixture
def line(run):
    """Runs cells; the line that the last one ends with, "" if none."""

    def last_line(*cells):
        for source in cells:
            result = run(source)
        return getattr(result.result, "so_far", None)

    return last_line


def test_what_passes_of_how_many_and_what_comes_next(folder, line):
    assert line(F, F_TEST) == (
        "So far: 1 of 3 exercises pass here, 1.5 of 7.5 visible points. Next: g."
    )
    assert line(G_TEST).endswith("1 of 3 exercises pass here, 1.5 of 7.5 visible points. Next: g.")
    assert line(G, G_TEST).endswith(
        "2 of 3 exercises pass here, 3.5 of 7.5 visible points. Next: h."
    )


def test_points_of_a_part_count_and_the_first_that_does_not_pass_is_next(folder, line):
    half = "def f(x): return x + 1"
    assert line(half, F_TEST).endswith(
        "0 of 3 exercises pass here, 1 of 7.5 visible points. Next: f."
    )


def test_where_points_cannot_be_read_off_no_sum_is_told(folder, line):
    test = G_TEST.replace("points=2", "points=1 + 1")
    first = F_TEST.replace("points=0.5", "points=0")
    write(folder / "lesson.ipynb", [cell(first, "test_f"), cell(test, "test_g")])
    assert line(F, first) == "So far: 1 of 2 exercises pass here, 1 visible point. Next: g."
    assert line(G, test) == "So far: 2 of 2 exercises pass here, 3 of 3 visible points."


def test_when_all_pass_nothing_is_next(folder, line):
    said = line(F, F_TEST, H, H_TEST, G, G_TEST)
    assert said == "So far: 3 of 3 exercises pass here, 7.5 of 7.5 visible points."


@pytest.mark.parametrize(
    ("later", "stale"),
    [
        (F, False),
        (f"{F}  # the same", False),
        (F_TOO, True),
        ("def f(x):\n    raise NotImplementedError()", True),
        ("two = 2\ndef f(x): return two * x", True),
        ("f.scale = 2", True),
        ("g = 1", False),
    ],
)
def test_an_answer_written_anew_does_not_count_until_its_check_runs(folder, line, later, stale):
    line(F, F_TEST)
    said = line(later, "g = None", G_TEST)
    assert said.startswith(f"So far: {0 if stale else 1} of 3 exercises pass here, ")
    assert said.endswith(f"Next: f, {BESIDES}" if stale else "Next: g.")


def test_so_does_one_whose_helper_was_written_anew(folder, line):
    helped = "def f(x): return twice(x)"
    line("def twice(x): return 2 * x", helped, F_TEST)
    assert line("def twice(x): return x", G_TEST).endswith(f"Next: f, {BESIDES}")
    assert line("def twice(x): return x + x", F_TEST).endswith("Next: g.")


def test_what_a_stub_stood_for_may_change(folder, line):
    test = G_TEST.replace("stubs={}", "stubs={'f': given('lambda x: x')}")
    test = test.replace("student\n", "given, student\n")
    write(folder / "lesson.ipynb", [*CELLS[:3], cell(test, "test_g"), *CELLS[4:]])
    line(F, "def g(x): return 3 * f(x)", F_TEST, test)
    assert line(F_TOO, F_TEST).startswith("So far: 2 of 3 ")


def test_a_plain_test_cell_counts_by_its_last_run(folder, line):
    assert line("h = 2", H_TEST, F, F_TEST).startswith("So far: 1 of 3 ")
    assert line(H, H_TEST, F_TEST).startswith("So far: 2 of 3 exercises pass here, 5.5 of 7.5 ")
    assert line("h = 2", F_TEST).startswith("So far: 1 of 3 ")
    assert line(G, G_TEST).endswith(f"Next: h, {BESIDES}")


def test_another_kernel_knows_nothing(folder, line, monkeypatch):
    line(F, F_TEST)
    monkeypatch.setattr(standing, "_stands", {})
    assert line(G, G_TEST).startswith("So far: 1 of 3 exercises pass here, 2 of 7.5 ")


class TestWithoutTheFile:
    @pytest.fixture(autouse=True)
    def nowhere(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        self.folder = tmp_path

    def test_those_that_were_tried_are_told(self, line):
        assert line(F, F_TEST) == ""
        said = "So far: 1 of 2 exercises that were tried pass here, 1.5 of 3.5 visible points."
        assert line(G_TEST) == f"{said} Next: g."

    @pytest.mark.parametrize(
        "text",
        ["", "[]", "{}", '{"cells": 1}', '{"cells": [1]}', '{"cells": [{}]}', "[" * 9999, "\udcff"],
    )
    def test_a_broken_file_is_none(self, line, text):
        (self.folder / "broken.ipynb").write_text(text, "utf-8", "surrogateescape")
        assert " that were tried " in line(F, F_TEST, G, G_TEST)

    def test_files_that_do_not_agree_are_none(self, line):
        write(self.folder / "one.ipynb")
        write(self.folder / "two.ipynb", CELLS[:4])
        assert " that were tried " in line(F, F_TEST, G, G_TEST)
        write(self.folder / "two.ipynb")
        standing._exercises_of.cache_clear()
        assert line(G_TEST).startswith("So far: 2 of 3 exercises pass here")

    def test_a_file_that_lacks_what_was_tried_is_none(self, line):
        write(self.folder / "one.ipynb", [*CELLS[:3], CELLS[4]])
        assert line(F, F_TEST).startswith("So far: 1 of 2 exercises pass here")
        line(G, G_TEST)
        assert line(F_TEST).startswith("So far: 2 of 2 exercises that were tried pass here")

    def test_a_file_too_large_to_read_is_none(self, monkeypatch):
        write(self.folder / "one.ipynb")
        assert [each.name for each in listed_beside(F_TEST)] == ["f", "g", "h"]
        monkeypatch.setattr(standing, "MOST_BYTES", 10)
        assert listed_beside(F_TEST) == ()


def test_outside_of_ipython_there_is_no_line(folder, live_notebook):
    namespace: dict[str, object] = {}
    live_notebook(F)
    exec(F_TEST.replace("exercise.report()", "report = exercise.report()"), namespace)
    assert namespace["report"].so_far == ""


def test_nor_under_validate(folder, line, monkeypatch):
    monkeypatch.setenv("NBGRADER_EXECUTION", "validate")
    assert line(F, F_TEST) == ""


def test_whatever_goes_wrong_in_here_a_check_goes_on(folder, line, monkeypatch):
    def broken(*_):
        raise RuntimeError

    monkeypatch.setattr(standing, "listed_beside", broken)
    assert line(F, F_TEST) == ""


@pytest.mark.parametrize(
    ("checks", "points"),
    [
        ("e.returns('t', f)", 1.0),
        ("e.returns('t', f, points=2)\ne.agrees('t', f, g, [], points=0.5)", 2.5),
        ("e.returns('t', f, points=n)", None),
        ("e.returns('t', f, **more)", None),
        ("e.returns('t', f, **more, points=0.5)", 0.5),
        ("e.returns('t', f, points='1')", None),
        ("for x in xs:\n    e.returns('t', f)", None),
        ("ask(e)", None),
    ],
)
def test_visible_points_are_read_off_a_test_cell(checks, points):
    tree = ast.parse(f"x = 1\ne = Exercise('e')\n{checks}\ne.report()")
    assert exercises_in(tree) == [Listed("e", points=points)]


def test_several_exercises_in_a_cell_are_told_apart():
    tree = ast.parse(
        "e = autograder.Exercise('a')\ne.returns('t', f)\ne.report()\n"
        "e = Exercise('b')\ne.returns('t', f, points=2)\nd = Exercise('c')\nExercise(name)"
    )
    assert exercises_in(tree) == [Listed("a", points=1.0), Listed("b", points=2.0)]


def test_the_notebook_is_the_main_module(run):
    run("here = 1")
    assert live.notebook() is sys.modules["__main__"].__dict__
    assert live.notebook()["here"] == 1
