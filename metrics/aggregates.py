"""Lowers aggregates and ratios to branches at their own table's grain. Writes no SQL, runs nothing."""

from __future__ import annotations

from sqlglot import exp

from data.expressions import Expression
from metrics.kinds import Aggregate, Input, Metric, Ratio
from metrics.nodes import AggregateBranch, Key, Measure, Output, Reference, RowsPlan, Scan
from metrics.reach import Asked, Reach, all_of, condition, distinct, scoped, time_conditions

__all__ = ["MISSING", "lower", "lower_rows"]

# Suffix of the hidden measure that counts rows whose amount is empty, since sums and averages leave them out.
MISSING = ".missing"


def lower(reach: Reach, metric: Aggregate | Ratio, name: str, asked: Asked) -> tuple[list[AggregateBranch], Output]:
    """The branches a metric needs and the column `name` made of them. Raises Unanswerable and InvalidQuestion."""
    if isinstance(metric, Aggregate):
        branch = _branch(reach, Input(metric.name), metric, name, asked)
        return [branch], Output(name, name, None, metric.unit, metric.expr.additive)
    over, under = f"{name}.numerator", f"{name}.denominator"
    branches = [
        _branch(reach, metric.numerator, metric, over, asked),
        _branch(reach, metric.denominator, metric, under, asked),
    ]
    return branches, Output(name, over, under, metric.unit, False)


def lower_rows(reach: Reach, metric: Aggregate | Ratio, asked: Asked) -> list[tuple[str, RowsPlan]]:
    """The rows behind a metric, before its last aggregate: one list, or numerator and denominator of a ratio."""
    inputs = [Input(metric.name)] if isinstance(metric, Aggregate) else [metric.numerator, metric.denominator]
    found = []
    for given in inputs:
        aggregate = _aggregate(reach, given)
        branch = _branch(reach, given, metric, given.metric, asked)
        table = aggregate.table
        names = (*reach.definitions.tables[table].key, aggregate.time, *sorted(aggregate.expr.columns))
        columns = {name: Key(name, Reference(table, name)) for name in names} | {key.name: key for key in branch.keys}
        narrowed = branch.measures[0].condition
        scan = Scan(table, branch.scan.joins, (*branch.scan.conditions, *([narrowed] if narrowed else [])))
        found.append((aggregate.label, RowsPlan(scan, tuple(columns.values()), limit=asked.query.limit)))
    return found


def _aggregate(reach: Reach, given: Input) -> Aggregate:
    metric = reach.definitions.metrics[given.metric]
    assert isinstance(metric, Aggregate)  # the loader admits nothing else as an input
    return metric


def _branch(reach: Reach, given: Input, asked_by: Metric, name: str, asked: Asked) -> AggregateBranch:
    """One aggregate, narrowed by its own, its asker's and the question's conditions."""
    metric = _aggregate(reach, given)
    table = metric.table
    for column in (*sorted(metric.expr.columns), metric.time):
        reach.check_column(table, column)
    time = Reference(table, metric.time)
    scan, keys = reach.scan(table, asked, asked_by, time_conditions(asked.query, time))
    narrowings = [metric.where, given.where, asked_by.where if asked_by is not metric else None]
    resolved = [reach.resolve(where, table, asked_by) for where in narrowings if where is not None]
    joins = distinct([*scan.joins, *(join for _, more in resolved for join in more)])
    expr = scoped(metric.expr, {column: Reference(table, column) for column in metric.expr.columns})
    measures = _measures(name, expr, all_of(own for own, _ in resolved), metric)
    return AggregateBranch(Scan(table, joins, scan.conditions), keys, reach.period_key(asked.query, time), measures)


def _measures(name: str, expr: Expression, narrowed: Expression | None, metric: Aggregate) -> tuple[Measure, ...]:
    """The measure itself; for money also how many rows have no amount, since they are left out of it."""
    measure = Measure(name, expr, narrowed, expr.additive)
    column = expr.tree.find(exp.Column)
    if metric.unit != "money" or len(expr.columns) != 1 or column is None:
        return (measure,)
    is_empty = exp.Where(this=exp.Is(this=column.copy(), expression=exp.Null()))
    missing = condition(exp.Filter(this=exp.Count(this=exp.Star()), expression=is_empty))
    return measure, Measure(name + MISSING, missing, narrowed, True)
