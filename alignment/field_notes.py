"""What sales hears outside, kept beside the data that it is about. Decides nothing and draws nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from alignment.ledger import Entry, FieldNote, Key, Ledger
from metrics import Session

__all__ = ["Noted", "People", "noted", "people_of"]

_PEOPLE = "SELECT person_id, coalesce(name, person_id), team FROM people ORDER BY ALL"
_SCHEMA = {"on": pl.String, "text": pl.String, "who": pl.String, "noted_on": pl.Date}


@dataclass(frozen=True)
class People:
    """The names of colleagues by person_id, and who is in sales and in marketing."""

    names: Mapping[str, str]
    sales: tuple[str, ...]
    marketing: tuple[str, ...]

    def name(self, person: str) -> str:
        return self.names.get(person, person)


@dataclass(frozen=True)
class Noted:
    """The notes about one object, latest first, as entries and as a frame: on, text, who (unverified), noted_on."""

    entries: tuple[Entry[FieldNote], ...]
    frame: pl.DataFrame


def people_of(session: Session) -> People:
    """Colleagues by name; none where no source gives people."""
    rows = session.read(_PEOPLE).rows()
    of_team = {team: tuple(person for person, _, its in rows if its == team) for team in ("sales", "marketing")}
    return People({person: name for person, name, _ in rows}, of_team["sales"], of_team["marketing"])


def noted(ledger: Ledger, people: People, about: Key) -> Noted:
    """The notes that stand about something. Raises LedgerFailed."""
    entries = tuple(sorted(ledger.entries(FieldNote, about), key=lambda entry: entry.id, reverse=True))
    rows = [
        (str(entry.content.on.id), entry.content.text, f"{people.name(entry.added_by)} ({entry.verified})",
         entry.added_at.date())
        for entry in entries
    ]  # fmt: skip
    return Noted(entries, pl.DataFrame(rows, schema=_SCHEMA, orient="row"))
