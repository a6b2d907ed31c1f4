"""An instructor's notebook of plain asserts, in the many styles that are met with."""

from __future__ import annotations

import re
from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

ANSWERS = {
    "double": "def double(x):\n    for _ in range(1):\n        x = x + x\n    return x",
    "total": "total = sum(range(10))",
    "stack": (
        "class Stack:\n    def __init__(self): self.items = []\n"
        "    def push(self, item): self.items.append(item)\n"
        "    def pop(self): return self.items.pop()"
    ),
    "greet": "def greet():\n    print('Hello, world!')",
    "ask": "def ask():\n    return int(input('A number: '))",
    "noisy": "import sys\ndef noisy():\n    print('careful', file=sys.stderr)\n    return 1",
}
WRITTEN = {"essay": "Because adding a number to itself doubles it.", "code": "x = 2 * 3"}

TESTS = {
    "assert": "assert double(2) == 4",
    "assert, a message": "assert double(2) == 4, f'double(2) is {double(2)}'",
    "several asserts": "assert double(0) == 0\nassert double('a') == 'aa'\nassert total == 45",
    "a share of the points": "1.5 if total == 45 else 0.5",
    "a share that is printed": "print(1.5 if total == 45 else 0.5)",
    "a share that is displayed": "display(1)",
    "a share from numpy": "import numpy as np\nnp.float64(1.0)",
    "a share with a semicolon": "double(0.5);",
    "a whole number": "int(total == 45)",
    "a truth value": "total == 45",
    "less than nothing": "-1",
    "not a number": "float('nan')",
    "a text": "'1'",
    "words": "'well done'",
    "a list": "[1, 2]",
    "a list of one": "[1]",
    "None": "assert total == 45\nNone",
    "an empty text": "''",
    "prints": "assert greet() is None\nprint('fine')",
    "warns": "import warnings\nwarnings.warn('old')\nassert total == 45",
    "logs": "import logging\nlogging.warning('look')\nassert total == 45",
    "an answer that prints to stderr": "assert noisy() == 1",
    "stderr caught": (
        "import contextlib, io\nwith contextlib.redirect_stderr(io.StringIO()) as caught:\n"
        "    noisy()\nassert 'careful' in caught.getvalue()"
    ),
    "stdout caught": (
        "import contextlib, io\nwith contextlib.redirect_stdout(io.StringIO()) as caught:\n"
        "    greet()\nassert caught.getvalue().strip() == 'Hello, world!'"
    ),
    "%%capture": "%%capture caught\ngreet()\nassert total == 45",
    "%%capture, used": "assert 'Hello' in str(caught)",
    "%%time": "%%time\nassert total == 45",
    "%timeit": "%timeit -n1 -r1 double(3)\nassert double(3) == 6",
    "%run": "%run script.py\nassert told == 'by a script'",
    "%matplotlib": "%matplotlib inline\nassert double(1) == 2",
    "a shell command": "said = !echo hello\nassert said == ['hello'], said",
    "%%bash": "%%bash\necho hello\ntest 1 = 1",
    "await": "import asyncio\nawait asyncio.sleep(0)\nassert total == 45",
    "input, replaced": (
        "import builtins\nkept, builtins.input = builtins.input, lambda *a: '12'\n"
        "try:\n    assert ask() == 12\nfinally:\n    builtins.input = kept"
    ),
    "reads a file": "assert double(int(open('data.txt').read())) == 14",
    "writes a file": (
        "with open('out.txt', 'w') as out:\n    out.write(str(total))\n"
        "assert open('out.txt').read() == '45'"
    ),
    "a temporary file": (
        "import tempfile\nwith tempfile.TemporaryDirectory() as folder:\n"
        "    open(folder + '/a', 'w').close()\nassert total == 45"
    ),
    "a module beside it": "from helper import is_double\nassert is_double(double)",
    "a star import": "from helper import *\nassert is_double(double)",
    "another Python": (
        "import subprocess, sys\n"
        "ran = subprocess.run([sys.executable, '-c', 'print(6)'], capture_output=True, text=True)\n"
        "assert double(int(ran.stdout)) == 12"
    ),
    "threads": (
        "from concurrent.futures import ThreadPoolExecutor\nwith ThreadPoolExecutor(3) as pool:\n"
        "    assert list(pool.map(double, range(5))) == [0, 2, 4, 6, 8]"
    ),
    "processes": (
        "import multiprocessing\nwith multiprocessing.get_context('fork').Pool(2) as pool:\n"
        "    assert pool.map(double, range(5)) == [0, 2, 4, 6, 8]"
    ),
    "a server": (
        "import http.server, threading, urllib.request\n"
        "class Handler(http.server.SimpleHTTPRequestHandler):\n"
        "    def log_message(self, *said): pass\n"
        "server = http.server.HTTPServer(('localhost', 0), Handler)\n"
        "threading.Thread(target=server.serve_forever, daemon=True).start()\n"
        "asked = urllib.request.urlopen(f'http://localhost:{server.server_port}/data.txt')\n"
        "assert asked.read() == b'7\\n'\nserver.shutdown()"
    ),
    "a database": (
        "import sqlite3\nwith sqlite3.connect('marks.db') as base:\n"
        "    base.execute('create table mark (points)')\n"
        "    base.execute('insert into mark values (?)', (double(2),))\n"
        "    assert base.execute('select * from mark').fetchall() == [(4,)]"
    ),
    "unittest": (
        "import unittest\nclass Test(unittest.TestCase):\n"
        "    def test(self): self.assertEqual(double(2), 4)\n"
        "unittest.main(argv=[''], exit=False)"
    ),
    "unittest, quiet": (
        "import io, unittest\nclass Test(unittest.TestCase):\n"
        "    def test(self): self.assertEqual(double(2), 4)\n"
        "loaded = unittest.defaultTestLoader.loadTestsFromTestCase(Test)\n"
        "ran = unittest.TextTestRunner(stream=io.StringIO()).run(loaded)\n"
        "assert ran.wasSuccessful()"
    ),
    "doctest": (
        "import doctest\ndouble.__doc__ = '>>> double(4)\\n8'\n"
        "doctest.run_docstring_examples(double, globals())"
    ),
    "numpy.testing": (
        "import numpy as np\nnp.testing.assert_allclose(double(np.ones(3)), 2 * np.ones(3))"
    ),
    "a figure": (
        "import matplotlib.pyplot as plt\nfigure, axes = plt.subplots()\n"
        "axes.plot([1, double(1)])\n"
        "assert list(axes.lines[0].get_ydata()) == [1, 2]"
    ),
    "a class": (
        "stack = Stack()\nstack.push(1)\nstack.push(2)\nassert [stack.pop(), stack.pop()] == [2, 1]"
    ),
    "looks at the code": "import inspect\nassert 'for' in inspect.getsource(double)",
    "looks at names": "assert 'total' in globals() and callable(double)",
    "looks at the history": "assert any('double' in cell for cell in In)",
    "compares a digest": (
        "import hashlib\ndigest = hashlib.sha1(str(total).encode()).hexdigest()\n"
        "assert digest == 'fb644351560d8296fe6da332236b1f8d61b2828a'"
    ),
    "seeded": (
        "import random\nrandom.seed(1)\nfirst = random.random()\nrandom.seed(1)\n"
        "assert double(random.random()) == 2 * first"
    ),
    "try, except": (
        "try:\n    double()\nexcept TypeError as error:\n    print(error)\n"
        "else:\n    raise AssertionError('it takes one')"
    ),
    "an error of its own": "raise ValueError('not fit for a mark')",
    "SystemExit": "raise SystemExit(1)",
    "does not parse": "assert double(2) = 4",
    "asks": "input('Your name? ')",
    "rich output": (
        "from IPython.display import HTML, Latex, display\n"
        "display(HTML('<b>4</b>'), Latex('$4$'))\nassert double(2) == 4"
    ),
    "much output": "for number in range(3000): print(number)\nassert double(2) == 4",
    "letters": "print('ünï ∑ 🎲 \\x1b[31mred\\x1b[0m \\r')\nassert double('é') == 'éé'",
    "changes a name": "total = double(total)\nassert total == 90",
    "sees the change": "assert total == 90",
    "takes a name away": "del total",
    "misses it": "assert total == 90",
    "a comment": "# to be written",
    "no points": "assert double(2) == 5",
}
POINTS = dict.fromkeys(TESTS, 2) | {"no points": 0}
HIDDEN = (
    "assert double(1) == 2\n### BEGIN HIDDEN TESTS\nassert double(10) == 20\n### END HIDDEN TESTS"
)


