"""stdout and stderr of a kernel."""

from __future__ import annotations

from ipykernel.iostream import OutStream


class QuietStream(OutStream):
    """Flushes only when there is something to flush.

    ipykernel flushes both streams around every message, which wakes its output thread four times.
    What was written before is sent in the same order either way: all goes through that thread.
    """

    _written = False

    def write(self, string: str) -> int | None:  # type: ignore[override]
        self._written = True
        return super().write(string)

    def flush(self) -> None:
        if self._written:
            self._written = False
            super().flush()
