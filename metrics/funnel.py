"""Lowers a funnel to cohorts and outcomes (formulas: Conversion). Writes no SQL, runs nothing.

Counts, rates, survival and waiting times all follow from one cohort, which keeps the time to the target of every entry.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from itertools import pairwise
from zoneinfo import ZoneInfo

from sqlglot import exp

from data.errors import InvalidQuestion
from data.expressions import Expression
from metrics.funnel_steps import Window
from metrics.kinds import FUNNEL_RESULTS, HEADLINE_RESULT, Funnel, Metric, Step
from metrics.nodes import (
    Cohort,
    CohortInstants,
    FunnelBranch,
    FunnelTable,
    Key,
    Outcome,
    Reference,
    RowsPlan,
    Scan,
    StepOutcomes,
)
from metrics.reach import Asked, Reach, Unanswerable, condition, distinct
from metrics.spans import placed
from metrics.sql_nodes import column, divided
from metrics.stored import from_stored

__all__ = [
    "KEPT_RESULTS",
    "RATES",
    "asked_funnel",
    "declared_steps",
    "loss_reason",
    "lower",
    "lower_curve",
    "lower_rows",
    "lower_table",
    "waiting_note",
    "window_of",
]

RATES = {"rate_to_date": ("converted_to_date", "entered"), "rate_matured": ("converted_matured", "matured")}
# What a cohort must keep for a result beyond the days until conversion.
_SURVIVAL, _DURATIONS = frozenset({"survival", "losses"}), frozenset({"durations"})
_KEPT = {
    "rate_kaplan_meier": _SURVIVAL,
    "rate_cumulative_incidence": _SURVIVAL | {"incidence"},
    "still_open": frozenset({"losses"}),
    "median_days": _DURATIONS,
    "p90_days": _DURATIONS,
}
KEPT_RESULTS = tuple(_KEPT)
_ALL_KEPT = _SURVIVAL | _DURATIONS | {"incidence"}

Values = dict[str, object]


def window_of(steps: tuple[Step, ...]) -> Window:
    """The windows of steps in a row together; in hours as soon as one of them is."""
    days, hours = sum(step.within or 0 for step in steps), sum(step.hours for step in steps)
    return Window(24 * days + hours, True) if hours else Window(days)


def declared_steps(reach: Reach, funnel: Funnel) -> tuple[Step, ...]:
    """The steps of a funnel that the company has; an undeclared one adds its window to the next.

    Raises Unanswerable where the first or the last stage is not declared: the rest would be another question.
    """
    for step in (funnel.steps[0], funnel.steps[-1]):
        reach.check_column("leads", f"{step.stage}_on")
    steps: list[Step] = []
    days = hours = 0
    for step in funnel.steps:
        days, hours = days + (step.within or 0), hours + step.hours
        if step.stage in reach.stages:
            steps.append(replace(step, within=days, hours=hours))
            days = hours = 0
    return tuple(steps)


def lower(
    reach: Reach, funnel: Funnel, result: str | None, measure: str, asked: Asked
) -> tuple[FunnelBranch, Expression, str, Values]:
    """First to last stage within the sum of the windows: branch, one result over its columns, its unit, values.

    The columns begin with the funnel's name, so that its results share a branch; with `measure` where it is asked about
    other rows or days than the question itself.
    """
    if result == "rate_cumulative_incidence" and (reason := loss_reason(reach, funnel)):
        raise Unanswerable(reason)
    named = result or HEADLINE_RESULT
    branch, values = _overall(reach, funnel, asked, _KEPT.get(named, frozenset()))
    source = measure if asked.narrowed or asked.moves else funnel.name
    branch = replace(branch, outcome=replace(branch.outcome, name=source))
    part, whole = RATES.get(named, (named, None))
    if result is None and branch.outcome.counts_immature:
        part, whole = "converted_within", "entered"
    unit = FUNNEL_RESULTS[named]
    if whole is None:
        return branch, condition(column(f"{source}.{part}")), unit, values
    return branch, condition(divided(column(f"{source}.{part}"), column(f"{source}.{whole}"))), unit, values


def loss_reason(reach: Reach, funnel: Funnel) -> str | None:
    """Why no loss is known of a funnel's units; None where losses are recorded."""
    return reach.definitions.tables[_table(funnel.counts)].columns["lost_on"].absent


def waiting_note(metric: Metric, waiting: int, entered: int) -> list[str]:
    """What a funnel that shows open entries says of those that may still convert in time."""
    if not isinstance(metric, Funnel) or metric.maturity != "show_open":
        return []
    return [f"{metric.label}: {waiting:,} of {entered:,} entries may still convert in time; the rate may rise."]


