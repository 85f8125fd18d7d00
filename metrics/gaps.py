"""What rows of a sealed generation lack: a time, a rate, an amount, a contact, a touch. Counts and lists them.

The SELECTs are written by hand and fixed, so that each can be read beside its sentence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from data.engine import quoted
from metrics.run import Session

__all__ = ["Gap", "Gaps", "absent", "gap_rows", "gaps"]

MOST_ROWS = 2_000


@dataclass(frozen=True)
class Gap:
    """How many of the rows of a kind lack something, and what follows from it.

    Where a column that it is told by has no answer here, `rows` and `among` are None and `reason` says why.
    """

    key: str
    label: str
    means: str
    rows: int | None = None
    among: int | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Gaps:
    """All kinds of gaps in the order of their weight: those found, those of which no row has any, and the unknown.

    `unknown` has the reasons why something cannot be told here, each with the kinds that it hides.
    """

    found: tuple[Gap, ...]
    none: tuple[Gap, ...]
    unknown: Mapping[str, tuple[Gap, ...]]

    @property
    def looked_for(self) -> int:
        return len(self.found) + len(self.none)


@dataclass(frozen=True)
class _Kind:
    """One kind of gap: where `lacks` is true of a row of `table`. `needs` are the columns that tell it."""

    key: str
    label: str
    means: str
    table: str
    needs: tuple[str, ...]
    lacks: str
    shows: tuple[str, ...]
    # A table of just the rows that lack it, where the refresh has made one.
    listed_in: str | None = None


_DEAL = ("deal_id", "account_id", "contact_id")
_KINDS = (
    _Kind(
        "won_without_day",
        "Won deals without a close date",
        "They count in totals over all time, and in no week or month.",
        "revenue",
        ("revenue.won_on",),
        '"won_on" IS NULL',
        (*_DEAL, "deal_type", "original_amount", "currency"),
    ),
    _Kind(
        "won_without_amount",
        "Won deals without an amount",
        "They count as won and add nothing to won revenue.",
        "revenue",
        ("revenue.amount",),
        '"original_amount" IS NULL',
        (*_DEAL, "deal_type", "won_on"),
    ),
    _Kind(
        "won_without_rate",
        "Won amounts without an exchange rate",
        "No rate is known for their currency on the day they closed, so they are in no sum.",
        "revenue",
        ("revenue.amount", "revenue.rate_missing"),
        '"rate_missing"',
        (*_DEAL, "won_on", "original_amount", "currency"),
    ),
    _Kind(
        "pipeline_without_rate",
        "Amounts of deals without an exchange rate",
        "No rate is known for their currency on the day they were opened, so they are in no sum of pipeline.",
        "pipeline",
        ("pipeline.amount", "pipeline.rate_missing"),
        '"rate_missing"',
        (*_DEAL, "created_on", "original_amount", "currency"),
    ),
    _Kind(
        "spend_without_rate",
        "Days of spend without an exchange rate",
        "No rate is known for their currency on that day, so they are in no sum of spend.",
        "daily_spend",
        ("daily_spend.amount", "daily_spend.rate_missing"),
        '"rate_missing"',
        ("spent_on", "campaign_id", "channel", "original_amount", "currency"),
    ),
    _Kind(
        "deals_without_contact",
        "Deals without a contact",
        "No way leads from them to a lead, a channel or a campaign: they stand among the unattributed.",
        "pipeline",
        ("pipeline.contact_id",),
        '"contact_id" IS NULL',
        ("deal_id", "account_id", "deal_type", "created_on", "is_won", "original_amount", "currency"),
    ),
    _Kind(
        "deals_without_day",
        "Deals without a creation date",
        "They are in no period of deals created.",
        "pipeline",
        ("pipeline.created_on",),
        '"created_on" IS NULL',
        (*_DEAL, "deal_type", "closed_on", "original_amount", "currency"),
    ),
    _Kind(
        "contacts_without_day",
        "Contacts without a creation date",
        "Nobody knows when they came in, unless the CRM stamped a stage for them.",
        "contacts",
        ("contacts.created_on",),
        '"created_on" IS NULL',
        ("contact_id", "account_id", "country", "original_source"),
    ),
    _Kind(
        "contacts_without_touch",
        "Contacts without any touch",
        "Marketing data knows nothing of them: their origin is what the CRM says, if it says anything.",
        "contacts",
        ("contacts.contact_id", "untouched_contacts.contact_id"),
        '"contact_id" IN (SELECT "contact_id" FROM "untouched_contacts")',
        ("contact_id", "account_id", "created_on", "country", "original_source"),
        listed_in="untouched_contacts",
    ),
    _Kind(
        "touches_without_day",
        "Touches without a time",
        "They are part of no path and create no lead.",
        "touches",
        ("touches.happened_on",),
        '"happened_on" IS NULL',
        ("touch_id", "contact_id", "kind", "channel", "campaign_id"),
    ),
)


def absent(session: Session, place: str) -> str | None:
    """Why no answer can use a `table.column` here, or None where it can be used."""
    table, _, column = place.partition(".")
    described = session.definitions.tables.get(table)
    if described is None or column not in described.columns:
        return f"{session.company.name} has no {place}: its own models leave it out."
    return described.columns[column].absent


def gaps(session: Session) -> Gaps:
    """Every kind of gap, counted or with its reason."""
    every = [_counted(session, kind) for kind in _KINDS]
    reasons = dict.fromkeys(gap.reason for gap in every if gap.reason is not None)
    return Gaps(
        found=tuple(gap for gap in every if gap.rows),
        none=tuple(gap for gap in every if gap.rows == 0),
        unknown={reason: tuple(gap for gap in every if gap.reason == reason) for reason in reasons},
    )


def _counted(session: Session, kind: _Kind) -> Gap:
    reason = next((found for need in kind.needs if (found := absent(session, need))), None)
    if reason is not None:
        return Gap(kind.key, kind.label, kind.means, reason=reason)
    lacking = f"count(*) FILTER (WHERE {kind.lacks})"
    if kind.listed_in is not None:
        lacking = f"(SELECT count(*) FROM {quoted(kind.listed_in)})"
    frame = session.read(f'SELECT {lacking} AS "rows", count(*) AS "among" FROM {quoted(kind.table)}')
    rows, among = frame.row(0)
    return Gap(kind.key, kind.label, kind.means, int(rows), int(among))


def gap_rows(session: Session, key: str) -> pl.DataFrame:
    """The first rows that lack something, by their keys and what else tells them apart; without unknown columns."""
    kind = next(kind for kind in _KINDS if kind.key == key)
    shown = ", ".join(quoted(name) for name in kind.shows if absent(session, f"{kind.table}.{name}") is None)
    return session.read(f"SELECT {shown} FROM {quoted(kind.table)} WHERE {kind.lacks} ORDER BY ALL LIMIT {MOST_ROWS}")
