"""The tables of a report as CSV files in one archive: unrounded, dates as ISO. Reads no snapshot."""

from __future__ import annotations

import csv
import datetime as dt
import io
import zipfile

from alignment.report.contents import BY_ROW, Column, Report, Table, Value

__all__ = ["csv_archive", "neutral"]

# What makes a spreadsheet program take a text for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
# Units in words; that of money is the currency.
_UNITS = {"count": "count", "money": "{}", "ratio": "share of 1", "times": "times", "months": "months",
          "days": "days", "hours": "hours"}  # fmt: skip
# An archive's dates are those of nothing: the same month gives the same bytes.
_NO_DATE = (1980, 1, 1, 0, 0, 0)


def csv_archive(report: Report) -> bytes:
    """A ZIP archive with a CSV file per table, one of sentences and one of what a reader must know."""
    files = {f"{table.name}.csv": _table(table, report.currency) for table in report.tables}
    told = [
        (section.title, sentence.text, sentence.evidence)
        for section in report.sections
        for sentence in section.sentences
    ]
    files["sentences.csv"] = _text([("Section", "Sentence", "Evidence"), *told])
    commentary = (("Commentary", report.commentary),) if report.commentary else ()
    files["filters_and_dates.csv"] = _text([("What", "Value"), *report.facts, *commentary])
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            # The mark lets spreadsheet programs know that it is UTF-8.
            archive.writestr(zipfile.ZipInfo(name, _NO_DATE), "\ufeff" + text, zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def neutral(text: str) -> str:
    """The text so that no spreadsheet program computes it: with an apostrophe before what would begin a formula."""
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text


def _table(table: Table, currency: str) -> str:
    """Numbers of one unit say it in their header; where a table's rows are of several, the last column does."""
    header = [_label(column, currency) for column in table.columns]
    told = any(column.unit == BY_ROW for column in table.columns) and "Unit" not in header
    rows = (
        (*row, _UNITS.get(table.units[place], table.units[place]).format(currency)) if told else row
        for place, row in enumerate(table.rows)
    )
    return _text([(*header, *(["Unit"] if told else [])), *rows])


def _label(column: Column, currency: str) -> str:
    unit = _UNITS.get(column.unit)
    return column.label if unit is None or column.unit == "count" else f"{column.label} ({unit.format(currency)})"


def _text(rows: list[tuple[Value, ...]]) -> str:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\r\n").writerows([_cell(value) for value in row] for row in rows)
    return stream.getvalue()


def _cell(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return neutral(value)
    if isinstance(value, dt.date):
        return value.isoformat()
    # A count that sums as a float is written as the whole number that it is.
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(float(value))
