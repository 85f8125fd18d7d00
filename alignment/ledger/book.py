"""The ledger: entries added, changed and withdrawn by people, with the history of it all. Knows no pages, no rows.

A change names the version that its writer had read; where somebody else was faster, nothing is overwritten and both
texts are told. An entry is never deleted: one that is withdrawn stays in the history.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from alignment.ledger import schema
from alignment.ledger.database import Database, database
from alignment.ledger.delivery import deliver
from alignment.ledger.entries import Change, Entry
from alignment.ledger.kinds import Content, Key, Verdict
from alignment.ledger.writing import JSON, checked, from_json, keys_of, place_of, to_json
from data.company import Company
from data.errors import ChangedMeanwhile, DiskFailed, InvalidEntry

__all__ = ["Ledger", "Writing", "utc_now"]

C = TypeVar("C", bound=Content)
Clock = Callable[[], dt.datetime]
LONGEST_NAME = 200


def utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


@dataclass(frozen=True)
class Ledger:
    """The open ledger of a company. Cheap to open: connections are shared within the process."""

    company: Company
    database: Database
    clock: Clock = utc_now

    @staticmethod
    def open(company: Company, clock: Clock = utc_now) -> Ledger:
        """The ledger of a company, made where there is none. `clock` gives instants with a zone. LedgerFailed."""
        return Ledger(company, database(company), clock)

    def add(self, content: C, *, by: str) -> Entry[C]:
        """A new entry by a person. InvalidEntry; ChangedMeanwhile where its place is taken (`only_one_per`)."""
        with self.together() as writing:
            return writing.add(content, by=by)

    def change(self, entry_id: int, version: int, content: C, *, by: str) -> Entry[C]:
        """Another content for the entry that was read at `version`. InvalidEntry, ChangedMeanwhile."""
        with self.together() as writing:
            return writing.change(entry_id, version, content, by=by)

    def withdraw(self, entry_id: int, version: int, *, by: str) -> None:
        """Take back the entry that was read at `version`; it stays in the history. ChangedMeanwhile."""
        with self.together() as writing:
            writing.withdraw(entry_id, version, by=by)

    @contextmanager
    def together(self) -> Iterator[Writing]:
        """Several writes that are kept as a whole or not at all."""
        with self.database.writing() as connection:
            writing = Writing(connection, self.clock())
            yield writing
        if Verdict.name in writing.kinds:
            # The verdict is kept. Where the disk is full now, the next refresh delivers it, or says why it cannot.
            with suppress(DiskFailed):
                self.deliver()

    def deliver(self) -> None:
        """Write all verdicts to where the next refresh finds them. Raises DiskFailed."""
        deliver(self.company, lambda: self.entries(Verdict))

    def entry(self, entry_id: int) -> Entry[Content]:
        """One entry by its id, withdrawn ones too. InvalidEntry where there is none."""
        with self.database.reading() as connection:
            return _entry(connection, entry_id)

    def entries(self, kind: type[C], about: Key | None = None, *, withdrawn: bool = False) -> tuple[Entry[C], ...]:
        """All entries of a kind (`Content` for every kind) in the order they were added, of one key where given."""
        table, keys = schema.entries, schema.entry_keys
        query = sa.select(table).order_by(table.c.id)
        if kind.name:
            query = query.where(table.c.kind == kind.name)
        if not withdrawn:
            query = query.where(~table.c.is_withdrawn)
        if about is not None:
            found = sa.select(keys.c.entry_id).where(keys.c.object == about.object, keys.c.object_id == about.id)
            query = query.where(table.c.id.in_(found))
        with self.database.reading() as connection:
            return tuple(_as_entry(row) for row in connection.execute(query))

    def history(self, entry_id: int) -> tuple[Change, ...]:
        """Every change of an entry, the first one first. InvalidEntry where there is no such entry."""
        table = schema.changes
        query = sa.select(table).where(table.c.entry_id == entry_id).order_by(table.c.version)
        with self.database.reading() as connection:
            rows = connection.execute(query).all()
        if not rows:
            raise InvalidEntry(f"There is no entry {entry_id} in the ledger.")
        return tuple(
            Change(row.entry_id, row.version, row.person_id, row.happened_at, row.is_verified, row.before, row.after)
            for row in rows
        )

    def position(self) -> int:
        """Grows with every change: what was made of the ledger at one position is right until the next."""
        with self.database.reading() as connection:
            # Counted: the number of a change is given before it is kept, so that a higher one may be kept before it.
            return connection.execute(sa.select(sa.func.count()).select_from(schema.changes)).scalar_one()


@dataclass(frozen=True)
class Writing:
    """One transaction of the ledger. All its changes carry the same instant."""

    connection: sa.Connection
    now: dt.datetime
    kinds: set[str] = field(default_factory=set)

    def add(self, content: C, *, by: str) -> Entry[C]:
        written, place = checked(content), place_of(content, _person(by))
        values = {
            "kind": content.name, "place": place, "content": written, "version": 1, "is_withdrawn": False,
            "added_by": by, "added_at": self.now, "changed_by": by, "changed_at": self.now, "is_verified": False,
        }  # fmt: skip
        with self._place_kept(content, place, None):
            made = sa.insert(schema.entries).values(values).returning(schema.entries.c.id)
            entry_id: int = self.connection.execute(made).scalar_one()
        self._point(entry_id, content)
        self._remember(content.name, entry_id, 1, by, None, written)
        return _entry(self.connection, entry_id)  # type: ignore[return-value]  # it was written from a C just above

    def change(self, entry_id: int, version: int, content: C, *, by: str) -> Entry[C]:
        found, written = _entry(self.connection, entry_id), checked(content)
        if type(content) is not type(found.content):
            raise InvalidEntry(f"Entry {entry_id} is of kind {found.kind}; it cannot become one of {content.name}.")
        place = place_of(content, found.added_by)
        with self._place_kept(content, place, entry_id):
            values = {"content": written, "place": place, "is_withdrawn": False}
            before = self._write(found, version, by, content, values)
        self.connection.execute(sa.delete(schema.entry_keys).where(schema.entry_keys.c.entry_id == entry_id))
        self._point(entry_id, content)
        self._remember(content.name, entry_id, version + 1, by, before, written)
        return _entry(self.connection, entry_id)  # type: ignore[return-value]  # it was written from a C just above

    def withdraw(self, entry_id: int, version: int, *, by: str) -> None:
        found = _entry(self.connection, entry_id)
        before = self._write(found, version, by, None, {"place": None, "is_withdrawn": True})
        self._remember(found.kind, entry_id, version + 1, by, before, None)

    def hold(self, entry_id: int, version: int) -> None:
        """Keep an entry as it was read at `version` until this transaction ends. ChangedMeanwhile."""
        table = schema.entries
        query = sa.select(table.c.version).where(table.c.id == entry_id).with_for_update()
        if self.connection.execute(query).scalar() != version:
            raise _conflict(_entry(self.connection, entry_id), "what follows from what was read")

    def _write(self, found: Entry[Content], version: int, by: str, mine: Content | None, values: JSON) -> JSON | None:
        """Write where the version is still the one that was read. Gives what stood there, None if it was withdrawn."""
        table = schema.entries
        changed = self.connection.execute(
            sa.update(table)
            .where(table.c.id == found.id, table.c.version == version)
            .values(version=version + 1, changed_by=_person(by), changed_at=self.now, is_verified=False, **values)
        )
        # What was read above may have been written over before the row was locked.
        if changed.rowcount != 1 or found.version != version:
            raise _conflict(_entry(self.connection, found.id), mine)
        return None if found.is_withdrawn else to_json(found.content)

    @contextmanager
    def _place_kept(self, content: Content, place: str | None, own: int | None) -> Iterator[None]:
        """A write for which ChangedMeanwhile is raised where another entry is where at most one may be."""
        table = schema.entries
        query = sa.select(table.c.id).where(table.c.kind == content.name, table.c.place == place)
        try:
            with self.connection.begin_nested():
                yield
        except IntegrityError:
            taken = self.connection.execute(query).scalar()
            if place is None or taken is None or taken == own:
                raise
            raise _conflict(_entry(self.connection, taken), content) from None

    def _point(self, entry_id: int, content: Content) -> None:
        keys = [{"entry_id": entry_id, "object": key.object, "object_id": key.id} for key in keys_of(content)]
        if keys:
            self.connection.execute(sa.insert(schema.entry_keys), keys)

    def _remember(
        self, kind: str, entry_id: int, version: int, by: str, before: JSON | None, after: JSON | None
    ) -> None:
        row = {
            "entry_id": entry_id, "version": version, "person_id": by, "happened_at": self.now,
            "is_verified": False, "before": before, "after": after,
        }  # fmt: skip
        self.connection.execute(sa.insert(schema.changes).values(row))
        self.kinds.add(kind)


def _person(by: str) -> str:
    if not by.strip() or len(by) > LONGEST_NAME or "\x00" in by:
        raise InvalidEntry("Nobody is named as the one who writes. Choose a name.")
    return by


def _entry(connection: sa.Connection, entry_id: int) -> Entry[Content]:
    row = connection.execute(sa.select(schema.entries).where(schema.entries.c.id == entry_id)).first()
    if row is None:
        raise InvalidEntry(f"There is no entry {entry_id} in the ledger.")
    return _as_entry(row)


def _as_entry(row: Any) -> Entry[Any]:
    return Entry(
        id=row.id,
        content=from_json(row.kind, row.content, f"Entry {row.id} of the ledger"),
        version=row.version,
        added_by=row.added_by,
        added_at=row.added_at,
        changed_by=row.changed_by,
        changed_at=row.changed_at,
        is_verified=row.is_verified,
        is_withdrawn=row.is_withdrawn,
    )


def _conflict(there: Entry[Content], mine: Content | str | None) -> ChangedMeanwhile:
    return ChangedMeanwhile(
        there.id,
        there.version,
        mine if isinstance(mine, str) else _words(mine) if mine else "to withdraw it",
        "it is withdrawn" if there.is_withdrawn else _words(there.content),
        there.changed_by,
        f"{there.changed_at:%Y-%m-%d %H:%M} UTC",
    )


def _words(content: Content) -> str:
    """What was typed, without what was left empty."""
    said = {name: value for name, value in to_json(content).items() if value not in (None, "", [], {})}
    return json.dumps(said, ensure_ascii=False)
