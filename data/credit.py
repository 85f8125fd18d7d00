"""How a conversion is shared out among the touches that led to it: models as weights, and their SQL. Runs nothing.

A model gives weights to milestones of the path and to the rest of its touches (formulas: Attribution). A milestone that
a path lacks is dropped; milestones that fall on one touch add up; the rest is shared equally by the touches that are no
milestone, and by the milestones in proportion where there is no other touch.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from data.attribution import Attribution
from data.engine import Workbench
from data.errors import Place, Problems

__all__ = [
    "CLOSE_WEIGHT",
    "PATH",
    "WEIGHT",
    "check_credit",
    "completed_credit",
    "completed_credit_days",
    "completed_journeys",
    "needs_close",
    "summed_column",
    "weight",
    "weight_column",
]

# A milestone of a model, and the column of a journey that marks its touch. The last touch of a path to the close is the
# last one before it.
_MARKS = {
    "first": "is_first",
    "lead_creation": "is_lead_creation",
    "deal_creation": "is_deal_creation",
    "close": "is_last",
    "last": "is_last",
}

WEIGHT, CLOSE_WEIGHT = "weight_", "close_weight_"
# What makes a path: the touches of one deal up to one goal.
PATH = ("deal_id", "goal")


def needs_close(weights: Mapping[str, float]) -> bool:
    """Whether a model has a milestone that only a closed deal has, so that it shares out no pipeline."""
    return bool(weights.get("close"))


def weight_column(model: str, weights: Mapping[str, float]) -> str:
    """The column of `credit` that holds a model's weights; its name tells whether only a close has them."""
    return f"{CLOSE_WEIGHT if needs_close(weights) else WEIGHT}{model}"


def completed_journeys(tree: exp.Query, attribution: Attribution) -> exp.Query:
    """The tree of journeys.sql with the company's look-back and scope before it, changed in place."""
    return _with_settings(tree, attribution)


def completed_credit(tree: exp.Query, attribution: Attribution) -> exp.Query:
    """The tree of credit.sql with a column of weights per model, changed in place."""
    assert isinstance(tree, exp.Select)
    weighed = next(cte.this for cte in tree.ctes if cte.alias == "weighed")
    for name, weights in attribution.every_model.items():
        column = weight_column(name, weights)
        weighed.select(exp.alias_(weight(name, weights), column, quoted=True), copy=False)
        # A conversion in which no touch has a share is one row, which has all of it.
        share: exp.Expr = exp.Coalesce(
            this=exp.column(column, table="w", quoted=True), expressions=[exp.Literal.number(1)]
        )
        if needs_close(weights):
            share = exp.Case().when(exp.column("goal", table="v").eq("close"), share)
        tree.select(exp.alias_(share, column, quoted=True), copy=False)
    return _with_settings(tree, attribution)


def summed_column(measure: str, weights: str) -> str:
    """The column of `credit_days` that sums a measure by the weights of that column of `credit`.

    Measures: amount, margin (of the company's currency), customers, conversions.
    """
    return f"{measure}_by_{weights}"


def completed_credit_days(tree: exp.Query, attribution: Attribution) -> exp.Query:
    """The tree of credit_days.sql with the sums of each model, changed in place."""
    assert isinstance(tree, exp.Select)
    for name, weights in attribution.every_model.items():
        column = weight_column(name, weights)
        for measure, shared in _shared(exp.column(column, table="c", quoted=True)).items():
            summed = exp.Sum(this=shared)
            tree.select(exp.alias_(summed, summed_column(measure, column), quoted=True), copy=False)
    return tree


def _shared(weight: exp.Expr) -> dict[str, exp.Expr]:
    """What a row of `credit` has of each measure by a weight."""
    amount, margin = (
        exp.Mul(this=exp.cast(exp.column(name, table="c", quoted=True), "double"), expression=weight.copy())
        for name in ("amount", "margin")
    )
    is_new = exp.column("is_new_customer", table="c", quoted=True)
    customers = exp.Case().when(is_new, weight.copy()).else_(exp.Literal.number(0))
    return {"amount": amount, "margin": margin, "customers": customers, "conversions": weight}


