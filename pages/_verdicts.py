"""Verdicts of sales as forms: who says what about which lead, and what is not yet counted. Decides nothing itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import streamlit as st

from alignment.ledger import Entry, Ledger, Verdict
from alignment.verdict_desk import Desk, desk, sales_people
from data.errors import TandemError
from pages._colleagues import choose_name
from pages._page import View
from pages._panels import column_formats, show_reason, table
from pages._words import escape, shortened

__all__ = ["verdicts"]

TITLE = "What does sales say?"
UNVERIFIED = "There is no sign-in yet: choose your name. Every verdict is marked unverified."
TOLD = "told_of_verdict"
LABELS = {
    "lead": "Lead", "verdict": "Verdict", "reason": "Reason", "words": "In words", "who": "Who",
    "entered_on": "Entered on",
}  # fmt: skip


def verdicts(seen: View) -> None:
    """A verdict to give, and those that the next refresh counts."""
    try:
        ledger, people = Ledger.open(seen.session.company), sales_people(seen.session)
        with st.container(border=True, gap="xsmall", key="frame_verdicts"):
            st.header(TITLE, anchor=False)
            said, is_kept = st.session_state.pop(TOLD, ("", True))
            if said:
                (st.success if is_kept else st.error)(escape(said))
            if not people:
                st.caption("Nobody can decide here yet: no source gives people. Map them in sources.yaml.")
                return
            person = choose_name(list(people), "verdict_by", people.__getitem__)
            found = desk(ledger, seen.session, person)
            _give(ledger, found, person)
            _entered(ledger, found, person)
    except TandemError as error:
        show_reason(TITLE, str(error), key="verdicts_failed")


def _give(ledger: Ledger, found: Desk, person: str | None) -> None:
    if found.waiting.is_empty():
        st.caption(escape(found.reason or "No lead that was handed over waits for a verdict."))
        return
    rows = {(row["contact_id"], row["pass"]): row for row in found.waiting.to_dicts()}
    with st.form("verdict", border=False):
        left, right = st.columns(2, gap="small")
        left.selectbox("Which lead", list(rows), format_func=lambda key: _said(rows[key]), key="verdict_lead")
        right.selectbox(
            "Your verdict", list(found.choices), format_func=lambda key: found.choices[key].label, index=None,
            key="verdict_choice", placeholder="Accept, reject or put aside",
        )  # fmt: skip
        st.text_area("What marketing should know", key="verdict_words", max_chars=2000, height=80)
        st.caption(f"Your own leads stand here, else everybody's; the most urgent first. {UNVERIFIED}")
        st.form_submit_button("Give the verdict", on_click=_add, args=(ledger, found, person))


def _said(row: Mapping[str, Any]) -> str:
    time = f"{row['left']:g} days left" if not row["is_broken"] else f"{-row['left']:g} days over"
    return f"{row['lead']}, {row['account'] or 'no account'}, handed over {row['since_on']}, {time}"


def _entered(ledger: Ledger, found: Desk, person: str | None) -> None:
    if not found.entered:
        return
    st.subheader("Entered, not yet counted", anchor=False)
    st.caption("These count after the next refresh. Until then no number above knows them.")
    table(found.frame, "The verdicts entered, not yet counted", column_formats({}, LABELS))
    shown = {entry.id: entry for entry in found.entered}
    with (
        st.expander("Change or withdraw a verdict", key="change_verdict", type="compact"),
        st.form("change", border=False),
    ):
        left, right = st.columns(2, gap="small")
        left.selectbox("Which verdict", list(shown), format_func=lambda key: _told(found, key), key="changed_verdict")
        right.selectbox(
            "What it becomes", [*found.choices, ""], index=None, key="changed_to", placeholder="Choose",
            format_func=lambda key: found.choices[key].label if key else "Withdraw it",
        )  # fmt: skip
        # The entries as they are shown now: what somebody else writes meanwhile is a conflict, not overwritten.
        st.form_submit_button("Change", on_click=_change, args=(ledger, found, shown, person))


def _told(found: Desk, key: int) -> str:
    place = [entry.id for entry in found.entered].index(key)
    row = found.frame.row(place, named=True)
    return shortened(f"{row['lead']}, {row['verdict']}{', ' + row['reason'] if row['reason'] else ''}", 60)


def _add(ledger: Ledger, found: Desk, person: str | None) -> None:
    # The words stay in the form unless they are kept: nobody types them twice.
    state = st.session_state
    choice = found.choices.get(state["verdict_choice"] or "")
    if choice is None:
        state[TOLD] = "Choose a verdict: accept, reject or put aside.", False
        return
    contact, number = state["verdict_lead"]
    verdict = Verdict(contact, number, choice.decision, choice.reason, (state["verdict_words"] or "").strip())
    try:
        ledger.add(verdict, by=person or "")
        state[TOLD] = "Your verdict stands in the ledger. It counts after the next refresh.", True
        state["verdict_words"], state["verdict_choice"] = "", None
    except TandemError as error:
        state[TOLD] = str(error), False


def _change(ledger: Ledger, found: Desk, shown: dict[int, Entry[Verdict]], person: str | None) -> None:
    state = st.session_state
    entry, becomes = shown[state["changed_verdict"]], state["changed_to"]
    try:
        if becomes is None:
            state[TOLD] = "Choose what the verdict becomes.", False
        elif becomes == "":
            ledger.withdraw(entry.id, entry.version, by=person or "")
            state[TOLD] = "The verdict is withdrawn; its history stays in the ledger.", True
        else:
            choice = found.choices[becomes]
            changed = replace(entry.content, decision=choice.decision, reason=choice.reason)
            ledger.change(entry.id, entry.version, changed, by=person or "")
            state[TOLD] = "The changed verdict stands in the ledger.", True
    except TandemError as error:
        state[TOLD] = str(error), False
