"""The release gate: each question is asked of an assignment that is at fault in it alone."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from nbgrader.preprocessors import ClearHiddenTests, ClearSolutions

from autograder.authoring import findings as gate
from autograder.authoring.leaks import secret_lines
from autograder.authoring.verify import Thresholds, Verification, verify
from tests.support.lesson import ROOT

PAGE = ROOT / "docs" / "writing-an-exercise.md"
BLOCK = re.compile(
    r"^\*\*(\w+) cell(?:, (.+?))?\*\*\n\n```\w+\n(.*?)^```$", re.DOTALL | re.MULTILINE
)
ONE_SEED = Thresholds(seeds=(1,))

Change = Callable[[nbformat.NotebookNode], None]


def page_notebook() -> nbformat.NotebookNode:
    """The notebook that the page on writing an exercise spells out."""
    cells = []
    for kind, label, source in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        if kind == "Markdown":
            cells.append(new_markdown_cell(source.strip()))
            continue
        cells.append(new_code_cell(source.strip()))
        if label:
            (name,) = re.findall(r"ID `(\w+)`", label)
            points = [float(number) for number in re.findall(r"(\d+) points", label)]
            cells[-1].metadata.nbgrader = marks(name, *points)
    return new_notebook(cells=cells)


def marks(name: str, *points: float) -> dict[str, object]:
    """nbgrader's labels: a test cell where there are points, an answer where there are none."""
    graded = bool(points)
    labels = {"grade_id": name, "grade": graded, "solution": not graded, "locked": graded}
    return {**labels, "schema_version": 3, "task": False} | (
        {"points": points[0]} if points else {}
    )


def examine(
    folder: Path, change: Change | None = None, limits: Thresholds = ONE_SEED, **files: str
) -> Verification:
    """Run the gate on the page's notebook with a change made to it."""
    notebook = page_notebook()
    if change:
        change(notebook)
    (folder / "source").mkdir(exist_ok=True)
    nbformat.write(notebook, folder / "source" / "scaling.ipynb")
    (folder / "release").mkdir()
    for strip in (ClearSolutions(), ClearHiddenTests()):
        strip.preprocess(notebook, {})
    nbformat.write(notebook, folder / "release" / "scaling.ipynb")
    for name, text in files.items():
        (folder / "release" / f"{name}.py").write_text(text)
    paths = (folder / kind / "scaling.ipynb" for kind in ("source", "release"))
    return verify(*paths, limits)


def editing(cell: int, old: str, new: str) -> Change:
    def change(notebook: nbformat.NotebookNode) -> None:
        source = notebook.cells[cell].source
        assert old in source, f"{old!r} is not in\n{source}"
        notebook.cells[cell].source = source.replace(old, new, 1)

    return change


TEXT, IMPORTS, ANSWER, TEST = range(4)
HIDDEN_END = "### END HIDDEN TESTS"


def said(verification: Verification) -> list[str]:
    return [f"{f.where}: {f.what}" for f in verification.findings]


def test_the_page_is_ready_to_release(tmp_path: Path) -> None:
    found = examine(tmp_path, limits=Thresholds())
    assert said(found) == []
    (row,) = found.rows
    assert (row.checks, row.mistakes) == (2, 3)
    assert row.changes == row.caught >= 8
    assert row.margin.right < 1e-6
    assert row.margin.nearest > 1000
    shown = str(found)
    assert re.search(r"test_standardise +3 +2 +3 +(\d+) +\1 ", shown)
    assert "scaling.ipynb is ready to release (" in shown


def test_a_solution_that_loses_points_with_every_seed_is_told_once(tmp_path: Path) -> None:
    wrong = editing(TEST, "expected=np.array([-1.0, 1.0])", "expected=np.array([-1.0, 2.0])")
    (finding,) = said(examine(tmp_path, wrong))
    assert finding.startswith("test_standardise: your own answer does not get every point (draw 1 ")


ANOTHER_TEST = """from autograder import Exercise, reference, student

later = Exercise("twice")
later.agrees("t", student.twice, reference.twice, [(later.rng.uniform(1, 2, size=4),)])
later.report()"""


