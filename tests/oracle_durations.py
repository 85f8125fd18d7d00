"""Hand-overs and durations by plain loops over canonical tables: the oracle for their numbers. Reads no SQL.

A wait is one row that a duration counts as of a day D: what took how long, or how long it has lasted so far.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from data.company import Company
from tests.oracle_passes import contact_of, pass_of_deal

Row = dict[str, Any]
Tables = dict[str, list[Row]]


@dataclass(frozen=True)
class Wait:
    """`day` places it in a period; `took` is None where it had not ended by D; both lengths are hours or days."""

    day: dt.date
    channel: str | None
    took: Fraction | None
    so_far: Fraction | None = None


def business_hours(company: Company, zone: str, start: dt.datetime, end: dt.datetime) -> Fraction:
    """Business hours between two UTC instants: what each day's hours, as instants of the zone, share with them."""
    seconds = Fraction(0)
    day = start.date() - dt.timedelta(days=2)
    while day <= end.date() + dt.timedelta(days=2):
        hours = company.business_hours.get(day.weekday())
        if hours and day not in company.holidays:
            opens, closes = (
                dt.datetime.combine(day, wall, ZoneInfo(zone)).astimezone(dt.UTC).replace(tzinfo=None) for wall in hours
            )
            shared = (min(end, closes) - max(start, opens)).total_seconds()
            seconds += max(Fraction(0), Fraction(shared))
        day += dt.timedelta(days=1)
    return seconds / 3600


# -- hand-overs ------------------------------------------------------------------------------------------------------


def handoffs(tables: Tables) -> list[Row]:
    """Per pass its start, channel and owner, and the rows of its first assignment, hand-over, touch and verdict."""
    people = {row["person_id"]: row for row in tables["people"]}
    assignments, decisions = _by_contact(tables["assignments"]), _by_contact(tables["lead_decisions"])
    activities = {row["activity_id"]: row for row in tables["activities"]}
    calls = [{**activities[row["activity_id"]], **row} for row in tables["activity_contacts"]
             if row["activity_id"] in activities]  # fmt: skip
    touches = _by_contact(row for row in calls if not row["is_automatic"])
    starts: dict[str, list[dt.datetime | None]] = {}
    for lead in sorted(tables["leads"], key=lambda lead: lead["pass"]):
        starts.setdefault(lead["contact_id"], []).append(lead["started_at"])
    found = []
    for lead in tables["leads"]:
        contact, number = lead["contact_id"], lead["pass"]
        begin = starts[contact][number - 1]
        following = starts[contact][number] if number < len(starts[contact]) else None

        def inside(row: Row, number: int = number, begin: Any = begin, following: Any = following) -> bool:
            moment = row["happened_at"]
            return (number == 1 or moment >= begin) and (following is None or moment < following)

        given = [row for row in assignments.get(contact, []) if inside(row)]
        to_sales = [row for row in given if people.get(row["person_id"], {}).get("team") == "sales"]
        answers = [
            row for row in touches.get(contact, []) if inside(row) and (not begin or row["happened_at"] >= begin)
        ]
        handed_over = to_sales[0] if to_sales else None
        judged = [
            row
            for row in decisions.get(contact, [])
            if inside(row) and handed_over and row["happened_at"] >= handed_over["happened_at"]
        ]
        owner = (handed_over or (given[0] if given else {})).get("person_id")
        found.append({
            "created": {"happened_at": begin, "happened_on": lead["started_on"]} if begin else None,
            "assigned": given[0] if given else None,
            "handed_over": handed_over,
            "first_touch": answers[0] if answers else None,
            "verdict": judged[0] if judged else None,
            "zone": people.get(owner, {}).get("time_zone"),
            "channel": lead["channel"],
        })  # fmt: skip
    return found


