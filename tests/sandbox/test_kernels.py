"""A sandboxed kernel is an ordinary kernel to those who use it."""

from __future__ import annotations

import contextlib
import copy
import itertools
import logging
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import psutil
import pytest
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook, new_output
from traitlets.config import Config

from autograder.sandbox import policy
from autograder.sandbox.confine.isolation import Usage
from autograder.sandbox.confine.seccomp import CALLS
from autograder.sandbox.grader import forkserver
from autograder.sandbox.grader.cache import (
    COMPLETE,
    KEPT,
    compiled,
    fingerprint,
    writing_compiled_code,
)
from autograder.sandbox.grader.everyday import Shapes
from autograder.sandbox.grader.forkserver import ForkServer, ForkServerError, server_for
from autograder.sandbox.grader.manager import SandboxManager
from autograder.sandbox.policy import PolicyError, policy_for
from autograder.sandbox.server import preload as warm
from autograder.sandbox.server.supervisor import exceeded
from autograder.sandbox.settings import (
    Isolation,
    IsolationUnavailable,
    ResourceLimits,
    Sandbox,
    size,
)
from tests.support.lesson import ROOT, SOURCE
from tests.support.sandbox import Grader, Place, place


@pytest.fixture(scope="module")
def where() -> Iterator[Place]:
    with place() as made:
        yield made


@pytest.fixture(scope="module")
def grader(where: Place) -> Iterator[Grader]:
    with Grader(where, "user", "auto") as made:
        yield made


def execute(
    notebook: NotebookNode, manager: type[AsyncKernelManager], folder: Path = SOURCE.parent
) -> list[list[object]]:
    """What each cell shows, without what differs from run to run."""
    # What the first cell shows may be lost by an ordinary kernel that is busy: its client listens
    # too late.
    notebook.cells.insert(0, new_code_cell("None"))
    client = NotebookClient(
        notebook,
        kernel_manager_class=manager,
        allow_errors=True,
        resources={"metadata": {"path": str(folder)}},
    )
    client.execute()
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
        ordinary = execute(nbformat.read(SOURCE, as_version=4), AsyncKernelManager)
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
            "exit",
        ]
        notebook = new_notebook(cells=[new_code_cell(source) for source in sources])
        (tmp_path / "local_module.py").write_text("answer = 42")
        ordinary = execute(copy.deepcopy(notebook), AsyncKernelManager, tmp_path)
        (tmp_path / "note.txt").unlink()
        sandboxed = execute(copy.deepcopy(notebook), SandboxManager, tmp_path)
        for source, here, there in zip(["None", *sources], sandboxed, ordinary, strict=True):
            assert here == there, source

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

    def test_streams_are_flushed_when_there_is_something(self, grader: Grader) -> None:
        code = (
            "import sys\n"
            "thread, asked = sys.stdout.pub_thread, []\n"
            "schedule = thread.schedule\n"
            "thread.schedule = lambda what: (asked.append(what), schedule(what))\n"
            "sys.stdout.flush(), sys.stderr.flush()\n"
            "before = len(asked)\n"
            "print('something', flush=True)\n"
            "before, len(asked) > before"
        )
        assert "(0, True)" in grader.shown(code)

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


def test_a_kernel_lost_while_it_starts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(ForkServer, "_running", {})
    server = server_for(Sandbox(), [])
    assert server is not None
    assert server._process is not None
    launcher = psutil.Process(server._process.pid)
    launcher.children()[0].suspend()  # the zygote: it will fork nothing
    manager = SandboxManager(kernel_name="python3")
    client = NotebookClient(new_notebook(), km=manager, resources={"metadata": {"path": tmp_path}})
    try:
        client.start_new_kernel()
        launcher.kill()
        with pytest.raises(ForkServerError, match="ended from outside"):
            client.start_new_kernel_client()
    finally:
        server.close()


