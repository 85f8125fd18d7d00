"""Which kind of value each part of an expression gives, and the sentence where two do not fit. Runs nothing.

There are six kinds: text, number, boolean, date, timestamp, and any, which is NULL or a column of an unknown type and
fits everywhere. A text constant that is an ISO date is a date wherever a date is wanted.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping

from sqlglot import exp

from data.expression_functions import AGGREGATES, CASTS, FUNCTIONS, POINTS, SAID, TIMES, Kind, kind_of_column

__all__ = ["Mismatch", "Types", "said"]


class Mismatch(Exception):
    """The sentence for the first two things in an expression that do not fit."""


_EXTREMES = (exp.Min, exp.Max, exp.AnyValue)
_EQUALITIES = (exp.EQ, exp.NEQ, exp.NullSafeEQ, exp.NullSafeNEQ)
_ORDERINGS = (exp.GT, exp.GTE, exp.LT, exp.LTE)
_ARITHMETIC = (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod)


def said(node: exp.Expr) -> str:
    """A part of an expression as a sentence names it: 'channel', 5, 'it''s'."""
    if isinstance(node, exp.Column):
        return f"'{node.name}'"
    shown = node.sql(dialect="duckdb")
    return shown if isinstance(node.unnest(), (exp.Literal, exp.Boolean, exp.Neg)) else f"'{shown}'"


class Types:
    """The kinds of all parts of one tree, inner ones first. Raises Mismatch.

    `dates` are the text constants that stand for a date, with its kind: engines do not agree on what a text is beside
    a date, so whoever generates SQL casts them.
    """

    def __init__(self, tree: exp.Expr, columns: Mapping[str, str]) -> None:
        self.columns = columns
        self.dates: list[tuple[exp.Expr, Kind]] = []
        self._kinds: dict[int, Kind] = {}
        # Not by recursion: an expression may be as deep as it has parts.
        for node in reversed(list(tree.bfs())):
            self._kinds[id(node)] = self._kind(node)

    def of(self, node: exp.Expr) -> Kind:
        return self._kinds[id(node)]

    def _kind(self, node: exp.Expr) -> Kind:
        for types, read in _READERS:
            if isinstance(node, types):
                return read(self, node)
        return "any"

    def condition(self, node: exp.Expr) -> None:
        """Raises Mismatch where a part that must be true or false is something else."""
        kind = self.of(node)
        if kind not in ("boolean", "any"):
            node = node.unnest()
            shown = node.name if isinstance(node, exp.Column) else node.sql(dialect="duckdb")
            such = {"number": "> 0", "text": "= 'social'"}.get(kind, "< '2026-01-31'")
            raise Mismatch(f"{said(node)} is no condition: compare it with something, such as {shown} {such}.")

    def _leaf(self, node: exp.Expr) -> Kind:
        if isinstance(node, exp.Column):
            return kind_of_column(self.columns.get(node.name, ""))
        if isinstance(node, exp.Literal):
            return "text" if node.is_string else "number"
        return "boolean" if isinstance(node, exp.Boolean) else "any"

    def _same(self, node: exp.Expr) -> Kind:
        """Of parentheses, a filtered aggregate and a distinct list: the kind of what is in it."""
        if isinstance(node, exp.Filter):
            self.condition(node.expression.this)
        inner = node.expressions[0] if isinstance(node, exp.Distinct) else node.this
        if isinstance(node, exp.Distinct) and len(node.expressions) > 1:
            raise Mismatch("count(distinct ...) takes one column, not several.")
        return self.of(inner) if isinstance(inner, exp.Expr) else "any"

    # -- operators ---------------------------------------------------------------------------------------------------

    def _connected(self, node: exp.Expr) -> Kind:
        for part in (node.this, node.args.get("expression")):
            if part is not None:
                self.condition(part)
        return "boolean"

    def _is(self, node: exp.Expr) -> Kind:
        if isinstance(node.expression, exp.Boolean):
            self.condition(node.this)
        return "boolean"

    def _arithmetic(self, node: exp.Expr) -> Kind:
        parts = [part for part in (node.this, node.args.get("expression")) if part is not None]
        kinds = [self.of(part) for part in parts]
        if isinstance(node, (exp.Add, exp.Sub)) and kinds[0] == "date" and kinds[1] in ("number", "any"):
            return "date"
        if isinstance(node, exp.Sub) and set(kinds) <= {*TIMES}:
            first, second = (part.sql(dialect="duckdb") for part in parts)
            raise Mismatch(f"'{first} - {second}' counts no days: write date_diff('day', {second}, {first}).")
        for part, kind in zip(parts, kinds, strict=True):
            if kind not in ("number", "any"):
                hint = f" Write points({part.sql(dialect='duckdb')}) to count it as 1 or 0." * (kind == "boolean")
                shown = node.sql(dialect="duckdb")
                raise Mismatch(f"'{shown}' counts with numbers; {said(part)} is {SAID[kind]}.{hint}")
        return "number"

    def _joined(self, node: exp.Expr) -> Kind:
        if not {self.of(node.this), self.of(node.expression)} & {"text", "any"}:
            raise Mismatch(f"'{node.sql(dialect='duckdb')}' joins no text: one side of || must be text.")
        return "text"

    def _compared(self, node: exp.Expr) -> Kind:
        self._comparable(node.this, node.expression, _sign(node))
        if isinstance(node, _ORDERINGS) and "boolean" in (self.of(node.this), self.of(node.expression)):
            raise Mismatch(f"'{node.sql(dialect='duckdb')}' orders true and false: write = or <>.")
        return "boolean"

    def _among(self, node: exp.Expr) -> Kind:
        is_list = isinstance(node, exp.In)
        others = node.expressions if is_list else [node.args["low"], node.args["high"]]
        if not others:
            raise Mismatch(f"'{node.sql(dialect='duckdb')}': in takes a list, such as channel in ('social', 'search').")
        for other in others:
            self._comparable(node.this, other, "in" if is_list else "between")
        return "boolean"

    def _like(self, node: exp.Expr) -> Kind:
        for part in (node.this, node.expression):
            self._wanted(part, ("text",), _sign(node))
        return "boolean"

    def _case(self, node: exp.Expr) -> Kind:
        if not isinstance(node, exp.Case):
            # The parts of a CASE are judged there, since only it knows whether it compares or asks.
            return "any" if node.arg_key == "ifs" else self._branches(node, [node])
        for part in node.args["ifs"]:
            if node.this is not None:
                self._comparable(node.this, part.this, "=")
        return self._branches(node, node.args["ifs"])

    def _branches(self, node: exp.Expr, ifs: list[exp.Expr]) -> Kind:
        if node is ifs[0] or node.this is None:  # else each part was compared with what stands after CASE
            for part in ifs:
                self.condition(part.this)
        last = node.args.get("default") if isinstance(node, exp.Case) else node.args.get("false")
        values = [part.args["true"] for part in ifs] + ([last] if last is not None else [])
        return self._common(values, "CASE" if isinstance(node, exp.Case) else "if")

    def _cast(self, node: exp.Expr) -> Kind:
        wanted = kind_of_column(node.args["to"].sql(dialect="duckdb"))
        kind = self.of(node.this)
        if kind not in CASTS[wanted]:
            raise Mismatch(f"{said(node.this)} is {SAID[kind]}, which cannot be cast to {SAID[wanted]}.")
        is_constant = isinstance(node.this, exp.Literal) and node.this.is_string
        if is_constant and wanted in TIMES and not _iso(node.this.name):
            raise Mismatch(f"{said(node.this)} is no date: write one such as '2026-01-31'.")
        return wanted

    # -- functions ---------------------------------------------------------------------------------------------------

    def _call(self, node: exp.Expr) -> Kind:
        function = FUNCTIONS[type(node)]
        for key, value in node.args.items():
            parts = value if isinstance(value, list) else [value]
            given = [part for part in parts if isinstance(part, exp.Expr) and not isinstance(part, exp.Var)]
            if given and key not in function.takes:
                raise Mismatch(f"{function.name} does not take {said(given[0])}.")
            for part in given:
                self._wanted(part, function.takes[key], function.name)
        if function.gives is not None:
            return function.gives
        others = [node.expression] if isinstance(node, exp.Nullif) else node.expressions
        if isinstance(node, exp.Nullif):
            self._comparable(node.this, node.expression, "=")
        return self._common([node.this, *others], function.name)

    def _points(self, node: exp.Expr) -> Kind:
        if node.name.lower() == POINTS and len(node.expressions) == 1:
            self.condition(node.expressions[0])
        return "number"

    def _aggregate(self, node: exp.Expr) -> Kind:
        function = AGGREGATES[type(node)]
        if node.this is None or isinstance(node.this, exp.Star):
            return "number"
        kind = self.of(node.this)
        if isinstance(node, _EXTREMES):
            self._shows_no_text(node, function.name)
        if kind != "any" and kind not in function.takes["this"]:
            dates = "" if isinstance(node, (exp.Sum, exp.Avg, exp.Median)) else " and dates"
            count = f": write count(*) filter (where {node.this.sql(dialect='duckdb')})" * (kind == "boolean")
            raise Mismatch(f"{function.name} is only for numbers{dates}; {said(node.this)} is {SAID[kind]}{count}.")
        return function.gives or kind

    def _shows_no_text(self, node: exp.Expr, name: str) -> None:
        """An extreme of a text, or of a text that was cast, would show one row's value."""
        cast = (part.this for part in node.find_all(exp.Cast, exp.TryCast) if not isinstance(part.this, exp.Literal))
        for part in [node.this, *cast]:
            if self.of(part) == "text":
                shown = next((said(one) for one in part.find_all(exp.Column) if self.of(one) == "text"), said(part))
                raise Mismatch(f"{name} is only for numbers and dates; {shown} is text and would show one row's value.")

    # -- kinds that must agree ---------------------------------------------------------------------------------------

    def _wanted(self, node: exp.Expr, kinds: tuple[Kind, ...], by: str) -> None:
        kind = self.of(node)
        if kind == "any" or kind in kinds or self._is_date(node, kinds):
            return
        wanted = " or ".join(SAID[one] for one in kinds)
        how = f": write cast({node.sql(dialect='duckdb')} as text)" * (kinds == ("text",))
        raise Mismatch(f"{by} takes {wanted}; {said(node)} is {SAID[kind]}{how}.")

    def _comparable(self, one: exp.Expr, other: exp.Expr, sign: str) -> None:
        kinds = self.of(one), self.of(other)
        if "any" in kinds or kinds[0] == kinds[1] or set(kinds) == {*TIMES}:
            return
        if self._is_date(other, (kinds[0],)) or self._is_date(one, (kinds[1],)):
            return
        what = f"{said(one)} is {SAID[kinds[0]]} and {said(other)} is {SAID[kinds[1]]}"
        raise Mismatch(f"{what}: {_how_to_compare(one, other, kinds, sign)}.")

    def _is_date(self, node: exp.Expr, kinds: tuple[Kind, ...]) -> bool:
        """Whether a text constant stands for a date or a time here; remembered, so that it is cast."""
        wanted = next((kind for kind in kinds if kind in TIMES), None)
        inner = node.unnest()
        if wanted is None or not (isinstance(inner, exp.Literal) and inner.is_string and _iso(inner.name)):
            return False
        self.dates.append((inner, "timestamp" if len(inner.name) > len("2026-01-31") else wanted))
        return True

    def _common(self, values: Iterable[exp.Expr], by: str) -> Kind:
        """The kind that all values have; a timestamp among dates makes all of them timestamps."""
        known = [(value, self.of(value)) for value in values if self.of(value) != "any"]
        for value, kind in known[1:]:
            first, wanted = known[0]
            if kind == wanted or {kind, wanted} == {*TIMES}:
                continue
            if not (self._is_date(value, (wanted,)) or self._is_date(first, (kind,))):
                what = f"{said(first)} is {SAID[wanted]} and {said(value)} is {SAID[kind]}"
                raise Mismatch(f"{by} gives one kind of value; {what}.")
        kinds = {kind for _, kind in known}
        return next((kind for kind in ("timestamp", "date") if kind in kinds), known[0][1] if known else "any")


