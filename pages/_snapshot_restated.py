"""What became of sealed months: this one against today's data, and the one before it. Computes nothing."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
import streamlit as st

from alignment.months import month_of
from alignment.restatement import Restatement, restate
from alignment.snapshots import Snapshot
from data.errors import TandemError
from pages import _words
from pages._dates import span
from pages._page import View
from pages._panels import column_formats, table
from pages._words import count, escape

__all__ = ["carried", "restated"]

EFFECTS, RECORDS = "restated/effects", "restated/records"


def restated(seen: View, snapshot: Snapshot) -> None:
    """The sealed month against today's data by metric and cause, with the records one click away."""
    manifest = snapshot.manifest
    with st.container(border=True, gap="xsmall", key="frame_restated"):
        st.header("Is it still so?", anchor=False)
        key = (manifest.month, manifest.per, manifest.revision)
        known = st.session_state.get("restated")
        # The session itself is the key: another generation or definition is another session.
        if known is None or known[0] != key or known[1] is not seen.session:
            st.caption("Asks the sealed questions again of today's data, and tells by which cause a number moved.")
            if not st.button("Compare with today's data", key="restate"):
                return
            try:
                with st.spinner("Asking again"):
                    known = (key, seen.session, restate(seen.session, snapshot))
            except TandemError as error:
                st.error(escape(error))
                return
            st.session_state["restated"] = known
        _restatement(known[2], snapshot)


def _restatement(found: Restatement, snapshot: Snapshot) -> None:
    if found.changed:
        st.caption(escape(f"Not computed as when it was sealed: {', '.join(found.changed)}"))
    for note in found.notes:
        st.caption(escape(note))
    if found.effects.is_empty():
        st.markdown("Today's data gives the numbers that were sealed.")
        return
    _moved(found.effects, found.records, snapshot, "restated")


def carried(snapshot: Snapshot) -> None:
    """What was sealed before, as the data of this snapshot told it; nothing where nothing had moved."""
    effects = snapshot.frame(EFFECTS) if snapshot.has(EFFECTS) else pl.DataFrame()
    if effects.is_empty():
        return
    month, revision = effects.select("month", "revision").row(0)
    which = f"{span(month_of(month))}, revision {revision}," if revision > 1 else span(month_of(month))
    with st.container(border=True, gap="xsmall", key="frame_carried"):
        st.header("What became of the month sealed before?", anchor=False)
        st.caption(escape(f"{which} as it was sealed, against the data that this month was sealed from."))
        _moved(effects, snapshot.frame(RECORDS), snapshot, "carried")


def _moved(effects: pl.DataFrame, records: pl.DataFrame, snapshot: Snapshot, key: str) -> None:
    """A row per metric and cause, each number by its unit, and the records behind them."""
    currency = snapshot.manifest.company["currency"]
    moved = effects["metric"].n_unique()
    said = "1 number has moved." if moved == 1 else f"{count(moved)} numbers have moved."
    st.caption(escape(f"{said} The causes of one sum to its difference."))

    def written(column: str) -> Sequence[str]:
        pairs = effects.select(column, "unit").iter_rows()
        return [_words.number(value, unit, currency, exact=True) for value, unit in pairs]

    columns = ("sealed", "today", "difference", "effect")
    shown = effects.select(
        "label", *[pl.Series(name, written(name), dtype=pl.String) for name in columns[:3]], "cause",
        pl.Series("effect", written("effect"), dtype=pl.String),
    )  # fmt: skip
    titles = {"sealed": "Sealed", "today": "Then" if key == "carried" else "Today", "difference": "Difference",
              "effect": "By this cause"}  # fmt: skip
    formats = column_formats({}, {"label": "Metric", "cause": "Cause"})
    formats |= {name: st.column_config.TextColumn(title, alignment="right") for name, title in titles.items()}
    table(shown, "What moved, by metric and cause", formats)
    with st.expander("Records", key=f"{key}_records", type="compact"):
        _records(effects, records, key)


def _records(effects: pl.DataFrame, records: pl.DataFrame, key: str) -> None:
    labels = dict(effects.select("metric", "label").iter_rows())
    moved = set(records["metric"])
    known = [name for name in labels if name in moved]
    if not known:
        st.caption("No record did it: rules, rates or targets did.")
        return
    name = st.selectbox("Records of", known, format_func=labels.__getitem__, key=f"{key}_metric")
    titles = {"part": "Part", "cause": "Cause", "kind": "Kind", "record": "Record"}
    numbers = {"before": "Sealed", "after": "Then" if key == "carried" else "Today", "effect": "Effect"}
    rows = records.filter(pl.col("metric") == name).drop("month", "metric")
    formats = column_formats(dict.fromkeys(numbers, "parts"), titles | numbers)
    table(rows, f"The records that moved {labels[name]}", formats)
