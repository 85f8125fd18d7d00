"""Days and periods in words. Computes nothing and knows no Streamlit."""

from __future__ import annotations

import datetime as dt

from alignment.dates import day, span
from data.calendar import Period

__all__ = ["BEFORE", "day", "period_label", "short_span", "span"]

# What the period before is called in a sentence, by the kind of comparison.
BEFORE = {"previous": "the period before", "last_year": "a year before"}


def short_span(period: Period) -> str:
    """A whole period in a few words, without its year: Nov, Oct to Dec, 9 Nov to 15 Nov; a year is its number."""
    first, last = period.start, period.last
    if first.day == 1 and period.until.day == 1:
        if (first.month, first.year) == (last.month, last.year):
            return f"{first:%b}"
        return f"{first:%Y}" if period.days > 360 else f"{first:%b} to {last:%b}"
    return f"{first.day} {first:%b} to {last.day} {last:%b}"


def period_label(start: dt.date, grain: str) -> str:
    """The short name of a period on an axis: 9 Nov, Oct 2026, 2026."""
    if grain in ("day", "week"):
        return f"{start.day} {start:%b}"
    return f"{start:%Y}" if grain == "year" else f"{start:%b %Y}"