def costs_twice(notebook: nbformat.NotebookNode) -> None:
    """A second exercise that asks for the first one's results."""
    answer = (
        "def twice(x):\n    ### BEGIN SOLUTION\n    return 2 * standardise(x)\n    ### END SOLUTION"
    )
    notebook.cells += [
        new_code_cell(answer, metadata={"nbgrader": marks("twice")}),
        new_code_cell(ANOTHER_TEST, metadata={"nbgrader": marks("test_twice", 1)}),
    ]


def untested(notebook: nbformat.NotebookNode) -> None:
    notebook.cells.append(new_code_cell("spare = 1", metadata={"nbgrader": marks("spare")}))


def marked_otherwise(notebook: nbformat.NotebookNode) -> None:
    """An answer marked by hand, and one that a plain test cell of nbgrader's looks at."""
    by_hand = {**marks("essay", 2), "solution": True, "locked": False}
    notebook.cells += [
        new_code_cell("essay = 1", metadata={"nbgrader": by_hand}),
        new_code_cell("%matplotlib inline\nspare = 1", metadata={"nbgrader": marks("spare")}),
        new_code_cell("assert spare == 1", metadata={"nbgrader": marks("test_spare", 1)}),
    ]


def no_test_cell(notebook: nbformat.NotebookNode) -> None:
    del notebook.cells[TEST]


def uses_x(notebook: nbformat.NotebookNode) -> None:
    notebook.cells[IMPORTS].source += "\nx = jnp.ones(3)"
    editing(TEST, "exercise.returns(", "x = np.ones(3)\nexercise.returns(")(notebook)


def blank_passes(notebook: nbformat.NotebookNode) -> None:
    """A check of something that is there before the student writes anything."""
    check = 'exercise.returns("given", student.given, 1.0, expected=1.0, points=0)\n'
    notebook.cells[IMPORTS].source += "\ngiven = jnp.asarray"
    editing(TEST, "### BEGIN", check + "### BEGIN")(notebook)


def no_check(notebook: nbformat.NotebookNode) -> None:
    source = "from autograder import Exercise\nExercise('standardise').report()"
    notebook.cells[TEST].source = source


def worthless(notebook: nbformat.NotebookNode) -> None:
    editing(TEST, "points=2", "points=0")(notebook)
    editing(TEST, "hints=[", "points=0, hints=[")(notebook)


def two_names(notebook: nbformat.NotebookNode) -> None:
    """Two checks that explain the same mistake in different words."""
    again = """exercise.agrees(
    "again", student.standardise, reference.standardise, [(exercise.rng.uniform(1, 9, size=6),)],
    points=0, mistakes={"Another name.": lambda x: x / np.std(x)},
)
"""
    editing(TEST, HIDDEN_END, again + HIDDEN_END)(notebook)


def breaks_on_large_numbers(notebook: nbformat.NotebookNode) -> None:
    """A property of the author's own that does not bear the numbers of a known mistake."""
    check = """exercise.satisfies(
    "t", student.standardise, [(np.array([1.0, 5.0]),)],
    lambda answers: answers[0][1] < 3 or 1 / 0, shape=(2,), points=0,
)
"""
    editing(TEST, "### BEGIN", check + "### BEGIN")(notebook)
    editing(TEST, LISTED, LISTED + '"Added up.": lambda x: x + np.sum(x),')(notebook)


