"""What people did on pages, in e-mails and at events, and whose visits those were. Made for some contacts at a time."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import polars as pl

from data.demo import story
from data.demo.arrays import DAY, NEVER, Bools, Ints, chosen_text, ids, instants, picked
from data.demo.calendar import Calendar
from data.demo.contacts import Contacts, is_american
from data.demo.demand import Demand
from data.demo.journeys import Passes
from data.demo.marketing import CLOSER, CONTENT, ORIGINS
from data.demo.strings import CampaignStrings

__all__ = ["Touches", "Web", "identity_rows", "second_form_rows", "touch_rows"]

KINDS = ("visit", "ad_click", "email_click", "email_sent", "email_open", "content", "event", "form", "sales_share")
VISIT, AD_CLICK, EMAIL_CLICK, EMAIL_SENT, EMAIL_OPEN, CONTENT_VIEW, EVENT, FORM, SALES_SHARE = range(len(KINDS))
PAGES = ("/", "/product", "/pricing", "/customers", "/integrations", "/demo")
# Places after those of ORIGINS: what sales sends has no source, and a machine asks every few minutes for our page.
NOWHERE, MONITOR = len(ORIGINS), len(ORIGINS) + 1
MONITOR_SOURCE = "uptime-monitor"

UNKNOWN_VISITS, VISITS_BEFORE, UNDATED, MONITORED = 6.0, 1.7, 0.0004, 0.05  # per contact
AFTER, AFTER_MQL, AFTER_DEAL = 1.1, 1.4, 3.0  # touches after a contact was created
AFTER_KINDS = {EMAIL_SENT: 0.24, EMAIL_OPEN: 0.13, EMAIL_CLICK: 0.13, VISIT: 0.35, CONTENT_VIEW: 0.1, SALES_SHARE: 0.05}

_SOURCES = (*(origin.source for origin in ORIGINS), None, MONITOR_SOURCE)
_MEDIA = (*(origin.medium for origin in ORIGINS), None, None)
_LETTERS = [place for place, origin in enumerate(ORIGINS) if origin.channel == "E-mail"]
_CLOSER = next(place for place, piece in enumerate(CONTENT) if piece.id == CLOSER)


@dataclass(frozen=True)
class Touches:
    """`contact` and `visitor` are -1 where they are not known; `by_mail` are known by an address alone."""

    moment: Ints
    origin: Ints
    region: Ints
    kind: Ints
    content: Ints
    contact: Ints
    visitor: Ints
    by_mail: Bools

    def take(self, places: Ints | Bools) -> Touches:
        """Only these touches."""
        return Touches(**{part.name: getattr(self, part.name)[places] for part in fields(self)})


@dataclass(frozen=True)
class Web:
    """What all touches are made with. `emails` are those of all contacts, `strings` raw campaign strings."""

    calendar: Calendar
    demand: Demand
    strings: CampaignStrings
    contacts: Contacts
    passes: Passes
    emails: pl.Series


def touch_rows(web: Web, since: int, until: int, number: int, rng: np.random.Generator) -> pl.DataFrame:
    """Touches of the contacts from place `since` to before `until`, and as many unknown visits as go with them.

    `number` is the number of the first touch.
    """
    who = np.arange(since, until)
    parts = (
        _creating(web, who, rng), _before(web, who, rng), _after(web, who, rng), _returning(web, who, rng),
        _closing(web, who), _unknown(web, since, until, rng), _monitored(web, until - since, rng),
    )  # fmt: skip
    touches = Touches(**{f.name: np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(Touches)})
    calendar = web.calendar
    outage = calendar.monday(story.OUTAGE) * DAY
    channels = np.asarray([origin.channel == story.OUTAGE_CHANNEL for origin in ORIGINS] + [False, False])
    lost = channels[touches.origin] & (touches.moment >= outage) & (touches.moment < outage + story.OUTAGE_DAYS * DAY)
    touches = touches.take(~lost & (touches.moment >= 0) & (touches.moment < calendar.end))
    return _rows(touches.take(np.argsort(touches.moment, kind="stable")), web, number, rng)


def second_form_rows(web: Web, who: Ints, created: Ints, number: int, rng: np.random.Generator) -> pl.DataFrame:
    """The forms by which people became contacts a second time; these have the numbers after those of all others."""
    count = len(who)
    origin = np.full(count, next(place for place, known in enumerate(ORIGINS) if known.channel == "Organic search"))
    none, contact = np.full(count, -1), len(web.contacts) + np.arange(count)
    forms = _touches(created - 30, origin, web.contacts.region[who], np.full(count, FORM), none, contact, none)
    return _rows(forms, web, number, rng)


def _touches(
    moment: Ints, origin: Ints, region: Ints, kind: Ints, content: Ints, contact: Ints, visitor: Ints
) -> Touches:
    return Touches(moment, origin, region, kind, content, contact, visitor, np.zeros(len(moment), dtype=bool))


def _creating(web: Web, who: Ints, rng: np.random.Generator) -> Touches:
    """The form or event that made somebody a lead. Lists of events only have addresses."""
    kinds = {None: -1, "form": FORM, "event": EVENT}
    kind = np.asarray([kinds[origin.kind] for origin in ORIGINS])[web.contacts.origin[who]]
    who, kind = who[kind >= 0], kind[kind >= 0]
    contacts = web.contacts
    moment = contacts.created[who] - rng.integers(5, 90, len(who))
    visitor = np.where(kind == EVENT, -1, contacts.visitor[who])
    origin, content = contacts.origin[who], contacts.content[who]
    return Touches(moment, origin, contacts.region[who], kind, content, who, visitor, kind == EVENT)


def _before(web: Web, who: Ints, rng: np.random.Generator) -> Touches:
    """Visits of people before they said who they are: known later by their cookie."""
    contacts, calendar = web.contacts, web.calendar
    who = who[contacts.visitor[who] >= 0]
    who = np.repeat(who, rng.poisson(VISITS_BEFORE, len(who)))
    count = len(who)
    created = contacts.created[who] // DAY
    day = created - 1 - np.minimum(rng.exponential(14, count), 100).astype(np.int64)
    who, day = who[day >= 0], day[day >= 0]
    count = len(who)
    # Some origins send no visitors, only names.
    sends = np.asarray([origin.visits > 0 for origin in ORIGINS])[contacts.origin[who]]
    same = (rng.random(count) < 0.6) & sends & web.demand.active[contacts.origin[who], day]
    origin = np.where(same, contacts.origin[who], web.demand.origins_on(day, rng))
    moment = day * DAY + calendar.time_of_day(is_american(contacts.region[who]), rng)
    paid = np.asarray([medium in ("cpc", "paid-social") for medium in _MEDIA])[origin]
    kind = np.where(paid & (rng.random(count) < 0.5), AD_CLICK, VISIT)
    reads = rng.random(count) < 0.16
    content = np.where(reads, _published(rng.integers(0, _CLOSER, count), day, calendar), -1)
    kind = np.where(content >= 0, CONTENT_VIEW, kind)
    return _touches(moment, origin, contacts.region[who], kind, content, np.full(count, -1), contacts.visitor[who])


def _published(content: Ints, day: Ints, calendar: Calendar) -> Ints:
    published = np.asarray([calendar.monday(piece.published) for piece in CONTENT])[content]
    return np.where(published < day, content, -1)


def _after(web: Web, who: Ints, rng: np.random.Generator) -> Touches:
    """What a contact does between its creation and the end of its deal, else for four months."""
    contacts, calendar, passes = web.contacts, web.calendar, web.passes
    # The first pass of each contact stands at the contact's own place.
    has_mql, has_deal = passes.mql[who] < calendar.end, passes.deal[who] < calendar.end
    number = rng.poisson(AFTER + AFTER_MQL * has_mql + AFTER_DEAL * has_deal)
    until = np.where(has_deal & (passes.closed[who] < calendar.end), passes.closed[who], calendar.end)
    until = np.where(has_deal, until, contacts.created[who] + 120 * DAY)
    # Whom sales has found hears of marketing only once there is a deal.
    number = np.where(passes.by_sales[who], 0, number)
    who, until, shares = np.repeat(who, number), np.repeat(until, number), np.repeat(has_deal, number)
    count = len(who)
    created = contacts.created[who] // DAY
    day = created + 1 + ((until // DAY - created) * rng.random(count) ** 1.5).astype(np.int64)
    weekend = (day % 7 >= 5) & (rng.random(count) < 0.6)
    day = day + 2 * weekend
    who, day, shares = who[day < calendar.days], day[day < calendar.days], shares[day < calendar.days]
    count = len(who)
    kind = rng.choice(np.asarray(list(AFTER_KINDS)), count, p=list(AFTER_KINDS.values()))
    kind = np.where((kind == SALES_SHARE) & ~shares, VISIT, kind)
    letter = (kind == EMAIL_CLICK) | (kind == EMAIL_SENT) | (kind == EMAIL_OPEN)
    letters = np.asarray(_LETTERS)[(rng.random(count) < 0.25).astype(np.int64)]
    letters = np.where(web.demand.active[letters, day], letters, _LETTERS[0])
    origin = np.where(letter, letters, web.demand.origins_on(day, rng))
    origin = np.where(kind == SALES_SHARE, NOWHERE, origin)
    reads = (kind == CONTENT_VIEW) | (kind == SALES_SHARE) | ((kind == EMAIL_CLICK) & (rng.random(count) < 0.6))
    # The closing piece is no chance reading: who sees it is told by the journey.
    content = np.where(reads, _published(rng.integers(0, _CLOSER, count), day, calendar), -1)
    kind = np.where((kind == CONTENT_VIEW) & (content < 0), VISIT, kind)
    moment = day * DAY + calendar.time_of_day(is_american(contacts.region[who]), rng)
    visitor = np.where(letter | (kind == SALES_SHARE), -1, contacts.visitor[who])
    return _touches(moment, origin, contacts.region[who], kind, content, who, visitor)


def _returning(web: Web, who: Ints, rng: np.random.Generator) -> Touches:
    """A letter brings somebody back who had been put aside: a click, then a form."""
    passes, contacts = web.passes, web.contacts
    again = passes.take((passes.number > 1) & (passes.contact >= who[0]) & (passes.contact <= who[-1]))
    count, contact = len(again), again.contact
    day = np.clip(again.started // DAY, 0, web.calendar.days - 1)
    letters = np.asarray(_LETTERS)[rng.integers(0, 2, count)]
    letters = np.where(web.demand.active[letters, day], letters, _LETTERS[0])
    content = np.where(rng.random(count) < 0.5, _published(rng.integers(0, _CLOSER, count), day, web.calendar), -1)
    click = _touches(
        again.started - 240, letters, contacts.region[contact], np.full(count, EMAIL_CLICK), content, contact,
        np.full(count, -1),
    )  # fmt: skip
    form = _touches(
        again.started - 20, letters, contacts.region[contact], np.full(count, FORM), content, contact,
        contacts.visitor[contact],
    )  # fmt: skip
    return Touches(**{f.name: np.concatenate([getattr(click, f.name), getattr(form, f.name)]) for f in fields(Touches)})


def _closing(web: Web, who: Ints) -> Touches:
    """The closing piece, viewed while a deal is open."""
    passes = web.passes
    seen = passes.take((passes.closer_seen < NEVER) & (passes.contact >= who[0]) & (passes.contact <= who[-1]))
    count, contact = len(seen), seen.contact
    origin = np.full(count, next(place for place, known in enumerate(ORIGINS) if known.channel == "Direct"))
    kind, content = np.full(count, CONTENT_VIEW), np.full(count, _CLOSER)
    region, visitor = web.contacts.region[contact], web.contacts.visitor[contact]
    return _touches(seen.closer_seen, origin, region, kind, content, contact, visitor)


def _unknown(web: Web, since: int, until: int, rng: np.random.Generator) -> Touches:
    """Visits of people who never say who they are."""
    calendar, count = web.calendar, int((until - since) * UNKNOWN_VISITS)
    by_day = web.demand.visits.sum(axis=0)
    day = np.searchsorted(np.cumsum(by_day / by_day.sum())[:-1], rng.random(count), side="right").astype(np.int64)
    origin = web.demand.origins_on(day, rng)
    region = rng.choice(len(story.REGIONS), count, p=[known.share for known in story.REGIONS])
    # Their cookies are numbered after those of all contacts; many come more than once.
    first = len(web.contacts) + int(since * UNKNOWN_VISITS)
    visitor = first + rng.integers(0, max(int(count * 0.7), 1), count)
    moment = day * DAY + calendar.time_of_day(is_american(region), rng)
    none = np.full(count, -1)
    return _touches(moment, origin, region, np.full(count, VISIT), none, none, visitor)


def _monitored(web: Web, contacts: int, rng: np.random.Generator) -> Touches:
    """A machine that looks whether the page is there, counted as a visitor by our tracking."""
    count = max(int(contacts * MONITORED), 1)
    none = np.full(count, -1)
    moment = rng.integers(6, 24, count) * 3_600 + rng.integers(0, web.calendar.days, count) * DAY
    kind, origin = np.full(count, VISIT), np.full(count, MONITOR)
    return _touches(moment, origin, np.zeros(count, dtype=np.int64), kind, none, none, none)


def _rows(touches: Touches, web: Web, number: int, rng: np.random.Generator) -> pl.DataFrame:
    count = len(touches.moment)
    inside = np.minimum(touches.origin, len(ORIGINS) - 1)
    strings = web.strings.choose(inside, touches.moment // DAY, touches.region)
    strings = np.where(touches.origin < len(ORIGINS), strings, len(web.strings.texts) - 1)
    # What our own letters say of themselves is typed once and right.
    typed = ~np.isin(touches.kind, [EMAIL_SENT, EMAIL_OPEN, EMAIL_CLICK])
    strings = np.where(typed, web.strings.mistyped(strings, rng), strings)
    undated = rng.random(count) < UNDATED
    page = np.where(touches.content >= 0, len(PAGES) + touches.content, (touches.visitor + count) % len(PAGES))
    emails = web.emails.gather(np.clip(touches.contact, 0, len(web.emails) - 1))
    return pl.DataFrame(
        {
            "touch_id": ids("t", number + np.arange(count), 8),
            "contact_id": ids("c", np.where(touches.by_mail, -1, touches.contact), 7),
            "email": chosen_text(touches.by_mail, emails),
            "visitor_id": visitor_ids(touches.visitor),
            "happened_at": instants(web.calendar.first, np.where(undated, NEVER, touches.moment), web.calendar.end),
            "kind": picked(KINDS, touches.kind),
            "source": picked(_SOURCES, touches.origin),
            "medium": picked(_MEDIA, touches.origin),
            "campaign": web.strings.texts.gather(strings),
            "content_id": picked([piece.id for piece in CONTENT], touches.content),
            "url": picked([*PAGES, *(f"/library/{piece.id}" for piece in CONTENT)], page),
        }
    )


def visitor_ids(visitors: Ints) -> pl.Series:
    """Cookies: numbers that tell nothing of their order."""
    return ids("k", np.where(visitors < 0, -1, visitors * 2_654_435_761 % 2**34), 11)


def identity_rows(contacts: Contacts, calendar: Calendar) -> pl.DataFrame:
    """Which cookie turned out to be whose, and when."""
    known = np.flatnonzero(contacts.visitor >= 0)
    return pl.DataFrame(
        {
            "visitor_id": visitor_ids(contacts.visitor[known]),
            "contact_id": ids("c", known, 7),
            "known_at": instants(calendar.first, contacts.created[known], calendar.end),
        }
    )
