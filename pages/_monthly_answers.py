"""What the teams answer about each other: the means by month, and a form for one's own. Decides nothing itself."""

from __future__ import annotations

import streamlit as st

from alignment.colleagues import People
from alignment.ledger import Ledger
from alignment.monthly_answers import QUESTIONS, Answers, give
from data.errors import TandemError
from pages._colleagues import choose_name
from pages._panels import column_formats, table
from pages._words import escape

__all__ = ["monthly_answers"]

UNVERIFIED = "1 is not at all, 5 is fully. There is no sign-in yet: every answer is marked unverified."
TOLD = "told_of_answers"
SCORES = (1, 2, 3, 4, 5)


def monthly_answers(ledger: Ledger, people: People, found: Answers, month: str) -> None:
    """The answers by month, and the questions for whoever chooses a name."""
    with st.container(border=True, gap="xsmall", key="frame_answers"):
        st.header("What does each team say about the other?", anchor=False)
        said, is_kept = st.session_state.pop(TOLD, ("", True))
        if said:
            (st.success if is_kept else st.error)(escape(said))
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
    with st.form("monthly_answers", border=False):
        for name, question in QUESTIONS[team].items():
            st.radio(question, SCORES, index=None, horizontal=True, key=f"answer_{team}_{name}")
        st.caption(UNVERIFIED)
        st.form_submit_button("Keep my answers", on_click=_keep, args=(ledger, team, month, who))


def _keep(ledger: Ledger, team: str, month: str, who: str) -> None:
    state = st.session_state
    given = {name: state[f"answer_{team}_{name}"] for name in QUESTIONS[team]}
    scores = {name: score for name, score in given.items() if score is not None}
    if not scores:
        state[TOLD] = "Nothing was chosen, so nothing was kept.", False
        return
    try:
        give(ledger, month, team, scores, by=who)
        state[TOLD] = f"{len(scores)} answers for {month} stand in the ledger.", True
    except TandemError as error:
        state[TOLD] = str(error), False
