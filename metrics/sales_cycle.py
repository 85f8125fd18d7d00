"""How long a sale takes, in whole months: by so much cost is taken earlier than what it won. Writes no SQL.

The lag is that of the whole company, whatever a question is narrowed to or split by: its numbers stay comparable.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from data.calendar import ONE_DAY, Period, add_units
from metrics.kinds import Duration, inputs_of
from metrics.moves import MedianCycle, Shift
from metrics.query import Query
from metrics.reach import Reach, Unanswerable

if TYPE_CHECKING:  # a session asks this module, which only asks it back
    from metrics.run import Session

__all__ = ["METRIC", "Cycle", "cycle", "cycle_note"]

METRIC = "sales_cycle_days"
_DAYS_PER_MONTH = 365.25 / 12


@dataclass(frozen=True)
class Cycle:
    """Half of the deals won in the twelve months up to `until`, not including it, took at most so many days."""

    days: float
    until: dt.date

    @property
    def months(self) -> int:
        """The nearest whole number of months, a half being the longer one."""
        return int(self.days / _DAYS_PER_MONTH + 0.5)

    @property
    def shift(self) -> Shift | None:
        return Shift(self.months, "month") if self.months else None


def cycle(session: Session, query: Query) -> Cycle:
    """The median sales cycle of the twelve months up to the end of a question's period, or of the data.

    Raises Unanswerable where no cycle is known.
    """
    metric = session.reach.metric(METRIC)
    if not isinstance(metric, Duration) or metric.unit != "days":
        raise Unanswerable(f"'{METRIC}' says how long a sale takes: it must be a duration in days.")
    until = _until(session.reach, query)
    period = Period(add_units(until, "year", -1), until)
    answer = session.answer(Query((METRIC,), period=period, as_of=query.as_of, viewer=query.viewer))
    if METRIC in answer.reasons:
        raise Unanswerable(answer.reasons[METRIC])
    days = answer.number(METRIC)
    if days is None:
        raise Unanswerable(
            f"No deal was won from {period.start} to {period.last}, so that nobody knows how long a sale takes and from"
            " which days its cost is."
        )
    return Cycle(float(days), until)


def _until(reach: Reach, query: Query) -> dt.date:
    """The end of the question's period, and never a day that the data does not reach."""
    if query.period is None:
        return reach.as_of(query)
    through = reach.manifest.through
    known = query.as_of or (through + ONE_DAY if through else query.period.until)
    return min(query.period.until, known)


def cycle_note(session: Session, query: Query) -> str | None:
    """What a question takes a median cycle earlier, and how long that is; None where it takes nothing so."""
    labels = list(dict.fromkeys(label for name in query.metrics for label in _lagged(session.reach, name)))
    if not labels:
        return None
    try:
        found = cycle(session, query)
    except Unanswerable:
        return None  # the metrics say so themselves, as their reason
    months = "1 month" if found.months == 1 else f"{found.months} months"
    what = " and ".join(labels)
    taken = f"{months} earlier" if found.months else "of the same days"
    last = found.until - ONE_DAY
    took = "1 day" if found.days == 1 else f"{found.days:g} days"
    return f"{what}, taken {taken}: the median sales cycle of the 12 months up to {last} is {took}."


def _lagged(reach: Reach, name: str) -> Iterator[str]:
    """The labels of what a metric takes a median cycle earlier, in itself or in what it is made of."""
    for _, given in inputs_of(reach.metric(name)):
        if isinstance(given.shift, MedianCycle):
            yield reach.metric(given.metric).label
        yield from _lagged(reach, given.metric)
