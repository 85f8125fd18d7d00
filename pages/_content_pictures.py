"""Content as rankings, pairs of shares and tables. Computes no business number: it asks and places.

Deals take months, so all of it is of the twelve months up to the end of the chosen period.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl
import streamlit as st

from data.calendar import Period, leading_to
from metrics import Answer, Query
from metrics.content import BANDS, Coverage, Reader, coverage, readers, sent_by_sales
from metrics.plan import PLAINEST_MODEL
from pages import _charts, _choices, _words
from pages._charts import Bar
from pages._dates import span
from pages._page import View, metric_of, rows_button, words
from pages._pairs import SHARES, pairs_drawing, shares_in_row
from pages._panels import column_formats, show_chart, show_reason, show_table

__all__ = ["Pieces", "choose_model", "credit", "everything", "missing", "pieces", "readers_of", "sent"]

MONTHS, MOST, NONE = 12, 9, "No content"
# Where amounts are not known, customers are shared out in their place.
SHARED = {"credited_revenue": "revenue", "credited_customers": "customers"}


@dataclass(frozen=True)
class Pieces:
    """What each piece of content did in a period; `metric` is what is shared out, by `model`."""

    period: Period
    model: str
    metric: str
    credited: Answer
    names: Mapping[str, str]
    readers: list[Reader]
    no_readers: str | None
    sent: pl.DataFrame
    coverage: Coverage

    def name(self, piece: str | None) -> str:
        return NONE if piece is None else self.names.get(piece, piece)


def choose_model(seen: View) -> str:
    """By which model credit is shared out; in the address of the page."""
    narrow, _ = st.columns([1, 2], gap="small")
    with narrow:
        asked = Query(("credited_revenue",), ("content",), where=seen.where, is_shared=True)
        return _choices.choose_model(seen.session, SHARED, asked=asked) or PLAINEST_MODEL


def pieces(seen: View, model: str) -> Pieces:
    period = leading_to(seen.period.until, "month", seen.session.company, MONTHS)

    def ask(metric: str) -> Answer:
        query = Query((metric,), ("content",), period=period, where=seen.where, is_shared=True, model=model)
        return seen.session.answer(query)

    answers = {metric: ask(metric) for metric in SHARED}
    metric = next((name for name, answer in answers.items() if not answer.reasons), "credited_revenue")
    found, reason = readers(seen.session, period, seen.where)
    return Pieces(
        period=period,
        model=model,
        metric=metric,
        credited=answers[metric],
        names=seen.session.names("content"),
        readers=found,
        no_readers=reason,
        sent=sent_by_sales(seen.session, period),
        coverage=coverage(seen.session),
    )


def credit(seen: View, found: Pieces) -> None:
    """What was won, shared out among the pieces; what no piece has a share in stands hatched and last."""
    title, key, name = "Which pieces have a share in what was won?", "credit", found.metric
    shown = found.credited.frame.filter(pl.col(name) != 0)
    if shown.is_empty():
        reason = found.credited.reasons.get(name) or f"Nothing was won in {span(found.period)}."
        show_reason(title, reason, key=key)
        return
    bars = [
        Bar(None if piece is None else found.name(piece), value, words(seen, name, value))
        for piece, value in shown.iter_rows()
    ]
    label = metric_of(seen, name).label
    # Most touches are of no piece: beside that bar all others would be short.
    is_cut = any(bar.label is not None for bar in bars) and any(bar.label is None for bar in bars)
    show_chart(
        title,
        f"{label} by the model {_choices.model_label(found.model)}, {span(found.period)}."
        + " A bar with a gap is longer than drawn." * is_cut,
        _charts.ranked_bars(
            bars,
            seen.theme,
            top=MOST,
            unattributed=NONE,
            sum_as_text=lambda value: words(seen, name, value),
            is_cut=is_cut,
        ),
        shown.with_columns(pl.Series("content", [found.name(piece) for piece in shown["content"]])),
        key=key,
        columns=column_formats({name: metric_of(seen, name).unit}, {"content": "Content", name: label}),  # type: ignore[dict-item]  # units are checked when loaded
        below=lambda: rows_button(seen, name, found.period, key, ("content",), model=found.model),
    )


def readers_of(seen: View, found: Pieces) -> None:
    """Per piece the share of won deals that saw it and of lost ones, each with the range in which it may truly lie."""
    title, key = "What did won deals see that lost ones did not?", "readers"
    if not found.readers:
        show_reason(title, found.no_readers or f"No decided deal saw content in {span(found.period)}.", key=key)
        return
    first = found.readers[0]
    show_chart(
        title,
        f"Of {first.all_won:,} won (filled) and {first.all_lost:,} lost deals (hollow), how many saw the piece. The"
        " line through a dot is where the share may truly lie (95 %). Who buys reads more: no proof of effect.",
        _charts.figure(pairs_drawing([(found.name(row.content), row) for row in found.readers[:MOST]], seen.theme)),
        _reader_table(found, found.readers),
        key=key,
        columns=_columns(),
    )


def _reader_table(found: Pieces, rows: Sequence[Reader]) -> pl.DataFrame:
    """A row per piece: both shares with their ranges, and the band in which deals saw it first."""
    kinds = {"content": pl.String, **dict.fromkeys(SHARES, pl.Float64), **dict.fromkeys(BANDS, pl.Int64)}
    return pl.DataFrame(
        [
            (found.name(row.content), *shares_in_row(row), *(row.bands[band] for band in BANDS))
            for row in rows
        ],
        schema=kinds,
        orient="row",
    )  # fmt: skip


def sent(seen: View, found: Pieces) -> None:
    """What colleagues in sales send to their prospects."""
    title, key = "What does sales send?", "sent"
    if found.sent.is_empty():
        reason = "No content that sales sends is known: map touches of kind sales_share, or the content of activities."
        show_reason(title, reason, key=key)
        return
    shown = found.sent.with_columns(pl.Series("content", [found.name(piece) for piece in found.sent["content_id"]]))
    bars = [Bar(name, times, _words.count(times)) for name, times in shown.select("content", "times").iter_rows()]
    show_chart(
        title,
        f"How often each piece was sent by a colleague in {span(found.period)}.{_not_narrowed(seen)}",
        _charts.ranked_bars(bars, seen.theme, owner="sales", top=MOST, sum_as_text=_words.count),
        shown.select("content", "times"),
        key=key,
        columns=column_formats({"times": "count"}, {"content": "Content", "times": "Sent"}),
    )


def _not_narrowed(seen: View) -> str:
    """What a picture says that is of all, whatever the filters are."""
    return " The filters do not narrow this." if seen.where else ""


def missing(seen: View, found: Pieces) -> None:
    """For whom, and where in the funnel, nothing is made."""
    title, key = "For whom is content missing?", "missing"
    if found.coverage.reason is not None:
        show_reason(title, found.coverage.reason, key=key)
        return
    units = {"contacts": "count", **dict.fromkeys(BANDS, "count")}
    show_table(
        title,
        "Pieces made for each persona, by the band that they are for; 0 is where something is missing."
        + _not_narrowed(seen),
        found.coverage.frame.with_columns(pl.col("persona").fill_null("For everyone")),
        key=key,
        columns=column_formats(units, {"persona": "Persona", "contacts": "Contacts"}),  # type: ignore[arg-type]  # units are of the list
    )


def everything(seen: View, found: Pieces) -> None:
    """All numbers by piece: credit, who saw it and where in the funnel, how often it was sent."""
    name = found.metric
    ids = pl.DataFrame({"content_id": [row.content for row in found.readers]}, schema={"content_id": pl.String})
    table = ids.with_columns(_reader_table(found, found.readers).drop("content"))
    credited = found.credited.frame.rename({"content": "content_id"}).filter(pl.col("content_id").is_not_null())
    joined = (
        credited.join(table, on="content_id", how="full", coalesce=True)
        .join(found.sent, on="content_id", how="full", coalesce=True)
        .sort(name, "content_id", descending=[True, False], nulls_last=True)
    )
    if joined.is_empty():
        show_reason("Every piece", "No touch names a piece of content: map content_id in sources.yaml.", key="pieces")
        return
    known = [*(table.columns[1:] if found.readers else []), *(["times"] if found.sent.height else [])]
    shown = joined.select(pl.Series("content", [found.name(piece) for piece in joined["content_id"]]), name, *known)
    sent = "How often sales sent a piece is not narrowed by the filters."
    counted = "TOFU, MOFU and BOFU count decided deals by the band in which they first saw the piece."
    show_table(
        "Every piece",
        " ".join([f"{span(found.period)}.", *([counted] if found.readers else []), *([sent] if seen.where else [])]),
        shown,
        key="pieces",
        columns=_columns()
        | column_formats(
            {name: metric_of(seen, name).unit, "times": "count"},  # type: ignore[dict-item]  # units are checked when loaded
            {name: metric_of(seen, name).label, "times": "Sent by sales"},
        ),
    )


def _columns() -> dict[str, object]:
    labels = {
        "content": "Content", "won_share": "Of won", "won_low": "At least (95 %)", "won_high": "At most (95 %)",
        "lost_share": "Of lost", "lost_low": "Lost, at least", "lost_high": "Lost, at most",
    }  # fmt: skip
    units = {**dict.fromkeys(SHARES, "ratio"), **dict.fromkeys(BANDS, "count")}
    return column_formats(units, labels)  # type: ignore[arg-type]  # units are of the list
