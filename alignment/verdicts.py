"""Verdicts between the ledger and the numbers: delivered before a refresh, and not yet counted. Gives none."""

from __future__ import annotations

import datetime as dt

from alignment.gone import survivors
from alignment.ledger import Entry, Ledger, Verdict
from alignment.ledger.database import has_ledger
from data.company import Company
from metrics import Session

__all__ = ["deliver_verdicts", "uncounted"]

_COUNTED = """
    SELECT contact_id, happened_at, decision, reason, person_id FROM lead_decisions
    WHERE contact_id IN (SELECT unnest($ids))
"""


def deliver_verdicts(company: Company) -> None:
    """Put every verdict where the refresh that follows reads it. Raises LedgerFailed, DiskFailed."""
    if has_ledger(company):
        Ledger.open(company).deliver()


def uncounted(ledger: Ledger, session: Session) -> tuple[Entry[Verdict], ...]:
    """Verdicts that were entered, or changed, after the session's data was loaded; merged contacts are followed."""
    entered = ledger.entries(Verdict)
    if not entered:
        return ()
    now = survivors(session, "contact")
    ids = tuple(sorted({now.get(entry.content.contact_id, entry.content.contact_id) for entry in entered}))
    counted = set(session.run(_COUNTED, {"ids": ids}).iter_rows())
    return tuple(entry for entry in entered if _row(entry, now) not in counted)


def _row(entry: Entry[Verdict], now: dict[str, str]) -> tuple[str, dt.datetime, str, str | None, str]:
    content = entry.content
    contact = now.get(content.contact_id, content.contact_id)
    return contact, entry.added_at.replace(tzinfo=None), content.decision, content.reason, entry.changed_by
