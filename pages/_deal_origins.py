"""Who brought the deals, over time and in all: pictures, a table and their words. Computes no business number.

Deals are few in a week, so all of it is of the twelve months up to the end of the chosen period.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl
import streamlit as st

from data.calendar import Period, leading_to, shift
from metrics.deal_origins import MEASURES, ORIGIN, DealOrigins, deal_origins, origin_shares
from pages import _choices, _targets, _words
from pages._dates import period_label, span
from pages._page import View, metric_of, rows_button, words
from pages._panels import column_formats, show_chart, show_reason, show_table
from pages._theme import Owner
from pages._time_lines import MOST_LINES, Point, over_time
from pages._words import escape, strong

__all__ = ["origins"]

MONTHS, ALL = 12, "All"
NAMES: Mapping[str | None, str] = {"marketing": "Marketing", "sales": "Sales", "partner": "Partner", None: "Not known"}
OWNERS: Mapping[str | None, Owner] = {"marketing": "marketing", "sales": "sales"}
TITLE, KEY = "Who brought our deals?", "origins"


def origins(seen: View) -> None:
    """A sentence, a measure to choose, its lines over the months, and what each origin brought in all."""
    period = leading_to(seen.period.until, "month", seen.session.company, MONTHS)
    found = deal_origins(seen.session, period, seen.where)
    if found.reason is not None or not found.origins:
        show_reason(TITLE, found.reason or f"No deal was created in {span(period)}.", key=KEY)
        return
    narrow, wide = st.columns(2, gap="small", vertical_alignment="bottom")
    with narrow:
        measure = _choose_measure(seen)
    with wide:
        st.markdown(_says(found, period))
    left, right = st.columns(2, gap="small")
    with left:
        _over_time(seen, found, period, measure)
    with right:
        _in_all(seen, found, period)
    st.caption("  \n".join(escape(note) for note in found.total.notes))


def _choose_measure(seen: View) -> str:
    labels = {name: metric_of(seen, name).label for name in MEASURES}
    _choices.tell_unknown(seen.session, {"measure": labels})
    chosen = st.segmented_control(
        "Deals by origin", list(labels), format_func=labels.__getitem__, key="measure", default=MEASURES[0],
        bind="query-params",
    )  # fmt: skip
    return chosen or MEASURES[0]


def _says(found: DealOrigins, period: Period) -> str:
    """Whose event came first, of the deals of the year."""
    shares = [one for one in origin_shares(found.in_all.frame, MEASURES[0]) if one.value]
    if not shares:
        return f"No deal was created in {escape(span(period))}."
    whole = _words.count(found.total.number(MEASURES[0]))
    parts = [f"{strong(_name(one.origin))} {escape(_words.rate(one.share))}" for one in shares]
    return f"Of {escape(whole)} deals of {escape(span(period))}, by whose event came first: {', '.join(parts)}."


def _name(origin: str | None) -> str:
    return NAMES.get(origin, str(origin))


def _over_time(seen: View, found: DealOrigins, period: Period, measure: str) -> None:
    title, key = f"{TITLE} {metric_of(seen, measure).label} by month", KEY
    if measure in found.by_month.reasons:
        show_reason(title, found.by_month.reasons[measure], key=key)
        return
    shown = found.origins[:MOST_LINES]
    frame = found.by_month.frame.filter(pl.col(ORIGIN).is_in(shown, nulls_equal=True)).sort("period")
    targets = _targets.of_answer(seen, found.by_month, measure)
    points = [
        targets.on_point(
            Point(
                period_label(month, "month"), value, words(seen, measure, value),
                is_complete=shift(month, "month", 1) <= period.until, group=origin,
            ), origin, month,
        )
        for one in shown
        for origin, month, value in frame.select(ORIGIN, "period", measure).iter_rows()
        if origin == one
    ]  # fmt: skip
    figure = over_time(
        points, seen.theme, as_text=lambda value: words(seen, measure, value), unattributed=NAMES[None],
        owners=OWNERS, names=NAMES,
    )  # fmt: skip
    units = {name: metric_of(seen, name).unit for name in MEASURES}
    labels = {"period": "Month", ORIGIN: "Origin", **{name: metric_of(seen, name).label for name in MEASURES}}
    show_chart(
        title,
        "By the first event before the deal was created: a touch of marketing, or an outbound activity of sales or of a"
        " partner. All lines are on one scale; dashed is the month that is not over."
        f"{_targets.told(targets)}",
        figure,
        _named(
            _targets.beside(found.by_month.frame.select("period", ORIGIN, *MEASURES), [ORIGIN, "period"], targets)
        ).sort("period", descending=True),
        key=key,
        columns=_targets.columns(units, labels, targets),
        below=lambda: rows_button(seen, measure, period, key, (ORIGIN,)),
    )


def _named(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(pl.Series(ORIGIN, [_name(one) for one in frame[ORIGIN]], dtype=pl.String))


def _in_all(seen: View, found: DealOrigins, period: Period) -> None:
    """Every origin in a row, and all of them first: what they add up to."""
    rows = pl.concat(
        [found.total.frame.select(pl.lit(ALL).alias(ORIGIN), *MEASURES)]
        + [_named(found.in_all.frame.filter(pl.col(ORIGIN).eq_missing(pl.lit(one)))) for one in found.origins],
        how="vertical_relaxed",
    )
    units = {name: metric_of(seen, name).unit for name in MEASURES}
    labels = {ORIGIN: "Origin", **{name: metric_of(seen, name).label for name in MEASURES}}
    reasons = dict.fromkeys(found.in_all.reasons.values())
    show_table(
        "What did each bring?",
        " ".join([f"Deals of type new, {span(period)}. Without a known origin they are a row of their own.", *reasons]),
        rows,
        key="origins_in_all",
        columns=column_formats(units, labels),  # type: ignore[arg-type]  # units are checked when loaded
        below=lambda: _rows(seen, period),
    )


def _rows(seen: View, period: Period) -> None:
    with st.container(horizontal=True, gap="small"):
        st.caption("Rows of", width="content")
        for name in MEASURES:
            rows_button(seen, name, period, f"origin_{name}", (ORIGIN,), metric_of(seen, name).label)
