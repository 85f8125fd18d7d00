"""Whether touches say where people came from, on Data health: counts with rows and what to do, direct over time."""

from __future__ import annotations

import streamlit as st

from metrics.attribution_quality import direct_share, quality, quality_rows
from metrics.gaps import Gap
from pages._dates import period_label
from pages._entries import count_html
from pages._page import View
from pages._panels import column_formats, show_chart, show_reason, table
from pages._time_lines import Point, over_time
from pages._words import count, escape, rate

__all__ = ["attribution"]

_DIRECT = "How many touches are direct?"


def attribution(seen: View) -> None:
    """The kinds of touches that attribution cannot trust, and the share of direct by month."""
    left, right = st.columns(2, gap="small")
    with left:
        _kinds(seen)
    with right:
        _direct(seen)


def _kinds(seen: View) -> None:
    found = quality(seen.session)
    with st.container(gap=None, key="quality"):
        st.header("Do touches say where people came from?", anchor=False)
        for kind in found:
            if not kind.rows:
                continue
            share = f" ({rate(kind.rows / kind.among)})" if kind.among else ""
            with st.container(key=f"gap_{kind.key}", gap=None):
                st.html(count_html(f"{count(kind.rows)} of {count(kind.among)}{share}", kind.label, kind.means))
                # The gray part is hidden by the style sheet: a screen reader hears whose rows, the eye sees it.
                if st.button(f"Rows :gray[of {escape(kind.label)}]", key=f"rows_of_{kind.key}", type="tertiary"):
                    _show_rows(seen, kind)
    none = ", ".join(_small(kind.label) for kind in found if kind.rows == 0)
    said = [f"Looked for and not found: {none}."] if none else []
    said += [f"Not known here: {_small(kind.label)}. {kind.reason}" for kind in found if kind.reason]
    st.caption("  \n".join(escape(line) for line in said))


def _small(label: str) -> str:
    return label[:1].lower() + label[1:]


def _show_rows(seen: View, kind: Gap) -> None:
    @st.dialog(escape(kind.label), width="large")
    def dialog() -> None:
        frame = quality_rows(seen.session, kind.key)
        kept = f", the latest {count(frame.height)} of them below" if frame.height < (kind.rows or 0) else ""
        st.caption(escape(f"{count(kind.rows)} of {count(kind.among)} touches{kept}"))
        table(frame, kind.label)

    dialog()


def _direct(seen: View) -> None:
    frame, reason = direct_share(seen.session)
    if reason is not None or frame.is_empty():
        show_reason(_DIRECT, reason or "No touch has a date.", key="direct")
        return
    last = frame.tail(13)
    points = [
        Point(period_label(month, "month"), share, rate(share), is_complete=number < last.height - 1)
        for number, (month, share) in enumerate(last.select("month", "share").iter_rows())
    ]
    units = {"touches": "count", "direct": "count", "share": "ratio"}
    show_chart(
        _DIRECT,
        "Share of touches by month. Nobody knows where they came from: a rise often means links that lost their tags.",
        over_time(points, seen.theme, owner="marketing", as_text=rate),
        frame,
        key="direct",
        columns=column_formats(units, {"month": "Month", "touches": "Touches", "direct": "Direct", "share": "Share"}),  # type: ignore[arg-type]  # units are literals of this module
    )
