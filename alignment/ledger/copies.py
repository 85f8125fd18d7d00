"""The whole ledger as one file, and back: from SQLite to PostgreSQL, or the other way. Changes no entry.

A backup is text, a JSON object per line: what it is, then every row of every table, then the SHA-256 of the lines
before. Its ids, versions and instants are those of the ledger, so that what is restored is what was there.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from alignment.ledger.book import Ledger, utc_now
from alignment.ledger.database import Database
from alignment.ledger.schema import HEAD, TABLES
from data.errors import DiskFailed, LedgerFailed

__all__ = ["back_up", "restore"]

FORM = "tandem ledger 1"
Row = dict[str, Any]


def back_up(ledger: Ledger, file: Path) -> int:
    """Write a new file with all of the ledger as it stands, and give the number of entries. Overwrites nothing."""
    with ledger.database.reading() as connection:
        rows = {table.name: [_plain(row) for row in _ordered(connection, table)] for table in TABLES}
    header = {"form": FORM, "schema": HEAD, "company": ledger.company.id, "made_at": ledger.clock().isoformat()}
    counts = {name: len(found) for name, found in rows.items()}
    lines = [json.dumps({**header, "rows": counts}, ensure_ascii=False)]
    lines += [json.dumps({"table": name, **row}, ensure_ascii=False) for name, found in rows.items() for row in found]
    text = "\n".join(lines) + "\n"
    _write(file, text + json.dumps({"sha256": _sum(text)}) + "\n")
    return counts["entries"]


def restore(ledger: Ledger, file: Path, *, replace: bool = False) -> tuple[int, Path | None]:
    """Put a backup into the ledger: how many entries, and where what stood there before was backed up to.

    A ledger that holds something is left alone unless told to `replace` it. All of it happens, or nothing.
    """
    header, rows = _read(file)
    before: Path | None = None
    if ledger.position():
        if not replace:
            raise LedgerFailed(
                f"The ledger {ledger.database} is not empty, so {file} was not restored. "
                "With --replace it takes its place; what is there now is backed up first."
            )
        before = ledger.company.state / f"ledger-before-restore-{utc_now():%Y%m%dT%H%M%S.%f}.jsonl"
        back_up(ledger, before)
    with ledger.database.writing() as connection:
        _empty(connection, ledger.database)
        for table in TABLES:
            if rows[table.name]:
                connection.execute(sa.insert(table), rows[table.name])
            if not ledger.database.is_sqlite and "id" in table.c:
                # The next id follows the highest one that was restored.
                highest = sa.select(sa.func.coalesce(sa.func.max(table.c.id), 0) + 1).scalar_subquery()
                sequence = sa.func.pg_get_serial_sequence(table.name, "id")
                connection.execute(sa.select(sa.func.setval(sequence, highest, False)))
    ledger.deliver()
    return int(header["rows"]["entries"]), before


def _ordered(connection: sa.Connection, table: sa.Table) -> Iterator[Row]:
    for row in connection.execute(sa.select(table).order_by(*table.primary_key.columns)).mappings():
        yield dict(row)


def _plain(row: Row) -> Row:
    return {name: value.isoformat() if isinstance(value, dt.datetime) else value for name, value in row.items()}


def _empty(connection: sa.Connection, database: Database) -> None:
    """Only here is history removed, after it was backed up: so what guards it is put aside within the transaction."""
    if not database.is_sqlite:
        connection.execute(sa.text(f"TRUNCATE {', '.join(table.name for table in TABLES)}"))
        return
    guards = connection.execute(sa.text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")).all()
    for name, _ in guards:
        connection.execute(sa.text(f'DROP TRIGGER "{name}"'))
    for table in reversed(TABLES):
        connection.execute(sa.delete(table))
    for _, sql in guards:
        connection.exec_driver_sql(sql)


def _write(file: Path, text: str) -> None:
    """What people said of each other is their company's alone: only the owner reads it."""
    try:
        with os.fdopen(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8") as opened:
            opened.write(text)
            opened.flush()
            os.fsync(opened.fileno())
    except FileExistsError:
        raise LedgerFailed(f"{file} exists already. Nothing was overwritten: choose another name.") from None
    except OSError as error:
        raise DiskFailed(file, (error.strerror or str(error)).lower()) from error


def _read(file: Path) -> tuple[Row, dict[str, list[Row]]]:
    """Header and rows of a backup that is whole. Raises LedgerFailed with what is wrong with it."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise LedgerFailed(f"{file} cannot be read ({error}). Nothing was restored.") from error
    body, _, last = text.rstrip("\n").rpartition("\n")
    try:
        lines = [json.loads(line) for line in body.split("\n")]
        header, is_whole = lines[0], json.loads(last) == {"sha256": _sum(body + "\n")}
        is_backup = header["form"] == FORM
    except (ValueError, KeyError, TypeError, IndexError):
        is_backup = is_whole = False
    if not is_backup or not is_whole:
        raise LedgerFailed(f"{file} is no whole backup of a ledger: it was cut off, or changed. Nothing was restored.")
    if header["schema"] != HEAD:
        raise LedgerFailed(
            f"{file} was written by another version of Tandem (tables {header['schema']}, here {HEAD}). Restore it "
            "with that version, and open the ledger with this one."
        )
    rows: dict[str, list[Row]] = {table.name: [] for table in TABLES}
    for line in lines[1:]:
        rows[line.pop("table")].append(_typed(line))
    return header, rows


def _typed(row: Row) -> Row:
    return {name: dt.datetime.fromisoformat(value) if name.endswith("_at") else value for name, value in row.items()}


def _sum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
