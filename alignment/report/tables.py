"""Sealed frames as tables of a report: metrics beside their spans, groups beside their metrics. Reads no file."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from alignment.dates import span
from alignment.report.contents import BY_ROW, Column, Table, Value
from alignment.tokens import Owner
from data.calendar import Period

__all__ = [
    "UNATTRIBUTED",
    "compared",
    "definitions",
    "funnel",
    "measured",
    "promised",
    "restated_records",
    "sides",
    "summary",
    "trend",
    "words_of",
]

UNATTRIBUTED = "Unattributed"
SPANS = ("value", "previous", "last_year", "year_to_date")
# A document shows so many groups; the sheets have all.
SHOWN_GROUPS = 25


def summary(
    name: str, title: str, headline: pl.DataFrame, metrics: Sequence[str] | None, spans: Sequence[str],
    targets: Mapping[str, float], month: Period,
) -> Table:  # fmt: skip
    """A row per metric: actual, target, attainment, the other spans, and the days that the actual number is of.

    `metrics` are those to show, in this order; None for all.
    """
    rows = {row["metric"]: row for row in headline.iter_rows(named=True)}
    chosen = [rows[metric] for metric in (metrics or rows) if metric in rows]
    columns = (
        Column("Metric"), Column(spans[0], BY_ROW), Column("Target", BY_ROW), Column("Attainment", "ratio"),
        *(Column(label, BY_ROW) for label in spans[1:]), Column("Of", beside=True, usual=span(month)),
    )  # fmt: skip
    made = tuple(_measure(row, targets.get(row["metric"]), month) for row in chosen)
    return Table(
        name, title, columns, made, tuple(row["unit"] for row in chosen), tuple(row["owner"] for row in chosen)
    )  # fmt: skip


def _measure(row: Mapping[str, Any], target: float | None, month: Period) -> tuple[Value, ...]:
    value = row["value"]
    attained = value / target if target and value is not None else None
    return (row["label"], value, target, attained, *(row[key] for key in SPANS[1:]), days_of(row, month))


def days_of(row: Mapping[str, Any], month: Period) -> str:
    """The days that a row is about in words: of a funnel's rate those on which its cohort entered."""
    if row["start"] is None:
        return "no matured cohort"
    period = Period(row["start"], row["until"])
    return span(period) if period == month else f"entered in {span(period)}"


def words_of(frame: pl.DataFrame, by: Sequence[str]) -> list[str]:
    """The words for each group of a frame."""
    columns = [frame[f"{name}_name"].to_list() for name in by]
    return [", ".join(_word(value) for value in values) for values in zip(*columns, strict=True)]


def _word(value: str | None) -> str:
    return UNATTRIBUTED if value is None else value


def measured(
    name: str, title: str, frame: pl.DataFrame, by: Mapping[str, str], metrics: Sequence[str], kind: str
) -> Table:
    """A row per group that had anything in the month and a column per metric, the largest by the first metric on top.

    `by` are dimensions with their labels. Groups without words come last. `kind` is what the groups are called.
    """
    described = {row["metric"]: row for row in frame.iter_rows(named=True)}
    shown = [metric for metric in metrics if metric in described]
    keys = [*by, *(f"{dimension}_name" for dimension in by)]
    groups: dict[tuple[Any, ...], dict[str, float | None]] = {}
    for row in frame.iter_rows(named=True):
        groups.setdefault(tuple(row[key] for key in keys), {})[row["metric"]] = row["value"]
    rows: list[tuple[Value, ...]] = []
    for key, values in groups.items():
        if any(values.get(metric) for metric in shown):
            words = (_word(word) for word in key[len(by) :])
            rows.append((*words, *(values.get(metric) for metric in shown)))
    width = len(by)
    rows.sort(
        key=lambda row: (row[0] == UNATTRIBUTED, *(-_size(value) for value in row[width:]), *map(str, row[:width]))
    )
    columns = (
        *(Column(label) for label in by.values()),
        *(
            Column(described[metric]["label"], described[metric]["unit"], described[metric]["owner"])
            for metric in shown
        ),
    )
    notes = [f"{len(groups) - len(rows)} {kind} had nothing in the month."] if len(groups) > len(rows) else []
    models = sorted({row["model"] for row in described.values() if row["model"]})
    notes += [f"What is credited is shared out by the model '{model}'." for model in models]
    shown_rows = SHOWN_GROUPS if len(rows) > SHOWN_GROUPS else None
    return Table(name, title, columns, tuple(rows), notes=tuple(notes), shown=shown_rows)


def _size(value: Value) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def compared(name: str, title: str, frame: pl.DataFrame, by: Mapping[str, str], spans: Sequence[str]) -> Table:
    """Everything that is known of the groups: a row per group and metric, with all spans and the days of each."""
    columns = (
        *(Column(label) for label in by.values()), Column("Metric"), Column("Unit"),
        *(Column(label, BY_ROW) for label in spans), Column("From", "date"), Column("Until (not included)", "date"),
    )  # fmt: skip
    rows = [
        (*(_word(row[f"{dimension}_name"]) for dimension in by), row["label"], row["unit"],
         *(row[key] for key in SPANS), row["start"], row["until"])
        for row in frame.iter_rows(named=True)
    ]  # fmt: skip
    return Table(name, title, columns, tuple(rows), tuple(frame["unit"]), tuple(frame["owner"]))


