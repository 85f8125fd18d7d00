"""The functions that an expression may use, and the kinds of values they take and give. Checks nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from sqlglot import exp

__all__ = [
    "AGGREGATES",
    "ANY",
    "CASTS",
    "EVERY",
    "FUNCTIONS",
    "POINTS",
    "SAID",
    "TIMES",
    "Function",
    "Kind",
    "kind_of_column",
]

Kind = Literal["text", "number", "boolean", "date", "timestamp", "any"]
POINTS = "points"
# The type of a column of which nothing is known, so that nothing is demanded of it.
ANY = "ANY"
TIMES: tuple[Kind, ...] = ("date", "timestamp")
_ORDERED: tuple[Kind, ...] = ("number", *TIMES)
EVERY: tuple[Kind, ...] = ("text", "number", "boolean", *TIMES)

# How a sentence calls each kind.
SAID: Mapping[Kind, str] = {
    "text": "text", "number": "a number", "boolean": "true or false", "date": "a date",
    "timestamp": "a date with a time", "any": "empty",
}  # fmt: skip
# From which kinds a cast to a kind can be made at all.
CASTS: Mapping[Kind, tuple[Kind, ...]] = {
    "text": (*EVERY, "any"),
    "number": ("number", "text", "boolean", "any"),
    "boolean": ("boolean", "text", "number", "any"),
    "date": ("text", *TIMES, "any"),
    "timestamp": ("text", *TIMES, "any"),
    "any": (*EVERY, "any"),
}


@dataclass(frozen=True)
class Function:
    """A function of one row by its DuckDB name: the kinds that each argument may have, by sqlglot's key for it.

    `gives` None is the one kind that all arguments have in common.
    """

    name: str
    takes: Mapping[str, tuple[Kind, ...]]
    gives: Kind | None


def _function(name: str, gives: Kind | None, **takes: Kind | tuple[Kind, ...]) -> Function:
    return Function(name, {key: (kinds,) if isinstance(kinds, str) else kinds for key, kinds in takes.items()}, gives)


# `repeat`, `lpad`, `levenshtein` and list functions ignore interrupts and memory limits: none may stand here.
FUNCTIONS: Mapping[type[exp.Expr], Function] = {
    exp.Abs: _function("abs", "number", this="number"),
    exp.Ceil: _function("ceil", "number", this="number"),
    exp.Coalesce: _function("coalesce", None, this=EVERY, expressions=EVERY),
    exp.Concat: _function("concat", "text", expressions=EVERY),
    exp.Contains: _function("contains", "boolean", this="text", expression="text"),
    exp.DateDiff: _function("date_diff", "number", this=TIMES, expression=TIMES),
    exp.Floor: _function("floor", "number", this="number"),
    exp.Greatest: _function("greatest", None, this=EVERY, expressions=EVERY),
    exp.Least: _function("least", None, this=EVERY, expressions=EVERY),
    exp.Left: _function("left", "text", this="text", expression="number"),
    exp.Length: _function("length", "number", this="text"),
    exp.Lower: _function("lower", "text", this="text"),
    exp.Month: _function("month", "number", this=TIMES),
    exp.Nullif: _function("nullif", None, this=EVERY, expression=EVERY),
    exp.Quarter: _function("quarter", "number", this=TIMES),
    exp.RegexpLike: _function("regexp_matches", "boolean", this="text", expression="text"),
    exp.Replace: _function("replace", "text", this="text", expression="text", replacement="text"),
    exp.Right: _function("right", "text", this="text", expression="number"),
    exp.Round: _function("round", "number", this="number", decimals="number"),
    exp.SplitPart: _function("split_part", "text", this="text", delimiter="text", part_index="number"),
    exp.StartsWith: _function("starts_with", "boolean", this="text", expression="text"),
    exp.Substring: _function("substring", "text", this="text", start="number", length="number"),
    exp.TimestampTrunc: _function("date_trunc", "timestamp", this=TIMES),
    exp.Trim: _function("trim", "text", this="text", expression="text"),
    exp.Upper: _function("upper", "text", this="text"),
    exp.Year: _function("year", "number", this=TIMES),
}
# An extreme of text would show one row's value; NULL `gives` is the kind of the argument.
AGGREGATES: Mapping[type[exp.Expr], Function] = {
    exp.Count: _function("count", "number", this=EVERY),
    exp.Sum: _function("sum", "number", this="number"),
    exp.Avg: _function("avg", "number", this="number"),
    exp.Median: _function("median", "number", this="number"),
    exp.Min: _function("min", None, this=_ORDERED),
    exp.Max: _function("max", None, this=_ORDERED),
    exp.AnyValue: _function("any_value", None, this=_ORDERED),
}


def kind_of_column(duckdb_type: str) -> Kind:
    """The kind of a DuckDB type. Of lists, structs and what else no expression may take apart, any."""
    name = re.split(r"[( ]", duckdb_type.upper())[0]
    if name.endswith("]"):
        return "any"
    if name in ("VARCHAR", "TEXT", "CHAR", "STRING", "ENUM", "UUID"):
        return "text"
    if name.endswith("INT") or name in ("INTEGER", "DECIMAL", "NUMERIC", "DOUBLE", "FLOAT", "REAL"):
        return "number"
    if name == "BOOLEAN" or name == "DATE":
        return "boolean" if name == "BOOLEAN" else "date"
    return "timestamp" if name.startswith("TIMESTAMP") else "any"
