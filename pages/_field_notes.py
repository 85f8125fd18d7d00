"""Notes that sales takes outside: a list about one thing, and a form to add one. Decides nothing itself."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from alignment.colleagues import people_of
from alignment.field_notes import noted
from alignment.ledger import FieldNote, Key, Ledger
from data.errors import TandemError
from pages._colleagues import UNVERIFIED, choose_name
from pages._page import View
from pages._panels import column_formats, show_reason, table
from pages._records import Correction, correct, gone_line
from pages._told import tell, told
from pages._words import escape

__all__ = ["field_notes"]

TOLD = "told_of_field_note"
HEARD, LONGEST = "What did you hear, and from whom?", 2000


def field_notes(seen: View, about: Key, label: str) -> None:
    """What sales hears about something, latest first, and a form for what it has just heard."""
    title = f"What does sales hear from: {label}?"
    try:
        ledger, people = Ledger.open(seen.session.company), people_of(seen.session)
        found = noted(ledger, people, about)
    except TandemError as error:
        show_reason(title, str(error), key="field_notes")
        return
    with st.container(border=True, gap="xsmall", key="frame_field_notes"):
        st.header(escape(title), anchor=False)
        tell(TOLD)
        if found.entries:
            labels = {"text": "Note", "who": "Who", "noted_on": "Noted"}
            shown = found.frame.drop("on")
            table(shown, f"The notes about {label}", column_formats({}, labels))
        else:
            st.caption("No note yet. What a buyer says in a call is in no table: write it down here.")
        if not people.names:
            st.caption("Nobody can write here yet: no source gives people. Map them in sources.yaml.")
            return
        with st.expander("Add a note", key="add_field_note", type="compact"), st.form("field_note", border=False):
            team = people.sales or tuple(people.names)
            st.text_area(HEARD, key="field_note_words", max_chars=LONGEST)
            choose_name(team, "field_note_by", people.name)
            st.caption(UNVERIFIED)
            st.form_submit_button("Keep the note", on_click=_add, args=(ledger, about))
        correct(ledger, people, NOTES, TOLD, about)
        gone_line(ledger, seen.session, people, FieldNote)


def _add(ledger: Ledger, about: Key) -> None:
    state = st.session_state
    with told(TOLD, "Your note stands in the ledger."):
        ledger.add(FieldNote(about, (state["field_note_words"] or "").strip()), by=state["field_note_by"] or "")
        state["field_note_words"] = ""


NOTES = Correction(
    FieldNote,
    "note",
    says=lambda note: note.text,
    filled=lambda note: {"text": note.text},
    draw=lambda prefix: st.text_area(HEARD, key=f"{prefix}text", max_chars=LONGEST),
    typed=lambda note, typed: replace(note, text=(typed["text"] or "").strip()),
    labels={"text": "Note"},
)
