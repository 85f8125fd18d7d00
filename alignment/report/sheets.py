"""A report as a workbook: a tab per table, native charts, formats by unit. No text becomes a formula."""

from __future__ import annotations

import datetime as dt
import io
import math
import re
from collections.abc import Sequence
from typing import Any

import xlsxwriter  # type: ignore[import-untyped]  # it comes without types

from alignment.report.contents import Chart, Report, Section, Table, Value
from alignment.report.shown import number_format
from alignment.tokens import LIGHT

__all__ = ["workbook"]

# A workbook cannot carry its font: this one is on every computer that opens workbooks.
FONT = "Arial"
WIDEST, NARROWEST = 46, 11
# Rows above a table's header: title, days and filters, a sentence, an empty one.
HEADER = 4
LONGEST_TAB = 31
CHART = (620, 300)
CHART_ROWS = 17
CHARTS_ON_A_PAGE = 2
NUMBERS_AT = 11
# Height of a line of text in points, and how much of a column's width in digits an average letter takes.
LINE, LETTER = 13.5, 1.0
# The same month gives the same bytes.
NO_DATE = dt.datetime(2000, 1, 1, tzinfo=dt.UTC).replace(tzinfo=None)


def workbook(report: Report) -> bytes:
    """The bytes of an .xlsx file."""
    stream = io.BytesIO()
    safe = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(stream, safe) as book:
        book.set_properties({"title": f"{report.company}, {report.month}", "created": NO_DATE})
        Sheets(book, report).write()
    return stream.getvalue()