LISTED = "    mistakes={\n"
STATISTICS = '"It looks as if the mean is not subtracted.": lambda x: x / np.std(x),'


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        (
            editing(TEST, "expected=np.array([-1.0, 1.0])", "expected=np.array([-1.0, 2.0])"),
            "test_standardise: your own answer does not get every point (draw 1 of 1 of the random "
            "inputs). Mend the answer or the check:\nstandardise: ",
        ),
        (
            editing(TEST, "np.array([1.0, 5.0]),\n", "1 / 0,\n"),
            "ZeroDivisionError",
        ),
        (
            editing(TEST, "exercise.rng", "np.random.default_rng()"),
            "test_standardise: run twice for the same student, the cell asks different things. "
            "Draw random inputs from `exercise.rng`: ",
        ),
        (
            editing(TEST, LISTED, LISTED + '"No mistake.": lambda x: (x - x.mean()) / x.std(),'),
            "test_standardise: an answer with the known mistake 'No mistake.' keeps every point. "
            "Give inputs for which it makes a difference.",
        ),
        (
            editing(TEST, LISTED, LISTED + '"It looks as if nothing is.": None,'),
            "no mistake that comes with this check reads 'It looks as if nothing is.'",
        ),
        (
            editing(TEST, LISTED, LISTED + '"Again.": lambda x: x / np.std(x),'),
            "test_standardise: an answer with the known mistake 'Again.' loses points without its "
            "explanation: for these inputs another known mistake, or the right answer, gives the "
            "same. Give inputs for which all of them differ. What a student reads now: ",
        ),
        (
            editing(TEST, LISTED, LISTED + '"Broken.": lambda x: x / no_such_name,'),
            "test_standardise: the known mistake 'Broken.' cannot be tried: its function raises "
            "NameError: name 'no_such_name' is not defined. It is called with ",
        ),
        (
            breaks_on_large_numbers,
            "an answer with the known mistake 'Added up.' makes the check 't' itself break. Mend "
            "the check:\nTraceback",
        ),
        (no_check, "test_standardise: the cell makes no check, so nobody can get its points."),
        (
            two_names,
            "subtracted.' is explained as another one as well, 'Another name.'.",
        ),
        (
            costs_twice,
            "costs points in test_twice as well. There, let a function of yours stand for it "
            "(`stubs=`):\ntwice: 0 of 1 points",
        ),
        (
            costs_twice,
            "test_twice: a visible check uses `reference.twice`. Students have no solutions: in "
            "their notebook it is their own answer, and any answer passes. Move the check to the "
            "hidden tests, or write the numbers down and use `returns`.",
        ),
        (untested, "spare: no test cell asks for what this solution defines, so nothing in it "),
        (
            no_test_cell,
            "scaling.ipynb: there is no test cell: nothing in it is marked by a program.",
        ),
        (
            editing(TEXT, "(3 points)", "(4 points)"),
            "test_standardise: the heading above it says 4 points, and nbgrader gives 3. ",
        ),
        (
            worthless,
            "test_standardise: its checks have no points: no answer gets any of 3.",
        ),
        (
            editing(TEST, "\nexercise.report()", "\nshown = exercise.report()"),
            "test_standardise: its last line should be `exercise.report()`: that shows students ",
        ),
        (uses_x, "test_standardise: it sets `x`, a name that the lesson uses: "),
        (
            blank_passes,
            'test_standardise: before a student has written anything, this should say "not '
            'attempted" and give no points. ',
        ),
        (
            editing(TEST, HIDDEN_END, "# equivalent: a → b\n" + HIDDEN_END),
            "test_standardise: take this line out. No change of your solution needs it: either "
            "there is no such change, or it loses points:\n# equivalent: a → b",
        ),
        (
            editing(ANSWER, "(x - ", "(jnp.abs(x) - "),
            "standardise: with this change your solution still gets every point:\n"
            "-    return (jnp.abs(x) - jnp.mean(x)) / jnp.std(x)\n"
            "+    return (x - jnp.mean(x)) / jnp.std(x)\n"
            "standardise([",
        ),
    ],
    ids=lambda value: "" if callable(value) else value[:60].replace("\n", " "),
)
def test_what_is_at_fault_is_found(tmp_path: Path, change: Change, finding: str) -> None:
    found = examine(tmp_path, change)
    assert any(finding in sentence for sentence in said(found)), str(found)
    assert " to mend (" in str(found)


def test_what_is_marked_otherwise_is_left_alone(tmp_path: Path) -> None:
    assert said(examine(tmp_path, marked_otherwise)) == []


@pytest.mark.parametrize(
    ("line", "findings"),
    [
        ("import numpy as np", 0),
        ("import math as np", 1),
        ("from autograder import student", 0),
        ("student = 3", 1),
    ],
)
def test_a_test_cell_may_import_what_the_lesson_imports(
    tmp_path: Path, line: str, findings: int
) -> None:
    found = said(examine(tmp_path, editing(IMPORTS, "import", f"{line}\nimport")))
    assert len(found) == findings
    assert all("a name that the lesson uses" in sentence for sentence in found)