def lower_rows(reach: Reach, funnel: Funnel, asked: Asked) -> tuple[RowsPlan, Values]:
    """The cohort's entries with the day each reached the last stage."""
    branch, values = _overall(reach, funnel, asked, frozenset())
    # Single rows are in no stored table.
    branch = replace(branch, cohort=replace(branch.cohort, stored=None))
    table = branch.cohort.scan.table
    columns = tuple(Key(name, Reference(table, name)) for name in reach.definitions.tables[table].key)
    columns += (*(Key(place.column, place) for place in branch.cohort.unit[:1]), *branch.cohort.keys)
    return RowsPlan(branch.cohort.scan, columns, branch.cohort, branch.outcome, asked.query.limit), values


def lower_curve(reach: Reach, funnel: Funnel, asked: Asked) -> tuple[FunnelBranch, Values]:
    """The survival of the whole funnel, day by day."""
    return _overall(reach, funnel, asked, _SURVIVAL)


def _overall(reach: Reach, funnel: Funnel, asked: Asked, results: frozenset[str]) -> tuple[FunnelBranch, Values]:
    steps = declared_steps(reach, funnel)
    within = asked.query.within
    if len(within) > 1:
        raise InvalidQuestion("A question takes one window; for several side by side use: python tandem.py funnel.")
    window = Window(within[0]) if within else window_of(steps[1:])
    cohort, bound = _cohort(reach, funnel, (steps[0], steps[-1]), funnel.counts, window.in_hours, asked)
    outcome, values = _outcome(reach, funnel.name, steps[-1].stage, window, asked)
    outcome = replace(outcome, counts_immature=funnel.maturity != "exclude")
    return FunnelBranch(cohort, outcome, results), values | bound


def lower_table(reach: Reach, name: str, asked: Asked, *, counts_only: bool) -> tuple[FunnelTable, Values]:
    """A row per step from the second, window and group; without windows each step has its own, and `overall` is last.

    Windows replace all others and count from the first stage. Raises InvalidQuestion, and Unanswerable where the
    funnel does not exist here.
    """
    funnel = asked_funnel(reach, name)
    values: Values = {}
    rows = []
    for position, span in enumerate(_spans(declared_steps(reach, funnel), funnel, asked.query.within)):
        outcomes = [_outcome(reach, span.step, span.target.stage, window, asked) for window in span.windows]
        ends = (span.entry, span.target)
        cohort, placing = _cohort(reach, funnel, ends, span.counts, span.windows[0].in_hours, asked)
        for bound in (placing, *(bound for _, bound in outcomes)):
            values |= bound
        made = tuple(outcome for outcome, _ in outcomes)
        rows.append(StepOutcomes(position, span.step, cohort, made, frozenset() if counts_only else _ALL_KEPT))
    return FunnelTable(asked.query.by, asked.query.grain is not None, tuple(rows)), values


def asked_funnel(reach: Reach, name: str) -> Funnel:
    """The funnel of this name. Raises InvalidQuestion where it is another metric or none."""
    funnel = reach.metric(name)
    if not isinstance(funnel, Funnel):
        funnels = sorted(known for known, metric in reach.definitions.metrics.items() if isinstance(metric, Funnel))
        raise InvalidQuestion(f"'{name}' is no funnel. Funnels: {', '.join(funnels)}.")
    return funnel


@dataclass(frozen=True)
class _Span:
    """One row of a table to be: from one stage to another, and what is counted."""

    step: str
    entry: Step
    target: Step
    windows: tuple[Window, ...]
    counts: str


def _spans(steps: tuple[Step, ...], funnel: Funnel, within: tuple[int, ...]) -> list[_Span]:
    windows = tuple(Window(days) for days in within)
    if within:
        return [_Span(step.stage, steps[0], step, windows, funnel.counts) for step in steps[1:]]
    spans = []
    for before, after in pairwise(steps):
        # A step of deals is one from opportunity: where that stage is not declared, the step is one of the funnel's.
        is_own = after.counts != "deals" or before.stage == "opportunity"
        counts = after.counts if is_own else None
        spans.append(_Span(after.stage, before, after, (window_of((after,)),), counts or funnel.counts))
    return [*spans, _Span("overall", steps[0], steps[-1], (window_of(steps[1:]),), funnel.counts)]


def _table(counts: str) -> str:
    return "pipeline" if counts == "deals" else "leads"


