"""The sealed months one below the other, each with a way into it and a proof that it is whole. Seals nothing."""

from __future__ import annotations

import streamlit as st

from alignment.months import last_month, month_of, today_in
from alignment.reopening import Listed, ListedBy, listed, listed_by, reached, sealed_at
from alignment.snapshots import Shelf, shelf_of
from alignment.verification import verify
from data.errors import TandemError
from pages._dates import day, span
from pages._entries import entry_html
from pages._page import View
from pages._words import count, escape, strong

__all__ = ["dates", "one_by_one", "read", "says", "show"]

FACES = {"whole": ":material/check:", "changed": ":material/error:"}


def read(seen: View) -> tuple[Listed, ...]:
    return listed(shelf_of(seen.session.company))


def says(seen: View, found: tuple[Listed, ...]) -> str:
    """How many months are sealed, the latest of them, and whether the last whole one is among them, in Markdown."""
    last = last_month(today_in(seen.session.company))
    if not found:
        return (
            f"{strong('No month is sealed yet')}. Sealing keeps the numbers of a month as they are now, with their"
            f" records and definitions. {escape(span(last))} is the last whole month."
        )
    many = "1 month is" if len(found) == 1 else f"{count(len(found))} months are"
    text = f"{strong(f'{many} sealed')}, the latest {escape(span(month_of(found[0].month)))}."
    if span(last) not in {span(month_of(one.month)) for one in found}:
        text += f" {strong(span(last))} is over and not sealed yet."
    return text


def dates(seen: View) -> str:
    through = seen.session.through
    reached = f"Data through {day(through)}" if through else "No file says how far its data reaches"
    return f"{reached} · filters do not touch what is sealed"


def show(seen: View, found: tuple[Listed, ...]) -> None:
    """A month per line: its revision, when and by whom it was sealed, of which generation, and whether it is whole."""
    if not found:
        return
    with st.container(border=True, gap="small", key="frame_sealed"):
        st.header("Sealed months", anchor=False)
        for one in found:
            _month(seen, one)


def _month(seen: View, one: Listed) -> None:
    name = span(month_of(one.month))
    with st.container(key=f"sealed_{one.month}", gap="xsmall"):
        if one.latest is None:
            st.html(entry_html(name, one.problem))
        else:
            manifest, moment = one.latest.manifest, sealed_at(one.latest)
            revised = f"revision {manifest.revision}: {manifest.reason}" if manifest.revision > 1 else ""
            facts = f"Sealed on {day(moment.date())} at {moment:%H:%M} by {manifest.sealed_by}"
            more = (revised.capitalize(), f"Generation {manifest.generation}, data through {reached(one.latest)}")
            st.html(entry_html(name, facts, more=more))
        with st.container(horizontal=True, vertical_alignment="center", gap="medium", key=f"ways_{one.month}"):
            if one.latest is not None:
                st.button(f"Open {name}", key=f"open_{one.month}", type="tertiary", on_click=_open,
                          args=(one.month,))  # fmt: skip
            if st.button(f"Verify {name}", key=f"verify_{one.month}", type="tertiary"):
                st.session_state[f"verified_{one.month}"] = _verified([shelf_of(seen.session.company)], one.month)
            _told(one.month)


def _open(month: str, per: tuple[str, str] | None = None) -> None:
    st.query_params["snapshot"] = month
    if per is not None:
        st.query_params["per"], st.query_params["value"] = per


def one_by_one(seen: View) -> None:
    """The months that were sealed once per region or business line, each value with a way into it."""
    found = listed_by(seen.session.company)
    if not found:
        return
    with st.container(border=True, gap="small", key="frame_one_by_one"):
        st.header("Sealed one by one", anchor=False)
        for one in found:
            _values(seen, one)


def _values(seen: View, one: ListedBy) -> None:
    month, dimension = span(month_of(one.month)), one.dimension.replace("_", " ")
    key = f"{one.month}_{one.dimension}"
    with st.container(key=f"sealed_{key}", gap="xsmall"):
        many = "1 snapshot" if len(one.sealed) == 1 else f"{count(len(one.sealed))} snapshots"
        st.html(entry_html(f"{month} by {dimension}", f"{many}, one for each {dimension} that leads had."))
        with st.container(horizontal=True, vertical_alignment="center", gap="medium", key=f"ways_{key}"):
            for index, value in enumerate(one.sealed):
                st.button(
                    escape(value), key=f"open_{key}_{index}", type="tertiary", on_click=_open,
                    args=(one.month, (one.dimension, value)), help=f"Open {month} of this {dimension}",
                )  # fmt: skip
            if st.button(f"Verify {month} by {dimension}", key=f"verify_{key}", type="tertiary"):
                shelves = [shelf_of(seen.session.company, (one.dimension, value)) for value in one.sealed]
                st.session_state[f"verified_{key}"] = _verified(shelves, one.month)
            _told(key)


def _told(key: str) -> None:
    """What the proof said, until another one says something else."""
    is_whole, told = st.session_state.get(f"verified_{key}", (True, ""))
    if told:
        st.markdown(f"{FACES['whole' if is_whole else 'changed']} {escape(told)}")


def _verified(shelves: list[Shelf], month: str) -> tuple[bool, str]:
    """Whether a month is as it was sealed, in words."""
    files, findings = 0, []
    try:
        for shelf in shelves:
            looked_at, found = verify(shelf, month)
            files, findings = files + looked_at, findings + found
    except TandemError as error:
        return False, str(error)
    if findings:
        return False, " ".join(str(one) for one in findings)
    return True, f"All {count(files)} files are as they were sealed."
