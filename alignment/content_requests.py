"""Content that sales asks for, per persona and band: who asks, how many, and what became of it. Draws nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from alignment.colleagues import people_of
from alignment.ledger import ContentRequest, Entry, Ledger
from metrics import Session

__all__ = ["STATES", "Asked", "asked"]

# From what still waits to what is done with.
STATES = ("open", "planned", "delivered", "declined")
_SCHEMA = {
    "persona": pl.String, "band": pl.String, "requests": pl.Int64, "state": pl.String, "who": pl.String,
    "words": pl.String, "reply": pl.String, "last_on": pl.Date,
}  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """The requests that stand, oldest first, and the same per persona and band.

    `people` has the name of each colleague by person_id, `sales` and `marketing` those of one team. `frame` has a row
    per persona and band: how many asked, the state furthest from done, who asked (unverified), the words of the latest
    and its day, and the latest answer; those that wait for longest in number come first.
    """

    entries: tuple[Entry[ContentRequest], ...]
    frame: pl.DataFrame
    people: Mapping[str, str]
    sales: tuple[str, ...]
    marketing: tuple[str, ...]


def asked(ledger: Ledger, session: Session) -> Asked:
    """What stands in the ledger, with the names of the session's data. Raises LedgerFailed."""
    people = people_of(session)
    entries = ledger.entries(ContentRequest)
    groups: dict[tuple[str, str], list[Entry[ContentRequest]]] = {}
    for entry in entries:
        groups.setdefault((entry.content.persona, entry.content.band), []).append(entry)
    frame = pl.DataFrame([_row(group, people.names) for group in groups.values()], schema=_SCHEMA, orient="row")
    waiting = pl.col("state").replace_strict(
        {state: place for place, state in enumerate(STATES)}, return_dtype=pl.Int64
    )
    return Asked(
        entries,
        frame.sort(waiting, pl.col("requests") * -1, "persona", "band"),
        people.names,
        people.sales,
        people.marketing,
    )


def _row(group: list[Entry[ContentRequest]], people: Mapping[str, str]) -> tuple[object, ...]:
    last = group[-1]
    state = min((entry.content.state for entry in group), key=STATES.index)
    who = ", ".join(
        dict.fromkeys(f"{people.get(entry.added_by, entry.added_by)} ({entry.verified})" for entry in group)
    )
    answered = [entry for entry in group if entry.content.reply]
    reply = max(answered, key=lambda entry: entry.changed_at).content.reply if answered else None
    content = last.content
    return content.persona, content.band, len(group), state, who, content.words, reply, last.added_at.date()
