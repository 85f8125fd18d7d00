"""Business time: hand-worked delays, days of 23 and 25 hours, any calendar against a clock that is walked through."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.business_time import clock_rows, instant_of
from data.company import Company

NINE_TO_FIVE = {day: (dt.time(9), dt.time(17)) for day in range(5)}
MONDAY = dt.date(2026, 3, 2)


def company(zone: str = "UTC", hours: Any = NINE_TO_FIVE, holidays: Any = ()) -> Company:
    return Company(Path("nowhere"), "tiny", "Tiny", "EUR", zone, business_hours=hours, holidays=frozenset(holidays))


def clocks(of: Company, first: dt.date, last: dt.date, zones: tuple[str, ...] = ()) -> dict[Any, dict[str, Any]]:
    return {(row["time_zone"], row["day"]): row for row in clock_rows(of, zones, first, last).to_dicts()}


def worked_at(rows: dict[Any, dict[str, Any]], zone: str, moment: dt.datetime) -> float:
    """One look-up and arithmetic, as the model's SQL does it."""
    row = rows[zone, moment.date()]
    seconds = float(row["worked_before"])
    for opens, closes in (("opens_at", "closes_at"), ("opens_again_at", "closes_again_at")):
        if row[opens] is not None and moment > row[opens]:
            seconds += (min(moment, row[closes]) - row[opens]).total_seconds()
    return seconds


def hours_between(of: Company, start: dt.datetime, end: dt.datetime, zone: str | None = None) -> float:
    """Business hours between two local times of the zone."""
    name = zone or of.time_zone
    rows = clocks(of, start.date() - dt.timedelta(days=3), end.date() + dt.timedelta(days=3), (name,))
    instants = [
        moment.replace(tzinfo=ZoneInfo(name)).astimezone(dt.UTC).replace(tzinfo=None) for moment in (start, end)
    ]
    return (worked_at(rows, name, instants[1]) - worked_at(rows, name, instants[0])) / 3600


def on(day: int, hour: int, minute: int = 0) -> dt.datetime:
    """Local time of a day of March 2026, which begins on a Sunday: the 2nd is a Monday."""
    return dt.datetime(2026, 3, day, hour, minute)


class TestHandWorkedDelays:
    def test_friday_afternoon_to_monday_morning_is_an_hour(self) -> None:
        assert hours_between(company(), on(6, 16, 30), on(9, 9, 30)) == 1

    def test_a_lead_of_saturday_waits_from_monday_on(self) -> None:
        assert hours_between(company(), on(7, 11), on(9, 10)) == 1

    def test_within_a_day_it_is_the_clock(self) -> None:
        assert hours_between(company(), on(3, 10), on(3, 12, 30)) == 2.5

    def test_a_holiday_is_no_working_time(self) -> None:
        assert hours_between(company(holidays=[dt.date(2026, 3, 9)]), on(6, 16, 30), on(10, 9, 30)) == 1

    def test_hours_may_differ_by_weekday(self) -> None:
        hours = {**NINE_TO_FIVE, 4: (dt.time(9), dt.time(13))}
        assert hours_between(company(hours=hours), on(5, 16), on(9, 10)) == 1 + 4 + 1

    def test_a_colleague_works_the_same_hours_in_a_zone_of_their_own(self) -> None:
        # 16:30 on Friday in New York is 22:30 in Berlin, where nobody works any more.
        assert hours_between(company("Europe/Berlin"), on(6, 16, 30), on(9, 9, 30), "America/New_York") == 1
        assert hours_between(company("Europe/Berlin"), on(6, 22, 30), on(9, 15, 30)) == 6.5

    def test_without_any_hours_no_time_is_worked(self) -> None:
        assert hours_between(company(hours={}), on(2, 0), on(30, 0)) == 0


