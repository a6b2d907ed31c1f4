"""What a live notebook knows of its cells, in a real kernel. Cells have names, as in JupyterLab."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.manager import start_new_kernel

from autograder.checks.live import LEFT_OVER, NEVER_RAN, STOPPED
from tests.support.jupyter import at_home

PATIENCE = 120
CHECK = """
from autograder import Exercise, student
exercise = Exercise("f")
exercise.returns("doubles", student.f, 2.0, expected=4.0, mistakes={
    "It looks as if nothing is doubled.": lambda x: x,
})
exercise.report()
"""
MISSING = "`f` is not defined yet. Has its cell been run without an error?"
BROKEN = "SyntaxError: expected ':' (line 1)"


class Kernel:
    """A kernel of a notebook: runs cells, and says what each showed."""

    def __init__(self, client: BlockingKernelClient) -> None:
        self.client = client

    def run(self, source: str, cell: str) -> str:
        content = {"code": source, "silent": False, "store_history": True, "allow_stdin": False}
        message = self.client.session.msg("execute_request", content, metadata={"cellId": cell})
        self.client.shell_channel.send(message)
        shown = []
        while True:
            reply = self.client.get_iopub_msg(timeout=PATIENCE)
            if reply["parent_header"].get("msg_id") != message["msg_id"]:
                continue
            content = reply["content"]
            if content.get("execution_state") == "idle":
                return "\n".join(shown)
            shown += [content[key] for key in ("ename", "text") if key in content]
            shown += [data["text/plain"] for data in [content.get("data")] if data]


@pytest.fixture
def kernel(tmp_path, request) -> Iterator[Kernel]:
    env = at_home(tmp_path) | getattr(request, "param", {})
    manager, client = start_new_kernel(
        startup_timeout=PATIENCE, kernel_name="python3", env=env, cwd=str(tmp_path)
    )
    try:
        yield Kernel(client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_a_students_way_through_a_cell(kernel):
    # Before the kit is there.
    assert kernel.run("def f(x) return x", "one") == "SyntaxError"
    shown = kernel.run(CHECK, "check")
    assert "f: 0 of 1 checks passed" in shown
    assert f"{MISSING}\n      {NEVER_RAN.format(name='f', error=BROKEN)}" in shown

    kernel.run("def f(x):\n    return x", "one")
    shown = kernel.run(CHECK, "check")
    assert shown.endswith("Got 2; expected 4. It looks as if nothing is doubled.")

    kernel.run("def f(x) return 2 * x", "one")
    assert STOPPED.format(name="f", error=BROKEN) in kernel.run(CHECK, "check")

    kernel.run("def g(x):\n    return 2 * x", "one")
    assert LEFT_OVER.format(name="f") in kernel.run(CHECK, "check")

    kernel.run("def f(x):\n    return 2 * x", "one")
    assert kernel.run(CHECK, "check").endswith("✓ passed        doubles")


WATCHED = """
from autograder.checks import live
live.note in get_ipython().events.callbacks["post_run_cell"]
"""


@pytest.mark.parametrize(
    ("kernel", "watched"),
    [({"NBGRADER_EXECUTION": "validate"}, "True"), ({"NBGRADER_EXECUTION": "autograde"}, "False")],
    indirect=["kernel"],
)
def test_no_kernel_is_watched_that_is_graded_in(kernel, watched):
    assert kernel.run(WATCHED, "one") == watched
