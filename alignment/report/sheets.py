"""A report as a workbook: a tab per table, native charts, formats by unit. No text becomes a formula."""

from __future__ import annotations

import datetime as dt
import io
import re
from typing import Any

import xlsxwriter  # type: ignore[import-untyped]  # it comes without types

from alignment.report.contents import Chart, Report, Section, Table, Value
from alignment.report.fonts import widest
from alignment.report.sheet_cells import SIZE, column_width, header_height, number_format, row_height
from alignment.report.shown import bar_texts, plain, shortened
from alignment.report.shown import number_format as chart_format
from alignment.report.tables import UNATTRIBUTED
from alignment.tokens import LIGHT

__all__ = ["workbook"]

# A workbook cannot carry its font: this one is on every computer that opens workbooks.
FONT = "Arial"
# Rows above a table's header: title, days and filters, a sentence, an empty one.
HEADER = 4
LONGEST_TAB = 31
CHART = (620, 380)  # in pixels
CHART_ROWS = 22
CHARTS_ON_A_PAGE = 2
NUMBERS_AT = 11
# The longest words at a bar in letters, their greatest part of a chart, and pixels of a point.
LONGEST_WORDS, MOST_OF_WORDS, PIXELS = 48, 0.42, 4 / 3
FACTS, TOLD = (24.0, 90.0), (22.0, 70.0, 70.0)
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
        whole = {"font_name": FONT, "font_size": SIZE, "font_color": LIGHT.ink, "valign": "top", **properties}
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
        allowed = re.sub(r"[\[\]:*?/\\']", " ", plain(title))[:LONGEST_TAB].strip() or "Table"
        name, count = allowed, 2
        while name.lower() in self._names:
            name, count = f"{allowed[: LONGEST_TAB - 4]} ({count})", count + 1
        self._names.add(name.lower())
        return name

    def _tabs(self, section: Section, tables: tuple[Table, ...]) -> None:
        for table in tables:
            saying = section.sentences[0].text if section.sentences and table in section.tables else ""
            self._table(self._tab(_tab_title(table), saying), table)

    def _table(self, tab: Any, table: Table) -> None:
        heading = {"bold": True, "bottom": 1, "bottom_color": LIGHT.quiet, "bg_color": LIGHT.panel, "text_wrap": True}
        widths = [column_width(table, index, self.report.currency) for index in range(len(table.columns))]
        for index, column in enumerate(table.columns):
            side = {"align": "right"} if column.is_number else {"align": "left", "indent": 1 if index else 0}
            color = LIGHT.color(column.owner) if column.owner else LIGHT.ink
            tab.write_string(HEADER, index, column.label, self.format(**heading, **side, font_color=color))
            tab.set_column(index, index, widths[index])
        tab.set_row(HEADER, header_height(table, widths))
        for place, row in enumerate(table.rows):
            tab.set_row(HEADER + 1 + place, row_height(row, widths))
            for index, value in enumerate(row):
                color = LIGHT.color(table.owners[place]) if table.owners and index == 0 else LIGHT.ink
                self._cell(tab, HEADER + 1 + place, index, value, table.unit(place, index), color)
        last = HEADER + len(table.rows)
        for index, note in enumerate(table.notes, last + 2):
            self._note(tab, index, note, widths)
        tab.freeze_panes(HEADER + 1, 1)
        tab.repeat_rows(HEADER)
        if table.rows:
            tab.autofilter(HEADER, 0, last, len(table.columns) - 1)

    def _note(self, tab: Any, row: int, note: str, widths: list[float]) -> None:
        """A sentence below a table, as wide as the table: a longer one would be cut where it is printed."""
        form = self.format(font_color=LIGHT.quiet, text_wrap=True)
        if len(widths) > 1:
            tab.merge_range(row, 0, row, len(widths) - 1, "", form)
        tab.write_string(row, 0, note, form)
        tab.set_row(row, row_height((note,), (sum(widths),)))

    def _cell(self, tab: Any, row: int, column: int, value: Value, unit: str, color: str) -> None:
        line = {"bottom": 1, "bottom_color": LIGHT.line, "font_color": color}
        if value is None:
            tab.write_blank(row, column, None, self.format(**line))
        elif isinstance(value, str):
            indent = 1 if column else 0  # parts it from the number to its left
            tab.write_string(
                row, column, plain(value), self.format(**line, text_wrap=True, align="left", indent=indent)
            )
        elif isinstance(value, dt.date):
            indent = 1 if column else 0
            form = self.format(**line, num_format="yyyy-mm-dd", align="left", indent=indent)
            tab.write_datetime(row, column, value, form)
        else:
            written = number_format(unit, value, self.report.currency)
            tab.write_number(row, column, value, self.format(**line, num_format=written))

    def _facts(self) -> None:
        tab = self._tab("Filters and dates")
        for index, width in enumerate(FACTS):
            tab.set_column(index, index, width)
        commentary = (("Commentary", self.report.commentary),) if self.report.commentary else ()
        for index, (what, value) in enumerate((*self.report.facts, *commentary)):
            tab.write_string(HEADER + index, 0, what, self.format(font_color=LIGHT.quiet))
            tab.write_string(HEADER + index, 1, value, self.format(text_wrap=True))
            tab.set_row(HEADER + index, row_height((what, value), FACTS))

    def _sentences(self) -> None:
        tab = self._tab("Sentences")
        for index, (width, title) in enumerate(zip(TOLD, ("Section", "Sentence", "Evidence"), strict=True)):
            tab.set_column(index, index, width)
            tab.write_string(HEADER, index, title, self.format(bold=True, bg_color=LIGHT.panel))
        told = [(section.title, sentence) for section in self.report.sections for sentence in section.sentences]
        for row, (title, sentence) in enumerate(told, HEADER + 1):
            texts = (title, sentence.text, sentence.evidence)
            tab.set_row(row, row_height(texts, TOLD))
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
                self._cell(tab, index, NUMBERS_AT, shortened(label, LONGEST_WORDS), "text", LIGHT.ink)
                self._cell(tab, index, NUMBERS_AT + 1, value, chart.unit, LIGHT.ink)
            tab.insert_chart(row, 0, self._drawn(chart, tab.get_name(), row + 1), {"object_position": 2})
            row += max(CHART_ROWS, len(chart.picked) + 3)
        tab.set_h_pagebreaks(breaks)

    def _drawn(self, chart: Chart, tab: str, first: int) -> Any:
        drawn = self.book.add_chart({"type": "column" if chart.is_upright else "bar"})
        last = first + len(chart.picked) - 1
        font = {"name": FONT, "size": 9, "color": LIGHT.ink}
        written = chart_format(chart, self.report.currency)
        drawn.add_series({
            "name": chart.title, "categories": [tab, first, NUMBERS_AT, last, NUMBERS_AT],
            "values": [tab, first, NUMBERS_AT + 1, last, NUMBERS_AT + 1], "gap": 45,
            "fill": {"color": LIGHT.color(chart.owner)},
            "points": [_paint(chart, index) for index in range(len(chart.picked))],
            "data_labels": {"value": not chart.is_upright, "font": font, "num_format": written},
        })  # fmt: skip
        drawn.set_title({"name": chart.title, "name_font": {**font, "size": 11, "bold": True}, "overlay": False})
        drawn.set_legend({"none": True})
        lowest = {} if any((value or 0) < 0 for value in chart.values) else {"min": 0}
        bare = {"line": {"none": True}, "num_font": font, "major_gridlines": {"visible": False}}
        values = {
            **bare,
            **lowest,
            "num_format": written,
            "visible": chart.is_upright,
        }
        names = {"line": {"color": LIGHT.line}, "num_font": font, "reverse": not chart.is_upright}
        if chart.is_upright:
            values["major_gridlines"] = {"visible": True, "line": {"color": LIGHT.line}}
        # For lying bars the library calls the horizontal axis, that of values, x.
        drawn.set_x_axis(names if chart.is_upright else values)
        drawn.set_y_axis(values if chart.is_upright else names)
        drawn.set_chartarea({"border": {"none": True}, "fill": {"color": "#FFFFFF"}})
        drawn.set_plotarea({"layout": _room(chart, self.report.currency)})
        drawn.set_size({"width": CHART[0], "height": CHART[1]})
        return drawn


