"""One metric of a definition file to its kind: keys, expressions and steps, with every problem. Opens no file."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from data.description import TableDescription
from data.errors import Problems, did_you_mean
from data.expression_functions import ANY
from data.expressions import Expression, Rules, parse_expression
from data.rules import RuleBook
from data.yaml_files import Fields, Node
from metrics.duration_files import DURATION_KEYS, read_duration
from metrics.funnel_files import FUNNEL_KEYS, read_funnel
from metrics.kinds import (
    AT_COARSER_GRAIN,
    BANDS,
    GOOD,
    MEASURES,
    OWNERS,
    TAKES,
    UNITS,
    Aggregate,
    Credit,
    Cumulative,
    Formula,
    Input,
    Metric,
    Ratio,
    Take,
)
from metrics.moves import MedianCycle, Shift, StartOf, ToDate, Trailing

__all__ = ["DESCRIBED", "Reading", "columns_of", "described", "read_metric", "read_where"]


DESCRIBED = ("label", "description")

COMMON_KEYS = (*DESCRIBED, "short_label", "kind", "unit", "good", "band", "owner", "where", "tags")
OWN_KEYS: Mapping[str, tuple[str, ...]] = {
    "aggregate": ("table", "expr", "time", "take", "over", "per"),
    "ratio": ("numerator", "denominator"),
    "formula": ("expr", "inputs"),
    "cumulative": ("of", "window", "to_date", "at_coarser_grain"),
    "funnel": FUNNEL_KEYS,
    "duration": DURATION_KEYS,
    "credit": ("measure",),
}
INPUT_KEYS = ("metric", "where", "shift")
BALANCE_KEYS = ("open_from", "open_until")
# Of the other kinds it follows from what they are made of.
WITH_A_UNIT = ("aggregate", "formula", "cumulative", "duration", "credit")
MEDIAN_CYCLE = "median cycle"
SHIFT = rf"(?:(\d{{1,3}}) (day|week|month|quarter|year)s?|to start of (week|month|quarter|year)|{MEDIAN_CYCLE})"


@dataclass
class Reading:
    """What readers share: where problems go, what exists, which definitions were seen, and the types of dimensions."""

    problems: Problems
    tables: Mapping[str, TableDescription]
    found: dict[str, dict[str, tuple[Node, bool]]]
    types: dict[str, str] = field(default_factory=dict)
    agreement: Node | None = None
    book: RuleBook | None = None

    def names(self, section: str) -> list[str]:
        return list(self.found[section])


def described(
    fields: Fields, name: str, node: Node, is_standard: bool, *, in_a_sentence: bool = True
) -> dict[str, Any]:
    return {
        "name": name,
        "label": fields.text("label", required=True) or name,
        "description": fields.text("description", required=in_a_sentence) or "",
        "place": node.place,
        "is_standard": is_standard,
    }


def columns_of(reading: Reading, table: str) -> dict[str, str]:
    """Names and types of a table's columns, those without an answer included."""
    description = reading.tables.get(table)
    return {name: column.type for name, column in description.columns.items()} if description else {}


def read_metric(name: str, node: Node, is_standard: bool, reading: Reading) -> Metric | None:
    kind_node = node.value.get("kind") if isinstance(node.value, dict) else None
    kind = str(kind_node.value) if kind_node is not None else None
    own = OWN_KEYS.get(kind or "", ())
    # Of an unknown kind, the own keys of all kinds pass, so that one mistake gives one problem.
    known = own or tuple(key for keys in OWN_KEYS.values() for key in keys)
    fields = Fields(node, reading.problems, name, (*COMMON_KEYS, *known))
    kind = fields.choice("kind", OWN_KEYS, required=True)
    common = described(fields, name, node, is_standard) | {
        "unit": fields.choice("unit", UNITS, required=kind in WITH_A_UNIT) or "ratio",
        "short_label": fields.text("short_label") or "",
        "good": fields.choice("good", GOOD) or "neither",
        "band": fields.choice("band", BANDS),
        "owner": fields.choice("owner", OWNERS) or "both",
        "tags": fields.texts("tags"),
        "where": read_where(fields, reading),
    }
    if kind is None:
        return None
    return _KINDS[kind](fields, common, reading)


