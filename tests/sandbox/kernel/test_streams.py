"""A kernel's output streams."""

from __future__ import annotations

import pytest

from tests.support.sandbox import Graders

pytestmark = pytest.mark.slow


def test_streams_are_flushed_when_there_is_something(graders: Graders) -> None:
    code = (
        "import sys\n"
        "thread, asked = sys.stdout.pub_thread, []\n"
        "schedule = thread.schedule\n"
        "thread.schedule = lambda what: (asked.append(what), schedule(what))\n"
        "sys.stdout.flush(), sys.stderr.flush()\n"
        "before = len(asked)\n"
        "print('something', flush=True)\n"
        "before, len(asked) > before"
    )
    assert "(0, True)" in graders["user-auto"].shown(code)
