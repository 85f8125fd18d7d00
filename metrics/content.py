"""What content did: which deals saw it, when, what sales sends, and for whom there is none. Draws nothing.

The SELECTs are written by hand and fixed; days are chosen in the frames that they give.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from data.calendar import Period
from metrics.filtered_rows import filtered_rows
from metrics.gaps import absent
from metrics.outcome_shares import OutcomeShares
from metrics.run import Session

__all__ = ["BANDS", "Coverage", "Reader", "coverage", "readers", "sent_by_sales"]

BANDS = ("TOFU", "MOFU", "BOFU")
_LABEL = "What deals saw"

# A row per decided deal of type new and piece in its path to the close, with the band in which it was first seen.
_SEEN = """
    SELECT d.deal_id, d.is_won, d.decided_on, s.content_id, s.band
    FROM pipeline AS d LEFT JOIN deal_content AS s ON s.deal_id = d.deal_id
    WHERE d.deal_type = 'new' AND (d.is_won OR d.is_lost)
"""
_SENT = """
    SELECT content_id, happened_on FROM touches WHERE kind = 'sales_share' AND content_id IS NOT NULL
    UNION ALL
    SELECT content_id, happened_on FROM activities WHERE content_id IS NOT NULL
"""
_PIECES = "SELECT persona, band, count(*) AS pieces FROM content GROUP BY ALL"
_PERSONAS = "SELECT persona, count(*) AS contacts FROM contacts WHERE persona IS NOT NULL GROUP BY ALL ORDER BY ALL"


@dataclass(frozen=True, kw_only=True)
class Reader(OutcomeShares):
    """Of the won and of the lost deals of a period, how many saw a piece of content, and in which band first.

    `bands` counts the deals by the band in which they did.
    """

    content: str
    bands: Mapping[str, int]


def readers(session: Session, period: Period, where: str | None = None) -> tuple[list[Reader], str | None]:
    """The pieces that decided deals of a period saw, most seen by the won first; or none and the reason why.

    `where` is the filter of a whole page; it narrows the deals by what is known of them.
    That won deals saw a piece more often does not say that it won them: those who buy also read more.
    """
    needed = ("journeys.content_id", "pipeline.is_lost", "pipeline.decided_on", "pipeline.created_on")
    reason = next((why for column in needed if (why := absent(session, column))), None)
    if reason is None:
        chosen, reason = filtered_rows(session, "pipeline.decided_on", ("deal_id",), period, where, _LABEL)
    if reason is not None:
        return [], reason
    frame = session.read(_SEEN)
    frame = frame.join(chosen, on="deal_id", how="semi")
    totals = frame.group_by("is_won").agg(pl.col("deal_id").n_unique())
    decided = dict(totals.iter_rows())
    seen = frame.filter(pl.col("content_id").is_not_null())
    found = []
    for (content,), rows in seen.group_by("content_id"):
        won = int(rows["is_won"].sum())
        bands = dict(rows.group_by("band").len().iter_rows())
        found.append(
            Reader(
                content=str(content), won=won, lost=rows.height - won, all_won=decided.get(True, 0),
                all_lost=decided.get(False, 0), bands={band: bands.get(band, 0) for band in BANDS},
            )
        )  # fmt: skip
    if not decided:
        narrowed = " under this filter" if where else ""
        return [], f"No deal of type new was decided in these days{narrowed}."
    return sorted(found, key=lambda reader: (-reader.won, reader.content)), None


def sent_by_sales(session: Session, period: Period) -> pl.DataFrame:
    """How often colleagues sent each piece, as touches of kind sales_share or with an activity: content_id, times."""
    frame = session.read(_SENT)
    frame = frame.filter(pl.col("happened_on").is_between(period.start, period.until, closed="left"))
    counts = frame.group_by("content_id").agg(pl.len().cast(pl.Int64).alias("times"))
    return counts.sort("times", "content_id", descending=[True, False])


@dataclass(frozen=True)
class Coverage:
    """Pieces of content per persona and band: a row per persona with `contacts` and a count per band.

    Pieces for nobody in particular stand in a row of their own, whose persona is empty. `missing` are the pairs of a
    persona that has contacts and a band for which no piece is made; `reason` says why nothing is known.
    """

    frame: pl.DataFrame
    missing: list[tuple[str, str]]
    reason: str | None = None


def coverage(session: Session) -> Coverage:
    reason = next((r for c in ("content.persona", "content.band") if (r := absent(session, c))), None)
    personas = dict(session.read(_PERSONAS).iter_rows())
    counts = {} if reason else {(persona, band): n for persona, band, n in session.read(_PIECES).iter_rows()}
    if reason is None and not counts:
        reason = "No content was loaded: map content in sources.yaml."
    named = sorted({*personas, *(persona for persona, _ in counts if persona is not None)})
    everyone: list[str | None] = [*named, *([None] if any(persona is None for persona, _ in counts) else [])]
    rows = [
        (who, personas.get(who, 0) if who else None, *(counts.get((who, band), 0) for band in BANDS))
        for who in everyone
    ]
    schema = {"persona": pl.String, "contacts": pl.Int64, **dict.fromkeys(BANDS, pl.Int64)}
    frame = pl.DataFrame([] if reason else rows, schema=schema, orient="row")
    missing = [(who, band) for who in personas for band in BANDS if not counts.get((who, band))]
    return Coverage(frame, [] if reason else missing, reason)
