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
    """`day` places it in a period; `took` is None where it had not ended by D; all lengths are hours or days.

    `release` is how long it took until something else happened by D after which the wait need not end.
    """

    day: dt.date
    channel: str | None
    took: Fraction | None
    so_far: Fraction | None = None
    release: Fraction | None = None

    def is_released(self, promise: int) -> bool:
        """Something else happened within the promised time, and the wait did not end within it."""
        in_time = self.took is not None and self.took <= promise
        return self.release is not None and self.release <= promise and not in_time


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
            "given": given,
            "touches": answers,
            "settled": _settled(lead, answers, judged),
            "zone": people.get(owner, {}).get("time_zone"),
            "channel": lead["channel"],
        })  # fmt: skip
    return found


def _settled(lead: Row, touches: list[Row], judged: list[Row]) -> Row | None:
    """The first sign that nobody has to try and reach the lead any more."""
    signs = [row for row in touches if is_answer(row)] + judged[:1]
    names = [name for name in ("sal", "sql", "opportunity", "customer") if lead.get(f"{name}_inferred") is False]
    for name in (*names, "lost", "ended"):
        if lead[f"{name}_at"] is not None:
            signs.append({"happened_at": lead[f"{name}_at"], "happened_on": lead[f"{name}_on"]})
    return min(signs, key=lambda row: row["happened_at"], default=None)


def is_answer(touch: Row) -> bool:
    return touch["direction"] == "inbound" or touch["outcome"] == "answered"


def nth_attempt(touches: list[Row], settled: Row | None, number: int) -> Row | None:
    """The so-manieth touch that the lead did not begin, up to the moment that settles it."""
    tried = [
        row
        for row in sorted(touches, key=lambda row: (row["happened_at"], row["activity_id"]))
        if row["direction"] != "inbound" and (settled is None or row["happened_at"] <= settled["happened_at"])
    ]
    return tried[number - 1] if len(tried) >= number else None


def attempt_waits(number: int) -> Callable[[Tables, Company, dt.date], list[Wait]]:
    """Days from the first assignment to an attempt."""

    def waits(tables: Tables, _: Company, day: dt.date) -> list[Wait]:
        return [
            _days(one["channel"], one["assigned"], nth_attempt(one["touches"], one["settled"], number),
                  [one["settled"]], day)
            for one in handoffs(tables)
            if one["assigned"] and one["assigned"]["happened_on"] < day
        ]  # fmt: skip

    return waits


def _days(channel: str | None, begun: Row, ended: Row | None, releases: Iterable[Row | None], day: dt.date) -> Wait:
    def took(row: Row | None) -> Fraction | None:
        if row is None or row["happened_on"] >= day:
            return None
        return Fraction(max(0, (row["happened_on"] - begun["happened_on"]).days))

    found = [took(row) for row in releases]
    release = min((length for length in found if length is not None), default=None)
    so_far = Fraction((day - begun["happened_on"]).days)
    return Wait(begun["happened_on"], channel, took(ended), so_far, release)


# -- each person's own clock -----------------------------------------------------------------------------------------


def turns(tables: Tables) -> list[Row]:
    """Per pass and person in a row who had the lead: its assignment, its end, their own touches, and a colleague's."""
    found = []
    for one in handoffs(tables):
        given: list[Row] = []
        for row in one["given"]:
            if not given or given[-1]["person_id"] != row["person_id"]:
                given.append(row)
        for place, row in enumerate(given):
            following = given[place + 1] if place + 1 < len(given) else None
            until = following["happened_at"] if following else dt.datetime.max
            since = given[place - 1]["happened_at"] if place else dt.datetime.min
            meanwhile = [touch for touch in one["touches"] if since <= touch["happened_at"] < until]
            own = [touch for touch in meanwhile if touch["person_id"] == row["person_id"] is not None]
            others = [
                touch
                for touch in meanwhile
                if touch not in own and (place == 0 or touch["happened_at"] >= row["happened_at"])
            ]
            verdict = one["verdict"]
            is_own = verdict is not None and row["happened_at"] <= verdict["happened_at"] < until
            found.append({
                "given": row, "handed_on": following, "own": own, "colleague": others[0] if others else None,
                "own_verdict": verdict if is_own else None, "verdict": verdict, "settled": one["settled"],
                "channel": one["channel"], "owner": row["person_id"],
            })  # fmt: skip
    return found


