"""Cohorts, their outcomes and the tables of funnels as SQL trees (formulas: Conversion). Runs nothing."""

from __future__ import annotations

import functools

from sqlglot import exp

from metrics.emit_aggregates import on_spans, span_keys
from metrics.funnel import RATES
from metrics.kinds import FUNNEL_RESULTS
from metrics.nodes import Cohort, FunnelBranch, FunnelTable, Outcome, StepOutcomes
from metrics.sql_nodes import (
    as_type,
    column,
    days_between,
    divided,
    grouped,
    named,
    parameter,
    period_start,
    reference,
    scanned,
    stacked,
    total,
)

__all__ = ["FUNNEL_COUNTS", "cohort_columns", "emit_funnel", "funnel_branch"]

# What an outcome counts; rates follow from these in the last select. `unrecorded` counts entries that happened before
# the target stage was recorded at all.
FUNNEL_COUNTS = ("entered", "converted_to_date", "matured", "converted_matured", "unrecorded")


def _cohort(cohort: Cohort) -> exp.Select:
    """Columns: dimensions, period, entered_on, days (NULL: not yet converted), leads. One row per combination."""
    entered, target = reference(cohort.entry), reference(cohort.target)
    # A later stage dated before the entry counts as converted with duration 0.
    waited = exp.Greatest(this=days_between(entered, target), expressions=[exp.Literal.number(0)])
    days = exp.Case().when(exp.LT(this=target.copy(), expression=parameter("as_of")), waited)
    keys: list[tuple[str, exp.Expr]] = [(key.name, reference(key.reference)) for key in cohort.keys]
    if cohort.period is not None:
        keys.append(("period", period_start(cohort.period)))
    keys += [("entered_on", entered.copy()), ("days", days)]
    shown = [named(tree.copy(), name) for name, tree in keys]
    select = exp.select(*shown, named(exp.Count(this=exp.Star()), "leads"))
    return grouped(scanned(select, cohort.scan), [tree for _, tree in keys])


def _counts(outcome: Outcome) -> dict[str, exp.Expr]:
    """The counts of an outcome over the rows of its cohort."""
    leads, days, entered = column("leads"), column("days"), column("entered_on")
    matured = exp.LT(this=entered, expression=parameter(outcome.matured_before))
    in_time = exp.LTE(this=days.copy(), expression=parameter(outcome.window))
    before: exp.Expr = exp.false()
    if outcome.recorded is not None:
        before = exp.LT(this=entered.copy(), expression=parameter(outcome.recorded))
    return {
        "entered": total(leads.copy()),
        "converted_to_date": total(leads.copy(), days.copy().is_(exp.Null()).not_()),
        "matured": total(leads.copy(), matured),
        "converted_matured": total(leads.copy(), exp.and_(matured.copy(), in_time)),
        "unrecorded": total(leads.copy(), before),
    }


def funnel_branch(branch: FunnelBranch) -> tuple[exp.Select, list[str]]:
    cohort, spans = branch.cohort, branch.cohort.spans
    keys: list[tuple[str, exp.Expr]] = [(key.name, column(key.name)) for key in cohort.keys]
    keys += [("period", column("period"))] if cohort.period else []
    keys += span_keys(spans) if spans else []
    counts = _counts(branch.outcome)
    names = [f"{branch.outcome.name}.{name}" for name in counts]
    shown = [named(tree.copy(), name) for name, tree in keys]
    results = [named(tree, name) for name, tree in zip(names, counts.values(), strict=True)]
    select = exp.select(*shown, *results).from_(_cohort(cohort).subquery("cohort"))
    select = on_spans(select, spans, column("entered_on", "cohort")) if spans else select
    return grouped(select, [tree for _, tree in keys]), names


@functools.lru_cache(maxsize=256)
def emit_funnel(table: FunnelTable) -> str:
    """Columns: dimensions, period, step, within_days, the results, unrecorded; ordered by step, window and group."""
    keys = [*table.keys, *(["period"] if table.has_period else [])]
    outcomes = [(step, outcome) for step in table.steps for outcome in step.outcomes]
    parts = [_step(step, outcome, keys) for step, outcome in outcomes]
    union = stacked(parts)
    for step in table.steps:
        union = union.with_(_cohort_name(step), as_=_cohort(step.cohort))
    shown: list[exp.Expr] = [column(name) for name in (*keys, "step", "within_days")]
    for result in (*FUNNEL_RESULTS, "unrecorded"):
        part, whole = RATES.get(result, (result, None))
        shown.append(named(divided(column(part), column(whole)), result) if whole else column(result))
    select = exp.select(*shown).from_(union.subquery("steps"))
    order = [exp.Ordered(this=column(name), nulls_first=False) for name in ("position", "within_days", *keys)]
    return select.order_by(*order).sql(dialect="duckdb", identify=True)


def _cohort_name(step: StepOutcomes) -> str:
    return f"cohort_{step.position}"


def _step(step: StepOutcomes, outcome: Outcome, keys: list[str]) -> exp.Select:
    named_keys = [column(key) for key in keys]
    shown: list[exp.Expr] = [
        *named_keys,
        named(exp.Literal.string(step.step), "step"),
        named(exp.Literal.number(step.position), "position"),
        named(as_type(parameter(outcome.window), "BIGINT"), "within_days"),
        *[named(tree, name) for name, tree in _counts(outcome).items()],
    ]
    return grouped(exp.select(*shown).from_(_cohort_name(step)), named_keys)


def cohort_columns(cohort: Cohort, outcome: Outcome) -> list[exp.Expr]:
    entered, target = reference(cohort.entry), reference(cohort.target)
    known = exp.LT(this=target, expression=parameter("as_of"))
    waited = exp.Greatest(this=days_between(entered, target.copy()), expressions=[exp.Literal.number(0)])
    matured = exp.LT(this=entered.copy(), expression=parameter(outcome.matured_before))
    in_time = exp.LTE(this=waited.copy(), expression=parameter(outcome.window))
    return [
        named(entered.copy(), "entered_on"),
        named(exp.Case().when(known, target.copy()), "converted_on"),
        named(exp.Case().when(known.copy(), waited), "days"),
        named(matured, "is_matured"),
        named(exp.Coalesce(this=exp.and_(known.copy(), in_time), expressions=[exp.false()]), "is_converted_in_time"),
    ]
