"""What stands out in answers: changes, the weakest step, what groups earn and how sure a rate is. Asks nothing."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

__all__ = [
    "Change",
    "CohortPoint",
    "Earner",
    "GroupRate",
    "Interval",
    "Step",
    "by_size",
    "change",
    "cohort_points",
    "earners",
    "first_periods",
    "group_rates",
    "paid_back",
    "share_by",
    "steps",
    "weakest",
    "wilson",
]

_Z = 1.959964  # the standard normal distribution has 95 % between -z and z


@dataclass(frozen=True)
class Change:
    """A number against the one before. `relative` is None where the number before is 0 or there is none.

    `is_good` is None where the metric has no welcome direction, or nothing changed.
    """

    now: float
    before: float
    relative: float | None
    is_good: bool | None

    @property
    def absolute(self) -> float:
        return self.now - self.before


def change(now: float | None, before: float | None, good: str) -> Change | None:
    """The judged change of a metric whose welcome direction is `good`; None without both numbers."""
    if now is None or before is None:
        return None
    is_good = None if good == "neither" or now == before else (now > before) == (good == "up")
    return Change(now, before, (now - before) / before if before else None, is_good)


@dataclass(frozen=True)
class Step:
    """One step of one cohort, from the table of a funnel. Rates are fractions of the matured; None if none matured."""

    step: str
    within_days: int
    entered: int
    converted_to_date: int
    matured: int
    converted_matured: int
    rate_to_date: float | None
    rate_matured: float | None


def steps(table: pl.DataFrame) -> list[Step]:
    """The rows of a funnel's table that is not split by anything, in order; `overall` is last."""
    names = list(Step.__annotations__)
    return [Step(*row) for row in table.select(names).iter_rows()]


def weakest(found: list[Step]) -> Step | None:
    """The single step with the lowest matured rate, `overall` left out; None with fewer than two rates to compare."""
    rated = [step for step in found if step.step != "overall" and step.rate_matured is not None]
    return min(rated, key=lambda step: step.rate_matured or 0.0) if len(rated) > 1 else None


@dataclass(frozen=True)
class CohortPoint:
    """One period's cohort on a line: its matured rate, or while part of it is still converting the rate so far.

    `is_recorded` is False where some entered before the later stage was recorded at all.
    """

    period: dt.date
    rate: float | None
    is_mature: bool
    is_recorded: bool


def cohort_points(table: pl.DataFrame) -> list[CohortPoint]:
    """One step of a funnel's table by period, in the order of time."""
    points = []
    for row in table.sort("period").iter_rows(named=True):
        is_mature = row["matured"] == row["entered"]
        rate = row["rate_matured"] if is_mature else row["rate_to_date"]
        points.append(CohortPoint(row["period"], rate, is_mature, row["unrecorded"] == 0))
    return points


def share_by(curve: pl.DataFrame, days: int) -> tuple[float, float | None]:
    """Kaplan-Meier and cumulative incidence of a curve (`Session.curve`, not split) on a day since entry.

    Neither changes between two rows, and before the first nobody has converted. The second is None where no losses
    are recorded.
    """
    known = curve.filter(pl.col("days") <= days).sort("days").tail(1)
    if known.is_empty():
        return 0.0, None if curve["cumulative_incidence"].is_null().all() else 0.0
    survived: float
    survived, incident = known.select("kaplan_meier", "cumulative_incidence").row(0)
    return survived, incident


@dataclass(frozen=True)
class Interval:
    """Between which rates the true one lies, in 95 of 100 cases."""

    low: float
    high: float


def wilson(converted: int, of: int) -> Interval | None:
    """The Wilson score interval of a rate p = converted / of, at 95 %; None of nothing.

    (p + z^2/2n +- z sqrt(p(1 - p)/n + z^2/4n^2)) / (1 + z^2/n), with n = `of` and z = 1.96 (Wilson 1927). It stays
    within 0 and 1 and has a width even where nobody converted, which p +- z sqrt(p(1 - p)/n) does not.
    """
    if not of:
        return None
    share = converted / of
    middle = share + _Z**2 / (2 * of)
    reach = _Z * math.sqrt(share * (1 - share) / of + _Z**2 / (4 * of**2))
    whole = 1 + _Z**2 / of
    return Interval(max(0.0, (middle - reach) / whole), min(1.0, (middle + reach) / whole))


@dataclass(frozen=True)
class GroupRate:
    """The matured rate of a group; None and without interval where none matured."""

    group: str | None
    matured: int
    converted: int
    rate: float | None
    interval: Interval | None


def group_rates(table: pl.DataFrame, dimension: str, step: str = "overall") -> list[GroupRate]:
    """One step of a funnel's table that is split by one dimension, in the order of the table."""
    rows = table.filter(pl.col("step") == step).select(dimension, "matured", "converted_matured", "rate_matured")
    return [
        GroupRate(group, matured, converted, rate, wilson(converted, matured))
        for group, matured, converted, rate in rows.iter_rows()
    ]


def by_size(
    table: pl.DataFrame, dimension: str, value: str, size: str, fewest: int
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Groups that are ranked by a value, and those that are not: fewer than `fewest`, no value, or no group.

    The ranked stand highest first; the others largest first, rows without a group last.
    """
    is_ranked = (pl.col(size) >= fewest) & pl.col(value).is_not_null() & pl.col(dimension).is_not_null()
    ranked = table.filter(is_ranked).sort(value, dimension, descending=[True, False])
    others = table.filter(~is_ranked).sort(pl.col(dimension).is_null(), -pl.col(size), dimension)
    return ranked, others


@dataclass(frozen=True)
class Earner:
    """What a group has brought and cost. `expected` is what as many leads bring on average."""

    group: str
    leads: int
    revenue: float
    spend: float | None
    expected: float

    @property
    def surplus(self) -> float:
        """Revenue above what as many leads bring on average; below it where negative."""
        return self.revenue - self.expected


def earners(table: pl.DataFrame, dimension: str, revenue_per_lead: float) -> list[Earner]:
    """Groups by how far their revenue is from that of as many average leads, farthest first.

    The table has a row per group with leads, sourced_revenue and spend; rows without a group are nobody's earnings.
    """
    rows = table.filter(pl.col(dimension).is_not_null()).select(dimension, "leads", "sourced_revenue", "spend")
    found = [
        Earner(group, leads, revenue or 0.0, spend, leads * revenue_per_lead)
        for group, leads, revenue, spend in rows.iter_rows()
    ]
    return sorted(found, key=lambda earner: (-abs(earner.surplus), earner.group))


def paid_back(found: Sequence[Earner]) -> tuple[int, int]:
    """How many groups have brought at least what was spent on them, out of how many on which something was spent."""
    paid_for = [earner for earner in found if earner.spend]
    return sum(earner.revenue >= (earner.spend or 0) for earner in paid_for), len(paid_for)


def first_periods(table: pl.DataFrame, dimension: str) -> Mapping[str | None, dt.date]:
    """The first period of each group in which any of the table's metrics was not 0."""
    metrics = [pl.col(name) for name in table.columns if name not in (dimension, "period")]
    happened = table.filter(pl.any_horizontal(metric.fill_null(0) != 0 for metric in metrics))
    return dict(happened.group_by(dimension).agg(pl.col("period").min()).iter_rows())
