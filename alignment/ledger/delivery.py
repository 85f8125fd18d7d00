"""Verdicts on their way into the numbers: a file that the next refresh reads as an ordinary source. Refreshes nothing.

var/<company id>/entered/lead_decisions.parquet     every verdict that stands, in the order they were added
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterable
from pathlib import Path

import polars as pl

from alignment.ledger.entries import Entry
from alignment.ledger.kinds import Verdict
from data.company import Company
from data.durable import flush
from data.entered import entered_verdicts
from data.errors import DiskFailed

__all__ = ["deliver"]

_SCHEMA: dict[str, type[pl.DataType] | pl.DataType] = {
    "contact_id": pl.String,
    "happened_at": pl.Datetime("us"),
    "person_id": pl.String,
    "decision": pl.String,
    "reason": pl.String,
}


def deliver(company: Company, verdicts: Callable[[], Iterable[Entry[Verdict]]]) -> None:
    """Write the file anew, whole or not at all. `verdicts` gives those that stand; none at all is no file.

    The moment of a verdict is when it was first given, its person who wrote it last. Raises DiskFailed.
    """
    path = entered_verdicts(company)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with (path.parent / "lock").open("w") as lock:
            # Read under the lock, so that of two writers the second writes what the first has given too.
            fcntl.flock(lock, fcntl.LOCK_EX)
            rows = [_row(entry) for entry in verdicts()]
            if rows or path.exists():
                _replace(path, pl.DataFrame(rows, schema=_SCHEMA, orient="row"))
    except OSError as error:
        raise DiskFailed(error.filename or path, (error.strerror or str(error)).lower()) from error


def _row(entry: Entry[Verdict]) -> tuple[object, ...]:
    content = entry.content
    given_at = entry.added_at.replace(tzinfo=None)
    return content.contact_id, given_at, entry.changed_by, content.decision, content.reason


def _replace(path: Path, frame: pl.DataFrame) -> None:
    apart = path.with_suffix(".tmp")
    with apart.open("wb") as file:
        frame.write_parquet(file)
        file.flush()
        os.fsync(file.fileno())
    apart.replace(path)
    flush(path.parent)
