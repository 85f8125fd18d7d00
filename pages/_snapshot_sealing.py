"""The form that seals a month, or a further revision of a sealed one, with what is said about it. Computes nothing."""

from __future__ import annotations

import streamlit as st

from alignment.months import last_month, month_of, name_of, today_in
from alignment.reopening import Listed
from alignment.restatement import carried
from alignment.sealing import colleagues, seal_month
from data.errors import TandemError
from pages._colleagues import choose_name
from pages._dates import span
from pages._page import View
from pages._words import escape

__all__ = ["seal"]

TOLD = "told_of_sealing"


def seal(seen: View, found: tuple[Listed, ...]) -> None:
    """Choose a month, say something about it, and seal it; what fails leaves the words where they are."""
    last, sealed = name_of(last_month(today_in(seen.session.company))), [one.month for one in found]
    months = list(dict.fromkeys([last, *sealed]))
    with st.container(border=True, gap="xsmall", key="frame_seal"):
        st.header("Seal a month", anchor=False)
        _tell()
        month = st.selectbox("Which month", months, format_func=lambda name: _label(name, sealed), key="seal_month")
        is_revision = month in sealed
        with st.form("seal", border=False):
            reason = ""
            if is_revision:
                reason = st.text_input("Why is it revised?", key="seal_reason", max_chars=300)
            commentary = st.text_area(
                "What is to be said about this month?", key="seal_commentary", max_chars=10_000,
                help="It is sealed with the numbers and stands in every report of them.",
            )  # fmt: skip
            people = colleagues(seen.session)
            by = choose_name(people, "seal_by")
            st.caption("What is sealed never changes. There is no sign-in yet: your name is marked unverified.")
            if st.form_submit_button(f"Seal {'a revision of ' if is_revision else ''}{span(month_of(month))}"):
                _seal(seen, month, commentary, reason if is_revision else None, by)


def _label(month: str, sealed: list[str]) -> str:
    return f"{span(month_of(month))}{', sealed: a further revision' if month in sealed else ''}"


def _tell() -> None:
    """What became of the sealing, once; the form is empty again."""
    said = st.session_state.pop(TOLD, "")
    if said:
        st.session_state["seal_commentary"] = st.session_state["seal_reason"] = ""
        st.success(escape(said))


def _seal(seen: View, month: str, commentary: str, revise: str | None, by: str | None) -> None:
    bar = st.progress(0.0, text="Sealing")
    try:
        sealed = seal_month(
            seen.session, month_of(month), commentary, revise, carried=carried, by=f"{by} (unverified)" if by else None,
            progress=lambda doing, share: bar.progress(share, text=escape(doing)) and None,
        )  # fmt: skip
    except TandemError as error:
        bar.empty()
        st.error(escape(error))
        return
    name = span(month_of(month))
    st.session_state[TOLD] = f"{name} is sealed." if sealed.is_new else f"{name} was sealed already."
    st.rerun()
