"""What the supervisor reads of the processes of a kernel."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest

from autograder.sandbox.confine.isolation import is_runnable, measure
from autograder.sandbox.settings import Sandbox
from tests.support.sandbox import eventually

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def thread(pid: int, number: int = 0) -> Path:
    return Path(f"/proc/{pid}/task/{number or pid}")


def test_what_computes_is_runnable_and_what_sleeps_is_not() -> None:
    assert is_runnable(thread(os.getpid(), threading.get_native_id()))
    with subprocess.Popen(["sleep", "60"]) as sleeper:
        try:
            assert eventually(lambda: not is_runnable(thread(sleeper.pid)))
            usage = measure([psutil.Process(), psutil.Process(sleeper.pid)], Sandbox().limits())
            assert usage.runnable == {os.getpid()}
            assert usage.own.keys() == {os.getpid(), sleeper.pid}
        finally:
            sleeper.kill()
    assert not is_runnable(thread(sleeper.pid))


def test_the_time_of_a_child_that_has_ended_counts() -> None:
    def cpu() -> float:
        return measure([psutil.Process()], Sandbox().limits()).cpu

    before = cpu()
    spend = "import time\nwhile time.process_time() < 0.2: pass"
    subprocess.run([sys.executable, "-c", spend], check=True)
    assert cpu() - before > 0.15  # it is known by the hundredth of a second
