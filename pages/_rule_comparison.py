"""A proposed rule, typed in, beside the present one: who enters and leaves, and how they fare. Computes nothing."""

from __future__ import annotations

import polars as pl
import streamlit as st

from data.errors import InvalidQuestion
from metrics.compared_rules import GROUPS, Comparison, compare_rules
from metrics.rule_words import in_words
from pages import _words
from pages._page import MOST_ROWS, View
from pages._panels import column_formats, show_reason, show_table, table
from pages._words import Unit, escape

__all__ = ["show"]

_SHOWN: dict[str, tuple[str, Unit]] = {
    "qualified": ("Qualified", "count"),
    "opportunity_rate_to_date": ("To opportunity, so far", "ratio"),
    "opportunity_rate_matured": ("To opportunity, matured", "ratio"),
    "customer_rate_to_date": ("To customer, so far", "ratio"),
    "customer_rate_matured": ("To customer, matured", "ratio"),
    "won_revenue": ("Won revenue", "money"),
    "judged": ("Verdicts", "count"),
    "acceptance": ("Accepted", "ratio"),
    "median_days": ("Median days to the proposed stamp", "days"),
}


def show(seen: View, stage: str) -> None:
    """A field for the proposed rule and, once it can be read, both rules side by side."""
    title = "What would another rule change?"
    text = st.text_input(
        "A proposed rule", key="proposed", bind="query-params", placeholder="fit_score >= 40 and forms >= 1"
    )
    if not text:
        facts = "Type a condition over counts of touches, attributes, facts and scores. Nothing is changed by it."
        show_reason(title, facts, key="comparison")
        return
    try:
        found = compare_rules(seen.session, stage, text)
    except InvalidQuestion as error:
        show_reason(title, str(error), key="comparison")
        return
    show_table(
        title,
        _caption(found),
        _table(found),
        key="comparison",
        columns=column_formats(
            {name: unit for name, (_, unit) in _SHOWN.items()},
            {"who": "Leads", **{name: label for name, (label, _) in _SHOWN.items()}},
        ),
        below=lambda: _rows(found),
    )


def _caption(found: Comparison) -> str:
    counts = dict(found.frame.select("group", "qualified").iter_rows())
    enters, leaves = _words.count(counts["enters"]), _words.count(counts["leaves"])
    windows = ", ".join(f"{target} within {_words.days(days)}" for target, days in found.windows.items())
    present = "the present rule" if found.is_by_rule else "what the CRM says"
    parts = [
        f"{in_words(found.text).capitalize()}: {enters} would enter and {leaves} would leave, beside {present}.",
        f"Matured: {windows}." if windows else "",
        "Sales judged only leads that were handed over.",
        *found.reasons.values(),
    ]
    return " ".join(part for part in parts if part)


def _table(found: Comparison) -> pl.DataFrame:
    who = pl.col("group").replace_strict({name: words.capitalize() for name, words in GROUPS.items()})
    return found.frame.select(who.alias("who"), *_SHOWN)


def _rows(found: Comparison) -> None:
    with st.expander("Rows", key="comparison_rows", type="compact"):
        names = ["enters", "leaves", "both"]
        group = st.selectbox("Of", names, format_func=lambda name: escape(GROUPS[name]), key="comparison_group")
        rows = found.rows(group or "enters")
        if rows.height > MOST_ROWS:
            st.caption(f"{MOST_ROWS:,} of {rows.height:,} rows.")
        table(rows.head(MOST_ROWS), "The rows behind the comparison")
