"""Who ended the kernel: at once, or later by what was left running. Real kernels.

Each fault stands in a cell of its own between right answers, which keep every point. The cells
after it take longer than the fault waits, so that it would strike one of them.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from nbformat import NotebookNode

from autograder.judge import student_kernel
from autograder.judge.cells import STOP, STOPS
from autograder.judge.outputs import LATER
from autograder.sandbox.kernel.telling import EXIT
from tests.support.alone import cell, executed, judged_cell, reports, said

pytestmark = pytest.mark.slow

TEST = """
    from autograder import Exercise, student

    exercise = Exercise("{0}")
    exercise.returns("gives {1}", student.{0}, 1.0, expected={1})
    exercise.report()
    """
SLOWLY = "import time; time.sleep(0.4)\n"
FIRST = "def first(x):\n    return x + 1"
SECOND = "def second(x):\n    return first(x) + 1"
AT_ONCE = "This cell ended the kernel: it exited or crashed."
LATE = f"This cell {LATER}"

EXITS = ("exit()", "quit()", "exit", "get_ipython().ask_exit()")
DEATHS = {
    "os._exit": ("import os; os._exit(0)", AT_ONCE),
    "abort": ("import os; os.abort()", AT_ONCE),
    "segfault": ("import ctypes; ctypes.string_at(0)", AT_ONCE),
    "descriptors": ("import os; os.closerange(3, 200)", AT_ONCE),
    "thread": (
        "import os, threading, time\n"
        "threading.Thread(target=lambda: (time.sleep(0.2), os._exit(1))).start()",
        LATE,
    ),
    "timer": ("import os, threading\nthreading.Timer(0.6, os._exit, [1]).start()", LATE),
    "segfault in a timer": (
        "import ctypes, threading\nthreading.Timer(0.2, ctypes.string_at, [0]).start()",
        LATE,
    ),
    "timer of a timer": (
        "import os, threading\n"
        "def again():\n    threading.Timer(0.2, os._exit, [1]).start()\n"
        "threading.Timer(0.2, again).start()",
        LATE,
    ),
    "alarm": (
        "import os, signal\nsignal.signal(signal.SIGALRM, lambda *_: os._exit(1))\nsignal.alarm(1)",
        LATE,
    ),
    "call_later": (
        "import asyncio, os\nasyncio.get_running_loop().call_later(0.2, os._exit, 1)",
        LATE,
    ),
    "task": (
        "import asyncio, os\nasync def bye():\n    await asyncio.sleep(0.2)\n    os._exit(1)\n"
        "task = asyncio.ensure_future(bye())",
        LATE,
    ),
    "do_shutdown": ("get_ipython().kernel.do_shutdown(False)", LATE),
    "a hook before each cell": (
        "import os\nget_ipython().events.register('pre_run_cell', lambda *_: os._exit(1))",
        LATE,
    ),
}
WITHOUT_ISOLATION = {
    "exit()": ("exit()", EXIT),
    "a signal to itself": (
        "import os, signal; os.kill(os.getpid(), signal.SIGTERM)",
        AT_ONCE,
    ),
    "a child's": (
        "import os, subprocess\n"
        "subprocess.Popen(['sh', '-c', f'sleep 0.2; kill -9 {os.getpid()}'])",
        LATE,
    ),
    "alarm": ("import signal\nsignal.setitimer(signal.ITIMER_REAL, 0.2)", LATE),
}


def notebook(folder: Path, fault: str, second: str = SECOND, **settings: object) -> NotebookNode:
    return executed(
        folder,
        cell(FIRST),
        judged_cell("test_first", TEST.format("first", 2.0)),
        cell(fault),
        cell(SLOWLY + second),
        cell(SLOWLY),
        judged_cell("test_second", TEST.format("second", 3.0)),
        judged_cell("test_again", TEST.format("first", 2.0)),
        **settings,  # type: ignore[arg-type]
    )


def errors(graded: NotebookNode) -> list[int]:
    """The places of the cells that show an error."""
    return [
        place
        for place, each in enumerate(graded.cells)
        if any(output.output_type == "error" for output in each.outputs)
    ]


def expect(graded: NotebookNode, words: str) -> None:
    """All marks are there, and the fault's cell alone is blamed, in these words."""
    assert [report.score for report in reports(graded)] == [1.0, 1.0, 1.0]
    assert errors(graded) == [2]
    assert said(graded.cells[2]) == words


