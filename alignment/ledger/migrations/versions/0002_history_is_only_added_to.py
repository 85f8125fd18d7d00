"""The history refuses to be changed or deleted, by whatever program. Moves no rows."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"

SAYS = "the history of the ledger is only added to"


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{SAYS}'; END $$"
        )
        op.execute(
            "CREATE TRIGGER history_is_kept BEFORE UPDATE OR DELETE ON changes "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        return
    for what in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER history_is_kept_from_{what.lower()} BEFORE {what} ON changes "
            f"BEGIN SELECT RAISE(ABORT, '{SAYS}'); END"
        )