class TestDaysOf23And25Hours:
    EVERY_DAY = dict.fromkeys(range(7), (dt.time(9), dt.time(17)))
    AT_NIGHT = dict.fromkeys(range(7), (dt.time(0), dt.time(6)))

    def test_a_weekend_with_a_switch_changes_no_working_hours(self) -> None:
        # The clocks of Berlin go forward on Sunday 29 March 2026.
        assert hours_between(company("Europe/Berlin"), on(27, 16, 30), on(30, 9, 30)) == 1

    @pytest.mark.parametrize(("day", "hours"), [(28, 6), (29, 5), (30, 6)])
    def test_a_night_shift_in_spring_is_an_hour_shorter(self, day: int, hours: int) -> None:
        assert hours_between(company("Europe/Berlin", self.AT_NIGHT), on(day, 0), on(day, 12)) == hours

    def test_a_night_shift_in_autumn_is_an_hour_longer(self) -> None:
        of = company("Europe/Berlin", self.AT_NIGHT)
        assert hours_between(of, dt.datetime(2026, 10, 25), dt.datetime(2026, 10, 25, 12)) == 7

    def test_a_day_without_its_switch_inside_has_its_usual_hours(self) -> None:
        assert hours_between(company("Europe/Berlin", self.EVERY_DAY), on(29, 0), on(29, 23)) == 8

    def test_hours_that_begin_in_the_skipped_hour_begin_after_it(self) -> None:
        hours = dict.fromkeys(range(7), (dt.time(2, 30), dt.time(6)))
        assert hours_between(company("Europe/Berlin", hours), on(28, 0), on(28, 12)) == 3.5
        assert hours_between(company("Europe/Berlin", hours), on(29, 0), on(29, 12)) == 3
        assert instant_of(dt.date(2026, 3, 29), ZoneInfo("Europe/Berlin"), dt.time(2, 30)) == on(29, 1)

    def test_a_day_that_a_zone_left_out_has_no_hours(self) -> None:
        # Samoa went from 29 to 31 December 2011.
        of = company("Pacific/Apia", self.EVERY_DAY)
        assert hours_between(of, dt.datetime(2011, 12, 29), dt.datetime(2011, 12, 31, 23)) == 16


ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Kiritimati",
         "America/Havana", "Africa/Casablanca", "Atlantic/Azores", "America/St_Johns"]  # fmt: skip
SWITCHES = [dt.date(2026, 3, 7), dt.date(2026, 3, 28), dt.date(2026, 4, 4), dt.date(2026, 10, 3), dt.date(2026, 10, 24),
            dt.date(2026, 10, 31), dt.date(2026, 2, 14), dt.date(2026, 7, 1)]  # fmt: skip
spans = st.tuples(st.integers(0, 1438), st.integers(1, 1439)).filter(lambda span: span[0] < span[1])
weeks = st.dictionaries(st.integers(0, 6), spans, max_size=7)


def time_of(minute: int) -> dt.time:
    return dt.time(minute // 60, minute % 60)


def walked(of: Company, zone: str, start: dt.datetime, end: dt.datetime) -> int:
    """Business minutes, minute by minute: the work of a day begins and ends once its hour is first seen."""
    minutes = 0
    opened: set[dt.date] = set()
    closed: set[dt.date] = set()
    moment = start - dt.timedelta(days=2)
    while moment < end:
        local = moment.replace(tzinfo=dt.UTC).astimezone(ZoneInfo(zone))
        day, hours = local.date(), of.business_hours.get(local.weekday())
        if hours is not None and day not in of.holidays:
            if local.time() >= hours[0]:
                opened.add(day)
            if local.time() >= hours[1]:
                closed.add(day)
        minutes += day in opened - closed and moment >= start
        moment += dt.timedelta(minutes=1)
    return minutes


@settings(max_examples=40, deadline=None, database=None, derandomize=True)
@given(
    hours=weeks,
    own=st.sampled_from(ZONES),
    zone=st.sampled_from(ZONES),
    day=st.sampled_from(SWITCHES),
    offsets=st.tuples(st.integers(0, 3 * 1440), st.integers(0, 2 * 1440)),
    holidays=st.sets(st.integers(0, 4), max_size=2),
)
def test_any_calendar_is_the_walked_one(
    hours: Any, own: str, zone: str, day: dt.date, offsets: tuple[int, int], holidays: set[int]
) -> None:
    of = company(
        own,
        {weekday: (time_of(opens), time_of(closes)) for weekday, (opens, closes) in hours.items()},
        [day + dt.timedelta(days=number) for number in holidays],
    )
    start = dt.datetime.combine(day, dt.time()) + dt.timedelta(minutes=offsets[0])
    end = start + dt.timedelta(minutes=offsets[1])
    rows = clocks(of, day - dt.timedelta(days=2), day + dt.timedelta(days=8), (zone,))
    assert worked_at(rows, zone, end) - worked_at(rows, zone, start) == 60 * walked(of, zone, start, end)
    for number in range(5):
        begins = instant_of(day + dt.timedelta(days=number), ZoneInfo(own))
        as_of = rows[zone, day + dt.timedelta(days=number)]["as_of_worked"]
        assert as_of == worked_at(rows, zone, begins)


def test_a_name_that_is_no_time_zone_has_no_clock() -> None:
    rows = clocks(company("Europe/Berlin"), MONDAY, MONDAY, ("Europe/Berlin", "Berlin", "America/New_York"))
    assert {zone for zone, _ in rows} == {"Europe/Berlin", "America/New_York"}
