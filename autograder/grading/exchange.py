"""Collecting from nbgrader's exchange. TRUSTED SIDE, with the instructor's rights.

Everybody may write into the exchange, under any name, and what lies there still belongs to whoever
put it there. nbgrader warns when a name is not the owner's, and follows links, with the rights of
the instructor: a submission could bring in another student's work, or the solutions.
"""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from pathlib import Path
from typing import Any

from nbgrader.exchange.default import ExchangeCollect

with contextlib.suppress(ModuleNotFoundError):  # on Windows, where nbgrader has no exchange
    import pwd

Record = dict[str, Any]


class Collect(ExchangeCollect):  # type: ignore[misc]
    """Collects what students handed in themselves, and only files that lie in it."""

    src_records: list[Record]

    def _sort_by_timestamp(self, records: list[Record]) -> list[Record]:
        """Newest first; nbgrader takes the first. What somebody else put there comes last."""
        return sorted(super()._sort_by_timestamp(records), key=self._foreign)

    def _foreign(self, record: Record) -> bool:
        """Whether a submission is not its student's own. `check_owner = False` trusts the name."""
        if not self.check_owner:
            return False
        try:
            owner = os.lstat(Path(self.inbound_path) / record["filename"]).st_uid
            return bool(pwd.getpwuid(owner).pw_name != record["username"])
        except (KeyError, OSError):  # an owner without a name, or gone
            return True

    def copy_files(self) -> None:
        for record in filter(self._foreign, self.src_records):
            self.log.error(
                "%s is not collected: it belongs to somebody else. Where user names are not "
                "student ids, set c.ExchangeCollect.check_owner = False.",
                record["filename"],
            )
        self.src_records = [record for record in self.src_records if not self._foreign(record)]
        super().copy_files()

    def do_copy(self, src: str, dest: str, log: Any = None) -> None:
        """Copy a submission without its links, whatever its owner does to it meanwhile."""
        limit = self.coursedir.max_dir_size  # in kB
        if self.get_size(src) > 1000 * limit:
            self.log.error("%s is not collected: it is larger than %d kB.", Path(src).name, limit)
            return
        with tempfile.TemporaryDirectory() as folder:
            copied = Path(folder) / "submission"
            copy_plain_files(Path(src), copied)
            super().do_copy(str(copied), dest, log)


def copy_plain_files(source: Path, target: Path) -> None:
    """Copy directories and ordinary files; leave out links, pipes and devices.

    Each is opened by its name within an open directory, and not if it is a link, so that there is
    no moment between a look and a copy.
    """
    for folder, _, names, here in os.fwalk(source, follow_symlinks=False):
        copied = target / os.path.relpath(folder, source)
        copied.mkdir(parents=True)
        for name in names:
            try:
                opened = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=here)
            except OSError:  # a link, or gone
                continue
            with os.fdopen(opened, "rb") as file:
                if stat.S_ISREG(os.fstat(opened).st_mode):
                    (copied / name).write_bytes(file.read())
