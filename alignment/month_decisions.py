"""What was decided in a month, as the ledger has it: verdicts, adoptions, workshops and actions. Writes no entry.

Verdicts are counted, not told lead by lead, and without the words that were written to them. In what people typed, the
names of contacts are left out.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from alignment.colleagues import people_of
from alignment.ledger import Action, Adoption, Entry, Ledger, Proposal, Verdict, Workshop
from alignment.left_out import marks_of
from data.calendar import Period
from metrics import Session

__all__ = ["DECISION_COLUMNS", "decisions"]

DECISION_COLUMNS = {
    "decided_on": pl.Date, "title": pl.String, "text": pl.String, "owner": pl.String, "due_on": pl.Date,
    "state": pl.String, "kind": pl.String,
}  # fmt: skip
Day = Callable[[Entry[Any]], dt.date]
Row = tuple[dt.date, str, str, str, dt.date | None, str, str]


def decisions(session: Session, month: Period) -> pl.DataFrame:
    """A row per decision of the month in the company's days, oldest first. Raises LedgerFailed."""
    ledger, people = Ledger.open(session.company), people_of(session).names
    zone = ZoneInfo(session.company.time_zone)

    def day(entry: Entry[Any]) -> dt.date:
        return entry.added_at.astimezone(zone).date()

    rows = [
        *_verdicts([one for one in ledger.entries(Verdict) if _is_in(day(one), month)], session, month, day),
        *_adoptions(ledger, month, people, day),
        *_workshops(ledger, month),
        *_actions(ledger, month, people, day),
    ]
    return _without_names(session, pl.DataFrame(sorted(rows, key=lambda row: row[:3]), DECISION_COLUMNS, orient="row"))


def _is_in(day: dt.date, month: Period) -> bool:
    return month.start <= day < month.until


def _verdicts(entries: list[Entry[Verdict]], session: Session, month: Period, day: Day) -> Iterator[Row]:
    """A row per decision and reason, on the last day on which there was one."""
    version = session.definitions.agreement.in_force(month.last)
    labels = {one.code: one.label for one in version.reasons} if version is not None else {}
    groups: dict[tuple[str, str], list[dt.date]] = {}
    for one in entries:
        code = one.content.reason or ""
        groups.setdefault((one.content.decision, labels.get(code, code)), []).append(day(one))
    for (decision, reason), days in groups.items():
        many = "1 lead" if len(days) == 1 else f"{len(days):,} leads"
        because = f": {reason}" if reason else ""
        yield max(days), f"Leads {decision}", f"{many}{because}", "", None, decision, "verdict"


def _adoptions(ledger: Ledger, month: Period, people: Mapping[str, str], day: Day) -> Iterator[Row]:
    proposals = {one.id: one.content for one in ledger.entries(Proposal)}
    for one in ledger.entries(Adoption):
        proposal = proposals.get(one.content.proposal)
        if proposal is not None and _is_in(day(one), month):
            by = people.get(one.added_by, one.added_by)
            yield day(one), f"Adopted: {proposal.names}", proposal.why, by, proposal.starts_on, "adopted", "adoption"


def _workshops(ledger: Ledger, month: Period) -> Iterator[Row]:
    for one in ledger.entries(Workshop):
        if _is_in(one.content.held_on, month):
            for said in one.content.decisions:
                yield one.content.held_on, f"Workshop: {one.content.subject}", said, "", None, "decided", "workshop"


def _actions(ledger: Ledger, month: Period, people: Mapping[str, str], day: Day) -> Iterator[Row]:
    """Those begun or done in the month, in the state that they had when it ended."""
    for one in ledger.entries(Action):
        action, begun = one.content, day(one)
        is_done = action.done_on is not None and action.done_on < month.until
        is_of_it = _is_in(begun, month) or (action.done_on is not None and _is_in(action.done_on, month))
        if is_of_it:
            owner, state = people.get(action.owner, action.owner), "done" if is_done else "open"
            yield begun, "Action", action.text, owner, action.due_on, state, "action"


def _without_names(session: Session, frame: pl.DataFrame) -> pl.DataFrame:
    """With a mark in the place of each name of a contact, and each address, in what was typed."""
    marks = marks_of(session, [*frame["title"], *frame["text"]])
    marked = {name: [marks.left_out(text) for text in frame[name]] for name in ("title", "text")}
    return frame.with_columns(pl.Series(name, texts, dtype=pl.String) for name, texts in marked.items())
