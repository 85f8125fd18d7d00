"""Identity of a definition: a hash of what it computes and of all it depends on. Words about it do not count."""

from __future__ import annotations

import hashlib
import json

from metrics.kinds import Aggregate, Credit, Cumulative, Duration, Formula, Funnel, Input, Metric, Ratio, split_result
from metrics.reach import Reach

__all__ = ["fingerprint"]


def fingerprint(reach: Reach, metric: Metric) -> str:
    """16 hexadecimal digits that change when, and only when, the metric may give another number for the same rows.

    It covers the metrics it is made of, what its conditions mean in its table, the stages and the models beneath.
    """
    beneath = {name: reach.manifest.fingerprints.get(name) for name in ("stages", "models")}
    text = json.dumps([_content(reach, metric), beneath], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _content(reach: Reach, metric: Metric) -> dict[str, object]:
    content: dict[str, object] = {"kind": type(metric).__name__, "where": metric.where.sql if metric.where else None}
    if isinstance(metric, Aggregate):
        content |= {"table": metric.table, "expr": metric.expr.sql, "time": [metric.time, metric.until]}
        content["dimensions"] = _dimensions(reach, metric, metric.table)
        if metric.take is not None:
            content["take"] = [metric.take.which, metric.take.over, *metric.take.per]
    elif isinstance(metric, Formula):
        content |= {"expr": metric.expr.sql, "inputs": {role: _input(reach, given) for role, given in metric.inputs}}
    elif isinstance(metric, Ratio):
        content |= {"over": _input(reach, metric.numerator), "under": _input(reach, metric.denominator)}
    elif isinstance(metric, Cumulative):
        content |= {"of": _input(reach, metric.of), "window": repr(metric.window), "day": metric.at_coarser_grain}
    elif isinstance(metric, Funnel):
        content |= {"steps": [[step.stage, step.within, step.hours, step.counts] for step in metric.steps]}
        content |= {"entry": metric.entry, "skips": metric.skips, "maturity": metric.maturity, "counts": metric.counts}
        content |= {"hold": [[name, *sorted(reach.dimension(name).on.items())] for name in metric.hold]}
        content["dimensions"] = [_dimensions(reach, metric, table) for table in metric.tables]
    elif isinstance(metric, Credit):
        content |= {"measure": metric.measure, "dimensions": _dimensions(reach, metric, "credit")}
    elif isinstance(metric, Duration):
        content |= {"moments": [metric.table, metric.start.column, metric.end.column], "time": metric.time}
        content |= {"clock": metric.clock, "unit": metric.unit, "promise": metric.promise}
        content |= {"unless": [end.column for end in metric.unless]} if metric.unless else {}
        content["dimensions"] = _dimensions(reach, metric, metric.table)
    return content


def _input(reach: Reach, given: Input) -> list[object]:
    name, result = split_result(given.metric)
    content: list[object] = [_content(reach, reach.metric(name)), given.where.sql if given.where else None]
    days = [str(day) for day in (given.since, given.until)] if given.since or given.until else []
    return [*content, result] + ([repr(given.shift)] if given.shift else []) + days


def _dimensions(reach: Reach, metric: Metric, table: str) -> dict[str, str | None]:
    """What the dimensions of a condition are in the metric's table."""
    names = sorted(metric.where.columns) if metric.where else []
    return {name: reach.dimension(name).on.get(table) for name in names}
