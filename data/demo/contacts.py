"""People who become leads, and their rows. Knows nothing of what they do later."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from data.demo.accounts import Accounts, chosen
from data.demo.arrays import DAY, Bools, Floats, Ints, chosen_text, ids, instants, picked
from data.demo.calendar import Calendar
from data.demo.demand import Demand
from data.demo.marketing import CLOSER, CONTENT, ORIGINS
from data.demo.names import NAMES, plain
from data.demo.story import COUNTRIES, PERSONAS, REGIONS, SEGMENTS, SENIORITY

__all__ = ["Contacts", "contact_rows", "draw_contacts", "is_american"]

WITHOUT_ACCOUNT, HAS_VISITOR, CLOSER_FIRST = 0.03, 0.62, 0.034
# As many names as every region has.
GIVEN = min(len(names.given) for names in NAMES.values())
FAMILY = min(len(names.family) for names in NAMES.values())


@dataclass(frozen=True)
class Contacts:
    """In the order of their creation. `account` is -1 where none is known; `visitor` likewise."""

    created: Ints
    origin: Ints
    account: Ints
    region: Ints
    segment: Ints
    country: Ints
    persona: Ints
    seniority: Ints
    content: Ints
    visitor: Ints
    quality: Floats
    given: Ints
    family: Ints

    def __len__(self) -> int:
        return len(self.created)


def draw_contacts(
    count: int, accounts: Accounts, demand: Demand, calendar: Calendar, rng: np.random.Generator
) -> Contacts:
    """Leads as demand brings them, each from an account that is as likely as its weight."""
    by_day = rng.multinomial(count, demand.leads.ravel())
    cells = np.repeat(np.arange(len(by_day)), by_day)
    origin, day = cells // calendar.days, cells % calendar.days
    account = np.searchsorted(np.cumsum(accounts.weight) / accounts.weight.sum(), rng.random(count), side="right")
    is_ours = np.asarray([known.kind is None for known in ORIGINS])[origin]
    made = np.where(
        is_ours,
        _typed_in(day, calendar, rng),
        day * DAY + calendar.time_of_day(is_american(accounts.region[account]), rng),
    )
    order = np.argsort(made, kind="stable")
    made, origin, account, is_ours = made[order], origin[order], account[order], is_ours[order]
    persona = chosen([known.share for known in PERSONAS], rng.random(count))
    is_unknown = (rng.random(count) < WITHOUT_ACCOUNT) & ~is_ours
    effects = (
        np.asarray([known.quality for known in ORIGINS])[origin]
        + np.asarray([known.quality for known in PERSONAS])[persona]
        + np.asarray([known.quality for known in SEGMENTS])[accounts.segment[account]]
    )
    return Contacts(
        created=made,
        origin=origin,
        account=np.where(is_unknown, -1, account),
        region=accounts.region[account],
        segment=accounts.segment[account],
        country=accounts.country[account],
        persona=persona,
        seniority=chosen(SENIORITY, rng.random(count)),
        content=_contents(origin, made, calendar, rng),
        visitor=_visitors(is_ours, rng),
        quality=effects + rng.normal(0, 0.85, count),
        given=rng.integers(0, GIVEN, count),
        family=rng.integers(0, FAMILY, count),
    )


def _typed_in(day: Ints, calendar: Calendar, rng: np.random.Generator) -> Ints:
    """When somebody of ours types a contact in: at work, if need be some days earlier."""
    hours = rng.uniform(0, 6.5, len(day))
    made = calendar.at_work(day * DAY, hours)
    return np.where(made < calendar.end, made, calendar.at_work(np.maximum(day - 6, 0) * DAY, hours))


def _visitors(is_ours: Bools, rng: np.random.Generator) -> Ints:
    """A cookie for most of those who came by themselves."""
    count = len(is_ours)
    visitor = np.where((rng.random(count) < HAS_VISITOR) & ~is_ours, rng.permutation(count), -1)
    shared = np.flatnonzero(rng.random(count) < 0.004)
    # Two people at one computer: the second one's visits begin under the first one's cookie.
    visitor[shared] = np.where(visitor[shared] >= 0, visitor[shared - 1], -1)
    return visitor


def is_american(region: Ints) -> Bools:
    """Whose day begins when Berlin's is half over."""
    return np.asarray([region.clock == "America" for region in REGIONS])[region]


def _contents(origin: Ints, made: Ints, calendar: Calendar, rng: np.random.Generator) -> Ints:
    """The content piece by which each lead came: one of its origin's that was published by then, or none."""
    place = {piece.id: number for number, piece in enumerate(CONTENT)}
    sizes = np.asarray([len(known.contents) for known in ORIGINS])
    options = np.full((len(ORIGINS), int(sizes.max())), -1)
    for number, known in enumerate(ORIGINS):
        options[number, : sizes[number]] = [place[name] if name else -1 for name in known.contents]
    content = options[origin, (rng.random(len(origin)) * sizes[origin]).astype(np.int64)]
    is_form = np.asarray([known.kind == "form" and known.channel != "Event" for known in ORIGINS])[origin]
    content = np.where(is_form & (rng.random(len(origin)) < CLOSER_FIRST), place[CLOSER], content)
    published = np.asarray([calendar.monday(piece.published) for piece in CONTENT])[content]
    return np.where((content >= 0) & (published * DAY > made), -1, content)


def contact_rows(contacts: Contacts, domains: pl.Series, owner: Ints, calendar: Calendar) -> pl.DataFrame:
    """Contacts as the CRM exports them."""
    people = [NAMES[region.name] for region in REGIONS]
    given = [name for names in people for name in names.given[:GIVEN]]
    family = [name for names in people for name in names.family[:FAMILY]]
    first, last = contacts.region * GIVEN + contacts.given, contacts.region * FAMILY + contacts.family
    sources = [origin.channel if origin.kind or origin.channel == "Partner" else None for origin in ORIGINS]
    titles = [title for persona in PERSONAS for title in persona.titles]
    own = domains.gather(np.maximum(contacts.account, 0))
    domain = chosen_text(contacts.account >= 0, own, "mail.example")
    before_at = picked([plain(name) for name in given], first) + "." + picked([plain(name) for name in family], last)
    number = np.arange(len(contacts))
    # Every seventh contact came before the field existed in the CRM's form, or nobody filled it.
    source = np.where(number % 7 == 3, -1, contacts.origin)
    phones = [region.phone for region in REGIONS]
    phone = picked(phones, np.where(number % 3 == 0, contacts.region, -1)) + ids("", number * 7919 % 1000, 3)
    return pl.DataFrame(
        {
            "contact_id": ids("c", number, 7),
            "account_id": ids("a", contacts.account, 6),
            "first_name": picked(given, first),
            "last_name": picked(family, last),
            "email": before_at + "@" + domain,
            "phone": phone,
            "title": picked(titles, contacts.persona * len(SENIORITY) + contacts.seniority),
            "seniority": picked(list(SENIORITY), contacts.seniority),
            "country": picked(COUNTRIES, contacts.country),
            "persona": picked([persona.name for persona in PERSONAS], contacts.persona),
            "created_at": instants(calendar.first, contacts.created, calendar.end),
            "original_source": picked(sources, source),
            "owner_id": ids("p-", owner, 2),
        }
    )
