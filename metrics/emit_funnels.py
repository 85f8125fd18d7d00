"""The outcomes of cohorts, the tables and the curves of funnels as SQL (formulas: Conversion). Runs nothing."""

from __future__ import annotations

import functools
from collections.abc import Sequence

from sqlglot import exp

from metrics.emit_aggregates import on_spans, span_keys
from metrics.emit_cohorts import clock, cohort_table, entries, observed, tally, waited
from metrics.emit_survival import DURATIONS, SURVIVAL, curve, exits, survival, waiting_times
from metrics.funnel import RATES
from metrics.kinds import FUNNEL_RESULTS
from metrics.nodes import Cohort, FunnelBranch, FunnelTable, Outcome, Reference, RowsPlan, Spans, StepOutcomes
from metrics.sql_nodes import as_type, column, divided, grouped, named, parameter, stacked, total

__all__ = ["FUNNEL_COUNTS", "emit_curve", "emit_entries", "emit_funnel", "funnel_branch"]

# What an outcome counts; rates follow from these in the last select. `unrecorded` counts entries that happened before
# the target stage was recorded at all; `waiting` those that may still convert in time.
FUNNEL_COUNTS = (
    "entered", "converted_to_date", "matured", "converted_matured", "unrecorded", "still_open", "converted_within",
    "waiting",
)  # fmt: skip
_HOURS = 24


def _observed(cohort: Cohort) -> exp.Expr:
    """The longest window that an entry of the small table has had as a whole."""
    return observed("_on") if cohort.instants is None else column("observed")


def _counts(cohort: Cohort, outcome: Outcome, results: frozenset[str]) -> dict[str, exp.Expr]:
    """The counts of an outcome over the rows of its cohort."""
    units, waits, entered = column("units"), column("waited"), column("entered_on")
    matured = exp.GTE(this=_observed(cohort), expression=parameter(outcome.window))
    in_time = exp.LTE(this=waits.copy(), expression=parameter(outcome.window))
    not_yet = waits.copy().is_(exp.Null())
    before: exp.Expr = exp.false()
    if outcome.recorded is not None:
        before = exp.LT(this=entered.copy(), expression=parameter(outcome.recorded))
    found = {
        "entered": total(units.copy()),
        "converted_to_date": total(units.copy(), not_yet.copy().not_()),
        "matured": total(units.copy(), matured),
        "converted_matured": total(units.copy(), exp.and_(matured.copy(), in_time)),
        "unrecorded": total(units.copy(), before),
    }
    if "losses" in results:
        is_open: exp.Expr = not_yet.copy()
        if cohort.lost is not None:
            is_open = exp.and_(is_open, column("lost_after").is_(exp.Null()))
        found["still_open"] = total(units.copy(), is_open)
    if outcome.counts_immature:
        found["converted_within"] = total(units.copy(), in_time.copy())
        found["waiting"] = total(units.copy(), exp.and_(matured.copy().not_(), not_yet.copy()))
    return found


def _counts_of_days(outcome: Outcome, index: int) -> dict[str, exp.Expr]:
    """The counts of an outcome over the days of entry of its cohort; `index` is its place among those of the cohort."""
    entered, converted, in_time = column("entered"), column("converted"), column(f"in_time_{index}")
    matured = exp.GTE(this=observed("_on"), expression=parameter(outcome.window))
    before: exp.Expr = exp.false()
    if outcome.recorded is not None:
        before = exp.LT(this=column("entered_on"), expression=parameter(outcome.recorded))
    found = {
        "entered": total(entered),
        "converted_to_date": total(converted),
        "matured": total(entered.copy(), matured),
        "converted_matured": total(in_time, matured.copy()),
        "unrecorded": total(entered.copy(), before),
    }
    if outcome.counts_immature:
        found["converted_within"] = total(in_time.copy())
        found["waiting"] = total(entered.copy() - converted.copy(), matured.copy().not_())
    return found


def _is_tallied(cohort: Cohort, results: frozenset[str]) -> bool:
    """Whether days of entry are all that an answer needs: counts alone, in windows of days."""
    return not results and cohort.instants is None


