"""What sales hears outside, kept beside the data that it is about. Decides nothing and draws nothing."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from alignment.colleagues import People
from alignment.ledger import Entry, FieldNote, Key, Ledger

__all__ = ["Noted", "noted"]

_SCHEMA = {"on": pl.String, "text": pl.String, "who": pl.String, "noted_on": pl.Date}


@dataclass(frozen=True)
class Noted:
    """The notes about one object, latest first, as entries and as a frame: on, text, who (unverified), noted_on."""

    entries: tuple[Entry[FieldNote], ...]
    frame: pl.DataFrame


def noted(ledger: Ledger, people: People, about: Key) -> Noted:
    """The notes that stand about something. Raises LedgerFailed."""
    entries = tuple(sorted(ledger.entries(FieldNote, about), key=lambda entry: entry.id, reverse=True))
    rows = [
        (str(entry.content.on.id), entry.content.text, f"{people.name(entry.added_by)} ({entry.verified})",
         entry.added_at.date())
        for entry in entries
    ]  # fmt: skip
    return Noted(entries, pl.DataFrame(rows, schema=_SCHEMA, orient="row"))
