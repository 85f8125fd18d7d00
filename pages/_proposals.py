"""What is proposed for a rule or the agreement: the list, and one proposal with its text, comments and actions.

Decides nothing: who may sign what, and what may stand in the file, is decided where it is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import polars as pl
import streamlit as st

from alignment.adopting import adopt, is_writable
from alignment.colleagues import people_of
from alignment.ledger import Comment, Key, Ledger
from alignment.proposals import (
    Colleague,
    Tabled,
    change,
    colleagues,
    comment,
    proposals,
    sign,
    take_back,
    withdraw,
)
from alignment.proposed_versions import difference
from data.errors import TandemError
from pages import _proposal_forms as forms
from pages._colleagues import UNVERIFIED
from pages._dates import day
from pages._page import View
from pages._panels import column_formats, show_reason, table
from pages._records import Correction, correct, history
from pages._told import tell, told
from pages._words import escape, strong

__all__ = ["of_the_agreement", "of_the_rule"]

TITLE = "What is proposed?"
HISTORY = {"text": "The version", "why": "Why"}
COMMENTS = Correction(
    Comment,
    "comment",
    says=lambda one: one.text,
    filled=lambda one: {"text": one.text},
    draw=lambda prefix: st.text_area("The comment", key=f"{prefix}text", max_chars=2000),
    typed=lambda one, typed: replace(one, text=(typed["text"] or "").strip()),
    labels={"text": "Comment"},
)
HOW = "A new version is signed by one person of each team, then adopted into the company's file."


def of_the_rule(seen: View, stage: str) -> None:
    """Proposals of versions of the rule by which a stage is known; nothing where no rule decides it."""
    rule = next((rule for rule in seen.session.manifest.rules if rule.stage == stage and rule.is_today), None)
    if rule is not None:
        _show(seen, "rule", rule.rule, lambda ledger, people: forms.rule(seen, ledger, people, rule))


def of_the_agreement(seen: View) -> None:
    """Proposals of versions of the agreement, with other targets or shares."""
    if seen.session.definitions.agreement.versions:
        _show(seen, "agreement", "agreement", lambda ledger, people: forms.agreement(seen, ledger, people))


def _show(seen: View, subject: str, names: str, form: Callable[[Ledger, dict[str, Colleague]], None]) -> None:
    try:
        ledger = Ledger.open(seen.session.company)
        every = [one for one in proposals(ledger, subject, withdrawn=True) if one.entry.content.names == names]
        found = sorted(every, key=lambda one: one.state == "withdrawn")
        people = colleagues(seen.session)
    except TandemError as error:
        show_reason(TITLE, str(error), key="proposals")
        return
    with st.container(border=True, gap="xsmall", key="frame_proposals"):
        st.header(TITLE, anchor=False)
        tell(forms.TOLD)
        st.caption(HOW if found else f"Nothing yet. {HOW}")
        if found:
            _list(found, people)
        if not people:
            st.caption("Nobody can propose here yet: no source gives people. Map them in sources.yaml.")
            return
        if found:
            with st.expander("Read, comment, sign or adopt one", key="read_proposal", type="compact"):
                _one(seen, ledger, found, people)
        with st.expander("Propose a new version", key="make_proposal", type="compact"):
            form(ledger, people)


def _list(found: Sequence[Tabled], people: dict[str, Colleague]) -> None:
    rows = pl.DataFrame(
        {
            "id": [one.entry.id for one in found],
            "state": [one.state for one in found],
            "from": [one.entry.content.starts_on for one in found],
            "by": [_name(people, one.entry.added_by) for one in found],
            "why": [one.entry.content.why for one in found],
            "marketing": [_signed(one, "marketing", people) for one in found],
            "sales": [_signed(one, "sales", people) for one in found],
            "comments": [len(one.comments) for one in found],
            "fingerprint": [one.entry.content.fingerprint for one in found],
        }
    )
    labels = {
        "id": "Number", "state": "State", "from": "From", "by": "Proposed by", "why": "Why",
        "marketing": "Marketing", "sales": "Sales", "comments": "Comments", "fingerprint": "Fingerprint",
    }  # fmt: skip
    table(rows, f"The table of: {TITLE}", column_formats({"id": "count", "comments": "count"}, labels))


def _one(seen: View, ledger: Ledger, found: Sequence[Tabled], people: dict[str, Colleague]) -> None:
    shown = {one.entry.id: one for one in found}
    chosen = st.selectbox("Which", list(shown), format_func=lambda key: _said(shown[key]), key="proposal_chosen")
    one = shown[chosen or found[0].entry.id]
    _text(seen, one)
    if one.void:
        st.caption(f"Signatures on an earlier text, which do not count: {len(one.void)}.")
    for said in one.comments:
        who = f"{_name(people, said.added_by)}, {day(said.added_at.date())}, {said.verified}"
        st.markdown(f"{strong(who)}: {escape(said.content.text)}")
    everybody = people_of(seen.session)
    history(ledger, everybody, one.entry, HISTORY)
    if one.state == "adopted":
        st.caption(f"It stands in {escape(one.entry.content.file)}. A rule counts after: python tandem.py refresh")
        return
    if one.state == "withdrawn":
        st.caption(f"{escape(_name(people, one.entry.changed_by))} has withdrawn it. Propose it anew.")
        return
    with st.form("proposal_act", border=False):
        forms.name(people, "proposal_by")
        st.text_area("Your comment", key="proposal_comment", max_chars=2000)
        st.caption(UNVERIFIED)
        with st.container(horizontal=True):
            st.form_submit_button("Comment", on_click=_comment, args=(seen, ledger, one))
            st.form_submit_button("Sign for my team", on_click=_sign, args=(seen, ledger, one))
            if one.signed:
                st.form_submit_button("Take my signature back", on_click=_take_back, args=(seen, ledger, one))
            st.form_submit_button("Withdraw the proposal", on_click=_withdraw, args=(seen, ledger, one))
    correct(ledger, everybody, COMMENTS, forms.TOLD, Key("entry", str(one.entry.id)), box=st.popover)
    _adopting(seen, ledger, one)
    with st.popover("Change the text", key="change_proposal"), st.form("proposal_change", border=False):
        # Another key with each version, so that the field holds the text as it is now.
        key = f"proposal_text_{one.entry.id}_{one.entry.version}"
        st.text_area("The version", one.entry.content.text, key=key, height=260)
        forms.name(people, "change_by")
        st.caption("Signatures on the former text then no longer count.")
        st.form_submit_button("Keep this text", on_click=_change, args=(seen, ledger, one, key))


def _text(seen: View, one: Tabled) -> None:
    """What is different from the version that it follows, which people sign for, then the whole text."""
    content = one.entry.content
    if content.why:
        st.markdown(f"{strong('Why')}: {escape(content.why)}")
    lines: tuple[str, ...] = ()
    if one.state in ("open", "signed"):
        try:
            lines = difference(seen.session.company, content.subject, content.names, content.text)
        except TandemError as error:
            st.warning(escape(str(error)))
    if lines:
        st.caption("What is different from the version that it follows:")
        st.code("\n".join(lines), language=None, wrap_lines=True)
    # Long texts beside the page: in a frame of its own height nobody could scroll by keyboard.
    with st.popover("Read the whole version") if content.text.count("\n") > 12 else st.container():
        st.code(content.text, language=None, wrap_lines=True)


def _adopting(seen: View, ledger: Ledger, one: Tabled) -> None:
    """The button where both have signed and the folder is writable, else who or what is lacking."""
    content = one.entry.content
    if one.lacks:
        st.caption(f"To be adopted it lacks the signature of {' and '.join(one.lacks)}.")
    elif is_writable(seen.session.company, content.subject, content.names):
        st.button("Adopt: write it into the file", key="adopt", on_click=_adopt, args=(seen, ledger, one))
    else:
        how = f"python tandem.py adopt {one.entry.id}"
        st.caption(f"Both teams have signed. The folder cannot be written from here: {how}")


def _said(one: Tabled) -> str:
    starts = one.entry.content.starts_on
    return f"{one.entry.id}{f', from {day(starts)}' if starts else ''}, {one.state}"


def _signed(one: Tabled, team: str, people: dict[str, Colleague]) -> str:
    if team not in one.signed:
        return "not yet"
    signature = one.signed[team]
    return f"{_name(people, signature.added_by)}, {day(signature.added_at.date())} ({signature.verified})"


def _name(people: dict[str, Colleague], person: str) -> str:
    return people[person].name if person in people else person


def _comment(seen: View, ledger: Ledger, one: Tabled) -> None:
    state = st.session_state
    with told(forms.TOLD, "Your comment stands in the ledger, unverified."):
        text = state["proposal_comment"] or ""
        comment(ledger, seen.session, one.entry.id, text, by=state["proposal_by"] or "")
        state["proposal_comment"] = ""


def _sign(seen: View, ledger: Ledger, one: Tabled) -> None:
    # The proposal as it is shown: a text that somebody changed meanwhile is not signed unread.
    with told(forms.TOLD, "Your signature stands in the ledger, unverified."):
        sign(ledger, seen.session, one.entry, by=st.session_state["proposal_by"] or "")


def _take_back(seen: View, ledger: Ledger, one: Tabled) -> None:
    with told(forms.TOLD, "Your signature is withdrawn."):
        take_back(ledger, seen.session, one.entry, by=st.session_state["proposal_by"] or "")


def _withdraw(seen: View, ledger: Ledger, one: Tabled) -> None:
    with told(forms.TOLD, "The proposal is withdrawn."):
        withdraw(ledger, seen.session, one.entry, by=st.session_state["proposal_by"] or "")


def _change(seen: View, ledger: Ledger, one: Tabled, key: str) -> None:
    state = st.session_state
    with told(forms.TOLD, "The text is changed; both teams sign it anew."):
        change(ledger, seen.session, one.entry, state[key] or "", by=state["change_by"] or "")


def _adopt(seen: View, ledger: Ledger, one: Tabled) -> None:
    counts = " It counts after: python tandem.py refresh" if one.entry.content.subject == "rule" else ""
    with told(forms.TOLD, f"It is written into {one.entry.content.file}.{counts}"):
        adopt(ledger, seen.session, one.entry.id, by=st.session_state["proposal_by"] or "page")
