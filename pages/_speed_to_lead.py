"""Speed to lead as pictures: what the system takes and what a person takes, by owner or region. Computes nothing."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl
import streamlit as st

from alignment.handoff import SYSTEM, Speed, speed
from pages import _charts, _words
from pages._charts import Bar
from pages._dates import span
from pages._handoffs import wait
from pages._page import View, rows_button
from pages._panels import column_formats, show_chart, show_reason, show_table

__all__ = ["delays"]

BY = {"owner": "Owner", "region": "Region"}
LABELS = {
    "group": "", "system_median": "System, median h", "system_p90": "System, p90 h", "human_median": "Human, median h",
    "human_p90": "Human, p90 h", "longest": "Longest, h", "due": "Due", "kept": "Kept",
    "share": "Share kept", "untouched": "Untouched", "pending": "Still in time", "released": "Released",
}  # fmt: skip

ONE_CLOCK = "A reassignment starts no new clock."
OWN_CLOCK = (
    "The human delay runs on each person's own clock, from when the lead was given to them. What was handed on, or"
    " answered by a colleague, in time is released and in no share; a lead counts under each who had it, so that the"
    " people do not add up to the team."
)


def delays(seen: View) -> None:
    """Two pictures on one choice, and all of it as a table."""
    chosen = st.segmented_control(
        "Speed by", list(BY), format_func=BY.__getitem__, key="speed", default="owner", bind="query-params"
    )
    by = chosen or "owner"
    found = speed(seen.session, by, seen.period, seen.where)
    names = seen.session.names(by)
    if found.frame.is_empty():
        reason = found.reason or f"No lead was assigned in {span(seen.period)}. Choose a longer period."
        show_reason("How fast is a lead answered?", reason, key="speed_to_lead")
        return
    left, right = st.columns(2, gap="small")
    with left:
        _system(seen, found, by, names)
    with right:
        _human(seen, found, by, names)
    _table(found, by, names)


def _system(seen: View, found: Speed, by: str, names: Mapping[str, str]) -> None:
    known = found.frame.drop_nulls("system_median")
    title, key = "How long until somebody has the lead?", "system_delay"
    if known.is_empty():
        show_reason(title, "No lead has the instant of its creation and that of its assignment.", key=key)
        return
    bars = [
        Bar(_name(names, group), hours, _words.number(hours, "hours", ""))
        for group, hours in known.select("group", "system_median").iter_rows()
    ]
    show_chart(
        title,
        f"System delay: median business hours from the start of a pass to its first assignment, {span(seen.period)}.",
        _charts.ranked_bars(bars, seen.theme, owner="marketing", unattributed=f"No {by}"),
        _named(known.select("group", "system_median", "system_p90"), names, by),
        key=key,
        columns=column_formats({"system_median": "hours", "system_p90": "hours"}, LABELS | {"group": BY[by]}),
        below=lambda: rows_button(seen, SYSTEM, seen.period, key, (by,)),
    )


def _human(seen: View, found: Speed, by: str, names: Mapping[str, str]) -> None:
    title, key = "How long until a person answers?", "human_delay"
    bars = [
        Bar(_name(names, group), median if median is not None else longest, _said(median, longest, kept, due))
        for group, median, longest, kept, due in found.frame.select(
            "group", "human_median", "longest", "kept", "due"
        ).iter_rows()
    ]
    begins = "when the lead was given to the person" if found.is_own else "the first assignment"
    show_chart(
        title,
        f"Human delay: median business hours from {begins} to {'their' if found.is_own else 'the'} first touch, and how"
        " many of the promises whose time has passed were kept. A sign > stands where so many wait that the median is"
        " longer than any wait that has ended.",
        _charts.ranked_bars(bars, seen.theme, owner="sales", unattributed=f"No {by}"),
        _named(found.frame.select("group", "human_median", "human_p90", "longest", "share"), names, by),
        key=key,
        columns=column_formats(
            {"human_median": "hours", "human_p90": "hours", "longest": "hours", "share": "ratio"},
            LABELS | {"group": BY[by]},
        ),
        below=lambda: rows_button(seen, found.human, seen.period, key, (by,)),
    )


def _said(median: float | None, longest: float | None, kept: int, due: int) -> str:
    time = wait(median, longest) or "none touched"
    return f"{time}, kept {kept:,} of {due:,}" if due else f"{time}, none due"


def _table(found: Speed, by: str, names: Mapping[str, str]) -> None:
    hours = ("system_median", "system_p90", "human_median", "human_p90", "longest")
    counts = ("due", "kept", "untouched", "pending", "released")
    show_table(
        f"Speed to lead by {by}",
        f"Business hours of the owner's calendar. {OWN_CLOCK if found.is_own else ONE_CLOCK} An empty median or p90 of"
        " the human delay falls on a lead that is not touched: it is longer than the longest wait that has ended.",
        _named(found.frame, names, by),
        key="speed_to_lead",
        columns=column_formats(
            {**dict.fromkeys(hours, "hours"), **dict.fromkeys(counts, "count"), "share": "ratio"},
            LABELS | {"group": BY[by]},
        ),
    )


def _name(names: Mapping[str, str], group: str | None) -> str | None:
    return None if group is None else names.get(group, group)


def _named(frame: pl.DataFrame, names: Mapping[str, str], by: str) -> pl.DataFrame:
    told = [_name(names, group) or f"No {by}" for group in frame["group"]]
    return frame.with_columns(pl.Series("group", told, dtype=pl.String))
