"""All numbers by campaign, in groups of columns. Computes no business number: it asks, joins and places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl
import streamlit as st

from metrics import Answer, Query
from metrics.kinds import Aggregate, Credit
from metrics.plan import is_shared_out
from pages import _choices
from pages._campaign_credit import Credited, place, returned
from pages._campaign_pictures import Campaigns, named, titled
from pages._campaign_tiles import COST, PAYBACK
from pages._dates import span
from pages._page import View, metric_of, rows_button
from pages._panels import column_formats, show_table

__all__ = ["everything"]

ALL = "All"


@dataclass(frozen=True)
class _Group:
    """A group of columns: metrics of the chosen period, metrics to date, and the credit whose range is told."""

    label: str
    of_period: tuple[str, ...] = ()
    to_date: tuple[str, ...] = ()
    credit: str | None = None


GROUPS = {
    "funnel": _Group(
        "Funnel",
        ("leads", "mqls", "opportunities", "customers", "cost_per_lead", "cost_per_mql", "cost_per_customer"),
        ("leads", "customers", "first_touch_to_close_days"),
    ),
    "money": _Group(
        "Money",
        ("pipeline_created", "sourced_revenue", "spend"),
        ("sourced_revenue", "spend", "return_to_date", "roas", "romi"),
    ),
    "revenue": _Group(
        "Revenue by model", (), ("sourced_revenue", "influenced_revenue", "credited_revenue"), "credited_revenue"
    ),
    "pipeline": _Group(
        "Pipeline by model", (), ("pipeline_created", "influenced_pipeline", "credited_pipeline"), "credited_pipeline"
    ),
}
# A deal stands in every campaign that touched it.
OVERLAPPING = ("influenced_revenue", "influenced_pipeline")
SOURCED = {"pipeline_created": "Sourced pipeline"}


def everything(seen: View, found: Campaigns, credit: Credited) -> None:
    """The chosen columns for all campaigns: the total first, since a long table is scrolled; no campaign last."""
    labels = {name: group.label for name, group in GROUPS.items()}
    _choices.tell_unknown(seen.session, {"columns": labels})
    chosen = st.segmented_control(
        "Numbers", list(GROUPS), format_func=labels.__getitem__, key="columns", default="funnel",
        bind="query-params",
    )  # fmt: skip
    group, own = GROUPS[chosen or "funnel"], found.dimension
    parts = [(names, period) for names, period in ((group.to_date, None), (group.of_period, seen.period)) if names]
    split, total = ([_ask(seen, by, names, period, credit.model) for names, period in parts] for by in (found.by, ()))
    rows, columns = _joined(seen, split, own)
    rows = rows.sort(pl.col(own).is_null(), *[-pl.col(name) for name in _sorted_by(columns)], own, nulls_last=True)
    everyone = _total(total, columns)
    rows, columns = _with_ranges(rows, columns, credit, group, own)
    since = pl.Series("since", [found.since.get(name) for name in rows[own]], dtype=pl.String)
    rows = named(found, rows.with_columns(since), found.none)
    # Where words stand in the last column, the width is theirs.
    order = [own, *([] if group.credit else ["since"]), *columns]
    everyone = everyone.with_columns(pl.lit(ALL).alias(own), pl.lit(None, pl.String).alias("since"))
    shown = pl.concat([everyone, rows.select(order)], how="diagonal_relaxed").select(order)
    show_table(
        f"Every {own}",
        _caption(seen, found, credit, group, split),
        shown,
        key="everything",
        columns=_formats(seen, found, columns, group),
        below=lambda: _rows(seen, found, credit, parts, columns),
    )


def _ask(seen: View, by: tuple[str, ...], names: tuple[str, ...], period: object, model: str) -> Answer:
    shared = any(is_shared_out(seen.session.reach, name) for name in names)
    return seen.session.answer(
        Query(
            names,
            by,
            period=seen.period if period else None,
            where=seen.where,
            is_shared=True,
            model=model if shared else None,
        )
    )


def _key(name: str, answer: Answer) -> str:
    """One metric may stand in a table twice: of the period, and to date."""
    return name if answer.query.period else f"{name} to date"


def _joined(seen: View, answers: Sequence[Answer], own: str) -> tuple[pl.DataFrame, dict[str, str]]:
    """The answers side by side, and the metric of each column."""
    columns: dict[str, str] = {}
    frame: pl.DataFrame | None = None
    for answer in answers:
        known = {_key(name, answer): name for name in answer.query.metrics if name not in answer.reasons}
        own_frame = answer.frame.select(own, *[pl.col(name).alias(key) for key, name in known.items()])
        frame = (
            own_frame if frame is None else frame.join(own_frame, on=own, how="full", coalesce=True, nulls_equal=True)
        )
        columns |= known
    assert frame is not None
    # What has no row in a period happened no times in it; a cost per nothing stays empty.
    counted = [key for key, name in columns.items() if isinstance(metric_of(seen, name), (Aggregate, Credit))]
    return frame.with_columns(pl.col(counted).fill_null(0)), columns


def _sorted_by(columns: dict[str, str]) -> list[str]:
    """The last of three sums side by side is the one that is chosen; else the first column."""
    credit = [key for key, name in columns.items() if name.startswith("credited_")]
    return credit or list(columns)[:1]


def _total(answers: Sequence[Answer], columns: dict[str, str]) -> pl.DataFrame:
    values: dict[str, object] = {}
    for answer in answers:
        for name in answer.query.metrics:
            if _key(name, answer) in columns and name not in OVERLAPPING:
                values[_key(name, answer)] = answer.number(name)
    return pl.DataFrame([values])


def _with_ranges(
    rows: pl.DataFrame, columns: dict[str, str], credit: Credited, group: _Group, own: str
) -> tuple[pl.DataFrame, dict[str, str]]:
    """Lowest and highest over all models, the place, and of revenue on which side of 1 the return is."""
    if group.credit is None or not credit.ranges(group.credit).found:
        return rows, columns
    ranges = [credit.ranges(group.credit).of(name) for name in rows[own]]
    words = {"place": [place(one) for one in ranges]}
    if any(returned(one) for one in ranges):
        words["return"] = [returned(one) for one in ranges]
    return rows.with_columns(
        pl.Series("lowest", [one.low if one else 0.0 for one in ranges], dtype=pl.Float64),
        pl.Series("highest", [one.high if one else 0.0 for one in ranges], dtype=pl.Float64),
        *[pl.Series(name, values, dtype=pl.String) for name, values in words.items()],
    ), {**columns, "lowest": group.credit, "highest": group.credit, **dict.fromkeys(words, "")}


def _caption(seen: View, found: Campaigns, credit: Credited, group: _Group, answers: Sequence[Answer]) -> str:
    own, model = found.dimension, _choices.model_label(credit.model)
    said = [f"To date, since the {own} began." if not group.of_period else ""]
    if group.of_period:
        said = [f"Of {span(seen.period)}; what says to date, since the {own} began."]
    if group.credit is not None:
        said += [
            f"Sourced and credited (by the model {model}) add up, with what has no {own}, to the first row. Influenced"
            f" counts a deal in full in each {own} that touched it: it overlaps and has no total."
        ]
    if group.label == "Money":
        said += [f"ROAS and ROMI by the model {model}."]
        lacking = [titled(seen, name) for name in (COST, PAYBACK) if own not in seen.session.dimensions_of(name)]
        said += [f"{' and '.join(lacking)} are known in total only: other costs have no {own}."] if lacking else []
    reasons = dict.fromkeys(reason for answer in answers for reason in answer.reasons.values())
    return " ".join([sentence for sentence in said if sentence] + list(reasons))


def _formats(seen: View, found: Campaigns, columns: dict[str, str], group: _Group) -> dict[str, object]:
    units = {key: metric_of(seen, name).unit for key, name in columns.items() if name}
    units |= {key: "parts" for key, name in columns.items() if name and _is_part(seen, name)}
    labels = {key: _label(seen, key, name, group) for key, name in columns.items() if name}
    labels |= {"lowest": "Lowest", "highest": "Highest", "place": "Place", "return": "Return"}
    wanted = {key: label for key, label in labels.items() if key in columns}
    titles = {found.dimension: found.dimension.capitalize(), "since": "Since", **wanted}
    return column_formats(units, titles)  # type: ignore[arg-type]  # units are checked when loaded


def _is_part(seen: View, name: str) -> bool:
    metric = metric_of(seen, name)
    return isinstance(metric, Credit) and metric.unit == "count"


def _label(seen: View, key: str, name: str, group: _Group) -> str:
    label = titled(seen, name)
    if group.credit is not None:
        return SOURCED.get(name, label)
    label += " (days)" if metric_of(seen, name).unit == "days" else ""
    return f"{label} to date" if key != name and name in group.of_period else label


def _rows(
    seen: View,
    found: Campaigns,
    credit: Credited,
    parts: Sequence[tuple[tuple[str, ...], object]],
    columns: dict[str, str],
) -> None:
    """A way to the rows of each number of the table."""
    with st.container(horizontal=True, gap="small"):
        st.caption("Rows of", width="content")
        for names, period in parts:
            for name in names:
                key = name if period else f"{name} to date"
                if key not in columns:
                    continue
                days = seen.period if period else None
                model = credit.model if is_shared_out(seen.session.reach, name) else None
                label = titled(seen, name) + ("" if period or name not in columns else " to date")
                rows_button(seen, name, days, f"of_{key.replace(' ', '_')}", found.by, label, model)
