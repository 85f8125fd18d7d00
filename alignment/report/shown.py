"""A table as a document shows it: its cells as words, no empty columns, cut where it is too long. Draws nothing."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from alignment.dates import day
from alignment.numbers import MISSING, money
from alignment.report.contents import Chart, Column, Table, Value
from alignment.report.sentences import in_table
from alignment.report.tables import UNATTRIBUTED
from alignment.tokens import Owner

__all__ = ["Shown", "bar_texts", "breakable", "number_format", "plain", "shares", "shortened", "shown", "told"]

# A word of CRM text that is longer may break after so many letters, so that no column becomes as wide as the page.
_LONGEST_WORD = 22
_BREAK = "\u200b"
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029\ud800-\udfff\ufffe\uffff]")
# These turn the direction of what follows them, the report's own words too.
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True)
class Shown:
    """`rows` are words; `subs` what stands small below the first cell of a row; `owners` whose a row is, if any's."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    subs: tuple[str, ...]
    owners: tuple[Owner | None, ...]
    notes: tuple[str, ...]


def shown(table: Table, currency: str, most: int | None = None) -> Shown:
    """The table in words, at most `most` rows of it, and what was cut among its notes."""
    limit = min(len(table.rows), most or len(table.rows), table.shown or len(table.rows))
    kept = _kept(table, limit)
    columns = [
        index
        for index, column in enumerate(table.columns)
        if not column.beside and not (column.is_number and all(row[index] is None for row in table.rows))
    ]
    cut = len(table.rows) - limit
    notes: tuple[str, ...] = (f"{cut} more rows are in the workbook and the CSV files.",) if cut else ()
    if not table.rows:
        notes = ("Nothing in this month.",)
    return Shown(
        table.title,
        tuple(table.columns[index] for index in columns),
        tuple(
            tuple(_words(table, place, index, currency) for index in columns) for place in kept
        ),
        tuple(_beside(table, table.rows[row]) for row in kept),
        tuple(table.owners[row] for row in kept) if table.owners else (None,) * limit,
        (*notes, *table.notes),
    )  # fmt: skip


def _kept(table: Table, limit: int) -> list[int]:
    """The rows that are shown: the first ones, but the last one too where it is what no group has."""
    rows = range(len(table.rows))
    if limit < len(rows) and limit > 1 and table.rows[-1][0] == UNATTRIBUTED:
        return [*rows[: limit - 1], rows[-1]]
    return list(rows[:limit])


def _words(table: Table, row: int, column: int, currency: str) -> str:
    value = table.rows[row][column]
    if value is None:
        return MISSING
    if isinstance(value, str):
        return breakable(value)
    return day(value) if isinstance(value, dt.date) else in_table(value, table.unit(row, column), currency)


def _beside(table: Table, row: tuple[Value, ...]) -> str:
    told = (
        str(row[index])
        for index, column in enumerate(table.columns)
        if column.beside and row[index] not in (None, column.usual)
    )
    return ", ".join(told)


def breakable(text: str, longest: int = _LONGEST_WORD) -> str:
    """The text with places where a very long word may break."""
    return re.sub(rf"\S{{{longest}}}(?=\S)", lambda found: found[0] + _BREAK, text)


def bar_texts(chart: Chart, currency: str) -> tuple[str, ...]:
    """The values of a chart in words: money in three digits, everything else as in tables."""
    if chart.unit == "money":
        return tuple(money(value, currency) for value in chart.values)
    return tuple(in_table(value, chart.unit, currency) for value in chart.values)


def shares(chart: Chart) -> tuple[float, ...]:
    """How long each bar is, as a share of the longest. Bars start at zero: a negative value has none."""
    longest = max((value for value in chart.values if value is not None), default=0) or 1
    return tuple(max(0.0, (value or 0) / longest) for value in chart.values)


def number_format(chart: Chart, currency: str) -> str:
    """How a spreadsheet program writes the numbers of a chart: rates to a tenth of a percent, money in k or M."""
    if chart.unit == "ratio":
        return "0.0%"
    if chart.unit != "money":
        return "#,##0"
    symbol = money(0, currency).removesuffix("0")
    largest = max((abs(value) for value in chart.values if value is not None), default=0)
    digits = '#,##0.0,," M"' if largest >= 1e6 else '#,##0," k"' if largest >= 1e4 else "#,##0"
    return f'"{symbol}"{digits}'


def told(chart: Chart) -> set[int]:
    """The bars whose numbers are written where not all can be: the highest, and the last one of upright bars."""
    values = chart.values
    highest = max(range(len(values)), key=lambda index: values[index] or 0.0)
    return {highest, len(values) - 1}


def shortened(text: str, most: int) -> str:
    """At most so many letters: what stands in the middle of a longer text is left out, since names differ at both ends.

    >>> shortened("Webinar 2026: the fast way to pipeline, Europe", 30)
    'Webinar 2026: the f\u2026ne, Europe'
    """
    if len(text) <= most:
        return text
    end = most // 3
    return f"{text[: most - end - 1].rstrip()}\u2026{text[-end:].lstrip()}"


def plain(text: str) -> str:
    """On one line, without the control characters that no such file may hold or that would turn the text around."""
    return _CONTROL.sub(" ", _TURNING.sub("", text))
