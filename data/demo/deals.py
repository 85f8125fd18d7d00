"""Deals: those that leads led to, renewals, expansions, and those of long-standing customers; and their rows."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import polars as pl

from data.demo import story
from data.demo.accounts import Accounts, chosen
from data.demo.arrays import DAY, NEVER, Bools, Ints, chosen_text, ids, instants, picked
from data.demo.calendar import Calendar
from data.demo.colleagues import seller_of
from data.demo.contacts import Contacts
from data.demo.journeys import LOST, OPEN, WON, Passes

__all__ = ["NEW", "Deals", "contact_rows_of_deals", "deal_rows", "draw_deals", "stages_of_deals"]

NEW, EXPANSION, RENEWAL = 0, 1, 2
KINDS = ("new", "expansion", "renewal")
STAGES = ("Discovery", "Proposal", "Negotiation", "Won", "Lost")
PROBABILITY = (0.1, 0.35, 0.65, 1.0, 0.0)
FORECAST = ("Pipeline", "Best case", "Commit", "Closed", "Closed")
SCOPES = ("planning, one site", "planning, all sites", "replenishment", "planning and slotting", "pilot")
ROLES = ("Decision maker", "Influencer", "User", "Buyer")


@dataclass(frozen=True)
class Deals:
    """In the order of their creation. A deal that is not decided by the end of the last day is open."""

    contact: Ints
    account: Ints
    region: Ints
    seller: Ints
    kind: Ints
    created: Ints
    closed: Ints
    outcome: Ints
    amount: Ints
    loss: Ints
    term: Ints
    scope: Ints

    def __len__(self) -> int:
        return len(self.contact)

    def take(self, places: Ints | Bools) -> Deals:
        """Only these deals."""
        return Deals(**{part.name: getattr(self, part.name)[places] for part in fields(self)})


def _joined(*many: Deals) -> Deals:
    return Deals(**{part.name: np.concatenate([getattr(one, part.name) for one in many]) for part in fields(Deals)})


def draw_deals(
    passes: Passes, contacts: Contacts, accounts: Accounts, calendar: Calendar, rng: np.random.Generator
) -> Deals:
    """All deals created by the end of the last day."""
    old = np.flatnonzero(rng.random(len(accounts.region)) < story.LONG_STANDING)
    first = _of_passes(passes.take(passes.deal < calendar.end), contacts, old, calendar, rng)
    customers = first.take((first.kind == NEW) & (first.outcome == WON))
    deals = _joined(
        first, _expansions(customers, calendar, rng), _renewals(customers, calendar, rng),
        _of_old_customers(old, accounts, calendar, rng),
    )  # fmt: skip
    deals = deals.take(deals.created < calendar.end)
    return deals.take(np.argsort(deals.created, kind="stable"))


def _of_passes(
    passes: Passes, contacts: Contacts, old_customers: Ints, calendar: Calendar, rng: np.random.Generator
) -> Deals:
    """Deals of leads. With an account that is a customer by then, the deal is an expansion."""
    count, account = len(passes), contacts.account[passes.contact]
    is_known = account >= 0
    customer_since = np.full(int(contacts.account.max(initial=0)) + 2, NEVER)
    wins = is_known & (passes.outcome == WON)
    np.minimum.at(customer_since, account[wins], passes.closed[wins])
    customer_since[old_customers[old_customers < len(customer_since)]] = -1
    is_customer = is_known & (passes.deal > customer_since[account])
    outcome = np.where(passes.closed < calendar.end, passes.outcome, OPEN)
    return Deals(
        contact=passes.contact, account=account, region=contacts.region[passes.contact], seller=passes.seller,
        kind=np.where(is_customer, EXPANSION, NEW), created=passes.deal, closed=passes.closed, outcome=outcome,
        amount=passes.amount, loss=passes.loss, term=_terms(count, rng), scope=rng.integers(0, len(SCOPES), count),
    )  # fmt: skip


def _terms(count: int, rng: np.random.Generator) -> Ints:
    return np.asarray(list(story.TERM_MONTHS))[chosen(story.TERM_MONTHS, rng.random(count))]


def _follow_up(
    deals: Deals, kind: int, created: Ints, closed: Ints, won: Bools, amount: Ints, calendar: Calendar,
    rng: np.random.Generator,
) -> Deals:  # fmt: skip
    """A later deal with the same contact and account. Customers that do not answer are lost without a reason."""
    count = len(deals)
    created = calendar.working_day(created, rng)
    closed = calendar.working_day(np.maximum(closed, created + 2 * DAY), rng)
    outcome = np.where(closed < calendar.end, np.where(won, WON, LOST), OPEN)
    loss = np.where(rng.random(count) < 0.3, -1, chosen(story.LOST_BECAUSE, rng.random(count)))
    rounded = np.maximum(amount // 100, 10) * 100
    return Deals(
        contact=deals.contact, account=deals.account, region=deals.region, seller=deals.seller,
        kind=np.full(count, kind), created=created, closed=closed, outcome=outcome, amount=rounded, loss=loss,
        term=deals.term, scope=deals.scope,
    )  # fmt: skip


def _expansions(customers: Deals, calendar: Calendar, rng: np.random.Generator) -> Deals:
    some = customers.take(rng.random(len(customers)) < story.EXPANDS)
    count = len(some)
    created = some.closed + (rng.uniform(60, 420, count) * DAY).astype(np.int64)
    closed = created + (rng.lognormal(np.log(32), 0.5, count) * DAY).astype(np.int64)
    amount = (some.amount * rng.uniform(0.2, 0.7, count)).astype(np.int64)
    won = rng.random(count) < story.EXPANSION_WON
    return _follow_up(some, EXPANSION, created, closed, won, amount, calendar, rng)


def _renewals(customers: Deals, calendar: Calendar, rng: np.random.Generator) -> Deals:
    """Opened about ten weeks before the term ends, decided near its end."""
    some = customers.take(customers.closed + (customers.term * 30 - 75) * DAY < calendar.end)
    count = len(some)
    ends = some.closed + some.term * 30 * DAY
    amount = (some.amount * rng.normal(1.04, 0.08, count)).astype(np.int64)
    closed = ends + (rng.normal(-8, 10, count) * DAY).astype(np.int64)
    won = rng.random(count) < story.RENEWED
    return _follow_up(some, RENEWAL, ends - 75 * DAY, closed, won, amount, calendar, rng)


def _of_old_customers(old: Ints, accounts: Accounts, calendar: Calendar, rng: np.random.Generator) -> Deals:
    """Customers from before the first day renew each year. Their deals have no contact: nobody has typed one in."""
    anniversary = rng.integers(20, 365, len(old))
    account = np.repeat(old, 2)
    ends = (np.repeat(anniversary, 2) + np.tile([0, 365], len(old))) * DAY
    count, region = len(account), accounts.region[account]
    zeros = np.zeros(count, dtype=np.int64)
    median = np.asarray([segment.deal for segment in story.SEGMENTS])[accounts.segment[account]]
    base = Deals(
        contact=zeros - 1, account=account, region=region, seller=seller_of(region, rng), kind=zeros, created=zeros,
        closed=zeros, outcome=zeros, amount=zeros, loss=zeros, term=np.full(count, 12),
        scope=np.repeat(rng.integers(0, len(SCOPES), len(old)), 2),
    )  # fmt: skip
    amount = (median * rng.lognormal(0, 0.4, count)).astype(np.int64)
    created = np.maximum(ends - 75 * DAY, 0)
    return _follow_up(base, RENEWAL, created, ends, rng.random(count) < story.RENEWED, amount, calendar, rng)


def _moments(deals: Deals, calendar: Calendar) -> tuple[Ints, Ints]:
    """When a proposal was made, and when negotiation began; every fifth deal skips the latter."""
    span = np.where(deals.closed < NEVER, deals.closed - deals.created, 120 * DAY)
    moments = []
    for share, hours in ((0.32, 0.2), (0.68, 0.4)):
        planned = calendar.at_work(deals.created + (span * share).astype(np.int64), np.full(len(deals), hours))
        moments.append(np.minimum(planned, deals.closed - 600))
    proposed, negotiated = moments
    return proposed, np.where(np.arange(len(deals)) % 5 == 2, NEVER, negotiated)


def _stage(deals: Deals, calendar: Calendar) -> Ints:
    proposed, negotiated = _moments(deals, calendar)
    # Without a negotiation, a deal stays a proposal until it is decided.
    under_way = (proposed < calendar.end).astype(np.int64) + (negotiated < calendar.end)
    return np.where(deals.outcome == WON, 3, np.where(deals.outcome == LOST, 4, under_way))


def deal_rows(deals: Deals, account_names: pl.Series, calendar: Calendar, rng: np.random.Generator) -> pl.DataFrame:
    """Deals as the CRM exports them, each as it stands at the end of the last day."""
    count, end, stage = len(deals), calendar.end, _stage(deals, calendar)
    span = (rng.lognormal(np.log(story.CYCLE_DAYS), 0.3, count) * DAY).astype(np.int64)
    expected = np.where(deals.outcome == OPEN, deals.created + span, deals.closed + rng.integers(-9, 4, count) * DAY)
    # Whoever looks after a deal moves its date when it has passed; not everybody does.
    overdue = (deals.outcome == OPEN) & (expected < end) & (rng.random(count) < 0.75)
    expected = np.where(overdue, end + rng.integers(3, 70, count) * DAY, expected)
    quiet = np.where(deals.outcome == OPEN, rng.integers(1, 10 * DAY, count), 0)
    modified = np.where(deals.outcome == OPEN, np.maximum(end - quiet, deals.created), deals.closed)
    name = account_names.gather(np.maximum(deals.account, 0)) + ": " + picked(SCOPES, deals.scope)
    number = np.arange(count)
    outcome = deals.outcome
    return pl.DataFrame(
        {
            "deal_id": ids("d", number, 6),
            "account_id": ids("a", deals.account, 6),
            "name": chosen_text(deals.account >= 0, name, "Planning"),
            "owner_id": ids("p-", deals.seller, 2),
            "stage": picked(STAGES, stage),
            "type": picked(KINDS, deals.kind),
            "amount": deals.amount,
            "currency": picked([region.currency for region in story.REGIONS], deals.region),
            "created_at": instants(calendar.first, deals.created, end),
            "expected_close_on": instants(calendar.first, expected, NEVER).dt.date(),
            "closed_at": instants(calendar.first, np.where(outcome == OPEN, NEVER, deals.closed), end),
            "loss_reason": picked(list(story.LOST_BECAUSE), np.where(outcome == LOST, deals.loss, -1)),
            "probability": np.asarray(PROBABILITY)[stage],
            "forecast_category": picked(FORECAST, stage),
            "term_months": deals.term,
            "modified_at": instants(calendar.first, modified, end),
        }
    )


def stages_of_deals(deals: Deals, calendar: Calendar) -> pl.DataFrame:
    """Every stage that a deal entered, with its time."""
    proposed, negotiated = _moments(deals, calendar)
    entered = (
        deals.created,
        proposed,
        negotiated,
        *(np.where(deals.outcome == o, deals.closed, NEVER) for o in (WON, LOST)),
    )
    deal, stage = np.tile(np.arange(len(deals)), len(STAGES)), np.repeat(np.arange(len(STAGES)), len(deals))
    moment, person = np.concatenate(entered), np.tile(deals.seller, len(STAGES))
    loss = np.where(stage == STAGES.index("Lost"), np.tile(deals.loss, len(STAGES)), -1)
    happened = moment < calendar.end
    deal, stage, moment, person, loss = (part[happened] for part in (deal, stage, moment, person, loss))
    return pl.DataFrame(
        {
            "object": pl.repeat("deal", len(deal), eager=True),
            "object_id": ids("d", deal, 6),
            "stage": picked(STAGES, stage),
            "changed_at": instants(calendar.first, moment, calendar.end),
            "person_id": ids("p-", person, 2),
            "reason": picked(list(story.LOST_BECAUSE), loss),
        }
    )


def contact_rows_of_deals(deals: Deals, contacts: Contacts, rng: np.random.Generator) -> pl.DataFrame:
    """The contact that a deal came from, and up to two more of its account that were known by then."""
    # One or two of a hundred deals were typed in without a contact.
    named = np.flatnonzero((deals.contact >= 0) & (rng.random(len(deals)) > 0.015))
    by_account = np.argsort(contacts.account, kind="stable")
    start = np.searchsorted(contacts.account[by_account], deals.account[named])
    size = np.searchsorted(contacts.account[by_account], deals.account[named], side="right") - start
    deal, contact, primary = [named], [deals.contact[named]], [np.ones(len(named), dtype=bool)]
    for place in range(2):
        other = by_account[np.minimum(start + (rng.random(len(named)) * size).astype(np.int64), len(by_account) - 1)]
        joins = (rng.random(len(named)) < 0.55 - 0.3 * place) & (contacts.created[other] < deals.created[named])
        joins &= (deals.account[named] >= 0) & (other != deals.contact[named])
        deal, contact = [*deal, named[joins]], [*contact, other[joins]]
        primary.append(np.zeros(int(joins.sum()), dtype=bool))
    frame = pl.DataFrame(
        {
            "deal": np.concatenate(deal),
            "contact": np.concatenate(contact),
            "is_primary": np.concatenate(primary),
        }
    ).unique(["deal", "contact"], keep="first", maintain_order=True)
    role = np.where(frame["is_primary"], 0, 1 + frame["contact"].to_numpy() % (len(ROLES) - 1))
    # With one contact only, some do not tick the box: it stands for the deal all the same.
    alone = frame.select(pl.len().over("deal") == 1).to_series()
    ticked = frame["is_primary"] & ~(alone & (frame["deal"] % 17 == 3))
    return frame.select(
        ids("d", frame["deal"].to_numpy(), 6).alias("deal_id"),
        ids("c", frame["contact"].to_numpy(), 7).alias("contact_id"),
        picked(ROLES, role).alias("role"),
        ticked.alias("is_primary"),
    ).sort("deal_id", "contact_id")
