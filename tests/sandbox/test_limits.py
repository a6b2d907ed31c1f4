"""What a submission may use up, how its kernel ends, and that nothing is left of it."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from autograder.sandbox.settings import ResourceLimits, Stop
from tests.support.as_user import ROOT
from tests.support.sandbox import IS_ROOT, Grader, Place, eventually, place

NAMESPACES, LANDLOCK = "namespaces", "landlock"
WHO = ("root", "user") if IS_ROOT else ("user",)
EVERYWHERE = tuple(f"{who}-{mode}" for who in WHO for mode in (NAMESPACES, LANDLOCK))
MIB = 1 << 20

# What uses up a little more than the limit beside it, then waits to be noticed, then says DONE.
# Without the measurement each would come to its end: the hard limits lie a quarter higher.
GREEDY = {
    Stop.MEMORY: ("import numpy\nkept = numpy.ones(int(340e6) // 8)", {"memory": 512 * MIB}),
    "memory of several processes": (
        "import os, time\n"
        "for _ in range(4):\n"
        "    if os.fork() == 0:\n"
        "        kept = bytearray(120 << 20); time.sleep(60); os._exit(0)",
        {"memory": 512 * MIB},
    ),
    Stop.PROCESSES: (
        "import threading, time\n"
        "for _ in range(80): threading.Thread(target=time.sleep, args=(60,), daemon=True).start()",
        {"processes": 85},
    ),
    Stop.DISK: (
        "import tempfile\nkept = tempfile.TemporaryFile()\n"
        "kept.write(bytes(22 << 20)); kept.flush()",
        {"disk": 20 * MIB},
    ),
    Stop.FILES: (
        "for number in range(230): open(f'file{number}', 'w').close()",
        {"files": 200},
    ),
    Stop.CPU: (
        "import time\nwhile time.process_time() < 4.3: pass",
        {"cpu": 4.0},
    ),
    Stop.WALL: ("import time; time.sleep(3)", {"wall": 2.0}),
}
NAMES = {"memory of several processes": Stop.MEMORY}


@pytest.fixture(scope="module")
def where() -> Iterator[Place]:
    with place() as made:
        yield made


@pytest.fixture(scope="module", params=EVERYWHERE)
def grader(where: Place, request: pytest.FixtureRequest) -> Iterator[Grader]:
    who, _, isolation = request.param.partition("-")
    with Grader(where, who, isolation) as made:
        yield made


class TestLimits:
    @pytest.mark.parametrize("what", GREEDY)
    def test_each_ends_the_kernel_and_is_named(self, grader: Grader, what: str) -> None:
        code, settings = GREEDY[what]
        reply = grader.run(code + "\nimport time; time.sleep(2); print('DONE')", settings=settings)
        stop = NAMES.get(what, what)
        assert reply["stop"] == stop
        assert "This cell was stopped: it " in reply["shown"][0]
        assert "DONE" not in reply["shown"][0]

    @pytest.mark.parametrize("what", GREEDY)
    def test_it_is_the_measurement_that_ends_it(self, grader: Grader, what: str) -> None:
        code, settings = GREEDY[what]
        reply = grader.run(code + "\nprint('DONE')", settings=settings, without="measurements")
        assert reply["stop"] is None
        assert reply["shown"][0] == "DONE\n"

    def test_memory_that_is_asked_for_at_once_is_refused(self, grader: Grader) -> None:
        shown = grader.shown("import numpy; numpy.ones(1 << 31)")
        assert "MemoryError" in shown

    @pytest.mark.parametrize(
        "code",
        ["for _ in range(300): print('x' * 8000)", "print('x' * (3 << 20))",
         "from IPython.display import display\ndisplay({'text/plain': 'x' * (3 << 20)}, raw=True)"],
        ids=["many", "one", "display"],
    )  # fmt: skip
    def test_output_is_limited(self, grader: Grader, code: str) -> None:
        reply = grader.run(code, settings={"output": 2 * MIB})
        assert (
            "This cell was stopped: it printed or displayed more than 2 MiB." in reply["shown"][0]
        )
        assert reply["stop"] == Stop.OUTPUT
        assert "DeadKernelError" not in grader.shown(code, settings={"output": 8 * MIB})

    def test_a_small_message_of_many_parts_is_not_read(self, grader: Grader) -> None:
        """Each part of a few bytes would take hundreds in the grader."""
        code = "display({'application/json': [{}] * 500_000}, raw=True)"
        reply = grader.run(f"from IPython.display import display\n{code}")
        assert reply["stop"] == Stop.OUTPUT

    def test_folders_in_folders_leave_nothing_behind(self, grader: Grader) -> None:
        deep = "import os, time\nfor _ in range(1200): os.mkdir('a'); os.chdir('a')\ntime.sleep(2)"
        hidden = "import os; os.mkdir('d'); open('d/x', 'w').close(); os.chmod('d', 0o300)"
        for code in (deep, hidden):
            grader.run(code)
        assert eventually(grader.is_idle)
        (server,) = grader.ask(about=True)["servers"]
        assert eventually(lambda: not list(Path(server["directory"]).glob("home-*")))


def test_every_limit_has_a_sentence() -> None:
    limits = ResourceLimits(2 << 30, 256, 256 * MIB, 20_000, 600.0, 1200.0, 32 * MIB)
    assert {stop: limits.sentence(stop) for stop in Stop} == {
        Stop.MEMORY: "used more than 2 GiB of memory",
        Stop.PROCESSES: "had more than 256 processes and threads",
        Stop.DISK: "wrote more than 256 MiB of files",
        Stop.FILES: "made more than 20000 files",
        Stop.CPU: "computed for more than 600 s of processor time in all",
        Stop.WALL: "ran for more than 1200 s in all",
        Stop.OUTPUT: "printed or displayed more than 32 MiB",
        Stop.FORKSERVER: "was ended from outside; grading it again may help",
    }


DAEMON = """
import os, signal, time
for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
    signal.signal(number, signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        while True:
            time.sleep(1)
    os._exit(0)
os.wait()
"""
FORK_BOMB = "import os\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        pass"


class TestTheEnd:
    @pytest.mark.parametrize(
        ("code", "exits"),
        [
            ("import os; os._exit(3)", {3}),
            ("import ctypes; ctypes.string_at(0)", {-signal.SIGSEGV}),
            ("import os; os.abort()", {-signal.SIGABRT, -signal.SIGSEGV, -signal.SIGILL}),
            ("import signal\nfor n in range(1, 65):\n    try: signal.signal(n, signal.SIG_IGN)\n"
             "    except (OSError, ValueError): pass\nimport os; os._exit(4)", {4}),
        ],
        ids=["exit", "segfault", "abort", "ignored signals"],
    )  # fmt: skip
    def test_is_noticed_at_once(self, grader: Grader, code: str, exits: set[int]) -> None:
        reply = grader.run("1", code)
        assert reply["exit"] in exits
        assert "This cell ended the kernel" in reply["shown"][1]
        assert reply["seconds"][1] < 5  # half a second on an idle machine: see the benchmark

    @pytest.mark.parametrize("code", [DAEMON, FORK_BOMB], ids=["daemon", "fork bomb"])
    def test_leaves_nothing_behind(self, grader: Grader, code: str) -> None:
        reply = grader.run(code, timeout=3, settings={"processes": 60})
        assert reply["exit"] is not None
        assert eventually(grader.is_idle)

    def test_an_interrupt_stops_a_cell_and_not_the_kernel(self, grader: Grader) -> None:
        reply = grader.run("x = 7\nwhile True:\n    pass", "x", timeout=2)
        assert "CellTimeoutError" in reply["shown"][0]
        assert reply["shown"][1] == "7"

    def test_an_interrupt_that_is_ignored_is_followed_by_the_end(self, grader: Grader) -> None:
        stubborn = "import signal\nsignal.signal(2, signal.SIG_IGN)\nwhile True:\n    pass"
        reply = grader.run(stubborn, timeout=2, settings={"wall": 8.0})
        assert reply["exit"] is not None


SLEEP = "import time; time.sleep(600)"


@pytest.fixture(params=EVERYWHERE)
def lonely(where: Place, request: pytest.FixtureRequest) -> Iterator[Grader]:
    """A grader of its own, since it or its fork server will be killed."""
    who, _, isolation = request.param.partition("-")
    with Grader(where, who, isolation) as made:
        made.run("1")
        yield made


@pytest.mark.parametrize("victim", ["grader", "launcher", "zygote", "supervisor", "kernel"])
def test_nothing_is_left_when_one_is_killed(lonely: Grader, victim: str) -> None:
    """Killed with -9 while a kernel is at work that has daemons of its own."""
    server = lonely.ask(about=True)["servers"][0]
    launcher = psutil.Process(server["launcher"])
    zygote = launcher.children()[0]
    lonely.send(DAEMON + SLEEP)
    assert eventually(lambda: len(zygote.children(recursive=True)) >= 3)
    supervisor = zygote.children()[0]
    kernel = supervisor.children()[0]
    family = [launcher, *launcher.children(recursive=True)]
    grader = psutil.Process(lonely.process.pid)
    processes = {
        "grader": grader,
        "launcher": launcher,
        "zygote": zygote,
        "supervisor": supervisor,
        "kernel": kernel,
    }
    processes[victim].kill()
    gone = [
        p for p in family if victim not in ("kernel", "supervisor") or p not in (launcher, zygote)
    ]
    assert eventually(lambda: not any(map(running, gone)))
    if victim in ("grader", "zygote"):
        assert eventually(lambda: not Path(server["directory"]).exists())
    if victim != "grader":
        assert "DeadKernelError" in lonely.receive()["shown"][-1]
        assert lonely.shown("6 * 7") == "42"  # with a new fork server if need be


def running(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_class_leaves_nothing_behind() -> None:
    """`make soak` does it with a thousand."""
    done = subprocess.run(
        [sys.executable, "-m", "tools.soak", "30"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
