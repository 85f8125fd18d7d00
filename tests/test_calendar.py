"""Days, weeks, months and fiscal years as a company counts them: every value was worked out on a calendar."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest

from data.calendar import (
    PRESETS,
    Period,
    business_days,
    comparison,
    last_complete,
    leading_to,
    periods_within,
    preset,
    shift,
    start_of,
)
from data.company import Company

NINE_TO_FIVE = (dt.time(9), dt.time(17))
# Monday to Friday, with New Year's Day, Good Friday and Easter Monday of 2026 off.
PLAIN = Company(
    Path("."),
    "mill",
    "Mill",
    "EUR",
    "Europe/Berlin",
    business_hours=dict.fromkeys(range(5), NINE_TO_FIVE),
    holidays=frozenset({dt.date(2026, 1, 1), dt.date(2026, 4, 3), dt.date(2026, 4, 6)}),
)
SUNDAYS = replace(PLAIN, week_starts=6)
FROM_APRIL = replace(PLAIN, fiscal_year_starts=4)
FROM_FEBRUARY = replace(PLAIN, fiscal_year_starts=2)


def day(text: str) -> dt.date:
    """`26-01-31` as a day of this century."""
    return dt.date.fromisoformat(f"20{text}")


def span(text: str) -> Period:
    """`26-01-01 26-02-01`: from the first day up to, not including, the second."""
    start, until = text.split()
    return Period(day(start), day(until))


class TestPeriods:
    def test_a_period_is_half_open(self) -> None:
        january = span("26-01-01 26-02-01")
        assert (january.days, january.last) == (31, day("26-01-31"))
        assert january.until == span("26-02-01 26-03-01").start

    @pytest.mark.parametrize(
        ("company", "of", "grain", "first"),
        [
            (PLAIN, "26-01-01", "day", "26-01-01"),
            (PLAIN, "26-01-01", "week", "25-12-29"),  # Thursday; the week began on Monday of the year before
            (PLAIN, "26-01-04", "week", "25-12-29"),  # Sunday
            (PLAIN, "26-01-05", "week", "26-01-05"),  # Monday
            (SUNDAYS, "26-01-03", "week", "25-12-28"),  # Saturday
            (SUNDAYS, "26-01-04", "week", "26-01-04"),  # Sunday
            (replace(PLAIN, week_starts=3), "26-01-07", "week", "26-01-01"),  # Wednesday; weeks from Thursday
            (PLAIN, "24-02-29", "month", "24-02-01"),
            (PLAIN, "26-05-31", "quarter", "26-04-01"),
            (PLAIN, "26-05-31", "year", "26-01-01"),
            (FROM_APRIL, "26-03-31", "year", "25-04-01"),
            (FROM_APRIL, "26-04-01", "year", "26-04-01"),
            (FROM_APRIL, "26-03-31", "quarter", "26-01-01"),
            (FROM_FEBRUARY, "26-01-31", "quarter", "25-11-01"),
            (FROM_FEBRUARY, "26-02-01", "quarter", "26-02-01"),
            (FROM_FEBRUARY, "26-01-31", "year", "25-02-01"),
            (FROM_FEBRUARY, "26-01-31", "month", "26-01-01"),
            (replace(PLAIN, fiscal_year_starts=12), "26-11-30", "year", "25-12-01"),
        ],
    )
    def test_the_first_day_of_a_period(self, company: Company, of: str, grain: str, first: str) -> None:
        assert start_of(day(of), grain, company) == day(first)

    @pytest.mark.parametrize(
        ("start", "grain", "count", "then"),
        [
            ("26-01-31", "day", 1, "26-02-01"),
            ("26-01-05", "week", -1, "25-12-29"),
            ("26-01-01", "month", -1, "25-12-01"),
            ("25-11-01", "quarter", 1, "26-02-01"),
            ("25-04-01", "year", 2, "27-04-01"),
            ("26-03-01", "month", 0, "26-03-01"),
        ],
    )
    def test_a_period_some_periods_later(self, start: str, grain: str, count: int, then: str) -> None:
        assert shift(day(start), grain, count) == day(then)

    def test_the_periods_that_overlap_a_span(self) -> None:
        assert periods_within(span("26-01-31 26-03-02"), "month", PLAIN) == (
            day("26-01-01"),
            day("26-02-01"),
            day("26-03-01"),
        )
        # Half-open: a span that ends on a Monday does not reach into that week.
        assert periods_within(span("26-01-05 26-01-19"), "week", PLAIN) == (day("26-01-05"), day("26-01-12"))
        assert periods_within(span("26-03-31 26-04-02"), "year", FROM_APRIL) == (day("25-04-01"), day("26-04-01"))

    @pytest.mark.parametrize(
        ("grain", "through", "count", "period"),
        [
            ("week", "26-01-11", 1, "26-01-05 26-01-12"),  # Sunday: its week is whole
            ("week", "26-01-10", 1, "25-12-29 26-01-05"),  # Saturday: its week is not
            ("week", "26-01-11", 4, "25-12-15 26-01-12"),
            ("month", "26-02-28", 1, "26-02-01 26-03-01"),
            ("month", "26-02-27", 3, "25-11-01 26-02-01"),
            ("quarter", "26-03-31", 1, "26-01-01 26-04-01"),
            ("year", "26-12-30", 1, "25-01-01 26-01-01"),
        ],
    )
    def test_the_last_complete_periods_have_data_on_every_day(
        self, grain: str, through: str, count: int, period: str
    ) -> None:
        assert last_complete(grain, day(through), PLAIN, count) == span(period)

    def test_the_periods_that_lead_to_a_day_hold_the_day_before_it(self) -> None:
        assert leading_to(day("26-01-15"), "week", PLAIN, 3) == span("25-12-29 26-01-15")
        assert leading_to(day("26-02-01"), "month", PLAIN, 2) == span("25-12-01 26-02-01")


class TestBusinessDays:
    @pytest.mark.parametrize(
        ("period", "worked"),
        [
            ("26-01-01 26-01-05", 1),  # Thursday is a holiday, then Friday and a weekend
            ("26-03-30 26-04-06", 4),  # a week with Good Friday
            ("26-04-06 26-04-13", 4),  # a week with Easter Monday
            ("26-01-03 26-01-05", 0),  # a weekend
            ("26-02-01 26-03-01", 20),
        ],
    )
    def test_holidays_and_days_without_hours_are_not_worked(self, period: str, worked: int) -> None:
        assert business_days(span(period), PLAIN) == worked

    def test_a_company_that_works_on_saturdays_counts_them(self) -> None:
        on_saturdays = replace(PLAIN, business_hours=dict.fromkeys(range(6), NINE_TO_FIVE))
        assert business_days(span("26-01-03 26-01-05"), on_saturdays) == 1


class TestComparisons:
    @pytest.mark.parametrize(
        ("company", "period", "before"),
        [
            (PLAIN, "26-02-01 26-03-01", "26-01-01 26-02-01"),  # a month with the month before
            (PLAIN, "26-04-01 26-07-01", "26-01-01 26-04-01"),  # a quarter
            (PLAIN, "26-02-01 26-04-01", "25-12-01 26-02-01"),  # two months
            (PLAIN, "26-01-01 27-01-01", "25-01-01 26-01-01"),  # a year
            (FROM_APRIL, "25-04-01 26-04-01", "24-04-01 25-04-01"),  # a fiscal year
            (FROM_FEBRUARY, "26-02-01 26-05-01", "25-11-01 26-02-01"),  # a fiscal quarter
            (PLAIN, "26-01-12 26-01-19", "26-01-05 26-01-12"),  # a week
            (PLAIN, "26-01-12 26-02-09", "25-12-15 26-01-12"),  # four weeks
            (SUNDAYS, "26-01-11 26-01-18", "26-01-04 26-01-11"),
            (PLAIN, "26-01-14 26-01-15", "26-01-07 26-01-08"),  # a Wednesday with the Wednesday before
            (PLAIN, "26-01-14 26-01-24", "26-01-04 26-01-14"),  # ten days with the ten before
            (PLAIN, "26-04-07 26-04-10", "26-04-04 26-04-07"),  # Tuesday to Thursday with the three days before
            (PLAIN, "26-03-01 26-03-02", "26-02-22 26-02-23"),  # one day, even where it begins a month
        ],
    )
    def test_a_complete_period_is_compared_with_the_one_before(
        self, company: Company, period: str, before: str
    ) -> None:
        assert comparison(span(period), "previous", company) == span(before)

    @pytest.mark.parametrize(
        ("period", "before"),
        [
            # Monday to Wednesday: three business days, like Monday to Wednesday of the week before.
            ("26-01-12 26-01-15", "26-01-05 26-01-08"),
            # Five days are worked, and the week before, with Easter Monday, has only four: all of it.
            ("26-04-13 26-04-18", "26-04-06 26-04-13"),
            # March up to its 5th business day (Friday the 6th); February began on a Sunday: up to Friday the 6th.
            ("26-03-01 26-03-07", "26-02-01 26-02-07"),
            # April up to its 2nd business day (the 2nd, before Good Friday); in March the 2nd one is Tuesday the 3rd.
            ("26-04-01 26-04-03", "26-03-01 26-03-04"),
            # March up to its 21st business day; February has 20.
            ("26-03-01 26-03-31", "26-02-01 26-03-01"),
            # January up to its 12th business day, without New Year's Day Monday the 19th; in December the 16th.
            ("26-01-01 26-01-20", "25-12-01 25-12-17"),
            # The quarter up to its 27th business day, 9 February; from October on that was Thursday, 6 November.
            ("26-01-01 26-02-10", "25-10-01 25-11-07"),
        ],
    )
    def test_a_period_to_date_is_compared_up_to_the_same_business_day(self, period: str, before: str) -> None:
        assert comparison(span(period), "previous", PLAIN) == span(before)

    @pytest.mark.parametrize(
        ("company", "period", "before"),
        [
            (PLAIN, "26-02-01 26-03-01", "25-02-01 25-03-01"),
            (PLAIN, "24-02-01 24-03-01", "23-02-01 23-03-01"),  # 29 days with 28
            (FROM_APRIL, "25-04-01 26-04-01", "24-04-01 25-04-01"),
            (PLAIN, "26-01-12 26-01-19", "25-01-13 25-01-20"),  # Monday to Monday
            (PLAIN, "26-01-14 26-01-15", "25-01-15 25-01-16"),  # a Wednesday with a Wednesday
        ],
    )
    def test_last_year_is_the_same_months_or_the_same_weekdays(
        self, company: Company, period: str, before: str
    ) -> None:
        assert comparison(span(period), "last_year", company) == span(before)


class TestPresets:
    @pytest.mark.parametrize(
        ("name", "period"),
        [
            ("week", "26-05-04 26-05-11"),
            ("4weeks", "26-04-13 26-05-11"),
            ("12weeks", "26-02-16 26-05-11"),
            ("month", "26-04-01 26-05-01"),
            ("3months", "26-02-01 26-05-01"),
            ("12months", "25-05-01 26-05-01"),
            ("quarter", "26-01-01 26-04-01"),
            ("weektodate", "26-05-11 26-05-14"),
            ("monthtodate", "26-05-01 26-05-14"),
            ("quartertodate", "26-04-01 26-05-14"),
        ],
    )
    def test_a_preset_follows_the_data(self, name: str, period: str) -> None:
        assert preset(name, day("26-05-13"), PLAIN) == span(period)  # data through a Wednesday

    def test_every_preset_has_a_value_here(self) -> None:
        mark = next(mark for mark in type(self).test_a_preset_follows_the_data.pytestmark if mark.name == "parametrize")
        assert {name for name, _ in mark.args[1]} == PRESETS.keys()

    def test_an_unknown_preset_is_an_error(self) -> None:
        with pytest.raises(KeyError):
            preset("fortnight", day("26-05-13"), PLAIN)
