"""The most frequent journeys as rows of channels, each with its numbers and the way to its deals. Computes nothing."""

from __future__ import annotations

import polars as pl
import streamlit as st

from metrics.deal_paths import Frequent, PathCount, deals_of, frequent
from pages import _choices
from pages._dates import span
from pages._page import View, crm_links, to_journeys
from pages._panels import column_formats, show_reason, table
from pages._path_pictures import Paths, channel_label, touches_in_words
from pages._words import count, days, escape, rate, strong

__all__ = ["CAUSES", "chips", "journeys"]

MOST = 8
OUTCOMES = {"won": "Won deals", "lost": "Lost deals"}
REPEATS = {"once": "Repeats count once", "each": "Every touch"}
TITLE = "Which journeys are the most frequent?"
# Why a deal has no journey, as pages say it.
CAUSES = {
    "sales_origin": "Sales-originated, no touch", "partner_origin": "Partner-originated, no touch",
    "no contact": "No contact of the deal is known", "no touch": "No touch of its contacts is known",
    "outside the look-back": "All touches outside the look-back",
}  # fmt: skip


def journeys(seen: View, found: Paths) -> None:
    """The journeys of most won (or lost) deals, all others in one row, and deals without a touch by their cause."""
    if found.decided.reason is not None or found.decided.deals.is_empty():
        show_reason(TITLE, found.reason, key="journeys")
        return
    with st.container(border=True, gap="xsmall", key="panel_journeys"):
        st.header(TITLE, anchor=False)
        to_won, is_unrepeated = _choose(seen)
        ranked = frequent(found.decided, MOST, to_won=to_won, is_unrepeated=is_unrepeated)
        st.caption(escape(_caption(found, to_won=to_won, is_unrepeated=is_unrepeated)))
        for place, one in enumerate(ranked.every):
            with st.container(key=f"path_{place}", gap="xsmall"):
                left, right = st.columns([4, 6], gap="small", vertical_alignment="center")
                left.markdown(chips(one))
                with (
                    right,
                    st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"numbers_{place}"),
                ):
                    st.markdown(_numbers(found, one, to_won=to_won))
                    if st.button("Deals", key=f"rows_path_{place}", type="tertiary", help="The deals of this row"):
                        _show_deals(seen, found, ranked, one, is_unrepeated=is_unrepeated)
        with st.expander("Table", key="table_journeys", type="compact"):
            table(_rows(found, ranked), f"The table of: {TITLE}", _columns(), most=MOST + 7)


def _choose(seen: View) -> tuple[bool, bool]:
    """Whose journeys, and whether a channel that follows itself counts once; in the address of the page."""
    _choices.tell_unknown(seen.session, {"outcome": OUTCOMES, "repeats": REPEATS})
    with st.container(horizontal=True, key="journeys_of"):
        outcome = st.segmented_control(
            "Journeys of", list(OUTCOMES), format_func=OUTCOMES.__getitem__, key="outcome", default="won",
            bind="query-params",
        )  # fmt: skip
        repeats = st.segmented_control(
            "A channel twice in a row", list(REPEATS), format_func=REPEATS.__getitem__, key="repeats", default="once",
            bind="query-params",
        )  # fmt: skip
    return outcome != "lost", repeats != "each"


def _caption(found: Paths, *, to_won: bool, is_unrepeated: bool) -> str:
    outcome, every = ("won", found.decided.won) if to_won else ("lost", found.decided.lost)
    repeated = " A channel that follows itself counts once." if is_unrepeated else ""
    return (
        f"Channels in their order, from the first touch to the close, of {count(every)} {outcome} deals of type new,"
        f" {span(found.period)}.{repeated} All rows add up to all deals. Touches and days are medians of its won and"
        " lost deals; the range of a win rate is where it may truly lie (95 %)."
    )


def chips(one: PathCount) -> str:
    """A chip per channel and an arrow between two, in Markdown whose text from data is escaped."""
    if one.channels is not None:
        return " → ".join(f":blue-badge[{escape(channel_label(channel))}]" for channel in one.channels)
    return escape(_text(one))


def _text(one: PathCount) -> str:
    if one.channels is not None:
        return " → ".join(channel_label(channel) for channel in one.channels)
    if one.cause is not None:
        return CAUSES.get(one.cause, one.cause)
    return f"{one.ways:,} other journeys" if one.ways > 1 else "1 other journey"


def _numbers(found: Paths, one: PathCount, *, to_won: bool) -> str:
    number, every = (one.won, found.decided.won) if to_won else (one.lost, found.decided.lost)
    outcome = "won" if to_won else "lost"
    said = [f"{strong(f'{count(number)} {outcome}')} ({escape(rate(number / every if every else None))})"]
    if one.interval is not None:
        said.append(escape(f"wins {rate(one.win_rate)} ({rate(one.interval.low)} to {rate(one.interval.high)})"))
    if one.touches is not None:
        said.append(escape(touches_in_words(one.touches) + (f", {days(one.days)}" if one.days is not None else "")))
    return " · ".join(said)


def _show_deals(seen: View, found: Paths, ranked: Frequent, one: PathCount, *, is_unrepeated: bool) -> None:
    """A dialog with the deals of a row, each with the way to its journey."""

    @st.dialog("The deals of this journey", width="large")
    def dialog() -> None:
        rows = deals_of(seen.session, found.period, seen.where, ranked, one, is_unrepeated=is_unrepeated)
        st.markdown(chips(one))
        st.caption(escape(f"{count(one.won)} won and {count(one.lost)} lost, {span(found.period)}"))
        outcome = pl.when("is_won").then(pl.lit("Won")).otherwise(pl.lit("Lost")).alias("outcome")
        shown, links = crm_links(seen, rows.select("deal_id", outcome, "decided_on", "touches", "days"))
        shown, links = to_journeys(shown, links)
        units = {"touches": "count", "days": "count"}
        labels = {
            "deal_id": "Deal", "outcome": "Outcome", "decided_on": "Decided", "touches": "Touches",
            "days": "Days from first touch",
        }  # fmt: skip
        table(shown, "The deals of this journey", {**column_formats(units, labels), **links})  # type: ignore[arg-type]  # units are literals

    dialog()


def _rows(found: Paths, ranked: Frequent) -> pl.DataFrame:
    """A row per journey with every number."""
    rows = [
        (
            _text(one), one.won, _share(one.won, found.decided.won), one.lost, _share(one.lost, found.decided.lost),
            one.win_rate, one.interval.low if one.interval else None, one.interval.high if one.interval else None,
            one.touches, one.days,
        )
        for one in ranked.every
    ]  # fmt: skip
    kinds = {"journey": pl.String, **dict.fromkeys(_UNITS, pl.Float64)}
    return pl.DataFrame(rows, schema=kinds, orient="row")


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


_UNITS = {
    "won": "count", "won_share": "ratio", "lost": "count", "lost_share": "ratio", "win_rate": "ratio", "low": "ratio",
    "high": "ratio", "touches": "parts", "days": "days",
}  # fmt: skip
_LABELS = {
    "journey": "Journey", "won": "Won", "won_share": "Of won", "lost": "Lost", "lost_share": "Of lost",
    "win_rate": "Win rate", "low": "At least (95 %)", "high": "At most (95 %)", "touches": "Median touches",
    "days": "Median days",
}  # fmt: skip


def _columns() -> dict[str, object]:
    return column_formats(_UNITS, _LABELS)  # type: ignore[arg-type]  # units are of the list
