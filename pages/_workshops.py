"""Workshops as records: who came, what each put in, what was decided. Decides nothing itself."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import polars as pl
import streamlit as st

from alignment.colleagues import People, people_of
from alignment.ledger import Ledger, Workshop
from alignment.proposals import Tabled, proposals
from data.errors import TandemError
from pages._colleagues import UNVERIFIED, choose_name
from pages._page import View
from pages._panels import column_formats, show_reason, table
from pages._records import Correction, correct, gone_line
from pages._told import tell, told
from pages._words import escape

__all__ = ["workshops"]

TITLE = "Which workshops led here?"
TOLD, NEW = "told_of_workshop", "workshop_"
LABELS = {"held_on": "Held", "subject": "Subject", "attendees": "Who came", "put_in": "What each put in",
          "decisions": "Decisions", "proposals": "Led to"}  # fmt: skip


def workshops(seen: View) -> None:
    """The workshops that stand, latest first, and a form for another."""
    try:
        ledger, people = Ledger.open(seen.session.company), people_of(seen.session)
        found = sorted(ledger.entries(Workshop), key=lambda entry: entry.content.held_on, reverse=True)
        versions = {one.entry.id: _version(one) for one in proposals(ledger, withdrawn=True)}
    except TandemError as error:
        show_reason(TITLE, str(error), key="workshops")
        return
    with st.container(border=True, gap="xsmall", key="frame_workshops"):
        st.header(TITLE, anchor=False)
        tell(TOLD)
        rows = [
            {"held_on": one.held_on, "subject": one.subject, "attendees": ", ".join(map(people.name, one.attendees)),
             "put_in": " · ".join(f"{people.name(who)}: {words}" for who, words in one.put_in.items()),
             "decisions": " · ".join(one.decisions),
             "proposals": ", ".join(versions.get(number, str(number)) for number in one.proposals),
             "who": f"{people.name(entry.added_by)} ({entry.verified})"}
            for entry in found for one in [entry.content]
        ]  # fmt: skip
        if rows:
            table(pl.DataFrame(rows), "The workshops", column_formats({}, {**LABELS, "who": "Written by"}))
        else:
            st.caption("No workshop is written down yet.")
        if not people.names:
            st.caption("Nobody can write here yet: no source gives people. Map them in sources.yaml.")
            return
        with st.expander("Write down a workshop", key="add_workshop", type="compact"):
            _add_form(ledger, people, versions, seen.session.through)
        correct(ledger, people, _corrections(people, versions), TOLD)
        gone_line(ledger, seen.session, people, Workshop)


def _version(one: Tabled) -> str:
    content = one.entry.content
    return f"{content.names} from {content.starts_on} ({one.state})"


def _add_form(ledger: Ledger, people: People, versions: dict[int, str], today: dt.date | None) -> None:
    st.session_state.setdefault(f"{NEW}held_on", today)
    _fields(people, versions, NEW)
    choose_name(list(people.names), f"{NEW}by", people.name)
    st.caption(UNVERIFIED)
    st.button("Keep the workshop", key="keep_workshop", on_click=_add, args=(ledger,))


def _fields(people: People, versions: dict[int, str], prefix: str) -> None:
    # No form of Streamlit's: a field for each who came appears as soon as they are chosen.
    known = {**{who: who for who in st.session_state.get(f"{prefix}attendees", ())}, **people.names}
    left, right = st.columns([1, 3], gap="small")
    left.date_input("Held on", key=f"{prefix}held_on", format="YYYY-MM-DD")
    right.text_input("Subject", key=f"{prefix}subject", max_chars=200)
    came = st.multiselect("Who came", list(known), format_func=known.__getitem__, key=f"{prefix}attendees")
    for who in came:
        st.text_input(f"What {escape(known[who])} put in", key=f"{prefix}put_in_{who}", max_chars=1000)
    st.text_area("Decisions, one on each line", key=f"{prefix}decisions", max_chars=4000)
    if versions:
        st.multiselect(
            "Proposals it led to", list(versions), format_func=versions.__getitem__, key=f"{prefix}proposals"
        )


def _typed(typed: Mapping[str, Any]) -> Workshop:
    """The workshop that stands in the fields, by their names."""
    came = tuple(typed["attendees"])
    words = {who: (typed.get(f"put_in_{who}") or "").strip() for who in came}
    lines = tuple(line.strip() for line in (typed["decisions"] or "").splitlines() if line.strip())
    return Workshop(
        typed["held_on"], (typed["subject"] or "").strip(), came,
        {who: said for who, said in words.items() if said}, lines, tuple(typed.get("proposals", ())),
    )  # fmt: skip


def _add(ledger: Ledger) -> None:
    state = st.session_state
    typed = {str(name).removeprefix(NEW): state[name] for name in state if str(name).startswith(NEW)}
    with told(TOLD, "The workshop stands in the ledger."):
        ledger.add(_typed(typed), by=state[f"{NEW}by"] or "")
        state[f"{NEW}subject"] = state[f"{NEW}decisions"] = ""
        state[f"{NEW}attendees"] = []


def _filled(held: Workshop) -> dict[str, object]:
    return {
        "subject": held.subject, "held_on": held.held_on, "attendees": list(held.attendees),
        **{f"put_in_{who}": words for who, words in held.put_in.items()},
        "decisions": "\n".join(held.decisions), "proposals": list(held.proposals),
    }  # fmt: skip


def _corrections(people: People, versions: dict[int, str]) -> Correction[Workshop]:
    return Correction(
        Workshop,
        "workshop",
        says=lambda held: f"{held.held_on}, {held.subject}",
        filled=_filled,
        draw=lambda prefix: _fields(people, versions, prefix),
        typed=lambda _, typed: _typed(typed),
        labels=LABELS,
    )
