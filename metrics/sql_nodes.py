"""Small pieces of SQL trees that every answer is made of: scans, dates, fractions. Knows no kind of metric.

Date arithmetic is written with own nodes, since it means other things elsewhere.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

from sqlglot import exp

from metrics.nodes import PeriodKey, Reference, Scan

__all__ = [
    "as_type",
    "column",
    "days_between",
    "divided",
    "grouped",
    "named",
    "parameter",
    "percentile",
    "period_start",
    "reference",
    "scanned",
    "seconds_between",
    "stacked",
    "started_hours_between",
    "total",
]


def column(name: str, scope: str | None = None) -> exp.Column:
    return exp.column(name, table=scope, quoted=True)


def parameter(name: str) -> exp.Expr:
    return exp.Placeholder(this=name)


def as_type(tree: exp.Expr, kind: str) -> exp.Expr:
    return exp.cast(tree, exp.DataType.build(kind, dialect="duckdb"))


def named(tree: exp.Expr, name: str) -> exp.Expr:
    return exp.alias_(tree, name, quoted=True)


def total(tree: exp.Expr, only: exp.Expr | None = None) -> exp.Expr:
    """A sum as BIGINT, since a sum of integers would reach Polars as a decimal; 0 where nothing was summed."""
    summed: exp.Expr = exp.Sum(this=tree)
    if only is not None:
        summed = exp.Filter(this=summed, expression=exp.Where(this=only))
    return as_type(exp.Coalesce(this=summed, expressions=[exp.Literal.number(0)]), "BIGINT")


def divided(part: exp.Expr, whole: exp.Expr) -> exp.Expr:
    """A fraction at full precision; NULL, never infinity, where the whole is 0."""
    nothing = exp.Nullif(this=whole, expression=exp.Literal.number(0))
    return exp.Div(this=as_type(part, "DOUBLE"), expression=nothing)


def period_start(key: PeriodKey) -> exp.Expr:
    """The first day of the week, month, fiscal quarter or fiscal year in which a date lies, as a DATE."""
    date: exp.Expr = column(key.reference.column, key.reference.scope)
    if key.grain == "day":
        return date
    unit, amount = ("DAY", key.week_starts) if key.grain == "week" else ("MONTH", key.fiscal_year_starts - 1)
    if key.grain == "month" or amount == 0:
        return as_type(exp.TimestampTrunc(this=date, unit=exp.var(key.grain.upper())), "DATE")
    # Shifted so that the company's first day falls on the calendar's, truncated, and shifted back. The shift by months
    # starts from the month's first day, since 31 May less 3 months is no day of a month before.
    if unit == "MONTH":
        date = exp.TimestampTrunc(this=date, unit=exp.var("MONTH"))
    back = exp.DateSub(this=date, expression=exp.Literal.number(amount), unit=exp.var(unit))
    start = exp.TimestampTrunc(this=as_type(back, "DATE"), unit=exp.var(key.grain.upper()))
    return as_type(exp.DateAdd(this=start, expression=exp.Literal.number(amount), unit=exp.var(unit)), "DATE")


def days_between(start: exp.Expr, until: exp.Expr) -> exp.Expr:
    """Whole days between two dates."""
    return exp.DateDiff(this=until, expression=start, unit=exp.var("DAY"))


def seconds_between(start: exp.Expr, until: exp.Expr) -> exp.Expr:
    """Whole seconds between two instants."""
    return exp.DateDiff(this=until, expression=start, unit=exp.var("SECOND"))


def percentile(tree: exp.Expr, share: float) -> exp.Expr:
    """The smallest value that at least this share of all values is at or below. An ordered set is standard SQL."""
    ordered = exp.Order(expressions=[exp.Ordered(this=tree)])
    return exp.WithinGroup(this=exp.PercentileDisc(this=exp.Literal.number(share)), expression=ordered)


def started_hours_between(start: exp.Expr, until: exp.Expr) -> exp.Expr:
    """Hours between two instants to the second, a begun one as a whole: at most T if no more than T passed."""
    seconds = as_type(seconds_between(start, until), "DOUBLE")
    hours = exp.Div(this=seconds, expression=exp.Literal.number("3600.0"))
    return as_type(exp.Ceil(this=hours), "BIGINT")


def reference(place: Reference) -> exp.Column:
    return column(place.column, place.scope)


def scanned(select: exp.Select, scan: Scan) -> exp.Select:
    select = select.from_(exp.to_identifier(scan.table, quoted=True))
    for join in scan.joins:
        table = exp.alias_(exp.to_table(f'"{join.table}"', dialect="duckdb"), join.link, quoted=True, table=True)
        matched: exp.Expr = column(join.own, scan.table).eq(column(join.target, join.link))
        if join.day is not None:
            matched = exp.and_(matched, column("day", join.link).eq(parameter(join.day)))
        select = select.join(table, on=matched, join_type="left")
    for condition in scan.conditions:
        select = select.where(condition.copy_tree())
    return select


def grouped(select: exp.Select, keys: Sequence[exp.Expr]) -> exp.Select:
    return select.group_by(*[key.copy() for key in keys])


def stacked(parts: Sequence[exp.Query]) -> exp.Query:
    return functools.reduce(lambda one, other: exp.union(one, other, distinct=False), parts)
