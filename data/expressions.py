"""What an analyst may write as an expression: an allow-list over the parsed tree. Runs nothing.

The SQL that runs is generated from the accepted tree, never the text that was given. Two changes are
made on the way: a division by zero gives NULL (DuckDB would give infinity), and a cast that cannot be
made gives NULL. Every operator and function knows which kinds of values it takes. `points(condition)` is the one
function of our own: 1 where the condition is true, else 0.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field

import sqlglot
from sqlglot import TokenType, exp
from sqlglot.errors import SqlglotError

from data.errors import Place, Problems, did_you_mean
from data.expression_functions import AGGREGATES, FUNCTIONS, POINTS, Kind
from data.expression_types import Mismatch, Types, said

__all__ = ["Expression", "Rules", "literal", "parse_expression"]

LONGEST_TEXT = 2_000
MOST_NODES = 400
LONGEST_REPLACEMENT = 20
MOST_REPLACEMENTS = 3

COUNT_IT = " Count what is true, such as count(*) filter (where is_won), or write points(is_won)."

_OPERATORS = (
    exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.Neg, exp.Paren, exp.DPipe,
    exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Is, exp.NullSafeEQ, exp.NullSafeNEQ,
    exp.And, exp.Or, exp.Not, exp.In, exp.Between, exp.Like, exp.ILike, exp.Case, exp.If,
)  # fmt: skip
_LEAVES = (exp.Column, exp.Identifier, exp.Literal, exp.Boolean, exp.Null, exp.DataType, exp.DataTypeParam, exp.Var)
_CASTS = (exp.Cast, exp.TryCast)
_AGGREGATES = tuple(AGGREGATES)
_AGGREGATE_PARTS = (exp.Distinct, exp.Filter, exp.Where, exp.Star, exp.IgnoreNulls)
_CAST_TYPES = {"TEXT", "VARCHAR", "INT", "BIGINT", "DOUBLE", "DECIMAL", "BOOLEAN", "DATE", "TIMESTAMP"}
_UNITS = {"DAY", "WEEK", "MONTH", "QUARTER", "YEAR", "HOUR", "MINUTE"}
# A condition of a text that matters stays below these; beyond them, numbers stop being exact.
LARGEST_NUMBER = 1e18


@dataclass(frozen=True)
class Expression:
    """An accepted expression. Two are equal when their normalised SQL is.

    `columns` are the columns it reads. `additive` says that results of disjoint groups may be added up. `kind` is what
    it gives: text, number, boolean, date, timestamp, or any where that is not known.
    """

    sql: str
    tree: exp.Expr = field(compare=False, hash=False, repr=False)
    columns: frozenset[str] = frozenset()
    additive: bool = False
    kind: Kind = field(default="any", compare=False)

    def copy_tree(self) -> exp.Expr:
        """A tree of one's own: sqlglot's trees are mutable."""
        return self.tree.copy()


@dataclass(frozen=True)
class Rules:
    """What is allowed here: columns with their types, and whether exactly one level of aggregates is expected.

    `columns` gives DuckDB types; of a type that is not known ("ANY", for example) nothing is demanded. `gives` is the
    kind that the whole must have: boolean of a condition, number of a score or a metric.
    """

    columns: Mapping[str, str]
    aggregates: bool = False
    columns_are: str = "column"
    gives: Kind | None = None


class _Refused(Exception):
    """The sentence for the first thing in an expression that is not allowed."""


def literal(value: object) -> Expression:
    """A constant of a YAML file as an expression."""
    tree = exp.convert(value)
    return Expression(tree.sql(dialect="duckdb"), tree, kind=Types(tree, {}).of(tree))


def parse_expression(text: str, rules: Rules, place: Place, problems: Problems, subject: str) -> Expression | None:
    """The expression, or None with one problem at `place` that starts with `subject`."""
    try:
        return _accept(text, rules)
    except (_Refused, Mismatch) as refused:
        problems.add(place, f"{subject}: {refused}")
        return None


def _accept(text: str, rules: Rules) -> Expression:
    tree = _parse(text).copy()
    nodes = list(tree.walk())
    if len(nodes) > MOST_NODES:
        raise _Refused(f"has {len(nodes)} parts; at most {MOST_NODES} are allowed. Split it in two.")
    for node in nodes:
        _check_node(node, rules)
    names = [node.name for node in nodes if isinstance(node, exp.Column)]
    for name in names:
        if name not in rules.columns:
            raise _Refused(f"unknown {rules.columns_are} '{name}'. {did_you_mean(name, rules.columns)}")
    _check_aggregation(tree, rules)
    types = Types(tree, rules.columns)
    kind = types.of(tree)
    _check_whole(tree, types, rules)
    for constant, wanted in types.dates:
        constant.replace(exp.cast(constant.copy(), wanted))
    safe = _safe(tree)
    return Expression(
        safe.sql(dialect="duckdb", identify=True),
        safe,
        frozenset(names),
        additive=_is_additive(tree),
        kind=kind,
    )


def _check_whole(tree: exp.Expr, types: Types, rules: Rules) -> None:
    kind = types.of(tree)
    if rules.gives == "boolean":
        types.condition(tree)
    elif rules.gives == "number" and kind not in ("number", "any"):
        raise _Refused(f"{said(tree)} is no number.{COUNT_IT * (kind == 'boolean')}")


@functools.lru_cache(maxsize=4096)
def _parse(text: str) -> exp.Expr:
    if len(text) > LONGEST_TEXT:
        raise _Refused(f"is longer than {LONGEST_TEXT:,} characters.")
    try:
        tree = sqlglot.parse_one(text, dialect="duckdb")
        tokens = sqlglot.tokenize(text, read="duckdb")
    except (SqlglotError, RecursionError) as error:
        reason = str(error).split("\n", 1)[0].removesuffix(".")
        raise _Refused(f"'{text}' is not an expression ({reason}).") from None
    if any(token.comments for token in tokens):
        raise _Refused(f"'{text}': comments are not allowed inside an expression.")
    for token in tokens:
        hidden = [sign for sign in token.text if not sign.isprintable()]
        if hidden and token.token_type is not TokenType.STRING:
            raise _Refused(f"holds an invisible character (U+{ord(hidden[0]):04X}). Type '{text}' again by hand.")
    return tree


def _check_node(node: exp.Expr, rules: Rules) -> None:
    shown = node.sql(dialect="duckdb")
    if isinstance(node, exp.Column) and (node.table or not isinstance(node.this, exp.Identifier)):
        raise _Refused(f"'{shown}': write the {rules.columns_are} alone, without the table before it.")
    if isinstance(node, _CASTS):
        kind = node.to.sql(dialect="duckdb").split("(")[0]
        if kind not in _CAST_TYPES:
            raise _Refused(f"cast to '{kind}' is not allowed. Allowed: {', '.join(sorted(_CAST_TYPES)).lower()}.")
    elif isinstance(node, exp.Var) and node.name.upper() not in _UNITS:
        raise _Refused(f"'{node.name}' is not a unit. Allowed: {', '.join(sorted(_UNITS)).lower()}.")
    elif isinstance(node, exp.Star) and (not isinstance(node.parent, exp.Count) or any(node.args.values())):
        raise _Refused("'*' is allowed only in count(*).")
    elif isinstance(node, exp.Where) and not isinstance(node.parent, exp.Filter):
        raise _Refused(f"'{shown}': WHERE is allowed only inside FILTER (...).")
    elif isinstance(node, (*_AGGREGATES, *_AGGREGATE_PARTS)):
        if not rules.aggregates:
            raise _Refused(f"'{shown}': an aggregate is not allowed here, only an expression over one row.")
    elif isinstance(node, exp.Literal) and not node.is_string and not abs(float(node.name)) <= LARGEST_NUMBER:
        raise _Refused(f"'{shown}' is larger than any number here; write at most {LARGEST_NUMBER:.0e}.")
    elif isinstance(node, exp.RegexpLike) and not isinstance(node.expression, exp.Literal):
        raise _Refused(f"'{shown}': the pattern of regexp_matches is a text constant, such as '^https'.")
    elif isinstance(node, exp.Replace):
        _check_replacement(node)
    elif _is_points(node):
        if len(node.expressions) != 1:
            raise _Refused(f"'{shown}': points takes one condition, such as points(employees >= 50).")
    elif not isinstance(node, (*_OPERATORS, *_LEAVES, *FUNCTIONS)):
        raise _Refused(f"'{shown}' is not allowed. {_what_is_allowed(node)}")


def _check_replacement(node: exp.Replace) -> None:
    """Each replacement may make a text longer by as much as it puts in, and nested ones multiply."""
    new = node.args.get("replacement")
    is_short = new is None or (isinstance(new, exp.Literal) and len(new.name) <= LONGEST_REPLACEMENT)
    if not is_short:
        raise _Refused(f"replace puts in a constant of at most {LONGEST_REPLACEMENT} characters, not '{new}'.")
    if len(list(node.find_all(exp.Replace))) > MOST_REPLACEMENTS:
        raise _Refused(f"replace stands at most {MOST_REPLACEMENTS} times inside each other.")


def _what_is_allowed(node: exp.Expr) -> str:
    if not isinstance(node, exp.Func):
        return "Allowed: columns, constants, arithmetic, comparisons, and/or/not, in (...), CASE, casts and functions."
    names = {function.name for function in (*FUNCTIONS.values(), *AGGREGATES.values())} | {"if", POINTS}
    return did_you_mean(node.name or node.sql_name(), names, "Allowed functions")


def _check_aggregation(tree: exp.Expr, rules: Rules) -> None:
    """With aggregates allowed: every column stands inside exactly one aggregate."""
    if not rules.aggregates:
        return
    found = list(tree.find_all(*_AGGREGATES))
    if not found:
        raise _Refused(f"'{tree.sql(dialect='duckdb')}' has no aggregate such as count(*), sum(...) or avg(...).")
    for aggregate in found:
        if aggregate.find_ancestor(*_AGGREGATES, exp.Where):
            raise _Refused(f"'{aggregate.sql(dialect='duckdb')}': an aggregate inside an aggregate is not allowed.")
    for column in tree.find_all(exp.Column):
        if column.find_ancestor(*_AGGREGATES, exp.Filter) is None:
            raise _Refused(f"'{column.name}' stands outside of an aggregate: wrap it, for example sum({column.name}).")


def _is_additive(tree: exp.Expr) -> bool:
    """One count or sum, not distinct, possibly filtered, times or divided by constants."""
    node = tree
    while isinstance(node, (exp.Paren, exp.Filter, exp.Neg)):
        node = node.this
    if isinstance(node, (exp.Mul, exp.Div)) and isinstance(node.expression, exp.Literal):
        return _is_additive(node.this)
    if isinstance(node, (exp.Add, exp.Sub)):
        return _is_additive(node.this) and _is_additive(node.expression)
    return isinstance(node, (exp.Count, exp.Sum)) and not isinstance(node.this, exp.Distinct)


def _safe(tree: exp.Expr) -> exp.Expr:
    """The tree with every part that could go wrong in a row replaced, inner ones first: none hides inside another."""
    safe = tree.copy()
    for node in reversed(list(safe.bfs())):
        better = _safe_part(node)
        if node is safe:
            safe = better
        elif better is not node:
            node.replace(better)
    return safe


def _safe_part(node: exp.Expr) -> exp.Expr:
    if isinstance(node, (exp.Div, exp.Mod)) and not isinstance(node.expression, exp.Nullif):
        # DuckDB answers 1/0 with infinity; an answer must be empty instead.
        node.set("expression", exp.Nullif(this=node.expression.copy(), expression=exp.Literal.number(0)))
    elif isinstance(node, exp.Cast) and not isinstance(node, exp.TryCast):
        return exp.TryCast(this=node.this.copy(), to=node.to.copy())
    elif _is_points(node):
        # A condition whose answer is unknown earns nothing: CASE takes NULL for not true.
        return exp.Case().when(node.expressions[0].copy(), exp.Literal.number(1)).else_(exp.Literal.number(0))
    return node


def _is_points(node: exp.Expr) -> bool:
    return isinstance(node, exp.Anonymous) and node.name.lower() == POINTS