def test_a_visible_check_may_ask_for_a_class_of_the_lesson(tmp_path: Path) -> None:
    def change(notebook: nbformat.NotebookNode) -> None:
        notebook.cells.insert(IMPORTS + 1, new_code_cell("class Numbers(list):\n    pass"))
        test = notebook.cells[TEST + 1]
        test.source = test.source.replace("exercise.returns", "reference.Numbers\nexercise.returns")

    assert said(examine(tmp_path, change)) == []


def test_points_of_data_are_not_points_of_an_exercise(tmp_path: Path) -> None:
    def change(notebook: nbformat.NotebookNode) -> None:
        notebook.cells.insert(TEST, new_markdown_cell("Try it on numbers (5 points on a line)."))

    assert said(examine(tmp_path, change)) == []


def test_a_solution_with_magics_is_changed_as_well(tmp_path: Path) -> None:
    plain = examine(tmp_path)
    (tmp_path / "again").mkdir()
    magic = examine(tmp_path / "again", editing(ANSWER, "def", "%matplotlib inline\ndef"))
    assert said(magic) == []
    assert magic.rows[0].changes == plain.rows[0].changes


def test_a_check_that_breaks_on_a_wrong_answer_is_found(tmp_path: Path) -> None:
    def change(notebook: nbformat.NotebookNode) -> None:
        check = "assert abs(student.standardise.call(np.array([1.0, 5.0])).sum()) < 1\n"
        editing(TEST, "exercise.returns(", check + "exercise.returns(")(notebook)

    sentences = said(examine(tmp_path, change))
    broken = [s for s in sentences if "a check breaks on an answer with this change" in s]
    assert any("in <module>" in s for s in broken)
    assert len({s[s.index("Traceback") :] for s in sentences if "Traceback" in s}) == sum(
        "Traceback" in s for s in sentences
    )


def test_a_change_that_is_declared_equivalent_is_no_finding(tmp_path: Path) -> None:
    def change(notebook: nbformat.NotebookNode) -> None:
        editing(ANSWER, "(x - ", "(jnp.abs(x) - ")(notebook)
        line = "# equivalent: jnp.abs(x) → x\n"
        editing(TEST, HIDDEN_END, line + HIDDEN_END)(notebook)

    found = examine(tmp_path, change)
    assert said(found) == []
    (row,) = found.rows
    assert (row.changes - row.caught, row.harmless) == (1, 0)


def test_a_change_that_changes_nothing_is_counted_and_no_finding(tmp_path: Path) -> None:
    found = examine(tmp_path, editing(ANSWER, "return", "constant = 7\n    return"))
    assert said(found) == []
    (row,) = found.rows
    assert (row.changes - row.caught, row.harmless) == (2, 2)


def test_points_of_checks_are_weights(tmp_path: Path) -> None:
    """Weights 1 and 5 in a cell worth 3."""
    assert said(examine(tmp_path, editing(TEST, "points=2", "points=5"))) == []


@pytest.mark.parametrize("answer", ["list(range(n))", "{'n': n}", "(n, [n, 2.0])", "jnp.arange(n)"])
def test_lists_and_whole_numbers_are_the_same_the_second_time(tmp_path: Path, answer: str) -> None:
    def change(notebook: nbformat.NotebookNode) -> None:
        solution = (
            f"def twice(n):\n    ### BEGIN SOLUTION\n    return {answer}\n    ### END SOLUTION"
        )
        test = ANOTHER_TEST.replace("(later.rng.uniform(1, 2, size=4),)", "(3,), (5,)")
        notebook.cells += [
            new_code_cell(solution, metadata={"nbgrader": marks("twice")}),
            new_code_cell(test, metadata={"nbgrader": marks("test_twice", 1)}),
        ]

    assert not [s for s in said(examine(tmp_path, change)) if "asks different things" in s]


