"""A report as slides with native, editable charts: a sentence on top, its evidence below it, then picture or table."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pptx import Presentation
from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
from pptx.util import Pt

from alignment.report.contents import Chart, Column, Report, Section, Table
from alignment.report.fonts import column_widths, lines
from alignment.report.shown import Shown, shown
from alignment.report.slide_parts import LABEL, add_chart, plain, rgb, write
from alignment.tokens import LIGHT

__all__ = ["LEADING", "SLIDE", "slides"]

# All lengths are in points.
SLIDE = (960.0, 540.0)
MARGIN, WIDTH = 42.0, 960.0 - 2 * 42.0
TITLE_TOP, FOOTER_TOP = 26.0, 508.0
TITLE_SIZES, TITLE_LINES = (26.0, 22.0, 18.0, 14.0), 2
FIRST, EVIDENCE, BODY, CELL, FOOTER = 24.0, 13.0, 18.0, LABEL, 9.0
HEADING = 42.0  # what the heading of a second table on a slide takes, with the room above it
LEADING = 1.26
CELL_X, CELL_Y = 5.0, 2.6
# Where the font is not installed another is shown, and it may be wider: so much room is left for it.
SLACK = 1.1
MOST_ROWS = 15
WHOLE = ("trend", "definitions", "data_through", "facts")
APPENDIX = ("How it is computed", "Fingerprint")


def slides(report: Report) -> bytes:
    """The bytes of a .pptx file."""
    deck = Presentation()
    deck.slide_width, deck.slide_height = (Pt(length) for length in SLIDE)
    deck.core_properties.title = f"{report.company}, {report.month}"
    deck.core_properties.author = report.company
    Deck(deck, report).write()
    stream = io.BytesIO()
    deck.save(stream)
    return stream.getvalue()


class Deck:
    """The slides of one presentation."""

    def __init__(self, deck: Any, report: Report) -> None:
        self.deck, self.report, self.count = deck, report, 0
        # The slide that a table was drawn on last, and where the room below it begins.
        self.slide: Any = None
        self.top = 0.0

    def write(self) -> None:
        self._cover(self.report.sections[0])
        for section in self.report.sections:
            self._section(section)
        facts = Table("facts", "What every number rests on", (Column("What"), Column("In words")), self.report.facts)
        self.slide = None
        self._table(facts.title, (), facts)

    def _slide(self, title: str, evidence: Sequence[str] = ()) -> tuple[Any, float]:
        """A new slide with its title, evidence and footer, and where its body begins."""
        slide = self.deck.slides.add_slide(self.deck.slide_layouts[5])
        self.count += 1
        title = plain(title)
        size = next((one for one in TITLE_SIZES if lines(title, one * SLACK, WIDTH, bold=True) <= TITLE_LINES),
                    TITLE_SIZES[-1])  # fmt: skip
        height = lines(title, size * SLACK, WIDTH, bold=True) * size * LEADING
        _place(slide.shapes.title, MARGIN, TITLE_TOP, WIDTH, height)
        write(slide.shapes.title.text_frame, [(title, size, LIGHT.ink, True)])
        top = TITLE_TOP + height + 4
        for text in filter(None, evidence):
            top += self._text(slide, text, MARGIN, top, WIDTH, EVIDENCE, LIGHT.quiet) + 2
        about = f"{self.report.company}, {self.report.month}. {self.report.days}. {self.report.filters}."
        line = _cut(f"{about} Data through {self.report.through}.", FOOTER * SLACK, WIDTH - 60)
        self._text(slide, line, MARGIN, FOOTER_TOP, WIDTH - 60, FOOTER, LIGHT.quiet)
        number = self._box(slide, MARGIN + WIDTH - 50, FOOTER_TOP, 50, FOOTER * LEADING)
        write(number.text_frame, [(str(self.count), FOOTER, LIGHT.quiet, False)], PP_ALIGN.RIGHT)
        return slide, top + 12

    def _box(self, slide: Any, left: float, top: float, width: float, height: float) -> Any:
        return slide.shapes.add_textbox(Pt(left), Pt(top), Pt(width), Pt(height))

    def _text(self, slide: Any, text: str, left: float, top: float, width: float, size: float, color: str,
              *, bold: bool = False) -> float:  # fmt: skip
        """A text box that is as high as its text; the height."""
        text = plain(text)
        height = sum(lines(part, size * SLACK, width, bold=bold) for part in text.split("\n")) * size * LEADING
        box = self._box(slide, left, top, width, height)
        write(box.text_frame, [(part, size, color, bold) for part in text.split("\n")])
        return height

    def _cover(self, summary: Section) -> None:
        """The month, what it comes to in sentences, and the commentary."""
        slide, top = self._slide(self.report.month, (self.report.company,))
        top += 14
        for index, sentence in enumerate(summary.sentences[:4]):
            size = FIRST if index == 0 else BODY
            top += self._text(slide, sentence.text, MARGIN, top, WIDTH, size, LIGHT.ink, bold=index == 0) + 2
            top += self._text(slide, sentence.evidence, MARGIN, top, WIDTH, EVIDENCE, LIGHT.quiet) + 16
        if self.report.commentary:
            told = "Commentary, written before the month was sealed"
            top += self._text(slide, told, MARGIN, top, WIDTH, EVIDENCE, LIGHT.quiet) + 2
            room = int((FOOTER_TOP - top) / (BODY * LEADING))
            text = _first_lines(self.report.commentary, BODY * SLACK, WIDTH, room)
            self._text(slide, text, MARGIN, top, WIDTH, BODY, LIGHT.ink)

    def _section(self, section: Section) -> None:
        """Pictures first, two on a slide under the sentences about them, then the tables."""
        for at in range(0, len(section.charts), 2):
            pair, told = section.charts[at : at + 2], section.sentences[at : at + 2]
            title = told[0].text if told else f"{section.title}: {', '.join(chart.title for chart in pair)}"
            others = [f"{sentence.text} {sentence.evidence}" for sentence in told[1:]]
            self._pictures(title, [sentence.evidence for sentence in told[:1]] + others, pair)
        self.slide = None
        for index, table in enumerate(section.tables):
            told = section.sentences if index == 0 and not section.charts else ()
            others = [f"{sentence.text} {sentence.evidence}" for sentence in told[1:]]
            title = told[0].text if told else table.title
            self._table(title, [sentence.evidence for sentence in told[:1]] + others, table)

    def _pictures(self, title: str, evidence: Sequence[str], charts: Sequence[Chart]) -> None:
        slide, top = self._slide(title, evidence)
        width = (WIDTH - 24 * (len(charts) - 1)) / len(charts)
        for index, chart in enumerate(charts):
            left = MARGIN + index * (width + 24)
            used = self._text(slide, chart.title, left, top, width, BODY - 4, LIGHT.ink, bold=True)
            add_chart(slide, chart, left, top + used, width, FOOTER_TOP - top - used - 8, self.report.currency)

    def _table(self, title: str, evidence: Sequence[str], table: Table) -> None:
        """The table below the one before, where there is room, else on as many slides as it takes, each with a header.

        Groups that are many are shown in part.
        """
        dropped = [index for index, column in enumerate(table.columns) if column.label in APPENDIX]
        in_part = not table.owners and table.name not in WHOLE
        whole = _merged(shown(_without(table, dropped), self.report.currency, MOST_ROWS if in_part else None))
        widths = column_widths(whole, WIDTH, CELL * SLACK, 2 * CELL_X)
        heights = [_row_height(whole, row, widths) for row in range(len(whole.rows))]
        notes = [plain(note) for note in whole.notes[:3]]
        below = sum(lines(note, FOOTER * SLACK, WIDTH) * FOOTER * LEADING for note in notes) + 6
        rows, header = list(range(len(heights))), _header_height(whole, widths)
        if self.slide is not None and self.top + HEADING + header + sum(heights) + below < FOOTER_TOP - 8:
            self._text(self.slide, whole.title, MARGIN, self.top + 12, WIDTH, BODY - 2, LIGHT.ink, bold=True)
            pages, self.top = [rows], self.top + HEADING
        else:
            self.slide, self.top = self._slide(title, evidence)
            pages = _pages(heights, FOOTER_TOP - 8 - self.top - below - header)
        for number, taken in enumerate(pages):
            if number:
                self.slide, self.top = self._slide(f"{table.title}, continued")
            self.top += _draw_table(self.slide, whole, taken, widths, heights, self.top) + 6
        if notes:
            self.top += self._text(self.slide, "\n".join(notes), MARGIN, self.top, WIDTH, FOOTER, LIGHT.quiet)


def _pages(heights: Sequence[float], room: float) -> list[list[int]]:
    """The rows of each slide: as few slides as will do, about equally full. A row as high as a slide is alone."""
    greedy = _filled(heights, room, len(heights))
    return _filled(heights, room, -(-len(heights) // len(greedy)) + 1)


def _filled(heights: Sequence[float], room: float, most: int) -> list[list[int]]:
    pages: list[list[int]] = [[]]
    left = room
    for row, height in enumerate(heights):
        if pages[-1] and (height > left or len(pages[-1]) >= most):
            pages.append([])
            left = room
        pages[-1].append(row)
        left -= height
    return pages


def _merged(table: Shown) -> Shown:
    """With what stands small below a first cell in brackets behind it."""
    rows = tuple(
        (f"{row[0]} ({sub})" if sub else row[0], *row[1:]) for row, sub in zip(table.rows, table.subs, strict=True)
    )
    return replace(table, rows=rows, subs=("",) * len(rows))


def _without(table: Table, dropped: Sequence[int]) -> Table:
    kept = [index for index in range(len(table.columns)) if index not in dropped]
    return Table(table.name, table.title, tuple(table.columns[index] for index in kept),
                 tuple(tuple(row[index] for index in kept) for row in table.rows), table.units, table.owners,
                 table.notes, table.shown)  # fmt: skip


def _row_height(table: Shown, row: int, widths: Sequence[float]) -> float:
    most = max(
        lines(plain(cell), CELL * SLACK, width - 2 * CELL_X, bold=index == 0)
        for index, (cell, width) in enumerate(zip(table.rows[row], widths, strict=True))
    )
    return most * CELL * LEADING + 2 * CELL_Y


def _header_height(table: Shown, widths: Sequence[float]) -> float:
    found = (lines(column.label, CELL * SLACK, width - 2 * CELL_X, bold=True)
             for column, width in zip(table.columns, widths, strict=True))  # fmt: skip
    return max(found) * CELL * LEADING + 2 * CELL_Y


def _draw_table(slide: Any, table: Shown, rows: Sequence[int], widths: Sequence[float], heights: Sequence[float],
                top: float) -> float:  # fmt: skip
    """A native table of some of the rows below the header; its height."""
    header = _header_height(table, widths)
    total = header + sum(heights[row] for row in rows)
    frame = slide.shapes.add_table(len(rows) + 1, len(widths), Pt(MARGIN), Pt(top), Pt(WIDTH), Pt(total))
    drawn = frame.table
    drawn.horz_banding = False
    for index, width in enumerate(widths):
        drawn.columns[index].width = Pt(width)
    drawn.rows[0].height = Pt(header)
    for index, column in enumerate(table.columns):
        color = LIGHT.color(column.owner) if column.owner else LIGHT.ink
        _cell(drawn.cell(0, index), column.label, color, bold=True, right=column.is_number, fill=LIGHT.panel)
    for place, row in enumerate(rows, 1):
        drawn.rows[place].height = Pt(heights[row])
        owner = table.owners[row]
        for index, text in enumerate(table.rows[row]):
            color = LIGHT.color(owner) if owner and index == 0 else LIGHT.ink
            _cell(drawn.cell(place, index), text, color, bold=bool(owner) and index == 0,
                  right=table.columns[index].is_number, fill="#FFFFFF")  # fmt: skip
    return total


def _cell(cell: Any, text: str, color: str, *, bold: bool, right: bool, fill: str) -> None:
    cell.margin_left = cell.margin_right = Pt(CELL_X)
    cell.margin_top = cell.margin_bottom = Pt(CELL_Y)
    cell.vertical_anchor = MSO_ANCHOR.TOP
    cell.fill.solid()
    cell.fill.fore_color.rgb = rgb(fill)
    write(
        cell.text_frame, [(plain(text), CELL, color, bold)], PP_ALIGN.RIGHT if right else PP_ALIGN.LEFT, margins=False
    )


def _place(shape: Any, left: float, top: float, width: float, height: float) -> None:
    shape.left, shape.top, shape.width, shape.height = Pt(left), Pt(top), Pt(width), Pt(height)


def _first_lines(text: str, size: float, room: float, most: int) -> str:
    """As many words as fit on so many lines, and an ellipsis where some are left."""
    words, kept = text.replace("\n", " ").split(" "), 0
    while kept < len(words) and lines(" ".join([*words[: kept + 1], "…"]), size, room) <= most:
        kept += 1
    return " ".join(words[:kept]) + (" …" if kept < len(words) else "")


def _cut(text: str, size: float, room: float) -> str:
    """The text on one line, with an ellipsis where it is longer."""
    while len(text) > 1 and lines(text, size, room) > 1:
        text = text[: -max(2, len(text) // 20)].rstrip(" …") + "…"
    return text
