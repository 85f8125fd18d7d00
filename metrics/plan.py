"""A question to a plan of frozen nodes, its values and its reasons. Writes no SQL, runs nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from data.calendar import periods_within
from data.errors import InvalidQuestion, did_you_mean
from metrics import composition, funnel
from metrics.credits import models_of
from metrics.kinds import Credit, inputs_of, results_of, split_result
from metrics.nodes import AggregateBranch, Branch, FunnelBranch, FunnelTable, Output, Plan, RowsPlan
from metrics.query import Query
from metrics.reach import Asked, Reach, Unanswerable, distinct

__all__ = [
    "Planned",
    "PlannedCurve",
    "PlannedRows",
    "PlannedTable",
    "is_shared_out",
    "models_for",
    "plan",
    "plan_curve",
    "plan_funnel",
    "plan_rows",
    "question_about",
    "spine_of",
]

# Of all models the one that gives every touch the same.
PLAINEST_MODEL = "linear"


@dataclass(frozen=True)
class Planned:
    """A plan, the values of its parameters, and why some metrics have no answer."""

    plan: Plan
    values: dict[str, object]
    reasons: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class PlannedTable:
    """The plan of a funnel's table; None with the reason where the funnel does not exist here."""

    plan: FunnelTable | None
    values: dict[str, object]
    reason: str | None = None


@dataclass(frozen=True)
class PlannedCurve:
    """The cohort of a funnel's curve; None with the reason where the funnel does not exist here."""

    plan: FunnelBranch | None
    values: dict[str, object]
    reason: str | None = None


@dataclass(frozen=True)
class PlannedRows:
    """One list of rows behind a number: what it lists, its plan (None with the reason) and values."""

    label: str
    plan: RowsPlan | None
    values: dict[str, object]
    reason: str | None = None


def plan(reach: Reach, query: Query) -> Planned:
    """Lower each metric, then fuse the branches that scan the same rows. Raises InvalidQuestion."""
    asked = reach.asked(query)
    values = dict(asked.values)
    reasons: dict[str, str] = {}
    branches: list[Branch] = []
    outputs: list[Output] = []
    for name in dict.fromkeys(query.metrics):
        metric = reach.metric(name)
        try:
            lowered = composition.lower(reach, name, asked)
            branches += lowered.branches
            values |= lowered.values
            outputs.append(Output(name, lowered.formula, lowered.unit))
        except Unanswerable as reason:
            reasons[name] = str(reason)
            unit = results_of(metric).get(split_result(name)[1] or "", metric.unit)
            outputs.append(Output(name, None, unit))
    for name in query.by:
        reach.dimension(name)
    if query.model is not None and not any(is_shared_out(reach, name) for name in query.metrics):
        raise InvalidQuestion(f"The model '{query.model}' has nothing to apply to: no metric asked is shared out.")
    spine = spine_of(reach, asked)
    values |= spine
    made = Plan(
        keys=query.by,
        has_period=query.grain is not None,
        branches=_fused(branches),
        outputs=tuple(outputs),
        spine=len(spine),
        order=_order(query),
        limit=query.limit,
    )
    return Planned(made, values, reasons)


def question_about(reach: Reach, name: str) -> Query:
    """The plainest question about a metric; of one that is shared out, by a model that can always be asked."""
    return Query((name,), model=PLAINEST_MODEL if is_shared_out(reach, name) else None)


def is_shared_out(reach: Reach, name: str) -> bool:
    """Whether a metric is credit, or made of any."""
    metric = reach.metric(name)
    return isinstance(metric, Credit) or any(is_shared_out(reach, given.metric) for _, given in inputs_of(metric))


def models_for(reach: Reach, names: Iterable[str]) -> tuple[str, ...]:
    """The models by which all of these metrics can be shared out, the plainest first; none where none of them is."""
    measures = {measure for name in names for measure in _measures(reach, name)}
    common = list(models_of(reach, measures.pop())) if measures else []
    for measure in measures:
        common = [model for model in common if model in models_of(reach, measure)]
    return tuple(sorted(common, key=lambda model: model != PLAINEST_MODEL))


