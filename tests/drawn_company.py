"""One company of forty contacts, drawn once and for all: what may happen to them in half a year. No assertions."""

from __future__ import annotations

import datetime as dt
import random
from decimal import Decimal
from typing import Any

Row = dict[str, Any]
FIRST = dt.datetime(2024, 1, 1)
ACCOUNTS = ("A1", "A2", "A3", "A4")


def _moment(rng: random.Random, since: dt.datetime, most: int) -> dt.datetime:
    return since + dt.timedelta(days=rng.randrange(most), hours=rng.choice([0, 9, 10, 15, 23]))


def drawn() -> dict[str, list[Row]]:
    """Canonical rows of forty contacts in four accounts, with all that may happen to them in half a year."""
    rng = random.Random(11)
    contacts = [
        {
            "contact_id": f"C{number:02}",
            "created_at": _moment(rng, FIRST, 120) if number else None,
            "account_id": rng.choice([*ACCOUNTS, None, None]),
            "country": rng.choice(["DE", "AT", None]),
            "owner_id": rng.choice(["Sam", "Max", None]),
            "original_channel": rng.choice(["list", None, None]),
        }
        for number in range(40)
    ]
    made = {row["contact_id"]: row["created_at"] or FIRST for row in contacts}
    names = list(made)
    changes, verdicts, given, called = [], [], [], []
    for name, created in made.items():
        for stage, chance in (("MQL", 0.7), ("SQL", 0.3), ("Nurture", 0.2), ("MQL", 0.3), ("Junk", 0.2)):
            if rng.random() < chance:
                when = _moment(rng, created, 45)
                changes.append({"object": "contact", "object_id": name, "stage": stage, "happened_at": when})
        if rng.random() < 0.6:
            given.append(
                {"contact_id": name, "happened_at": _moment(rng, created, 9), "person_id": rng.choice(["Sam", "Max"])}
            )
        if rng.random() < 0.6:
            called.append((name, _moment(rng, created, 15), rng.random() < 0.2))
        if rng.random() < 0.5:
            word = rng.choice(["accepted", "rejected", "recycled"])
            verdicts.append({"contact_id": name, "happened_at": _moment(rng, created, 30), "decision": word})
    return {
        "accounts": [
            {"account_id": name, "segment": segment}
            for name, segment in zip(ACCOUNTS, ["Small", "Big", None, "Small"], strict=True)
        ],
        "people": [
            {"person_id": "Sam", "name": "Sam", "team": "sales", "time_zone": "Europe/Berlin"},
            {"person_id": "Max", "name": "Max", "team": "marketing"},
        ],
        "campaigns": [{"campaign_id": "G", "channel": "paid", "priority": "One"}, {"campaign_id": "H"}],
        "contacts": contacts,
        "stage_changes": list({tuple(row.values()): row for row in changes}.values()),
        "lead_decisions": verdicts,
        "assignments": given,
        "activities": [
            {"activity_id": f"K{number}", "happened_at": when, "is_automatic": is_automatic}
            for number, (_, when, is_automatic) in enumerate(called)
        ],
        "activity_contacts": [
            {"activity_id": f"K{number}", "contact_id": name} for number, (name, *_) in enumerate(called)
        ],
        **_touches_and_deals(rng, names),
        **_spend(rng),
    }


def _touches_and_deals(rng: random.Random, names: list[str]) -> dict[str, list[Row]]:
    touches = [
        {
            "touch_id": f"T{number:03}",
            "contact_id": rng.choice([*names, None]),
            "happened_at": _moment(rng, FIRST, 150),
            "kind": rng.choice(["visit", "visit", "form", "ad_click"]),
            "channel": rng.choice(["social", "email", None, "direct"]),
            "campaign_id": rng.choice(["G", "H", None, None]),
        }
        for number in range(120)
    ]
    deals, members = [], []
    for number in range(30):
        name, created, won = f"D{number:02}", _moment(rng, FIRST, 140), rng.choice([True, True, False, None])
        deals.append(
            {
                "deal_id": name,
                "account_id": rng.choice([*ACCOUNTS, None]),
                "created_at": created,
                "closed_at": None if won is None else _moment(rng, created, 70),
                "is_won": won,
                "is_closed": won is not None,
                "type": rng.choice(["new", "new", "renewal"]),
                "amount": rng.choice([Decimal("100.00"), Decimal("33.25"), Decimal("7.10"), None]),
                "currency": rng.choice(["EUR", "EUR", "CHF"]),
                "owner_id": rng.choice(["Sam", None]),
                "probability": rng.choice([0.5, 0.25, None]),
            }
        )
        if rng.random() < 0.8:
            members.append({"deal_id": name, "contact_id": rng.choice(names), "is_primary": True})
    return {"touches": touches, "deals": deals, "deal_contacts": members}


def _spend(rng: random.Random) -> dict[str, list[Row]]:
    campaigns, channels = ["G", "H", None], ["social", "email", None]
    spent = {(rng.randrange(180), rng.choice(campaigns), rng.choice(channels)): number for number in range(60)}
    return {
        "spend": [
            {
                "spent_on": (FIRST + dt.timedelta(days=day)).date(),
                "campaign_id": campaign,
                "channel": channel,
                "amount": Decimal(number) / 4,
                "currency": "EUR",
            }
            for (day, campaign, channel), number in spent.items()
        ],
        "exchange_rates": [
            {"rate_on": (FIRST + dt.timedelta(days=day)).date(), "currency": "CHF", "rate": 1 + day / 1000}
            for day in range(0, 200, 11)
        ],
    }
