"""Text that a terminal shows as it is, whoever wrote it. All that is printed goes through here.

Names of students, files and notebooks, and what student code says, may hold what a terminal obeys:
escape sequences that clear the screen or change what stands above, and characters that turn the
direction of writing, so that one thing is read as another.
"""

from __future__ import annotations

import json
import re
import sys
from typing import Any, TextIO

OBEYED = re.compile(
    "["
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # controls, but not tab and line feed
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # the direction of writing
    "\u2028\u2029"  # line and paragraph separators
    "\ufeff\ufff9-\ufffb\U000e0000-\U000e007f"  # not seen at all
    "\ud800-\udfff"  # halves of characters: what a name in another encoding is made of
    "]"
)
BREAKS = re.compile("[\t\n]")


def visible(text: str) -> str:
    r"""A text of one or several lines, with what a terminal would obey written out.

    >>> print(visible("all\x1b[2J\u202ewell"))
    all\x1b[2J\u202ewell
    """
    return OBEYED.sub(_written_out, text)


def in_one_line(text: str) -> str:
    r"""The same for a name, which must not begin a line of its own.

    >>> print(in_one_line("ann\n0 failed"))
    ann\n0 failed
    """
    return BREAKS.sub(_written_out, visible(text))


def say(*lines: str, out: TextIO | None = None) -> None:
    """Print to the output, or to another stream, at once. The only `print` that people read."""
    print(*map(visible, lines), sep="\n", file=out or sys.stdout, flush=True)


def as_json(value: Any) -> str:
    """JSON in one line of ASCII."""
    return json.dumps(value).replace("\x7f", "\\u007f")


def _written_out(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape", "surrogatepass").decode("ascii")