class TestIsolationIsRequired:
    @pytest.fixture(autouse=True)
    def no_server(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(ForkServer, "_running", {})
        monkeypatch.setattr(forkserver, "_warned", set())

    def refuse(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A machine on which nothing works."""
        stub = (
            "from autograder.sandbox.server import launcher, probe; "
            "probe.ISOLATORS.clear(); launcher.main()"
        )
        program = (
            f"import sys; sys.path.append('/'); sys.argv[:] = ['launcher', sys.argv[-1]]; {stub}"
        )
        monkeypatch.setattr(ForkServer, "command", (sys.executable, "-c", program))

    def test_refuses_to_grade_without(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.refuse(monkeypatch)
        with pytest.raises(IsolationUnavailable, match=r"To proceed: .*require_isolation = False"):
            server_for(Sandbox(), [])

    def test_grades_without_when_told_to_and_warns_once(
        self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        self.refuse(monkeypatch)
        sandbox = Sandbox(require_isolation=False, log=logging.getLogger("test"))
        assert server_for(sandbox, []) is None
        assert server_for(sandbox, []) is None
        assert [r.message for r in caplog.records if "your own rights" in r.message] == [
            "Student code runs with your own rights, files and network: no isolation ()."
        ]

    def test_switched_off_is_none_as_well(self) -> None:
        with pytest.raises(IsolationUnavailable, match="switched off"):
            server_for(Sandbox(isolation="none"), [])

    def test_kernels_without_isolation_are_ordinary_ones(self) -> None:
        config = Config({"Sandbox": {"isolation": "none", "require_isolation": False}})
        manager = SandboxManager(kernel_name="python3", config=config)
        assert manager.isolation is Isolation.NONE
        assert manager.kernel_spec is not None
        assert "kernel_provisioner" not in manager.kernel_spec.metadata

    def test_other_systems_have_none(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "platform", "darwin")
        assert server_for(Sandbox(require_isolation=False), []) is None
        with pytest.raises(IsolationUnavailable, match="darwin offers nothing"):
            server_for(Sandbox(require_isolation=True), [])


class TestPolicy:
    def test_refuses_when_what_must_be_read_holds_the_course(self) -> None:
        with pytest.raises(PolicyError, match=r"lies inside .* Move the course"):
            policy_for([Path(sys.prefix) / "course"], [])

    def test_a_folder_on_the_path_that_holds_the_course_is_left_out(self) -> None:
        readable = policy_for([ROOT], []).readable
        assert str(ROOT) not in readable
        assert str(ROOT / "autograder") in readable

    def test_no_readable_path_holds_another(self) -> None:
        readable = [Path(path) for path in policy_for([ROOT], []).readable]
        assert not [p for p in readable for q in readable if q in p.parents]

    def test_where_a_course_lies_makes_no_difference(self, tmp_path: Path) -> None:
        """Or each submission of `autograder grade` would start a fork server of its own."""
        assert policy_for([tmp_path / "a"], []) == policy_for([tmp_path / "b"], [])

    def test_environment_is_an_allow_list(self) -> None:
        kept = policy.environment({"PATH": "p", "LC_ALL": "C", "TOKEN": "t", "HOME": "h"})
        assert kept == {"PATH": "p", "LC_ALL": "C"}


class TestWhatIsNotPromised:
    """Private names and numbers of others: these tests say which one a new release lacks."""

    @pytest.mark.parametrize("name", warm.PRIVATE_NAMES)
    def test_private_names_of_jax_are_there(self, name: str) -> None:
        assert warm.private(name) is not None, f"jax has no {name}: {warm.PRIVATE_NAMES[name]}"

    def test_it_works_without_them(self) -> None:
        code = """
        import os, tempfile
        os.environ["TMPDIR"] = tempfile.gettempdir()
        from autograder.sandbox.server import preload as warm
        warm.private = lambda name: None
        assert warm.preload() == list(warm.PRIVATE_NAMES)
        """
        subprocess.run(
            [sys.executable, "-c", re.sub(r"^ +", "", code, flags=re.M)], check=True, cwd=ROOT
        )

    @pytest.mark.parametrize(
        ("header", "column"),
        [("x86_64-linux-gnu/asm/unistd_64.h", 0), ("asm-generic/unistd.h", 1)],
    )
    def test_numbers_of_system_calls(self, header: str, column: int) -> None:
        path = Path("/usr/include") / header
        if not path.exists():
            pytest.skip(f"{path} is not installed (linux-libc-dev)")
        found = dict(re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", path.read_text()))
        for name, numbers in CALLS.items():
            if name in found:
                assert numbers[column] == int(found[name]), name
            elif column == 0:
                assert name in {"fchmodat2", "memfd_secret"}, f"{name} is in no header"


LIMITS = ResourceLimits(100, 10, 100, 10, 5.0, 9.0, 100)


@pytest.mark.parametrize(
    ("usage", "stop"),
    [
        (Usage(100, 10, 5.0, 100, 10), None),
        (Usage(101, 0, 0, 0, 0), "memory"),
        (Usage(0, 11, 0, 0, 0), "processes"),
        (Usage(0, 0, 5.1, 0, 0), "cpu"),
        (Usage(0, 0, 0, 101, 0), "disk"),
        (Usage(0, 0, 0, 0, 11), "files"),
    ],
)
def test_exceeded(usage: Usage, stop: str | None) -> None:
    assert exceeded(usage, LIMITS) == stop


def test_size() -> None:
    assert [size(n << 20) for n in (1, 300, 1024, 1536)] == ["1 MiB", "300 MiB", "1 GiB", "1.5 GiB"]


class TestCompiledCode:
    @pytest.fixture
    def notebook(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        path = tmp_path / "source" / "a.ipynb"
        path.parent.mkdir()
        path.write_text("{}")
        return path

    def test_is_made_once(self, notebook: Path) -> None:
        made: list[Path] = []

        def compile_into(folder: Path) -> None:
            made.append(folder)
            (folder / "entry").write_text("code")

        first, second = compiled(notebook, compile_into), compiled(notebook, compile_into)
        assert first is not None
        assert first == second
        assert (first / "entry").read_text() == "code"
        assert len(made) == 1
        assert not made[0].exists()

    def test_is_made_once_by_processes_that_start_together(self, notebook: Path) -> None:
        made: list[Path] = []
        both = threading.Barrier(2)

        def compile_into(folder: Path) -> None:
            made.append(folder)
            with contextlib.suppress(threading.BrokenBarrierError):
                both.wait(1)  # time for another one to come in, if it could

        with ThreadPoolExecutor(2) as pool:
            found = list(pool.map(lambda _: compiled(notebook, compile_into), range(2)))
        assert found[0] == found[1] is not None
        assert len(made) == 1

    def test_belongs_to_one_version_of_a_notebook(self, notebook: Path) -> None:
        before = fingerprint(notebook)
        (notebook.parent / "lesson.py").write_text("x = 1")
        assert fingerprint(notebook) != before

    def test_half_of_it_is_never_used(self, notebook: Path) -> None:
        def fail(folder: Path) -> None:
            raise RuntimeError("no")

        with pytest.raises(RuntimeError):
            compiled(notebook, fail)
        root = notebook.parents[1] / "cache/nbgrader-jax/compiled"
        assert not list(root.iterdir())

    def test_old_versions_go(self, notebook: Path) -> None:
        for number in range(KEPT + 3):
            notebook.write_text(str(number))
            assert compiled(notebook, lambda folder: None) is not None
        root = notebook.parents[1] / "cache/nbgrader-jax/compiled"
        assert len(list(root.glob(f"*/{COMPLETE}"))) == KEPT


class TestEverydayCode:
    """What students write in place of the instructor's code is compiled already."""

    SHAPE = "import jax, jax.numpy as jnp\nx = jnp.linspace(0.1, 0.9, 7)\nx + x; x * 2; x - x\n"
    ANSWER = SHAPE + (
        "events = []\n"
        "jax.monitoring.register_event_listener(lambda name, **_: events.append(name))\n"
        "def loss(p):\n"
        "    return -jnp.sum(x * jnp.log(p) + (1 - x) * jnp.log(1 - p))\n"
        "loss(1 / (1 + jnp.exp(-x))), jax.grad(loss)(x)\n"
        "print(*(sum(e.endswith('cache_' + what) for e in events) for what in ('hits', 'misses')))"
    )

    def counts(self, cache: Path, *, everyday: bool) -> tuple[int, int]:
        """Hits and misses of an answer after a notebook with arrays of its shape."""
        module = "autograder.sandbox.grader.everyday"
        before, after = f"import {module}; {module}.watch()\n", f"{module}.compile_everyday_code()"
        cache.mkdir()
        with writing_compiled_code(cache):
            self.run(before + self.SHAPE + after if everyday else self.SHAPE)
            hits, misses = self.run(self.ANSWER).split()
        return int(hits), int(misses)

    def run(self, code: str) -> str:
        return subprocess.run(
            [sys.executable, "-c", code], check=True, text=True, stdout=subprocess.PIPE
        ).stdout

    def test_an_answer_finds_all_it_needs(self, tmp_path: Path) -> None:
        hits, misses = self.counts(tmp_path / "with", everyday=True)
        assert hits > 10
        assert misses == 0
        _, misses = self.counts(tmp_path / "without", everyday=False)
        assert misses > 5

    def test_the_commonest_shapes_are_taken(self) -> None:
        shapes = Shapes()
        for said in (
            "Compiling jit(add) with (ShapedArray(float32[100]), ShapedArray(float32[100])).",
            "Compiling jit(mul) with (ShapedArray(float32[100]), ShapedArray(float32[])).",
            "Compiling jit(dot) with (ShapedArray(float64[3,2], weak_type=True),).",
            "Compiling jit(dot) with (ShapedArray(int32[3,2]),).",
            "Finished tracing ShapedArray(float32[5])",
        ):
            shapes.handle(logging.makeLogRecord({"msg": said}))
        assert shapes.found == {("float32", (100,)): 2, ("float64", (3, 2)): 1}
