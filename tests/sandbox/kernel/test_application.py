"""A sandboxed kernel is an ordinary kernel to those who use it, and always a fresh one."""

from __future__ import annotations

import copy
import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import DeadKernelError
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook, new_output

from autograder.sandbox.grader.manager import SandboxManager, WakefulManager
from tests.support.lesson import SOURCE
from tests.support.sandbox import Grader, Graders, Place

pytestmark = pytest.mark.slow


@pytest.fixture
def grader(graders: Graders) -> Grader:
    return graders["user-auto"]


def execute(
    notebook: NotebookNode, manager: type[AsyncKernelManager], folder: Path = SOURCE.parent
) -> list[list[object]]:
    """What each cell shows, without what differs from run to run."""
    # What the first cell shows may be lost by an ordinary kernel that is busy: its client listens
    # too late.
    notebook.cells.insert(0, new_code_cell("None"))
    managers = []

    class Kept(manager):  # type: ignore[misc,valid-type]
        """nbclient forgets its manager, which knows how a kernel ended."""

        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            managers.append(self)

    client = NotebookClient(
        notebook,
        kernel_manager_class=Kept,
        allow_errors=True,
        resources={"metadata": {"path": str(folder)}},
    )
    try:
        client.execute()
    except DeadKernelError as error:
        (made,) = managers
        known = {n: getattr(made.provisioner, n, None) for n in ("exit_code", "stop", "failure")}
        error.add_note(f"the kernel of {manager.__name__}: {known}")
        raise
    return [list(joined(cell.get("outputs", []))) for cell in notebook.cells]


def joined(outputs: list[NotebookNode]) -> Iterator[object]:
    """Each output; what follows one another on a stream is one, as it happens to arrive."""
    for name, group in itertools.groupby(outputs, lambda output: output.get("name")):
        if name is None:
            yield from map(plain, group)
        else:
            yield plain(new_output("stream", name=name, text="".join(o.text for o in group)))


def plain(output: NotebookNode) -> object:
    if output.output_type == "stream":
        # a progress bar's seconds and rate
        text = re.sub(r"[\d.:]+(it/s|s/it|<|,|\])|\?it/s", "", output.text)
        return output.name, re.sub(r"/\S*\.json", "connection.json", text)  # in sys.argv
    if output.output_type == "error":
        return output.ename, output.evalue
    data = {kind: text for kind, text in output.data.items() if "widget" not in kind}
    data["text/plain"] = re.sub(r"0x[0-9a-f]+", "0x", data.get("text/plain", ""))
    return data


class TestLikeAnOrdinaryKernel:
    def test_the_lesson_shows_the_same(self) -> None:
        ordinary = execute(nbformat.read(SOURCE, as_version=4), WakefulManager)
        sandboxed = execute(nbformat.read(SOURCE, as_version=4), SandboxManager)
        assert sandboxed == ordinary
        assert any(
            "image/png" in shown for cell in sandboxed for shown in cell if isinstance(shown, dict)
        )

    def test_whatever_a_notebook_does_looks_the_same(self, tmp_path: Path) -> None:
        sources = [
            "import matplotlib.pyplot as plt\nplt.plot([1, 3, 2]);",
            "%matplotlib inline\nplt.hist([1, 2, 2]);",
            "%config InlineBackend.figure_formats = ['svg']\n%who_ls",
            "!echo shell; echo error >&2",
            "%%bash\necho $((6 * 7))",
            "%%writefile note.txt\nhello",
            "open('note.txt').read()",
            "from tqdm.auto import tqdm\nfrom tqdm import tqdm as plain\nsum(plain(range(3)))",
            "import ipywidgets\nipywidgets.interact(lambda x: print(x), x=(0, 5));",
            "from IPython.display import display, HTML, clear_output\ndisplay(HTML('<b>b</b>'))",
            "handle = display('a', display_id=True); handle.update('b')",
            "print('gone'); clear_output(); print('here')",
            "input('name? ')",
            "1 / 0",
            "import sys; print(sys.argv, sys.path[0], __name__, file=sys.stderr)",
            "_, Out[8], In[2], get_ipython().history_manager.enabled",
            "import jax; jax.devices(), jax.numpy.arange(3) / 7",
            "?len",
            "import autograder, getpass; getpass.getuser and autograder.__all__",
            "import local_module, sys; local_module.answer, sys.path",
        ]
        notebook = new_notebook(cells=[new_code_cell(source) for source in sources])
        (tmp_path / "local_module.py").write_text("answer = 42")
        ordinary = execute(copy.deepcopy(notebook), WakefulManager, tmp_path)
        (tmp_path / "note.txt").unlink()
        sandboxed = execute(copy.deepcopy(notebook), SandboxManager, tmp_path)
        for source, here, there in zip(["None", *sources], sandboxed, ordinary, strict=True):
            assert here == there, source

    def test_a_server_of_its_own_can_be_asked(self, graders: Graders) -> None:
        source = (
            "import http.server, threading, urllib.request\n"
            "handler = http.server.SimpleHTTPRequestHandler\n"
            "handler.log_message = lambda *said: None\n"
            "server = http.server.HTTPServer(('localhost', 0), handler)\n"
            "threading.Thread(target=server.serve_forever, daemon=True).start()\n"
            "urllib.request.urlopen(f'http://localhost:{server.server_port}/').status"
        )
        assert graders["user-namespaces"].shown(source) == "200"

    def test_input_is_refused(self, grader: Grader) -> None:
        assert "StdinNotImplementedError" in grader.shown("input('name? ')")