def _outcome(
    cohort: Cohort, outcome: Outcome, results: frozenset[str], keys: Sequence[str], position: str, index: int
) -> tuple[exp.Select, list[str]]:
    """Columns: the keys, the counts and the results asked; a row per group, from the small tables named by position."""
    groups = [column(key) for key in keys]
    cohort_name, exits_name = f"cohort{position}", f"exits{position}"
    is_tallied = _is_tallied(cohort, results)
    counts = _counts_of_days(outcome, index) if is_tallied else _counts(cohort, outcome, results)
    window = parameter(outcome.window)
    if "survival" in results:
        # The exits hold the counts in parts, so that the cohort is read once.
        competing, held = _competing(cohort, results), {_held(name, index): name for name in counts}
        rates = SURVIVAL if competing else SURVIVAL[:1]
        parts = [(survival(exits_name, keys, window, competing=competing, counts=held), [*counts, *rates])]
    else:
        shown = [named(tree, name) for name, tree in counts.items()]
        parts = [(grouped(exp.select(*groups, *shown).from_(cohort_name), groups), list(counts))]
    if "durations" in results:
        matured = exp.GTE(this=_observed(cohort), expression=window.copy())
        in_time = exp.and_(column("waited") <= window.copy(), matured)
        per_day = 1 if cohort.instants is None else _HOURS
        parts.append((waiting_times(cohort_name, keys, in_time, per_day), list(DURATIONS)))
    names = [name for _, found in parts for name in found]
    if len(parts) == 1:
        return parts[0][0], names
    # Stacked and grouped again instead of joined, so that NULL is a group like any other.
    padded = [
        exp.select(*groups, *[column(name) if name in found else named(exp.Null(), name) for name in names]).from_(
            part.subquery("result")
        )
        for part, found in parts
    ]
    merged = [named(exp.Max(this=column(name)), name) for name in names]
    return grouped(exp.select(*groups, *merged).from_(stacked(padded).subquery("results")), groups), names


def funnel_branch(branch: FunnelBranch) -> tuple[exp.Select, list[str]]:
    """Columns: the dimensions, period, then the outcome's counts and results as `name.entered`, ..."""
    keys = _keys(branch.cohort)
    select, found = _outcome(branch.cohort, branch.outcome, branch.results, keys, "", 0)
    names = [f"{branch.outcome.name}.{name}" for name in found]
    shown = [named(column(name), full) for name, full in zip(found, names, strict=True)]
    outcome = exp.select(*[column(key) for key in keys], *shown).from_(select.subquery("outcome"))
    for name, table in _tables(branch.cohort, (branch.outcome,), branch.results, keys, ""):
        outcome = outcome.with_(name, as_=table)
    return outcome, names


def _held(name: str, index: int) -> str:
    """The name of a count of an outcome among the columns of the exits."""
    return f"{name}_{index}"


def _competing(cohort: Cohort, results: frozenset[str]) -> bool:
    return "incidence" in results and cohort.lost is not None


def _tables(
    cohort: Cohort, outcomes: Sequence[Outcome], results: frozenset[str], keys: Sequence[str], position: str
) -> list[tuple[str, exp.Select]]:
    """The small tables that outcomes are read from, by name: the cohort, and its exits where survival is asked."""
    windows = [outcome.window for outcome in outcomes]
    found = [(f"cohort{position}", _small(cohort, windows, results))]
    if "survival" in results:
        last = parameter(windows[0])
        if len(windows) > 1:
            last = exp.Greatest(this=last, expressions=[parameter(window) for window in windows[1:]], ignore_nulls=True)
        counts = {
            _held(name, index): tree
            for index, outcome in enumerate(outcomes)
            for name, tree in _counts(cohort, outcome, results).items()
        }
        left = exits(
            f"cohort{position}",
            keys,
            _observed(cohort),
            with_lost=cohort.lost is not None,
            last=last,
            competing=_competing(cohort, results),
            counts=counts,
        )
        found.append((f"exits{position}", left))
    return found


def _small(cohort: Cohort, windows: Sequence[str], results: frozenset[str]) -> exp.Select:
    """The small table of a cohort, which is as small as the results allow."""
    table = tally(cohort, windows) if _is_tallied(cohort, results) else cohort_table(cohort, results)
    return _on_spans(table, cohort.spans) if cohort.spans else table


def _on_spans(table: exp.Select, spans: Spans) -> exp.Select:
    """The small table with each entry once per span in which its day lies, and the span's period as its own."""
    shown = [column(name, "cohort") for name in table.named_selects]
    select = exp.select(*shown, *[named(tree, name) for name, tree in span_keys(spans)])
    return on_spans(select.from_(table.subquery("cohort")), spans, column("entered_on", "cohort"))


def _keys(cohort: Cohort) -> list[str]:
    """The columns by which a cohort is split: dimensions, and the period where there is one."""
    has_period = cohort.period is not None or (cohort.spans is not None and cohort.spans.is_keyed)
    return [key.name for key in cohort.keys] + (["period"] if has_period else [])


