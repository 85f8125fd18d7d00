"""Why sales rejects, in the words of the agreement: by reason, and the most frequent one per campaign or source. Asks.

A CRM and the ledger may say one reason in two ways: by the words of the CRM and by the code of the agreement.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import polars as pl

from data.calendar import Period
from metrics.query import Query
from metrics.run import Session

__all__ = ["NO_REASON", "reason_labels", "rejections_by", "rejections_by_reason", "verdicts_by"]

NO_REASON = "No reason given"
_REJECTED, _REASON = "rejected", "verdict_reason"


def reason_labels(session: Session) -> Mapping[str, str]:
    """The label of each reason by its code and by the CRM's words for it, as the latest version that knows it says."""
    found: dict[str, str] = {}
    for version in session.definitions.agreement.versions:
        for reason in version.reasons:
            found |= dict.fromkeys((reason.code, *reason.crm), reason.label)
    return found


def rejections_by_reason(session: Session, period: Period, where: str | None) -> tuple[pl.DataFrame, str | None]:
    """Columns reason (None where none was given), rejected; the most frequent first. Or no rows and the reason why."""
    counts, why = _counts(session, (), period, where)
    rows = sorted(counts.get((), {}).items(), key=lambda row: (row[0] is None, -row[1], row[0] or ""))
    return pl.DataFrame(rows, schema={"reason": pl.String, "rejected": pl.Int64}, orient="row"), why


def rejections_by(
    session: Session, dimension: str, period: Period | None, where: str | None
) -> tuple[pl.DataFrame, str | None]:
    """Per value of a dimension: group, rejected, reason (the most frequent), because (how many for it).

    The reason is empty where none was given with any rejection; of reasons equally frequent the first by name stands.
    The groups with most rejections come first. Without a period it is of all time.
    """
    counts, why = _counts(session, (dimension,), period, where)
    rows = []
    for (group,), reasons in counts.items():
        given = [(name, count) for name, count in reasons.items() if name is not None]
        top = min(given, key=lambda pair: (-pair[1], pair[0]), default=(None, 0))
        rows.append((group, sum(reasons.values()), *top))
    rows.sort(key=lambda row: (-row[1], row[0] is None, row[0] or ""))
    schema = {"group": pl.String, "rejected": pl.Int64, "reason": pl.String, "because": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row"), why


def verdicts_by(
    session: Session, dimension: str, period: Period | None, where: str | None
) -> tuple[pl.DataFrame, str | None]:
    """What sales says of the leads of each group: of leads handed over in the period, and verdicts given in it.

    Columns: group, handed_over, acceptance_rate (a fraction, empty where no verdict is due), and rejected, reason,
    because as of `rejections_by`; the groups with most hand-overs first. Or no rows and why there are none.
    """
    asked = ("handed_over", "acceptance_rate")
    answer = session.answer(Query(asked, (dimension,), period=period, where=where, is_shared=True))
    rejections, why = rejections_by(session, dimension, period, where)
    reason = answer.reasons.get("handed_over") or why
    if reason is not None:
        return pl.DataFrame(), reason
    frame = answer.frame.rename({dimension: "group"}).join(
        rejections, on="group", how="full", coalesce=True, nulls_equal=True
    )
    counts = [pl.col(name).fill_null(0).cast(pl.Int64) for name in ("handed_over", "rejected", "because")]
    frame = frame.with_columns(counts).filter(pl.col("handed_over") + pl.col("rejected") > 0)
    order = ("group", "handed_over", "acceptance_rate", "rejected", "reason", "because")
    return frame.sort("handed_over", "group", descending=[True, False], nulls_last=True).select(order), None


def _counts(
    session: Session, by: tuple[str, ...], period: Period | None, where: str | None
) -> tuple[dict[tuple[str | None, ...], Counter[str | None]], str | None]:
    """How often each reason was given, per group; and why nothing is known."""
    answer = session.answer(Query((_REJECTED,), (*by, _REASON), period=period, where=where, is_shared=True))
    if _REJECTED in answer.reasons:
        return {}, answer.reasons[_REJECTED]
    labels, found = reason_labels(session), dict[tuple[str | None, ...], Counter[str | None]]()
    for *group, reason, count in answer.frame.iter_rows():
        if count:
            told = labels.get(reason, reason)
            found.setdefault(tuple(group), Counter())[told] += int(count)
    return found, None
