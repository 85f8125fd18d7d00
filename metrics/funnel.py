"""Lowers a funnel to cohorts and outcomes (formulas: Conversion). Writes no SQL, runs nothing.

Survival curves and days to convert follow from the same cohort, which keeps the days until conversion of every entry.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from itertools import pairwise

from sqlglot import exp

from data.errors import InvalidQuestion
from data.expressions import Expression
from metrics.kinds import HEADLINE_RESULT, Funnel, Step
from metrics.nodes import (
    Cohort,
    FunnelBranch,
    FunnelTable,
    Key,
    Outcome,
    Reference,
    RowsPlan,
    Scan,
    StepOutcomes,
)
from metrics.reach import Asked, Reach, condition, distinct
from metrics.spans import placed
from metrics.sql_nodes import column, divided

__all__ = ["declared_steps", "lower", "lower_rows", "lower_table"]

TABLE = "leads"
RATES = {"rate_to_date": ("converted_to_date", "entered"), "rate_matured": ("converted_matured", "matured")}

Values = dict[str, object]


def declared_steps(reach: Reach, funnel: Funnel) -> tuple[Step, ...]:
    """The steps of a funnel that the company has; an undeclared one adds its window to the next.

    Raises Unanswerable where the first or the last stage is not declared: the rest would be another question.
    """
    for step in (funnel.steps[0], funnel.steps[-1]):
        reach.check_column(TABLE, f"{step.stage}_on")
    steps: list[Step] = []
    carried = 0
    for step in funnel.steps:
        within = (step.within or 0) + carried
        carried = 0 if step.stage in reach.stages else within
        if step.stage in reach.stages:
            steps.append(Step(step.stage, within if steps else None))
    return tuple(steps)


def lower(
    reach: Reach, funnel: Funnel, result: str | None, measure: str, asked: Asked
) -> tuple[FunnelBranch, Expression, str, Values]:
    """First to last stage within the sum of the windows: branch, one result over its columns, its unit, values.

    The columns begin with the funnel's name, so that its results share a branch; with `measure` where it is asked about
    other rows or days than the question itself.
    """
    branch, values = _overall(reach, funnel, asked)
    source = measure if asked.narrowed or asked.moves else funnel.name
    branch = replace(branch, outcome=replace(branch.outcome, name=source))
    result = result or HEADLINE_RESULT
    if result in RATES:
        part, whole = (column(f"{source}.{name}") for name in RATES[result])
        return branch, condition(divided(part, whole)), "ratio", values
    return branch, condition(column(f"{source}.{result}")), "count", values


def lower_rows(reach: Reach, funnel: Funnel, asked: Asked) -> tuple[RowsPlan, Values]:
    """The cohort's entries with the day each reached the last stage."""
    branch, values = _overall(reach, funnel, asked)
    key = reach.definitions.tables[TABLE].key
    columns = tuple(Key(name, Reference(TABLE, name)) for name in key) + branch.cohort.keys
    return RowsPlan(branch.cohort.scan, columns, branch.cohort, branch.outcome, asked.query.limit), values


def _overall(reach: Reach, funnel: Funnel, asked: Asked) -> tuple[FunnelBranch, Values]:
    steps = declared_steps(reach, funnel)
    within = asked.query.within
    if len(within) > 1:
        raise InvalidQuestion("A question takes one window; for several side by side use: python tandem.py funnel.")
    window = within[0] if within else sum(step.within or 0 for step in steps)
    cohort = _cohort(reach, funnel, steps[0], steps[-1], asked)
    outcome, values = _outcome(reach, funnel.name, steps[-1].stage, window, asked)
    return FunnelBranch(cohort, outcome), values


def lower_table(reach: Reach, name: str, asked: Asked) -> tuple[FunnelTable, Values]:
    """A row per step from the second, window and group; without windows each step has its own, and `overall` is last.

    Windows replace all others and count from the first stage. Raises InvalidQuestion, and Unanswerable where the
    funnel does not exist here.
    """
    funnel = reach.metric(name)
    if not isinstance(funnel, Funnel):
        funnels = sorted(known for known, metric in reach.definitions.metrics.items() if isinstance(metric, Funnel))
        raise InvalidQuestion(f"'{name}' is no funnel. Funnels: {', '.join(funnels)}.")
    steps = declared_steps(reach, funnel)
    within = asked.query.within
    spans = [
        (after.stage, steps[0] if within else before, after, within or (after.within or 0,))
        for before, after in pairwise(steps)
    ]
    if not within:
        spans.append(("overall", steps[0], steps[-1], (sum(step.within or 0 for step in steps),)))
    values: Values = {}
    rows = []
    for position, (step, before, after, windows) in enumerate(spans, start=2):
        outcomes = [_outcome(reach, step, after.stage, window, asked) for window in windows]
        for _, bound in outcomes:
            values |= bound
        cohort = _cohort(reach, funnel, before, after, asked)
        rows.append(StepOutcomes(position, step, cohort, tuple(outcome for outcome, _ in outcomes)))
    return FunnelTable(asked.query.by, asked.query.grain is not None, tuple(rows)), values


def _cohort(reach: Reach, funnel: Funnel, entry: Step, target: Step, asked: Asked) -> Cohort:
    """Stamped entries into a stage before the as-of day, inside the period."""
    reached = "stamped_on" if funnel.skips == "require" else "on"
    entered, converted = Reference(TABLE, f"{entry.stage}_on"), Reference(TABLE, f"{target.stage}_{reached}")
    for reference in (entered, converted):
        reach.check_column(TABLE, reference.column)
    # A grain adds no condition of its own here: an entry before the as-of day has a date.
    dated = replace(asked, query=replace(asked.query, as_of=reach.as_of(asked.query)))
    where = placed(reach, dated, funnel, entered)
    is_stamped = exp.column(f"{entry.stage}_inferred", table=TABLE, quoted=True).not_()
    base = [*where.conditions, condition(is_stamped)]
    if funnel.entry == "first":
        base.append(condition(exp.column("is_first_pass", table=TABLE, quoted=True)))
    scan, keys = reach.scan(TABLE, asked, funnel, base)
    for given in (funnel.where, *asked.narrowed):
        if given is not None:
            own, joins = reach.resolve(given, TABLE, funnel)
            scan = Scan(TABLE, distinct([*scan.joins, *joins]), (*scan.conditions, own))
    return Cohort(scan, keys, where.period, entered, converted, where.spans)


def _outcome(reach: Reach, name: str, target: str, window: int, asked: Asked) -> tuple[Outcome, Values]:
    """A window's parameters: matured are those that entered before D minus the window (date + T < D)."""
    day = reach.as_of(asked.query)
    window_name, matured_name = f"window_{window}", f"matured_before_{window}"
    values: Values = {"as_of": day, window_name: window, matured_name: day - dt.timedelta(days=window)}
    recorded_from = reach.stages[target].recorded_from
    recorded_name = f"recorded_{target}" if recorded_from else None
    if recorded_name:
        values[recorded_name] = recorded_from
    return Outcome(name, window_name, matured_name, recorded_name), values