def _sign(node: exp.Expr) -> str:
    signs: dict[type[exp.Expr], str] = {
        exp.EQ: "=",
        exp.NEQ: "<>",
        exp.GT: ">",
        exp.GTE: ">=",
        exp.LT: "<",
        exp.LTE: "<=",
    }
    words: dict[type[exp.Expr], str] = {exp.Like: "like", exp.ILike: "ilike", exp.NullSafeEQ: "is not distinct from"}
    return {**signs, **words}.get(type(node), "is distinct from")


def _how_to_compare(one: exp.Expr, other: exp.Expr, kinds: tuple[Kind, Kind], sign: str) -> str:
    shown, constant = one.sql(dialect="duckdb"), other.sql(dialect="duckdb")
    if sign in ("in", "between") or not isinstance(other, exp.Literal):
        return "compare what is alike, or make it so with cast(... as text)"
    if kinds == ("text", "number"):
        return f"write {shown} {sign} '{constant}'"
    if kinds[0] in TIMES:
        return f"write {shown} {sign} '2026-01-31'"
    if kinds[0] == "boolean":
        return f"write {shown}, or not {shown}"
    is_number = re.fullmatch(r"-?\d+(\.\d+)?", other.name)
    return f"write {shown} {sign} {other.name}" if is_number else f"write a number, or cast({shown} as text)"


