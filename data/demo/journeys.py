"""How leads fare: qualified, answered, judged, and made into deals that are won or lost. Writes no rows."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from data.demo import story
from data.demo.accounts import chosen
from data.demo.arrays import DAY, HOUR, NEVER, Bools, Floats, Ints
from data.demo.calendar import Calendar
from data.demo.colleagues import partner_manager_of, rep_of, seller_of
from data.demo.contacts import Contacts, is_american
from data.demo.marketing import CLOSER, CONTENT, ORIGINS

__all__ = [
    "ACCEPTED",
    "LOST",
    "OPEN",
    "RECYCLED",
    "REJECTED",
    "WON",
    "Passes",
    "first_passes",
    "is_nurtured",
    "joined",
    "later_passes",
]

UNDECIDED, ACCEPTED, REJECTED, RECYCLED = 0, 1, 2, 3
OPEN, WON, LOST = 0, 1, 2
# Colleagues in America begin when it is afternoon here.
BEHIND_BERLIN = 6 * HOUR


@dataclass(frozen=True)
class Passes:
    """Runs of contacts through the funnel. Moments that never come are NEVER.

    `score` is that of the moment in which marketing looked, `looked`; `reason` goes with the verdict, `loss` with a
    lost deal. `first_word` is the first time that a person of sales spoke or wrote. `amount` is in the region's
    currency. `closer_seen` is when the contact viewed the closing piece while the deal was open.
    """

    contact: Ints
    number: Ints
    started: Ints
    by_sales: Bools
    by_partner: Bools
    score: Ints
    looked: Ints
    mql: Ints
    assigned: Ints
    rep: Ints
    first_word: Ints
    decided: Ints
    verdict: Ints
    reason: Ints
    sql: Ints
    deal: Ints
    seller: Ints
    amount: Ints
    closed: Ints
    outcome: Ints
    loss: Ints
    closer_seen: Ints

    def __len__(self) -> int:
        return len(self.contact)

    def take(self, places: Ints | Bools) -> Passes:
        """Only these passes."""
        return Passes(**{part.name: getattr(self, part.name)[places] for part in fields(self)})


def joined(*many: Passes) -> Passes:
    """All passes of several sets, one after the other."""
    return Passes(**{part.name: np.concatenate([getattr(one, part.name) for one in many]) for part in fields(Passes)})


def first_passes(contacts: Contacts, calendar: Calendar, rng: np.random.Generator) -> Passes:
    """One pass per contact, from its creation on."""
    count = len(contacts)
    by_sales = np.asarray([origin.kind is None for origin in ORIGINS])[contacts.origin]
    by_partner = by_sales & np.asarray([origin.channel == "Partner" for origin in ORIGINS])[contacts.origin]
    # Some qualify at once, most within weeks, a few after months.
    at_once = rng.random(count) < 0.38
    soon = contacts.created + 40 + (rng.exponential(0.03, count) * DAY).astype(np.int64)
    day = contacts.created // DAY + 1 + rng.gamma(1.1, 9.5, count).astype(np.int64)
    later = day * DAY + calendar.time_of_day(is_american(contacts.region), rng)
    looked = np.where(at_once, soon, later)
    return _run(contacts, np.arange(count), contacts.created, looked, by_sales, by_partner, calendar, rng)


def later_passes(contacts: Contacts, before: Passes, calendar: Calendar, rng: np.random.Generator) -> Passes:
    """Second passes of contacts that had been put aside, by a verdict or after a lost deal, and that come back."""
    put_aside = np.where(before.verdict == RECYCLED, before.decided, NEVER)
    put_aside = np.where(is_nurtured(before), before.closed, put_aside)
    back = (put_aside < NEVER) & (rng.random(len(before)) < story.COMES_BACK)
    again = np.flatnonzero(back)
    day = (put_aside[again] + (45 + rng.exponential(85, len(again))) * DAY).astype(np.int64) // DAY
    american = is_american(contacts.region[before.contact[again]])
    started = day * DAY + calendar.time_of_day(american, rng)
    none = np.zeros(len(again), dtype=bool)
    looked = started + rng.integers(60, 600, len(again))
    ran = _run(contacts, before.contact[again], started, looked, none, none, calendar, rng, number=2)
    # Without a stamp there is no second pass, only a further visit.
    return ran.take(ran.mql < calendar.end)


def is_nurtured(passes: Passes) -> Bools:
    """Lost deals whose contact marketing goes on writing to."""
    return np.asarray((passes.outcome == LOST) & (passes.contact % 100 < 100 * story.NURTURED_AFTER_LOSS))


def _run(
    contacts: Contacts, who: Ints, started: Ints, looked: Ints, by_sales: Bools, by_partner: Bools,
    calendar: Calendar, rng: np.random.Generator, number: int = 1,
) -> Passes:  # fmt: skip
    count = len(who)
    region, quality = contacts.region[who], contacts.quality[who] + 0.35 * (number - 1)
    score, mql = _qualified(quality, looked, by_sales, calendar, rng)
    asked = np.where(by_sales, started, mql)
    rep = np.where(by_partner, partner_manager_of(region), rep_of(region, rng))
    answers = np.asarray([known.answers_after for known in story.REGIONS])[region]
    is_forgotten = ~by_sales & (rng.random(count) < np.asarray([known.forgets for known in story.REGIONS])[region])
    assigned = _then(asked, np.ones(count, bool), rng.lognormal(np.log(0.6), 0.9, count), calendar)
    delay = rng.lognormal(np.log(np.where(by_sales, 0.3, answers)), 0.85, count)
    behind = np.where(is_american(region), BEHIND_BERLIN, 0)
    first_word = _then(assigned, ~is_forgotten, delay, calendar, behind)
    decided = _then(first_word, ~by_sales, rng.lognormal(np.log(9.0), 0.8, count), calendar, behind)
    verdict, reason = _judged(quality, delay, decided, rng)
    sql, deal = _followed(first_word, decided, verdict, by_sales, by_partner, calendar, rng)
    sees_later = rng.random(count) < story.CLOSER_SEEN_LATER
    won = rng.random(count) < _chance(_odds_of_winning(contacts, who, quality, by_partner, sees_later))
    segment, origin = contacts.segment[who], contacts.origin[who]
    closed = _closed(deal, won, np.asarray([known.pace for known in story.SEGMENTS])[segment], calendar, rng)
    seen = calendar.at_work(
        deal + ((closed - deal) * rng.uniform(0.2, 0.8, count)).astype(np.int64), np.full(count, 0.2)
    )
    loss = chosen(story.LOST_BECAUSE, rng.random(count))
    return Passes(
        contact=who, number=np.full(count, number), started=started, by_sales=by_sales, by_partner=by_partner,
        score=score, looked=looked, mql=mql, assigned=assigned, rep=rep, first_word=first_word, decided=decided,
        verdict=np.where(decided < NEVER, verdict, UNDECIDED), reason=reason, sql=sql, deal=deal,
        seller=np.where(by_partner & (rng.random(count) < 0.5), rep, seller_of(region, rng)),
        amount=_amount(segment, origin, rng), closed=closed,
        outcome=np.where(closed >= NEVER, OPEN, np.where(won, WON, LOST)),
        loss=np.where(rng.random(count) < story.LOST_WITHOUT_REASON, -1, loss),
        closer_seen=np.where(sees_later & (closed < NEVER), np.minimum(seen, closed - 60), NEVER),
    )  # fmt: skip


def _odds_of_winning(contacts: Contacts, who: Ints, quality: Floats, by_partner: Bools, sees_later: Bools) -> Floats:
    """The closing piece helps whether it brought the lead or is seen while the deal is open."""
    closer = next(place for place, piece in enumerate(CONTENT) if piece.id == CLOSER)
    helped = sees_later | (contacts.content[who] == closer)
    known = story.WON + story.WON_PER_QUALITY * quality
    known = known + story.WON_AFTER_CLOSER * helped + story.WON_WITH_PARTNER * by_partner
    by_region = np.asarray([region.wins for region in story.REGIONS])[contacts.region[who]]
    return np.asarray(known + by_region + np.asarray([origin.wins for origin in ORIGINS])[contacts.origin[who]])


def _chance(odds: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-odds)))


def _then(after: Ints, happens: Bools, hours: Floats, calendar: Calendar, behind: Ints | int = 0) -> Ints:
    """So many business hours later, where it happens at all, of somebody whose day begins `behind` ours."""
    return np.where(happens & (after < NEVER), calendar.at_work(after - behind, hours) + behind, NEVER)


def _qualified(
    quality: Floats, looked: Ints, by_sales: Bools, calendar: Calendar, rng: np.random.Generator
) -> tuple[Ints, Ints]:
    """Score, and when it qualified: the threshold is that of the day on which marketing looked."""
    drawn = story.SCORE_MEAN + story.SCORE_PER_QUALITY * quality + rng.normal(0, story.SCORE_SPREAD, len(quality))
    score = np.clip(np.rint(drawn), 0, 100).astype(np.int64)
    is_stricter = looked >= calendar.monday(story.RULE_CHANGES) * DAY
    enough = score >= np.where(is_stricter, story.SCORE_AFTER, story.SCORE_BEFORE)
    return score, np.where(enough & ~by_sales, looked, NEVER)


def _judged(quality: Floats, delay: Floats, decided: Ints, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """The verdict of sales and its reason: better leads are accepted more often, those who waited less often."""
    count = len(quality)
    slow = np.log(np.maximum(delay, 0.5) / 3.5)
    odds = story.ACCEPTED + story.ACCEPTED_PER_QUALITY * quality + story.ACCEPTED_PER_DELAY * slow
    accepted = rng.random(count) < _chance(odds)
    recycled = rng.random(count) < story.RECYCLED_OF_NOT_ACCEPTED
    verdict = np.where(accepted, ACCEPTED, np.where(recycled, RECYCLED, REJECTED))
    rejected_because, recycled_because = (
        chosen(reasons, rng.random(count)) for reasons in (story.REJECTED_BECAUSE, story.RECYCLED_BECAUSE)
    )
    reason = np.where(verdict == REJECTED, rejected_because, np.where(verdict == RECYCLED, recycled_because, -1))
    return np.where(decided < NEVER, verdict, UNDECIDED), reason


def _followed(
    first_word: Ints, decided: Ints, verdict: Ints, by_sales: Bools, by_partner: Bools,
    calendar: Calendar, rng: np.random.Generator,
) -> tuple[Ints, Ints]:  # fmt: skip
    """When the lead was sales qualified, and when its deal was opened."""
    count = len(verdict)
    likely = np.where(
        by_partner, story.SQL_OF_PARTNER, np.where(by_sales, story.SQL_OF_OUTBOUND, story.SQL_OF_ACCEPTED)
    )
    begun = np.where(by_sales, first_word, decided)
    qualifies = (by_sales | (verdict == ACCEPTED)) & (rng.random(count) < likely)
    sql = _then(begun, qualifies, rng.lognormal(np.log(np.where(by_sales, 60.0, 20.0)), 0.8, count), calendar)
    opens = rng.random(count) < story.DEAL_OF_SQL
    return sql, _then(sql, opens, rng.lognormal(np.log(28.0), 0.8, count), calendar)


def _closed(deal: Ints, won: Bools, pace: Floats, calendar: Calendar, rng: np.random.Generator) -> Ints:
    """When the deal was decided: many that would close just after a quarter's end are signed just before it."""
    count = len(deal)
    cycle = rng.lognormal(np.log(story.CYCLE_DAYS), story.CYCLE_SPREAD, count) * pace * np.where(won, 1.0, 1.1)
    never = rng.random(count) < story.NEVER_DECIDED
    happens = (deal < NEVER) & ~never
    planned = np.where(happens, deal + (np.clip(cycle, 4, 330) * DAY).astype(np.int64), 0)
    day = np.minimum(planned // DAY, calendar.days + 380)
    over = calendar.days_to_quarter_end(np.maximum(day - 21, 0)) - 21
    pulled = happens & won & (over < 0) & (rng.random(count) < story.PULLED_INTO_QUARTER)
    earlier = np.where(pulled, (day + over - rng.integers(0, 8, count)) * DAY, planned)
    planned = np.where(earlier > deal + 3 * DAY, earlier, planned)
    return np.where(happens, calendar.working_day(planned, rng), NEVER)


def _amount(segment: Ints, origin: Ints, rng: np.random.Generator) -> Ints:
    median = np.asarray([known.deal for known in story.SEGMENTS])[segment]
    median = median * np.asarray([known.deal for known in ORIGINS])[origin]
    drawn = median * np.exp(rng.normal(0, story.DEAL_SPREAD, len(segment)))
    return np.asarray(np.rint(np.clip(drawn, story.SMALLEST_DEAL, story.LARGEST_DEAL) / 100).astype(np.int64) * 100)
