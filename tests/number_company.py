"""A few spendings, deals and contacts, of which numbers can be worked out by hand. No assertions.

The data reaches to June 30, 2024; what happens later is known all the same. The company's weeks begin on Tuesday and
its year in February. A's three touches led to the deal that was won, two of them before it was opened, and one to the
open deal; D's two to the one whose amount nobody knows, after which its account bought again.
"""

from __future__ import annotations

import datetime as dt
import functools
from decimal import Decimal
from typing import Any

from data.calendar import Period
from metrics import Query, Session
from tests.tiny_sessions import TinyCompany

DEFINITIONS = """\
metrics:
  window: {label: W, description: W., kind: cumulative, of: spend, window: 3 days, unit: money}
  first_window: {label: W, description: W., kind: cumulative, of: spend, window: 3 days, at_coarser_grain: first,
    unit: money}
  each_window: {label: W, description: W., kind: cumulative, of: spend, window: 3 days, at_coarser_grain: average,
    unit: money}
  spend_before: {label: B, description: B., kind: formula, expr: "{before}", unit: money,
    inputs: {before: {metric: spend, shift: 1 month}}}
  created_before: {label: B, description: B., kind: formula, expr: "{before}", unit: money,
    inputs: {before: {metric: pipeline_created, shift: 1 month}}}
  open_before: {label: B, description: B., kind: formula, expr: "{before}", unit: money,
    inputs: {before: {metric: open_pipeline, shift: 1 month}}}
  first_day: {label: F, description: F., kind: formula, expr: "{first}", unit: money,
    inputs: {first: {metric: spend, shift: to start of month}}}
  open_amounts: {label: O, description: O., kind: aggregate, table: pipeline, expr: sum(amount), unit: money,
    time: {open_from: created_on, open_until: closed_on}}
  latest: {label: L, description: L., kind: aggregate, table: daily_spend, expr: sum(amount), time: spent_on,
    take: last, per: campaign_id, unit: money}
  latest_before: {label: L, description: L., kind: formula, expr: "{before}", unit: money,
    inputs: {before: {metric: latest, shift: 1 month}}}
  latest_social: {label: L, description: L., kind: formula, expr: "{social}", unit: money,
    inputs: {social: {metric: latest, where: "channel = 'social'"}}}
  last_closed: {label: L, description: L., kind: aggregate, table: pipeline, expr: sum(amount), time: created_on,
    take: last, over: closed_on, per: account_id, unit: money}
  mean_spend: {label: M, description: M., kind: aggregate, table: daily_spend, expr: sum(amount) / count(*),
    time: spent_on, unit: money}
  social_mean: {label: S, description: S., kind: formula, expr: "{social}", unit: money,
    inputs: {social: {metric: mean_spend, where: "channel = 'social'"}}}
  share: {label: Share, description: S., kind: ratio, numerator: {metric: spend, where: "channel = 'social'"},
    denominator: spend, where: "source is null"}
  won_amounts: {label: Won, description: W., kind: aggregate, table: pipeline, time: created_on, unit: money,
    expr: sum(amount) filter (where is_won)}
  rest: {label: R, description: R., kind: formula, expr: "{spend} - {won_amounts}", unit: money}
  twice_less: {label: R, description: R., kind: formula, expr: "{spend} - {rest} * 2", unit: money}
  northern: {label: N, description: N., kind: credit, measure: revenue, where: "region = 'North'", unit: money}
  social_part: {label: S, description: S., kind: ratio, denominator: credited_revenue,
    numerator: {metric: credited_revenue, where: "channel = 'social'"}}
  until: {label: U, description: U., kind: cumulative, of: spend, window: 3 days, at_coarser_grain: average,
    unit: money}
  days: {label: D, description: D., kind: aggregate, table: daily_spend, expr: count(distinct spent_on),
    time: spent_on, unit: count}
  countries: {label: C, description: C., kind: aggregate, table: contacts, expr: count(distinct country),
    time: created_on, unit: count}
  countries_lately: {label: C, description: C., kind: cumulative, of: countries, window: 32 days, unit: count}
  countries_first: {label: C, description: C., kind: cumulative, of: countries, window: 32 days, unit: count,
    at_coarser_grain: first}
  from: {label: F, description: F., kind: cumulative, of: days, window: 3 days, unit: count}
dimensions:
  day: {label: Day, on: {daily_spend: channel}}
  place: {label: Place, on: {daily_spend: channel}}
  until: {label: Until, on: {daily_spend: channel}}
  days: {label: Days, on: {daily_spend: channel}}
  from: {label: From, on: {daily_spend: channel}}
  spans: {label: Spans, on: {daily_spend: channel}}
  rows: {label: Rows, on: {daily_spend: channel}}
  agreed: {label: Agreed, on: {pipeline: deal.currency, credit: deal.currency}}
  fate: {label: Fate, on: {leads: lost_reason}, known: later}
"""


