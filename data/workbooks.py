"""One sheet of an .xlsx workbook to records of text. Computes no formula; casts nothing.

Cells have types of their own, so a date becomes ISO text (or text of the column's declared format), and a number has
the decimal sign that the file's numbers are declared with: what follows is the same as for a text file.
"""

from __future__ import annotations

import datetime as dt
import re
import warnings
import zipfile
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any
from xml.etree.ElementTree import ParseError

from data.decoding import LARGEST_RATIO, LARGEST_UNPACKED, Record
from data.errors import RefusedSources, did_you_mean
from data.file_specs import FileColumn, FileSpec
from data.headers import EMPTY, TITLE_ROWS, Part, check_header, is_blank, refuse_header_below, refused

__all__ = ["read_sheet"]

# A spreadsheet keeps 15 digits of a number; a longer id has lost its last ones.
_DIGITS_KEPT = 10**15
# openpyxl checks little: of a damaged workbook, whatever its reading stumbles over comes up as it is.
_UNREADABLE = (
    zipfile.BadZipFile, ParseError, KeyError, ValueError, TypeError, IndexError, AttributeError,
    EOFError, OSError, NotImplementedError,
)  # fmt: skip


def read_sheet(part: Part, spec: FileSpec) -> tuple[tuple[str, ...], Iterator[Record]]:
    """The header of the declared sheet, else of the first one, and the records below it."""
    _refuse_what_is_no_workbook(part)
    above = (spec.header_row or 1) - 1
    rows = islice(_rows(part, spec), above, None)
    for number, cells in enumerate(rows, above + 1):
        names = tuple(_text(cell, None, ".").strip() for cell in cells)
        if is_blank(names):
            continue
        wanted = {column.header for column in spec.columns.values()}
        if not wanted <= set(names):
            below = islice(enumerate(rows, number + 1), TITLE_ROWS)
            refuse_header_below(part, ((line, [_text(cell, None, ".") for cell in row]) for line, row in below), spec)
        while names and not names[-1]:
            names = names[:-1]
        check_header(part, number, names, spec)
        return names, _records(enumerate(rows, number + 1), names, spec)
    raise refused(
        part.label,
        0,
        f"has no row {above + 1} for its header. Correct 'header_row', or export it again." if above else EMPTY,
    )


def _refuse_what_is_no_workbook(part: Part) -> None:
    with part.path.open("rb") as stream:
        head = stream.read(512)
    if not head.strip():
        raise refused(part.label, 0, EMPTY)
    if head.lstrip().lower().startswith((b"<!doctype", b"<html")):
        raise refused(
            part.label,
            1,
            "is a web page, not a workbook: a login or error page, or a report that is only named so. Export it again.",
        )
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise refused(
            part.label, 0, "is an old workbook (.xls), or one with a password. Save it as .xlsx without a password."
        )
    try:
        with zipfile.ZipFile(part.path) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
    except _UNREADABLE:
        raise _unreadable(part) from None
    if unpacked > LARGEST_UNPACKED and unpacked > LARGEST_RATIO * part.path.stat().st_size:
        raise refused(
            part.label, 0, f"unpacks to {unpacked:,} bytes, far more than rows would. Export the sheet again, as CSV."
        )


def _unreadable(part: Part) -> RefusedSources:
    return refused(part.label, 0, "is not a readable workbook (.xlsx). Save it again, or export the sheet as CSV.")


def _rows(part: Part, spec: FileSpec) -> Iterator[Sequence[Any]]:
    """The cells of every row of the sheet, from its first row on."""
    # Loaded where it is needed: it takes longer to import than the rest of reading, and most files are no workbooks.
    import openpyxl

    with warnings.catch_warnings():
        # About styles and extensions of the workbook, which say nothing about its values.
        warnings.simplefilter("ignore")
        try:
            book = openpyxl.load_workbook(part.path, read_only=True, data_only=True)
        except _UNREADABLE:
            raise _unreadable(part) from None
    try:
        names = [sheet.title for sheet in book.worksheets]
        if spec.sheet and spec.sheet not in names:
            hint = did_you_mean(spec.sheet, names, "The workbook has")
            raise refused(part.label, 0, f"has no sheet '{spec.sheet}'. {hint} Correct 'sheet' of files.{spec.name}.")
        if not names:
            raise refused(part.label, 0, EMPTY)
        sheet = book[spec.sheet or names[0]]
        # What a workbook says of its own extent is often wrong, and then rows would be missing.
        sheet.reset_dimensions()
        rows = iter(sheet.rows)
        while True:
            try:
                row = next(rows)
            except StopIteration:
                return
            except _UNREADABLE:
                raise _unreadable(part) from None
            yield row
    finally:
        book.close()


def _records(rows: Iterator[tuple[int, Sequence[Any]]], header: Sequence[str], spec: FileSpec) -> Iterator[Record]:
    width = len(header)
    declared = {column.header: column for column in spec.columns.values()}
    columns = [declared.get(name) for name in header]
    for line, cells in rows:
        # Cells to the right of the header's last are notes beside the table.
        texts = [_text(cell, column, spec.decimal) for cell, column in zip(cells, columns, strict=False)]
        texts += [""] * (width - len(texts))
        broken = [
            name for name, column, cell in zip(header, columns, cells, strict=False) if column and cell.data_type == "e"
        ]
        yield Record(line, line, texts, f"'{broken[0]}' holds the error of a formula" if broken else None)


def _text(cell: Any, column: FileColumn | None, decimal: str) -> str:
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return _TEXTS.get(type(value), _other)(cell, column, decimal)


def _boolean(cell: Any, _: FileColumn | None, __: str) -> str:
    return "true" if cell.value else "false"


def _number(cell: Any, column: FileColumn | None, decimal: str) -> str:
    value = cell.value
    if value != int(value):
        return str(value).replace(".", decimal)
    if abs(value) >= _DIGITS_KEPT:
        return f"{value:.14E}".replace(".", decimal)
    digits = str(int(value))
    if column and column.type == "text" and re.fullmatch("0+", cell.number_format):
        # An id that is shown with leading zeros is written with them everywhere else.
        return digits.zfill(len(cell.number_format))
    return digits


def _moment(cell: Any, column: FileColumn | None, _: str) -> str:
    value: dt.datetime = cell.value
    if column and column.format:
        return value.strftime(column.format)
    has_time = value.time() != dt.time() or "h" in cell.number_format.lower()
    return value.isoformat(" ") if has_time else value.date().isoformat()


def _other(cell: Any, _: FileColumn | None, __: str) -> str:
    return str(cell.value)


_TEXTS: dict[type, Callable[[Any, FileColumn | None, str], str]] = {
    bool: _boolean,
    int: _number,
    float: _number,
    dt.datetime: _moment,
}
