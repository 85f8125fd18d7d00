"""Entries of the ledger that refer to what the present data no longer has. Mends nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from alignment.ledger import Content, Entry, Key, Ledger
from alignment.ledger.writing import keys_of
from data.identity import follow_merges
from metrics import Session

__all__ = ["Gone", "gone", "survivors"]

# The objects that a refresh may lose, and the fixed SELECT of those of them that are there.
_THERE = {
    "contact": "SELECT contact_id FROM contacts WHERE contact_id IN (SELECT unnest($ids))",
    "account": "SELECT account_id FROM accounts WHERE account_id IN (SELECT unnest($ids))",
    "deal": "SELECT deal_id FROM deals WHERE deal_id IN (SELECT unnest($ids))",
    "campaign": "SELECT campaign_id FROM campaigns WHERE campaign_id IN (SELECT unnest($ids))",
    "content": "SELECT content_id FROM content WHERE content_id IN (SELECT unnest($ids))",
    "person": "SELECT person_id FROM people WHERE person_id IN (SELECT unnest($ids))",
}
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
        said = f"{self.entry.kind} of {self.entry.added_by}, {self.entry.added_at:%Y-%m-%d}"
        return f"Entry {self.entry.id} ({said}): {self.key.object} {self.key.id} is no longer in the data{merged}."


def gone(ledger: Ledger, session: Session) -> tuple[Gone, ...]:
    """Every entry with every key of it that is gone from the session's data, in the order they were added."""
    entries = ledger.entries(Content)
    lost: dict[Key, str | None] = {}
    for object_ in _THERE:
        ids = {key.id for entry in entries for key in keys_of(entry.content) if key.object == object_}
        lost |= _lost(session, object_, ids)
    return tuple(_of(entries, lost))


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
    return {Key(object_, id_): merged.get(id_) for id_, end in now.items() if end not in there}