@functools.lru_cache(maxsize=256)
def emit_funnel(table: FunnelTable) -> str:
    """Columns: dimensions, period, step, within_days, the results, unrecorded; ordered by step, window and group."""
    keys = [*table.keys, *(["period"] if table.has_period else [])]
    in_hours = any(step.cohort.instants is not None for step in table.steps)
    parts = [
        _step(step, outcome, keys, in_hours, index)
        for step in table.steps
        for index, outcome in enumerate(step.outcomes)
    ]
    union: exp.Query = stacked(parts)
    for step in table.steps:
        for name, tree in _tables(step.cohort, step.outcomes, step.results, keys, f"_{step.position}"):
            union = union.with_(name, as_=tree)
    shown: list[exp.Expr] = [column(name) for name in (*keys, "step", "within_days")]
    for result in (*FUNNEL_RESULTS, "unrecorded"):
        part, whole = RATES.get(result, (result, None))
        shown.append(named(divided(column(part), column(whole)), result) if whole else column(result))
    select = exp.select(*shown).from_(union.subquery("steps"))
    order = [exp.Ordered(this=column(name), nulls_first=False) for name in ("position", "within_days", *keys)]
    return select.order_by(*order).sql(dialect="duckdb", identify=True)


def _step(step: StepOutcomes, outcome: Outcome, keys: list[str], in_hours: bool, index: int) -> exp.Select:
    """One outcome of a step, with every column of the table; what its cohort cannot tell is NULL."""
    select, found = _outcome(step.cohort, outcome, step.results, keys, f"_{step.position}", index)
    within: exp.Expr = as_type(parameter(outcome.window), "BIGINT")
    if in_hours:
        hours = step.cohort.instants is not None
        within = exp.Div(
            this=as_type(parameter(outcome.window), "DOUBLE"), expression=exp.Literal.number(_HOURS if hours else 1)
        )
    results = [name for name in (*FUNNEL_RESULTS, "unrecorded") if name not in RATES]
    shown: list[exp.Expr] = [
        *[column(key) for key in keys],
        named(exp.Literal.string(step.step), "step"),
        named(exp.Literal.number(step.position), "position"),
        named(within, "within_days"),
        *[column(name) if name in found else named(as_type(exp.Null(), "DOUBLE"), name) for name in results],
    ]
    return exp.select(*shown).from_(select.subquery("outcome"))


@functools.lru_cache(maxsize=64)
def emit_curve(branch: FunnelBranch) -> str:
    """Columns: dimensions, period, days, at_risk, converted, lost, kaplan_meier, cumulative_incidence; days ascending.

    Without recorded losses `lost` is 0 and cumulative_incidence empty.
    """
    cohort = branch.cohort
    keys = _keys(cohort)
    days: exp.Expr = column("time")
    if cohort.instants is not None:
        days = exp.Div(this=as_type(days, "DOUBLE"), expression=exp.Literal.number(_HOURS))
    incidence: exp.Expr = column("cumulative_incidence") if cohort.lost else as_type(exp.Null(), "DOUBLE")
    shown = [
        *[column(key) for key in keys],
        named(as_type(days, "BIGINT" if cohort.instants is None else "DOUBLE"), "days"),
    ]
    shown += [column(name) for name in ("at_risk", "converted", "lost", "kaplan_meier")]
    select = exp.select(*shown, named(incidence, "cumulative_incidence")).from_("curve")
    select = select.with_("cohort", as_=_small(cohort, (), branch.results))
    curves = curve("cohort", keys, _observed(cohort), with_lost=cohort.lost is not None)
    select = select.with_("curve", as_=curves)
    order = [exp.Ordered(this=column(name), nulls_first=False) for name in (*keys, "days")]
    return select.order_by(*order).sql(dialect="duckdb", identify=True)


def emit_entries(plan: RowsPlan, cohort: Cohort, outcome: Outcome) -> exp.Select:
    """The entries behind a funnel: their columns, entered_on, converted_on, days, is_matured, is_converted_in_time."""
    shown: tuple[tuple[str, Reference], ...] = tuple((key.name, key.reference) for key in plan.columns)
    suffix = clock(cohort)
    waits = waited("target", suffix)
    known = exp.LT(this=column("target_on"), expression=parameter("as_of"))
    matured = exp.GTE(this=observed(suffix), expression=parameter(outcome.window))
    in_time = exp.Coalesce(this=waits <= parameter(outcome.window), expressions=[exp.false()])
    days = waits.copy()
    if cohort.instants is not None:
        days = exp.Div(this=as_type(waits.copy(), "DOUBLE"), expression=exp.Literal.number(_HOURS))
    columns: list[exp.Expr] = [column(name) for name, _ in shown]
    columns += [
        column("entered_on"),
        named(exp.Case().when(known, column("target_on")), "converted_on"),
        named(days, "days"),
        named(matured, "is_matured"),
        named(in_time, "is_converted_in_time"),
    ]
    return exp.select(*columns).from_(entries(cohort, shown, with_lost=False).subquery("entries"))
