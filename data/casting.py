"""Text of a raw column to typed values, as SQL. Runs nothing; says of each type what a wrong value is not.

A date or timestamp column gives three: itself, `__at` (UTC instant) and `__on` (date in the company's zone,
or the date as written where the value has no time).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlglot import exp

from data.engine import quoted
from data.file_specs import FileColumn

__all__ = ["ISO", "Casts", "casts_of", "local_date", "local_instant", "masked", "select_casts", "text_literal"]

ISO = r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?( ?(Z|UTC|[+-]\d{2}(:?\d{2})?))?)?"
_OFFSET = r"\d ?(Z|UTC|[+-]\d{2}(:?\d{2})?)$"
_FIRST_YEAR, _LAST_YEAR = 1900, 2100
_TRUE, _FALSE = ("true", "t", "yes", "y", "1"), ("false", "f", "no", "n", "0")


@dataclass(frozen=True)
class Casts:
    """SELECT items over the text columns (`first`), over those as well (`between`), and over all results (`second`).

    `wrong` is true where a text that is there has no value of the type; `is_not` ends the sentence about it.
    """

    column: str
    first: tuple[str, ...]
    second: tuple[str, ...]
    wrong: str | None
    is_not: str = ""
    between: tuple[str, ...] = ()


def text_literal(text: str) -> str:
    """A text as an SQL literal."""
    return exp.Literal.string(text).sql(dialect="duckdb")


def masked(value: str) -> str:
    """SQL for the first two characters of a text: enough to find the line, too little to say who it is about."""
    return f"CASE WHEN length({value}) > 2 THEN left({value}, 2) || '…' ELSE {value} END"


def local_instant(local: str, zone: str) -> str:
    """SQL for the UTC instant of a local TIMESTAMP. A local time that daylight saving skips is an hour later."""
    return f"(({local}) AT TIME ZONE {text_literal(zone)}) AT TIME ZONE 'UTC'"


def local_date(instant: str, zone: str) -> str:
    """SQL for the date of a UTC TIMESTAMP in a zone."""
    return f"CAST((({instant}) AT TIME ZONE 'UTC') AT TIME ZONE {text_literal(zone)} AS DATE)"


def casts_of(column: FileColumn, zone: str, company_zone: str, decimal: str) -> Casts:
    """How one declared column is cast; `zone` is that of the file."""
    text = quoted(column.name)
    if column.type == "text":
        return Casts(column.name, (), (text,), None)
    if column.is_temporal:
        return _temporal(column, zone, company_zone)
    value, is_not = _VALUES[column.type](text, decimal)
    typed = quoted(f"{column.name}__typed")
    wrong = f"{text} IS NOT NULL AND {typed} IS NULL"
    return Casts(column.name, (f"{value} AS {typed}",), (f"{typed} AS {text}",), wrong, is_not)


def _integer(text: str, decimal: str) -> tuple[str, str]:
    # TRY_CAST alone would round 1.5 to 2. Whole numbers are often exported as 12.0.
    point = "\\" + decimal
    pattern = text_literal(rf"[+-]?\d{{1,18}}({point}0+)?")
    whole = f"regexp_extract({text}, {text_literal('^[^.,]+')})"
    return f"CASE WHEN regexp_full_match({text}, {pattern}) THEN TRY_CAST({whole} AS BIGINT) END", "a whole number"


def _number(text: str, decimal: str) -> tuple[str, str]:
    point = "\\" + decimal
    pattern = text_literal(rf"[+-]?(\d+({point}\d*)?|{point}\d+)([eE][+-]?\d+)?")
    plain = text if decimal == "." else f"replace({text}, ',', '.')"
    value = f"TRY_CAST({plain} AS DOUBLE)"
    return (
        f"CASE WHEN regexp_full_match({text}, {pattern}) AND isfinite({value}) THEN {value} END",
        f"a number (decimal: '{decimal}')",
    )


def _boolean(text: str, _: str) -> tuple[str, str]:
    yes, no = (", ".join(map(text_literal, words)) for words in (_TRUE, _FALSE))
    value = f"CASE WHEN lower({text}) IN ({yes}) THEN true WHEN lower({text}) IN ({no}) THEN false END"
    return value, "true or false"


_VALUES = {"integer": _integer, "number": _number, "boolean": _boolean}


def _temporal(column: FileColumn, zone: str, company_zone: str) -> Casts:
    text, at, on = quoted(column.name), quoted(f"{column.name}__at"), quoted(f"{column.name}__on")
    day = quoted(f"{column.name}__day")
    if column.format:
        values = _formatted(text, column.format, zone, company_zone)
        first = tuple(f"{value} AS {name}" for value, name in zip(values, (at, on, day), strict=True))
        between: tuple[str, ...] = ()
        shape = column.format
    else:
        instant, written = _iso(text, zone)
        first = (f"{instant} AS {at}", f"{written} AS {day}")
        # From the instant as it is known by then: a change of zone costs more than all the rest.
        between = (f"CASE WHEN length({text}) = 10 THEN {day} ELSE {local_date(at, company_zone)} END AS {on}",)
        shape = "%Y-%m-%d" if column.type == "date" else "%Y-%m-%d %H:%M:%S"
    own = day if column.type == "date" else at
    out_of_range = f"year({on}) NOT BETWEEN {_FIRST_YEAR} AND {_LAST_YEAR}"
    return Casts(
        column.name,
        first,
        (f"{own} AS {text}", at, on),
        f"{text} IS NOT NULL AND ({at} IS NULL OR {on} IS NULL OR {out_of_range})",
        f"a {column.type} ({shape}) of {_FIRST_YEAR} to {_LAST_YEAR}",
        between,
    )


def _iso(text: str, zone: str) -> tuple[str, str]:
    """Instant and date as written of an ISO value: a date, a local time, or a time with its offset."""
    is_iso = f"regexp_full_match({text}, {text_literal(ISO)})"
    is_day = f"length({text}) = 10"
    has_offset = f"regexp_matches(substr({text}, 12), {text_literal(_OFFSET)})"
    written = f"TRY_CAST(left({text}, 10) AS DATE)"
    fixed = f"TRY_CAST({text} AS TIMESTAMPTZ) AT TIME ZONE 'UTC'"
    local = local_instant(f"TRY_CAST({text} AS TIMESTAMP)", zone)
    midnight = local_instant(f"CAST({written} AS TIMESTAMP)", zone)
    timed = f"CASE WHEN {has_offset} THEN {fixed} ELSE {local} END"
    return (
        f"CASE WHEN {is_iso} THEN CASE WHEN {is_day} THEN {midnight} ELSE {timed} END END",
        f"CASE WHEN {is_iso} THEN {written} END",
    )


def _formatted(text: str, shape: str, zone: str, company_zone: str) -> tuple[str, str, str]:
    parsed = f"TRY_STRPTIME({text}, {text_literal(shape)})"
    if "%z" in shape:
        instant = f"{parsed} AT TIME ZONE 'UTC'"
        date = local_date(instant, company_zone)
        return instant, date, date
    instant, written = local_instant(parsed, zone), f"CAST({parsed} AS DATE)"
    has_time = any(directive in shape for directive in ("%H", "%I", "%-H", "%-I"))
    return instant, local_date(instant, company_zone) if has_time else written, written


def select_casts(table: str, casts: Iterable[Casts]) -> str:
    """The SELECT that types a table of text: its columns, `_file`, `_line`, and `_wrong`, the first wrong column."""
    found = list(casts)
    first = ["*", *(item for cast in found for item in cast.first)]
    wrong = [f"WHEN {cast.wrong} THEN {text_literal(cast.column)}" for cast in found if cast.wrong]
    case = f"CASE {' '.join(wrong)} END" if wrong else "CAST(NULL AS VARCHAR)"
    second = [item for cast in found for item in cast.second]
    inner = f"SELECT {', '.join(first)} FROM {table}"
    between = [item for cast in found for item in cast.between]
    if between:
        inner = f"SELECT *, {', '.join(between)} FROM ({inner})"
    return f'SELECT "_file", "_line", {", ".join(second)}, {case} AS "_wrong" FROM ({inner})'
