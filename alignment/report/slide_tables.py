"""Native tables of slides, as wide as the slide, in rows that hold their texts in the widest face. Places nothing.

Lengths are in points.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
from pptx.oxml import parse_xml
from pptx.oxml.ns import nsdecls
from pptx.util import Pt

from alignment.report.fonts import column_widths, first_lines, fits, widest
from alignment.report.shown import Shown, plain
from alignment.report.slide_parts import high, rgb, write
from alignment.tokens import LIGHT

__all__ = ["Laid", "laid"]

# The first size in which every number is on one line; at the last one numbers break.
SIZES = (11.0, 10.0, 9.0, 8.0, 7.0)
CELL_X, CELL_Y = 5.0, 3.0
# A cell shows so many lines of a longer text.
MOST_LINES = 8
# The style of a table that has none.
_NO_STYLE = "{2D5ABB26-0587-4C30-8999-92F81FD0307C}"


@dataclass(frozen=True)
class Laid:
    """A table, and in which size and how wide and high its parts are."""

    table: Shown
    size: float
    widths: list[float]
    header: float
    heights: list[float]

    def pages(self, room: float) -> list[list[int]]:
        """The rows of each slide below its header: as few slides as will do, about equally full."""
        left = room - self.header
        greedy = _filled(self.heights, left, len(self.heights))
        return _filled(self.heights, left, -(-len(self.heights) // len(greedy)) + 1)

    def draw(self, slide: Any, rows: Sequence[int], left: float, top: float) -> float:
        """A native table of some of the rows below the header; its height."""
        total = self.header + sum(self.heights[row] for row in rows)
        frame = slide.shapes.add_table(len(rows) + 1, len(self.widths), Pt(left), Pt(top), Pt(sum(self.widths)),
                                       Pt(total))  # fmt: skip
        drawn = frame.table
        drawn.horz_banding = False
        drawn._tbl.tblPr.find("{*}tableStyleId").text = _NO_STYLE
        for index, width in enumerate(self.widths):
            drawn.columns[index].width = Pt(width)
        drawn.rows[0].height = Pt(self.header)
        for index, column in enumerate(self.table.columns):
            color = LIGHT.color(column.owner) if column.owner else LIGHT.ink
            self._cell(drawn.cell(0, index), column.label, index, color, is_bold=True, is_header=True)
        for place, row in enumerate(rows, 1):
            drawn.rows[place].height = Pt(self.heights[row])
            owner = self.table.owners[row]
            for index, text in enumerate(self.table.rows[row]):
                color = LIGHT.color(owner) if owner and index == 0 else LIGHT.ink
                self._cell(drawn.cell(place, index), text, index, color, is_bold=bool(owner) and index == 0)
        return total

    def _cell(self, cell: Any, text: str, column: int, color: str, *, is_bold: bool, is_header: bool = False) -> None:
        cell.margin_left = cell.margin_right = Pt(CELL_X)
        cell.margin_top = cell.margin_bottom = Pt(CELL_Y)
        cell.vertical_anchor = MSO_ANCHOR.BOTTOM if is_header else MSO_ANCHOR.TOP
        cell.fill.solid()
        cell.fill.fore_color.rgb = rgb(LIGHT.panel if is_header else "#FFFFFF")
        line = LIGHT.quiet if is_header else LIGHT.line
        # The line below comes before the fill: programs read them in this order only.
        cell._tc.get_or_add_tcPr().insert(0, parse_xml(
            f'<a:lnB {nsdecls("a")} w="{9525 if is_header else 6350}"><a:solidFill>'
            f'<a:srgbClr val="{line.removeprefix("#")}"/></a:solidFill></a:lnB>'
        ))  # fmt: skip
        align = PP_ALIGN.RIGHT if self.table.columns[column].is_number else PP_ALIGN.LEFT
        write(cell.text_frame, [(text, self.size, color, is_bold)], align, margins=False)


def laid(table: Shown, width: float) -> Laid:
    """The table, `width` wide, in the largest of SIZES in which it is easy to read; long texts are cut."""
    whole = _merged(table)
    size = next((one for one in SIZES if fits(whole, width, one, 2 * CELL_X, widest())), SIZES[-1])
    widths = column_widths(whole, width, size, 2 * CELL_X, widest())
    rooms = [one - 2 * CELL_X for one in widths]
    cut = tuple(
        tuple(first_lines(plain(cell), size, room, MOST_LINES, bold=index == 0)
              for index, (cell, room) in enumerate(zip(row, rooms, strict=True)))
        for row in whole.rows
    )  # fmt: skip
    heights = [_height(row, size, rooms) for row in cut]
    header = max(high(column.label, size, room, bold=True) for column, room in zip(whole.columns, rooms, strict=True))
    return Laid(replace(whole, rows=cut), size, widths, header + 2 * CELL_Y, heights)


def _merged(table: Shown) -> Shown:
    """With what stands small below a first cell in brackets behind it."""
    rows = tuple(
        (f"{row[0]} ({sub})" if sub else row[0], *row[1:]) for row, sub in zip(table.rows, table.subs, strict=True)
    )
    return replace(table, rows=rows, subs=("",) * len(rows))


def _height(row: Sequence[str], size: float, rooms: Sequence[float]) -> float:
    found = (high(cell, size, room, bold=index == 0) for index, (cell, room) in enumerate(zip(row, rooms, strict=True)))
    return max(found) + 2 * CELL_Y


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
