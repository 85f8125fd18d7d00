"""What the CRM recorded about leads: stages, hand-overs, verdicts, scores. Knows no deals beyond their dates."""

from __future__ import annotations

import numpy as np
import polars as pl

from data.demo import story
from data.demo.arrays import DAY, NEVER, Ints, ids, instants, picked
from data.demo.calendar import Calendar
from data.demo.contacts import Contacts
from data.demo.journeys import ACCEPTED, RECYCLED, REJECTED, Passes, is_nurtured

__all__ = ["assignments", "decisions", "facts", "stages_of_contacts"]

_REASONS = (*story.REJECTED_BECAUSE, *story.RECYCLED_BECAUSE, "Lost deal: later")
_STAGES = ("MQL", "Marketing qualified", "Sales qualified", "Nurture", "Disqualified")
_DECISIONS = (None, "accepted", "rejected", "recycled")
# Shares of passes with a deal that nobody put through a stage.
SKIPS_MQL, SKIPS_SQL, SKIPS_VERDICT = 0.04, 0.11, 0.05
STAMPED_TWICE = 0.012


def _reason(passes: Passes) -> Ints:
    shift = np.where(passes.verdict == RECYCLED, len(story.REJECTED_BECAUSE), 0)
    return np.where(passes.reason < 0, -1, passes.reason + shift)


def stages_of_contacts(passes: Passes, calendar: Calendar, rng: np.random.Generator) -> pl.DataFrame:
    """The contacts' stages as they were stamped. The CRM called the MQL otherwise from one day on."""
    count, end = len(passes), calendar.end
    has_deal = passes.deal < end
    mql = np.where(has_deal & (passes.number == 1) & (rng.random(count) < SKIPS_MQL), NEVER, passes.mql)
    twice = np.where((mql < end) & (rng.random(count) < STAMPED_TWICE), mql + 6 * DAY, NEVER)
    sql = np.where(has_deal & (rng.random(count) < SKIPS_SQL), NEVER, passes.sql)
    aside = (passes.verdict == RECYCLED) & (rng.random(count) < 0.6)
    put_aside = np.where(aside, passes.decided + 30, NEVER)
    after_loss = np.where(is_nurtured(passes), passes.closed + 120, NEVER)
    refused = (passes.verdict == REJECTED) & (rng.random(count) < 0.55)
    ended = np.where(refused, passes.decided + 45, NEVER)
    renamed = (np.concatenate([mql, twice]) >= calendar.monday(story.CRM_RENAMES_MQL) * DAY).astype(np.int64)
    stage = np.concatenate([renamed, np.repeat([2, 3, 3, 4], count)])
    nobody = np.full(count, -1)
    later = np.full(count, len(_REASONS) - 1)
    moment = np.concatenate([mql, twice, sql, put_aside, after_loss, ended])
    person = np.concatenate([nobody, nobody, passes.rep, passes.rep, passes.seller, passes.rep])
    reason = np.concatenate([nobody, nobody, nobody, _reason(passes), later, _reason(passes)])
    happened = moment < end
    contact = np.tile(passes.contact, 6)[happened]
    return pl.DataFrame(
        {
            "object": pl.repeat("contact", len(contact), eager=True),
            "object_id": ids("c", contact, 7),
            "stage": picked(_STAGES, stage[happened]),
            "changed_at": instants(calendar.first, moment[happened], end),
            "person_id": ids("p-", person[happened], 2),
            "reason": picked(_REASONS, reason[happened]),
        }
    )


def assignments(passes: Passes, calendar: Calendar) -> pl.DataFrame:
    """Whom leads were given to: somebody of sales development first, the seller with the deal."""
    given = passes.take(passes.assigned < calendar.end)
    sold = passes.take(passes.deal < calendar.end)
    frame = pl.DataFrame(
        {
            "contact": np.concatenate([given.contact, sold.contact]),
            "moment": np.concatenate([given.assigned, sold.deal - 60]),
            "person": np.concatenate([given.rep, sold.seller]),
        }
    ).sort("moment", "contact", maintain_order=True)
    return frame.select(
        ids("c", frame["contact"].to_numpy(), 7).alias("contact_id"),
        instants(calendar.first, frame["moment"].to_numpy(), calendar.end).alias("assigned_at"),
        ids("p-", frame["person"].to_numpy(), 2).alias("person_id"),
    )


def decisions(passes: Passes, calendar: Calendar, rng: np.random.Generator) -> pl.DataFrame:
    """Verdicts of sales, in the order of their time. Some leads went straight to a deal without one."""
    skipped = (passes.deal < calendar.end) & (passes.verdict == ACCEPTED) & (rng.random(len(passes)) < SKIPS_VERDICT)
    judged = passes.take((passes.decided < calendar.end) & ~skipped)
    judged = judged.take(np.argsort(judged.decided, kind="stable"))
    return pl.DataFrame(
        {
            "decision_id": ids("v", np.arange(len(judged)), 7),
            "contact_id": ids("c", judged.contact, 7),
            "decided_at": instants(calendar.first, judged.decided, calendar.end),
            "person_id": ids("p-", judged.rep, 2),
            "decision": picked(_DECISIONS, judged.verdict),
            "reason": picked(_REASONS, _reason(judged)),
        }
    )


def facts(contacts: Contacts, passes: Passes, calendar: Calendar, rng: np.random.Generator) -> pl.DataFrame:
    """The score as marketing's software changed it: when a contact was created, and when marketing looked."""
    first = passes.take(passes.number == 1)
    at_first = np.maximum(first.score - rng.integers(4, 24, len(first)), 0)
    looked = passes.take(passes.looked < calendar.end)
    return pl.DataFrame(
        {
            "contact_id": ids("c", np.concatenate([first.contact, looked.contact]), 7),
            "name": pl.repeat("score", len(first) + len(looked), eager=True),
            "changed_at": instants(
                calendar.first, np.concatenate([contacts.created[first.contact], looked.looked]), calendar.end
            ),
            "value": pl.Series(np.concatenate([at_first, looked.score])).cast(pl.String),
        }
    )
