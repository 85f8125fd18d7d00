"""The workbook to look at: nothing is cut or shown as ####, formats by unit, charts beside their numbers, pages."""

from __future__ import annotations

import io
import itertools
import re
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import openpyxl
import pytest
from openpyxl.workbook import Workbook

from alignment.report import export
from alignment.report.contents import Chart, Column, Section, Table
from alignment.report.sheets import workbook
from metrics import Session
from tests.printed import a_crowded_report
from tests.sealed_company import sealed_october
from tests.widest_face import taken, wide

HEADER = 5
FORMATS = {
    "#,##0": "{:,.0f}", "#,##0.0": "{:,.1f}", "0.0%": "{:.1%}", '0.00"x"': "{:.2f}x", '#,##0.0" days"': "{:,.1f} days",
    '#,##0.0" h"': "{:,.1f} h", '#,##0.00\\ "EUR"': "{:,.2f} EUR",
}  # fmt: skip


@pytest.fixture(scope="session")
def october(demo: Session) -> bytes:
    return export(sealed_october(demo), "xlsx")


@pytest.fixture(scope="session")
def crowded() -> bytes:
    return workbook(a_crowded_report())


@pytest.fixture(params=["october", "crowded"])
def book(request: pytest.FixtureRequest) -> Workbook:
    return openpyxl.load_workbook(io.BytesIO(request.getfixturevalue(request.param)))


def of_tables(book: Workbook) -> Iterator[Any]:
    return (sheet for sheet in book if sheet.title not in ("Charts", "Filters and dates"))


def room_of(sheet: Any, cell: Any) -> float:
    """The width of a cell in points: digits of 7 pixels and 5 besides, of which text and border leave 3 free."""
    merged = next((area for area in sheet.merged_cells.ranges if cell.coordinate in area), None)
    first, last = (merged.min_col, merged.max_col) if merged else (cell.column, cell.column)
    # Neighbours of one width are one entry.
    widths = {at: one.width for one in sheet.column_dimensions.values() for at in range(one.min, one.max + 1)}
    digits = sum(widths[at] for at in range(first, last + 1))
    return (digits * 7 + 2) * 0.75 - 9 * (cell.alignment.indent or 0)


def test_no_number_is_wider_than_its_column_which_would_show_signs_in_its_place(book: Workbook) -> None:
    counted = 0
    for sheet in book:
        for row in sheet.iter_rows(min_row=HEADER + 1):
            for cell in row:
                if isinstance(cell.value, int | float):
                    shown = FORMATS[cell.number_format].format(cell.value)
                    assert wide(shown, cell.font.sz, False) <= room_of(sheet, cell), (sheet.title, shown)
                    counted += 1
    assert counted > 200


def test_every_text_of_a_table_is_shown_whole_in_the_height_of_its_row(book: Workbook) -> None:
    counted = 0
    for sheet in of_tables(book):
        for row in sheet.iter_rows(min_row=HEADER):
            for cell in row:
                if isinstance(cell.value, str):
                    assert cell.alignment.wrap_text or sheet.title == "Sentences"
                    texts = cell.value.splitlines() or [""]
                    lines = sum(taken(text, 10, bool(cell.font.b), room_of(sheet, cell)) for text in texts)
                    assert lines * 11.65 <= (sheet.row_dimensions[cell.row].height or 15), (sheet.title, cell.value)
                    counted += 1
    assert counted > 60


def test_no_word_of_a_header_is_broken_and_texts_stand_apart_from_the_numbers_left_of_them(book: Workbook) -> None:
    for sheet in of_tables(book):
        for cell in sheet[HEADER]:
            for word in (cell.value or "").split(" "):
                assert wide(word, 10, True) <= room_of(sheet, cell)
            below = sheet.cell(HEADER + 1, cell.column)
            if cell.column > 1 and isinstance(below.value, str) and sheet.title != "Sentences":
                assert (cell.alignment.indent, below.alignment.indent) == (1, 1)
                assert below.alignment.horizontal == "left"


def test_each_tab_is_printed_lying_as_wide_as_a_page_with_its_header_on_every_page(book: Workbook) -> None:
    for sheet in book:
        assert sheet.page_setup.orientation == "landscape"
        assert sheet.page_setup.paperSize == 9
        assert (sheet.page_setup.fitToWidth or 1, sheet.page_setup.fitToHeight) == (1, 0)
        assert "Page &P of &N" in sheet.oddFooter.right.text or sheet.oddFooter.right.text
        if sheet.title not in ("Charts", "Filters and dates"):
            assert sheet.print_title_rows == f"${HEADER}:${HEADER}"
            assert sheet.freeze_panes == ("A6" if sheet.title == "Sentences" else "B6")


def test_days_and_hours_say_what_they_are(october: bytes) -> None:
    book = openpyxl.load_workbook(io.BytesIO(october))
    formats = {row[0].value: row[1].number_format for row in book["All numbers"].iter_rows(min_row=6)}
    assert formats["Sales cycle"] == '#,##0.0" days"'
    assert formats["Human delay"] == '#,##0.0" h"'


def test_charts_do_not_cover_each_other_nor_leave_their_page(october: bytes) -> None:
    book = openpyxl.load_workbook(io.BytesIO(october))
    sheet = book["Charts"]
    starts = sorted(chart.anchor._from.row for chart in sheet._charts)
    ends = sorted(chart.anchor.to.row for chart in sheet._charts)
    assert len(starts) > 8
    assert all(end < start for end, start in zip(ends, starts[1:], strict=False))
    breaks = [0, *(one.id for one in sheet.row_breaks.brk), ends[-1] + 1]
    for first, last in itertools.pairwise(breaks):
        assert last - first <= 50  # rows of 15 points on lying A4 at the width of this tab


def test_bars_of_a_chart_are_told_apart_without_colour() -> None:
    columns = (Column("Channel"), Column("Leads", "count", "marketing"))
    table = Table("channels", "Channels", columns, (("Search", 3), ("Unattributed", 2)))
    months = Table("trend", "Months", columns, (("Apr 2026", 3), ("May 2026", 2)))
    charts = (Chart("By channel", table, 0, 1, (0, 1), "marketing"),
              Chart("By month", months, 0, 1, (0, 1), "marketing", is_upright=True))  # fmt: skip
    report = replace(a_crowded_report(), sections=(Section("a", "A", (), (table,), charts),))
    with zipfile.ZipFile(io.BytesIO(workbook(report))) as found:
        lying, upright = (found.read(f"xl/charts/chart{number}.xml").decode() for number in (1, 2))
    assert lying.count('<a:pattFill prst="wdUpDiag">') == 1
    assert re.findall(r'<c:dPt>.*?<a:srgbClr val="(\w+)"', upright) == ["7A9CC0", "2B5C8A"]
