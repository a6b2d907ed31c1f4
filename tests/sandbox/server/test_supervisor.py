"""How a kernel ends: it is noticed, named, and nothing of it is left."""

from __future__ import annotations

import signal
from textwrap import dedent

import pytest

from autograder.sandbox.confine.isolation import Usage
from autograder.sandbox.server import supervisor
from autograder.sandbox.server.supervisor import exceeded
from autograder.sandbox.settings import ResourceLimits
from tests.support.computing import COMPUTES, SPEND
from tests.support.sandbox import DAEMON, EACH_ISOLATION, EVERYWHERE, Graders, by_turns, eventually

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


class Machine:
    """An isolator that says of a kernel what a test has set, and the clock."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now, self.usage_now = 0.0, Usage(0, 0, 0.0, 0, 0)
        monkeypatch.setattr(supervisor.time, "monotonic", lambda: self.now)
        self.watch = supervisor.Watch(None, 1, self, LIMITS)

    def usage(self, limits: ResourceLimits) -> Usage:
        return self.usage_now

    def second(self, cpu: float, own: dict[int, float], runnable: set[int]) -> None:
        """Let one pass, at the end of which a kernel has used this."""
        self.now += 1.0
        self.usage_now = Usage(1, 1, cpu, 1, 1, own, frozenset(runnable))
        self.watch._measure()


class TestTime:
    """How long a kernel was busy, and what it computed."""

    @pytest.mark.parametrize(
        ("looks", "cpu", "busy"),
        [
            ([(0.0, {1: 0.0}, set()), (0.0, {1: 0.0}, set())], 0.0, 0.0),
            ([(0.4, {1: 0.4}, set()), (2.0, {1: 2.0}, set())], 2.0, 1.4),
            ([(0.0, {1: 0.0}, {1}), (0.0, {1: 0.0}, {1}), (0.1, {1: 0.1}, {1})], 0.1, 2.0),
            ([(0.0, {4: 0.0}, {4}), (0.0, {5: 0.0}, {5}), (0.0, {6: 0.0}, {6})], 0.0, 0.0),
            ([(0.7, {1: 0.1, 2: 0.6}, set()), (0.8, {1: 0.1}, set())], 0.8, 0.8),
            ([(0.7, {1: 0.1, 2: 0.6}, set()), (0.1, {1: 0.1}, set())], 0.7, 0.7),
            ([(0.6, {2: 0.6}, set()), (0.5, {2: 0.5}, set())], 1.1, 1.1),
        ],
        ids=[
            "it sleeps",
            "it computes on two cores",
            "it is kept from a processor",
            "short processes",
            "a child that was waited for",
            "a child that nobody waits for",
            "another one under the same number",
        ],
    )
    def test_is_added_up(
        self,
        monkeypatch: pytest.MonkeyPatch,
        looks: list[tuple[float, dict[int, float], set[int]]],
        cpu: float,
        busy: float,
    ) -> None:
        machine = Machine(monkeypatch)
        for look in looks:
            machine.second(*look)
        assert machine.watch.cpu == pytest.approx(cpu)
        assert machine.watch.busy == pytest.approx(busy)


FORK_BOMB = "import os\nwhile True:\n    try:\n        os.fork()\n    except OSError:\n        pass"
UNWANTED = """
    import signal
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for _ in range(9):
        ended = os.pidfd_open(child(0.5))
        select.select([ended], [], [])
    """
PROLIFIC = {"daemon": DAEMON, "fork bomb": FORK_BOMB}

ENDS = {
    "exit": ("import os; os._exit(3)", {3}),
    "segfault": ("import ctypes; ctypes.string_at(0)", {-signal.SIGSEGV}),
    "abort": ("import os; os.abort()", {-signal.SIGABRT, -signal.SIGSEGV, -signal.SIGILL}),
    "ignored signals": (
        "import signal\nfor n in range(1, 65):\n    try: signal.signal(n, signal.SIG_IGN)\n"
        "    except (OSError, ValueError): pass\nimport os; os._exit(4)",
        {4},
    ),
}


@pytest.mark.slow
class TestTheEnd:
    @pytest.mark.parametrize(("how", "name"), by_turns(ENDS))
    def test_is_noticed_at_once(self, graders: Graders, how: str, name: str) -> None:
        code, exits = ENDS[how]
        reply = graders[name].run("1", code)
        assert reply["exit"] in exits
        assert "This cell ended the kernel" in reply["shown"][1]
        assert reply["seconds"][1] < 5  # half a second on an idle machine: see the benchmark

    @pytest.mark.parametrize(("what", "name"), by_turns(PROLIFIC))
    def test_leaves_nothing_behind(self, graders: Graders, what: str, name: str) -> None:
        grader = graders[name]
        reply = grader.run(PROLIFIC[what], timeout=2, settings={"processes": 40})
        assert reply["exit"] is not None
        assert eventually(grader.is_idle)

    @pytest.mark.parametrize("name", EVERYWHERE)
    def test_an_interrupt_stops_a_cell_and_not_the_kernel(
        self, graders: Graders, name: str
    ) -> None:
        reply = graders[name].run("x = 7\nimport time; time.sleep(60)", "x", timeout=2)
        assert "CellTimeoutError" in reply["shown"][0]
        assert reply["shown"][1] == "7"

    @pytest.mark.parametrize("name", EVERYWHERE)
    def test_all_that_a_cell_computes_is_its_time(self, graders: Graders, name: str) -> None:
        first, *cells = map(dedent, (SPEND, *COMPUTES.values()))
        reply = graders[name].run(first, *cells, timeout=1)
        assert not reply["shown"][0]
        for shown in reply["shown"][1:]:
            assert "This cell was stopped: it computed for more than 1 s." in shown

    @pytest.mark.parametrize("name", EACH_ISOLATION)
    def test_what_nobody_waits_for_counts_as_far_as_it_was_seen(
        self, graders: Graders, name: str
    ) -> None:
        reply = graders[name].run(dedent(SPEND), dedent(UNWANTED), timeout=1)
        assert "This cell was stopped: it computed for more than 1 s." in reply["shown"][1]

    @pytest.mark.parametrize("name", EACH_ISOLATION)
    def test_an_interrupt_that_is_ignored_is_followed_by_the_end(
        self, graders: Graders, name: str
    ) -> None:
        stubborn = "import signal\nsignal.signal(2, signal.SIG_IGN)\nimport time; time.sleep(60)"
        reply = graders[name].run(stubborn, timeout=2, settings={"wall": 8.0})
        assert reply["exit"] is not None
