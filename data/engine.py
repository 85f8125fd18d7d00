"""The only module that opens duckdb: a workbench that builds a file, and an engine that reads a sealed one."""

from __future__ import annotations

import functools
import os
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Protocol

import duckdb
import polars as pl

from data.errors import DiskFailed, EngineFailed, TandemError

__all__ = ["VERSION", "DuckDBEngine", "Engine", "Values", "Workbench", "quoted"]

VERSION = f"duckdb {duckdb.__version__}"

Values = Mapping[str, object]
_Setting = str | bool | int | float | list[str]

LONGEST_QUERY_SECONDS = 60

# The copy that it warns of is one of an answer, which is small; the way without it plans every statement twice.
warnings.filterwarnings("ignore", message="Arrow output on a DB-API result", category=UserWarning)


class Engine(Protocol):
    """What the metrics layer needs of a database: it runs one SELECT and gives a frame."""

    dialect: str

    def run(self, sql: str, values: Values) -> pl.DataFrame:
        """The rows of one SELECT; `values` are bound to its `$name` parameters. Raises EngineFailed."""
        ...

    def close(self) -> None: ...


def quoted(name: str) -> str:
    """An identifier as SQL. Every generated identifier passes here or through sqlglot."""
    return '"' + name.replace('"', '""') + '"'


def _limits() -> dict[str, _Setting]:
    return {
        "memory_limit": os.environ.get("TANDEM_MEMORY", "4GB"),
        "threads": int(os.environ.get("TANDEM_THREADS", str(min(4, os.cpu_count() or 1)))),
    }


# `read_only` alone still lets SQL read and write files.
_HARDENED: dict[str, _Setting] = {
    "enable_external_access": False,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "allow_community_extensions": False,
    "max_execution_time": LONGEST_QUERY_SECONDS * 1000,
    # Given at once and not set afterwards: a file that is open twice shares one database, which is locked by then.
    "lock_configuration": True,
}


class DuckDBEngine:
    """Reads one sealed file. Safe to share between threads: each question has a cursor of its own."""

    dialect = "duckdb"

    def __init__(self, file: Path) -> None:
        try:
            self._connection = duckdb.connect(str(file), read_only=True, config={**_HARDENED, **_limits()})
        except duckdb.Error as error:
            raise EngineFailed(
                f"{file}: cannot be opened ({_first_line(error)}). Refresh the company again."
            ) from error
        # The texts of a page come again with other values: what they parse to is kept, which is a fifth of their time.
        self._parsed = functools.lru_cache(maxsize=512)(self._parse)

    def run(self, sql: str, values: Values) -> pl.DataFrame:
        cursor = self._connection.cursor()
        try:
            return _rows(cursor, self._parsed(sql), dict(values) if values else None)
        except duckdb.InterruptException as error:
            raise EngineFailed(f"The question took longer than {LONGEST_QUERY_SECONDS} s and was stopped.") from error
        except duckdb.Error as error:
            raise EngineFailed(f"The database could not answer: {_first_line(error)}") from error
        finally:
            cursor.close()

    def _parse(self, sql: str) -> duckdb.Statement:
        cursor = self._connection.cursor()
        try:
            (statement,) = cursor.extract_statements(sql)
            return statement
        finally:
            cursor.close()

    def close(self) -> None:
        self._connection.close()


def _rows(
    cursor: duckdb.DuckDBPyConnection, select: str | duckdb.Statement, values: Values | Sequence[object] | None
) -> pl.DataFrame:
    """The rows of one SELECT, planned once: `cursor.sql` plans it to know its columns, and again to run it."""
    frame = pl.from_arrow(cursor.execute(select, values).to_arrow_table())
    assert isinstance(frame, pl.DataFrame)
    coded = [name for name, kind in frame.schema.items() if isinstance(kind, pl.Categorical | pl.Enum)]
    return frame.cast(dict.fromkeys(coded, pl.String)) if coded else frame


def _first_line(error: Exception) -> str:
    return str(error).split("\n", 1)[0]


class Workbench:
    """A writable connection that builds one generation: its model, its personal file, and scratch tables.

    Three databases stand side by side: the model (default schema), `personal`, and `raw` (raw files, deleted
    when the workbench closes). Used by one thread. Raises DiskFailed where a file cannot be written.
    """

    def __init__(self, model: Path, personal: Path, scratch: Path) -> None:
        self._folder, self._scratch = model.parent, scratch
        try:
            self._connection = duckdb.connect(str(model), config=_limits())
        except duckdb.Error as error:
            raise self._failure(error) from error
        try:
            self.execute("SET TimeZone = 'UTC'")
            self.execute("SET preserve_insertion_order = true")
            self.attach(personal, "personal")
            self.attach(scratch, "raw")
        except TandemError:
            self._connection.close()
            raise

    def attach(self, file: Path, name: str) -> None:
        self.execute(f"ATTACH '{str(file).replace(chr(39), chr(39) * 2)}' AS {quoted(name)}")

    def _failure(self, error: duckdb.Error) -> TandemError:
        """What duckdb says, as an error of the tree. Once a write has failed, a database answers nothing but that."""
        is_full = "max_temp_directory_size" in str(error)  # as large as the room that is left on the disk
        # One thread writes here, so that a commit fails for want of room alone.
        failed_writes = duckdb.IOException | duckdb.FatalException | duckdb.TransactionException
        if is_full or isinstance(error, failed_writes):
            return DiskFailed(self._folder, f"the database could not write ({_first_line(error).rstrip('.')})")
        return EngineFailed(_first_line(error))

    def execute(self, sql: str, values: Values | Sequence[object] | None = None) -> None:
        """Run one statement. duckdb.Error passes through as EngineFailed with its first line, or as DiskFailed."""
        try:
            self._connection.execute(sql, values)
        except duckdb.Error as error:
            raise self._failure(error) from error

    def frame(self, sql: str, values: Values | Sequence[object] | None = None) -> pl.DataFrame:
        """The rows of one SELECT."""
        cursor = self._connection.cursor()
        try:
            return _rows(cursor, sql, values)
        except duckdb.Error as error:
            raise self._failure(error) from error
        finally:
            cursor.close()

    def insert(self, table: str, frame: pl.DataFrame) -> None:
        """Append a frame to a table (an SQL name) by column names."""
        self._connection.register("arriving", frame.to_arrow())
        self.execute(f"INSERT INTO {table} BY NAME SELECT * FROM arriving")
        self._connection.unregister("arriving")

    def columns(self, table: str) -> dict[str, str]:
        """Names and types of a table's columns, in order."""
        rows = self.frame(f"SELECT column_name, column_type FROM (DESCRIBE {table})")
        return dict(rows.iter_rows())

    def __enter__(self) -> Workbench:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.close()
        else:
            # Whatever was built is thrown away; writing it could fail once more and hide why.
            self._connection.close()

    def close(self) -> None:
        """Write everything to the files, so that no WAL stands beside them, and drop the scratch file."""
        try:
            for name in ("raw", "personal"):
                self.execute(f"CHECKPOINT {quoted(name)}")
                self.execute(f"DETACH {quoted(name)}")
            self.execute("CHECKPOINT")
        finally:
            self._connection.close()
        self._scratch.unlink(missing_ok=True)