def _by_contact(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """Rows with a moment, the earliest first."""
    found: dict[str, list[Row]] = {}
    for row in sorted((row for row in rows if row["happened_at"]), key=lambda row: row["happened_at"]):
        found.setdefault(row["contact_id"], []).append(row)
    return found


def _of_passes(start: str, end: str, placed_by: str) -> Callable[[Tables, Company, dt.date], list[Wait]]:
    """Business hours between two moments of a pass, as of the beginning of day D in the company's zone."""

    def waits(tables: Tables, company: Company, day: dt.date) -> list[Wait]:
        now = dt.datetime.combine(day, dt.time(), ZoneInfo(company.time_zone)).astimezone(dt.UTC).replace(tzinfo=None)
        found = []
        for one in handoffs(tables):
            begun, ended = one[start], one[end]
            if ended and ended["happened_on"] >= day:
                ended = None
            placed = begun if placed_by == "from" else ended
            if not begun or not placed or placed["happened_on"] >= day:
                continue
            zone = one["zone"] or company.time_zone
            took = business_hours(company, zone, begun["happened_at"], ended["happened_at"]) if ended else None
            so_far = business_hours(company, zone, begun["happened_at"], now)
            found.append(Wait(placed["happened_on"], one["channel"], took, so_far))
        return found

    return waits


def verdict_waits(tables: Tables, _: Company, day: dt.date, decision: str | None = None) -> list[Wait]:
    """Days from hand-over to verdict as of the beginning of day D; with `decision` of those that ended so one day."""
    found = []
    for one in handoffs(tables):
        begun, ended = one["handed_over"], one["verdict"]
        if not begun or begun["happened_on"] >= day or (decision and (ended or {}).get("decision") != decision):
            continue
        took = (ended["happened_on"] - begun["happened_on"]).days if ended and ended["happened_on"] < day else None
        so_far = Fraction((day - begun["happened_on"]).days)
        found.append(Wait(begun["happened_on"], one["channel"], None if took is None else Fraction(took), so_far))
    return found


def _of_deals(start: Callable[[Row, Row], dt.date | None]) -> Callable[[Tables, Company, dt.date], list[Wait]]:
    """Days to the win of deals of type new that were won before day D."""

    def waits(tables: Tables, _: Company, day: dt.date) -> list[Wait]:
        leads = {(lead["contact_id"], lead["pass"]): lead for lead in tables["leads"]}
        found = []
        for deal in tables["deals"]:
            if deal["type"] not in (None, "new") or not deal["is_won"] or not deal["closed_on"]:
                continue
            its = leads.get((contact_of(tables, deal["deal_id"]), pass_of_deal(tables, leads, deal)), {})
            begun = start(deal, its)
            if begun and deal["closed_on"] < day:
                took = max(0, (deal["closed_on"] - begun).days)
                found.append(Wait(deal["closed_on"], its.get("channel"), Fraction(took)))
        return found

    return waits


# What a duration waits for, and the hours or days of its promise.
DURATIONS: dict[str, tuple[Callable[[Tables, Company, dt.date], list[Wait]], int | None]] = {
    "system_delay_hours": (_of_passes("created", "assigned", "to"), None),
    "human_delay_hours": (_of_passes("assigned", "first_touch", "from"), 4),
    "first_response_hours": (_of_passes("assigned", "first_touch", "from"), 4),
    "verdict_days": (verdict_waits, 5),
    "sales_cycle_days": (_of_deals(lambda deal, _: deal["created_on"]), None),
    "first_touch_to_close_days": (_of_deals(lambda _, lead: lead.get("first_marketing_touch_on")), None),
}


# Metrics that are made of durations, which tests compute from the numbers of their parts.
COMPOSED = ("promise_kept", "velocity", "undecided", "overdue", "acceptance_rate", "lead_value")


def results(waits: list[Wait], promise: int | None) -> dict[str, float | int | None]:
    """All results of a duration over some waits."""
    ended = sorted(wait.took for wait in waits if wait.took is not None)
    found: dict[str, float | int | None] = {
        "median": _percentile(ended, len(waits), Fraction(1, 2)),
        "p90": _percentile(ended, len(waits), Fraction(9, 10)),
        "measured": len(ended),
    }
    if promise is None:
        return found
    late = [wait for wait in waits if wait.so_far is not None and wait.so_far > promise]
    kept = sum(wait.took is not None and wait.took <= promise for wait in late)
    unended = [wait for wait in waits if wait.took is None]
    overdue = sum(wait in late for wait in unended)
    return found | {
        "due": len(late),
        "kept": kept,
        "promise_kept": kept / len(late) if late else None,
        "pending": len(unended) - overdue,
        "overdue": overdue,
    }


def _percentile(ended: list[Fraction], count: int, share: Fraction) -> float | None:
    """The shortest wait that so many are not longer than; those that have not ended are longer than any."""
    place = math.ceil(share * count)
    return float(ended[place - 1]) if 0 < place <= len(ended) else None
