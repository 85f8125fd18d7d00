"""The hand-over to sales: compared at equal age, its speed split into two delays. Draws nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace

import polars as pl

from alignment.agreement import in_force
from data.calendar import Period, comparison
from metrics import Answer, Query, Session
from metrics.agreement import Obligation

__all__ = ["FIRST_TOUCH", "SYSTEM", "VERDICT", "Speed", "at_equal_age", "obligation_of", "speed"]

SYSTEM, FIRST_TOUCH, VERDICT = "system_delay_hours", "human_delay_hours", "verdict_days"
_RESULTS = ("median", "p90")
_COUNTS = ("due", "kept", "promise_kept", "overdue", "pending")
_SPEED = (
    *(f"{SYSTEM}.{result}" for result in _RESULTS),
    *(f"{FIRST_TOUCH}.{result}" for result in (*_RESULTS, *_COUNTS)),
)


def obligation_of(session: Session, metric: str) -> Obligation | None:
    """What the agreement of the data's last day promises of a wait; None where it promises nothing."""
    version = in_force(session)
    found = version.obligations if version else ()
    return next((one for one in found if one.metric == metric), None)


def at_equal_age(session: Session, query: Query) -> Answer:
    """The answer to a question, with that of the period before as it stood as long after its begin (formulas: Periods).

    What takes days to come in, such as verdicts, would otherwise be less in the latest period than in any before it.
    """
    answer = session.answer(replace(query, compare="none"))
    if query.compare not in ("previous", "last_year") or query.period is None or session.through is None:
        return answer
    before = comparison(query.period, query.compare, session.company)
    day = session.reach.as_of(query) - (query.period.start - before.start)
    return replace(answer, before=session.answer(replace(query, compare="none", period=before, as_of=day)))


@dataclass(frozen=True)
class Speed:
    """How long leads waited, by the values of one dimension; those with most promises due first.

    Columns of `frame`: group (a value of the dimension, None where it has none), system_median, system_p90,
    human_median, human_p90 (business hours; an empty one of these two is longer than `longest`, the longest wait that
    has ended), longest, due, kept, share (of promises whose time has passed), untouched (due, and nobody has touched
    them yet), pending (still in time). `reason` says why there is none.
    """

    frame: pl.DataFrame
    reason: str | None = None


def speed(session: Session, by: str, period: Period, where: str | None) -> Speed:
    """Both delays of the leads assigned in a period. A reassignment is no new begin: the first assignment counts."""
    answer = session.answer(Query(_SPEED, (by,), period=period, where=where, is_shared=True))
    reason = answer.reasons.get(f"{FIRST_TOUCH}.median")
    if reason is not None:
        return Speed(pl.DataFrame(), reason)
    longest = answer.longest[f"{FIRST_TOUCH}.median"]
    named = {
        f"{SYSTEM}.median": "system_median", f"{SYSTEM}.p90": "system_p90", f"{FIRST_TOUCH}.median": "human_median",
        f"{FIRST_TOUCH}.p90": "human_p90", f"{FIRST_TOUCH}.due": "due", f"{FIRST_TOUCH}.kept": "kept",
        f"{FIRST_TOUCH}.promise_kept": "share", f"{FIRST_TOUCH}.overdue": "untouched",
        f"{FIRST_TOUCH}.pending": "pending",
    }  # fmt: skip
    frame = answer.frame.with_columns(longest.alias("longest")).rename({by: "group", **named})
    has_leads = pl.any_horizontal(pl.col("system_median", "human_median", "longest").is_not_null()) | (
        pl.col("due") + pl.col("pending") > 0
    )
    frame = frame.filter(has_leads).sort("due", "group", descending=[True, False], nulls_last=True)
    counts = [pl.col(name).cast(pl.Int64) for name in ("due", "kept", "untouched", "pending")]
    order = ("group", "system_median", "system_p90", "human_median", "human_p90", "longest", "due", "kept", "share",
             "untouched", "pending")  # fmt: skip
    return Speed(frame.with_columns(counts).select(order))
