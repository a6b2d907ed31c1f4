"""A grader for the sandbox's tests: runs cells in kernels, on request, as whoever it is run as.

Reads one JSON object a line on standard input, and writes one a line. It may be told to start its
fork server with one of the rules taken out (see `weakened`), so that a test can show that the
rule, and nothing else, is what stops an exploit.
"""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from nbformat.v4 import new_code_cell, new_notebook
from traitlets.config import Config

from autograder.judge.execute import Execute
from autograder.sandbox.grader import forkserver
from autograder.sandbox.grader.forkserver import ForkServer
from autograder.sandbox.grader.manager import SandboxManager
from autograder.sandbox.policy import environment

ORDINARY = ForkServer.command
OUTPUT_TIMEOUT = 2  # seconds for output that is lost where a kernel is ended: half of nbclient's


SERVERS = ForkServer._running
"""Those with all rules, which are kept while others are in use."""


def weaken(rule: str | None, course: str) -> None:
    """Use fork servers without this rule from now on; with all rules if it is None."""
    hidden = os.pathsep.join([course, str(Path.home())])
    command = ("-m", "tests.support.weakened", rule, hidden) if rule else ORDINARY
    if command == ForkServer.command:
        return
    if ForkServer._running is not SERVERS:
        for server in ForkServer._running.values():
            server.close()
    ForkServer._running = {} if rule else SERVERS
    ForkServer.command = command
    forkserver.environment = dict if rule == "clean_environment" else environment


def output_text(output: Any) -> str:
    """What an output says, in plain text."""
    if output.output_type == "stream":
        return str(output.text)
    if output.output_type == "error":
        return f"{output.ename}: {output.evalue}"
    return str(output.data.get("text/plain", ""))


class Standalone(Execute):  # type: ignore[misc]
    """The kit's Execute outside nbgrader's programs."""

    request: dict[str, Any]

    @property
    def _course(self) -> Any:
        return SimpleNamespace(root=self.request["hidden"])

    def _compiled_code(self) -> Any:
        return self.request.get("cache")

    def _seed(self) -> int:
        return int(self.request.get("seed", 0))


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Run cells in a fresh kernel; what each showed, how long it took, and how the kernel ended."""
    weaken(request.get("without"), request["hidden"])
    config = Config({"Sandbox": request.get("settings", {})})
    notebook = new_notebook(cells=[new_code_cell(source) for source in request["cells"]])
    execute = Standalone(
        config=config,
        timeout=request.get("timeout", 60),
        wall_factor=1,
        iopub_timeout=OUTPUT_TIMEOUT,
    )
    execute.request = request
    execute.begin_submission({})
    execute.nb = notebook
    execute.reset_execution_trackers()
    execute._check_assign_resources({"metadata": {"path": request["folder"]}})
    execute.kernel_name = "python3"
    manager = execute.create_kernel_manager()
    assert isinstance(manager, SandboxManager)
    began = time.monotonic()
    shown, seconds = [], []
    with execute.setup_kernel():
        ready = time.monotonic() - began
        peer = manager.provisioner
        for number, cell in enumerate(notebook.cells):
            start = time.monotonic()
            try:
                execute.execute_cell(cell, number)
            except Exception as stop:
                cell.outputs.append(execute.kernel.stopped(cell, stop))
            seconds.append(time.monotonic() - start)
            shown.append("".join(map(output_text, cell.outputs)))
            if not execute.kernel._connection.is_alive():
                break
    return {
        "shown": shown,
        "seconds": seconds,
        "ready": ready,
        "isolation": manager.isolation,
        "exit": peer.exit_code,
        "stop": peer.stop,
        "peak_memory": peer.peak_memory,
    }


def about() -> dict[str, Any]:
    """The fork servers in use, by the isolation that was asked for."""
    return {
        "servers": [
            {
                "wanted": server.plan.isolation,
                "launcher": server._process.pid,
                "directory": str(server.directory),
            }
            for server in ForkServer._running.values()
        ]
    }


def main() -> None:
    for line in sys.stdin:
        request = json.loads(line)
        try:
            reply = about() if request.get("about") else answer(request)
        except Exception as error:
            reply = {"error": f"{type(error).__name__}: {error}", "trace": traceback.format_exc()}
        print(json.dumps(reply), flush=True)


if __name__ == "__main__":
    main()
