"""The hand-over to sales: compared at equal age, its speed split into two delays. Draws nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace

import polars as pl

from alignment.agreement import in_force
from data.calendar import Period, comparison
from metrics import Answer, Query, Session
from metrics.agreement import Obligation
from metrics.kinds import Duration, results_of

__all__ = ["FIRST_TOUCH", "SYSTEM", "VERDICT", "Speed", "at_equal_age", "obligation_of", "speed"]

SYSTEM, FIRST_TOUCH, VERDICT = "system_delay_hours", "human_delay_hours", "verdict_days"
_RESULTS = ("median", "p90")
_COUNTS = ("due", "kept", "promise_kept", "overdue", "pending", "released")
_SYSTEM = tuple(f"{SYSTEM}.{result}" for result in _RESULTS)


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
    them yet), pending (still in time) and, on the clocks of people, released (handed on, or answered by a colleague, in
    time). `human` is the metric of the human delay: `is_own` where it runs on the clock of each person who had the
    lead. `reason` says why there is none.
    """

    frame: pl.DataFrame
    human: str = FIRST_TOUCH
    reason: str | None = None

    @property
    def is_own(self) -> bool:
        return self.human != FIRST_TOUCH


def speed(session: Session, by: str, period: Period, where: str | None) -> Speed:
    """Both delays of the leads assigned in a period. A reassignment is no new begin, except on the clocks of people."""
    human = _human(session, by)
    counts = tuple(name for name in _COUNTS if name in results_of(session.definitions.metrics[human]))
    asked = (*_SYSTEM, *(f"{human}.{result}" for result in (*_RESULTS, *counts)))
    answer = session.answer(Query(asked, (by,), period=period, where=where, is_shared=True))
    reason = answer.reasons.get(f"{human}.median")
    if reason is not None:
        return Speed(pl.DataFrame(), human, reason)
    longest = answer.longest[f"{human}.median"]
    named = {
        f"{SYSTEM}.median": "system_median", f"{SYSTEM}.p90": "system_p90", f"{human}.median": "human_median",
        f"{human}.p90": "human_p90", f"{human}.due": "due", f"{human}.kept": "kept", f"{human}.promise_kept": "share",
        f"{human}.overdue": "untouched", f"{human}.pending": "pending", f"{human}.released": "released",
    }  # fmt: skip
    frame = answer.frame.with_columns(longest.alias("longest")).rename({by: "group", **named}, strict=False)
    many = [name for name in ("due", "kept", "untouched", "pending", "released") if name in frame.columns]
    has_leads = pl.any_horizontal(pl.col("system_median", "human_median", "longest").is_not_null()) | (
        pl.sum_horizontal(*(name for name in many if name != "kept")) > 0
    )
    frame = frame.filter(has_leads).sort("due", "group", descending=[True, False], nulls_last=True)
    frame = frame.with_columns(pl.col(name).cast(pl.Int64) for name in many)
    order = ("group", "system_median", "system_p90", "human_median", "human_p90", "longest", "due", "kept", "share",
             "untouched", "pending", *(("released",) if "released" in many else ()))  # fmt: skip
    return Speed(frame.select(order), human)


def _human(session: Session, by: str) -> str:
    """The metric of the human delay: by owner that of each person's own clock, where the data tells it."""
    metric = session.definitions.metrics[FIRST_TOUCH]
    own = metric.per_person if isinstance(metric, Duration) and by == "owner" else None
    if own is None or session.answer(Query((f"{own}.due",))).reasons:
        return FIRST_TOUCH
    return own