def _iso(text: str) -> bool:
    """Whether a text is a date such as 2026-01-31, or one with a time of no zone."""
    if not re.match(r"\d{4}-\d\d-\d\d([ T]|$)", text):
        return False
    try:
        return dt.datetime.fromisoformat(text).tzinfo is None
    except ValueError:
        return False


_READERS: tuple[tuple[tuple[type[exp.Expr], ...], Callable[[Types, exp.Expr], Kind]], ...] = (
    ((exp.Column, exp.Literal, exp.Boolean, exp.Null), Types._leaf),
    ((exp.Paren, exp.Filter, exp.Distinct, exp.IgnoreNulls), Types._same),
    ((exp.And, exp.Or, exp.Not), Types._connected),
    ((exp.Is,), Types._is),
    ((*_ARITHMETIC, exp.Neg), Types._arithmetic),
    ((exp.DPipe,), Types._joined),
    ((*_EQUALITIES, *_ORDERINGS), Types._compared),
    ((exp.In, exp.Between), Types._among),
    ((exp.Like, exp.ILike), Types._like),
    ((exp.Case, exp.If), Types._case),
    ((exp.Cast, exp.TryCast), Types._cast),
    ((exp.Anonymous,), Types._points),
    (tuple(AGGREGATES), Types._aggregate),
    (tuple(FUNCTIONS), Types._call),
)
