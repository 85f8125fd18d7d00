"""How cells of a workbook are written, and how wide columns and high rows must be to show them. Writes nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from alignment.report.contents import Table, Value
from alignment.report.fonts import lines, widest

__all__ = ["SIZE", "column_width", "header_height", "number_format", "row_height"]

SIZE = 10.0  # of the text in points
# In the widths of a digit, as workbooks count: a longer text wraps.
NARROWEST, WIDEST = 11.0, 46.0
# Height of a line of SIZE, and of the buttons of filters, which stand below the words of a header.
LINE, BUTTON = 13.5, 13.0
# What a cell leaves free on both sides (widths are rounded to pixels), and by how much texts are moved in.
_ROOM, _ROUNDED, _INDENT = 6.0, 1.0, 9.0
# A header takes two lines rather than three.
_OF_A_HEADER = 0.6
_WITH_UNIT = {"days": " days", "months": " months", "hours": " h"}


def number_format(unit: str, value: float, currency: str) -> str:
    """The format of a number by its unit."""
    if unit == "money":
        return f'#,##0.00\\ "{currency}"'
    if unit == "ratio":
        return "0.0%"
    if unit == "times":
        return '0.00"x"'
    if unit in _WITH_UNIT:
        return f'#,##0.0"{_WITH_UNIT[unit]}"'
    return "#,##0" if float(value).is_integer() else "#,##0.0"


def as_shown(value: Value, unit: str, currency: str) -> str:
    """A value as a spreadsheet program shows it by its format."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, dt.date):
        return value.isoformat()
    if unit == "money":
        return f"{value:,.2f} {currency}"
    if unit == "ratio":
        return f"{value:.1%}"
    if unit == "times":
        return f"{value:.2f}x"
    if unit in _WITH_UNIT:
        return f"{value:,.1f}{_WITH_UNIT[unit]}"
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"


def column_width(table: Table, column: int, currency: str) -> float:
    """The width of a column: numbers and words of its header are whole, longer texts wrap within WIDEST."""
    found, face = table.columns[column], widest()
    texts = {as_shown(row[column], table.unit(place, column), currency) for place, row in enumerate(table.rows)}
    longest = max((face.width(text, SIZE) for text in texts), default=0.0)
    header = face.width(found.label, SIZE, bold=True)
    least = max(header * _OF_A_HEADER, *(face.width(word, SIZE, bold=True) for word in found.label.split(" ")))
    indent = 0.0 if found.is_number or column == 0 else _INDENT
    if found.is_number:
        return max(NARROWEST, _in_digits(max(longest, least)))
    own = max(longest, header) + indent
    return max(NARROWEST, _in_digits(least + indent), min(WIDEST, _in_digits(own)))


def row_height(row: Sequence[Value], widths: Sequence[float]) -> float:
    """As high as the lines of its longest text: spreadsheet programs do not all work it out themselves."""
    texts = (
        (value, width, _INDENT if index else 0.0)
        for index, (value, width) in enumerate(zip(row, widths, strict=True))
        if isinstance(value, str)
    )
    most = max((_lines(text, width, indent) for text, width, indent in texts), default=1)
    return LINE * most + 2


def header_height(table: Table, widths: Sequence[float]) -> float:
    """The words of the header, and below them the buttons of its filters."""
    found = (
        _lines(column.label, width, 0.0 if column.is_number or index == 0 else _INDENT, bold=True)
        for index, (column, width) in enumerate(zip(table.columns, widths, strict=True))
    )
    return LINE * max(found) + BUTTON + 2


def _lines(text: str, width: float, indent: float, *, bold: bool = False) -> int:
    room = _in_points(width) - indent
    return sum(lines(part, SIZE, room, bold=bold, face=widest()) for part in (text.splitlines() or [""]))


def _in_digits(points: float) -> float:
    """A width in points as one in digits of the workbook's own font: 7 pixels each and 5 besides; 4 are 3 points."""
    return ((points + _ROOM) / 0.75 - 5) / 7


def _in_points(width: float) -> float:
    return (width * 7 + 5) * 0.75 - _ROOM + _ROUNDED
