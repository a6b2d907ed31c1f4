"""What `autograder doctor` says of one thing that it looked at."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from textwrap import fill


class Verdict(StrEnum):
    """Whether somebody has to do something."""

    OK = "ok"
    NOTE = "note"
    MEND = "mend"


@dataclass(frozen=True)
class Checkup:
    """One thing that was looked at. `remedy` is a command or a setting, "" if none is needed."""

    subject: str
    verdict: Verdict
    said: str
    remedy: str = ""

    def __str__(self) -> str:
        margin = " " * 20
        lines = [
            fill(
                self.said,
                width=100,
                initial_indent=f"{self.verdict:<6}{self.subject:<14}",
                subsequent_indent=margin,
                break_long_words=False,
                break_on_hyphens=False,
            )
        ]
        if self.remedy:
            lines.append(f"{margin}$ {self.remedy}")
        return "\n".join(lines)
