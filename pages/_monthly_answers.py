"""What the teams answer about each other: the means by month, and a form for one's own. Decides nothing itself."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from alignment.colleagues import People
from alignment.ledger import Answer, Entry, Ledger
from alignment.monthly_answers import QUESTIONS, Answers, give, given_by, take_back
from data.errors import InvalidEntry
from pages._colleagues import choose_name
from pages._panels import column_formats, table
from pages._told import tell, told

__all__ = ["monthly_answers"]

UNVERIFIED = "1 is not at all, 5 is fully. There is no sign-in yet: every answer is marked unverified."
TOLD, READ = "told_of_answers", "answers_read"
SCORES = (1, 2, 3, 4, 5)


def monthly_answers(ledger: Ledger, people: People, found: Answers, month: str) -> None:
    """The answers by month, and the questions for whoever chooses a name."""
    with st.container(border=True, gap="xsmall", key="frame_answers"):
        st.header("What does each team say about the other?", anchor=False)
        tell(TOLD)
        if found.frame.is_empty():
            st.caption("Nobody has answered yet. Three questions a month, the same each time.")
        else:
            labels = {
                "month": "Month",
                "team": "Team",
                "question": "Question",
                "mean": "Mean of 5",
                "people": "Answers",
            }
            table(found.frame, "The answers by month", column_formats({"mean": "parts", "people": "count"}, labels))
        able = (*people.marketing, *people.sales)
        if not able:
            st.caption("Nobody can answer here yet: no source gives people of both teams. Map them in sources.yaml.")
            return
        with st.expander(f"Answer for {month}", key="answer_for", type="compact"):
            who = choose_name(able, "answering", people.name)
            if who is not None:
                _form(ledger, "sales" if who in people.sales else "marketing", month, who)


def _form(ledger: Ledger, team: str, month: str, who: str) -> None:
    given = given_by(ledger, month, team, who)
    _fill(given, team, who)
    with st.form("monthly_answers", border=False):
        for name, question in QUESTIONS[team].items():
            st.radio(question, SCORES, horizontal=True, key=f"answer_{team}_{name}")
        st.caption(UNVERIFIED)
        with st.container(horizontal=True):
            st.form_submit_button("Keep my answers", on_click=_keep, args=(ledger, team, month, who))
            if given:
                st.form_submit_button("Withdraw my answers", on_click=_withdraw, args=(ledger, team, month, who))


def _fill(given: Mapping[str, Entry[Answer]], team: str, who: str) -> None:
    """What somebody has answered is chosen at first; of somebody else, their own."""
    state, read = st.session_state, (who, tuple(entry.version for entry in given.values()))
    keys = {f"answer_{team}_{name}": given[name].content.score if name in given else None for name in QUESTIONS[team]}
    if state.get(READ) != read or not keys.keys() <= {*state}:
        state.update(keys)
        state[READ] = read


def _keep(ledger: Ledger, team: str, month: str, who: str) -> None:
    state = st.session_state
    chosen = {name: state[f"answer_{team}_{name}"] for name in QUESTIONS[team]}
    scores = {name: score for name, score in chosen.items() if score is not None}
    with told(TOLD, f"{len(scores)} answers for {month} stand in the ledger."):
        if not scores:
            raise InvalidEntry("Nothing was chosen, so nothing was kept.")
        give(ledger, month, team, scores, by=who)


def _withdraw(ledger: Ledger, team: str, month: str, who: str) -> None:
    with told(TOLD, f"Your answers for {month} are withdrawn; their history stays in the ledger."):
        take_back(ledger, month, team, by=who)
