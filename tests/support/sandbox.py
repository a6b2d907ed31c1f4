"""Graders for the sandbox's tests, each a process of its own: as root and as an ordinary user."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import psutil

from tests.support.as_user import ROOT, UID
from tests.support.quick import MODULES

IS_ROOT = os.geteuid() == 0
PATIENCE = 60.0  # seconds after which something is taken never to happen
ISOLATIONS = NAMESPACES, LANDLOCK = ("namespaces", "landlock")
WHO = ("root", "user") if IS_ROOT else ("user",)
EVERYWHERE = tuple(f"{who}-{isolation}" for who in WHO for isolation in ISOLATIONS)
EACH_ISOLATION = (f"{WHO[0]}-{NAMESPACES}", f"{WHO[-1]}-{LANDLOCK}")
Case = TypeVar("Case")
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
"""Code that leaves a process behind which ignores what would end it."""


def by_turns(cases: Iterable[Case]) -> list[tuple[Case, str]]:
    """Each case in a place of each isolation, by turns as root and as an ordinary user.

    For what does not depend on whose kernel it is: two places for a case instead of four.
    """
    return [
        (case, f"{WHO[(number + turn) % len(WHO)]}-{isolation}")
        for number, case in enumerate(cases)
        for turn, isolation in enumerate(ISOLATIONS)
    ]


@dataclass
class Place:
    """A course with secrets in it, a home with others, and a submission."""

    root: Path

    @property
    def course(self) -> Path:
        return self.root / "course"

    def home(self, who: str) -> Path:
        return self.root / "home" / who

    @property
    def submission(self) -> Path:
        return self.root / "course" / "submitted" / "alice" / "a"


@contextmanager
def place() -> Iterator[Place]:
    """Make one that everybody may read, so that file permissions protect nothing."""
    with tempfile.TemporaryDirectory(prefix="sandbox-test-") as folder:
        made = Place(Path(folder))
        made.root.chmod(0o755)
        made.submission.mkdir(parents=True)
        (made.course / "gradebook.db").write_text("secret")
        for who in ("root", "user"):
            made.home(who).mkdir(parents=True)
            (made.home(who) / "diary.txt").write_text("secret")
        (made.submission / "helper.py").write_text("answer = 42\n")
        (made.submission / "link").symlink_to(made.course / "gradebook.db")
        if IS_ROOT:
            for path in [made.root, *made.root.rglob("*")]:
                os.chown(path, UID, UID, follow_symlinks=False)
            for path in [made.home("root"), *made.home("root").iterdir()]:
                os.chown(path, 0, 0)
        yield made


class Driver:
    """A running tests/support/sandbox_driver.py, as root or as an ordinary user."""

    def __init__(self, where: Place, who: str) -> None:
        self.where = where
        self.home = where.home(who)
        self.owes = False
        """Whether it has been asked something that it has not answered."""
        switch = ["-m", "tests.support.as_user", who] if IS_ROOT else []
        self.process = subprocess.Popen(
            [sys.executable, *switch, "-m", "tests.support.sandbox_driver"],
            cwd=ROOT,
            env={
                **os.environ,
                "HOME": str(self.home),
                "PYTHONPATH": MODULES,
                "XDG_CACHE_HOME": str(self.home / ".cache"),
                "SECRET_TOKEN": "secret",
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def send(self, request: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        self.owes = True

    def receive(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        reply = json.loads(self.process.stdout.readline() or '{"trace": "the grader has ended"}')
        self.owes = False
        assert "trace" not in reply, reply["trace"]
        return dict(reply)

    def is_usable(self) -> bool:
        """Whether it lives and waits for a request."""
        return self.process.poll() is None and not self.owes

    def close(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        if self.owes:  # a test has failed in the middle
            self.process.kill()
        self.process.wait(PATIENCE)
        self.process.stdout.close()


@dataclass(frozen=True)
class Grader:
    """A driver that confines kernels in one way."""

    driver: Driver
    isolation: str

    @property
    def where(self) -> Place:
        return self.driver.where

    @property
    def home(self) -> Path:
        return self.driver.home

    @property
    def pid(self) -> int:
        return self.driver.process.pid

    @property
    def cache(self) -> Path:
        """Its folder for compiled code."""
        return self.home / ".cache" / "nbgrader-jax" / "compiled"

    def run(self, *cells: str, **request: Any) -> dict[str, Any]:
        """Run cells in a fresh kernel. See the driver for what comes back."""
        self.send(*cells, **request)
        return self.receive()

    def send(self, *cells: str, **request: Any) -> None:
        """Have cells run, and do not wait for the reply."""
        settings = {"isolation": self.isolation, **request.pop("settings", {})}
        message = {
            "cells": cells,
            "settings": settings,
            "hidden": str(self.where.course),
            "folder": str(request.pop("folder", self.where.submission)),
            **request,
        }
        self.driver.send(message)

    def receive(self) -> dict[str, Any]:
        return self.driver.receive()

    def shown(self, *cells: str, **request: Any) -> str:
        """What the last cell showed."""
        return str(self.run(*cells, **request)["shown"][-1])

    def server(self) -> tuple[psutil.Process, Path]:
        """The launcher of its fork server, and the server's directory."""
        self.driver.send({"about": True})
        (found,) = (s for s in self.receive()["servers"] if s["wanted"] == self.isolation)
        return psutil.Process(found["launcher"]), Path(found["directory"])

    def is_idle(self) -> bool:
        """Whether its fork server is down to its launcher and its zygote."""
        launcher, _ = self.server()
        return len(launcher.children(recursive=True)) == 1


class Graders:
    """A grader for each place in which kernels are tried; a place is called "root-landlock".

    There is one driver for each user, started when it is first needed and again when a test has
    killed it.
    """

    def __init__(self, where: Place) -> None:
        self.where = where
        self._drivers: dict[str, Driver] = {}

    def __getitem__(self, name: str) -> Grader:
        who, _, isolation = name.partition("-")
        driver = self._drivers.get(who)
        if driver is None or not driver.is_usable():
            if driver is not None:
                driver.close()
            driver = self._drivers[who] = Driver(self.where, who)
        return Grader(driver, isolation)

    def close(self) -> None:
        for driver in self._drivers.values():
            driver.close()


def eventually(condition: Callable[[], bool]) -> bool:
    """Whether something becomes true while one would wait for it."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.01)
    return condition()
