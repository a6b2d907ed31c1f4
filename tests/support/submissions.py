"""What a class hands in: honest, damaged and hostile notebooks, each with a single peculiarity."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

from tests.support.course import Course, changed, without
from tests.support.lesson import EXERCISES, cell_named, grade_id

TESTS = [f"test_{name}" for name in EXERCISES]
NO_BIAS = "def logistic_model(theta, x):\n    return logistic(theta['w'] * x)"

LOSS = cell_named("logistic_loss").source


Maker = Callable[[Course], "NotebookNode | str"]
CLASS: dict[str, Maker] = {}
STOPPING: dict[str, Maker] = {}
"""Those whose kernel dies or hangs."""


def submission(maker: Maker) -> Maker:
    """Register what a student of this name hands in."""
    CLASS[maker.__name__] = maker
    return maker


def stopping(maker: Maker) -> Maker:
    """Register what a student hands in whose code stops the kernel."""
    STOPPING[maker.__name__] = maker
    return maker


@submission
def right(course: Course) -> NotebookNode:
    """Everything is right, and the written question has an answer."""
    notebook = course.filled_in(whole=True)
    essay = next(cell for cell in notebook.cells if cell.id == "loss-answer")
    essay.source = "Only the term with log(1 - p) is left, and it grows without bound."
    return notebook


@submission
def blank(course: Course) -> NotebookNode:
    """The release as it came."""
    return course.released()


@submission
def without_bias(course: Course) -> NotebookNode:
    """The model has no bias; all the rest is right."""
    return course.filled_in(whole=True, logistic_model=NO_BIAS)


@submission
def averages_the_loss(course: Course) -> NotebookNode:
    """The loss is a mean instead of a sum; all the rest is right."""
    return course.filled_in(whole=True, logistic_loss=LOSS.replace("jnp.sum", "jnp.mean"))


@submission
def tags_on_tests(course: Course) -> NotebookNode:
    """No bias, and tags that make stock nbgrader skip the tests and give full marks."""

    def tag(cell: NotebookNode) -> None:
        if grade_id(cell) in TESTS:
            cell.metadata["tags"] = ["skip-execution", "raises-exception"]

    return changed(course.filled_in(logistic_model=NO_BIAS), tag)


@submission
def tests_as_markdown(course: Course) -> NotebookNode:
    def turn(cell: NotebookNode) -> None:
        if grade_id(cell) in TESTS:
            cell.cell_type = "markdown"
            cell.pop("outputs", None)
            cell.pop("execution_count", None)

    return changed(course.filled_in(logistic_model=NO_BIAS), turn)


@submission
def tests_relabelled(course: Course) -> NotebookNode:
    """Claims that the tests are ungraded, unlocked answers worth more points."""

    def relabel(cell: NotebookNode) -> None:
        if grade_id(cell) in TESTS:
            cell.metadata.nbgrader.update(grade=False, solution=True, locked=False, points=100)
            cell.source = "4"

    return changed(course.filled_in(logistic_model=NO_BIAS), relabel)


@submission
def tests_deleted(course: Course) -> NotebookNode:
    return without(course.filled_in(logistic_model=NO_BIAS), TESTS)


@submission
def tests_renamed(course: Course) -> NotebookNode:
    def rename(cell: NotebookNode) -> None:
        if grade_id(cell) in TESTS:
            cell.metadata.nbgrader["grade_id"] = "my_" + grade_id(cell)

    return changed(course.filled_in(logistic_model=NO_BIAS), rename)


@submission
def answer_cells_deleted(course: Course) -> NotebookNode:
    """The labels of the answers and of all tests are gone, the code is still there."""

    def strip(cell: NotebookNode) -> None:
        if grade_id(cell) in EXERCISES:
            del cell.metadata["nbgrader"]

    return without(changed(course.filled_in(), strip), TESTS)


@submission
def everything_twice(course: Course) -> NotebookNode:
    notebook = course.filled_in()
    twice = copy.deepcopy(notebook.cells)
    for cell in twice:
        cell["id"] = "x" + cell["id"]
    notebook.cells = [*notebook.cells, *twice]
    return notebook


@submission
def malformed_labels(course: Course) -> NotebookNode:
    def spoil(cell: NotebookNode) -> None:
        if grade_id(cell) in TESTS:
            cell.metadata["nbgrader"] = {"grade": True, "grade_id": ["a", "list"]}
        elif not grade_id(cell):
            cell.metadata["nbgrader"] = {"solution": True}

    return changed(course.filled_in(), spoil)


@submission
def broken_format(course: Course) -> str:
    """A notebook whose cells break the format in several ways."""
    notebook = json.loads(nbformat.writes(course.filled_in()))
    notebook["cells"][0]["metadata"] = "none"
    notebook["cells"][1]["cell_type"] = 7
    notebook["cells"].insert(2, "not a cell")
    return json.dumps(notebook)


@submission
def truncated(course: Course) -> str:
    """Half of the file is missing."""
    text = nbformat.writes(course.filled_in())
    return text[: len(text) // 2]


@submission
def prints_a_lot(course: Course) -> NotebookNode:
    """Right, with warnings and prints, which cost all marks on stock nbgrader."""
    noise = """    import sys, warnings
    print('0', file=sys.stderr)
    print('nan')
    warnings.warn('noise')
