"""The shared filters of the sidebar, each bound to the address of the page. Asks only which channels exist."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from data.calendar import PRESETS, Period, preset
from metrics import Query, Session, only
from pages._dates import day, span
from pages._links import left_out, pinned_link, pinned_period
from pages._page import View, address
from pages._theme import Theme
from pages._words import escape, strong

__all__ = ["DIMENSIONS", "first_view", "view_from_sidebar", "written_out"]

GRAINS = {"day": "Day", "week": "Week", "month": "Month"}
COMPARE = {"previous": "Period before, like for like", "last_year": "A year before", "none": "Nothing"}
NOTHING = "(no {})"
# The filters, and what a newcomer finds in them.
FILTERS: dict[str, object] = {"period": "week", "grain": "week", "channel": [], "segment": [], "compare": "previous"}
# What a page may be split by, in its address.
DIMENSIONS = {"channel": "Channel", "source": "Source", "content": "Content", "first_channel": "First channel"}
SHORT_NAMES = {
    "period": {name: words for name, (words, _) in PRESETS.items()},
    "grain": GRAINS,
    "compare": COMPARE,
    "dim": DIMENSIONS,
}


def written_out() -> dict[str, list[str]] | None:
    """The parameters of the address with short names (`?period=month`) as the words that the widgets know.

    None where the address has no short name. Links that people write stay right when the words on the screen change.
    """
    given = address()
    known = {key: [SHORT_NAMES.get(key, {}).get(value, value) for value in values] for key, values in given.items()}
    return None if known == given else known


def view_from_sidebar(session: Session, theme: Theme) -> View:
    """Draw the company, the filters, the link to these days and the freshness, and give what the viewer chose."""
    channels, segments = _values(session, "channel"), _values(session, "segment")
    pinned = pinned_period(address())
    place, said = st.container(), _in_vain(channels, segments)
    with st.sidebar:
        st.caption(escape(session.company.name.upper()))
        name = _period_choice(pinned)
        grain = st.segmented_control(
            "Grain", list(GRAINS), format_func=GRAINS.__getitem__, key="grain", default="week", bind="query-params"
        )
        conditions = [_condition("channel", channels), _condition("segment", segments)]
        compare = st.selectbox(
            "Compare with", list(COMPARE), format_func=COMPARE.__getitem__, key="compare", bind="query-params"
        )
        period = pinned or _period(session, name)
        _links(period)
        st.caption(escape(_freshness(session)))
    _tell(place, said)
    return View(
        session=session,
        theme=theme,
        period=period,
        grain=grain or "week",
        compare=compare or "previous",
        has_channels=bool(channels),
        where=" and ".join(f"({condition})" for condition in conditions if condition) or None,
    )


def first_view(session: Session, theme: Theme) -> View:
    """What a newcomer sees, who has chosen nothing. Draws nothing."""
    channels, _ = _values(session, "channel"), _values(session, "segment")
    return View(session, theme, _period(session, None), "week", "previous", where=None, has_channels=bool(channels))


def _period_choice(pinned: Period | None) -> str | None:
    """A period that moves on with the data; a pinned link stands in its place until it is let go."""
    if pinned is None:
        return st.selectbox(
            "Period", list(PRESETS), format_func=lambda key: PRESETS[key][0], key="period", bind="query-params"
        )
    st.markdown(f"Pinned to {strong(span(pinned))}")
    st.button("Let go", key="unpin", type="tertiary", on_click=_unpin, help="Go back to a period that moves on")
    return None


def _unpin() -> None:
    for key in ("from", "to"):
        st.query_params.pop(key, None)


def _reset() -> None:
    """All filters as a newcomer finds them."""
    _unpin()
    st.session_state.update(FILTERS)


def _links(period: Period) -> None:
    with st.container(horizontal=True, key="links"):
        with st.popover("Link", help="A link to these days, which stays on them"):
            st.caption("This link stays on these days, whatever day it is opened.")
            st.code(pinned_link(st.context.url or "", address(), period), language=None, wrap_lines=True)
        st.button("Reset", key="reset", type="tertiary", on_click=_reset, help="All filters as they were at first")


def _in_vain(channels: list[str], segments: list[str]) -> list[str]:
    """What the address asks for that does not exist; read before the filters, which take it out of the address."""
    allowed = {key: list(words.values()) for key, words in SHORT_NAMES.items()} | {
        "channel": channels,
        "segment": segments,
    }
    return left_out(address(), allowed)


def _tell(place: DeltaGenerator, said: list[str]) -> None:
    """A notice that stays until the viewer chooses something else: the link promised what is not shown."""
    chosen = tuple(repr(st.session_state.get(key)) for key in FILTERS)
    if said:
        st.session_state["left_out"] = (chosen, said)
    since, kept = st.session_state.get("left_out", (None, []))
    if since == chosen:
        place.warning("  \n".join(escape(sentence) for sentence in kept))


def _period(session: Session, name: str | None) -> Period:
    """The preset up to the last day of data; without such a day, up to the day the data was loaded."""
    through = session.through or session.manifest.made_at.date()
    return preset(name or "week", through, session.company)


def _condition(dimension: str, values: list[str]) -> str | None:
    """What the viewer chose of a dimension, as a condition; no filter where there is nothing to choose between."""
    if len(values) < 2:
        return None
    chosen = st.multiselect(
        dimension.capitalize(), values, key=dimension, placeholder=f"All {dimension}s", bind="query-params"
    )
    return only(dimension, [None if value == NOTHING.format(dimension) else value for value in chosen])


def _values(session: Session, dimension: str) -> list[str]:
    """All values of leads, in the order of the dimension, the empty one last; none where no source gives them."""
    answer = session.answer(Query(("leads",), (dimension,)))
    if answer.reasons:
        return []
    order = session.reach.dimension(dimension).order
    found = sorted(
        (value for value in answer.frame[dimension].to_list() if value is not None),
        key=lambda value: (order.index(value) if value in order else len(order), value),
    )
    return found + ([NOTHING.format(dimension)] if None in answer.frame[dimension].to_list() else [])


def _freshness(session: Session) -> str:
    loaded = session.manifest.made_at.astimezone(ZoneInfo(session.company.time_zone))
    through = (
        f"Data through {_weekday(session.through)}" if session.through else "No file says how far its data reaches"
    )
    return f"{through} · loaded {day(loaded.date())}, {loaded:%H:%M}"


def _weekday(date: dt.date) -> str:
    return f"{date:%A}, {day(date)}"
