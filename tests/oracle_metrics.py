"""What each standard metric counts, by plain loops over canonical tables: the oracle for its numbers. Reads no SQL.

A fact is one counted thing: the day it belongs to (None: no day is known), its channel and its value. `FACTS` gives
the facts of every aggregate, `RATIOS` what is divided by what, `FUNNELS` the steps.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from tests.oracle_durations import handoffs
from tests.oracle_passes import contact_of, pass_of_deal

Row = dict[str, Any]
Tables = dict[str, list[Row]]


@dataclass(frozen=True)
class Fact:
    """One counted thing; the value of money is None where no amount in the company's currency is known."""

    day: dt.date | None
    channel: str | None
    value: Decimal | int | None = 1


def visits(tables: Tables, _: str) -> list[Fact]:
    campaigns = {row["campaign_id"]: row for row in tables["campaigns"]}
    return [
        Fact(row["happened_on"], (campaigns.get(row["campaign_id"]) or {}).get("channel") or row["channel"])
        for row in tables["touches"]
        if row["kind"] == "visit"
    ]


def spend(tables: Tables, currency: str) -> list[Fact]:
    campaigns = {row["campaign_id"]: row for row in tables["campaigns"]}
    return [
        Fact(
            row["spent_on"],
            (campaigns.get(row["campaign_id"]) or {}).get("channel") or row["channel"],
            _converted(tables, row, row["spent_on"], currency),
        )
        for row in tables["spend"]
    ]


def _passes(is_counted: Callable[[Row], bool], day: str) -> Callable[[Tables, str], list[Fact]]:
    def facts(tables: Tables, _: str) -> list[Fact]:
        return [Fact(lead[day], lead["channel"]) for lead in tables["leads"] if is_counted(lead)]

    return facts


def _entries(stage: str) -> Callable[[Tables, str], list[Fact]]:
    return _passes(lambda lead: lead[f"{stage}_on"] is not None, f"{stage}_on")


def _channel_of(tables: Tables) -> Callable[[Row], str | None]:
    """The channel of the pass that a deal belongs to."""
    leads = {(lead["contact_id"], lead["pass"]): lead for lead in tables["leads"]}

    def channel(deal: Row) -> str | None:
        lead = leads.get((contact_of(tables, deal["deal_id"]), pass_of_deal(tables, leads, deal)))
        return lead["channel"] if lead else None

    return channel


def _is_closed(deal: Row) -> bool:
    return bool(deal["is_won"]) or (deal["closed_at"] is not None if deal["is_closed"] is None else deal["is_closed"])


def _is_won(deal: Row) -> bool:
    return bool(deal["is_won"])


def _is_lost(deal: Row) -> bool:
    return _is_closed(deal) and deal["is_won"] is False


def _deals(is_counted: Callable[[Row], bool], day: str) -> Callable[[Tables, str], list[Fact]]:
    def facts(tables: Tables, _: str) -> list[Fact]:
        channel = _channel_of(tables)
        news = [deal for deal in tables["deals"] if deal["type"] in (None, "new")]
        return [Fact(deal[day], channel(deal)) for deal in news if is_counted(deal)]

    return facts


def _revenue(*types: str | None) -> Callable[[Tables, str], list[Fact]]:
    def facts(tables: Tables, currency: str) -> list[Fact]:
        channel = _channel_of(tables)
        return [
            Fact(deal["closed_on"], channel(deal), _converted(tables, deal, deal["closed_on"], currency))
            for deal in tables["deals"]
            if deal["type"] in types and deal["is_won"]
        ]

    return facts


won_revenue = _revenue(None, "new")


def pipeline_created(tables: Tables, currency: str) -> list[Fact]:
    channel = _channel_of(tables)
    return [
        Fact(deal["created_on"], channel(deal), _converted(tables, deal, deal["created_on"], currency))
        for deal in tables["deals"]
        if deal["type"] in (None, "new")
    ]


