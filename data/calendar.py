"""Days, weeks, months and fiscal years as a company counts them. Knows no clock: every day is given."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from data.company import Company

__all__ = [
    "GRAINS",
    "PRESETS",
    "Period",
    "add_units",
    "business_days",
    "cohort_unit",
    "comparison",
    "last_complete",
    "leading_to",
    "periods_within",
    "preset",
    "shift",
    "start_of",
]

GRAINS = ("day", "week", "month", "quarter", "year")
_MONTHS = {"month": 1, "quarter": 3, "year": 12}
ONE_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, order=True)
class Period:
    """Days from `start` up to, not including, `until`.

    Half-open, so that two adjacent months never count the same day twice.
    """

    start: dt.date
    until: dt.date

    @property
    def days(self) -> int:
        return (self.until - self.start).days

    @property
    def last(self) -> dt.date:
        """The last day inside."""
        return self.until - ONE_DAY


def start_of(day: dt.date, grain: str, company: Company) -> dt.date:
    """The first day of the day's week, month, fiscal quarter or fiscal year."""
    if grain == "day":
        return day
    if grain == "week":
        return day - dt.timedelta(days=(day.weekday() - company.week_starts) % 7)
    if grain == "month":
        return day.replace(day=1)
    months = (day.month - company.fiscal_year_starts) % 12 % _MONTHS[grain]
    return _add_months(day.replace(day=1), -months)


def shift(start: dt.date, grain: str, count: int) -> dt.date:
    """The first day of the period `count` grains after the one that begins at `start`."""
    if grain in _MONTHS:
        return _add_months(start, count * _MONTHS[grain])
    return start + dt.timedelta(days=count * (7 if grain == "week" else 1))


def _add_months(day: dt.date, count: int) -> dt.date:
    months = day.year * 12 + day.month - 1 + count
    return dt.date(months // 12, months % 12 + 1, 1)


def add_units(day: dt.date, unit: str, count: int) -> dt.date:
    """The day so many days, weeks, months, ... later; a day that its month lacks becomes the month's last."""
    if unit not in _MONTHS:
        return shift(day, unit, count)
    first = _add_months(day, count * _MONTHS[unit])
    return min(first + dt.timedelta(days=day.day - 1), _add_months(first, 1) - ONE_DAY)


def periods_within(period: Period, grain: str, company: Company) -> tuple[dt.date, ...]:
    """First days of all periods of the grain that overlap the given one."""
    starts = [start_of(period.start, grain, company)]
    while (following := shift(starts[-1], grain, 1)) < period.until:
        starts.append(following)
    return tuple(starts)


def last_complete(grain: str, through: dt.date, company: Company, count: int = 1) -> Period:
    """The last `count` whole weeks, months, ... of which every day has data."""
    until = start_of(through + ONE_DAY, grain, company)
    return Period(shift(until, grain, -count), until)


def cohort_unit(period: Period, company: Company) -> tuple[str, int]:
    """Grain and count of a cohort as long as a period: a quarter, a number of months, and a month for anything less.

    Cohorts shorter than a month hold too few entries for a rate that one may believe.
    """
    grain = _whole(period, company)
    if grain in ("year", "quarter", "month"):
        return grain, len(periods_within(period, grain, company))
    return "month", 1


def leading_to(until: dt.date, grain: str, company: Company, count: int) -> Period:
    """The `count` weeks, months, ... of which the last holds the day before `until`; it may be incomplete."""
    last = start_of(until - ONE_DAY, grain, company)
    return Period(shift(last, grain, 1 - count), until)


def business_days(period: Period, company: Company) -> int:
    """Days on which the company works: with business hours, and no holiday."""
    days = (period.start + dt.timedelta(days=n) for n in range(period.days))
    return sum(_works(day, company) for day in days)


def _works(day: dt.date, company: Company) -> bool:
    return day.weekday() in company.business_hours and day not in company.holidays


def comparison(period: Period, kind: str, company: Company) -> Period:
    """What a period is compared with, like for like (formulas: Periods).

    A day with the same weekday a week before; whole months with as many whole months before; whole weeks likewise; a
    period to date with the one before, up to its n-th business day; any other span with as many days before. `kind`
    is `previous` or `last_year`: the same months a year before, else 52 weeks before, so that weekdays agree.
    """
    grain = _whole(period, company)
    if kind == "last_year":
        if grain in _MONTHS:
            return Period(shift(period.start, "year", -1), shift(period.until, "year", -1))
        year = dt.timedelta(weeks=52)
        return Period(period.start - year, period.until - year)
    if period.days == 1:
        week = dt.timedelta(weeks=1)
        return Period(period.start - week, period.until - week)
    if grain is not None:
        count = len(periods_within(period, grain, company))
        return Period(shift(period.start, grain, -count), period.start)
    return _to_date(period, company) or Period(period.start - dt.timedelta(days=period.days), period.start)


def _whole(period: Period, company: Company) -> str | None:
    """The largest grain that the period is a whole number of. Years before quarters before months, weeks last."""
    for grain in ("year", "quarter", "month", "week"):
        if all(start_of(day, grain, company) == day for day in (period.start, period.until)):
            return grain
    return None


def _to_date(period: Period, company: Company) -> Period | None:
    """The period before one that has begun but not ended, up to the same number of business days."""
    for grain in ("week", "month", "quarter", "year"):
        begins = start_of(period.start, grain, company) == period.start
        if not begins or period.until > shift(period.start, grain, 1):
            continue
        before = Period(shift(period.start, grain, -1), period.start)
        wanted = business_days(period, company)
        until = before.start
        while wanted and until < before.until:
            wanted -= _works(until, company)
            until += ONE_DAY
        return Period(before.start, until) if until > before.start else None
    return None


def _to(grain: str, count: int = 1) -> Callable[[dt.date, Company], Period]:
    return lambda through, company: last_complete(grain, through, company, count)


def _so_far(grain: str) -> Callable[[dt.date, Company], Period]:
    return lambda through, company: Period(start_of(through, grain, company), through + ONE_DAY)


# Name in a link, words on the screen, period. Complete ones first: they are what a meeting compares.
PRESETS: Mapping[str, tuple[str, Callable[[dt.date, Company], Period]]] = {
    "week": ("Last complete week", _to("week")),
    "4weeks": ("Last 4 complete weeks", _to("week", 4)),
    "12weeks": ("Last 12 complete weeks", _to("week", 12)),
    "month": ("Last complete month", _to("month")),
    "3months": ("Last 3 complete months", _to("month", 3)),
    "12months": ("Last 12 complete months", _to("month", 12)),
    "quarter": ("Last complete quarter", _to("quarter")),
    "weektodate": ("This week to date", _so_far("week")),
    "monthtodate": ("This month to date", _so_far("month")),
    "quartertodate": ("This quarter to date", _so_far("quarter")),
}


def preset(name: str, through: dt.date, company: Company) -> Period:
    """The period of a preset for data that reaches through a day. KeyError for an unknown name."""
    return PRESETS[name][1](through, company)
