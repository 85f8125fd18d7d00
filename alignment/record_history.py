"""What became of one record: who wrote what into it, when, and what stood there before. Changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from alignment.colleagues import People
from alignment.ledger import Change, Ledger
from alignment.ledger.entries import verified_word

__all__ = ["history_of"]

_SCHEMA = {"at": pl.String, "who": pl.String, "did": pl.String, "said": pl.String, "before": pl.String}


def history_of(ledger: Ledger, people: People, entry_id: int, labels: Mapping[str, str]) -> pl.DataFrame:
    """A row per change of an entry, the latest first: at (minutes of the company), who, did, said, before.

    `labels` names the fields that are told, in words; said and before hold those that became another. Raises
    InvalidEntry, LedgerFailed.
    """
    zone = ZoneInfo(ledger.company.time_zone)
    rows = []
    for change in reversed(ledger.history(entry_id)):
        before, after = change.before or {}, change.after or {}
        named = [name for name in labels if before.get(name) != after.get(name)]
        who = f"{people.name(change.by)} ({verified_word(change.is_verified)})"
        at = f"{change.at.astimezone(zone):%Y-%m-%d %H:%M}"
        rows.append(
            (at, who, _did(change), _words(after, named, labels, people), _words(before, named, labels, people))
        )
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


def _did(change: Change) -> str:
    if change.after is None:
        return "withdrawn"
    if change.version == 1:
        return "written"
    return "put back" if change.before is None else "corrected"


def _words(content: Mapping[str, Any], names: list[str], labels: Mapping[str, str], people: People) -> str:
    said = [(labels[name], _plain(content.get(name), people)) for name in names]
    if len(labels) == 1:
        return said[0][1] if said else ""
    return " · ".join(f"{label}: {words}" for label, words in said if words)


def _plain(value: Any, people: People) -> str:
    if isinstance(value, Mapping):
        return "; ".join(f"{people.name(who)}: {words}" for who, words in value.items())
    if isinstance(value, list):
        return "; ".join(people.name(str(one)) for one in value)
    return "" if value is None else str(value)
