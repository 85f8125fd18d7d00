"""Days and periods in words. Computes nothing."""

from __future__ import annotations

import datetime as dt

from data.calendar import Period

__all__ = ["day", "span"]


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
