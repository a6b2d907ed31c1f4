"""What students hand in for the notebook of `plain_tests`: right answers, but for one oddity."""

from __future__ import annotations

import copy
from collections.abc import Callable

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output, new_raw_cell

from tests.support.plain_tests import ANSWERS

Change = Callable[[NotebookNode], NotebookNode | None]
SUBMISSIONS: dict[str, Change] = {}


def submission(change: Change) -> Change:
    """One that is the right answers but for a change, which has the name of the function."""
    SUBMISSIONS[change.__name__] = change
    return change


def answers(**changed: str) -> Change:
    def change(notebook: NotebookNode) -> None:
        for name, source in changed.items():
            named(notebook, name).source = source

    return change


def first(source: str) -> Change:
    """A cell of the student's own before all others."""
    return lambda notebook: notebook.cells.insert(0, new_code_cell(source))


def last_answer(source: str) -> Change:
    """A cell of the student's own behind the answers."""

    def change(notebook: NotebookNode) -> None:
        place = notebook.cells.index(named(notebook, "essay"))
        notebook.cells.insert(place, new_code_cell(source))

    return change


def named(notebook: NotebookNode, name: str) -> NotebookNode:
    return next(c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == name)


def tests_of(notebook: NotebookNode) -> list[NotebookNode]:
    return [
        c
        for c in notebook.cells
        if c.metadata.get("nbgrader", {}).get("grade_id", "").startswith("test_")
    ]


PLACEHOLDER = "# YOUR CODE HERE\nraise NotImplementedError()"
SUBMISSIONS |= {
    "right": lambda notebook: None,
    "untouched": answers(**dict.fromkeys(ANSWERS, PLACEHOLDER)),
    "half": answers(**dict.fromkeys(["double", "stack"], PLACEHOLDER)),
    "empty answers": answers(**dict.fromkeys(ANSWERS, "")),
    "only comments": answers(**dict.fromkeys(ANSWERS, "# I do not know")),
    "wrong": answers(
        double="def double(x):\n    return x", total="total = 44", stack="Stack = list"
    ),
    "does not parse": answers(double="def double(x)\n    return 2 * x"),
    "tabs and spaces": answers(double="def double(x):\n\ty = x\n        return 2 * y"),
    "raises at once": answers(double="1 / 0\ndef double(x): return 2 * x"),
    "raises afterwards": answers(double=ANSWERS["double"] + "\n1 / 0"),
    "calls itself for ever": answers(double="def double(x):\n    return double(x)"),
    "prints in every function": answers(
        double="def double(x):\n    for _ in '1': print('twice', x)\n    return 2 * x"
    ),
    "prints to stderr": answers(
        double="import sys\ndef double(x):\n    for _ in '1': print(x, file=sys.stderr)\n"
        "    return 2 * x"
    ),
    "warns": answers(
        double="import warnings\ndef double(x):\n    for _ in '1': warnings.warn('hm')\n"
        "    return 2 * x"
    ),
    "magics": answers(
        total="%%time\ntotal = sum(range(10))", greet="%matplotlib inline\n" + ANSWERS["greet"]
    ),
    "a shell command": answers(total="total = int((!echo 45)[0])"),
    "shell": first("!ls\nlines = !cat data.txt\nassert lines == ['7']"),
    "asynchronous": answers(total="import asyncio\nawait asyncio.sleep(0.01)\ntotal = 45"),
    "asks": first("name = input('Your name? ')"),
    "numpy": answers(total="import numpy as np\ntotal = np.arange(10).sum()"),
    "a lambda": answers(double="double = lambda x: x * 2  # for"),
    "dataclass": answers(
        stack="from dataclasses import dataclass, field\n@dataclass\nclass Stack:\n"
        "    items: list = field(default_factory=list)\n"
        "    def push(self, item): self.items.append(item)\n"
        "    def pop(self): return self.items.pop()"
    ),
    "annotations of the future": answers(
        double="from __future__ import annotations\ndef double(x: Number) -> Number:\n"
        "    for _ in '1': return 2 * x"
    ),
    "hides builtins": last_answer("list = sum = str = 5"),
    "hides print": last_answer("def print(*a, **k): pass"),
    "replaces print": last_answer("import builtins\nbuiltins.print = lambda *a, **k: None"),
    "replaces stdout": last_answer("import io, sys\nsys.stdout = io.StringIO()"),
    "replaces stderr": last_answer("import io, sys\nsys.stderr = io.StringIO()"),
    "closes stdout": last_answer("import sys\nsys.stdout.close()"),
    "warnings as errors": last_answer("import warnings\nwarnings.simplefilter('error')"),
    "no warnings": first("import warnings\nwarnings.simplefilter('ignore')"),
    "moves to another folder": last_answer("import os\nos.makedirs('sub')\nos.chdir('sub')"),
    "removes a file": last_answer("import os\nos.remove('helper.py')"),
    "changes a file": last_answer("open('data.txt', 'w').write('8')"),
    "a low recursion limit": last_answer("import sys\nsys.setrecursionlimit(300)"),
    "a thread goes on": last_answer(
        "import threading, time\n"
        "threading.Thread(target=time.sleep, args=(3,), daemon=True).start()"
    ),
    "figures stay open": last_answer(
        "import matplotlib.pyplot as plt\nfor _ in range(3): plt.figure(); plt.plot([1, 2])"
    ),
    "leaves a transformer": last_answer(
        "ip = get_ipython()\nip.input_transformers_cleanup.append(lambda lines: lines)"
    ),
    "expressions are shown": last_answer(
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "InteractiveShell.ast_node_interactivity = 'all'"
    ),
    "nothing is shown": last_answer("get_ipython().ast_node_interactivity = 'none'"),
    "numbers are shown rounded": last_answer("%precision 0"),
    "an own display": last_answer("import sys\nsys.displayhook = lambda value: None"),
    "much output": last_answer("for number in range(20000): print(number)"),
    "one long line": last_answer("print('x' * 2_000_000)"),
    "letters": answers(total="größe = 45\ntotal = größe  # 🎲 ∑"),
    "a star import": first("from math import *\nfrom numpy import *"),
    "another helper": first(
        "import sys, types\nsys.modules['helper'] = types.ModuleType('helper')"
    ),
}  # fmt: skip


