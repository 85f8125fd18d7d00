"""Lowers aggregates, ratios and formulas to branches at their own table's grain. Writes no SQL, runs nothing."""

from __future__ import annotations

import functools

from sqlglot import exp

from data.calendar import periods_within, shift
from data.errors import InvalidQuestion
from data.expressions import Expression
from metrics.kinds import Aggregate, Formula, Input, Metric, Ratio, inputs_of
from metrics.nodes import AggregateBranch, Instants, Key, Measure, Output, Reference, RowsPlan, Scan
from metrics.reach import Asked, Reach, all_of, condition, distinct, scoped, time_conditions
from metrics.sql_nodes import column, divided

__all__ = ["MISSING", "divided_measures", "lower", "lower_rows"]

# Suffix of the hidden measure that counts rows whose amount is empty, since sums and averages leave them out.
MISSING = ".missing"

Composed = Aggregate | Ratio | Formula
Values = dict[str, object]


def lower(reach: Reach, metric: Composed, name: str, asked: Asked) -> tuple[list[AggregateBranch], Output, Values]:
    """The branches a metric needs and the column `name` made of them. Raises Unanswerable and InvalidQuestion."""
    measures = {role: f"{name}.{role}" if role else name for role, _ in inputs_of(metric)}
    values: Values = {}
    branches = []
    for role, given in inputs_of(metric):
        branch, bound = _branch(reach, given, metric, measures[role], asked)
        branches.append(branch)
        values |= bound
    return branches, Output(name, _arithmetic(metric, measures), metric.unit), values


def _arithmetic(metric: Composed, measures: dict[str, str]) -> Expression:
    """What a metric does with its measures, over their names."""
    if isinstance(metric, Formula):
        return scoped(metric.expr, {role: Reference("", measure) for role, measure in measures.items()})
    if isinstance(metric, Ratio):
        return divided_measures(measures["numerator"], measures["denominator"])
    return _alone(measures[""])


@functools.lru_cache(maxsize=4096)
def _alone(measure: str) -> Expression:
    return condition(column(measure))


@functools.lru_cache(maxsize=4096)
def divided_measures(part: str, whole: str) -> Expression:
    """One measure by another, over their names."""
    return condition(divided(column(part), column(whole)))


def lower_rows(reach: Reach, metric: Composed, asked: Asked) -> tuple[list[tuple[str, RowsPlan]], Values]:
    """The rows behind a metric, before its last aggregate: one list per aggregate that it is made of."""
    found = []
    values: Values = {}
    for _, given in inputs_of(metric):
        aggregate = _aggregate(reach, given)
        branch, bound = _branch(reach, given, metric, given.metric, asked)
        values |= bound
        table = aggregate.table
        times = (aggregate.time, *([aggregate.until] if aggregate.until else []))
        names = (*reach.definitions.tables[table].key, *times, *sorted(aggregate.expr.columns))
        columns = {name: Key(name, Reference(table, name)) for name in names} | {key.name: key for key in branch.keys}
        narrowed = branch.measures[0].condition
        scan = Scan(table, branch.scan.joins, (*branch.scan.conditions, *([narrowed] if narrowed else [])))
        found.append((aggregate.label, RowsPlan(scan, tuple(columns.values()), limit=asked.query.limit)))
    return found, values


def _aggregate(reach: Reach, given: Input) -> Aggregate:
    metric = reach.definitions.metrics[given.metric]
    assert isinstance(metric, Aggregate)  # the loader admits nothing else as an input
    return metric


def _branch(reach: Reach, given: Input, asked_by: Metric, name: str, asked: Asked) -> tuple[AggregateBranch, Values]:
    """One aggregate, narrowed by its own, its asker's and the question's conditions."""
    metric = _aggregate(reach, given)
    table = metric.table
    for needed in (*sorted(metric.expr.columns), metric.time, *([metric.until] if metric.until else [])):
        reach.check_column(table, needed)
    time = Reference(table, metric.time)
    instants, values = _instants(reach, metric, asked) if metric.until else (None, {})
    period = None if instants else reach.period_key(asked.query, time)
    base = time_conditions(asked.query, time) if instants is None else _open_at_the_end(instants)
    scan, keys = reach.scan(table, asked, asked_by, base)
    narrowings = [metric.where, given.where, asked_by.where if asked_by is not metric else None]
    resolved = [reach.resolve(where, table, asked_by) for where in narrowings if where is not None]
    joins = distinct([*scan.joins, *(join for _, more in resolved for join in more)])
    expr = scoped(metric.expr, {needed: Reference(table, needed) for needed in metric.expr.columns})
    measures = _measures(name, expr, all_of(own for own, _ in resolved), metric)
    return AggregateBranch(Scan(table, joins, scan.conditions), keys, period, measures, instants), values


def _instants(reach: Reach, metric: Aggregate, asked: Asked) -> tuple[Instants, Values]:
    """Where a balance is valued: at the end of each period, and never past the day that the data reaches.

    Its parameters are `instant_<n>`, the first day of a period, and `end_<n>`, the first day that is not in it.
    """
    assert metric.until is not None
    query, day = asked.query, reach.as_of(asked.query)
    opened, closed = Reference(metric.table, metric.time), Reference(metric.table, metric.until)
    if query.grain is None:
        end = min(query.period.until, day) if query.period else day
        return Instants(opened, closed, 0), {"end_0": end}
    if query.period is None:
        raise InvalidQuestion(
            f"'{metric.name}' is a balance: to split it by {query.grain} give the period, from and to."
        )
    starts = [start for start in periods_within(query.period, query.grain, reach.company) if start < day]
    values: Values = {}
    for index, start in enumerate(starts or [day]):
        values[f"instant_{index}"] = start
        values[f"end_{index}"] = min(shift(start, query.grain, 1), query.period.until, day)
    return Instants(opened, closed, len(starts) or 1), values


def _open_at_the_end(instants: Instants) -> list[Expression]:
    """A row counts at the end of a period if it was opened by then and closed later or never."""
    if instants.count:
        return []  # compared with the end of each period when the periods are joined
    end = exp.Placeholder(this="end_0")
    opened, closed = (
        exp.column(side.column, table=side.scope, quoted=True) for side in (instants.opened, instants.closed)
    )
    return [condition(opened < end), condition(exp.or_(closed.is_(exp.Null()), closed.copy() >= end.copy()))]


@functools.lru_cache(maxsize=4096)
def _measures(name: str, expr: Expression, narrowed: Expression | None, metric: Aggregate) -> tuple[Measure, ...]:
    """The measure itself; for money also how many rows have no amount, since they are left out of it."""
    measure = Measure(name, expr, narrowed, expr.additive)
    aggregate = expr.tree.find(exp.AggFunc)
    amount = aggregate.find(exp.Column) if aggregate is not None else None
    if metric.unit != "money" or amount is None:
        return (measure,)
    is_empty: exp.Expr = exp.Is(this=amount.copy(), expression=exp.Null())
    only = expr.tree.find(exp.Filter)
    if only is not None:
        is_empty = exp.and_(only.expression.this.copy(), is_empty)
    missing = condition(exp.Filter(this=exp.Count(this=exp.Star()), expression=exp.Where(this=is_empty)))
    return measure, Measure(name + MISSING, missing, narrowed, True)