class TestEachKernelIsFresh:
    def test_nothing_is_left_of_the_last(self, grader: Grader) -> None:
        find = "import os, jax, tempfile\ntemporary = tempfile.gettempdir() + '/x'\n"
        grader.run(find + "jax.secret = 1; open(temporary, 'w').close(); open('y', 'w').close()")
        shown = grader.shown(
            find + "hasattr(jax, 'secret'), os.path.exists(temporary), os.listdir()"
        )
        assert shown == "(False, False, ['helper.py'])"

    DRAW = "import numpy, random, os; print(numpy.random.rand(), random.random(), os.urandom(8))"

    def test_random_numbers_follow_the_seed(self, grader: Grader) -> None:
        first, again, other = (grader.shown(self.DRAW, seed=s) for s in (1, 1, 2))

        def seeded(shown: str) -> str:
            return re.split(" b['\"]", shown)[0]

        assert seeded(first) == seeded(again) != seeded(other)
        assert first != again  # the system's own randomness has no seed

    def test_files_that_shadow_modules_do_no_harm(self, grader: Grader, where: Place) -> None:
        folder = where.root / "course" / "submitted" / "mallory"
        (folder / ".ipython/profile_default/startup").mkdir(parents=True)
        names = ("jax.py", "numpy.py", "sitecustomize.py", "usercustomize.py", "autograder.py",
                 "x.pth", "zmq.py", "ipykernel.py",
                 ".ipython/profile_default/startup/00.py")  # fmt: skip
        for name in names:
            (folder / name).write_text("import os; os._exit(9)")
        code = "import jax, numpy, autograder.remote.endpoint; jax.__version__"
        assert re.fullmatch(r"'[\d.]+'", grader.shown(code, folder=folder))
        assert grader.shown("6 * 7") == "42"

    def test_a_submission_brings_its_files_and_folders(self, grader: Grader, where: Place) -> None:
        (where.submission / "data").mkdir(exist_ok=True)
        (where.submission / "data" / "x.csv").write_text("1,2")
        try:
            shown = grader.shown("import helper; helper.answer, open('data/x.csv').read()")
        finally:
            (where.submission / "data" / "x.csv").unlink()
            (where.submission / "data").rmdir()
        assert shown == "(42, '1,2')"

    def test_files_larger_than_the_limit_are_refused(self, grader: Grader, where: Place) -> None:
        folder = where.root / "large"
        folder.mkdir()
        (folder / "big.bin").write_bytes(bytes(3 << 20))
        with pytest.raises(AssertionError, match=r"ended before it was ready\..*No space left"):
            grader.run("1", folder=folder, settings={"disk": 1 << 20})
