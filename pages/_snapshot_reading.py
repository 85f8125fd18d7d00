"""One sealed month, opened again: its numbers, cuts, words and definitions, and what became of it. Computes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
import streamlit as st

from alignment.month_questions import SPANS
from alignment.reopening import cut as sealed_cut
from alignment.reopening import cuts_of, definitions, headline, reached, reopened, sealed_at
from alignment.snapshots import Snapshot
from data.calendar import Period
from data.errors import TandemError
from metrics.findings import change
from pages import _tiles, _words
from pages._dates import day, span
from pages._entries import OWNERS, joined, notice_html
from pages._page import View
from pages._panels import column_formats, show_table, table
from pages._tiles import Tile
from pages._words import count, escape, strong

__all__ = [
    "back", "chosen", "cut", "dates", "decided", "definitions_of", "notice", "numbers", "promises", "says", "tiles",
    "title", "words_of",
]  # fmt: skip

TILES = ("leads", "mqls", "sals", "opportunities", "customers", "won_revenue")


def chosen(seen: View) -> Snapshot | None:
    """The sealed month in the address of the page; what cannot be opened is told above the list."""
    month = st.query_params.get("snapshot", "")
    if not month:
        return None
    revision, dimension = st.query_params.get("revision", ""), st.query_params.get("per", "")
    per = (dimension, st.query_params.get("value", "")) if dimension else None
    try:
        return reopened(seen.session.company, month, int(revision) if revision.isdecimal() else None, per)
    except TandemError as error:
        st.warning(escape(error))
        return None


def back() -> None:
    st.button("← All sealed months", key="all_snapshots", type="tertiary", on_click=_close)


def _close() -> None:
    for key in ("snapshot", "revision", "per", "value", "cut"):
        st.query_params.pop(key, None)


def title(snapshot: Snapshot) -> str:
    return f"{span(snapshot.manifest.period)}{_about(snapshot)}, as sealed"


def _about(snapshot: Snapshot) -> str:
    """Of which value of a dimension it is; nothing where it is of the whole company."""
    return f", {snapshot.manifest.per[1]}" if snapshot.manifest.per else ""


def says(snapshot: Snapshot) -> str:
    """The month in a sentence of its own sealed numbers, in Markdown."""
    rows = headline(snapshot)
    told = [
        f"{escape(str(rows[name]['label']).lower())} at {strong(_number(snapshot, rows[name]))}"
        for name in ("leads", "customers", "won_revenue")
        if name in rows and rows[name]["value"] is not None
    ]
    return f"{span(snapshot.manifest.period)} was sealed with {joined(told)}." if told else "No number was known."


def dates(snapshot: Snapshot) -> str:
    return f"{span(snapshot.manifest.period)} · data through {reached(snapshot)}, as it was known then"


def notice(snapshot: Snapshot) -> str:
    """That this is sealed, when and from which generation, and that no filter touches it."""
    manifest, moment = snapshot.manifest, sealed_at(snapshot)
    revised = f" Revision {manifest.revision}: {manifest.reason}." if manifest.revision > 1 else ""
    return notice_html(
        f"Sealed on {day(moment.date())} at {moment:%H:%M} by {manifest.sealed_by}, from generation"
        f" {manifest.generation}.{revised}{_only(snapshot)} Filters do not touch these numbers."
    )


def _only(snapshot: Snapshot) -> str:
    """That it is of one value of a dimension alone; nothing where it is of the whole company."""
    per = snapshot.manifest.per
    return f" Only {per[0].replace('_', ' ')}: {per[1]}." if per else ""


def _number(snapshot: Snapshot, row: Mapping[str, Any], column: str = "value", *, exact: bool = False) -> str:
    return _words.number(row[column], row["unit"], snapshot.manifest.company["currency"], exact=exact)


def tiles(seen: View, snapshot: Snapshot) -> None:
    """The six numbers that a month begins with, against the month before as it was known then."""
    rows, reasons = headline(snapshot), snapshot.manifest.questions["headline"]["reasons"]
    _tiles.show([_tile(snapshot, rows[name], reasons) for name in TILES if name in rows], seen.theme)


def _tile(snapshot: Snapshot, row: Mapping[str, Any], reasons: Mapping[str, str]) -> Tile:
    if row["value"] is None:
        return Tile(row["metric"], row["label"], None, reason=reasons.get(row["metric"], "There was no number."))
    found, pill, foot = change(row["value"], row["previous"], row["good"]), None, ""
    if found is not None:
        by_share = found.relative is not None and row["unit"] != "ratio"
        difference = found.relative if by_share else found.absolute
        currency = snapshot.manifest.company["currency"]
        pill = _words.change(difference, "share" if by_share else row["unit"], row["good"], currency)
        foot = f"{_number(snapshot, row, 'previous')} the month before"
    return Tile(row["metric"], row["label"], _number(snapshot, row), owner=row["owner"], change=pill, foot=foot)


def words_of(snapshot: Snapshot) -> None:
    """What was said about the month before it was sealed, as plain text."""
    said = snapshot.text("commentary.txt").strip()
    if not said:
        return
    with st.container(border=True, gap="xsmall", key="frame_commentary"):
        st.header("What was said about it", anchor=False)
        for paragraph in (line for line in said.splitlines() if line.strip()):
            st.markdown(escape(paragraph))


def cut(snapshot: Snapshot) -> None:
    """The month by channel, campaign or segment, as the viewer chooses."""
    labels = cuts_of(snapshot)
    if not labels:
        return
    with st.container(border=True, gap="xsmall", key="frame_cut"):
        st.header("Where did it come from?", anchor=False)
        by = st.segmented_control(
            "Split by", list(labels), format_func=labels.__getitem__, key="cut", default=next(iter(labels)),
            bind="query-params",
        ) or next(iter(labels))  # fmt: skip
        found = sealed_cut(snapshot, by, f"No {by}")
        st.caption(escape(f"{count(found.frame.height)} rows as they were sealed, the largest first."))
        columns = column_formats(found.units, {"group": labels[by], **found.labels})  # type: ignore[arg-type]  # units are checked when loaded
        table(found.frame, f"The sealed month by {by}", columns, most=15)


def numbers(snapshot: Snapshot) -> None:
    """Every headline number beside those it was compared with, each written by its unit."""
    rows = [
        (
            row["label"],
            *(_number(snapshot, row, column, exact=True) for column in SPANS),
            span(Period(row["start"], row["until"])) if row["start"] else "",
        )
        for row in headline(snapshot).values()
    ]  # fmt: skip
    names = ("Metric", "Sealed", "Month before", "A year before", "Year to date", "Days or cohort")
    frame = pl.DataFrame(rows, dict.fromkeys(names, pl.String), orient="row")
    caption = "As sealed. A rate of a funnel is of the latest cohort that had had its whole time; its days are told."
    show_table("The month in numbers", caption, frame, key="month_numbers", columns=_to_the_right(names[1:5]))


def _to_the_right(names: Sequence[str]) -> dict[str, object]:
    """Numbers of several units are written as texts, and stand where numbers do."""
    return {name: st.column_config.TextColumn(alignment="right") for name in names}


def promises(snapshot: Snapshot) -> None:
    """What the two teams had promised each other, each in its own period as of the end of the month."""
    if not snapshot.has("promises"):
        return
    rows = [
        (
            row["label"], OWNERS[row["team"]], span(Period(row["start"], row["until"])),
            _number(snapshot, row, "target"), _number(snapshot, row), _words.rate(row["pace"]),
            {True: "kept", False: "missed", None: "goes on"}[row["is_kept"]],
        )
        for row in snapshot.frame("promises").iter_rows(named=True)
    ]  # fmt: skip
    if rows:
        names = ("Promise", "Whose", "Days", "Target", "Reached", "Of what was expected", "Kept")
        frame = pl.DataFrame(rows, dict.fromkeys(names, pl.String), orient="row")
        caption = f"Each in its own period, as it stood at the end of {span(snapshot.manifest.period)}."
        show_table("What was promised", caption, frame, key="month_promises", columns=_to_the_right(names[3:6]))
    if snapshot.manifest.left_out:
        st.caption(escape(" ".join(snapshot.manifest.left_out)))


def decided(snapshot: Snapshot) -> None:
    """What the ledger had been told in the month."""
    frame = snapshot.frame("decisions") if snapshot.has("decisions") else pl.DataFrame()
    if frame.height:
        labels = {"decided_on": "Day", "title": "Decision", "text": "In words", "owner": "Owner", "due_on": "Due",
                  "state": "State"}  # fmt: skip
        caption = "Verdicts, adoptions, workshops and actions of the month; names of contacts are left out."
        show_table("What was decided", caption, frame.select(list(labels)), key="month_decisions",
                   columns=column_formats({}, labels))  # fmt: skip


def definitions_of(snapshot: Snapshot) -> None:
    """What each number meant when it was sealed."""
    labels = {"label": "Metric", "description": "What it means", "formula": "Formula", "owner": "Owner",
              "fingerprint": "Fingerprint"}  # fmt: skip
    with st.expander("Definitions as they were sealed", key="sealed_definitions", type="compact"):
        table(definitions(snapshot), "The definitions that were sealed", column_formats({}, labels))