@submission
def cells_of_their_own(notebook: NotebookNode) -> None:
    for place in range(len(notebook.cells), 0, -4):
        notebook.cells.insert(place, new_code_cell("1 + 1"))
        notebook.cells.insert(place, new_raw_cell("raw"))
        notebook.cells.insert(place, new_markdown_cell("Notes <script>alert(1)</script>"))


@submission
def answers_in_other_order(notebook: NotebookNode) -> None:
    places = [notebook.cells.index(named(notebook, name)) for name in ANSWERS]
    moved = [notebook.cells[place] for place in places]
    for place, cell in zip(places, reversed(moved), strict=True):
        notebook.cells[place] = cell


@submission
def tests_changed(notebook: NotebookNode) -> None:
    for cell in tests_of(notebook):
        cell.source = "assert True"


@submission
def tests_worth_more(notebook: NotebookNode) -> None:
    for cell in tests_of(notebook):
        cell.metadata.nbgrader.points = 100


@submission
def given_cell_changed(notebook: NotebookNode) -> None:
    named(notebook, "given").source = "given = 2"


@submission
def outputs_forged(notebook: NotebookNode) -> None:
    for cell in tests_of(notebook):
        cell.outputs = [new_output("execute_result", {"text/plain": "2"}, execution_count=9)]


@submission
def old_outputs(notebook: NotebookNode) -> None:
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [new_output("stream", name="stderr", text="from yesterday")]
            cell.execution_count = 17


@submission
def answer_cell_is_gone(notebook: NotebookNode) -> None:
    notebook.cells.remove(named(notebook, "stack"))


@submission
def answer_elsewhere(notebook: NotebookNode) -> None:
    answer = named(notebook, "double")
    notebook.cells.insert(1, new_code_cell(answer.source))
    answer.source = ""


@submission
def answer_twice(notebook: NotebookNode) -> None:
    wrong = copy.deepcopy(named(notebook, "double"))
    wrong.source, wrong.metadata = "def double(x): return 3", {}
    notebook.cells.insert(notebook.cells.index(named(notebook, "total")), wrong)


@submission
def answers_not_to_be_run(notebook: NotebookNode) -> None:
    for name in ANSWERS:
        named(notebook, name).metadata["tags"] = ["skip-execution"]


@submission
def tags(notebook: NotebookNode) -> None:
    for cell in notebook.cells:
        cell.metadata["tags"] = ["raises-exception", "mine"]


@submission
def answer_as_markdown(notebook: NotebookNode) -> None:
    at = notebook.cells.index(named(notebook, "total"))
    old = notebook.cells[at]
    notebook.cells[at] = new_markdown_cell(old.source, metadata=old.metadata)


@submission
def essay_untouched(notebook: NotebookNode) -> None:
    named(notebook, "essay").source = "YOUR ANSWER HERE"


@submission
def essay_with_a_picture(notebook: NotebookNode) -> None:
    essay = named(notebook, "essay")
    essay.source = "![it](attachment:it.png)"
    essay["attachments"] = {"it.png": {"image/png": "iVBORw0KGgo="}}


@submission
def kernel_of_their_own(notebook: NotebookNode) -> None:
    kernel = {"name": "conda-env-mine-py", "display_name": "Mine", "language": "python"}
    notebook.metadata["kernelspec"] = kernel


@submission
def no_metadata(notebook: NotebookNode) -> None:
    notebook.metadata.clear()


@submission
def from_colab(notebook: NotebookNode) -> None:
    notebook.nbformat_minor = 0
    notebook.metadata["colab"] = {"provenance": [], "toc_visible": True}
    for number, cell in enumerate(notebook.cells):
        cell.pop("id", None)
        cell.metadata["id"] = f"colab{number}"
        if cell.cell_type == "code":
            cell.metadata["colab"] = {"base_uri": "…", "height": 34}


@submission
def from_vs_code(notebook: NotebookNode) -> None:
    notebook.metadata["language_info"] = {"name": "python", "version": "3.9.6"}
    notebook.metadata["orig_nbformat"] = 4
    notebook.nbformat_minor = 2
    for cell in notebook.cells:
        cell.pop("id", None)
        if cell.cell_type == "code":
            cell.metadata["vscode"] = {"languageId": "python"}


@submission
def no_cell_ids(notebook: NotebookNode) -> None:
    notebook.nbformat_minor = 4
    for cell in notebook.cells:
        cell.pop("id", None)


@submission
def widgets(notebook: NotebookNode) -> None:
    state = {"state": {}, "version_major": 2, "version_minor": 0}
    notebook.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": state}