def _spent(month: int, day: int, amount: int, channel: str | None, campaign: str | None = None, **more: Any) -> Any:
    return {
        "spent_on": dt.date(2024, month, day), "channel": channel, "campaign_id": campaign, "currency": "EUR",
        "amount": Decimal(amount), **more,
    }  # fmt: skip


def _deal(name: str, account: str | None, created: str, closed: str | None, amount: int | None, **more: Any) -> Any:
    return {
        "deal_id": name, "account_id": account, "created_at": dt.datetime.fromisoformat(created), "type": "new",
        "closed_at": dt.datetime.fromisoformat(closed) if closed else None, "is_closed": closed is not None,
        "amount": amount, "currency": "EUR", "is_won": None, **more,
    }  # fmt: skip


def _touch(name: str, contact: str, day: str, channel: str, campaign: str | None) -> Any:
    return {
        "touch_id": name, "contact_id": contact, "happened_at": dt.datetime.fromisoformat(day), "kind": "form",
        "channel": channel, "campaign_id": campaign,
    }  # fmt: skip


ROWS = {
    "campaigns": [{"campaign_id": "one", "priority": "First"}, {"campaign_id": "two", "source": "google"}],
    "spend": [
        _spent(1, 31, 10, "social", "one"),
        _spent(2, 1, 20, "search", "two"),
        _spent(2, 14, 40, "social", "one"),
        _spent(2, 20, 5, "search", currency="CHF"),  # there is no rate for it
        _spent(2, 29, 80, None),
        _spent(6, 30, 160, "social", "one"),
        _spent(7, 3, 320, "search", "two"),
    ],
    "accounts": [{"account_id": "1", "region": "North"}, {"account_id": "2"}],
    "deals": [
        _deal("won", "1", "2024-01-10", "2024-02-01", 100, is_won=True),
        _deal("lost", None, "2024-03-01", "2024-07-10", 400, is_won=False),
        _deal("free", "2", "2024-03-05", "2024-03-20", None, is_won=True),
        _deal("vague", "2", "2024-04-01", None, None),
        _deal("open", "1", "2024-06-30", None, 200),
        _deal("late", "2", "2024-07-05", None, 800),
        _deal("again", "2", "2024-06-30T12:00", "2024-06-30T13:00", 0, is_won=True),
    ],
    "touches": [
        _touch("1", "A", "2024-01-06", "social", "one"),
        _touch("2", "A", "2024-01-08", "search", "two"),
        _touch("3", "A", "2024-01-20", "social", None),
        _touch("4", "A", "2024-06-10", "email", None),
        _touch("5", "D", "2024-03-01", "social", None),
        _touch("6", "D", "2024-03-02", "email", None),
    ],
    "assignments": [{"contact_id": "B", "happened_at": dt.datetime(2024, 6, 28, 16), "person_id": "Sam"}],
    "deal_contacts": [
        {"deal_id": deal, "contact_id": contact, "is_primary": True}
        for deal, contact in (("won", "A"), ("open", "A"), ("lost", "B"), ("free", "D"))
    ],
    "contacts": [
        {"contact_id": "A", "account_id": "1", "created_at": dt.datetime(2024, 1, 5), "country": "DE"},
        {"contact_id": "B", "account_id": None, "created_at": dt.datetime(2024, 2, 5), "country": "DE"},
        {"contact_id": "C", "account_id": None, "created_at": None, "country": "AT"},
        {"contact_id": "D", "account_id": "2", "created_at": dt.datetime(2024, 2, 28)},
    ],
}  # fmt: skip
MONTHS = Period(dt.date(2024, 1, 1), dt.date(2024, 9, 1))
FEBRUARY = Period(dt.date(2024, 2, 1), dt.date(2024, 3, 1))


@functools.cache
def tiny_company() -> TinyCompany:
    """Contacts have columns that are called as those of a statement."""
    company = TinyCompany(
        definitions=DEFINITIONS, week_starts=1, fiscal_year_starts=2, gross_margin=0.5,
        business_hours={day: (dt.time(9), dt.time(17)) for day in range(5)},
    )  # fmt: skip
    for name in ("period", "from", "until", "days"):
        company.bench.execute(f'ALTER TABLE contacts ADD COLUMN "{name}" DATE')
    return company


@functools.cache
def number_company() -> Session:
    """A session on these rows."""
    return tiny_company().session(ROWS)


def number(session: Session, name: str, **words: Any) -> float | None:
    return session.answer(Query((name,), **words)).number(name)


def monthly(session: Session, name: str, period: Period, **words: Any) -> list[float]:
    return [value or 0 for value in session.answer(Query((name,), grain="month", period=period, **words)).frame[name]]
