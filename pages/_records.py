"""What stands in the ledger, corrected or taken back where it is read, with its history. Decides nothing itself.

The entry that somebody began to correct is remembered: where somebody else writes meanwhile, the correction is told as
a conflict with both texts, and what was typed stays in its fields.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

import streamlit as st

from alignment.colleagues import People
from alignment.gone import gone
from alignment.gone import told as told_of
from alignment.ledger import Content, Entry, Key, Ledger
from alignment.record_history import history_of
from data.errors import ChangedMeanwhile
from metrics import Session
from pages._colleagues import UNVERIFIED, choose_name
from pages._panels import column_formats, table
from pages._told import told
from pages._words import escape, shortened

__all__ = ["Correction", "correct", "gone_line", "history"]

C = TypeVar("C", bound=Content)
MOST = 300
EXPANDER = partial(st.expander, type="compact")


@dataclass(frozen=True)
class Correction(Generic[C]):
    """How entries of a kind are corrected: what one is called, and its fields.

    `says` names an entry in a list. `filled` gives what stands in each field at first, by the field's name; a field
    that is always drawn comes first. `draw` draws them, each under its key: the prefix and its name. `typed` makes the
    new content of what is in them. `labels` names the parts of the content that the history tells.
    """

    kind: type[C]
    called: str
    says: Callable[[C], str]
    filled: Callable[[C], Mapping[str, object]]
    draw: Callable[[str], object]
    typed: Callable[[C, Mapping[str, Any]], C]
    labels: Mapping[str, str]


def correct(
    ledger: Ledger,
    people: People,
    how: Correction[C],
    told_in: str,
    about: Key | None = None,
    box: Callable[..., AbstractContextManager[object]] = EXPANDER,
) -> None:
    """Below a list: one of its entries, chosen, with its fields, a way to take it back, and what stood there before.

    Withdrawn ones can be put back. `told_in` is where the page tells what became of it.
    """
    entries = {entry.id: entry for entry in reversed(ledger.entries(how.kind, about, withdrawn=True)[-MOST:])}
    if not entries or not people.names:
        return
    prefix = f"correct_{how.kind.name}_"
    with box(f"Correct or withdraw a {how.called}", key=f"{prefix}box"):
        chosen = st.selectbox(
            f"Which {how.called}", list(entries), format_func=lambda key: _named(entries[key], how), index=None,
            key=f"{prefix}entry", placeholder="Choose one",
        )  # fmt: skip
        if chosen is None:
            return
        entry = entries[chosen]
        _fill(entry, how, prefix)
        how.draw(prefix)
        choose_name(list(people.names), f"{prefix}by", people.name)
        st.caption(UNVERIFIED)
        with st.container(horizontal=True):
            label = "Put it back" if entry.is_withdrawn else "Keep the correction"
            st.button(label, key=f"{prefix}keep", on_click=_keep, args=(ledger, how, told_in, prefix))
            if not entry.is_withdrawn:
                st.button("Withdraw", key=f"{prefix}withdraw", on_click=_withdraw, args=(ledger, how, told_in, prefix))
        history(ledger, people, entry, how.labels)


def _named(entry: Entry[C], how: Correction[C]) -> str:
    withdrawn = ", withdrawn" if entry.is_withdrawn else ""
    return f"{shortened(how.says(entry.content), 60)}, {entry.added_at:%Y-%m-%d}{withdrawn}"


def _fill(entry: Entry[C], how: Correction[C], prefix: str) -> None:
    """The fields hold what stands in the ledger when the entry is chosen; from then on, what is typed."""
    state, read = st.session_state, st.session_state.get(f"{prefix}read")
    values = {f"{prefix}{name}": value for name, value in how.filled(entry.content).items()}
    # Fields that were not drawn for a while, on another page, have lost what they held.
    if read is None or read.id != entry.id or next(iter(values)) not in state:
        state.update(values)
        state[f"{prefix}read"] = entry


def history(ledger: Ledger, people: People, entry: Entry[Content], labels: Mapping[str, str]) -> None:
    """What stood in an entry before; nothing of one that is as it was first written."""
    if entry.version > 1:
        st.caption("What stood there before, the latest change first:")
        titles = {"at": "When", "who": "Who", "did": "What", "said": "What it says since", "before": "Before"}
        rows = history_of(ledger, people, entry.id, labels)
        table(rows, f"The history of entry {entry.id}", column_formats({}, titles))


def gone_line(ledger: Ledger, session: Session, people: People, kind: type[Content]) -> None:
    """A quiet line where entries of a kind are about what the data no longer has."""
    if found := gone(ledger, session, kind):
        st.caption(escape(told_of(found, people)))


def _keep(ledger: Ledger, how: Correction[C], told_in: str, prefix: str) -> None:
    state = st.session_state
    read: Entry[C] = state[f"{prefix}read"]
    with told(told_in, f"The corrected {how.called} stands in the ledger; what was there before is in its history."):
        typed = {name.removeprefix(prefix): state[name] for name in state if str(name).startswith(prefix)}
        try:
            ledger.change(read.id, read.version, how.typed(read.content, typed), by=state[f"{prefix}by"] or "")
        except ChangedMeanwhile:
            # Told with both texts; whoever then keeps their own once more does so knowingly.
            state[f"{prefix}read"] = ledger.entry(read.id)
            raise
        del state[f"{prefix}read"]


def _withdraw(ledger: Ledger, how: Correction[C], told_in: str, prefix: str) -> None:
    state = st.session_state
    read: Entry[C] = state[f"{prefix}read"]
    with told(told_in, f"The {how.called} is withdrawn; its history stays, and it can be put back."):
        try:
            ledger.withdraw(read.id, read.version, by=state[f"{prefix}by"] or "")
        except ChangedMeanwhile:
            state[f"{prefix}read"] = ledger.entry(read.id)
            raise
        del state[f"{prefix}read"]
