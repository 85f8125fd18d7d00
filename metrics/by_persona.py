"""What becomes of the leads of each persona, and why sales rejects them. Draws nothing and reads no definition file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from data.calendar import Period
from metrics.query import Query
from metrics.run import Session

__all__ = ["ByPersona", "by_persona", "reasons_of"]

_METRICS = (
    "leads", "mqls", "lead_to_customer.matured", "lead_to_customer.rate_matured", "deals_won", "won_revenue",
    "accepted", "rejected",
)  # fmt: skip


@dataclass(frozen=True)
class ByPersona:
    """A row per persona, the one that brings most first: persona (as the data has it), label, and the metrics.

    `rejected_share` is rejected out of accepted and rejected. What no definition describes stands last; contacts
    without a persona have an empty one. `reasons` say why a column is empty.
    """

    frame: pl.DataFrame
    reasons: Mapping[str, str]

    @property
    def described(self) -> pl.DataFrame:
        return self.frame.filter(pl.col("is_described"))


def by_persona(session: Session, period: Period, where: str | None = None) -> ByPersona:
    """Leads, conversion, revenue and verdicts of the period; personas without any of them are there with zeros."""
    answer = session.answer(Query(_METRICS, ("persona",), period=period, where=where, is_shared=True))
    labels = {one.value: one.label for one in session.definitions.personas.values()}
    known = pl.DataFrame({"persona": list(labels)}, schema={"persona": pl.String})
    frame = answer.frame.join(known, on="persona", how="full", coalesce=True, nulls_equal=True)
    counts = [name for name in _METRICS if not name.startswith("lead_to_customer.rate") and name not in answer.reasons]
    judged = pl.col("accepted").fill_null(0) + pl.col("rejected").fill_null(0)
    is_counted = "accepted" not in answer.reasons and "rejected" not in answer.reasons
    frame = frame.with_columns(
        *(pl.col(name).fill_null(0) for name in counts),
        pl.col("persona").is_in(list(labels)).fill_null(False).alias("is_described"),
        pl.col("persona").replace(labels).alias("label"),
        (pl.when(judged > 0).then(pl.col("rejected").fill_null(0) / judged) if is_counted else pl.lit(None, pl.Float64))
        .alias("rejected_share"),
    )  # fmt: skip
    order = [pl.col("is_described"), pl.col("persona").is_not_null(), pl.col("won_revenue").fill_null(0)]
    frame = frame.sort(*order, "persona", descending=[True, True, True, False])
    # Nobody without a persona is no row.
    is_there = pl.any_horizontal(pl.col(name).fill_null(0) != 0 for name in counts) if counts else pl.lit(value=True)
    return ByPersona(frame.filter(pl.col("is_described") | is_there), answer.reasons)


def reasons_of(session: Session, period: Period, where: str | None = None) -> tuple[pl.DataFrame, str | None]:
    """Rejections by persona and reason, most first: persona, reason (empty where none was given), rejected, share.

    `share` is of the persona's rejections. With the reason where there is no answer.
    """
    asked = Query(("rejected",), ("persona", "verdict_reason"), period=period, where=where, is_shared=True)
    answer = session.answer(asked)
    whole = pl.col("rejected").sum().over("persona")
    frame = (
        answer.frame.rename({"verdict_reason": "reason"})
        .filter(pl.col("rejected") > 0)
        .with_columns((pl.col("rejected") / whole).alias("share"))
        .sort("persona", pl.col("rejected") * -1, "reason", nulls_last=True)
    )
    return frame, answer.reasons.get("rejected")
