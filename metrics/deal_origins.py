"""Who brought the deals: marketing, sales or partners, over time and in all. Asks and shares out; writes no SQL.

The origin of a deal is the first qualifying event before it was created (data/models/deal_origins.sql); a deal without
one is a group of its own, so that groups add up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from data.calendar import Period
from metrics.answers import Answer
from metrics.query import Query
from metrics.run import Session

__all__ = ["MEASURES", "ORIGIN", "ORIGINS", "DealOrigins", "OriginShare", "deal_origins", "origin_shares"]

ORIGIN = "origin"
# In the order in which they are shown; None is a deal of which no origin is known.
ORIGINS: Sequence[str | None] = ("marketing", "sales", "partner", None)
MEASURES = ("deals_created", "pipeline_created", "won_revenue", "win_rate")


@dataclass(frozen=True)
class OriginShare:
    """What one origin brought of a measure that adds up, and its share of all; None where there is nothing."""

    origin: str | None
    value: float
    share: float | None


@dataclass(frozen=True)
class DealOrigins:
    """Deals of a period by origin: by month, in all, and without a split."""

    by_month: Answer
    in_all: Answer
    total: Answer

    @property
    def reason(self) -> str | None:
        """Why nothing is known by origin, where that is so of every measure; each reason once."""
        reasons = [self.in_all.reasons.get(name) for name in MEASURES]
        return " ".join(dict.fromkeys(str(reason) for reason in reasons)) if all(reasons) else None

    @property
    def origins(self) -> list[str | None]:
        """The origins that brought anything in the period."""
        happened = pl.any_horizontal(pl.col(name).fill_null(0) != 0 for name in MEASURES[:-1])
        found = set(self.in_all.frame.filter(happened)[ORIGIN])
        return [*(one for one in ORIGINS if one in found), *sorted(one for one in found if one not in ORIGINS)]


def deal_origins(session: Session, period: Period, where: str | None) -> DealOrigins:
    """The measures of deals of type new in a period. Raises InvalidQuestion."""

    def ask(by: tuple[str, ...], grain: str | None = None) -> Answer:
        return session.answer(Query(MEASURES, by, grain, period=period, where=where, is_shared=True))

    return DealOrigins(ask((ORIGIN,), "month"), ask((ORIGIN,)), ask(()))


def origin_shares(frame: pl.DataFrame, metric: str) -> list[OriginShare]:
    """The shares of a measure that adds up, largest first; what has no origin stands last."""
    values = {origin: float(value or 0) for origin, value in frame.select(ORIGIN, metric).iter_rows()}
    whole = sum(values.values())
    found = [OriginShare(origin, value, value / whole if whole else None) for origin, value in values.items()]
    return sorted(found, key=lambda one: (one.origin is None, -one.value, one.origin or ""))