def test_two_mistakes_that_only_some_seeds_tell_apart(tmp_path: Path) -> None:
    """With seed 2 the inputs are all of length 1: nothing is left to tell."""
    draw = "(exercise.rng.uniform(1, 9, size=n),) for n in (5, 8)"
    same = draw.replace("(5, 8)", "([5, 8] if exercise.report().seed == 1 else [2, 2])")
    closer = 'mistakes={"It looks halved.": lambda x: np.sign(x - np.mean(x)) / 2,'
    listed = closer + '"It looks half as large.": lambda x: (x - np.mean(x)) / np.std(x) / 2,'

    def change(notebook: nbformat.NotebookNode) -> None:
        editing(TEST, draw, same)(notebook)
        editing(TEST, "mistakes={", listed)(notebook)

    expected = "'It looks halved.' gets its explanation for some students only: with draw 2 of 2 "
    found = said(examine(tmp_path, change, Thresholds(seeds=(1, 2))))
    assert any(expected in sentence for sentence in found)


@pytest.mark.parametrize(
    ("limits", "finding"),
    [
        (
            Thresholds((1,), cell_seconds=0),
            "test_standardise: with your own answers it takes 0 s of processor time, and as much ",
        ),
        (
            Thresholds((1,), least_margin=1e20),
            "test_standardise: your own answers are right, but so far from what the check expects ",
        ),
        (
            Thresholds((1,), least_margin=1e20),
            "' is so close to the right answer that a rounding difference could be taken for it. ",
        ),
    ],
)
def test_limits_are_kept_to(tmp_path: Path, limits: Thresholds, finding: str) -> None:
    def blur(notebook: nbformat.NotebookNode) -> None:
        editing(TEST, "expected=np.array([-1.0", "expected=np.array([-1.0 - 1e-9")(notebook)

    assert any(finding in sentence for sentence in said(examine(tmp_path, blur, limits)))


SOLUTION = "return (x - jnp.mean(x)) / jnp.std(x)"
SENTENCE = '"It looks as if the mean is not subtracted.": lambda x: x / np.std(x),'


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        (f"def f(x):\n    {SOLUTION}\n", f"helper.py: it shows a line of a solution: {SOLUTION}"),
        (f"    {SENTENCE}", f"helper.py: it shows a line of a hidden test: {SENTENCE}"),
        (
            "### BEGIN HIDDEN TESTS",
            "helper.py: a region was not taken out: ### BEGIN HIDDEN TESTS",
        ),
    ],
)
def test_leaks_into_files_beside_the_notebook(tmp_path: Path, text: str, finding: str) -> None:
    assert said(examine(tmp_path, helper=text)) == [finding]


def test_leaks_in_the_notebook_itself(tmp_path: Path) -> None:
    examine(tmp_path)
    source, release = (tmp_path / kind / "scaling.ipynb" for kind in ("source", "release"))
    shutil.copy(source, release)
    found = [f.what for f in gate.Gate(source, [1]).leaks(release)]
    assert f"it shows a line of a solution: {SOLUTION}" in found
    assert "a region was not taken out: ### BEGIN SOLUTION" in found
    assert any("It looks as if the mean is not subtracted." in what for what in found)


def test_an_output_that_shows_an_answer_is_a_leak(tmp_path: Path) -> None:
    examine(tmp_path)
    release = tmp_path / "release" / "scaling.ipynb"
    notebook = nbformat.read(release, as_version=4)
    shown = nbformat.v4.new_output("stream", text=f"one\n  {SOLUTION}\n")
    notebook.cells[1].outputs = [shown]
    nbformat.write(notebook, release)
    (found,) = gate.Gate(tmp_path / "source" / "scaling.ipynb", [1]).leaks(release)
    assert found.what == f"it shows a line of a solution: {SOLUTION}"


def test_a_solution_without_marks_and_a_marking_scheme_are_secret() -> None:
    answer = new_code_cell("secret_of_mine = 12345", metadata={"nbgrader": marks("a")})
    scheme = new_markdown_cell(
        "A question for everybody\n=== BEGIN MARK SCHEME ===\nOne point for the reason\n"
        "A question for everybody\n=== END MARK SCHEME ===\nAnd a last line that is visible"
    )
    assert secret_lines([answer, scheme]) == {
        "secret_of_mine = 12345": "a solution",
        "One point for the reason": "a mark scheme",
    }