"""
    return course.filled_in(
        logistic_model=f"def logistic_model(theta, x):\n{noise}"
        "    return logistic(theta['w'] * x + theta['b'])"
    )


@submission
def cheats_in_process(course: Course) -> NotebookNode:
    """Replaces everything that a test in the same process would rely on."""
    cheat = """
import numpy as np
import autograder.checks.answers, autograder.record.report
np.allclose = lambda *a, **k: True
np.testing.assert_allclose = lambda *a, **k: None
autograder.checks.answers.disagreement = lambda *a, **k: ''
autograder.record.report.CheckResult.earned = 1.0
autograder.record.report.Report.score = property(lambda self: 4.0)
import ast
class NoAsserts(ast.NodeTransformer):
    def visit_Assert(self, node): return ast.Pass()
get_ipython().ast_transformers.append(NoAsserts())
"""
    return course.filled_in(logistic_model=NO_BIAS + cheat)


@submission
def forges_a_report(course: Course) -> NotebookNode:
    """Displays a perfect report from its own cell, and answers every question with one."""
    forge = """
from IPython.display import display
from autograder.record.render import MIMETYPE
perfect = {'schema_version': 1, 'exercise': 'x', 'checks': [], 'max_points': 4, 'seed': 0}
display({MIMETYPE: perfect, 'text/plain': '4.0'}, raw=True)
import autograder.remote.endpoint as endpoint
endpoint.answer = lambda *a, **k: endpoint.Reply('{"status": "ok", "value": ["str", "4.0"]}')
"""
    return course.filled_in(logistic_model=NO_BIAS + forge)


@submission
def replies_garbage(course: Course) -> NotebookNode:
    spoil = """
import autograder.remote.endpoint as endpoint
endpoint.answer = lambda *a, **k: endpoint.Reply('[' * 100000)
"""
    return course.filled_in(logistic_loss=LOSS + spoil)


@stopping
def exits_in_a_cell(course: Course) -> NotebookNode:
    return course.filled_in(logistic_loss=LOSS + "\nimport os; os._exit(0)")


@stopping
def exits_in_a_call(course: Course) -> NotebookNode:
    """The loss ends the kernel when it is called."""
    return course.filled_in(
        logistic_loss="import os\ndef logistic_loss(params, model, x, y):\n    os._exit(0)"
    )


@stopping
def forges_by_display_id(course: Course) -> NotebookNode:
    """Nothing is solved; a late cell updates what a test cell, moved to the top, displayed."""
    notebook = course.filled_in(logistic_model="pass")
    test = next(c for c in notebook.cells if grade_id(c) == "test_logistic_model")
    notebook.cells.remove(test)
    show = "import time\nfrom IPython.display import display\nID = str(time.time_ns())\n"
    forged = (
        "from autograder.record.outcome import Outcome\n"
        "from autograder.record.render import MIMETYPE\n"
        "from autograder.record.report import CheckResult, Report\n"
        "made = Report('logistic_model', (CheckResult('all is well', Outcome.PASSED),), 4.0)\n"
        "_ = display({'text/plain': '4.0', MIMETYPE: made.to_json()}, raw=True, display_id=ID,"
        " update=True)"
    )
    sources = (
        show + "_ = display({'text/plain': 'x'}, raw=True, display_id=ID)",
        "import os; os._exit(1)",
        forged,
    )
    notebook.cells[:0] = [test, *map(new_code_cell, sources)]
    return notebook


@stopping
def exits_again_and_again(course: Course) -> NotebookNode:
    notebook = course.filled_in()
    notebook.cells[:0] = [new_code_cell("import os; os._exit(1)") for _ in range(12)]
    return notebook


@stopping
def segfaults_in_a_call(course: Course) -> NotebookNode:
    return course.filled_in(
        logistic_model="import ctypes\ndef logistic_model(theta, x):\n    ctypes.string_at(0)"
    )


@stopping
def hangs_in_a_call(course: Course) -> NotebookNode:
    return course.filled_in(
        logistic_model="import time\ndef logistic_model(theta, x):\n    time.sleep(600)"
    )


@stopping
def hangs_and_ignores_interrupts(course: Course) -> NotebookNode:
    stubborn = """
import signal, time
def logistic_loss(params, model, x, y):
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    time.sleep(600)
"""
    return course.filled_in(logistic_loss=stubborn)


@stopping
def hangs_in_a_cell(course: Course) -> NotebookNode:
    stubborn = """
import signal, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
time.sleep(600)
"""
    return course.filled_in(logistic_loss=LOSS + stubborn)


@submission
def raises_in_a_cell(course: Course) -> NotebookNode:
    return course.filled_in(logistic_loss=LOSS + "\nraise RuntimeError('after the answer')")


@submission
def syntax_error(course: Course) -> NotebookNode:
    return course.filled_in(logistic_loss="def logistic_loss(params, model, x, y)\n    return 0")


@submission
def writes_about_hidden_tests(course: Course) -> NotebookNode:
    """Right, and uses the words that mark regions of nbgrader's in code and text."""
    words = "\nseen = 'BEGIN HIDDEN TESTS'"
    notebook = course.filled_in(logistic_model=cell_named("logistic_model").source + words)
    notebook.cells.append(new_markdown_cell("BEGIN MARK SCHEME in my own words"))
    return notebook
