"""The shared filters of the sidebar, each bound to the address of the page. Asks only which channels exist."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import streamlit as st

from data.calendar import PRESETS, Period, preset
from metrics import Query, Session, only
from pages._dates import day
from pages._page import View, address
from pages._theme import Theme
from pages._words import escape

__all__ = ["view_from_sidebar", "written_out"]

GRAINS = {"day": "Day", "week": "Week", "month": "Month"}
COMPARE = {"previous": "Period before, like for like", "last_year": "A year before", "none": "Nothing"}
NO_CHANNEL = "(no channel)"
SHORT_NAMES = {"period": {name: words for name, (words, _) in PRESETS.items()}, "grain": GRAINS, "compare": COMPARE}


def written_out() -> dict[str, list[str]] | None:
    """The parameters of the address with short names (`?period=month`) as the words that the widgets know.

    None where the address has no short name. Links that people write stay right when the words on the screen change.
    """
    given = address()
    known = {key: [SHORT_NAMES.get(key, {}).get(value, value) for value in values] for key, values in given.items()}
    return None if known == given else known


def view_from_sidebar(session: Session, theme: Theme) -> View:
    """Draw the company, the filters and the freshness, and give what the viewer chose."""
    with st.sidebar:
        st.caption(escape(session.company.name.upper()))
        name = st.selectbox(
            "Period", list(PRESETS), format_func=lambda key: PRESETS[key][0], key="period", bind="query-params"
        )
        grain = st.segmented_control(
            "Grain", list(GRAINS), format_func=GRAINS.__getitem__, key="grain", default="week", bind="query-params"
        )
        channels = _channels(session)
        wanted = (
            st.multiselect("Channel", channels, key="channel", placeholder="All channels", bind="query-params")
            if channels
            else []
        )
        compare = st.selectbox(
            "Compare with", list(COMPARE), format_func=COMPARE.__getitem__, key="compare", bind="query-params"
        )
        st.caption(escape(_freshness(session)))
    return View(
        session=session,
        theme=theme,
        period=_period(session, name),
        grain=grain or "week",
        compare=compare or "previous",
        has_channels=bool(channels),
        where=only("channel", [None if channel == NO_CHANNEL else channel for channel in wanted]),
    )


def _period(session: Session, name: str | None) -> Period:
    """The preset up to the last day of data; without such a day, up to the day the data was loaded."""
    through = session.through or session.manifest.made_at.date()
    return preset(name or "week", through, session.company)


def _channels(session: Session) -> list[str]:
    """All channels of leads, the empty one last; none where no source gives a channel."""
    answer = session.answer(Query(("leads",), ("channel",)))
    if answer.reasons:
        return []
    found = answer.frame["channel"].to_list()
    return [name for name in found if name is not None] + ([NO_CHANNEL] if None in found else [])


def _freshness(session: Session) -> str:
    loaded = session.manifest.made_at.astimezone(ZoneInfo(session.company.time_zone))
    through = (
        f"Data through {_weekday(session.through)}" if session.through else "No file says how far its data reaches"
    )
    return f"{through} · loaded {day(loaded.date())}, {loaded:%H:%M}"


def _weekday(date: dt.date) -> str:
    return f"{date:%A}, {day(date)}"
