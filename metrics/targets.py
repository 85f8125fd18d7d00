"""What the agreement promises of a metric in any days, and how far that is reached by business days. Asks nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlglot import exp

from data.calendar import ONE_DAY, Period, business_days, shift, start_of
from data.company import Company
from data.expressions import Expression
from metrics.agreement import Agreement, Objective
from metrics.kinds import Aggregate, Credit, Cumulative, Formula, Metric, Ratio, results_of, split_result
from metrics.moves import Trailing

__all__ = [
    "Spread",
    "Standing",
    "adds_up",
    "attained",
    "history_share",
    "is_within",
    "objective_of",
    "promised",
    "spread",
    "standing",
]

# What a target is in other days than its own period: the part of it that their business days have (counts, sums), the
# same (rates, averages, waits, balances), or not known, since only the whole period has one (distinct counts).
Spread = Literal["parts", "same", "whole"]


@dataclass(frozen=True)
class Standing:
    """How an objective stands in one of its own periods.

    `period` is the week, month, ... and `so_far` its part that has data. `target` is that of the whole period,
    `actual` what was reached in `so_far`, `expected` what should have been by then: None where nothing is yet, or that
    is not known, and of a rate the target itself. `done` of `all_days` business days are over.
    """

    objective: Objective
    period: Period
    so_far: Period
    target: float
    actual: float | None
    expected: float | None
    done: int
    all_days: int
    good: str = "up"

    @property
    def is_complete(self) -> bool:
        return self.so_far == self.period

    @property
    def attainment(self) -> float | None:
        """The part of the whole target that is reached."""
        return attained(self.actual, self.target)

    @property
    def pace(self) -> float | None:
        """What is reached by what was expected by then."""
        return attained(self.actual, self.expected)

    @property
    def is_kept(self) -> bool | None:
        """Whether the promise was kept; None while its period lasts, and without a number."""
        if self.actual is None or not self.is_complete:
            return None
        return self.actual <= self.target if self.good == "down" else self.actual >= self.target

    @property
    def is_on_course(self) -> bool | None:
        """Whether it is kept or, while its period lasts, at least as far as expected; None where that is not known."""
        if self.is_complete or self.actual is None or self.expected is None:
            return self.is_kept
        return self.actual <= self.expected if self.good == "down" else self.actual >= self.expected


def attained(actual: float | None, target: float | None) -> float | None:
    """The part of a target that is reached; None without a number, and of a target of nothing."""
    return None if actual is None or not target else actual / target


def adds_up(metric: Metric, metrics: Mapping[str, Metric]) -> bool:
    """Whether the metric of two adjacent weeks is the sum of both, so that a part of a period has a part of its target.

    Counts and sums do, and sums of them; rates, averages, waits and balances do not.
    """
    if isinstance(metric, Aggregate):
        return metric.until is None and metric.take is None and metric.expr.additive
    if isinstance(metric, Formula):
        is_sum = metric.unit in ("count", "money") and not _multiplies(metric.expr)
        return is_sum and all(
            split_result(one.metric)[1] is None and adds_up(metrics[one.metric], metrics) for _, one in metric.inputs
        )
    return isinstance(metric, Credit)


def spread(asked: str, metrics: Mapping[str, Metric]) -> Spread:
    """What a target of a metric, or of its result, is in other days than its own week, month, ...: see `Spread`."""
    name, result = split_result(asked)
    metric = metrics[name]
    if result is None and adds_up(metric, metrics):
        return "parts"
    return "same" if _is_alike(metric, result) else "whole"


def _is_alike(metric: Metric, result: str | None) -> bool:
    """Whether a number has the same size over days of any length: a rate, an average, a wait, a balance."""
    if isinstance(metric, Ratio):
        return True
    if isinstance(metric, Cumulative):
        return isinstance(metric.window, Trailing)
    if isinstance(metric, Aggregate):
        counts = metric.expr.tree.find(exp.Count, exp.Sum) is not None and metric.expr.tree.find(exp.Div) is None
        return metric.until is not None or metric.take is not None or not counts
    if isinstance(metric, Formula):
        return metric.unit not in ("count", "money") or isinstance(metric.expr.tree.unnest(), exp.Div)
    return results_of(metric).get(result or "", metric.unit) != "count"


def _multiplies(expr: Expression) -> bool:
    """Whether metrics are multiplied with each other, or divided by: a metric times a number still adds up."""
    products = [node for node in expr.tree.walk() if isinstance(node, (exp.Mul, exp.Div))]
    return any(
        node.expression.find(exp.Column) and (isinstance(node, exp.Div) or node.this.find(exp.Column))
        for node in products
    )


def objective_of(agreement: Agreement, metric: str, where: Expression | None, day: dt.date) -> Objective | None:
    """The promise about a metric under exactly this condition, of the version that holds on a day."""
    version = agreement.in_force(day)
    if version is None:
        return None
    wanted = _plain(where)
    found = (*version.objectives, version.goal)
    return next((one for one in found if one.metric == metric and _plain(one.where) == wanted), None)


def is_within(where: Expression | None, outer: Expression | None) -> bool:
    """Whether a condition is plainly about a part of what another is about: it says the same, and perhaps more."""
    if outer is None or where is None:
        return outer is None
    tree = where.copy_tree().unnest()
    parts = [tree, *(tree.flatten() if isinstance(tree, exp.And) else ())]
    return _plain(outer) in [_in_plain(part) for part in parts]


def _plain(where: Expression | None) -> str | None:
    return None if where is None else _in_plain(where.copy_tree())


def _in_plain(tree: exp.Expr) -> str:
    """A condition so that `channel = 'x'` and `channel in ('x')` are the same, and brackets do not matter."""

    def plain(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Paren):
            return node.unnest()
        if isinstance(node, exp.In) and len(node.expressions) == 1:
            return exp.EQ(this=node.this, expression=node.expressions[0])
        return node

    # Until nothing changes, since what stands in place of a bracket is not visited again.
    while (plainer := tree.transform(plain)) != tree:
        tree = plainer
    return str(tree.sql(dialect="duckdb", identify=True))


def promised(
    agreement: Agreement,
    metric: str,
    where: Expression | None,
    period: Period,
    company: Company,
    *,
    spread: Spread,
) -> float | None:
    """The target of any days: of each of its own periods the share that its business days have in it.

    What has the same target over any days has that of the first of them. None where nothing is promised for some of the
    days, and for parts of a period whose target has none.
    """
    first = objective_of(agreement, metric, where, period.start)
    if first is None or spread != "parts":
        return None if first is None or (spread == "whole" and not _is_own(first, period, company)) else first.target
    total, day = 0.0, period.start
    while day < period.until:
        objective = objective_of(agreement, metric, where, day)
        if objective is None:
            return None
        begin = start_of(day, objective.per, company)
        whole = Period(begin, shift(begin, objective.per, 1))
        following = agreement.next_after(day)
        until = min(whole.until, period.until, following.starts if following else whole.until)
        total += objective.target * _share(Period(day, until), whole, company)
        day = until
    return total


def _is_own(objective: Objective, days: Period, company: Company) -> bool:
    """Whether these days are just one of the periods for which an objective is promised."""
    begin = start_of(days.start, objective.per, company)
    return days == Period(begin, shift(begin, objective.per, 1))


def _share(part: Period, whole: Period, company: Company) -> float:
    """The part of a period's business days; of its days where it has no business day at all."""
    if part == whole:
        return 1.0
    worked = business_days(whole, company)
    return business_days(part, company) / worked if worked else part.days / whole.days


