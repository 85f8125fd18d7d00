"""The forms by which a version of a rule or the agreement is proposed, and what became of them. Decides nothing."""

from __future__ import annotations

import datetime as dt

import streamlit as st

from alignment.ledger import Ledger
from alignment.proposals import Colleague, propose
from alignment.proposed_versions import AGREEMENT, draft_agreement, draft_rule
from data.errors import InvalidEntry
from data.manifest import RuleFact
from metrics.agreement import AgreementVersion
from pages._colleagues import UNVERIFIED, choose_name
from pages._page import View
from pages._told import told

__all__ = ["TOLD", "agreement", "name", "rule"]

TOLD = "told_of_proposal"


def name(people: dict[str, Colleague], key: str) -> None:
    """Who writes, of everybody in `people`, with the team for which that person may sign."""
    choose_name(list(people), key, lambda one: f"{people[one].name}, {people[one].team or 'no team'}")


def rule(seen: View, ledger: Ledger, people: dict[str, Colleague], present: RuleFact) -> None:
    """A version of a rule; it begins with what is compared on the page, else with today's."""
    compared = st.session_state.get("proposed") or present.text
    with st.form("propose", border=False):
        # Another key with each text that is compared, so that it comes along.
        key = f"propose_when_{compared}"
        st.text_area("The rule", compared, key=key)
        _about(people)
        st.form_submit_button("Propose", on_click=_propose_rule, args=(seen, ledger, present.rule, key))


def agreement(seen: View, ledger: Ledger, people: dict[str, Colleague]) -> None:
    """The newest version with another number for one promise; anything else is changed in the proposal's text."""
    newest = seen.session.definitions.agreement.versions[-1]
    labels = _promises(newest)
    with st.form("propose", border=False):
        left, right = st.columns(2, gap="small")
        left.selectbox("Which promise", list(labels), format_func=labels.__getitem__, key="propose_promise")
        right.number_input("Its target, or its share such as 0.9", min_value=0.0, value=None, key="propose_number")
        _about(people)
        st.caption("Everything else stays as it is; change more in the text of the proposal, once it is made.")
        st.form_submit_button("Propose", on_click=_propose_number, args=(seen, ledger))


def _promises(version: AgreementVersion) -> dict[str, str]:
    """Each promise of a version in words, by its name."""
    words = {one.name: f"{one.label}: {one.target:,.10g} per {one.per}" for one in (version.goal, *version.objectives)}
    return words | {one.name: f"{one.label}: {one.share:.0%}" for one in version.obligations}


def _about(people: dict[str, Colleague]) -> None:
    left, right = st.columns(2, gap="small")
    with left:
        st.date_input("From", value=None, key="propose_from", format="YYYY-MM-DD")
    with right:
        name(people, "propose_by")
    st.text_input("What to call the version", key="propose_label", max_chars=120)
    st.text_area("Why", key="propose_why", max_chars=2000, height=90)
    st.caption(UNVERIFIED)


def _propose_rule(seen: View, ledger: Ledger, names: str, key: str) -> None:
    state = st.session_state
    with told(TOLD, "Your proposal stands in the ledger, unverified."):
        text = draft_rule(_day(), state[key] or "", state["propose_label"] or "")
        propose(ledger, seen.session, "rule", names, text, by=state["propose_by"] or "", why=state["propose_why"] or "")


def _propose_number(seen: View, ledger: Ledger) -> None:
    state = st.session_state
    with told(TOLD, "Your proposal stands in the ledger, unverified."):
        if state["propose_number"] is None:
            raise InvalidEntry("Write the number that is to be promised.")
        numbers, by = {state["propose_promise"]: float(state["propose_number"])}, state["propose_by"] or ""
        text = draft_agreement(seen.session.company, _day(), numbers, state["propose_label"] or "")
        propose(ledger, seen.session, AGREEMENT, AGREEMENT, text, by=by, why=state["propose_why"] or "")


def _day() -> dt.date:
    found: dt.date | None = st.session_state["propose_from"]
    if found is None:
        raise InvalidEntry("Choose the day from which on it holds.")
    return found
