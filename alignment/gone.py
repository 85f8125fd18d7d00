"""Entries of the ledger that refer to what the present data no longer has, and words for them. Mends nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from alignment.colleagues import People
from alignment.ledger import Content, Entry, Key, Ledger
from alignment.ledger.writing import keys_of
from data.identity import follow_merges
from metrics import Session
from metrics.campaign_leads import masked_key

__all__ = ["Gone", "gone", "listed", "survivors", "told"]

# The objects that a refresh may lose, and the fixed SELECT of those of them that are there.
_THERE = {
    "contact": "SELECT contact_id FROM contacts WHERE contact_id IN (SELECT unnest($ids))",
    "account": "SELECT account_id FROM accounts WHERE account_id IN (SELECT unnest($ids))",
    "deal": "SELECT deal_id FROM deals WHERE deal_id IN (SELECT unnest($ids))",
    "campaign": "SELECT campaign_id FROM campaigns WHERE campaign_id IN (SELECT unnest($ids))",
    "content": "SELECT content_id FROM content WHERE content_id IN (SELECT unnest($ids))",
    "person": "SELECT person_id FROM people WHERE person_id IN (SELECT unnest($ids))",
    "persona": """
        SELECT persona FROM contacts WHERE persona IN (SELECT unnest($ids))
        UNION SELECT persona FROM content WHERE persona IN (SELECT unnest($ids))
    """,
}
# What a page calls them, where that is another word.
_CALLED = {"contact": "lead", "person": "colleague"}
_NAMED = 3
_MERGES = "SELECT old_id, new_id FROM merges WHERE object = $kind"


@dataclass(frozen=True)
class Gone:
    """An entry that refers to a key which the data no longer has, and where the key was merged to, if it was.

    What was merged into a key that is there is not gone; it is not listed.
    """

    entry: Entry[Content]
    key: Key
    merged_into: str | None = None

    def __str__(self) -> str:
        merged = f", merged into {self.merged_into}, which is not there either" if self.merged_into else ""
        said = f"{self.entry.kind.replace('_', ' ')} of {self.entry.added_by}, {self.entry.added_at:%Y-%m-%d}"
        return f"Entry {self.entry.id} ({said}): {self.key.object} {self.key.id} is no longer in the data{merged}."


def gone(ledger: Ledger, session: Session, kind: type[Content] = Content) -> tuple[Gone, ...]:
    """Every entry, or those of one kind, with every key of it that is gone from the data, in the order of the entries.

    A persona is there while it is described, or contacts or content have it.
    """
    entries = ledger.entries(kind)
    lost: dict[Key, str | None] = {}
    for object_ in _THERE:
        ids = {key.id for entry in entries for key in keys_of(entry.content) if key.object == object_}
        lost |= _lost(session, object_, ids)
    return tuple(_of(entries, lost))


def told(found: Sequence[Gone], people: People) -> str:
    """A sentence for the page on which such entries stand; none where nothing is gone. Keys of contacts are masked."""
    if not found:
        return ""
    named = [f"{_object(one)} (by {people.name(one.entry.added_by)}, {one.entry.added_at:%Y-%m-%d})" for one in found]
    more = f" and {len(named) - _NAMED:,} more" if len(named) > _NAMED else ""
    many = "One record here is" if len(found) == 1 else f"{len(found):,} records here are"
    return f"{many} about what the data no longer has: {', '.join(named[:_NAMED])}{more}. Data health lists them all."


def listed(found: Sequence[Gone], people: People) -> pl.DataFrame:
    """A row per entry and key that is gone: record, about, who, added_on, merged_into. Keys of contacts are masked."""
    rows = [
        (one.entry.kind.replace("_", " "), _object(one), f"{people.name(one.entry.added_by)} ({one.entry.verified})",
         one.entry.added_at.date(), _shown(one.key.object, one.merged_into))
        for one in found
    ]  # fmt: skip
    schema = {"record": pl.String, "about": pl.String, "who": pl.String, "added_on": pl.Date, "merged_into": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _object(one: Gone) -> str:
    return f"{_CALLED.get(one.key.object, one.key.object)} {_shown(one.key.object, one.key.id)}"


def _shown(object_: str, key: str | None) -> str | None:
    return masked_key(key) if key and object_ == "contact" else key


def survivors(session: Session, object_: str) -> dict[str, str]:
    """Where each merged key of contacts, accounts or deals ends."""
    return follow_merges(dict(session.run(_MERGES, {"kind": object_}).iter_rows()))[0]


def _of(entries: Iterable[Entry[Content]], lost: dict[Key, str | None]) -> Iterator[Gone]:
    for entry in entries:
        for key in keys_of(entry.content):
            if key in lost:
                yield Gone(entry, key, lost[key])


def _lost(session: Session, object_: str, ids: set[str]) -> dict[Key, str | None]:
    if not ids:
        return {}
    merged = survivors(session, object_)
    now = {id_: merged.get(id_, id_) for id_ in ids}
    there = set(session.run(_THERE[object_], {"ids": tuple(sorted(set(now.values())))}).to_series())
    if object_ == "persona":
        there |= {persona.value for persona in session.definitions.personas.values()}
    return {Key(object_, id_): merged.get(id_) for id_, end in now.items() if end not in there}
