"""What programs log, for a terminal. TRUSTED SIDE.

nbgrader logs names of files and students as they are. `nbgrader_config.py` names this formatter, so
that its programs use it as well as the kit's commands.
"""

from __future__ import annotations

import copy
import logging

from tornado.log import LogFormatter

from autograder.record.shown import visible


class Formatter(LogFormatter):
    """nbgrader's own, with what a terminal would obey written out.

    Lines after the first are indented: no message can look like two.
    """

    def format(self, record: logging.LogRecord) -> str:
        safe = copy.copy(record)
        safe.msg, safe.args = visible(record.getMessage()), ()
        if record.exc_info:
            safe.exc_text = visible(self.formatException(record.exc_info))
        return super().format(safe)
