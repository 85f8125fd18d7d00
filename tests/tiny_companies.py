"""Random small companies for hypothesis: canonical rows of a few contacts, deals and days of spend. No assertions."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

Row = dict[str, Any]
EPOCH = dt.datetime(2024, 1, 1)
CONTACTS = ("A", "B", "C", "D", "E")

_days = st.integers(0, 150)
_hours = st.sampled_from([0, 0, 9, 23])
_contacts = st.sampled_from(CONTACTS)
_channels = st.sampled_from(["social", "email", None, "direct"])
_campaigns = st.sampled_from([None, None, "G", "H"])
_accounts = st.sampled_from([None, "X", "Y"])
_amounts = st.sampled_from([None, Decimal("0.00"), Decimal("100.25"), Decimal("7.50")])
_currencies = st.sampled_from([None, "EUR", "CHF"])

_touch = st.tuples(_contacts, _days, _hours, st.sampled_from(["visit", "form", "ad_click"]), _channels, _campaigns)
_change = st.tuples(_contacts, _days, _hours, st.sampled_from(["MQL", "MQL", "SQL", "Nurture", "Junk"]))
_verdict = st.tuples(_contacts, _days, _hours, st.sampled_from(["accepted", "rejected", "recycled"]))
_deal = st.tuples(
    st.sampled_from([*CONTACTS, None]),
    _accounts,
    _days,
    st.one_of(st.none(), st.integers(0, 60)),
    st.sampled_from([True, True, False, None]),
    st.sampled_from(["new", None, "renewal"]),
    _amounts,
    _currencies,
)
_spent = st.tuples(_days, _campaigns, _channels, _amounts, _currencies)


def at(day: int, hour: int = 0) -> dt.datetime:
    """The instant `day` days after Monday, 1 January 2024."""
    return EPOCH + dt.timedelta(days=day, hours=hour)


def _company(
    created: list[tuple[int, str | None]],
    touches: list[tuple[Any, ...]],
    changes: list[tuple[Any, ...]],
    verdicts: list[tuple[Any, ...]],
    deals: list[tuple[Any, ...]],
    spent: list[tuple[Any, ...]],
) -> dict[str, list[Row]]:
    names = CONTACTS[: len(created)]
    made = {name: day for name, (day, _) in zip(names, created, strict=True)}
    return {
        "accounts": [{"account_id": name, "segment": segment} for name, segment in (("X", "Small"), ("Y", None))],
        "people": [{"person_id": "P", "name": "Pia", "team": "sales"}],
        "campaigns": [{"campaign_id": "G", "channel": "paid", "priority": "One"}, {"campaign_id": "H"}],
        "contacts": [
            {
                "contact_id": name,
                "created_at": at(day),
                "account_id": account,
                "country": "DE" if day % 2 else None,
                "owner_id": "P" if day % 3 else None,
                "original_channel": "list" if day % 5 == 0 else None,
            }
            for name, (day, account) in zip(names, created, strict=True)
        ],
        "touches": [
            {
                "touch_id": f"T{number}",
                "contact_id": contact if contact in made else None,
                "happened_at": at(day, hour),
                "kind": kind,
                "channel": channel,
                "campaign_id": campaign,
            }
            for number, (contact, day, hour, kind, channel, campaign) in enumerate(touches)
        ],
        # A key holds one row only, as after mapping.
        "stage_changes": _unique(
            {"object": "contact", "object_id": contact, "stage": stage, "happened_at": at(made[contact] + day, hour)}
            for contact, day, hour, stage in changes
            if contact in made
        ),
        "lead_decisions": _unique(
            {"contact_id": contact, "happened_at": at(made[contact] + day, hour), "decision": decision}
            for contact, day, hour, decision in verdicts
            if contact in made
        ),
        "deals": [
            {
                "deal_id": f"D{number}",
                "account_id": account,
                "created_at": at(day, 10),
                "closed_at": None if lasted is None else at(day + lasted, 12),
                "is_won": is_won,
                "is_closed": None if is_won else lasted is not None,
                "type": kind,
                "amount": amount,
                "currency": currency,
                "owner_id": "P" if day % 2 else None,
            }
            for number, (_, account, day, lasted, is_won, kind, amount, currency) in enumerate(deals)
        ],
        "deal_contacts": [
            {"deal_id": f"D{number}", "contact_id": contact, "is_primary": True}
            for number, (contact, *_) in enumerate(deals)
            if contact in made
        ],
        "spend": [
            {
                "spent_on": at(day).date(),
                "campaign_id": campaign,
                "channel": channel,
                "amount": amount,
                "currency": money,
            }
            for (day, campaign, channel, money), amount in {
                (day, campaign, channel, currency): amount for day, campaign, channel, amount, currency in spent
            }.items()
        ],
        "exchange_rates": [
            {"rate_on": at(day).date(), "currency": "CHF", "rate": rate}
            for day, rate in ((0, 1.1), (5, 0.95), (60, 1.05))
        ],
    }


def _unique(rows: Any) -> list[Row]:
    return list({tuple(row.values())[:-1] if "decision" in row else tuple(row.values()): row for row in rows}.values())


companies: st.SearchStrategy[dict[str, list[Row]]] = st.builds(
    _company,
    st.lists(st.tuples(st.integers(0, 90), _accounts), min_size=1, max_size=5),
    st.lists(_touch, max_size=8),
    st.lists(_change, max_size=8),
    st.lists(_verdict, max_size=4),
    st.lists(_deal, max_size=6),
    st.lists(_spent, max_size=6),
)
