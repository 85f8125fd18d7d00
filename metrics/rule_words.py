"""A rule as a person would say it: "score at least 57, and at least 1 form or at least 5 visits". Judges nothing."""

from __future__ import annotations

from collections.abc import Mapping

import sqlglot
from sqlglot import exp

from data.tables import TOUCH_COUNTS

__all__ = ["in_words"]

_OF_COUNTS: Mapping[type[exp.Expr], str] = {
    exp.GTE: "at least",
    exp.GT: "more than",
    exp.LTE: "at most",
    exp.LT: "fewer than",
    exp.EQ: "exactly",
}
_OF_VALUES: Mapping[type[exp.Expr], str] = {
    exp.GTE: "at least",
    exp.GT: "more than",
    exp.LTE: "at most",
    exp.LT: "less than",
    exp.EQ: "is",
    exp.NEQ: "is not",
}


def in_words(text: str) -> str:
    """An accepted condition in plain words; what has no plain words stands as it is written."""
    return _said(sqlglot.parse_one(text, dialect="duckdb"))


def _said(node: exp.Expr) -> str:
    if isinstance(node, exp.Paren):
        return _said(node.this)
    if isinstance(node, exp.And):
        return f"{_said(node.this)}, and {_said(node.expression)}"
    if isinstance(node, exp.Or):
        return f"{_side(node.this)} or {_side(node.expression)}"
    if isinstance(node, exp.Not):
        return f"not ({_said(node.this)})"
    if isinstance(node, exp.In) and node.expressions:
        return f"{_value(node.this)} is {_either([_value(value) for value in node.expressions])}"
    if isinstance(node, exp.Between):
        return f"{_value(node.this)} from {_value(node.args['low'])} to {_value(node.args['high'])}"
    if isinstance(node, exp.Is):
        return (
            f"{_value(node.this)} is {'not known' if isinstance(node.expression, exp.Null) else _said(node.expression)}"
        )
    if type(node) in _OF_VALUES:
        return _compared(node)
    return _value(node)


def _side(node: exp.Expr) -> str:
    """One side of an or: an and inside it is held together by brackets."""
    return f"({_said(node)})" if isinstance(node.unnest(), exp.And) else _said(node)


def _compared(node: exp.Expr) -> str:
    left, right = node.this, node.expression
    if isinstance(left, exp.Column) and left.name in TOUCH_COUNTS and type(node) in _OF_COUNTS:
        number = _value(right)
        return f"{_OF_COUNTS[type(node)]} {number} {_thing(left.name, number == '1')}"
    return f"{_value(left)} {_OF_VALUES[type(node)]} {_value(right)}"


def _thing(count: str, is_one: bool) -> str:
    words = count.replace("_", " ")
    return words.removesuffix("s") if is_one else words


def _value(node: exp.Expr) -> str:
    if isinstance(node, exp.Column):
        return node.name.replace("_", " ")
    if isinstance(node, exp.Literal):
        return str(node.this)
    return node.sql(dialect="duckdb").replace("_", " ")


def _either(values: list[str]) -> str:
    return values[0] if len(values) == 1 else f"{', '.join(values[:-1])} or {values[-1]}"