def _with_settings(tree: exp.Query, attribution: Attribution) -> exp.Query:
    settings = exp.select(
        exp.alias_(exp.cast(exp.convert(attribution.look_back), "int"), "days"),
        exp.alias_(exp.convert(attribution.scope == "account"), "is_account_wide"),
        exp.alias_(exp.convert(attribution.collapse), "is_collapsed"),
        exp.alias_(exp.cast(exp.convert(attribution.half_life), "int"), "half_life"),
    )
    clause = tree.args["with_"]
    clause.set("expressions", [exp.CTE(this=settings, alias=exp.TableAlias(this="attribution")), *clause.expressions])
    return tree


# -- weights ---------------------------------------------------------------------------------------------------------


def weight(name: str, weights: Mapping[str, float]) -> exp.Expr:
    """The share of a touch in its path, over the columns of a table of touches: `place`, `touches`, marks, ..."""
    if name == "last_non_direct":
        return _last_non_direct()
    if name == "time_decay":
        freshness = exp.column("freshness")
        return exp.Div(this=freshness, expression=_over_path(exp.Sum(this=freshness.copy())))
    return _of_milestones(weights)


def _of_milestones(weights: Mapping[str, float]) -> exp.Expr:
    """A touch's own milestones and its part of the rest, by the sum of what the path has."""
    rest = weights.get("rest", 0)
    named = [(_MARKS[key], weight) for key, weight in weights.items() if key in _MARKS and weight]
    one = exp.Literal.number(1)
    equal = exp.Div(this=exp.cast(one.copy(), "double"), expression=exp.column("touches"))
    if not named:
        return equal
    own: exp.Expr = _sum(
        [exp.Case().when(exp.column(flag), _number(weight)).else_(_number(0)) for flag, weight in named]
    )
    is_milestone = exp.or_(*[exp.column(flag) for flag, _ in named])
    others = _over_path(exp.Sum(this=exp.Case().when(is_milestone.copy(), _number(0)).else_(one.copy())))
    present = _over_path(exp.Sum(this=own.copy()))
    shared = exp.Case().when(others.copy() > _number(0), _number(rest)).else_(_number(0))
    whole = exp.Nullif(this=exp.Paren(this=exp.Add(this=present, expression=shared)), expression=_number(0))
    part = exp.Case().when(is_milestone, own).else_(exp.Div(this=_number(rest), expression=others))
    # A path with none of the milestones and no rest to share is shared equally, so that nothing vanishes.
    return exp.Coalesce(this=exp.Div(this=exp.Paren(this=part), expression=whole), expressions=[equal])


def _last_non_direct() -> exp.Expr:
    """The last touch whose channel is not `direct`; of a path of nothing else, the last."""
    last = _over_path(exp.Max(this=exp.Case().when(exp.column("is_direct").not_(), exp.column("place"))))
    chosen = exp.Coalesce(this=last, expressions=[exp.column("touches")])
    return exp.Case().when(exp.column("place").eq(chosen), _number(1)).else_(_number(0))


def _over_path(aggregate: exp.Expr) -> exp.Expr:
    return exp.Window(this=aggregate, partition_by=[exp.column(name) for name in PATH])


def _sum(parts: list[exp.Expr]) -> exp.Expr:
    total = parts[0]
    for part in parts[1:]:
        total = exp.Add(this=total, expression=part)
    return exp.Paren(this=total)


def _number(value: float) -> exp.Expr:
    return exp.cast(exp.Literal.number(value), "double")


# -- the promise -----------------------------------------------------------------------------------------------------


def check_credit(bench: Workbench, attribution: Attribution, problems: Problems) -> None:
    """Add a problem for each model whose shares of some conversion are not all of it."""
    columns = [weight_column(name, weights) for name, weights in attribution.every_model.items()]
    counts = []
    for column in columns:
        total = exp.Sum(this=exp.column(column, quoted=True))
        is_off = exp.GT(this=exp.Abs(this=exp.Sub(this=total, expression=_number(1))), expression=_number(1e-6))
        counts.append(exp.alias_(exp.cast(is_off, "int"), column, quoted=True))
    sums = exp.select(*counts).from_("credit").group_by(*PATH).subquery("sums")
    totals = [exp.alias_(exp.cast(exp.Sum(this=exp.column(name, quoted=True)), "bigint"), name) for name in columns]
    broken = bench.frame(exp.select(*totals).from_(sums).sql(dialect="duckdb", identify=True)).row(0, named=True)
    for column, deals in broken.items():
        if deals:
            message = f"credit.{column} must sum to 1 for each conversion; {deals:,} do not keep this."
            problems.add(Place("credit.sql", 1, 1), message)
