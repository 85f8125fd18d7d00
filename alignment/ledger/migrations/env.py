"""Runs the migrations on the connection that is handed over; its caller holds the transaction and the lock."""

from __future__ import annotations

from alembic import context

context.configure(connection=context.config.attributes["connection"])
with context.begin_transaction():
    context.run_migrations()