def slug(name: str) -> str:
    """A name as nbgrader allows it for a cell, and a file system for a student."""
    return re.sub(r"\W+", "_", name).strip("_")


def labels(name: str, **changes: Any) -> dict[str, Any]:
    """nbgrader's metadata of a cell."""
    plain = {"grade": False, "locked": False, "solution": False, "task": False}
    return {"nbgrader": {**plain, "schema_version": 3, "grade_id": name, **changes}}


def authors() -> NotebookNode:
    """The instructor's notebook."""
    cells = [new_markdown_cell("# Plain asserts"), new_code_cell("import math")]
    for name, answer in ANSWERS.items():
        source = f"### BEGIN SOLUTION\n{answer}\n### END SOLUTION"
        cells.append(new_code_cell(source, metadata=labels(name, solution=True)))
    by_hand = {"solution": True, "grade": True, "points": 3}
    cells += [
        new_markdown_cell(WRITTEN["essay"], metadata=labels("essay", **by_hand)),
        new_code_cell(WRITTEN["code"], metadata=labels("code", **by_hand)),
    ]
    for name, source in {**TESTS, "hidden": HIDDEN}.items():
        worth = {"grade": True, "locked": True, "points": POINTS.get(name, 2)}
        cells.append(new_code_cell(source, metadata=labels(f"test_{slug(name)}", **worth)))
    cells.append(new_code_cell("given = 1", metadata=labels("given", locked=True)))
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel})
