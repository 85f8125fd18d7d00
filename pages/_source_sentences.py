"""What sources bring, in sentences: Markdown whose text from data is escaped. Computes nothing."""

from __future__ import annotations

import polars as pl

from metrics import Answer
from metrics.findings import GroupRate
from pages import _words
from pages._dates import span
from pages._page import View
from pages._source_pictures import FEWEST, Quality
from pages._words import escape, strong

__all__ = ["dates", "sources"]


def sources(seen: View, customers: Answer, found: Quality) -> str:
    """Who brought the most customers, and whose leads become customers most often."""
    said = [_most(seen, customers, found), _best(found)]
    return " ".join(sentence for sentence in said if sentence)


def _most(seen: View, customers: Answer, found: Quality) -> str:
    if "customers" in customers.reasons:
        return escape(customers.reasons["customers"])
    known = customers.frame.filter(pl.col(found.dimension).is_not_null() & (pl.col("customers") > 0))
    if known.is_empty():
        return f"No customer with a known {escape(found.label.lower())} was won in {escape(span(seen.period))}."
    first = known.filter(pl.col("customers") == pl.col("customers").max()).sort(found.dimension)
    count = escape(_words.count(first["customers"][0]))
    if first.height > 2:
        return f"{first.height} brought the most customers ({count} each)."
    who = " and ".join(strong(found.name(group)) for group in first[found.dimension])
    return f"{who} brought the most customers ({count}{' each' if first.height > 1 else ''})."


def _best(found: Quality) -> str:
    """The best rate; and while ranges overlap, that the order may still change."""
    if found.overall is None:
        return escape(found.reason)
    if len(found.ranked) < 2 or not found.ranked[0].rate:
        return f"Too few leads to say whose become customers most often: it takes {FEWEST} in each of two groups."
    best, second = found.ranked[:2]
    rate = strong(_words.rate(best.rate))
    says = (
        f"The leads of {strong(found.name(best.group))} become customers most often: {rate} of"
        f" {escape(_words.count(best.matured))}, against {escape(_words.rate(found.overall.rate))} of all."
    )
    if _overlap(best, second):
        says += f" {escape(found.name(second.group))} is within its margin, so their order may change."
    return says


def _overlap(best: GroupRate, second: GroupRate) -> bool:
    return best.interval is None or second.interval is None or best.interval.low <= second.interval.high


def dates(found: Quality) -> str:
    """Of which leads the rates are."""
    return "" if found.period is None else f" · rates: leads of {span(found.period)}"
