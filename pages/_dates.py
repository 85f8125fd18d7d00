"""Days and periods in words. Computes nothing and knows no Streamlit."""

from __future__ import annotations

import datetime as dt

from data.calendar import Period

__all__ = ["BEFORE", "day", "period_label", "short_span", "span"]

# What the period before is called in a sentence, by the kind of comparison.
BEFORE = {"previous": "the period before", "last_year": "a year before"}


def day(date: dt.date, *, with_year: bool = True) -> str:
    """9 November 2026."""
    return f"{date.day} {date:%B %Y}" if with_year else f"{date.day} {date:%B}"


def span(period: Period) -> str:
    """9 to 15 November 2026; October 2026; 28 September to 4 October 2026. Both days are inside."""
    first, last = period.start, period.last
    if first == last:
        return day(first)
    if first.day == 1 and period.until.day == 1:
        if (last.year, last.month) == (first.year, first.month):
            return f"{first:%B %Y}"
        return f"{first:%B}{'' if first.year == last.year else f' {first.year}'} to {last:%B %Y}"
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day} to {day(last)}"
    return f"{day(first, with_year=first.year != last.year)} to {day(last)}"


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