def _decided(is_counted: Callable[[Row], bool]) -> Callable[[Tables, str], list[Fact]]:
    """Amounts of the decided deals of type new at the rate of their creation day, on the day of the decision."""

    def facts(tables: Tables, currency: str) -> list[Fact]:
        channel = _channel_of(tables)
        return [
            Fact(deal["closed_on"], channel(deal), _converted(tables, deal, deal["created_on"], currency))
            for deal in tables["deals"]
            if deal["type"] in (None, "new") and is_counted(deal)
        ]

    return facts


def _open(is_weighted: bool) -> Callable[[Tables, str, dt.date], list[Fact]]:
    """The deals of type new that are open when a day begins, at the rate of their creation."""

    def facts(tables: Tables, currency: str, day: dt.date) -> list[Fact]:
        channel = _channel_of(tables)
        found = []
        for deal in tables["deals"]:
            if deal["type"] not in (None, "new") or deal["created_on"] is None or deal["created_on"] >= day:
                continue
            if _is_closed(deal) and (deal["closed_on"] is None or deal["closed_on"] < day):
                continue
            amount = _converted(tables, deal, deal["created_on"], currency)
            if is_weighted:
                known = amount is not None and deal["probability"] is not None
                amount = amount * Decimal(repr(deal["probability"])) if known else None
            found.append(Fact(deal["created_on"], channel(deal), amount))
        return found

    return facts


def _due(is_weighted: bool) -> Callable[[Tables, str], list[Fact]]:
    """The deals of type new that are open today, on the day when they are expected to close."""

    def facts(tables: Tables, currency: str) -> list[Fact]:
        channel, found = _channel_of(tables), []
        for deal in tables["deals"]:
            if deal["type"] not in (None, "new") or _is_closed(deal):
                continue
            amount = _converted(tables, deal, deal["created_on"], currency)
            if is_weighted:
                known = amount is not None and deal["probability"] is not None
                amount = amount * Decimal(repr(deal["probability"])) if known else None
            found.append(Fact(deal["expected_close_on"], channel(deal), amount))
        return found

    return facts


def customers(tables: Tables, _: str) -> list[Fact]:
    """The first win of each account, else contact, else deal; a win without a day comes after those with one."""
    channel = _channel_of(tables)
    wins = [deal for deal in tables["deals"] if deal["type"] in (None, "new") and deal["is_won"]]
    wins.sort(key=lambda deal: (deal["closed_at"] or dt.datetime.max, deal["deal_id"]))
    firsts: dict[tuple[str, str], Row] = {}
    for deal in wins:
        contact = contact_of(tables, deal["deal_id"])
        if deal["account_id"]:
            who = ("account", deal["account_id"])
        else:
            who = ("contact", contact) if contact else ("deal", deal["deal_id"])
        firsts.setdefault(who, deal)
    return [Fact(deal["closed_on"], channel(deal)) for deal in firsts.values()]


def _converted(tables: Tables, row: Row, day: dt.date | None, currency: str) -> Decimal | None:
    """The amount at the rate of the day, which is the latest that is at most 7 days old."""
    if row["amount"] is None or row["currency"] in (None, currency):
        return row["amount"]
    rates = [
        (rate["rate_on"], rate["rate"])
        for rate in tables["exchange_rates"]
        if rate["currency"] == row["currency"] and day and day - dt.timedelta(days=7) <= rate["rate_on"] <= day
    ]
    if not rates:
        return None
    return Decimal(repr(float(row["amount"]) * max(rates)[1])).quantize(Decimal("0.01"), ROUND_HALF_UP)


def _handed_over(tables: Tables, _: str) -> list[Fact]:
    found = [one for one in handoffs(tables) if one["handed_over"]]
    return [Fact(one["handed_over"]["happened_on"], one["channel"]) for one in found]


def _verdicts(word: str) -> Callable[[Tables, str], list[Fact]]:
    def facts(tables: Tables, _: str) -> list[Fact]:
        found = [one for one in handoffs(tables) if one["verdict"] and one["verdict"]["decision"] == word]
        return [Fact(one["verdict"]["happened_on"], one["channel"]) for one in found]

    return facts