class Sheets:
    """The tabs of one workbook."""

    def __init__(self, book: Any, report: Report) -> None:
        self.book, self.report = book, report
        self._formats: dict[tuple[tuple[str, object], ...], Any] = {}
        self._names: set[str] = set()

    def write(self) -> None:
        first, *others = self.report.sections
        self._tabs(first, first.tables)
        self._facts()
        self._sentences()
        self._charts()
        for section in others:
            self._tabs(section, section.tables)
        for section in self.report.sections:
            self._tabs(section, section.further)

    def format(self, **properties: object) -> Any:
        """A format by its properties; equal ones are one."""
        whole = {"font_name": FONT, "font_size": 10, "font_color": LIGHT.ink, "valign": "top", **properties}
        key = tuple(sorted(whole.items()))
        if key not in self._formats:
            self._formats[key] = self.book.add_format(whole)
        return self._formats[key]

    def _tab(self, title: str, saying: str = "") -> Any:
        """A new tab with its title, days, filters and a sentence on top, ready to be printed."""
        tab = self.book.add_worksheet(self._name(title))
        tab.hide_gridlines(2)
        tab.write_string(
            0, 0, f"{title} \u00b7 {self.report.company}", self.format(bold=True, font_size=14, valign="vcenter")
        )
        tab.set_row(0, 24)
        told = f"{self.report.days}. {self.report.filters}. Data through {self.report.through}."
        tab.write_string(1, 0, told, self.format(font_color=LIGHT.quiet))
        tab.write_string(2, 0, saying, self.format())
        tab.set_landscape()
        tab.set_paper(9)
        tab.fit_to_pages(1, 0)
        tab.set_margins(left=0.5, right=0.5, top=0.6, bottom=0.7)
        # In a footer & begins a code; && is the sign.
        footer = f"{self.report.company}, {self.report.month}".replace("&", "&&")
        tab.set_footer(f'&L&"{FONT}"&8{footer}&R&"{FONT}"&8Page &P of &N')
        return tab

    def _name(self, title: str) -> str:
        """A name that a tab may have: short, without the signs that are not allowed, and not there yet."""
        plain = re.sub(r"[\[\]:*?/\\']", " ", title)[:LONGEST_TAB].strip() or "Table"
        name, count = plain, 2
        while name.lower() in self._names:
            name, count = f"{plain[: LONGEST_TAB - 4]} ({count})", count + 1
        self._names.add(name.lower())
        return name

    def _tabs(self, section: Section, tables: tuple[Table, ...]) -> None:
        for table in tables:
            saying = section.sentences[0].text if section.sentences and table in section.tables else ""
            self._table(self._tab(_tab_title(table), saying), table)

    def _table(self, tab: Any, table: Table) -> None:
        heading = {"bold": True, "bottom": 1, "bottom_color": LIGHT.quiet, "bg_color": LIGHT.panel, "text_wrap": True}
        for index, column in enumerate(table.columns):
            align = "right" if column.is_number else "left"
            color = LIGHT.color(column.owner) if column.owner else LIGHT.ink
            tab.write_string(HEADER, index, column.label, self.format(**heading, align=align, font_color=color))
            tab.set_column(index, index, _width(table, index))
        tab.set_row(HEADER, 2 * LINE + 4)
        for place, row in enumerate(table.rows):
            tab.set_row(HEADER + 1 + place, _height(row, [_width(table, index) for index in range(len(row))]))
            for index, value in enumerate(row):
                color = LIGHT.color(table.owners[place]) if table.owners and index == 0 else LIGHT.ink
                self._cell(tab, HEADER + 1 + place, index, value, table.unit(place, index), color)
        last = HEADER + len(table.rows)
        for index, note in enumerate(table.notes):
            tab.write_string(last + 2 + index, 0, note, self.format(font_color=LIGHT.quiet))
        tab.freeze_panes(HEADER + 1, 1)
        tab.repeat_rows(HEADER)
        if table.rows:
            tab.autofilter(HEADER, 0, last, len(table.columns) - 1)

    def _cell(self, tab: Any, row: int, column: int, value: Value, unit: str, color: str) -> None:
        line = {"bottom": 1, "bottom_color": LIGHT.line, "font_color": color}
        if value is None:
            tab.write_blank(row, column, None, self.format(**line))
        elif isinstance(value, str):
            indent = 1 if column else 0  # parts it from the number to its left
            tab.write_string(row, column, value, self.format(**line, text_wrap=True, indent=indent))
        elif isinstance(value, dt.date):
            tab.write_datetime(row, column, value, self.format(**line, num_format="yyyy-mm-dd", align="left"))
        else:
            tab.write_number(row, column, value, self.format(**line, num_format=self._number_format(unit, value)))

    def _number_format(self, unit: str, value: float | None = None) -> str:
        if unit == "money":
            return f'#,##0.00\\ "{self.report.currency}"'
        if unit == "ratio":
            return "0.0%"
        if unit == "times":
            return '0.00"x"'
        if unit == "count":
            return "#,##0" if value is None or float(value).is_integer() else "#,##0.0"
        return "#,##0.0"

    def _facts(self) -> None:
        tab = self._tab("Filters and dates")
        tab.set_column(0, 0, 24)
        tab.set_column(1, 1, 90)
        commentary = (("Commentary", self.report.commentary),) if self.report.commentary else ()
        for index, (what, value) in enumerate((*self.report.facts, *commentary)):
            tab.write_string(HEADER + index, 0, what, self.format(font_color=LIGHT.quiet))
            tab.write_string(HEADER + index, 1, value, self.format(text_wrap=True))
            tab.set_row(HEADER + index, _height((what, value), (24, 90)))

    def _sentences(self) -> None:
        tab = self._tab("Sentences")
        for index, (width, title) in enumerate(((22, "Section"), (70, "Sentence"), (70, "Evidence"))):
            tab.set_column(index, index, width)
            tab.write_string(HEADER, index, title, self.format(bold=True, bg_color=LIGHT.panel))
        told = [(section.title, sentence) for section in self.report.sections for sentence in section.sentences]
        for row, (title, sentence) in enumerate(told, HEADER + 1):
            texts = (title, sentence.text, sentence.evidence)
            tab.set_row(row, _height(texts, (22, 70, 70)))
            for column, text in enumerate(texts):
                tab.write_string(row, column, text, self.format(text_wrap=True))
        tab.freeze_panes(HEADER + 1, 0)
        tab.repeat_rows(HEADER)

    def _charts(self) -> None:
        """One tab of charts, each beside the numbers that it draws."""
        tab = self._tab("Charts")
        tab.set_column(NUMBERS_AT, NUMBERS_AT, 40)
        tab.set_column(NUMBERS_AT + 1, NUMBERS_AT + 1, 18)
        row, breaks = HEADER, []
        for place, chart in enumerate(chart for section in self.report.sections for chart in section.charts):
            breaks += [row] if place and place % CHARTS_ON_A_PAGE == 0 else []
            tab.write_string(row, NUMBERS_AT, chart.title, self.format(bold=True))
            for index, (label, value) in enumerate(zip(chart.labels, chart.values, strict=True), row + 1):
                self._cell(tab, index, NUMBERS_AT, label, "text", LIGHT.ink)
                self._cell(tab, index, NUMBERS_AT + 1, value, chart.unit, LIGHT.ink)
            tab.insert_chart(row, 0, self._drawn(chart, tab.get_name(), row + 1), {"object_position": 2})
            row += max(CHART_ROWS, len(chart.picked) + 3)
        tab.set_h_pagebreaks(breaks)

    def _drawn(self, chart: Chart, tab: str, first: int) -> Any:
        drawn = self.book.add_chart({"type": "column" if chart.is_upright else "bar"})
        last = first + len(chart.picked) - 1
        font = {"name": FONT, "size": 9, "color": LIGHT.ink}
        written = number_format(chart, self.report.currency)
        drawn.add_series({
            "name": chart.title, "categories": [tab, first, NUMBERS_AT, last, NUMBERS_AT],
            "values": [tab, first, NUMBERS_AT + 1, last, NUMBERS_AT + 1], "gap": 45,
            "fill": {"color": LIGHT.color(chart.owner)},
            "points": [{"fill": {"color": LIGHT.color(owner)}} for owner in chart.owners],
            "data_labels": {"value": not chart.is_upright, "font": font, "num_format": written},
        })  # fmt: skip
        drawn.set_title({"name": chart.title, "name_font": {**font, "size": 11, "bold": True}, "overlay": False})
        drawn.set_legend({"none": True})
        lowest = {} if any((value or 0) < 0 for value in chart.values) else {"min": 0}
        plain = {"line": {"none": True}, "num_font": font, "major_gridlines": {"visible": False}}
        values = {
            **plain,
            **lowest,
            "num_format": number_format(chart, self.report.currency),
            "visible": chart.is_upright,
        }
        names = {"line": {"color": LIGHT.line}, "num_font": font, "reverse": not chart.is_upright}
        if chart.is_upright:
            values["major_gridlines"] = {"visible": True, "line": {"color": LIGHT.line}}
        # For lying bars the library calls the horizontal axis, that of values, x.
        drawn.set_x_axis(names if chart.is_upright else values)
        drawn.set_y_axis(values if chart.is_upright else names)
        drawn.set_chartarea({"border": {"none": True}, "fill": {"color": "#FFFFFF"}})
        drawn.set_size({"width": CHART[0], "height": CHART[1]})
        return drawn


def _tab_title(table: Table) -> str:
    return table.title.partition(":")[0]


def _width(table: Table, column: int) -> float:
    """As wide as its longest word or number, within bounds; longer texts wrap."""
    found = table.columns[column]
    if found.is_number:
        return max(NARROWEST, 18 if found.unit in ("money", "by row") else 13)
    longest = max((len(str(row[column])) for row in table.rows if row[column] is not None), default=0)
    return float(min(WIDEST, max(NARROWEST, longest + 2, len(found.label) + 2)))


def _height(row: Sequence[Value], widths: Sequence[float]) -> float:
    """As high as the lines of its longest text: spreadsheet programs do not all work it out themselves."""
    texts = ((value, width) for value, width in zip(row, widths, strict=True) if isinstance(value, str))
    lines = (sum(max(1, math.ceil(len(part) * LETTER / (width - 1))) for part in (text.splitlines() or [""]))
             for text, width in texts)  # fmt: skip
    return LINE * max(1, max(lines, default=1)) + 2