def own_touch_waits(tables: Tables, company: Company, day: dt.date, owner: str | None = None) -> list[Wait]:
    """Business hours, in the zone of whoever has the lead, from when they got it to their own first touch."""
    now = dt.datetime.combine(day, dt.time(), ZoneInfo(company.time_zone)).astimezone(dt.UTC).replace(tzinfo=None)
    zones = {row["person_id"]: row["time_zone"] for row in tables["people"]}
    found = []
    for one in turns(tables):
        begun, zone = one["given"], zones.get(one["owner"]) or company.time_zone
        if begun["happened_on"] >= day or (owner is not None and one["owner"] != owner):
            continue

        def took(row: Row | None, zone: str = zone, begun: Row = begun) -> Fraction | None:
            if row is None or row["happened_on"] >= day:
                return None
            return business_hours(company, zone, begun["happened_at"], row["happened_at"])

        releases = [length for row in (one["handed_on"], one["colleague"]) if (length := took(row)) is not None]
        so_far = business_hours(company, zone, begun["happened_at"], now)
        own = took(one["own"][0]) if one["own"] else None
        found.append(Wait(begun["happened_on"], one["channel"], own, so_far, min(releases, default=None)))
    return found


def own_verdict_waits(tables: Tables, _: Company, day: dt.date) -> list[Wait]:
    teams = {row["person_id"]: row["team"] for row in tables["people"]}
    return [
        _days(one["channel"], one["given"], one["own_verdict"], [one["handed_on"], one["verdict"]], day)
        for one in turns(tables)
        if one["given"]["happened_on"] < day and teams.get(one["owner"]) == "sales"
    ]


def own_attempt_waits(number: int) -> Callable[[Tables, Company, dt.date], list[Wait]]:
    def waits(tables: Tables, _: Company, day: dt.date) -> list[Wait]:
        return [
            _days(one["channel"], one["given"], nth_attempt(one["own"], one["settled"], number),
                  [one["handed_on"], one["settled"]], day)
            for one in turns(tables)
            if one["given"]["happened_on"] < day
        ]  # fmt: skip

    return waits


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
    "attempt_days": (attempt_waits(3), 5),
    "own_delay_hours": (own_touch_waits, 4),
    "own_verdict_days": (own_verdict_waits, 5),
    "own_attempt_days": (own_attempt_waits(3), 5),
    "sales_cycle_days": (_of_deals(lambda deal, _: deal["created_on"]), None),
    "first_touch_to_close_days": (_of_deals(lambda _, lead: lead.get("first_marketing_touch_on")), None),
}


# Those from whose promise something else may release.
RELEASED = ("attempt_days", "own_delay_hours", "own_verdict_days", "own_attempt_days")

# Metrics that are made of durations, which tests compute from the numbers of their parts.
COMPOSED = ("promise_kept", "velocity", "undecided", "overdue", "acceptance_rate", "lead_value")


def results(waits: list[Wait], promise: int | None, *, releases: bool = False) -> dict[str, float | int | None]:
    """All results of a duration over some waits; with those that something releases from the promise."""
    ended = sorted(wait.took for wait in waits if wait.took is not None)
    found: dict[str, float | int | None] = {
        "median": _percentile(ended, len(waits), Fraction(1, 2)),
        "p90": _percentile(ended, len(waits), Fraction(9, 10)),
        "measured": len(ended),
    }
    if promise is None:
        return found
    released = [wait for wait in waits if wait.is_released(promise)]
    owed = [wait for wait in waits if not wait.is_released(promise)]
    late = [wait for wait in owed if wait.so_far is not None and wait.so_far > promise]
    kept = sum(wait.took is not None and wait.took <= promise for wait in late)
    unended = [wait for wait in owed if wait.took is None]
    overdue = sum(wait in late for wait in unended)
    return found | {
        "due": len(late),
        "kept": kept,
        "promise_kept": kept / len(late) if late else None,
        "pending": len(unended) - overdue,
        "overdue": overdue,
        **({"released": len(released)} if releases else {}),
    }


def _percentile(ended: list[Fraction], count: int, share: Fraction) -> float | None:
    """The shortest wait that so many are not longer than; those that have not ended are longer than any."""
    place = math.ceil(share * count)
    return float(ended[place - 1]) if 0 < place <= len(ended) else None
