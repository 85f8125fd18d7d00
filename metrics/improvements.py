"""Where the numbers suggest most: a step of one group against the best group of its kind. Claims no cause.

What is at stake is entries x (best rate - own rate) x the rates of the later steps x the average deal.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from data.calendar import Period
from metrics.findings import wilson
from metrics.query import Query
from metrics.run import Session

__all__ = ["DIMENSIONS", "FEWEST", "FUNNEL", "Improvement", "improvements", "largest_gaps"]

FUNNEL = "lead_to_customer"
DIMENSIONS = ("channel", "segment", "region")
# A rate of fewer entries moves by five points with one of them.
FEWEST = 20


@dataclass(frozen=True)
class Improvement:
    """A group's step beside that of the best group: matured entries, both rates, and what the gap would bring.

    `customers` and `revenue` are what as many entries would bring more at the best group's rate. `is_clear` is False
    where the difference may be chance: the 95 % intervals of both rates overlap.
    """

    dimension: str
    step: str
    group: str
    best: str
    entries: int
    rate: float
    best_rate: float
    customers: float
    revenue: float
    is_clear: bool


def improvements(
    session: Session, period: Period, where: str | None = None
) -> tuple[tuple[Improvement, ...], str | None]:
    """Per step and dimension the group with most at stake, most revenue first; or the reason why there are none."""
    asked = Query((FUNNEL,), period=period, where=where, is_shared=True)
    whole = session.funnel(FUNNEL, asked, counts_only=True)
    if whole.reasons:
        return (), next(iter(whole.reasons.values()))
    deal = session.answer(Query(("average_deal",), period=period, where=where, is_shared=True))
    average = None if deal.reasons else deal.number("average_deal")
    if average is None:
        return (), deal.reasons.get("average_deal") or "No deal was won in these months, so nothing tells its worth."
    known = set(session.dimensions_of(FUNNEL))
    tables = {
        name: session.funnel(FUNNEL, Query((FUNNEL,), (name,), period=period, where=where, is_shared=True),
                             counts_only=True).frame
        for name in DIMENSIONS if name in known
    }  # fmt: skip
    found = largest_gaps(whole.frame, tables, float(average))
    return found, None if found else f"No step has two groups with at least {FEWEST} matured entries to compare."


def largest_gaps(
    whole: pl.DataFrame, tables: Mapping[str, pl.DataFrame], average_deal: float
) -> tuple[Improvement, ...]:
    """From the table of a funnel, and the same split by each dimension: the largest gap of each step and dimension.

    Groups without a value and with fewer than FEWEST matured entries are not compared. A step whose later rates are
    not all known has nothing to say.
    """
    rates = {step: rate for step, rate in whole.select("step", "rate_matured").iter_rows() if step != "overall"}
    steps, found = list(rates), []
    for place, step in enumerate(steps):
        later = [rates[name] for name in steps[place + 1 :]]
        if any(rate is None for rate in later):
            continue
        for dimension, table in tables.items():
            gaps = _gaps(table, dimension, step, math.prod(later), average_deal)
            found += sorted(gaps, key=lambda gap: (-gap.revenue, gap.group))[:1]
    return tuple(sorted(found, key=lambda gap: (-gap.revenue, gap.dimension, gap.step)))


def _gaps(table: pl.DataFrame, dimension: str, step: str, later: float, average_deal: float) -> list[Improvement]:
    rows = table.filter(
        pl.col("step") == step, pl.col(dimension).is_not_null(), pl.col("matured") >= FEWEST
    ).sort("rate_matured", dimension, descending=[True, False])  # fmt: skip
    groups = list(rows.select(dimension, "matured", "converted_matured", "rate_matured").iter_rows())
    if len(groups) < 2:
        return []
    best, best_entries, best_converted, best_rate = groups[0]
    low = wilson(best_converted, best_entries)
    gaps = []
    for group, entries, converted, rate in groups[1:]:
        customers = entries * (best_rate - rate) * later
        if customers > 0:
            high = wilson(converted, entries)
            is_clear = low is not None and high is not None and low.low > high.high
            gaps.append(
                Improvement(dimension, step, str(group), str(best), entries, rate, best_rate, customers,
                            customers * average_deal, is_clear)
            )  # fmt: skip
    return gaps
