"""The SQL that may be emitted, and what it is called on other engines. Opens no connection.

The compiler writes DuckDB's dialect, out of a subset that means the same elsewhere or is lowered here. A node outside
of `PORTABLE` is refused, not guessed: much passes a translator unchanged and means something else. What is lowered:

- date_diff counts the boundaries between two instants, Spark's DATEDIFF whole spans, so both ends are cut to the unit
  first; PostgreSQL subtracts; units without a fixed length are refused;
- date_trunc gives a timestamp with a zone on PostgreSQL where it is given a date: it is given a timestamp;
- greatest and least become CASE, since engines disagree on NULL;
- median is PERCENTILE_CONT(0.5) WITHIN GROUP on PostgreSQL, and a percentile an ordered set on both;
- NULL in one part of a union has the type that the other parts give it, which PostgreSQL does not find by itself;
- `/` between whole numbers is made a division of fractions, `$name` becomes the engine's own parameter, and NULL comes
  last in every order.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import sqlglot
from sqlglot import exp

from data.errors import InvalidQuestion
from data.expression_functions import AGGREGATES, FUNCTIONS

__all__ = ["PORTABLE", "Dialect", "not_portable", "to_dialect"]

Dialect = Literal["spark", "postgres"]

PORTABLE: frozenset[type[exp.Expr]] = frozenset(
    {
        # queries
        exp.Select, exp.From, exp.Join, exp.Where, exp.Group, exp.Having, exp.Order, exp.Ordered, exp.Limit, exp.Union,
        exp.Subquery, exp.With, exp.CTE, exp.Table, exp.TableAlias, exp.Alias, exp.Values, exp.Tuple, exp.Star,
        # leaves
        exp.Identifier, exp.Column, exp.Literal, exp.Null, exp.Boolean, exp.Placeholder, exp.Var, exp.DataType,
        exp.DataTypeParam, exp.Interval,
        # operators
        exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.Neg, exp.Paren, exp.DPipe, exp.And, exp.Or, exp.Not, exp.EQ,
        exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Is, exp.In, exp.Between, exp.Like, exp.ILike, exp.NullSafeEQ,
        exp.NullSafeNEQ, exp.Case, exp.If, exp.Cast, exp.TryCast,
        # windows and what is counted in them
        exp.Window, exp.WindowSpec, exp.RowNumber, exp.Lag, exp.Lead, exp.Filter, exp.Distinct,
        # functions beyond those of expressions
        exp.DateAdd, exp.DateSub, exp.Exp, exp.Ln, exp.Sqrt, exp.Pow, exp.PercentileDisc, exp.WithinGroup,
        *FUNCTIONS,
        *AGGREGATES,
    }
)  # fmt: skip
# Units of a fixed length; the others count boundaries on one engine and whole spans on another.
_UNITS = {"DAY": 86_400, "HOUR": 3_600, "MINUTE": 60, "SECOND": 1}


def not_portable(tree: exp.Expr) -> frozenset[str]:
    """The names of node types in a tree that the compiler may not emit."""
    return frozenset(type(node).__name__ for node in tree.walk() if type(node) not in PORTABLE)


def to_dialect(sql: str | exp.Expr, dialect: Dialect) -> str:
    """An emitted SELECT as another engine's SQL. Raises InvalidQuestion where a part has no equal there."""
    tree = sqlglot.parse_one(sql, dialect="duckdb") if isinstance(sql, str) else sql.copy()
    if outside := not_portable(tree):
        raise InvalidQuestion(f"This has no equal in {dialect}: {', '.join(sorted(outside))}.")
    tree = tree.copy()
    for node in reversed(list(tree.bfs())):
        lowered = _lowered(node, dialect)
        if lowered is not node:
            node.replace(lowered)
    if dialect == "postgres":
        _type_nulls(tree)
    return tree.sql(dialect=dialect, identify=True)


