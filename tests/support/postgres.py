"""A PostgreSQL server of a test's own."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text


@dataclass(frozen=True)
class Server:
    """A server that listens on a socket in its own directory, at first without tables."""

    programs: Path
    directory: Path

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://postgres@/{database}?host={self.directory}"

    def say(self, *commands: str) -> None:
        """Tell it SQL that is about whole databases."""
        engine = create_engine(self.url("template1"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            for command in commands:
                connection.execute(text(command))
        engine.dispose()

    def run(self, program: str, *args: str) -> None:
        # PostgreSQL refuses to run as root.
        user = "postgres" if os.getuid() == 0 else None
        subprocess.run(
            [self.programs / program, "-D", self.directory / "data", *args],
            cwd=self.directory,
            user=user,
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )

    def start(self) -> None:
        options = f"-c listen_addresses='' -c fsync=off -k {self.directory}"
        self.run("pg_ctl", "start", "-w", "-l", str(self.directory / "log"), "-o", options)

    def stop(self) -> None:
        """Stop at once, as in a crash: connections break."""
        self.run("pg_ctl", "stop", "-w", "-m", "immediate")


def programs() -> Path:
    """Where PostgreSQL's programs are."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    found = shutil.which("initdb") or (debian[-1] if debian else None)
    if found is None:
        pytest.skip("PostgreSQL is not installed (Debian and Ubuntu: apt install postgresql)")
    return Path(found).parent


@contextlib.contextmanager
def server() -> Iterator[Server]:
    with tempfile.TemporaryDirectory(prefix="pg-") as directory:
        made = Server(programs(), Path(directory))
        if os.getuid() == 0:
            shutil.chown(directory, "postgres")
        made.run("initdb", "-A", "trust", "-U", "postgres", "-N")
        made.start()
        try:
            yield made
        finally:
            with contextlib.suppress(subprocess.CalledProcessError):  # it may be down already
                made.stop()
