"""A gradebook in a worker's own memory. TRUSTED SIDE, in workers.

Student code is in another process and cannot reach it. nbgrader opens it a dozen times for each
submission, as it would any other.
"""

from __future__ import annotations

import contextlib
import sqlite3
import uuid
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Engine, create_engine
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from autograder.grading.rows import Rows, create_tables, insert_rows


class MemoryDialect(SQLiteDialect_pysqlite):
    """SQLite whose engines share what they have compiled.

    nbgrader makes an engine for each opening, and compiling its queries anew for each took half
    of all the time that it needs besides the kernel.
    """

    supports_statement_cache = True
    compiled: dict[Any, Any] = {}  # noqa: RUF012 - meant to be shared

    @classmethod
    def engine_created(cls, engine: Engine) -> None:
        engine.update_execution_options(compiled_cache=cls.compiled)

    # Compiled statements are kept under the dialect, and all of this class are alike.
    def __eq__(self, other: object) -> bool:
        return type(other) is type(self)

    def __hash__(self) -> int:
        return hash(type(self))


registry.register("sqlite.memory", __name__, MemoryDialect.__name__)


@contextlib.contextmanager
def memory_gradebook(*rows: Rows) -> Iterator[Engine]:
    """A gradebook in this process's memory, with these rows in it."""
    name = f"file:{uuid.uuid4().hex}?mode=memory&cache=shared"
    with contextlib.closing(sqlite3.connect(name, uri=True)):  # it lives while this is open
        engine = create_engine(f"sqlite+memory:///{name}&uri=true")
        try:
            create_tables(engine)
            with engine.begin() as connection:
                for some in rows:
                    insert_rows(connection, some)
            yield engine
        finally:
            engine.dispose()
