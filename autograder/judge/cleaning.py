"""Has the texts of a notebook made harmless, in bounded time. TRUSTED SIDE.

The work is done by `harmless`, in a process apart that has a budget of processor time for each
notebook. When it is used up the process ends, by a timer of the operating system's, and what has
no answer by then is shown as plain text. The next notebook gets a new process.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

PROGRAM = Path(__file__).with_name("harmless.py")

Text = tuple[str, str, dict[str, Any]]
"""What it is (see `harmless.Rules.clean`), the text, and what is attached to it."""


class Cleaner:
    """Makes texts harmless; keeps a process for it that many notebooks share."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._one_at_a_time = threading.Lock()

    def clean(
        self, texts: Sequence[Text], seconds: float, tags: list[str], styles: list[str]
    ) -> list[str | None]:
        """What to show for each text; None for those that took too long, or failed.

        The shortest come first: one that takes too long leaves time for most others.
        """
        order = sorted(range(len(texts)), key=lambda n: len(texts[n][1]))
        shown: list[str | None] = [None] * len(texts)
        if not texts:
            return shown
        request = {"seconds": seconds, "tags": tags, "styles": styles}
        line = json.dumps({**request, "texts": [texts[n] for n in order]})
        with self._one_at_a_time:
            for number, text in self._answers(line, len(texts)):
                shown[order[number]] = text
        return shown

    def _answers(self, line: str, count: int) -> Iterator[tuple[int, str | None]]:
        """Those that come to a request, in the time that it names."""
        process = self._ready()
        assert process.stdin is not None
        assert process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(f"{line}\n")
            process.stdin.flush()
            for _ in range(count):
                if not (answer := process.stdout.readline()).endswith("\n"):
                    break
                yield json.loads(answer)
            else:
                return
        self.close()

    def close(self) -> None:
        """End the process, if there is one: its time is over, or ours ends."""
        if self._process is not None:
            self._process.kill()
            with contextlib.suppress(BrokenPipeError), self._process:
                pass  # closes the pipes, and waits for it
            self._process = None

    def _ready(self) -> subprocess.Popen[str]:
        if self._process is None or self._process.poll() is not None:
            self.close()
            self._process = subprocess.Popen(
                [sys.executable, "-P", str(PROGRAM)],
                stdin=subprocess.PIPE,  # it ends when this is closed, however ours ends
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                encoding="utf-8",
            )
        return self._process


cleaner = Cleaner()
"""The one of this process."""
atexit.register(cleaner.close)