def funnel(
    frame: pl.DataFrame, title: str, names: Mapping[str, str], owners: Mapping[str, Owner], *, with_rate: bool
) -> Table:
    """A row per step of the funnel, of the cohort that the title names."""
    columns = (
        Column("Step"), Column("Within (days)", "count"), Column("Entered", "count"),
        Column("Went on in time", "count"), *([Column("Rate", "ratio")] if with_rate else []), Column("Median", "days"),
        Column("90th percentile", "days"), Column("Still open", "count"),
    )  # fmt: skip
    rate = ("rate_matured",) if with_rate else ()
    shown = ("within_days", "matured", "converted_matured", *rate, "median_days", "p90_days", "still_open")
    rows = [(names[row["step"]], *(row[key] for key in shown)) for row in frame.iter_rows(named=True)]
    note = "Who entered a step without a record of it counts as having gone on, and is not among those who entered."
    return Table(
        "funnel", title, columns, tuple(rows),
        owners=tuple(owners.get(step, "both") for step in frame["step"]), notes=(note,),
    )  # fmt: skip


def trend(frame: pl.DataFrame, headline: pl.DataFrame) -> Table:
    """A row per month and a column per metric."""
    described = {row["metric"]: row for row in headline.iter_rows(named=True)}
    metrics = [name for name in frame.columns if name in described]
    columns = [Column(described[name]["label"], described[name]["unit"], described[name]["owner"]) for name in metrics]
    rows = [(f"{row['period']:%b %Y}", *(row[name] for name in metrics)) for row in frame.iter_rows(named=True)]
    return Table("trend", "The last 13 months", (Column("Month"), *columns), tuple(rows))


def promised(frame: pl.DataFrame, month: Period) -> Table:
    """What each team promised, what came of it, and whether that was kept; open where its period is not over."""
    columns = (
        Column("Promise"), Column("Team"), Column("Promised", BY_ROW), Column("Reached", BY_ROW),
        Column("Attainment", "ratio"), Column("Kept"), Column("Over", beside=True, usual=span(month)),
    )  # fmt: skip
    kept = {True: "kept", False: "not kept", None: "still open"}
    rows = [
        (row["label"], _told(row["team"], "owner"), row["target"], row["value"], row["attainment"],
         kept[row["is_kept"]], span(Period(row["start"], row["until"])))
        for row in frame.iter_rows(named=True)
    ]  # fmt: skip
    return Table("targets", "What was promised, and what came of it", columns, tuple(rows), tuple(frame["unit"]),
                 tuple(frame["team"]))  # fmt: skip


def definitions(frame: pl.DataFrame, only: Sequence[str] | None = None) -> Table:
    """What each number means, whose it is and under which fingerprint it was sealed; those in `only`, in its order."""
    rows = {row["metric"]: row for row in frame.iter_rows(named=True)}
    chosen = [rows[name] for name in (only or rows) if name in rows]
    columns = (Column("Metric"), Column("Owner"), Column("What it means"), Column("How it is computed"),
               Column("Fingerprint"))  # fmt: skip
    keys = ("label", "owner", "description", "formula", "fingerprint")
    made = [tuple(_told(row[key], key) for key in keys) for row in chosen]
    return Table("definitions", "Definitions and their owners", columns, tuple(made))


def _told(value: str, key: str) -> str:
    return {"both": "Both", "marketing": "Marketing", "sales": "Sales"}[value] if key == "owner" else value


def sides(name: str, title: str, frame: pl.DataFrame, labels: Mapping[str, str]) -> Table:
    """A sealed frame as it is, under other labels: days as dates, numbers by the unit in its column `unit`."""
    kept = [column for column in labels if column in frame.columns]
    columns = [Column(labels[column], _unit_of(frame, column)) for column in kept]
    rows = [tuple(_plain(value) for value in row) for row in frame.select(kept).iter_rows()]
    units = tuple(frame["unit"]) if "unit" in frame.columns else ()
    return Table(name, title, tuple(columns), tuple(rows), units)


def restated_records(effects: pl.DataFrame, records: pl.DataFrame) -> Table:
    """Which record moved a number of an earlier month, and how far, for the sheets and files."""
    labels = {
        "month": "Month", "metric": "Metric", "part": "Part", "cause": "Cause", "kind": "Kind", "record": "Record",
        "before": "Sealed", "after": "Now", "effect": "Effect",
    }  # fmt: skip
    names, units = (dict(effects.select("metric", column).iter_rows()) for column in ("label", "unit"))
    whose = records.select("metric", "part").iter_rows()
    # Numerator and denominator have units of their own: an amount or a count.
    own = [units[metric] if part in ("value", "wait") else "parts" for metric, part in whose]
    shown = records.with_columns(pl.col("metric").replace(names), pl.Series("unit", own, dtype=pl.String))
    return sides("restated_records", "The records that restated them", shown, labels)


def _unit_of(frame: pl.DataFrame, column: str) -> str:
    kind = frame.schema[column]
    if kind == pl.Date:
        return "date"
    if not kind.is_numeric():
        return "text"
    return BY_ROW if kind.is_float() and "unit" in frame.columns else "count"


def _plain(value: object) -> Value:
    return value if value is None or isinstance(value, str | int | float | dt.date) else str(value)
