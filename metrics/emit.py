"""Plans to SQL text, once per shape: identifiers quoted, values left as parameters. Runs nothing."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence

from sqlglot import exp

from data.expressions import Expression
from metrics.funnel import RATES
from metrics.kinds import FUNNEL_RESULTS
from metrics.nodes import (
    AggregateBranch,
    Branch,
    Cohort,
    FunnelBranch,
    FunnelTable,
    Instants,
    Measure,
    Outcome,
    Output,
    Plan,
    Reference,
    RowsPlan,
    Scan,
    StepOutcomes,
)
from metrics.sql_nodes import as_type, column, days_between, divided, named, parameter, period_start, total

__all__ = ["FUNNEL_COUNTS", "emit_funnel", "emit_plan", "emit_rows"]

# What an outcome counts; rates follow from these in the last select. `unrecorded` counts entries that happened before
# the target stage was recorded at all.
FUNNEL_COUNTS = ("entered", "converted_to_date", "matured", "converted_matured", "unrecorded")


# -- scans and branches ----------------------------------------------------------------------------------------------


def _reference(reference: Reference) -> exp.Column:
    return column(reference.column, reference.scope)


def _from(select: exp.Select, scan: Scan) -> exp.Select:
    select = select.from_(exp.to_identifier(scan.table, quoted=True))
    for join in scan.joins:
        table = exp.alias_(exp.to_table(f'"{join.table}"', dialect="duckdb"), join.link, quoted=True, table=True)
        matched = column(join.own, scan.table).eq(column(join.target, join.link))
        select = select.join(table, on=matched, join_type="left")
    for condition in scan.conditions:
        select = select.where(condition.copy_tree())
    return select


def _grouped(select: exp.Select, keys: Sequence[exp.Expr]) -> exp.Select:
    return select.group_by(*[key.copy() for key in keys]) if keys else select


def _narrowed(measure: Measure) -> exp.Expr:
    """The aggregate with its condition inside, so that measures with other conditions share the scan."""
    tree = measure.expr.copy_tree()
    if measure.condition is None:
        return tree
    return tree.transform(_filtered, measure.condition)


def _filtered(node: exp.Expr, condition: Expression) -> exp.Expr:
    if isinstance(node, exp.Filter):
        where = node.expression.this
        return exp.Filter(
            this=node.this.copy(), expression=exp.Where(this=exp.and_(where.copy(), condition.copy_tree()))
        )
    if isinstance(node, exp.AggFunc) and not isinstance(node.parent, exp.Filter):
        return exp.Filter(this=node.copy(), expression=exp.Where(this=condition.copy_tree()))
    return node


def _aggregate_branch(branch: AggregateBranch) -> tuple[exp.Select, list[str]]:
    groups = [(key.name, _reference(key.reference)) for key in branch.keys]
    keys: list[tuple[str, exp.Expr]] = [*groups]
    if branch.period is not None:
        keys.append(("period", period_start(branch.period)))
    by_instant = branch.instants is not None and branch.instants.count > 0
    if by_instant:
        keys.append(("period", as_type(column("instant", "instants"), "DATE")))
    shown = [named(tree.copy(), name) for name, tree in keys]
    shown += [named(_narrowed(measure), measure.name) for measure in branch.measures]
    select = _from(exp.select(*shown), branch.scan)
    if branch.instants is not None and by_instant:
        select = _at_instants(select, branch.instants)
    select = _grouped(select, [tree for _, tree in keys])
    return select, [measure.name for measure in branch.measures]


def _at_instants(select: exp.Select, instants: Instants) -> exp.Select:
    """Each row once per period at whose end it is open."""
    rows = [(parameter(f"instant_{index}"), parameter(f"end_{index}")) for index in range(instants.count)]
    ends = exp.values(rows, alias="instants", columns=["instant", "end"])
    end, closed = as_type(column("end", "instants"), "DATE"), _reference(instants.closed)
    still_open = exp.or_(closed.is_(exp.Null()), closed.copy() >= end)
    return select.join(ends, on=exp.and_(_reference(instants.opened) < end.copy(), still_open), join_type="inner")


def _cohort(cohort: Cohort) -> exp.Select:
    """Columns: dimensions, period, entered_on, days (NULL: not yet converted), leads. One row per combination."""
    entered, target = _reference(cohort.entry), _reference(cohort.target)
    # A later stage dated before the entry counts as converted with duration 0.
    waited = exp.Greatest(this=days_between(entered, target), expressions=[exp.Literal.number(0)])
    days = exp.Case().when(exp.LT(this=target.copy(), expression=parameter("as_of")), waited)
    keys: list[tuple[str, exp.Expr]] = [(key.name, _reference(key.reference)) for key in cohort.keys]
    if cohort.period is not None:
        keys.append(("period", period_start(cohort.period)))
    keys += [("entered_on", entered.copy()), ("days", days)]
    shown = [named(tree.copy(), name) for name, tree in keys]
    select = exp.select(*shown, named(exp.Count(this=exp.Star()), "leads"))
    return _grouped(_from(select, cohort.scan), [tree for _, tree in keys])


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


def _funnel_branch(branch: FunnelBranch) -> tuple[exp.Select, list[str]]:
    keys = [key.name for key in branch.cohort.keys] + (["period"] if branch.cohort.period else [])
    counts = _counts(branch.outcome)
    names = [f"{branch.outcome.name}.{name}" for name in counts]
    shown = [column(key) for key in keys]
    results = [named(tree, name) for name, tree in zip(names, counts.values(), strict=True)]
    select = exp.select(*shown, *results).from_(_cohort(branch.cohort).subquery("cohort"))
    return _grouped(select, shown), names


# -- answers ---------------------------------------------------------------------------------------------------------


@functools.lru_cache(maxsize=512)
def emit_plan(plan: Plan) -> str:
    """Columns: the dimensions, `period` where a grain is asked, the metrics as asked; then hidden counts for notes.

    Branches are stacked and grouped a second time, so that a group that one of them lacks is not lost and NULL is a
    group like any other.
    """
    keys = [*plan.keys, *(["period"] if plan.has_period else [])]
    parts = [_branch(branch) for branch in plan.branches]
    names = [name for _, measured in parts for name in measured]
    if not parts:
        return _nothing(keys, plan.outputs)
    zeros = {name for branch in plan.branches for name in _zeros(branch)}
    stacked = [_padded(select, measured, keys, names) for select, measured in parts]
    stacked += [_spine(plan.spine, names)] if plan.spine else []
    union = _stacked(stacked)
    merged = _grouped(
        exp.select(*[column(key) for key in keys], *[named(exp.Max(this=column(name)), name) for name in names]).from_(
            union.subquery("parts")
        ),
        [column(key) for key in keys],
    )
    shown: list[exp.Expr] = [column(key) for key in keys]
    shown += [named(_output(output, zeros), output.name) for output in plan.outputs]
    shown += [column(name) for name in names if name.endswith((".missing", ".unrecorded", ".entered"))]
    select = exp.select(*_distinct(shown)).from_(merged.subquery("merged"))
    order = _order(plan, keys)
    select = select.order_by(*order) if order else select
    if plan.limit is not None:
        select = select.limit(plan.limit)
    return select.sql(dialect="duckdb", identify=True)


def _stacked(parts: Sequence[exp.Query]) -> exp.Query:
    return functools.reduce(lambda one, other: exp.union(one, other, distinct=False), parts)


def _distinct(trees: Iterable[exp.Expr]) -> list[exp.Expr]:
    return list({tree.alias_or_name: tree for tree in reversed(list(trees))}.values())[::-1]


def _zeros(branch: Branch) -> list[str]:
    """The measures of a branch that are 0 where nothing was counted."""
    if isinstance(branch, FunnelBranch):
        return [f"{branch.outcome.name}.{count}" for count in FUNNEL_COUNTS]
    return [measure.name for measure in branch.measures if measure.is_zero]


def _branch(branch: Branch) -> tuple[exp.Select, list[str]]:
    return _funnel_branch(branch) if isinstance(branch, FunnelBranch) else _aggregate_branch(branch)


def _padded(select: exp.Select, measured: list[str], keys: list[str], names: list[str]) -> exp.Select:
    shown: list[exp.Expr] = [column(key) for key in keys]
    shown += [column(name) if name in measured else named(exp.Null(), name) for name in names]
    return exp.select(*shown).from_(select.subquery("part"))


def _spine(count: int, names: list[str]) -> exp.Select:
    """One row per period with nothing measured."""
    days = exp.values([(parameter(f"spine_{index}"),) for index in range(count)], alias="spine", columns=["day"])
    empty = [named(exp.Null(), name) for name in names]
    return exp.select(named(as_type(column("day"), "DATE"), "period"), *empty).from_(days)


def _output(output: Output, zeros: set[str]) -> exp.Expr:
    """A column of the answer; a measure that adds up is 0 in a group that only others have."""

    def filled(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Column) and node.name in zeros:
            return exp.Coalesce(this=node.copy(), expressions=[exp.Literal.number(0)])
        return node

    tree = exp.Null() if output.formula is None else output.formula.copy_tree().transform(filled)
    return as_type(tree, "BIGINT" if output.unit == "count" else "DOUBLE")


def _order(plan: Plan, keys: list[str]) -> list[exp.Expr]:
    """As asked, then by the keys, so that an answer never depends on the engine's mood; NULL last."""
    wanted = [*plan.order, *[key for key in keys if key not in plan.order]]
    return [
        exp.Ordered(this=column(name.removeprefix("-")), desc=name.startswith("-"), nulls_first=False)
        for name in wanted
    ]