def read_where(fields: Fields, reading: Reading) -> Expression | None:
    """The condition `where` over dimension names."""
    text = fields.text("where")
    if text is None:
        return None
    types = {name: reading.types.get(name, ANY) for name in reading.names("dimensions")}
    rules = Rules(types, columns_are="dimension", gives="boolean")
    return parse_expression(text, rules, fields.values["where"].place, reading.problems, fields.subject)


def _aggregate(fields: Fields, common: dict[str, Any], reading: Reading) -> Aggregate | None:
    table = fields.choice("table", reading.tables, required=True)
    text = fields.text("expr", required=True)
    if table is None:
        return None
    columns = columns_of(reading, table)
    expr = None
    if text is not None:
        rules = Rules(columns, aggregates=True, gives="number")
        expr = parse_expression(text, rules, fields.values["expr"].place, reading.problems, fields.subject)
    time, until = _time(fields, table, columns)
    take = _take(fields, table, columns, time) if "take" in fields else None
    if take is not None and until is not None:
        fields.report("take", "a balance is valued at the end of a period already: 'take' needs one date in 'time'.")
    for key in ("over", "per"):
        if key in fields and "take" not in fields:
            fields.report(key, f"'{key}' belongs to 'take', which is missing (last or first).")
    return Aggregate(**common, table=table, expr=expr, time=time, until=until, take=take) if expr and time else None


def _take(fields: Fields, table: str, columns: Mapping[str, str], time: str | None) -> Take | None:
    """{take, over, per}: one row per `per`, the last or first by `over`, which is the column of `time` if not given."""
    which = fields.choice("take", TAKES)
    over, node = fields.text("over") or time, fields.child("per")
    per = (node.value,) if node is not None and isinstance(node.value, str) else fields.texts("per")
    if "per" not in fields:
        fields.report("take", "'take' needs 'per': the column, or a list of columns, of which one row each is taken.")
    for key, names in (("over", [over] if over else []), ("per", per)):
        for name in names:
            if name not in columns:
                hint = did_you_mean(name, columns)
                fields.report(key if key in fields else "take", f"table {table} has no column '{name}'. {hint}")
    return Take(which, over, tuple(per)) if which and over and per else None


def _time(fields: Fields, table: str, columns: Mapping[str, str]) -> tuple[str | None, str | None]:
    """A date column, or for a balance the two between which a row counts: {open_from, open_until}."""
    node = fields.child("time")
    if node is None or not isinstance(node.value, dict):
        fields.text("time", required=True)
        return _date_column("time", fields, table, columns), None
    own = Fields(node, fields.problems, f"{fields.subject}.time", BALANCE_KEYS)
    for key in BALANCE_KEYS:
        own.text(key, required=True)
    opened, until = (_date_column(key, own, table, columns) for key in BALANCE_KEYS)
    return (opened, until) if opened and until else (None, None)


def _date_column(key: str, fields: Fields, table: str, columns: Mapping[str, str]) -> str | None:
    node = fields.child(key)
    name = node.value if node is not None and isinstance(node.value, str) else None
    if name is None or columns.get(name) == "DATE":
        return name
    dates = [known for known, kind in columns.items() if kind == "DATE"]
    fields.report(key, f"'{key}' is '{name}'; it must be a date column of {table}. {did_you_mean(name, dates)}")
    return None


def _ratio(fields: Fields, common: dict[str, Any], reading: Reading) -> Ratio | None:
    numerator, denominator = _input("numerator", fields, reading), _input("denominator", fields, reading)
    if numerator is None or denominator is None:
        return None
    return Ratio(**common, numerator=numerator, denominator=denominator)


def _input(key: str, fields: Fields, reading: Reading) -> Input | None:
    """A metric name, or a mapping {metric, where, shift}."""
    node = fields.child(key)
    if node is None or not isinstance(node.value, dict):
        name = fields.text(key, required=True)
        return Input(name) if name else None
    own = Fields(node, reading.problems, f"{fields.subject}.{key}", INPUT_KEYS)
    name = own.text("metric", required=True)
    shift = _shift(own)
    return Input(name, read_where(own, reading), shift) if name else None