def _measures(reach: Reach, name: str) -> set[str]:
    """What is shared out by a metric, or by those that it is made of."""
    metric = reach.metric(name)
    if isinstance(metric, Credit):
        return {metric.measure}
    return {measure for _, given in inputs_of(metric) for measure in _measures(reach, given.metric)}


def _fused(branches: Iterable[Branch]) -> tuple[Branch, ...]:
    """Measures over the same rows of a table share one scan; equal funnels stand once."""
    fused: dict[object, Branch] = {}
    for branch in branches:
        if isinstance(branch, FunnelBranch):
            # Results of one cohort are read from one table, however many are asked.
            alone = replace(branch, results=frozenset())
            before = fused.get(alone)
            results = before.results if isinstance(before, FunnelBranch) else frozenset()
            fused[alone] = replace(branch, results=branch.results | results)
            continue
        # Joins are many-to-one, so adding one changes no other measure.
        key = (branch.scan.table, branch.scan.conditions, branch.keys, branch.period, branch.spans, branch.taken)
        known = fused.get(key)
        if isinstance(known, AggregateBranch):
            scan = replace(branch.scan, joins=distinct([*known.scan.joins, *branch.scan.joins]))
            measures = dict.fromkeys((*known.measures, *branch.measures))
            branch = replace(branch, scan=scan, measures=tuple(measures))
        fused[key] = branch
    return tuple(fused.values())


def spine_of(reach: Reach, asked: Asked) -> dict[str, object]:
    """Periods in which nothing happened are part of an answer whose period is bounded, for each of its groups."""
    query = asked.query
    if query.grain is None or query.period is None:
        return {}
    starts = periods_within(query.period, query.grain, reach.company)
    return {f"spine_{index}": start for index, start in enumerate(starts)}


def _order(query: Query) -> tuple[str, ...]:
    columns = (*query.by, *(("period",) if query.grain else ()), *query.metrics)
    for name in query.order:
        if name.removeprefix("-") not in columns:
            hint = did_you_mean(name.removeprefix("-"), columns, "Columns of this answer")
            raise InvalidQuestion(f"Cannot order by '{name}'. {hint}")
    return query.order


def plan_funnel(reach: Reach, name: str, query: Query, *, counts_only: bool) -> PlannedTable:
    """The table of a funnel. Raises InvalidQuestion."""
    asked = reach.asked(query)
    try:
        made, bound = funnel.lower_table(reach, name, asked, counts_only=counts_only)
    except Unanswerable as reason:
        return PlannedTable(None, {}, str(reason))
    return PlannedTable(made, {**asked.values, **bound})


def plan_curve(reach: Reach, name: str, query: Query) -> PlannedCurve:
    """The curve of a funnel. Raises InvalidQuestion."""
    asked = reach.asked(query)
    try:
        made, bound = funnel.lower_curve(reach, funnel.asked_funnel(reach, name), asked)
    except Unanswerable as reason:
        return PlannedCurve(None, {}, str(reason))
    return PlannedCurve(made, {**asked.values, **bound})


def plan_rows(reach: Reach, query: Query) -> list[PlannedRows]:
    """The rows behind the question's one metric, per aggregate that it is made of. Raises InvalidQuestion."""
    if len(query.metrics) != 1:
        raise InvalidQuestion("Rows are those behind one metric: name one.")
    asked, name = reach.asked(query), query.metrics[0]
    try:
        found = composition.lower_rows(reach, name, asked)
    except Unanswerable as reason:
        return [PlannedRows(reach.metric(name).label, None, {}, str(reason))]
    return [PlannedRows(label, rows, {**asked.values, **bound}) for label, rows, bound in found]
