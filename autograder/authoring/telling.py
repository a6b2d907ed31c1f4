"""What an author sees of the gate while it is at work: a line for each question, findings at once.

`verify` calls these; a program that only wants the result takes `Telling`, which says nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TextIO

from tqdm import tqdm

from autograder.authoring.findings import Finding
from autograder.record.shown import visible


class Telling:
    """Says nothing. `verify` calls the methods of one as it goes along."""

    def expect(self, steps: int) -> None:
        """So many steps are to come."""

    def step(self, what: str) -> None:
        """One step is done: an answer was tried. `what` says of which question."""

    def finding(self, finding: Finding) -> None:
        """Something is to be mended."""

    def answered(self, where: str, what: str, findings: int) -> None:
        """A question is answered, with so many findings."""

    def left_out(self, why: str, questions: Sequence[str] = ()) -> None:
        """The run ends before these questions were asked."""


class Aloud(Telling):
    """Writes a line for each question, and each finding, as soon as it is known.

    On a terminal a bar below shows how far it is. `stopped` says whether somebody wants an end:
    changed solutions may swallow the exception that Ctrl-C raises, so it is asked at each step.
    """

    def __init__(
        self, out: TextIO, *, bar: bool = True, stopped: Callable[[], bool] = lambda: False
    ) -> None:
        self._out, self._stopped = out, stopped
        self._bar = tqdm(disable=None if bar else True, leave=False, dynamic_ncols=True)

    def close(self) -> None:
        """Take the bar away."""
        self._bar.close()

    def expect(self, steps: int) -> None:
        self._bar.reset(steps)

    def step(self, what: str) -> None:
        if self._stopped():
            raise KeyboardInterrupt
        self._bar.set_description(what, refresh=False)
        self._bar.update()

    def finding(self, finding: Finding) -> None:
        self.write(str(finding))

    def answered(self, where: str, what: str, findings: int) -> None:
        self.write(f"{where}: {what} … {f'{findings} to look at' if findings else 'ok'}")

    def left_out(self, why: str, questions: Sequence[str] = ()) -> None:
        self.write(f"{why} Not looked at: {'; '.join(questions)}." if questions else why)

    def write(self, text: str) -> None:
        """Say something above the bar, and let a pipe have it at once."""
        self._bar.write(visible(text), file=self._out)
        self._out.flush()
