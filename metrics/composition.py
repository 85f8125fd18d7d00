"""Lowers a metric of any kind: its parts to branches, itself to arithmetic over their measures. Runs nothing."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass, replace

from sqlglot import exp

from data.expressions import Expression
from metrics import aggregates, credits, durations, funnel
from metrics.kinds import (
    Aggregate,
    Credit,
    Cumulative,
    Duration,
    Formula,
    Funnel,
    Input,
    Metric,
    Ratio,
    inputs_of,
    split_result,
)
from metrics.moves import EachDay, FirstDay, MedianCycle, Move
from metrics.nodes import Branch, RowsPlan
from metrics.reach import Asked, Reach, Unanswerable, condition
from metrics.sql_nodes import column, divided

__all__ = ["Lowered", "lower", "lower_rows"]

Values = dict[str, object]


@dataclass(frozen=True)
class Lowered:
    """The branches that a metric needs, and the metric as arithmetic over their measures."""

    branches: tuple[Branch, ...]
    formula: Expression
    unit: str
    values: Values


def lower(reach: Reach, name: str, asked: Asked) -> Lowered:
    """A metric as it is asked for. Raises Unanswerable where it has no answer here, and InvalidQuestion."""
    return _lower(reach, name, name, asked, reach.metric(name))


def _lower(reach: Reach, asked_name: str, measure: str, asked: Asked, asked_by: Metric) -> Lowered:
    """`asked_name` may name a result; its measures begin with `measure`; `asked_by` is the metric that was asked."""
    metric = reach.metric(asked_name)
    if asked.days and isinstance(metric, (Funnel, Duration, Credit)):
        raise Unanswerable(f"{metric.label} is no count or sum of rows, so it cannot be taken of some days only.")
    if isinstance(metric, Funnel):
        result = split_result(asked_name)[1]
        branch, formula, unit, values = funnel.lower(reach, metric, result, measure, asked)
        return Lowered((branch,), formula, unit, values)
    if isinstance(metric, Duration):
        waits, formula, unit, values = durations.lower(reach, metric, split_result(asked_name)[1], measure, asked)
        return Lowered((waits,), formula, unit, values)
    if isinstance(metric, Aggregate):
        one, values = aggregates.lower(reach, metric, asked_by, measure, asked)
        return Lowered((one,), _alone(measure), metric.unit, values)
    if isinstance(metric, Credit):
        shared, values = credits.lower(reach, metric, asked_by, measure, asked)
        # A share of a customer is a fraction, though customers are counted.
        return Lowered((shared,), _alone(measure), "money", values)
    parts = {
        role: _lower(reach, given, f"{measure}.{role}", narrowed, asked_by)
        for role, given, narrowed in _parts(reach, metric, asked)
    }
    return Lowered(
        tuple(branch for part in parts.values() for branch in part.branches),
        _arithmetic(metric, tuple((role, part.formula) for role, part in parts.items())),
        metric.unit,
        {name: value for part in parts.values() for name, value in part.values.items()},
    )


def _parts(reach: Reach, metric: Metric, asked: Asked) -> Iterator[tuple[str, str, Asked]]:
    """What a metric is made of: role, metric, and the question about it."""
    of_all = asked.narrowed_by(metric.where)
    if isinstance(metric, Cumulative):
        of_all = of_all.moved(_DAYS[metric.at_coarser_grain], metric.window)
    for role, given in inputs_of(metric):
        narrowed = of_all.narrowed_by(given.where).within(given.since, given.until)
        yield role, given.metric, narrowed.moved(_move(reach, given, asked))


def _move(reach: Reach, given: Input, asked: Asked) -> Move | None:
    """A shift as long as a sale takes is one of so many months, which the data says."""
    return reach.cycle(asked.query) if isinstance(given.shift, MedianCycle) else given.shift


# Which day speaks for a period that is longer than one; the last is the end of the period itself.
_DAYS = {"last": None, "first": FirstDay(), "average": EachDay()}


@functools.lru_cache(maxsize=4096)
def _arithmetic(metric: Metric, parts: tuple[tuple[str, Expression], ...]) -> Expression:
    """What a metric does with its parts, over their measures."""
    formulas = dict(parts)
    if isinstance(metric, Ratio):
        numerator, denominator = (formulas[role].copy_tree() for role in ("numerator", "denominator"))
        return condition(divided(numerator, denominator))
    if isinstance(metric, Formula):
        tree = metric.expr.copy_tree().transform(
            lambda node: exp.Paren(this=formulas[node.name].copy_tree()) if isinstance(node, exp.Column) else node
        )
        return condition(tree)
    return parts[0][1]


@functools.lru_cache(maxsize=4096)
def _alone(measure: str) -> Expression:
    return condition(column(measure))


def lower_rows(reach: Reach, name: str, asked: Asked) -> list[tuple[str, RowsPlan, Values]]:
    """The rows behind a metric, before its last aggregate: a list per aggregate, funnel or duration in it.

    Raises Unanswerable and InvalidQuestion.
    """
    # Rows are those of the whole period: a grain would split them among spans.
    grain = None if asked.query.period else asked.query.grain
    return list(_rows(reach, name, replace(asked, query=replace(asked.query, grain=grain)), reach.metric(name)))


def _rows(reach: Reach, name: str, asked: Asked, asked_by: Metric) -> Iterator[tuple[str, RowsPlan, Values]]:
    metric = reach.metric(name)
    if isinstance(metric, Funnel):
        yield (metric.label, *funnel.lower_rows(reach, metric, asked))
    elif isinstance(metric, Duration):
        yield (metric.label, *durations.lower_rows(reach, metric, asked))
    elif isinstance(metric, Aggregate):
        yield (metric.label, *aggregates.lower_rows(reach, metric, asked_by, asked))
    elif isinstance(metric, Credit):
        yield (metric.label, *credits.lower_rows(reach, metric, asked_by, asked))
    else:
        for _, given, narrowed in _parts(reach, metric, asked):
            # Of an average over days, the rows behind its last day.
            moves = tuple(move for move in narrowed.moves if not isinstance(move, EachDay))
            yield from _rows(reach, given, replace(narrowed, moves=moves), asked_by)