FACTS: dict[str, Callable[[Tables, str], list[Fact]]] = {
    "visits": visits,
    "spend": spend,
    "leads": _passes(lambda lead: lead["pass"] == 1, "lead_on"),
    "recycled_leads": _passes(lambda lead: lead["pass"] > 1, "started_on"),
    "mqls": _entries("mql"),
    "sals": _entries("sal"),
    "sqls": _entries("sql"),
    "opportunities": _entries("opportunity"),
    "customers": customers,
    "deals_created": _deals(bool, "created_on"),
    "deals_won": _deals(_is_won, "closed_on"),
    "deals_lost": _deals(_is_lost, "closed_on"),
    "deals_decided": _deals(lambda deal: _is_won(deal) or _is_lost(deal), "closed_on"),
    "won_revenue": won_revenue,
    "sourced_revenue": won_revenue,
    "average_deal": won_revenue,
    "expansion_revenue": _revenue("expansion"),
    "renewal_revenue": _revenue("renewal"),
    "pipeline_created": pipeline_created,
    "pipeline_due": _due(is_weighted=False),
    "weighted_pipeline_due": _due(is_weighted=True),
    "value_won": _decided(_is_won),
    "value_decided": _decided(lambda deal: _is_won(deal) or _is_lost(deal)),
    "handed_over": _handed_over,
    "accepted": _verdicts("accepted"),
    "rejected": _verdicts("rejected"),
}
# Balances: the facts that are open when a day begins.
BALANCES = {"open_pipeline": _open(is_weighted=False), "weighted_pipeline": _open(is_weighted=True)}
RATIOS = {
    "win_rate": ("deals_won", "deals_decided"),
    "win_rate_by_value": ("value_won", "value_decided"),
    "cost_per_lead": ("spend", "leads"),
    "cost_per_mql": ("spend", "mqls"),
    "cost_per_customer": ("spend", "customers"),
    "won_revenue_per_lead": ("won_revenue", "leads"),
    "return_to_date": ("sourced_revenue", "spend"),
    "visit_to_lead_period_rate": ("leads", "visits"),
    "lead_to_mql_period_rate": ("mqls", "leads"),
    "mql_to_opportunity_period_rate": ("opportunities", "mqls"),
    "opportunity_to_customer_period_rate": ("customers", "opportunities"),
}
# What is counted since a month or a quarter began.
TO_DATE = {
    "leads_month_to_date": ("leads", "month"),
    "mqls_month_to_date": ("mqls", "month"),
    "mqls_quarter_to_date": ("mqls", "quarter"),
    "opportunities_quarter_to_date": ("opportunities", "quarter"),
    "won_revenue_month_to_date": ("won_revenue", "month"),
    "won_revenue_quarter_to_date": ("won_revenue", "quarter"),
    "pipeline_created_quarter_to_date": ("pipeline_created", "quarter"),
}
# What is shared out, and the metric to which its groups add up by every model; the shares themselves: oracle_credit.
CREDITS = {
    "credited_revenue": "won_revenue",
    "credited_margin": "won_margin",
    "credited_customers": "customers",
    "credited_pipeline": "pipeline_created",
    "credited_opportunities": "deals_created",
}
# What came back for what it cost, and whom it reached: worked out in test_returns.
RETURNS = (
    "influenced_revenue", "influenced_pipeline", "won_margin", "monthly_margin_per_customer", "costs", "roas", "romi",
    "cac", "payback_months",
)  # fmt: skip
FUNNELS: dict[str, list[tuple[str, int | None]]] = {
    "lead_to_customer": [("lead", None), ("mql", 30), ("opportunity", 60), ("customer", 120)],
    "lead_to_customer_by_stage": [
        ("lead", None),
        ("mql", 30),
        ("sql", 30),
        ("opportunity", 30),
        ("customer", 120),
    ],
    "tofu_conversion": [("lead", None), ("mql", 30)],
    "mofu_conversion": [("mql", None), ("opportunity", 60)],
    "bofu_conversion": [("opportunity", None), ("customer", 120)],
}
AVERAGES = ("average_deal",)


def value(metric: str, facts: list[Fact]) -> Decimal | int | None:
    """What an aggregate makes of its facts."""
    values = [fact.value for fact in facts if fact.value is not None]
    if metric in AVERAGES:
        return sum(values) / len(values) if values else None
    return sum(values)
