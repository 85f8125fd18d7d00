"""Paths of deals and the shares of their touches by plain loops over dicts: the oracle for `journeys` and `credit`.

A company is a dict of table name to rows (dicts; absent columns are None). Instants are naive UTC.
"""

from __future__ import annotations

import datetime as dt
import statistics
from fractions import Fraction
from typing import Any

from tests.oracle_passes import ORDER_OF_KINDS

Row = dict[str, Any]
Company = dict[str, list[Row]]

WEIGHTS: dict[str, dict[str, Fraction]] = {
    name: {part: Fraction(weight) for part, weight in parts.items()}
    for name, parts in {
        "first": {"first": "100"},
        "last": {"last": "100"},
        "linear": {"rest": "100"},
        "u_shaped": {"first": "40", "lead_creation": "40", "rest": "20"},
        "position_based": {"first": "40", "last": "40", "rest": "20"},
        "w_shaped": {"first": "30", "lead_creation": "30", "deal_creation": "30", "rest": "10"},
        "full_path": {"first": "22.5", "lead_creation": "22.5", "deal_creation": "22.5", "close": "22.5", "rest": "10"},
    }.items()
}


def is_closed(deal: Row) -> bool:
    given = deal.get("is_closed")
    return bool(deal.get("is_won")) or (deal.get("closed_at") is not None if given is None else given)


def begun(deal: Row) -> dt.datetime | None:
    return deal.get("created_at") or (deal.get("closed_at") if is_closed(deal) else None)


def ended(deal: Row) -> dt.datetime | None:
    return (deal.get("closed_at") if is_closed(deal) else None) or deal.get("created_at")


def members(company: Company, deal: Row, scope: str = "deal") -> list[str]:
    """The contacts whose touches are in the path."""
    own = {row["contact_id"] for row in company.get("deal_contacts", []) if row["deal_id"] == deal["deal_id"]}
    account = deal.get("account_id")
    colleagues = {
        row["contact_id"] for row in company.get("contacts", []) if account and row.get("account_id") == account
    }
    return sorted(own | colleagues if scope == "account" or not own else own)


def path(company: Company, deal: Row, goal: str, look_back: int | None, scope: str, *, collapse: bool) -> list[Row]:
    """The touches of a deal's path in their order, with the milestones that fall on each."""
    ends, starts = (ended(deal) if goal == "close" else begun(deal)), begun(deal)
    if ends is None or starts is None or (goal == "close" and not is_closed(deal)):
        return []
    people = members(company, deal, scope)
    since = _last_win(company, deal, starts)
    found = [
        touch
        for touch in company.get("touches", [])
        if touch["contact_id"] in people
        and touch["kind"] in ORDER_OF_KINDS
        and touch["happened_at"] is not None
        and touch["happened_at"] <= ends
        and (look_back is None or (starts.date() - touch["happened_at"].date()).days <= look_back)
        and (since is None or touch["happened_at"] > since)
    ]
    found.sort(key=lambda touch: (touch["happened_at"], ORDER_OF_KINDS[touch["kind"]], touch["touch_id"]))
    if collapse:
        found = [
            touch
            for number, touch in enumerate(found)
            if number == 0
            or touch.get("campaign_id") is None
            or touch["campaign_id"] != found[number - 1].get("campaign_id")
        ]
    known = [row["created_at"] for row in company["contacts"] if row["contact_id"] in people and row["created_at"]]
    marks = {
        "first": found[:1],
        "last": found[-1:],
        "close": found[-1:],
        "lead_creation": [t for t in found if known and t["happened_at"] <= min(known)][-1:],
        "deal_creation": [t for t in found if t["happened_at"] <= starts][-1:],
    }
    return [
        {
            **touch,
            "marks": {name for name, marked in marks.items() if touch in marked},
            "days": (ends.date() - touch["happened_at"].date()).days,
        }
        for touch in found
    ]


def _last_win(company: Company, deal: Row, starts: dt.datetime) -> dt.datetime | None:
    wins = [
        other["closed_at"]
        for other in company["deals"]
        if other.get("is_won")
        and other.get("closed_at")
        and deal.get("account_id")
        and other.get("account_id") == deal["account_id"]
        and other["closed_at"] < starts
    ]
    return max(wins, default=None)


def shares(model: str, touches: list[Row], company: Company, half_life: int | None = None) -> list[Fraction | float]:
    """The share of each touch of a path, in its order; they sum to 1."""
    if not touches:
        return []
    if model == "last_non_direct":
        direct = [(touch.get("channel") or "").lower() == "direct" for touch in touches]
        chosen = max((place for place, is_direct in enumerate(direct) if not is_direct), default=len(touches) - 1)
        return [Fraction(place == chosen) for place in range(len(touches))]
    if model == "time_decay":
        half = half_life or half_cycle(company)
        fresh = [2.0 ** (-touch["days"] / half) if half else 1.0 for touch in touches]
        return [one / sum(fresh) for one in fresh]
    return milestones(WEIGHTS[model], [touch["marks"] for touch in touches])


def milestones(weights: dict[str, Fraction], marks: list[set[str]]) -> list[Fraction]:
    """Weights of milestones and of the rest over the touches of one path, by the milestones that fall on each."""
    named = {name: weight for name, weight in weights.items() if name != "rest" and weight}
    own = [sum((named[name] for name in marked if name in named), Fraction(0)) for marked in marks]
    others = [place for place, weight in enumerate(own) if not weight]
    rest = weights.get("rest", Fraction(0)) if others else Fraction(0)
    whole = sum(own) + rest
    if not whole:
        return [Fraction(1, len(marks))] * len(marks)
    return [(own[place] if own[place] else rest / len(others)) / whole for place in range(len(marks))]


def half_cycle(company: Company) -> float | None:
    """Half the median days from creation to close over won deals of type new."""
    days = [
        (deal["closed_at"].date() - deal["created_at"].date()).days
        for deal in company["deals"]
        if deal.get("is_won") and deal.get("type") in (None, "new") and deal.get("closed_at") and deal.get("created_at")
    ]
    days = [one for one in days if one >= 0]
    return statistics.median(days) / 2 if days else None