def _shift(fields: Fields) -> Shift | StartOf | MedianCycle | None:
    """`1 month` earlier, `to start of month` for the first day of the month, or as long as a sale takes."""
    text = fields.text("shift")
    if text is None:
        return None
    match = re.fullmatch(SHIFT, text)
    if match is None:
        units = "days, weeks, months, quarters or years"
        words = f"write a number of {units}, or: to start of month, or: {MEDIAN_CYCLE}."
        fields.report("shift", f"'shift' is '{text}'; {words}")
        return None
    if text == MEDIAN_CYCLE:
        return MedianCycle()
    return StartOf(match[3]) if match[3] else Shift(int(match[1]), match[2])


def _credit(fields: Fields, common: dict[str, Any], _: Reading) -> Credit | None:
    measure = fields.choice("measure", MEASURES, required=True)
    return Credit(**common, measure=measure) if measure else None


def _cumulative(fields: Fields, common: dict[str, Any], reading: Reading) -> Cumulative | None:
    """`of` a metric, over a `window` of days or `to_date` since a period began."""
    of, text = _input("of", fields, reading), fields.text("window")
    unit = fields.choice("to_date", TO_DATE)
    match = re.fullmatch(r"(\d{1,4}) days?", text or "")
    if text is not None and (match is None or int(match[1]) == 0):
        fields.report("window", f"'window' is '{text}'; write a number of days such as 28 days.")
        return None
    if ("window" in fields) == ("to_date" in fields):
        what = "a cumulative metric has either a 'window' such as 28 days, or 'to_date' such as month."
        fields.report("window" if "window" in fields else "of", what)
        return None
    window = Trailing(int(match[1])) if match else ToDate(TO_DATE[unit]) if unit else None
    if of is None or window is None:
        return None
    coarser = fields.choice("at_coarser_grain", AT_COARSER_GRAIN) or "last"
    return Cumulative(**common, of=of, window=window, at_coarser_grain=coarser)


def _formula(fields: Fields, common: dict[str, Any], reading: Reading) -> Formula | None:
    """Arithmetic in which each metric stands in braces: "{won_revenue} - {spend}"; `inputs` narrow some of them."""
    text = fields.text("expr", required=True)
    node = fields.child("inputs")
    own = Fields(node, fields.problems, f"{fields.subject}.inputs", node.keys) if node is not None else None
    given = {name: _input(name, own, reading) for name, _ in fields.entries("inputs")} if own else {}
    if text is None:
        return None
    names = list(dict.fromkeys(re.findall(r"\{(\w+)\}", text)))
    place, subject = fields.values["expr"].place, fields.subject
    for name in given.keys() - set(names):
        fields.report("inputs", f"the input '{name}' does not stand in 'expr': write it there as {{{name}}}.")
    if not names or re.search(r"[{}]", re.sub(r"\{\w+\}", "", text)):
        braces = "write each metric in braces, for example {won_revenue} - {spend}"
        fields.report("expr", f"'expr' is '{text}'; {braces}.")
        return None
    rules = Rules(dict.fromkeys(names, "DOUBLE"), columns_are="metric in braces", gives="number")
    expr = parse_expression(re.sub(r"\{(\w+)\}", r'"\1"', text), rules, place, fields.problems, subject)
    inputs = [(name, given.get(name, Input(name))) for name in names]
    if expr is None or any(found is None for _, found in inputs):
        return None
    return Formula(**common, expr=expr, inputs=tuple((name, found) for name, found in inputs if found is not None))


# As written, and the grain of the calendar.
TO_DATE = {"week": "week", "month": "month", "quarter": "quarter", "fiscal_year": "year"}

_KINDS: Mapping[str, Callable[[Fields, dict[str, Any], Reading], Metric | None]] = {
    "aggregate": _aggregate,
    "ratio": _ratio,
    "formula": _formula,
    "cumulative": _cumulative,
    "credit": _credit,
    "funnel": read_funnel,
    "duration": lambda fields, common, reading: read_duration(fields, common, reading.tables),
}
