"""Plans to SQL text, once per shape: identifiers quoted, values left as parameters. Runs nothing."""

from __future__ import annotations

import functools
from collections.abc import Iterable

from sqlglot import exp

from metrics.durations import COUNTED, LONGEST
from metrics.emit_aggregates import aggregate_branch, only_taken
from metrics.emit_funnels import FUNNEL_COUNTS, emit_entries, funnel_branch
from metrics.nodes import (
    Branch,
    FunnelBranch,
    Output,
    Plan,
    RowsPlan,
)
from metrics.sql_nodes import as_type, column, grouped, named, parameter, reference, scanned, stacked

__all__ = ["emit_plan", "emit_rows"]


# -- answers ---------------------------------------------------------------------------------------------------------


@functools.lru_cache(maxsize=512)
def emit_plan(plan: Plan) -> str:
    """Columns: the dimensions, `period` where a grain is asked, the metrics as asked; then hidden counts for notes.

    Several branches are stacked and grouped a second time, so that a group that one of them lacks is not lost and NULL
    is a group like any other.
    """
    keys = [*plan.keys, *(["period"] if plan.has_period else [])]
    parts = [_branch(branch) for branch in plan.branches]
    names = [name for _, measured in parts for name in measured]
    if not parts:
        return _nothing(keys, plan.outputs)
    zeros = {name for branch in plan.branches for name in _zeros(branch)}
    padded = [_padded(select, measured, keys, names) for select, measured in parts]
    everything = [*keys, *names]
    source: exp.Query = stacked(padded)
    if plan.spine and plan.keys:
        both = [_columns(everything).from_("parts"), _spine(plan, names)]
        source = stacked(both).with_("parts", as_=source)
    elif plan.spine:
        source = stacked([*padded, _spine(plan, names)])
    if len(parts) > 1 or plan.spine:
        largest = [named(exp.Max(this=column(name)), name) for name in names]
        merged = exp.select(*[column(key) for key in keys], *largest).from_(source.subquery("parts"))
        source = grouped(merged, [column(key) for key in keys])
    shown: list[exp.Expr] = [column(key) for key in keys]
    shown += [named(_output(output, zeros), output.name) for output in plan.outputs]
    hidden = (".missing", ".unrecorded", ".entered", ".waiting", COUNTED, LONGEST)
    shown += [column(name) for name in names if name.endswith(hidden)]
    select = exp.select(*_distinct(shown)).from_(source.subquery("merged"))
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
    return funnel_branch(branch) if isinstance(branch, FunnelBranch) else aggregate_branch(branch)


def _padded(select: exp.Select, measured: list[str], keys: list[str], names: list[str]) -> exp.Select:
    shown: list[exp.Expr] = [column(key) for key in keys]
    shown += [column(name) if name in measured else named(exp.Null(), name) for name in names]
    return exp.select(*shown).from_(select.subquery("part"))


def _columns(names: Iterable[str]) -> exp.Select:
    return exp.select(*[column(name) for name in names])


def _spine(plan: Plan, names: list[str]) -> exp.Select:
    """One row per group of `parts` and period with nothing measured."""
    days = exp.values([(parameter(f"spine_{index}"),) for index in range(plan.spine)], alias="spine", columns=["day"])
    period = named(as_type(column("day", "spine"), "DATE"), "period")
    select = exp.select(*[column(key, "groups") for key in plan.keys], period, *[named(exp.Null(), n) for n in names])
    if not plan.keys:
        return select.from_(days)
    groups = _columns(plan.keys).distinct().from_("parts")
    return select.from_(groups.subquery("groups")).join(days, join_type="cross")


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
    if plan.cohort is not None and plan.outcome is not None:
        select = emit_entries(plan, plan.cohort, plan.outcome)
        order = [column(key.name) for key in plan.columns]
    else:
        shown = [named(reference(key.reference), key.name) for key in plan.columns]
        shown += [named(expression.copy_tree(), name) for name, expression in plan.computed]
        select = only_taken(scanned(exp.select(*shown), plan.scan), plan.taken, [])
        order = [reference(key.reference) for key in plan.columns]
    select = select.order_by(*[exp.Ordered(this=tree, nulls_first=False) for tree in order])
    if plan.limit is not None:
        select = select.limit(plan.limit)
    return select.sql(dialect="duckdb", identify=True)