def standing(
    objective: Objective,
    day: dt.date,
    actual: float | None,
    company: Company,
    *,
    spread: Spread,
    good: str = "up",
    share: float | None = None,
) -> Standing:
    """How an objective stands when a day is over; `actual` is of the days from the start of its period up to that day.

    `share` is the usual share of a period done by then, where the pace is by history; else business days tell it.
    """
    begin = start_of(day, objective.per, company)
    period = Period(begin, shift(begin, objective.per, 1))
    so_far = Period(begin, min(day + ONE_DAY, period.until))
    done, all_days = business_days(so_far, company), business_days(period, company)
    expected: float | None = objective.target if spread == "same" or so_far == period else None
    if spread == "parts":
        part = share if share is not None else _share(so_far, period, company)
        # Nothing is expected before the first business day is over, so that nobody is ahead of nothing.
        expected = objective.target * part if done and part else None
    return Standing(objective, period, so_far, objective.target, actual, expected, done, all_days, good)


def history_share(daily: Sequence[tuple[dt.date, float]], so_far: Period, grain: str, company: Company) -> float | None:
    """The usual share of a period done by its n-th business day: what earlier periods had by theirs, of all they had.

    `daily` are days with what came on each, of whole earlier periods. None where they had nothing.
    """
    wanted = business_days(so_far, company)
    days, early, total = sorted(daily), 0.0, 0.0
    until = {
        begin: _nth_day(begin, grain, wanted, company) for begin in {start_of(day, grain, company) for day, _ in days}
    }
    for day, value in days:
        total += value
        early += value if day < until[start_of(day, grain, company)] else 0.0
    return early / total if total > 0 else None


def _nth_day(begin: dt.date, grain: str, count: int, company: Company) -> dt.date:
    """The day after the n-th business day of a period, with the days off that follow it."""
    day, last = begin, shift(begin, grain, 1)
    while day < last and (count or not business_days(Period(day, day + ONE_DAY), company)):
        count -= business_days(Period(day, day + ONE_DAY), company)
        day += ONE_DAY
    return day