def _tab_title(table: Table) -> str:
    return table.title.partition(":")[0]


def _paint(chart: Chart, index: int) -> dict[str, Any]:
    """The fill of a bar: hatched where it is what no group has, pale where it is of a month before."""
    owner = chart.owners[index]
    if chart.labels[index] == UNATTRIBUTED:
        colors = {"fg_color": LIGHT.color(owner), "bg_color": LIGHT.panel}
        return {"pattern": {"pattern": "wide_upward_diagonal", **colors}}
    is_pale = chart.is_upright and index < len(chart.picked) - 1
    return {"fill": {"color": LIGHT.pale(owner) if is_pale else LIGHT.color(owner)}}


def _room(chart: Chart, currency: str) -> dict[str, float]:
    """Where the bars stand, in shares of the chart: what is left is for title, words and numbers."""
    if chart.is_upright:
        return {"x": 0.1, "y": 0.13, "width": 0.88, "height": 0.72}
    words = max(widest().width(shortened(label, LONGEST_WORDS), 9) for label in chart.labels) * PIXELS + 12
    numbers = max(widest().width(text, 9) for text in bar_texts(chart, currency)) * PIXELS + 16
    left = min(words / CHART[0], MOST_OF_WORDS)
    return {"x": left, "y": 0.11, "width": 1 - left - numbers / CHART[0], "height": 0.86}
