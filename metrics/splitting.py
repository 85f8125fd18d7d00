"""What a metric is made of when its change is split among groups: one sum, or one sum by another. Asks nothing.

A part that has no name of its own (the sum of an average, a narrowed numerator) becomes a metric of its own here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlglot import exp

from data.expressions import Expression
from metrics.kinds import (
    HEADLINE_RESULT,
    Aggregate,
    Credit,
    Cumulative,
    Duration,
    Formula,
    Funnel,
    Input,
    Metric,
    Ratio,
    results_of,
    split_result,
)
from metrics.reach import Reach, Unanswerable

__all__ = ["Parts", "parts_of"]

_RATES = {"rate_to_date": ("converted_to_date", "entered"), "rate_matured": ("converted_matured", "matured")}


@dataclass(frozen=True)
class Parts:
    """Names to ask for: one whose groups add up, or numerator and denominator whose groups do.

    `made` are those that are new. `are_counted` says that they count what happened in a period, one by one.
    """

    names: tuple[str, ...]
    made: tuple[Metric, ...] = ()
    are_counted: bool = False

    @property
    def is_ratio(self) -> bool:
        return len(self.names) == 2


def parts_of(reach: Reach, asked: str) -> Parts:
    """The additive parts of an asked metric. Raises Unanswerable where its groups do not add up, InvalidQuestion."""
    metric = reach.metric(asked)
    if isinstance(metric, Funnel):
        return _of_funnel(metric, split_result(asked)[1] or HEADLINE_RESULT, asked)
    if isinstance(metric, Duration) and split_result(asked)[1] == "promise_kept":
        return Parts((f"{metric.name}.kept", f"{metric.name}.due"), are_counted=True)
    if _adds_up(reach, asked):
        return Parts((asked,), are_counted=_counts(metric))
    if isinstance(metric, Aggregate):
        return _of_average(metric)
    if isinstance(metric, Ratio) and all(
        _adds_up(reach, given.metric) for given in (metric.numerator, metric.denominator)
    ):
        roles = {"numerator": metric.numerator, "denominator": metric.denominator}
        parts = _quotient(metric, [(exp.column(role), {role: given}) for role, given in roles.items()])
        return replace(parts, are_counted=all(_counts(reach.metric(given.metric)) for given in roles.values()))
    if isinstance(metric, Formula) and isinstance(tree := metric.expr.tree.unnest(), exp.Div):
        sides = [_without_nullif(side) for side in (tree.this, tree.expression)]
        if all(_is_linear(reach, side, dict(metric.inputs)) for side in sides):
            return _quotient(metric, [(side, dict(metric.inputs)) for side in sides])
    raise Unanswerable(_refusal(metric))


def _refusal(metric: Metric) -> str:
    return (
        f"The groups of {metric.label} do not add up to the whole, so its change cannot be split among them exactly:"
        " ask for it by a dimension in both periods instead."
    )


def _of_funnel(metric: Funnel, result: str, asked: str) -> Parts:
    if result in _RATES:
        return Parts(tuple(f"{metric.name}.{part}" for part in _RATES[result]), are_counted=True)
    if results_of(metric)[result] == "count":
        return Parts((asked,), are_counted=True)
    raise Unanswerable(_refusal(metric))


def _adds_up(reach: Reach, asked: str) -> bool:
    """Whether the values of groups, the empty one included, sum to the value of all."""
    metric = reach.metric(asked)
    if isinstance(metric, Funnel):
        return results_of(metric)[split_result(asked)[1] or HEADLINE_RESULT] == "count"
    if isinstance(metric, Duration):
        return results_of(metric).get(split_result(asked)[1] or "") == "count"
    if isinstance(metric, Aggregate):
        return metric.expr.additive
    if isinstance(metric, Credit):
        return True
    if isinstance(metric, Cumulative):
        return _adds_up(reach, metric.of.metric)
    return isinstance(metric, Formula) and _is_linear(reach, metric.expr.tree, dict(metric.inputs))


def _counts(metric: Metric) -> bool:
    return isinstance(metric, Aggregate) and metric.unit == "count" and metric.until is None and metric.take is None


def _is_linear(reach: Reach, tree: exp.Expr, inputs: dict[str, Input]) -> bool:
    """Sums and differences of inputs that add up, times or by constants."""
    node = tree.unnest()
    if isinstance(node, (exp.Add, exp.Sub)):
        return _is_linear(reach, node.this, inputs) and _is_linear(reach, node.expression, inputs)
    if isinstance(node, exp.Neg):
        return _is_linear(reach, node.this, inputs)
    if isinstance(node, exp.Mul) and isinstance(node.this.unnest(), exp.Literal):
        return _is_linear(reach, node.expression, inputs)
    if isinstance(node, (exp.Mul, exp.Div)) and isinstance(_without_nullif(node.expression), exp.Literal):
        return _is_linear(reach, node.this, inputs)
    return isinstance(node, exp.Column) and _adds_up(reach, inputs[node.name].metric)


def _without_nullif(tree: exp.Expr) -> exp.Expr:
    """What the loader wraps every divisor in, so that nothing is divided by 0."""
    node = tree.unnest()
    return node.this.unnest() if isinstance(node, exp.Nullif) else node


def _quotient(metric: Ratio | Formula, sides: list[tuple[exp.Expr, dict[str, Input]]]) -> Parts:
    """Numerator and denominator as formulas over the same inputs, narrowed as the metric is."""
    made = []
    for role, (tree, inputs) in zip(("numerator", "denominator"), sides, strict=True):
        needed = frozenset(column.name for column in tree.find_all(exp.Column))
        made.append(
            Formula(
                name=f"{metric.name}__{role}",
                label=metric.label,
                description=metric.description,
                place=metric.place,
                unit="money",
                where=metric.where,
                expr=Expression(tree.sql(dialect="duckdb", identify=True), tree, needed),
                inputs=tuple((name, given) for name, given in inputs.items() if name in needed),
            )
        )
    return Parts(tuple(part.name for part in made), tuple(made))


def _of_average(metric: Aggregate) -> Parts:
    """An average is the sum by the count of the same rows that have a value."""
    node = metric.expr.tree.unnest()
    inside = node.this if isinstance(node, exp.Filter) else node
    if not isinstance(inside, exp.Avg) or isinstance(inside.this, exp.Distinct):
        raise Unanswerable(_refusal(metric))
    made = []
    for role, function in (("numerator", exp.Sum), ("denominator", exp.Count)):
        tree = metric.expr.copy_tree().transform(
            lambda node, function=function: function(this=node.this) if isinstance(node, exp.Avg) else node
        )
        expr = Expression(tree.sql(dialect="duckdb", identify=True), tree, metric.expr.columns, additive=True)
        made.append(replace(metric, name=f"{metric.name}__{role}", expr=expr))
    return Parts(tuple(part.name for part in made), tuple(made))
