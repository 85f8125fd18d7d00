"""What sales asks for on the page Content: a list, a form to ask, and one to answer. Decides nothing itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from alignment.colleagues import people_of
from alignment.content_requests import STATES, Asked, asked
from alignment.ledger import ContentRequest, Entry, Ledger
from data.errors import TandemError
from metrics.content import BANDS, Coverage
from pages._colleagues import UNVERIFIED, choose_name
from pages._page import View
from pages._panels import column_formats, show_reason, table
from pages._records import Correction, correct, gone_line
from pages._told import tell, told
from pages._words import shortened

__all__ = ["requests"]

TITLE = "What content does sales ask for?"
TOLD = "told_of_content_request"
NEEDED = "What is needed, and when do buyers ask for it?"


def requests(seen: View, coverage: Coverage) -> None:
    """The requests per persona and band, and the forms beneath them."""
    try:
        ledger = Ledger.open(seen.session.company)
        found = asked(ledger, seen.session)
    except TandemError as error:
        show_reason(TITLE, str(error), key="requests")
        return
    personas = [name for name in coverage.frame["persona"] if name is not None]
    with st.container(border=True, gap="xsmall", key="frame_requests"):
        st.header(TITLE, anchor=False)
        tell(TOLD)
        _list(found)
        if not found.people or not personas:
            lacks = "people" if not found.people else "personas"
            st.caption(f"Nobody can ask here yet: no source gives {lacks}. Map them in sources.yaml.")
            return
        with st.expander("Ask for content", key="ask_for_content", type="compact"):
            _ask(ledger, found, personas, coverage)
        if found.entries:
            with st.expander("Answer a request", key="answer_request", type="compact"):
                _answer(ledger, found)
        people = people_of(seen.session)
        correct(ledger, people, _corrections(personas), TOLD)
        gone_line(ledger, seen.session, people, ContentRequest)


def _list(found: Asked) -> None:
    if not found.entries:
        st.caption("Nobody has asked yet. The table above says where content is missing.")
        return
    st.caption("Each persona and band once, those that still wait first; words and answer are the latest.")
    labels = {
        "persona": "Persona", "band": "Band", "requests": "Asked", "state": "State", "who": "Who asked",
        "words": "What for", "reply": "Answer", "last_on": "Latest",
    }  # fmt: skip
    table(found.frame, f"The table of: {TITLE}", column_formats({"requests": "count"}, labels))


def _ask(ledger: Ledger, found: Asked, personas: Sequence[str], coverage: Coverage) -> None:
    # The first gap is what somebody most likely comes for.
    persona, band = coverage.missing[0] if coverage.missing else (personas[0], BANDS[0])
    with st.form("content_request", border=False):
        left, middle, right = st.columns(3, gap="small")
        left.selectbox("For which persona", personas, index=personas.index(persona), key="request_persona")
        middle.selectbox("At which band", BANDS, index=BANDS.index(band), key="request_band")
        with right:
            _choose(found, found.sales, "request_by")
        st.text_area(NEEDED, key="request_words", max_chars=2000)
        st.caption(UNVERIFIED)
        st.form_submit_button("Ask", on_click=_add, args=(ledger,))


def _answer(ledger: Ledger, found: Asked) -> None:
    shown = {entry.id: entry for entry in found.entries}
    with st.form("content_answer", border=False):
        st.selectbox("Which request", list(shown), format_func=lambda key: _said(shown[key]), key="answer_entry")
        left, right = st.columns(2, gap="small")
        left.selectbox("What becomes of it", STATES, index=STATES.index("planned"), key="answer_state")
        with right:
            _choose(found, found.marketing, "answer_by")
        st.text_area("In a word to who asked", key="answer_words", max_chars=2000)
        st.caption(UNVERIFIED)
        # The entries as they are shown now: what somebody else writes meanwhile is a conflict, not overwritten.
        st.form_submit_button("Answer", on_click=_change, args=(ledger, shown))


def _choose(found: Asked, team: Sequence[str], key: str) -> None:
    """Names of the team that is asked, of all colleagues where the data does not tell teams."""
    choose_name(team or list(found.people), key, found.people.__getitem__)


def _said(entry: Entry[ContentRequest]) -> str:
    content = entry.content
    return f"{content.persona}, {content.band}, {content.state}: {shortened(content.words, 60)}"


def _add(ledger: Ledger) -> None:
    state = st.session_state
    request = ContentRequest(state["request_persona"], state["request_band"], (state["request_words"] or "").strip())
    with told(TOLD, "Your request stands in the ledger."):
        ledger.add(request, by=state["request_by"] or "")
        state["request_words"] = ""


def _change(ledger: Ledger, shown: dict[int, Entry[ContentRequest]]) -> None:
    state = st.session_state
    entry = shown[state["answer_entry"]]
    answered = replace(entry.content, state=state["answer_state"], reply=(state["answer_words"] or "").strip())
    with told(TOLD, "Your answer stands in the ledger."):
        ledger.change(entry.id, entry.version, answered, by=state["answer_by"] or "")
        state["answer_words"] = ""


def _corrections(personas: Sequence[str]) -> Correction[ContentRequest]:
    """Persona, band and words of a request; what becomes of it is answered in the form above."""

    def draw(prefix: str) -> None:
        left, right = st.columns(2, gap="small")
        # Also one that the data no longer has, so that a request about it can be mended.
        known = list(dict.fromkeys([*personas, st.session_state[f"{prefix}persona"]]))
        left.selectbox("For which persona", known, key=f"{prefix}persona")
        right.selectbox("At which band", BANDS, key=f"{prefix}band")
        st.text_area(NEEDED, key=f"{prefix}words", max_chars=2000)

    return Correction(
        ContentRequest,
        "request",
        says=lambda one: f"{one.persona}, {one.band}: {one.words}",
        filled=lambda one: {"persona": one.persona, "band": one.band, "words": one.words},
        draw=draw,
        typed=lambda one, typed: replace(
            one, persona=typed["persona"], band=typed["band"], words=(typed["words"] or "").strip()
        ),
        labels={"persona": "Persona", "band": "Band", "words": "What for", "state": "State", "reply": "Answer"},
    )
