"""The priorities of a quarter, as small frozen types, and their reader. Judges nothing and opens no file."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from data.errors import Place
from data.schemas import NAMED, TEXT, Schema, choice, mapping
from data.yaml_files import Fields, Node
from metrics.agreement import PACES, Objective
from metrics.agreement_files import metric_name, unit_of_metric
from metrics.kinds import Metric
from metrics.metric_files import Reading, read_where

__all__ = ["PRIORITY_KEYS", "Priority", "priority_schema", "quarter_name", "quarters", "read_priorities"]

PRIORITY_KEYS = ("label", "description", "quarter", "metric", "where", "target", "pace", "held_by", "tag")
QUARTER = r"(?P<year>\d{4})-Q(?P<number>[1-4])"
_LARGEST = 1e15


@dataclass(frozen=True, kw_only=True)
class Priority:
    """What matters most in a quarter: a number to reach, who answers for it, and the campaigns that serve it.

    `quarter` is its first day, `tag` the priority that those campaigns have in the data.
    """

    name: str
    quarter: dt.date
    objective: Objective
    tag: str
    place: Place = field(default=Place(""), compare=False)
    tag_at: Place = field(default=Place(""), compare=False)


def quarter_name(first: dt.date) -> str:
    """Q4 2026."""
    return f"Q{(first.month + 2) // 3} {first.year}"


def quarters(found: Iterable[Priority]) -> tuple[dt.date, ...]:
    """The quarters that have priorities, latest first."""
    return tuple(sorted({one.quarter for one in found}, reverse=True))


def read_priorities(reading: Reading, metrics: Mapping[str, Metric]) -> dict[str, Priority]:
    """Every entry of `priorities:`, checked against the metrics and dimensions that it names."""
    found = {name: _read(name, node, reading, metrics) for name, (node, _) in reading.found["priorities"].items()}
    return {name: one for name, one in found.items() if one is not None}


def _read(name: str, node: Node, reading: Reading, metrics: Mapping[str, Metric]) -> Priority | None:
    fields = Fields(node, reading.problems, f"priorities.{name}", PRIORITY_KEYS)
    label, written = fields.text("label", required=True), fields.text("quarter", required=True)
    match = re.fullmatch(QUARTER, written or "")
    if written is not None and match is None:
        fields.report("quarter", f"'quarter' is '{written}'; write the year and the quarter, such as 2026-Q4.")
    metric, target = metric_name(fields, metrics), fields.number("target", 0, _LARGEST)
    if "target" not in fields:
        fields.report("target", "the key 'target' is missing (a number).")
    where, pace = read_where(fields, reading), fields.choice("pace", PACES) or "linear"
    tag, held_by = fields.text("tag") or label, fields.text("held_by")
    description = fields.text("description") or ""
    if metric is not None and target is not None and target > 1 and unit_of_metric(metric, metrics) == "ratio":
        fields.report("target", f"'target' is {target:g}; {metric} is a share, so write 0.8 for 80 %.")
    if label is None or match is None or metric is None or target is None or tag is None:
        return None
    objective = Objective(
        name=name, label=label, metric=metric, target=float(target), per="quarter", where=where, pace=pace,
        held_by=held_by, description=description, place=node.place, held_by_at=(fields.child("held_by") or node).place,
    )  # fmt: skip
    quarter = dt.date(int(match["year"]), 3 * int(match["number"]) - 2, 1)
    at = (fields.child("tag") or fields.child("label") or node).place
    return Priority(name=name, quarter=quarter, objective=objective, tag=tag, place=node.place, tag_at=at)


def priority_schema() -> Schema:
    """The keys of one priority."""
    shapes: dict[str, Schema] = {
        **dict.fromkeys(PRIORITY_KEYS, TEXT), "pace": choice(PACES), "target": {"type": "number", "minimum": 0},
        "quarter": {"type": "string", "pattern": NAMED.format(r"\d{4}-Q[1-4]")},
    }  # fmt: skip
    return mapping(PRIORITY_KEYS, shapes, ("label", "quarter", "metric", "target"))