def _cohort(
    reach: Reach, funnel: Funnel, ends: tuple[Step, Step], counts: str, in_hours: bool, asked: Asked
) -> tuple[Cohort, Values]:
    """The entries of a funnel, and which of them the question admits: those before the as-of day at the latest."""
    table = _table(counts)
    own = _deals(reach) if counts == "deals" else _passes(reach, funnel, ends, counts, in_hours)
    dated = replace(asked, query=replace(asked.query, as_of=reach.as_of(asked.query)))
    where = placed(reach, dated, funnel, own.entry)
    scan, keys = reach.scan(table, asked, funnel, where.conditions)
    joins, admitted, wanted, unit = list(scan.joins), list(own.scan.conditions), list(scan.conditions), own.unit
    # What defines the funnel speaks of every row, what asks about it of the row of the entry.
    for given, conditions in ((funnel.where, admitted), *((narrowed, wanted) for narrowed in asked.narrowed)):
        if given is not None:
            resolved, more = reach.resolve(given, table, funnel)
            joins += more
            conditions.append(resolved)
    for name in funnel.hold if unit else ():
        key, join = reach.dimension_key(name, table, funnel)
        unit += (key.reference,)
        joins += [join] if join is not None else []
    cohort = replace(
        own,
        scan=replace(own.scan, joins=distinct(joins), conditions=tuple(admitted)),
        keys=keys,
        period=where.period,
        asked=tuple(wanted),
        unit=unit,
        spans=where.spans,
    )
    if funnel.entry == "first":
        cohort = from_stored(reach, cohort, (ends[0].stage, ends[1].stage), asked.query)
    return cohort, where.values


def _passes(reach: Reach, funnel: Funnel, ends: tuple[Step, Step], counts: str, in_hours: bool) -> Cohort:
    """Passes or accounts: stamped entries into a stage."""
    entry, target = ends
    require = funnel.skips == "require"

    def place(name: str) -> Reference:
        reach.check_column("leads", name)
        return Reference("leads", name)

    entered = place(f"{entry.stage}_on")
    converted = place(f"{target.stage}_stamped_on" if require else f"{target.stage}_on")
    lost = None if reach.definitions.tables["leads"].columns["lost_on"].absent else place("lost_on")
    instants = None
    if in_hours:
        reached = place(f"{target.stage}_stamped_at" if require else f"{target.stage}_at")
        instants = CohortInstants(place(f"{entry.stage}_at"), reached, place("lost_at") if lost else None)
    entries = [condition(column(f"{entry.stage}_inferred", "leads").not_())]
    if funnel.entry == "first":
        entries.append(condition(column("is_first_pass", "leads")))
    return Cohort(
        scan=Scan("leads"),
        keys=(),
        period=None,
        entry=entered,
        target=converted,
        entries=tuple(entries),
        asked=(),
        inferred=None if require else place(f"{target.stage}_inferred"),
        lost=lost,
        instants=instants,
        unit=(place("account_id"),) if counts == "accounts" else (),
        own=tuple(place(name) for name in reach.definitions.tables["leads"].key),
    )


def _deals(reach: Reach) -> Cohort:
    """Deals of type new, from their creation to their win."""
    for name in ("created_on", "won_on"):
        reach.check_column("pipeline", name)
    lost = None if reach.definitions.tables["pipeline"].columns["lost_on"].absent else Reference("pipeline", "lost_on")
    is_new = condition(column("deal_type", "pipeline").eq(exp.Literal.string("new")))
    return Cohort(
        scan=Scan("pipeline", (), (is_new,)),
        keys=(),
        period=None,
        entry=Reference("pipeline", "created_on"),
        target=Reference("pipeline", "won_on"),
        entries=(),
        asked=(),
        inferred=None,
        lost=lost,
    )


def _outcome(reach: Reach, name: str, target: str, window: Window, asked: Asked) -> tuple[Outcome, Values]:
    """A window's parameters. What happened on the as-of day or later is unknown, so that a whole window ends before."""
    day = reach.as_of(asked.query)
    window_name = f"window_{window.length}"
    values: Values = {"as_of": day, window_name: window.length}
    if window.in_hours:
        midnight = dt.datetime.combine(day, dt.time(), ZoneInfo(reach.company.time_zone))
        values["as_of_at"] = midnight.astimezone(dt.UTC).replace(tzinfo=None)
    recorded_from = reach.stages[target].recorded_from
    recorded_name = f"recorded_{target}" if recorded_from else None
    if recorded_name:
        values[recorded_name] = recorded_from
    return Outcome(name, window_name, recorded_name), values
