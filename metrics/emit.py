"""Plans to SQL text, once per shape: identifiers quoted, values left as parameters. Runs nothing."""

from __future__ import annotations

import functools
from collections.abc import Iterable

from sqlglot import exp

from data.expressions import Expression
from metrics.emit_funnels import FUNNEL_COUNTS, cohort_columns, funnel_branch
from metrics.nodes import (
    AggregateBranch,
    Branch,
    FunnelBranch,
    Instants,
    Measure,
    Output,
    Plan,
    RowsPlan,
)
from metrics.sql_nodes import as_type, column, grouped, named, parameter, period_start, reference, scanned, stacked

__all__ = ["emit_plan", "emit_rows"]


# -- scans and branches ----------------------------------------------------------------------------------------------


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
    groups = [(key.name, reference(key.reference)) for key in branch.keys]
    keys: list[tuple[str, exp.Expr]] = [*groups]
    if branch.period is not None:
        keys.append(("period", period_start(branch.period)))
    by_instant = branch.instants is not None and branch.instants.count > 0
    if by_instant:
        keys.append(("period", as_type(column("instant", "instants"), "DATE")))
    shown = [named(tree.copy(), name) for name, tree in keys]
    shown += [named(_narrowed(measure), measure.name) for measure in branch.measures]
    select = scanned(exp.select(*shown), branch.scan)
    if branch.instants is not None and by_instant:
        select = _at_instants(select, branch.instants)
    select = grouped(select, [tree for _, tree in keys])
    return select, [measure.name for measure in branch.measures]


def _at_instants(select: exp.Select, instants: Instants) -> exp.Select:
    """Each row once per period at whose end it is open."""
    rows = [(parameter(f"instant_{index}"), parameter(f"end_{index}")) for index in range(instants.count)]
    ends = exp.values(rows, alias="instants", columns=["instant", "end"])
    end, closed = as_type(column("end", "instants"), "DATE"), reference(instants.closed)
    still_open = exp.or_(closed.is_(exp.Null()), closed.copy() >= end)
    return select.join(ends, on=exp.and_(reference(instants.opened) < end.copy(), still_open), join_type="inner")


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
    padded = [_padded(select, measured, keys, names) for select, measured in parts]
    padded += [_spine(plan.spine, names)] if plan.spine else []
    union = stacked(padded)
    merged = grouped(
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


def _distinct(trees: Iterable[exp.Expr]) -> list[exp.Expr]:
    return list({tree.alias_or_name: tree for tree in reversed(list(trees))}.values())[::-1]


def _zeros(branch: Branch) -> list[str]:
    """The measures of a branch that are 0 where nothing was counted."""
    if isinstance(branch, FunnelBranch):
        return [f"{branch.outcome.name}.{count}" for count in FUNNEL_COUNTS]
    return [measure.name for measure in branch.measures if measure.is_zero]


def _branch(branch: Branch) -> tuple[exp.Select, list[str]]:
    return funnel_branch(branch) if isinstance(branch, FunnelBranch) else _aggregate_branch(branch)


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


# -- rows ------------------------------------------------------------------------------------------


@functools.lru_cache(maxsize=256)
def emit_rows(plan: RowsPlan) -> str:
    """The rows behind a number; of a funnel also entered_on, converted_on, days, is_matured, is_converted_in_time."""
    shown = [named(reference(key.reference), key.name) for key in plan.columns]
    if plan.cohort is not None and plan.outcome is not None:
        shown += cohort_columns(plan.cohort, plan.outcome)
    select = scanned(exp.select(*shown), plan.scan)
    select = select.order_by(*[exp.Ordered(this=reference(key.reference), nulls_first=False) for key in plan.columns])
    if plan.limit is not None:
        select = select.limit(plan.limit)
    return select.sql(dialect="duckdb", identify=True)
