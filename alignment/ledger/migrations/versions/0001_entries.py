"""Entries, what they are about, and the history of their changes. Moves no rows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None


def upgrade() -> None:
    json = sa.JSON().with_variant(JSONB(), "postgresql")
    instant = sa.DateTime(timezone=True)
    op.create_table(
        "entries",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("place", sa.Text),
        sa.Column("content", json, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("added_by", sa.Text, nullable=False),
        sa.Column("added_at", instant, nullable=False),
        sa.Column("changed_by", sa.Text, nullable=False),
        sa.Column("changed_at", instant, nullable=False),
        sa.Column("is_verified", sa.Boolean, nullable=False),
        sa.Column("is_withdrawn", sa.Boolean, nullable=False),
        sa.UniqueConstraint("kind", "place", name="one_per_place"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "entry_keys",
        sa.Column("entry_id", sa.Integer, sa.ForeignKey("entries.id"), primary_key=True),
        sa.Column("object", sa.Text, primary_key=True),
        sa.Column("object_id", sa.Text, primary_key=True),
    )
    op.create_index("entry_keys_by_object", "entry_keys", ["object", "object_id"])
    op.create_table(
        "changes",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("entry_id", sa.Integer, sa.ForeignKey("entries.id"), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("person_id", sa.Text, nullable=False),
        sa.Column("happened_at", instant, nullable=False),
        sa.Column("is_verified", sa.Boolean, nullable=False),
        sa.Column("before", json),
        sa.Column("after", json),
        sa.UniqueConstraint("entry_id", "version", name="one_change_per_version"),
        sqlite_autoincrement=True,
    )