def _lowered(node: exp.Expr, dialect: Dialect) -> exp.Expr:
    if isinstance(node, (exp.Greatest, exp.Least)):
        return _extreme(node)
    if isinstance(node, exp.DateDiff):
        return _difference(node, dialect)
    if isinstance(node, exp.TimestampTrunc) and dialect == "postgres":
        node.set("this", exp.cast(node.this.copy(), "timestamp"))
    if isinstance(node, exp.Median) and dialect == "postgres":
        middle = exp.PercentileCont(this=exp.Literal.number("0.5"))
        return exp.WithinGroup(this=middle, expression=exp.Order(expressions=[exp.Ordered(this=node.this.copy())]))
    if isinstance(node, exp.PercentileDisc):
        return _percentile(node)
    return node


def _percentile(node: exp.PercentileDisc) -> exp.Expr:
    """An ordered set, as standard SQL has it: a translator makes it an approximation on Spark."""
    order = node.args.get("expression")
    share = node.this if order is None else order.this if isinstance(order, exp.Order) else order
    function = exp.Anonymous(this="PERCENTILE_DISC", expressions=[share.copy()])
    if order is None:  # it stands in an ordered set already
        return function
    values = exp.Order(expressions=[exp.Ordered(this=node.this.copy(), nulls_first=False)])
    return exp.WithinGroup(this=function, expression=values)


def _extreme(node: exp.Expr) -> exp.Expr:
    """The greatest or least of what is not NULL, as DuckDB gives it."""
    wins = exp.GTE if isinstance(node, exp.Greatest) else exp.LTE
    best: exp.Expr = node.this.copy()
    for other in node.expressions:
        best = (
            exp.Case()
            .when(best.copy().is_(exp.Null()), other.copy())
            .when(other.copy().is_(exp.Null()), best.copy())
            .when(wins(this=exp.paren(best.copy()), expression=exp.paren(other.copy())), best.copy())
            .else_(other.copy())
        )
    return best


def _difference(node: exp.DateDiff, dialect: Dialect) -> exp.Expr:
    unit = node.args["unit"].name.upper() if node.args.get("unit") else "DAY"
    if unit not in _UNITS:
        raise InvalidQuestion(
            f"Days can be counted between dates in {dialect}; {unit.lower()}s are counted differently."
        )
    until, start = (_cut(part, unit) for part in (node.this, node.expression))
    if dialect == "spark":
        return exp.DateDiff(this=until, expression=start, unit=exp.var(unit))
    between = exp.paren(exp.Sub(this=until, expression=start))
    if unit == "DAY":
        return between
    seconds = exp.Extract(this=exp.var("EPOCH"), expression=between)
    return exp.cast(exp.Div(this=seconds, expression=exp.Literal.number(_UNITS[unit])), "bigint")


def _cut(instant: exp.Expr, unit: str) -> exp.Expr:
    if unit == "DAY":
        return exp.cast(instant.copy(), "date")
    return exp.TimestampTrunc(this=exp.cast(instant.copy(), "timestamp"), unit=exp.var(unit))


def _type_nulls(tree: exp.Expr) -> None:
    """In a union, NULL of one part becomes a NULL of the type that another part casts the column to, else a number."""
    for union in tree.find_all(exp.Union):
        if isinstance(union.parent, exp.Union):
            continue
        parts = list(_parts(union))
        for columns in zip(*(part.expressions for part in parts), strict=False):
            kind = next((kind for column in columns if (kind := _kind(column))), "double precision")
            for column in columns:
                if isinstance(column.unalias(), exp.Null):
                    column.unalias().replace(exp.cast(exp.Null(), kind, dialect="postgres"))


def _parts(query: exp.Expr) -> Iterator[exp.Select]:
    if isinstance(query, exp.Union):
        yield from _parts(query.this)
        yield from _parts(query.expression)
    elif isinstance(query, exp.Select):
        yield query
    elif isinstance(query, exp.Subquery):
        yield from _parts(query.this)


def _kind(column: exp.Expr) -> str | None:
    """The type of a column of a union that says it itself; the days and dates of keys do."""
    inner = column.unalias()
    if isinstance(inner, exp.Cast):
        return str(inner.to.sql(dialect="postgres"))
    return None
