"""The real JupyterLab, with nbgrader's extensions, for a person with a home of their own."""

from __future__ import annotations

import collections
import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from tests.support.course import COMPILATION_CACHE, Course
from tests.support.quick import MODULES

# No questions about news, and no look at what has been released since: the network is not needed.
SETTINGS = {
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False}
}
CACHES = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
COURSE_ID = "jax_exercises"
ADDRESS = "is running at"


def at_home(home: Path) -> dict[str, str]:
    """The environment of somebody whose settings lie in `home`; only caches are shared."""
    personal = ("JUPYTER", "IPYTHON", "XDG_")
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(personal)}
    own = {"HOME": str(home), "PYTHONPATH": MODULES, "XDG_CACHE_HOME": str(CACHES)}
    return inherited | COMPILATION_CACHE | own


def exchange(course: Course) -> tuple[Path, Path]:
    """Give a course an exchange, and its site a configuration.

    Where the configuration lies, and where what is handed in arrives.
    """
    folder = course.root.parent / "exchange"
    folder.mkdir()
    folder.chmod(0o777)
    line = f"c.Exchange.root = {str(folder)!r}\n"
    with (course.root / "nbgrader_config.py").open("a", encoding="utf-8") as config:
        config.write(line)
    etc = course.root.parent / "etc"
    etc.mkdir()
    (etc / "nbgrader_config.py").write_text(
        f"c = get_config()\nc.CourseDirectory.course_id = {COURSE_ID!r}\n{line}", encoding="utf-8"
    )
    return etc, folder / COURSE_ID / "inbound"


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextlib.contextmanager
def jupyter(folder: Path, home: Path, etc: Path | None = None) -> Iterator[str]:
    """Start JupyterLab in a folder; gives the address of its server.

    `etc` takes the place of /etc/jupyter, where a site keeps its nbgrader_config.py.
    """
    settings = home / ".jupyter" / "labconfig"
    settings.mkdir(parents=True, exist_ok=True)
    (settings / "default_setting_overrides.json").write_text(json.dumps(SETTINGS))
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "jupyterlab", f"--port={port}", "--no-browser", "--allow-root",
         "--ServerApp.port_retries=0", "--IdentityProvider.token="],
        cwd=folder,
        env=at_home(home) | ({"JUPYTER_CONFIG_PATH": str(etc)} if etc else {}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    assert server.stderr is not None
    lines = iter(server.stderr.readline, "")
    try:
        before: list[str] = []
        started = any(before.append(line) or ADDRESS in line for line in lines)
        assert started, "".join(["JupyterLab did not start.\n", *before])
        # Its log has to be read on, or it would stop when the pipe is full.
        threading.Thread(target=collections.deque, args=(lines, 0), daemon=True).start()
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        try:
            server.wait(timeout=60)
        except subprocess.TimeoutExpired:  # now and then a thread of anyio's outlives its server
            server.kill()
            server.wait()
        server.stderr.close()
