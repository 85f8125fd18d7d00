"""What campaigns return and what a customer costs, as tiles of other days than the page. Computes nothing."""

from __future__ import annotations

from data.calendar import leading_to
from metrics import Answer, Query
from pages._campaign_pictures import RETURN, Campaigns
from pages._dates import day, span
from pages._page import View, metric_of, words
from pages._tiles import Tile

__all__ = ["COST", "PAYBACK", "cost", "cost_tile", "return_tile"]

COST, PAYBACK, MONTHS = "cac", "payback_months", 12


def return_tile(seen: View, found: Campaigns) -> Tile:
    """Return is never that of a period: a campaign earns long after it has spent."""
    label = metric_of(seen, RETURN).label
    if RETURN in found.total.reasons:
        return Tile(RETURN, label, None, reason=found.total.reasons[RETURN])
    revenue, spend = (words(seen, name, found.total.number(name)) for name in ("sourced_revenue", "spend"))
    through = f" up to {day(seen.session.through)}" if seen.session.through else ""
    foot = f"{revenue} of revenue for {spend} of spend{through}"
    return Tile(RETURN, label, words(seen, RETURN, found.total.number(RETURN)), foot=foot)


def cost(seen: View) -> Answer:
    """What a new customer costs, of twelve months: customers come later than what won them, and few in a week."""
    period = leading_to(seen.period.until, "month", seen.session.company, MONTHS)
    return seen.session.answer(Query((COST, PAYBACK), period=period, where=seen.where, is_shared=True))


def cost_tile(seen: View, found: Answer) -> Tile:
    label = metric_of(seen, COST).short_label or metric_of(seen, COST).label
    if COST in found.reasons:
        return Tile(COST, label, None, reason=found.reasons[COST])
    value, months, period = found.number(COST), found.number(PAYBACK), found.query.period
    when = f"Per customer of {span(period)}" if period else ""
    foot = when if months is None else f"{when}; paid back after {words(seen, PAYBACK, months)}"
    return Tile(COST, label, words(seen, COST, value), foot=foot, period=period)
