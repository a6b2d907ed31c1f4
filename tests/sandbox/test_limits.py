"""What a submission may use up: each limit ends its kernel, and it is the measurement that does."""

from __future__ import annotations

import pytest

from autograder.sandbox.settings import Stop
from tests.support.sandbox import (
    EACH_ISOLATION,
    EVERYWHERE,
    Graders,
    by_turns,
    eventually,
)

pytestmark = pytest.mark.slow

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
        "import time\nwhile time.process_time() < 2.3: pass",
        {"cpu": 2.0},
    ),
    Stop.WALL: ("import time; time.sleep(3)", {"wall": 2.0}),
}
NAMES = {"memory of several processes": Stop.MEMORY}
TALKATIVE = {
    "many": "for _ in range(300): print('x' * 8000)",
    "one": "print('x' * (3 << 20))",
    "display": "from IPython.display import display\n"
    "display({'text/plain': 'x' * (3 << 20)}, raw=True)",
}


class TestLimits:
    @pytest.mark.parametrize(("what", "name"), by_turns(GREEDY))
    def test_each_ends_the_kernel_and_is_named(
        self, graders: Graders, what: str, name: str
    ) -> None:
        code, settings = GREEDY[what]
        reply = graders[name].run(
            code + "\nimport time; time.sleep(60); print('DONE')", settings=settings
        )
        stop = NAMES.get(what, what)
        assert reply["stop"] == stop
        assert "This cell was stopped: it " in reply["shown"][0]
        assert "DONE" not in reply["shown"][0]

    @pytest.mark.parametrize("name", EACH_ISOLATION)
    @pytest.mark.parametrize("what", GREEDY)
    def test_it_is_the_measurement_that_ends_it(
        self, graders: Graders, what: str, name: str
    ) -> None:
        code, settings = GREEDY[what]
        reply = graders[name].run(
            code + "\nprint('DONE')", settings=settings, without="measurements"
        )
        assert reply["stop"] is None
        assert reply["shown"][0] == "DONE\n"

    @pytest.mark.parametrize("name", EVERYWHERE)
    def test_memory_that_is_asked_for_at_once_is_refused(self, graders: Graders, name: str) -> None:
        shown = graders[name].shown("import numpy; numpy.ones(1 << 31)")
        assert "MemoryError" in shown

    @pytest.mark.parametrize(("how", "name"), by_turns(TALKATIVE))
    def test_output_is_limited(self, graders: Graders, how: str, name: str) -> None:
        code, grader = TALKATIVE[how], graders[name]
        reply = grader.run(code, settings={"output": 2 * MIB})
        assert (
            "This cell was stopped: it printed or displayed more than 2 MiB." in reply["shown"][0]
        )
        assert reply["stop"] == Stop.OUTPUT
        assert "DeadKernelError" not in grader.shown(code, settings={"output": 8 * MIB})

    @pytest.mark.parametrize("name", EVERYWHERE)
    def test_a_small_message_of_many_parts_is_not_read(self, graders: Graders, name: str) -> None:
        """Each part of a few bytes would take hundreds in the grader."""
        code = "display({'application/json': [{}] * 500_000}, raw=True)"
        reply = graders[name].run(f"from IPython.display import display\n{code}")
        assert reply["stop"] == Stop.OUTPUT

    @pytest.mark.parametrize("name", EVERYWHERE)
    def test_folders_in_folders_leave_nothing_behind(self, graders: Graders, name: str) -> None:
        grader = graders[name]
        deep = (
            "import os, time\nfor _ in range(1200): os.mkdir('a'); os.chdir('a')\ntime.sleep(0.5)"
        )
        hidden = "import os; os.mkdir('d'); open('d/x', 'w').close(); os.chmod('d', 0o300)"
        for code in (deep, hidden):
            grader.run(code)
        assert eventually(grader.is_idle)
        _, directory = grader.server()
        assert eventually(lambda: not list(directory.glob("home-*")))
