"""The tables of the ledger as this version of Tandem reads them. The migrations make them.

entries       what stands there: one row per entry, its content as JSON
entry_keys    what each entry is about, to find it by
changes       what was done: who, when, what was before and after; rows are only ever added
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa

__all__ = ["HEAD", "TABLES", "changes", "entries", "entry_keys"]

# The newest migration, so that opening a ledger that is up to date need not look for it.
HEAD = "0002"


class Instant(sa.types.TypeDecorator[dt.datetime]):
    """An instant in UTC: timestamptz in PostgreSQL, text without a zone in SQLite."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Any) -> dt.datetime | None:
        if value is None:
            return None
        moment = value.astimezone(dt.UTC)
        return moment if dialect.name == "postgresql" else moment.replace(tzinfo=None)

    def process_result_value(self, value: dt.datetime | None, dialect: Any) -> dt.datetime | None:
        if value is None:
            return None
        return value.astimezone(dt.UTC) if dialect.name == "postgresql" else value.replace(tzinfo=dt.UTC)


_metadata = sa.MetaData()
# In PostgreSQL the column is jsonb, which takes and gives this just as well, without its dialect being imported.
_Json = sa.JSON(none_as_null=True)

entries = sa.Table(
    "entries",
    _metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("place", sa.Text),
    sa.Column("content", _Json, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("added_by", sa.Text, nullable=False),
    sa.Column("added_at", Instant, nullable=False),
    sa.Column("changed_by", sa.Text, nullable=False),
    sa.Column("changed_at", Instant, nullable=False),
    sa.Column("is_verified", sa.Boolean, nullable=False),
    sa.Column("is_withdrawn", sa.Boolean, nullable=False),
)
entry_keys = sa.Table(
    "entry_keys",
    _metadata,
    sa.Column("entry_id", sa.ForeignKey("entries.id"), primary_key=True),
    sa.Column("object", sa.Text, primary_key=True),
    sa.Column("object_id", sa.Text, primary_key=True),
)
changes = sa.Table(
    "changes",
    _metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("entry_id", sa.ForeignKey("entries.id"), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("person_id", sa.Text, nullable=False),
    sa.Column("happened_at", Instant, nullable=False),
    sa.Column("is_verified", sa.Boolean, nullable=False),
    sa.Column("before", _Json),
    sa.Column("after", _Json),
)
# In the order in which rows can be written.
TABLES = (entries, entry_keys, changes)
