"""Tables as CSV, for spreadsheets and learning platforms. Every table of the package is made here.

A spreadsheet evaluates a cell that begins like a formula, quoted or not, and a formula may fetch an
address or start a program. Names and texts of students stand in these cells. See OWASP's
https://owasp.org/www-community/attacks/CSV_Injection, and ASVS 5, requirement 1.2.10.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from typing import Any

FORMULA = re.compile(r"[=+\-@]")
NUMBER = re.compile(r"[+-]?\d+(\.\d*)?(e[+-]?\d+)?", re.IGNORECASE)
PLAIN_ID = re.compile(r"[+\-@][\w.@-]*")
"""A name, a telephone number, a hyphen for "nothing": no call, no reference to another program."""
UNSEEN = ("Z", "C")
"""Categories of Unicode's for spaces and controls, which spreadsheets pass over at the start."""


def to_csv(table: Iterable[Sequence[Any]], *, ids: Collection[int] = (), end: str = "\r\n") -> str:
    """Rows as comma-separated values, by RFC 4180, none of which a spreadsheet evaluates.

    Parameters
    ----------
    ids
        Columns by which a learning platform finds its students. There `-x` or `+491` stays as it
        is, since it would not be found as `'-x`; what is more than a word does not.
    end
        What ends a line.
    """
    written = io.StringIO()
    csv.writer(written, lineterminator=end).writerows(
        [inert(value, is_id=column in ids) for column, value in enumerate(row)] for row in table
    )
    return written.getvalue()


def inert(value: Any, *, is_id: bool = False) -> Any:
    """A value that no spreadsheet takes for a formula: numbers as they are, a text after `'`.

    >>> [inert(value) for value in ("=1+1", " =1+1", "-1.5", "-x", -1.5, "Ann")]
    ["'=1+1", "' =1+1", '-1.5', "'-x", -1.5, 'Ann']
    >>> [inert(value, is_id=True) for value in ("-x", "@ann", "-1+cmd|' /C calc'!A0")]
    ['-x', '@ann', "'-1+cmd|' /C calc'!A0"]
    """
    if not isinstance(value, str):
        return value
    seen = value.lstrip("".join(c for c in set(value) if unicodedata.category(c)[0] in UNSEEN))
    if not FORMULA.match(unicodedata.normalize("NFKC", seen)):
        return value
    if NUMBER.fullmatch(value) or value == "-" or (is_id and PLAIN_ID.fullmatch(value)):
        return value
    return f"'{value}"
