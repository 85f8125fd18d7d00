"""What sales says of the leads of each campaign or source, as a table. Computes nothing."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from data.calendar import Period
from metrics.verdict_reasons import verdicts_by
from pages._dates import span
from pages._page import View, rows_button
from pages._panels import column_formats, show_reason, show_table

__all__ = ["sales_says"]

TITLE = "What does sales say of the leads?"


def sales_says(seen: View, dimension: str, names: Mapping[str, str], period: Period | None) -> None:
    """Acceptance rate, rejections and their most frequent reason by group; without a period to date."""
    key, label = "sales_says", seen.session.reach.dimension(dimension).label
    frame, reason = verdicts_by(seen.session, dimension, period, seen.where)
    when = span(period) if period else "to date"
    if frame.is_empty():
        show_reason(TITLE, reason or f"No lead was handed over, {when}.", key=key)
        return
    groups = [f"No {label.lower()}" if name is None else names.get(name, name) for name in frame["group"]]
    show_table(
        TITLE,
        f"Leads handed over, {when}: of those whose verdict is due how many sales has accepted, and why it rejected"
        " most of the others. The page Hand-off has all reasons.",
        frame.with_columns(pl.Series("group", groups, dtype=pl.String)),
        key=key,
        columns=column_formats(
            {"handed_over": "count", "acceptance_rate": "ratio", "rejected": "count", "because": "count"},
            {
                "group": label, "handed_over": "Handed over", "acceptance_rate": "Acceptance rate",
                "rejected": "Rejected", "reason": "Most frequent reason", "because": "For this reason",
            },
        ),
        below=lambda: rows_button(seen, "rejected", period, key, (dimension, "verdict_reason")),
    )  # fmt: skip
