"""Lowers credit: a conversion shared out among touches by the model of the question. Writes no SQL, runs nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlglot import exp

from data.attribution import MARKOV
from data.credit import CLOSE_WEIGHT, WEIGHT, summed_column
from data.errors import InvalidQuestion, did_you_mean
from data.expressions import Expression
from metrics import aggregates
from metrics.kinds import Aggregate, Credit, Metric
from metrics.nodes import AggregateBranch, Key, Measure, Reference, RowsPlan
from metrics.reach import Asked, Reach, Unanswerable, condition, scoped

__all__ = ["TABLE", "UNATTRIBUTED", "as_aggregate", "goal_of", "lower", "lower_rows", "models_of"]

TABLE, TIME = "credit", "credited_on"
# The same summed by day and the dimensions of most questions, so that they do not grow with the touches.
DAYS = "credit_days"
# The dimension that splits the empty group of another one, and the column that tells it for each of them.
UNATTRIBUTED = "unattributed_cause"
_CAUSES = ("channel", "source", "campaign", "priority", "content", "persona")

Values = dict[str, object]


@dataclass(frozen=True)
class _Shared:
    """What is shared out: a column (None: the conversion itself), the goal of the path, and what its sum is called."""

    column: str | None
    goal: str
    summed: str


_MEASURES: Mapping[str, _Shared] = {
    "revenue": _Shared("amount", "close", "amount"),
    "margin": _Shared("margin", "close", "margin"),
    "customers": _Shared("is_new_customer", "close", "customers"),
    "pipeline": _Shared("amount", "creation", "amount"),
    "opportunities": _Shared(None, "creation", "conversions"),
}


def models_of(reach: Reach, measure: str) -> dict[str, str]:
    """The rule models by which a measure can be shared out here, each with its column of weights."""
    prefixes = (WEIGHT, CLOSE_WEIGHT) if _MEASURES[measure].goal == "close" else (WEIGHT,)
    columns = reach.definitions.tables[TABLE].columns
    return {name.removeprefix(prefix): name for name in columns for prefix in prefixes if name.startswith(prefix)}


def goal_of(metric: Credit) -> str:
    """The goal at which the paths of a measure end: creation or close."""
    return _MEASURES[metric.measure].goal


def lower(reach: Reach, metric: Credit, asked_by: Metric, name: str, asked: Asked) -> tuple[AggregateBranch, Values]:
    """The measure `name`. Raises InvalidQuestion without a model, or with one that cannot share this out."""
    aggregate = as_aggregate(reach, metric, asked.query.model, asked)
    branch, values = aggregates.lower(reach, aggregate, asked_by, name, asked)
    measures = branch.measures
    if metric.unit == "money":
        measures = (*measures, _without_amount(metric, name, measures[0].condition, aggregate.table))
    return replace(branch, keys=_told(branch.keys, aggregate.table), measures=measures), values


def _is_summed(reach: Reach, metric: Credit, asked: Asked) -> bool:
    """Whether the sums by day know every dimension of the question."""
    conditions = (asked.where, metric.where, *asked.narrowed)
    names = {*asked.query.by, *(name for where in conditions if where is not None for name in where.columns)}
    return DAYS in reach.definitions.tables and all(DAYS in reach.dimension(name).on for name in names)


def lower_rows(reach: Reach, metric: Credit, asked_by: Metric, asked: Asked) -> tuple[RowsPlan, Values]:
    """The touches that have a share, and the conversions in which none has one."""
    aggregate = as_aggregate(reach, metric, asked.query.model)
    rows, values = aggregates.lower_rows(reach, aggregate, asked_by, asked)
    only_goal = scoped(_is_goal(metric), {"goal": Reference(TABLE, "goal")})
    columns = tuple(dict.fromkeys((*_told(rows.columns, TABLE), Key("account_id", Reference(TABLE, "account_id")))))
    scan = replace(rows.scan, conditions=(*rows.scan.conditions, only_goal))
    return replace(rows, columns=columns, scan=scan), values


def as_aggregate(reach: Reach, metric: Credit, model: str | None, asked: Asked | None = None) -> Aggregate:
    """Credit by one model as the sum that it is: over the sums by day where these know all that is asked, else shares.

    Raises InvalidQuestion without a model, or with one that cannot share this out; Unanswerable.
    """
    models = models_of(reach, metric.measure)
    if model is None:
        known = ", ".join((*models, MARKOV))
        raise InvalidQuestion(
            f"'{metric.name}' is shared out by a model: name one, such as --model linear. Models: {known}."
        )
    if model == MARKOV:
        hint = f"Ask them by a rule model: {', '.join(models)}."
        raise InvalidQuestion(
            f"'{MARKOV}' gives channels a share and no touch one: '{metric.name}' has no rows. {hint}"
        )
    if model not in models:
        hint = did_you_mean(model, (*models, MARKOV), "Models")
        raise InvalidQuestion(f"'{model}' cannot share out '{metric.name}'. {hint}")
    shared = _MEASURES[metric.measure]
    if shared.column is not None and (reason := reach.definitions.tables[TABLE].columns[shared.column].absent):
        raise Unanswerable(reason)
    is_summed = asked is not None and _is_summed(reach, metric, asked)
    return Aggregate(
        name=metric.name,
        label=metric.label,
        description=metric.description,
        place=metric.place,
        unit="count",
        where=metric.where,
        table=DAYS if is_summed else TABLE,
        expr=_of_days(shared, models[model]) if is_summed else _of_shares(shared, models[model]),
        time=TIME,
    )


def _of_days(shared: _Shared, weight: str) -> Expression:
    return _summed(exp.column(summed_column(shared.summed, weight), quoted=True), shared.goal)


def _of_shares(shared: _Shared, weight: str) -> Expression:
    weighed: exp.Expr = exp.column(weight, quoted=True)
    if shared.column == "is_new_customer":
        weighed = exp.Case().when(exp.column(shared.column, quoted=True), weighed).else_(exp.Literal.number(0))
    elif shared.column is not None:
        weighed = exp.Mul(this=exp.cast(exp.column(shared.column, quoted=True), "double"), expression=weighed)
    return _summed(weighed, shared.goal)


def _summed(value: exp.Expr, goal: str) -> Expression:
    tree = _filtered(exp.Sum(this=value), exp.column("goal", quoted=True).eq(goal))
    columns = frozenset(column.name for column in tree.find_all(exp.Column))
    return replace(condition(tree), columns=columns, additive=True)


def _filtered(aggregate: exp.Expr, only: exp.Expr) -> exp.Expr:
    return exp.Filter(this=aggregate, expression=exp.Where(this=only))


def _is_goal(metric: Credit) -> Expression:
    return condition(_of_goal(metric))


def _of_goal(metric: Credit, table: str | None = None) -> exp.Expr:
    return exp.column("goal", table=table, quoted=True).eq(_MEASURES[metric.measure].goal)


def _without_amount(metric: Credit, name: str, narrowed: Expression | None, table: str) -> Measure:
    """Conversions whose amount is not known in the company's currency: they are in no share."""
    if table == DAYS:
        counted: exp.Expr = exp.Sum(this=exp.column("without_amount", table=table, quoted=True))
        missing: exp.Expr = exp.cast(_filtered(counted, _of_goal(metric, table)), "bigint")
    else:
        amount, whole = (exp.column(column, table=table, quoted=True) for column in ("amount", "is_whole"))
        only = exp.and_(_of_goal(metric, table), whole, amount.is_(exp.Null()))
        missing = _filtered(exp.Count(this=exp.Star()), only)
    return Measure(name + aggregates.MISSING, replace(condition(missing), additive=True), narrowed, True)


def _told(keys: tuple[Key, ...], table: str) -> tuple[Key, ...]:
    """The keys, with the cause told of the dimension whose empty group it splits. Raises InvalidQuestion."""
    names = [key.name for key in keys]
    split = [name for name in names if name in _CAUSES]
    if UNATTRIBUTED not in names or not split:
        return keys
    if len(split) > 1:
        raise InvalidQuestion(
            f"'{UNATTRIBUTED}' splits the empty group of one dimension, not of {' and '.join(split)}:"
            " ask by one of them."
        )
    told = Key(UNATTRIBUTED, Reference(table, f"cause_{split[0]}"))
    return tuple(told if key.name == UNATTRIBUTED else key for key in keys)
