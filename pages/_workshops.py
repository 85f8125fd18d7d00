"""Workshops as records: who came, what each put in, what was decided. Decides nothing itself."""

from __future__ import annotations

import datetime as dt

import polars as pl
import streamlit as st

from alignment.colleagues import People, people_of
from alignment.ledger import Ledger, Proposal, Workshop
from data.errors import TandemError
from pages._colleagues import UNVERIFIED, choose_name
from pages._page import View
from pages._panels import column_formats, show_reason, table
from pages._words import escape

__all__ = ["workshops"]

TITLE = "Which workshops led here?"
TOLD = "told_of_workshop"


def workshops(seen: View) -> None:
    """The workshops that stand, latest first, and a form for another."""
    try:
        ledger, people = Ledger.open(seen.session.company), people_of(seen.session)
        found = sorted(ledger.entries(Workshop), key=lambda entry: entry.content.held_on, reverse=True)
        versions = {entry.id: f"{entry.content.names} ({entry.content.state})" for entry in ledger.entries(Proposal)}
    except TandemError as error:
        show_reason(TITLE, str(error), key="workshops")
        return
    with st.container(border=True, gap="xsmall", key="frame_workshops"):
        st.header(TITLE, anchor=False)
        said, is_kept = st.session_state.pop(TOLD, ("", True))
        if said:
            (st.success if is_kept else st.error)(escape(said))
        rows = [
            {"held_on": one.held_on, "subject": one.subject, "attendees": ", ".join(map(people.name, one.attendees)),
             "put_in": " · ".join(f"{people.name(who)}: {words}" for who, words in one.put_in.items()),
             "decisions": " · ".join(one.decisions),
             "led_to": ", ".join(versions.get(number, str(number)) for number in one.proposals),
             "who": f"{people.name(entry.added_by)} ({entry.verified})"}
            for entry in found for one in [entry.content]
        ]  # fmt: skip
        labels = {"held_on": "Held", "subject": "Subject", "attendees": "Who came", "put_in": "What each put in",
                  "decisions": "Decisions", "led_to": "Led to", "who": "Written by"}  # fmt: skip
        if rows:
            table(pl.DataFrame(rows), "The workshops", column_formats({}, labels))
        else:
            st.caption("No workshop is written down yet.")
        if people.names:
            with st.expander("Write down a workshop", key="add_workshop", type="compact"):
                _form(ledger, people, versions, seen.session.through)
        else:
            st.caption("Nobody can write here yet: no source gives people. Map them in sources.yaml.")


def _form(ledger: Ledger, people: People, versions: dict[int, str], today: dt.date | None) -> None:
    # No form of Streamlit's: a field for each who came appears as soon as they are chosen.
    st.date_input("Held on", value=today, key="workshop_day")
    st.text_input("Subject", key="workshop_subject", max_chars=200)
    came = st.multiselect("Who came", list(people.names), format_func=people.name, key="workshop_people")
    for who in came:
        st.text_input(f"What {escape(people.name(who))} put in", key=f"workshop_put_in_{who}", max_chars=1000)
    st.text_area("Decisions, one on each line", key="workshop_decisions", max_chars=4000)
    if versions:
        st.multiselect("Proposals it led to", list(versions), format_func=versions.__getitem__, key="workshop_led_to")
    choose_name(list(people.names), "workshop_by", people.name)
    st.caption(UNVERIFIED)
    st.button("Keep the workshop", key="keep_workshop", on_click=_add, args=(ledger, tuple(came)))


def _add(ledger: Ledger, came: tuple[str, ...]) -> None:
    # What was typed stays in its fields unless it is kept.
    state = st.session_state
    words = {who: (state[f"workshop_put_in_{who}"] or "").strip() for who in came}
    lines = tuple(line.strip() for line in (state["workshop_decisions"] or "").splitlines() if line.strip())
    held = Workshop(
        state["workshop_day"], (state["workshop_subject"] or "").strip(), came,
        {who: said for who, said in words.items() if said}, lines, tuple(state.get("workshop_led_to", ())),
    )  # fmt: skip
    try:
        ledger.add(held, by=state["workshop_by"] or "")
        state[TOLD] = "The workshop stands in the ledger.", True
        state["workshop_subject"] = state["workshop_decisions"] = ""
        state["workshop_people"] = []
    except TandemError as error:
        state[TOLD] = str(error), False
