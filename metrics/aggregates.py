"""Lowers an aggregate to a branch at its own table's grain. Writes no SQL, runs nothing."""

from __future__ import annotations

import functools
from dataclasses import replace

from sqlglot import exp

from data.expressions import Expression
from metrics.kinds import Aggregate, Metric
from metrics.nodes import AggregateBranch, Key, Measure, Reference, RowsPlan, Scan, Taken
from metrics.reach import Asked, Reach, all_of, condition, distinct, scoped
from metrics.spans import placed
from metrics.sql_nodes import as_type

__all__ = ["MISSING", "lower", "lower_rows"]

# Suffix of the hidden measure that counts rows whose amount is empty, since sums and averages leave them out.
MISSING = ".missing"

Values = dict[str, object]


def lower(reach: Reach, metric: Aggregate, asked_by: Metric, name: str, asked: Asked) -> tuple[AggregateBranch, Values]:
    """The measure `name` of one table, narrowed by its own, its askers' and the question's conditions.

    Raises Unanswerable where a column has no answer here, and InvalidQuestion.
    """
    table, time = metric.table, Reference(metric.table, metric.time)
    closed = Reference(table, metric.until) if metric.until else None
    taken = _taken(reach, metric)
    needed = {*metric.expr.columns, metric.time, *([metric.until] if metric.until else [])}
    for column in sorted(needed | ({metric.take.over, *metric.take.per} if metric.take else set())):
        reach.check_column(table, column)
    where = placed(reach, asked, asked_by, time, closed)
    scan, keys = reach.scan(table, asked, asked_by, where.conditions)
    narrowings = [metric.where, *asked.narrowed]
    resolved = [reach.resolve(given, table, asked_by) for given in narrowings if given is not None]
    joins = distinct([*scan.joins, *(join for _, more in resolved for join in more)])
    narrowed = all_of([*(own for own, _ in resolved), *_inside(asked, time)])
    conditions = scan.conditions
    if taken is not None and narrowed is not None:
        # The last of the rows that count, not the rows that count among the last.
        conditions, narrowed = (*conditions, narrowed), None
    expr = scoped(metric.expr, {column: Reference(table, column) for column in metric.expr.columns})
    measures = _measures(name, expr, narrowed, metric)
    branch = AggregateBranch(Scan(table, joins, conditions), keys, where.period, measures, where.spans, taken)
    return branch, where.values


def _inside(asked: Asked, time: Reference) -> list[Expression]:
    """The conditions that a row lies in the days to which its metric is a part; definitions say which."""
    bounds = [(exp.GTE, since) for since, _ in asked.days] + [(exp.LT, until) for _, until in asked.days]
    day = exp.column(time.column, table=time.scope, quoted=True)
    return [
        condition(kind(this=day.copy(), expression=as_type(exp.Literal.string(bound.isoformat()), "DATE")))
        for kind, bound in bounds
        if bound is not None
    ]


def _taken(reach: Reach, metric: Aggregate) -> Taken | None:
    if metric.take is None:
        return None
    table, take = metric.table, metric.take
    per, ties = take.per, reach.definitions.tables[table].key
    return Taken(
        Reference(table, take.over),
        take.which == "last",
        tuple(Reference(table, column) for column in per),
        tuple(Reference(table, column) for column in ties),
    )


def lower_rows(reach: Reach, metric: Aggregate, asked_by: Metric, asked: Asked) -> tuple[RowsPlan, Values]:
    """The rows behind an aggregate: its keys, its dates and what it reads, of all that it counts."""
    branch, values = lower(reach, metric, asked_by, metric.name, asked)
    table = metric.table
    times = (metric.time, *([metric.until] if metric.until else []))
    names = (*reach.definitions.tables[table].key, *times, *sorted(metric.expr.columns))
    columns = {name: Key(name, Reference(table, name)) for name in names} | {key.name: key for key in branch.keys}
    narrowed = branch.measures[0].condition
    scan = Scan(table, branch.scan.joins, (*branch.scan.conditions, *([narrowed] if narrowed else [])))
    return RowsPlan(scan, tuple(columns.values()), limit=asked.query.limit, taken=branch.taken), values


@functools.lru_cache(maxsize=4096)
def _measures(name: str, expr: Expression, narrowed: Expression | None, metric: Aggregate) -> tuple[Measure, ...]:
    """The measure itself; for money also how many rows have no amount, since they are left out of it."""
    measure = Measure(name, expr, narrowed, expr.additive or _is_count(expr.tree))
    aggregate = expr.tree.find(exp.AggFunc)
    amount = aggregate.find(exp.Column) if aggregate is not None else None
    if metric.unit != "money" or amount is None:
        return (measure,)
    is_empty: exp.Expr = exp.Is(this=amount.copy(), expression=exp.Null())
    only = expr.tree.find(exp.Filter)
    if only is not None:
        is_empty = exp.and_(only.expression.this.copy(), is_empty)
    missing = condition(exp.Filter(this=exp.Count(this=exp.Star()), expression=exp.Where(this=is_empty)))
    return measure, Measure(name + MISSING, replace(missing, additive=True), narrowed, True)


def _is_count(tree: exp.Expr) -> bool:
    """Of nothing there are none, distinct or not."""
    return isinstance(tree.this if isinstance(tree, exp.Filter) else tree, exp.Count)
