"""A branch of measures over one table as SQL: narrowed, by period or by spans, one row taken of many. Runs nothing."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from data.expressions import Expression
from metrics.nodes import AggregateBranch, Measure, Spans, Taken
from metrics.sql_nodes import as_type, column, grouped, named, parameter, period_start, reference, scanned

__all__ = ["aggregate_branch", "on_spans", "only_taken", "span_keys"]

# No dimension or metric has a name with a dot before it.
_ROWS, _DAY, _PLACE = "rows", ".day", ".place"


def aggregate_branch(branch: AggregateBranch) -> tuple[exp.Select, list[str]]:
    """Columns: the dimensions, `period` where there is one, a column per measure; and the measures' names."""
    names = [measure.name for measure in branch.measures]
    if branch.taken is not None:
        return _of_taken(branch, branch.taken), names
    keys: list[tuple[str, exp.Expr]] = [(key.name, reference(key.reference)) for key in branch.keys]
    measures = [named(_narrowed(measure), measure.name) for measure in branch.measures]
    if branch.spans is None:
        if branch.period is not None:
            keys.append(("period", period_start(branch.period)))
        select = exp.select(*[named(tree.copy(), name) for name, tree in keys], *measures)
        return grouped(scanned(select, branch.scan), [tree for _, tree in keys]), names
    if branch.spans.closed is None and all(measure.expr.additive for measure in branch.measures):
        return _of_days(branch, branch.spans), names
    return _of_spans(branch, branch.spans), names


# -- measures --------------------------------------------------------------------------------------------------------


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


# -- spans -----------------------------------------------------------------------------------------------------------


def on_spans(select: exp.Select, spans: Spans, day: exp.Expr) -> exp.Select:
    """Each row once per span in which its `day` lies; of a balance, at whose end it is open."""
    parts = ["period", "until", *(["from"] if spans.closed is None else []), *(["days"] if spans.is_average else [])]
    rows = [tuple(parameter(f"{spans.tag}_{part}_{index}") for part in parts) for index in range(spans.count)]
    values = exp.values(rows, alias="spans", columns=parts)
    until = as_type(column("until", "spans"), "DATE")
    inside: list[exp.Expr] = [exp.LT(this=day.copy(), expression=until)]
    if spans.closed is None:
        inside.append(exp.GTE(this=day.copy(), expression=as_type(column("from", "spans"), "DATE")))
    else:
        closed = reference(spans.closed)
        inside.append(exp.or_(closed.is_(exp.Null()), closed.copy() >= until.copy()))
    return select.join(values, on=exp.and_(*inside))


def span_keys(spans: Spans) -> list[tuple[str, exp.Expr]]:
    """The name and tree of the key that spans give in the place of a period."""
    return [("period", as_type(column("period", "spans"), "DATE"))] if spans.is_keyed else []


def _of_days(branch: AggregateBranch, spans: Spans) -> exp.Select:
    """Measures that add up are made per day first, so that windows are sums over few rows."""
    day = reference(spans.time)
    keys = [(key.name, reference(key.reference)) for key in branch.keys]
    measures = [named(_narrowed(measure), measure.name) for measure in branch.measures]
    daily = exp.select(*[named(tree.copy(), name) for name, tree in keys], named(day, _DAY), *measures)
    daily = grouped(scanned(daily, branch.scan), [*[tree for _, tree in keys], day])
    outer: list[tuple[str, exp.Expr]] = [(name, column(name, _ROWS)) for name, _ in keys] + span_keys(spans)
    sums = [_summed(measure.name, spans) for measure in branch.measures]
    select = exp.select(*[named(tree.copy(), name) for name, tree in outer], *sums).from_(daily.subquery(_ROWS))
    return grouped(on_spans(select, spans, column(_DAY, _ROWS)), [tree for _, tree in outer])


def _summed(name: str, spans: Spans) -> exp.Expr:
    """The sum over all spans of a period; of an average, by the number of its days."""
    summed: exp.Expr = exp.Sum(this=column(name, _ROWS))
    if spans.is_average:
        days = exp.Max(this=as_type(column("days", "spans"), "DOUBLE"))
        summed = exp.Div(this=as_type(summed, "DOUBLE"), expression=days)
    return named(summed, name)


def _of_spans(branch: AggregateBranch, spans: Spans) -> exp.Select:
    """Measures that do not add up, and balances, are made of all rows of each span; neither is averaged."""
    keys: list[tuple[str, exp.Expr]] = [(key.name, reference(key.reference)) for key in branch.keys]
    keys += span_keys(spans)
    shown = [named(tree.copy(), name) for name, tree in keys]
    measures = [named(_narrowed(measure), measure.name) for measure in branch.measures]
    select = on_spans(scanned(exp.select(*shown, *measures), branch.scan), spans, reference(spans.time))
    return grouped(select, [tree for _, tree in keys])


# -- one row of many -------------------------------------------------------------------------------------------------


def _of_taken(branch: AggregateBranch, taken: Taken) -> exp.Select:
    keys: list[tuple[str, exp.Expr]] = [(key.name, reference(key.reference)) for key in branch.keys]
    if branch.period is not None:
        keys.append(("period", period_start(branch.period)))
    if branch.spans is not None:
        keys += span_keys(branch.spans)
    table = branch.scan.table
    inner = exp.select(_all_columns(table), *[named(tree.copy(), f"key.{name}") for name, tree in keys])
    inner = scanned(inner, branch.scan)
    if branch.spans is not None:
        inner = on_spans(inner, branch.spans, reference(branch.spans.time))
    # Numbered here and chosen around it, since QUALIFY is not everywhere.
    inner = inner.select(named(_place(taken, [tree for _, tree in keys]), _PLACE))
    outer = [(name, column(f"key.{name}", table)) for name, _ in keys]
    measures = [named(measure.expr.copy_tree(), measure.name) for measure in branch.measures]
    select = exp.select(*[named(tree.copy(), name) for name, tree in outer], *measures)
    only_first = exp.EQ(this=column(_PLACE, table), expression=exp.Literal.number(1))
    return grouped(select.from_(inner.subquery(table)).where(only_first), [tree for _, tree in outer])


def _all_columns(table: str) -> exp.Column:
    return exp.Column(this=exp.Star(), table=exp.to_identifier(table, quoted=True))


def _place(taken: Taken, keys: Sequence[exp.Expr]) -> exp.Expr:
    """A row's place in its group, period and `per`, of which the first is taken; the table's key tells equals apart."""
    order = [exp.Ordered(this=reference(taken.over), desc=taken.is_last, nulls_first=False)]
    order += [exp.Ordered(this=reference(tie), nulls_first=False) for tie in taken.ties]
    return exp.Window(
        this=exp.RowNumber(),
        partition_by=[*[key.copy() for key in keys], *[reference(per) for per in taken.per]],
        order=exp.Order(expressions=order),
    )


def only_taken(select: exp.Select, taken: Taken | None, keys: Sequence[exp.Expr]) -> exp.Select:
    """Of the rows behind a number those that were taken in their group."""
    if taken is None:
        return select
    return select.qualify(exp.EQ(this=_place(taken, keys), expression=exp.Literal.number(1)))
