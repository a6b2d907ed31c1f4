"""Whoever is killed, and whatever a class hands in, nothing is left behind."""

from __future__ import annotations

import subprocess
import sys

import psutil
import pytest

from tests.support.as_user import ROOT
from tests.support.sandbox import DAEMON, Graders, by_turns, eventually

pytestmark = pytest.mark.slow

SLEEP = "import time; time.sleep(600)"
VICTIMS = ("kernel", "supervisor", "zygote", "launcher", "grader")


@pytest.mark.parametrize(("victim", "name"), by_turns(VICTIMS))
def test_nothing_is_left_when_one_is_killed(graders: Graders, victim: str, name: str) -> None:
    """Killed with -9 while a kernel is at work that has daemons of its own."""
    grader = graders[name]
    grader.run("1")  # starts its fork server
    launcher, directory = grader.server()
    zygote = launcher.children()[0]
    assert eventually(grader.is_idle)
    grader.send(DAEMON + SLEEP)
    assert eventually(lambda: len(zygote.children(recursive=True)) >= 3)
    supervisor = zygote.children()[0]
    processes = {
        "grader": psutil.Process(grader.pid),
        "launcher": launcher,
        "zygote": zygote,
        "supervisor": supervisor,
        "kernel": supervisor.children()[0],
    }
    family = [launcher, *launcher.children(recursive=True)]
    processes[victim].kill()
    gone = [
        p for p in family if victim not in ("kernel", "supervisor") or p not in (launcher, zygote)
    ]
    assert eventually(lambda: not any(map(running, gone)))
    if victim in ("grader", "zygote"):
        assert eventually(lambda: not directory.exists())
    if victim != "grader":
        assert "DeadKernelError" in grader.receive()["shown"][-1]
        assert grader.shown("6 * 7") == "42"  # with a new fork server if need be


def running(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_class_leaves_nothing_behind() -> None:
    """`make soak` does it with a thousand."""
    done = subprocess.run(
        [sys.executable, "-m", "tools.soak", "12"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
