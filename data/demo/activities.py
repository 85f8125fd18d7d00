"""What sales and partner managers did with leads and deals. Rows of journeys and deals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from data.demo.arrays import DAY, NEVER, Floats, Ints, ids, instants, picked
from data.demo.calendar import Calendar
from data.demo.deals import Deals
from data.demo.journeys import Passes
from data.demo.marketing import CONTENT

__all__ = ["activity_rows"]

_KINDS = ("email", "call", "meeting")
_DIRECTIONS = ("outbound", "inbound")
_OUTCOMES = ("reached", "no answer", "replied")
EMAIL, CALL, MEETING = 0, 1, 2
NO_ANSWER = 1
MEETINGS = ((0.08, 0.92), (0.3, 0.75), (0.55, 0.5), (0.8, 0.4))  # how far into the deal, how likely
CONTENT_SENT = 0.22


@dataclass(frozen=True)
class _Part:
    """One occasion for many leads or deals; `deal` and `content` are -1 where there is none."""

    moment: Ints
    contact: Ints
    deal: Ints
    person: Ints
    kind: Ints
    outcome: Ints
    content: Ints
    is_inbound: bool = False
    is_automatic: bool = False


def activity_rows(passes: Passes, deals: Deals, calendar: Calendar, rng: np.random.Generator) -> pl.DataFrame:
    """All activities up to the end of the last day, in the order of their time."""
    parts = [*_with_leads(passes, calendar, rng), *_in_deals(deals, calendar, rng)]
    sizes = [len(part.moment) for part in parts]
    frame = pl.DataFrame(
        {
            name: np.concatenate([getattr(part, name) for part in parts])
            for name in ("moment", "contact", "deal", "person", "kind", "outcome", "content")
        }
        | {
            "is_inbound": np.repeat([part.is_inbound for part in parts], sizes),
            "is_automatic": np.repeat([part.is_automatic for part in parts], sizes),
        }
    )
    frame = frame.filter(pl.col("moment") < calendar.end).sort("moment", "contact", "deal", maintain_order=True)
    return frame.select(
        ids("x", np.arange(len(frame)), 8).alias("activity_id"),
        ids("d", frame["deal"].to_numpy(), 6).alias("deal_id"),
        ids("c", frame["contact"].to_numpy(), 7).alias("contact_id"),
        ids("p-", frame["person"].to_numpy(), 2).alias("person_id"),
        picked(_KINDS, frame["kind"].to_numpy()).alias("kind"),
        instants(calendar.first, frame["moment"].to_numpy(), calendar.end).alias("happened_at"),
        picked(_DIRECTIONS, frame["is_inbound"].cast(pl.Int64).to_numpy()).alias("direction"),
        picked(_OUTCOMES, frame["outcome"].to_numpy()).alias("outcome"),
        pl.col("is_automatic"),
        picked([piece.id for piece in CONTENT], frame["content"].to_numpy()).alias("content_id"),
    )


def _with_leads(passes: Passes, calendar: Calendar, rng: np.random.Generator) -> list[_Part]:
    """A machine's greeting, the first word of a person, follow-ups, and answers."""
    some = passes.take(passes.assigned < calendar.end)
    count = len(some)
    none = np.full(count, -1)

    def part(moment: Ints, inbound: bool = False, automatic: bool = False) -> _Part:
        kind = np.zeros(count, dtype=np.int64) if automatic else (rng.random(count) < 0.55).astype(np.int64)
        outcome = none if automatic else np.full(count, 2) if inbound else (rng.random(count) < 0.45).astype(np.int64)
        return _Part(moment, some.contact, none, some.rep, kind, outcome, none, inbound, automatic)

    def later(share: float | Floats, hours: float) -> Ints:
        wait = rng.lognormal(np.log(hours), 0.5, count)
        happens = (rng.random(count) < share) & (some.first_word < NEVER)
        return np.where(happens, calendar.at_work(some.first_word, wait), NEVER)

    greeted = np.where(some.by_sales, NEVER, some.mql + 120)
    machine, first = part(greeted, automatic=True), part(some.first_word)
    # Whoever did not answer is tried again, mostly.
    is_silent = first.outcome == NO_ANSWER
    again = part(later(np.where(is_silent, 0.97, 0.5), 5))
    and_again = part(later(np.where(is_silent, 0.92, 0.25), 12))
    return [machine, first, again, and_again, part(later(0.35, 6), inbound=True)]


def _in_deals(deals: Deals, calendar: Calendar, rng: np.random.Generator) -> list[_Part]:
    """Meetings while a deal is open, and content that the seller sends."""
    count = len(deals)
    span = np.where(deals.closed < NEVER, deals.closed - deals.created, 120 * DAY)
    parts = []
    for share, likely in MEETINGS:
        moment = calendar.at_work(deals.created + (span * share).astype(np.int64), rng.uniform(0.05, 1.5, count))
        happens = (rng.random(count) < likely) & (moment < deals.closed)
        kind = np.where(rng.random(count) < 0.7, MEETING, CALL)
        content = np.full(count, -1)
        sent = rng.random(count) < CONTENT_SENT
        kind = np.where(sent, EMAIL, kind)
        content = np.where(sent, rng.integers(len(CONTENT) - 10, len(CONTENT), count), -1)
        outcome = np.where(kind == EMAIL, 2, 0)
        moment = np.where(happens, moment, NEVER)
        parts.append(_Part(moment, deals.contact, np.arange(count), deals.seller, kind, outcome, content))
    return parts