@pytest.mark.parametrize("fault", EXITS)
def test_exit_is_an_error_of_its_cell(tmp_path: Path, fault: str) -> None:
    graded = notebook(tmp_path, fault)
    expect(graded, EXIT)
    assert STOPS not in graded.metadata


@pytest.mark.parametrize(("fault", "words"), DEATHS.values(), ids=DEATHS)
def test_who_ended_the_kernel_is_blamed_and_nobody_else(
    tmp_path: Path, fault: str, words: str
) -> None:
    graded = notebook(tmp_path, fault)
    expect(graded, words)
    assert graded.cells[2].metadata[STOP] == "ended"
    assert graded.metadata[STOPS] == {"ended": 1}


@pytest.mark.parametrize(
    ("fault", "words"), WITHOUT_ISOLATION.values(), ids=list(WITHOUT_ISOLATION)
)
def test_ordinary_kernels_tell_as_well(tmp_path: Path, fault: str, words: str) -> None:
    expect(notebook(tmp_path, fault, isolation="none"), words)


def test_memory_that_grows_behind_a_cell_is_that_cell_s(tmp_path: Path) -> None:
    grows = """
        import threading, time
        hoard = []
        def grow():
            while True:
                hoard.append(bytearray(20 << 20))
                time.sleep(0.02)
        threading.Thread(target=grow, daemon=True).start()
        """
    graded = notebook(tmp_path, grows, limits={"memory": 600 << 20})
    expect(
        graded,
        "This cell was stopped: what it had started went on running, and used more than 600 MiB "
        "of memory.",
    )


def test_a_function_whose_call_leaves_the_end_behind_is_the_one_at_fault(tmp_path: Path) -> None:
    leaves = "import os, threading\ndef second(x):\n    threading.Timer(0.3, os._exit, [1]).start()"
    graded = notebook(tmp_path, "pass", f"{leaves}\n    return 3.0")
    first, second, again = reports(graded)
    assert (first.score, second.score, again.score) == (1.0, 0.0, 1.0)
    assert second.checks[0].rationale == f"`second` {LATER}"
    assert second.checks[0].stop == "ended"
    assert errors(graded) == []


def test_what_is_not_waited_for_is_found_when_it_strikes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cells are run again one by one, with more patience; whom it struck is run again."""
    monkeypatch.setattr(student_kernel, "PATIENCE", 0.1)
    expect(notebook(tmp_path, DEATHS["timer"][0]), LATE)


UNTOLD = {
    "a thread of the lowest kind": (
        "import _thread, os, time\n"
        "_thread.start_new_thread(lambda: (time.sleep(0.6), os._exit(1)), ())"
    ),
    "a watchdog": "import faulthandler\nfaulthandler.dump_traceback_later(0.6, exit=True)",
    "what a pool calls back": (
        "import os, time\nfrom concurrent.futures import ThreadPoolExecutor\n"
        "done = ThreadPoolExecutor(1).submit(time.sleep, 0.6)\n"
        "done.add_done_callback(lambda _: os._exit(1))"
    ),
}


@pytest.mark.parametrize("fault", UNTOLD.values(), ids=UNTOLD)
def test_what_no_reply_tells_of_is_found_when_it_strikes(tmp_path: Path, fault: str) -> None:
    """The kernel is left idle after all cells, and where it ends then, after each."""
    expect(notebook(tmp_path, fault), LATE)


def test_a_call_that_was_not_waited_for_is_found_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(student_kernel, "PATIENCE", 0.1)
    graded = executed(
        tmp_path,
        cell("import os, threading\ndef f(x):\n    threading.Timer(0.6, os._exit, [1]).start()"),
        judged_cell("test_f", TEST.format("f", 2.0)),
        cell("import time\ntime.sleep(2)\n" + FIRST),
        judged_cell("test_first", TEST.format("first", 2.0)),
        judged_cell("test_late", TEST.format("f", 2.0)),
    )
    _, first, late = reports(graded)
    assert first.score == 1.0
    assert errors(graded) == []
    assert late.checks[0].rationale == f"`f` {LATER}"


def test_a_library_s_idle_threads_are_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def waits(*_: object) -> bool:
        raise AssertionError

    monkeypatch.setattr(student_kernel.StudentKernel, "_outlasts", waits)
    pool = """
        from concurrent.futures import ThreadPoolExecutor
        from tqdm import tqdm
        pool = ThreadPoolExecutor(2)
        ten = list(pool.map(abs, tqdm(range(10))))
        """
    expect(notebook(tmp_path, f"{pool}\n        exit()"), EXIT)
