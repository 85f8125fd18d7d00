"""How the priorities of a quarter stand, and what the campaigns that serve them brought. Decides nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from alignment.agreement import standing_of
from data.calendar import ONE_DAY, Period, shift
from metrics import Query, Session, only
from metrics.priorities import Priority, quarters
from metrics.targets import Standing

__all__ = ["AMOUNTS", "Quarter", "Served", "campaigns_of", "present_quarter", "priorities_in"]

AMOUNTS = ("leads", "pipeline_created", "won_revenue", "spend")


@dataclass(frozen=True)
class Served:
    """A priority, how its target stands (None before its quarter begins), and what its campaigns brought and cost."""

    priority: Priority
    standing: Standing | None
    amounts: Mapping[str, float | None]


@dataclass(frozen=True)
class Quarter:
    """The priorities of a quarter in the order of the file; `period` is its days so far, None before it begins.

    `reasons` say per amount why there is none.
    """

    first: dt.date
    period: Period | None
    priorities: tuple[Served, ...]
    reasons: Mapping[str, str]


def present_quarter(session: Session) -> dt.date | None:
    """The latest quarter with priorities that has begun by the last day of the data, else the first; None without."""
    known = quarters(session.definitions.priorities.values())
    begun = [first for first in known if session.through is not None and first <= session.through]
    return begun[0] if begun else known[-1] if known else None


def priorities_in(session: Session, first: dt.date) -> Quarter:
    """The priorities of the quarter that begins on a day, as of the last day of the data in it."""
    own = [one for one in session.definitions.priorities.values() if one.quarter == first]
    period = _so_far(session, first)
    if period is None:
        return Quarter(first, None, tuple(Served(one, None, {}) for one in own), {})
    answer = session.answer(Query(AMOUNTS, ("priority",), period=period, is_shared=True))
    rows = {row["priority"]: row for row in answer.frame.to_dicts()}
    served = []
    for one in own:
        row = rows.get(one.tag, {})
        amounts = {name: None if name in answer.reasons else row.get(name) or 0 for name in AMOUNTS}
        served.append(Served(one, standing_of(session, one.objective, period.last), amounts))
    return Quarter(first, period, tuple(served), answer.reasons)


def campaigns_of(session: Session, priority: Priority, period: Period) -> pl.DataFrame:
    """A row per campaign tagged with a priority: campaign (its name) and the amounts, the most pipeline first."""
    asked = Query(AMOUNTS, ("campaign",), period=period, where=only("priority", [priority.tag]), is_shared=True)
    frame = session.answer(asked).frame
    names = session.names("campaign")
    return frame.with_columns(pl.col("campaign").replace(names)).sort(
        pl.col("pipeline_created").fill_null(0) * -1, "campaign"
    )


def _so_far(session: Session, first: dt.date) -> Period | None:
    if session.through is None or session.through < first:
        return None
    return Period(first, min(shift(first, "quarter", 1), session.through + ONE_DAY))