def _nothing(keys: list[str], outputs: Iterable[Output]) -> str:
    """One row of empty cells: every metric asked has a reason instead of a number."""
    shown = [named(as_type(exp.Null(), "DATE" if key == "period" else "VARCHAR"), key) for key in keys]
    shown += [named(_output(output, set()), output.name) for output in outputs]
    return exp.select(*shown).sql(dialect="duckdb", identify=True)


# -- funnel tables and rows ------------------------------------------------------------------------------------------


@functools.lru_cache(maxsize=256)
def emit_funnel(table: FunnelTable) -> str:
    """Columns: dimensions, period, step, within_days, the results, unrecorded; ordered by step, window and group."""
    keys = [*table.keys, *(["period"] if table.has_period else [])]
    outcomes = [(step, outcome) for step in table.steps for outcome in step.outcomes]
    parts = [_step(step, outcome, keys) for step, outcome in outcomes]
    union = _stacked(parts)
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
    return _grouped(exp.select(*shown).from_(_cohort_name(step)), named_keys)


@functools.lru_cache(maxsize=256)
def emit_rows(plan: RowsPlan) -> str:
    """The rows behind a number; of a funnel also entered_on, converted_on, days, is_matured, is_converted_in_time."""
    shown = [named(_reference(key.reference), key.name) for key in plan.columns]
    if plan.cohort is not None and plan.outcome is not None:
        shown += _cohort_columns(plan.cohort, plan.outcome)
    select = _from(exp.select(*shown), plan.scan)
    select = select.order_by(*[exp.Ordered(this=_reference(key.reference), nulls_first=False) for key in plan.columns])
    if plan.limit is not None:
        select = select.limit(plan.limit)
    return select.sql(dialect="duckdb", identify=True)


def _cohort_columns(cohort: Cohort, outcome: Outcome) -> list[exp.Expr]:
    entered, target = _reference(cohort.entry), _reference(cohort.target)
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
