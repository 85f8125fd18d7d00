"""Back from a goal to customers, opportunities, SQLs, MQLs and leads, each with the day by which it is needed.

The chain is arithmetic over given rates and lags (`back_from`); `calculate` asks a company for its own.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import polars as pl

from data.calendar import ONE_DAY, Period, add_units, shift, start_of
from data.errors import InvalidQuestion
from metrics import Query, Session
from metrics.funnel import declared_steps
from metrics.kinds import Funnel
from metrics.reach import Unanswerable

__all__ = ["FUNNEL", "Calculation", "Needed", "Passage", "back_from", "calculate", "goal_period", "remaining"]

# The funnel whose matured rates and median lags lead back, and of how many months its cohorts are.
FUNNEL = "lead_to_customer_by_stage"
MONTHS = 12


@dataclass(frozen=True)
class Passage:
    """From one stage to the next: which share goes on, and after how many days half of those have."""

    stage: str
    label: str
    next_label: str
    rate: float | None
    lag: float | None
    matured: int


@dataclass(frozen=True)
class Needed:
    """How many must have entered a stage, and the last day on which that is in time; None where it is not known."""

    stage: str
    label: str
    count: int | None
    by: dt.date | None
    is_past: bool = False


@dataclass(frozen=True)
class Calculation:
    """What a goal needs. `remaining` is what is left of it after what is won and the weighted pipeline due; `due` is
    that pipeline in full.

    `needed` goes from customers back to leads; `reasons` say what could not be told.
    """

    goal: float
    period: Period
    won: float
    weighted: float
    remaining: float
    deal_size: float | None
    passages: tuple[Passage, ...]
    needed: tuple[Needed, ...]
    reasons: tuple[str, ...] = ()
    due: float | None = None

    @property
    def coverage(self) -> float | None:
        """The open pipeline expected to close in the period by what is not won yet of the goal; None once it is won."""
        return self.due / (self.goal - self.won) if self.due is not None and self.goal > self.won else None

    @property
    def too_late(self) -> tuple[Needed, ...]:
        return tuple(one for one in self.needed if one.is_past)


def remaining(goal: float, won: float, weighted: float) -> float:
    """What new customers must still bring: the goal less what is won and what the open pipeline will likely bring."""
    return max(0.0, goal - won - weighted)


def back_from(customers: int, label: str, passages: Sequence[Passage], last: dt.date, today: dt.date) -> list[Needed]:
    """From customers back through passages, the last one first: 7 customers at 5 % need 140 leads.

    Numbers are rounded up once, at the end of each product, so that rounding does not add up. Days are `last` less the
    median lags; one before `today` has passed, if anything is needed.
    """
    found = [Needed("customer", label, customers, last, is_past=last < today and customers > 0)]
    count: float | None = float(customers)
    days: float | None = 0.0
    for passage in reversed(passages):
        count = count / passage.rate if count is not None and passage.rate else (0.0 if count == 0 else None)
        days = days + passage.lag if days is not None and passage.lag is not None else None
        # A tiny part of a lead is a slip of binary fractions: 7 / 0.05 is 140, not 141.
        whole = None if count is None else math.ceil(count - 1e-6)
        by = None if days is None else last - dt.timedelta(days=math.ceil(days))
        found.append(
            Needed(passage.stage, passage.label, whole, by, is_past=bool(whole and by is not None and by < today))
        )
    return found


def goal_period(session: Session, per: str, ahead: int = 0) -> Period:
    """The week, month, ... that the day after the data lies in, or one `ahead` of it."""
    if session.through is None:
        raise InvalidQuestion("No file says how far its data reaches, so there is no present period: give its days.")
    begin = shift(start_of(session.through + ONE_DAY, per, session.company), per, ahead)
    return Period(begin, shift(begin, per, 1))


def calculate(session: Session, goal: float, period: Period, deal_size: float | None = None) -> Calculation:
    """What a goal in won revenue needs, by the matured rates and median lags of the last twelve months."""
    if session.through is None:
        raise InvalidQuestion("No file says how far its data reaches, so nothing can be said of what is to come.")
    today = session.through + ONE_DAY
    year = Period(add_units(today, "month", -MONTHS), today)
    so_far = Period(period.start, max(min(period.until, today), period.start + ONE_DAY))
    won, won_reason = _number(session, "won_revenue", so_far)
    weighted, weighted_reason = _number(session, "weighted_pipeline_due", period)
    due, _ = _number(session, "pipeline_due", period)
    size, size_reason = (deal_size, None) if deal_size else _number(session, "average_deal", year)
    left = remaining(goal, won or 0.0, weighted or 0.0)
    passages, reason = _passages(session, year)
    reasons = [text for text in (weighted_reason, won_reason, size_reason, reason) if text]
    needed: list[Needed] = []
    if size:
        needed = back_from(math.ceil(left / size - 1e-6), _label(session, "customer"), passages, period.last, today)
    elif not size_reason:
        reasons.append("No deal with an amount was won in the last twelve months: give the size of a deal.")
    return Calculation(
        goal, period, won or 0.0, weighted or 0.0, left, size, tuple(passages), tuple(needed), tuple(reasons), due
    )


def _number(session: Session, metric: str, period: Period) -> tuple[float | None, str | None]:
    answer = session.answer(Query((metric,), period=period))
    value = None if metric in answer.reasons else answer.number(metric)
    return (None if value is None else float(value)), answer.reasons.get(metric)


def _passages(session: Session, year: Period) -> tuple[list[Passage], str | None]:
    """The steps of the funnel over the entries of a year; why there are none, where there are none."""
    funnel = session.reach.metric(FUNNEL)
    assert isinstance(funnel, Funnel)
    try:
        steps = declared_steps(session.reach, funnel)
    except Unanswerable as reason:
        return [], str(reason)
    answer = session.funnel(FUNNEL, Query((FUNNEL,), period=year))
    if answer.reasons.get(FUNNEL):
        return [], answer.reasons[FUNNEL]
    found = []
    for before, after in pairwise(steps):
        row = answer.frame.filter(pl.col("step") == after.stage).row(0, named=True)
        found.append(
            Passage(
                before.stage, _label(session, before.stage), _label(session, after.stage), row["rate_matured"],
                row["median_days"], int(row["matured"]),
            )
        )  # fmt: skip
    return found, None


def _label(session: Session, stage: str) -> str:
    return session.reach.stages[stage].label if stage in session.reach.stages else stage.capitalize()
