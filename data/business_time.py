"""Business time as a table: how many business seconds have gone by at any instant, per time zone. Measures no delay.

An owner works the company's hours in a time zone of their own. The table `clocks` has a row per zone and UTC day with
the seconds worked before that day and the stretches worked in it, so that one join and a subtraction give the business
seconds between two instants, through every change of the clocks.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from zoneinfo import ZoneInfo

import polars as pl

from data.calendar import ONE_DAY
from data.company import Company, is_zone
from data.description import Column, TableDescription
from data.engine import Workbench, quoted

__all__ = ["CLOCKS", "clock_rows", "create_clocks", "describe_clocks", "instant_of"]

CLOCKS = "clocks"
_SENTENCE = (
    "Business time: for each time zone and UTC day the seconds worked before it and the stretches worked in it; and"
    " as_of_worked, the seconds worked when that day begins in the company's own zone."
)
_COLUMNS = {
    "time_zone": "VARCHAR",
    "day": "DATE",
    "worked_before": "BIGINT",
    "opens_at": "TIMESTAMP",
    "closes_at": "TIMESTAMP",
    "opens_again_at": "TIMESTAMP",
    "closes_again_at": "TIMESTAMP",
    "as_of_worked": "BIGINT",
}
# What is timed against business hours. Days of garbage (a year 1900) would make a calendar of ten thousands of days.
_TIMED = ("contacts.created_on", "assignments.happened_on", "activities.happened_on", "lead_decisions.happened_on",
          "stage_changes.happened_on", "deals.created_on", "deals.closed_on")  # fmt: skip
_EARLIEST, _LATEST = dt.date(1990, 1, 1), dt.date(2100, 1, 1)
# A question may be asked as of a day after the data; past a year everything promised is overdue anyway.
_BEYOND = dt.timedelta(days=400)

Stretch = tuple[dt.datetime, dt.datetime]
_NONE = (None, None)


def create_clocks(company: Company, bench: Workbench) -> None:
    """Create the table for the company's zone and those of its people, over all days that anything is timed by."""
    zones = bench.frame("SELECT DISTINCT time_zone FROM people WHERE time_zone IS NOT NULL")["time_zone"].to_list()
    spans = [
        f"SELECT min({column}) AS first, max({column}) AS last FROM {quoted(table)}"
        f" WHERE {column} BETWEEN '{_EARLIEST}' AND '{_LATEST}'"
        for table, column in (place.split(".") for place in _TIMED)
    ]
    first, last = bench.frame(f"SELECT min(first), max(last) FROM ({' UNION ALL '.join(spans)})").row(0)
    columns = ", ".join(f"{quoted(name)} {kind}" for name, kind in _COLUMNS.items())
    bench.execute(f"CREATE TABLE {quoted(CLOCKS)} ({columns})")
    if first is not None:
        bench.insert(quoted(CLOCKS), clock_rows(company, zones, first - 2 * ONE_DAY, last + _BEYOND))


def describe_clocks(bench: Workbench) -> TableDescription:
    """What `list tables` and the loader know of it."""
    rows = int(bench.frame(f"SELECT count(*) FROM {quoted(CLOCKS)}").item())
    columns = {name: Column(name, kind) for name, kind in _COLUMNS.items()}
    return TableDescription(CLOCKS, _SENTENCE, ("time_zone", "day"), columns, rows)


def clock_rows(company: Company, zones: Iterable[str], first: dt.date, last: dt.date) -> pl.DataFrame:
    """The rows of `clocks` from `first` to `last`, both inside. Names that are no time zone are left out."""
    known = dict.fromkeys([company.time_zone, *sorted(zone for zone in zones if is_zone(zone))])
    rows = [row for zone in known for row in _rows_of(company, zone, first, last)]
    kinds = {"DATE": pl.Date(), "BIGINT": pl.Int64(), "TIMESTAMP": pl.Datetime("us"), "VARCHAR": pl.String()}
    return pl.DataFrame(rows, schema={name: kinds[kind] for name, kind in _COLUMNS.items()}, orient="row")


def instant_of(day: dt.date, zone: ZoneInfo, wall: dt.time = dt.time()) -> dt.datetime:
    """The first UTC instant, without offset, at which a zone's clocks show that time of the day or a later one."""
    local = dt.datetime.combine(day, wall, zone)
    found = local.astimezone(dt.UTC)
    if found.astimezone(zone).replace(tzinfo=None) != local.replace(tzinfo=None):
        # The clocks skip this time. Read with the offset from after the jump, it lies before the jump by as much as it
        # lies past the jump when read with the offset from before.
        found = _jump(local.replace(fold=1).astimezone(dt.UTC), found, zone)
    return found.replace(tzinfo=None)


def _jump(before: dt.datetime, after: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    """The instant between two at which a zone's clocks change, to the second."""
    offset = before.astimezone(zone).utcoffset()
    low, high = 0, int((after - before).total_seconds())
    while high - low > 1:
        middle = (low + high) // 2
        is_before = (before + dt.timedelta(seconds=middle)).astimezone(zone).utcoffset() == offset
        low, high = (middle, high) if is_before else (low, middle)
    return before + dt.timedelta(seconds=high)


def _rows_of(company: Company, name: str, first: dt.date, last: dt.date) -> Iterator[tuple[object, ...]]:
    """The rows of one zone. A UTC day holds parts of at most two business days, since hours end before midnight."""
    own, zone = ZoneInfo(company.time_zone), ZoneInfo(name)
    parts: dict[dt.date, list[Stretch]] = {}
    for stretch in _stretches(company, zone, first, last):
        for day, part in _by_utc_day(stretch):
            parts.setdefault(day, []).append(part)
    worked = 0
    before: dict[dt.date, int] = {}
    days = [first + dt.timedelta(days=number) for number in range(-1, (last - first).days + 2)]
    for day in days:
        before[day] = worked
        worked += sum(_seconds(*part) for part in parts.get(day, ()))
    for day in days[1:-1]:
        begins = instant_of(day, own)
        so_far = sum(_seconds(opens, min(begins, closes)) for opens, closes in parts.get(begins.date(), ()))
        (opens, closes), (again, closed_again) = [*parts.get(day, ()), _NONE, _NONE][:2]
        yield name, day, before[day], opens, closes, again, closed_again, before[begins.date()] + so_far


def _stretches(company: Company, zone: ZoneInfo, first: dt.date, last: dt.date) -> Iterator[Stretch]:
    """From when to when it is worked, on each business day of the zone, from before the first to after the last."""
    for number in range(-2, (last - first).days + 3):
        day = first + dt.timedelta(days=number)
        hours = company.business_hours.get(day.weekday())
        if hours is None or day in company.holidays:
            continue
        opens, closes = (instant_of(day, zone, wall) for wall in hours)
        if opens < closes:
            yield opens, closes


def _by_utc_day(stretch: Stretch) -> Iterator[tuple[dt.date, Stretch]]:
    """A stretch as its parts on each UTC day."""
    opens, closes = stretch
    while opens < closes:
        midnight = dt.datetime.combine(opens.date() + ONE_DAY, dt.time())
        yield opens.date(), (opens, min(closes, midnight))
        opens = midnight


def _seconds(opens: dt.datetime, closes: dt.datetime) -> int:
    return max(0, int((closes - opens).total_seconds()))
