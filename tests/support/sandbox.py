"""Graders for the sandbox's tests, each a process of its own: as root and as an ordinary user."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from tests.support.as_user import ROOT, UID

IS_ROOT = os.geteuid() == 0
PATIENCE = 60.0  # seconds after which something is taken never to happen


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
        if IS_ROOT:
            for path in [made.root, *made.root.rglob("*")]:
                os.chown(path, UID, UID)
            for path in [made.home("root"), *made.home("root").iterdir()]:
                os.chown(path, 0, 0)
        yield made


class Grader:
    """A running tests/support/sandbox_driver.py."""

    def __init__(self, where: Place, who: str, isolation: str) -> None:
        self.where = where
        self.isolation = isolation
        self.home = where.home(who)
        self.cache = self.home / ".cache" / "nbgrader-jax" / "compiled"
        switch = ["-m", "tests.support.as_user", who] if IS_ROOT else []
        self.process = subprocess.Popen(
            [sys.executable, *switch, "-m", "tests.support.sandbox_driver"],
            cwd=ROOT,
            env={
                **os.environ,
                "HOME": str(self.home),
                "PYTHONPATH": str(ROOT),
                "XDG_CACHE_HOME": str(self.home / ".cache"),
                "SECRET_TOKEN": "secret",
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, **request: Any) -> dict[str, Any]:
        """Send a request and wait for the reply."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return self.receive()

    def receive(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        reply = json.loads(self.process.stdout.readline() or '{"trace": "the grader has ended"}')
        assert "trace" not in reply, reply["trace"]
        return dict(reply)

    def run(self, *cells: str, **request: Any) -> dict[str, Any]:
        """Run cells in a fresh kernel. See the driver for what comes back."""
        self.send(*cells, **request)
        return self.receive()

    def send(self, *cells: str, **request: Any) -> None:
        """Have cells run, and do not wait for the reply."""
        assert self.process.stdin is not None
        settings = {"isolation": self.isolation, **request.pop("settings", {})}
        message = {
            "cells": cells,
            "settings": settings,
            "hidden": str(self.where.course),
            "folder": str(request.pop("folder", self.where.submission)),
            **request,
        }
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()

    def shown(self, *cells: str, **request: Any) -> str:
        """What the last cell showed."""
        return str(self.run(*cells, **request)["shown"][-1])

    def launchers(self) -> list[psutil.Process]:
        return [psutil.Process(s["launcher"]) for s in self.ask(about=True)["servers"]]

    def is_idle(self) -> bool:
        """Whether each fork server is down to its launcher and its zygote."""
        return all(len(launcher.children(recursive=True)) == 1 for launcher in self.launchers())

    def __enter__(self) -> Grader:
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(PATIENCE)
        self.process.stdout.close()


def eventually(condition: Callable[[], bool]) -> bool:
    """Whether something becomes true while one would wait for it."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.01)
    return condition()
