"""Facts of leads at each moment, and when a condition is first true, by plain loops: the oracle of rules. Reads no SQL.

A company is a dict of table name to rows, as in oracle_passes; a condition is a function of a dict of facts.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from tests.oracle_passes import ORDER_OF_KINDS, passes_of

Row = dict[str, Any]
COUNTS = {
    "visits": "visit",
    "ad_clicks": "ad_click",
    "email_clicks": "email_click",
    "content_views": "content",
    "events": "event",
    "forms": "form",
}
Moments = dict[tuple[str, int], list[Row]]


def moments(
    company: dict[str, list[Row]],
    known_by: dict[str, list[str]],
    recycles: tuple[str, ...] = (),
    ends: tuple[str, ...] = (),
    look_back: int | None = 90,
    facts: tuple[str, ...] = (),
) -> Moments:
    """Per contact and pass the moments in order: happened_at, happened_on, the counts so far, the latest numbers."""
    found: Moments = {}
    for contact, _, passes in passes_of(company, known_by, recycles, ends):
        ended_before = None
        for number, one in enumerate(passes, 1):
            if one["started_at"] is not None:
                found[contact, number] = _moments(company, contact, one, ended_before, look_back, facts)
            ended_before = one["ended_at"]
    return found


def first_true(found: Moments, holds: Callable[[Row], bool | None]) -> dict[tuple[str, int], tuple[Any, Any]]:
    """Instant and day of the first moment of each pass at which a condition is true."""
    stamps = {}
    for key, its in found.items():
        for moment in its:
            if holds(moment):
                stamps[key] = (moment["happened_at"], moment["happened_on"])
                break
    return stamps


def _moments(company, contact, one, ended_before, look_back, facts) -> list[Row]:
    start, end = one["started_at"], one["ended_at"] or dt.datetime.max
    changes = [(start, one["started_on"], None, None)]
    touches = [
        touch
        for touch in company.get("touches", [])
        if touch.get("contact_id") == contact and touch["kind"] in ORDER_OF_KINDS
    ]
    inside = [touch for touch in touches if start <= touch["happened_at"] <= end]
    changes += [(touch["happened_at"], touch["happened_at"].date(), "kind", touch["kind"]) for touch in inside]
    if (older := _creating(touches, one, ended_before, look_back)) is not None:
        changes.append((start, one["started_on"], "kind", older["kind"]))
    known: Row = dict.fromkeys(facts)
    history = sorted(company.get("contact_facts", []), key=lambda row: row["happened_at"])
    for row in history:
        if row["contact_id"] != contact or row["name"] not in facts or row["value"] is None:
            continue
        if row["happened_at"] <= start:
            changes.append((start, one["started_on"], row["name"], row["value"]))
        elif row["happened_at"] <= end:
            changes.append((row["happened_at"], row["happened_at"].date(), row["name"], row["value"]))
    counts = dict.fromkeys(COUNTS, 0)
    found = []
    for at in sorted({change[0] for change in changes}):
        now = [change for change in changes if change[0] == at]
        for _, _, what, value in now:
            if what == "kind":
                counts[next(name for name, kind in COUNTS.items() if kind == value)] += 1
            elif what is not None and _number(value) is not None:
                known[what] = _number(value)
        found.append({"happened_at": at, "happened_on": min(change[1] for change in now), **counts, **known})
    return found


def _creating(touches, one, ended_before, look_back):
    """The creating touch, where it is older than its pass and no earlier pass has it."""
    own = [sign for sign in one["stamps"] if sign["stage"] == "lead"]
    until = max([one["started_at"], *([min(sign["at"] for sign in own)] if own else [])])
    day = max([one["started_on"], *([min(sign["on"] for sign in own)] if own else [])])
    before = [
        touch
        for touch in touches
        if touch["happened_at"] <= until
        and (look_back is None or (day - touch["happened_at"].date()).days <= look_back)
        and (ended_before is None or touch["happened_at"] > ended_before)
    ]
    last = max(before, key=lambda t: (t["happened_at"], ORDER_OF_KINDS[t["kind"]], t["touch_id"]), default=None)
    return last if last is not None and last["happened_at"] < one["started_at"] else None


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
