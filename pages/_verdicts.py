"""Verdicts of sales as forms: who says what about which lead, and what is not yet counted. Decides nothing itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from alignment.colleagues import people_of
from alignment.ledger import Ledger, Verdict
from alignment.verdict_desk import Desk, becomes, desk, key_of, sales_people
from data.errors import InvalidEntry, TandemError
from metrics.campaign_leads import masked_key
from pages._colleagues import choose_name
from pages._page import View
from pages._panels import column_formats, show_reason, table
from pages._records import Correction, correct, gone_line
from pages._told import tell, told
from pages._words import days, escape

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
            tell(TOLD)
            everybody = people_of(seen.session)
            gone_line(ledger, seen.session, everybody, Verdict)
            if not people:
                st.caption("Nobody can decide here yet: no source gives people. Map them in sources.yaml.")
                return
            person = choose_name(list(people), "verdict_by", people.__getitem__)
            found = desk(ledger, seen.session, person)
            _give(ledger, found, person)
            _entered(found)
            correct(ledger, everybody, _corrections(found), TOLD)
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
    time = f"{days(row['left'])} left" if not row["is_broken"] else f"{days(-row['left'])} over"
    return f"{row['lead']}, {row['account'] or 'no account'}, handed over {row['since_on']}, {time}"


def _entered(found: Desk) -> None:
    if found.entered:
        st.subheader("Entered, not yet counted", anchor=False)
        st.caption("These count after the next refresh. Until then no number above knows them.")
        table(found.frame, "The verdicts entered, not yet counted", column_formats({}, LABELS))


def _corrections(found: Desk) -> Correction[Verdict]:
    """Any verdict that was entered here; one that is corrected counts anew after the next refresh."""

    def draw(prefix: str) -> None:
        # A reason that the agreement no longer has stays what it is until another is chosen.
        choices = list(dict.fromkeys([*found.choices, st.session_state[f"{prefix}choice"]]))
        st.selectbox("The verdict", choices, format_func=lambda key: _choice(found, key), key=f"{prefix}choice")
        st.text_area("What marketing should know", key=f"{prefix}words", max_chars=2000, height=80)

    return Correction(
        Verdict,
        "verdict",
        says=lambda one: f"{masked_key(one.contact_id)}, {_choice(found, key_of(one)).lower()}",
        filled=lambda one: {"choice": key_of(one), "words": one.words},
        draw=draw,
        typed=lambda one, typed: becomes(one, typed["choice"], (typed["words"] or "").strip()),
        labels={"decision": "Verdict", "reason": "Reason", "words": "In words"},
    )


def _choice(found: Desk, key: str) -> str:
    return found.choices[key].label if key in found.choices else key.replace(":", ": ")


def _add(ledger: Ledger, found: Desk, person: str | None) -> None:
    state = st.session_state
    with told(TOLD, "Your verdict stands in the ledger. It counts after the next refresh."):
        choice = found.choices.get(state["verdict_choice"] or "")
        if choice is None:
            raise InvalidEntry("Choose a verdict: accept, reject or put aside.")
        contact, number = state["verdict_lead"]
        words = (state["verdict_words"] or "").strip()
        ledger.add(Verdict(contact, number, choice.decision, choice.reason, words), by=person or "")
        state["verdict_words"], state["verdict_choice"] = "", None
