"""The shipped font: where it is, what it is called, and how wide a text is in it. Draws nothing.

Source Sans is under the SIL Open Font License, which stands beside its files.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from PIL import ImageFont

from alignment.report.shown import Shown

__all__ = ["FONTS", "FONT_NAME", "column_widths", "lines", "width"]

FONTS = Path(__file__).parent / "fonts"
FONT_NAME = "Source Sans 3"
REGULAR, BOLD = FONTS / "SourceSans3-Regular.ttf", FONTS / "SourceSans3-Semibold.ttf"
# Measured large, so that rounding to whole pixels does not matter.
_UNITS = 1000


def width(text: str, size: float, *, bold: bool = False) -> float:
    """How wide a text on one line is, in the unit of `size`."""
    return float(_font(bold).getlength(text)) * size / _UNITS


@cache
def _font(bold: bool) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(BOLD if bold else REGULAR, _UNITS, layout_engine=ImageFont.Layout.BASIC)


def lines(text: str, size: float, room: float, *, bold: bool = False) -> int:
    """How many lines a text takes in a column that is `room` wide: words are moved on, longer ones broken."""
    count, at = 1, 0.0
    space = width(" ", size, bold=bold)
    for word in text.replace("\u200b", " ").split(" "):
        own = width(word, size, bold=bold)
        if at and at + space + own > room:
            count, at = count + 1, 0.0
        at += (space if at else 0.0) + own
        while at > room > 0:
            count, at = count + 1, at - room
    return count


def column_widths(table: Shown, total: float, size: float, padding: float) -> list[float]:
    """Widths that sum to `total`: numbers get what they need on one line, texts share what is left.

    Headers wrap between words, so that a column of numbers is as wide as its longest number or word of its header.
    """
    needed, wanted = [], []
    for index, column in enumerate(table.columns):
        cells = [row[index] for row in table.rows]
        least = max((width(word, size, bold=True) for word in column.label.split(" ")), default=0)
        if index == 0:
            cells = [*cells, *table.subs]
        longest = max((width(cell, size, bold=index == 0) for cell in cells), default=0)
        word = max((_longest_word(cell, size) for cell in cells), default=0)
        needed.append(max(least, longest if column.is_number else word) + padding)
        wanted.append(max(least, longest) + padding)
    return _shared(needed, wanted, [not column.is_number for column in table.columns], total)


def _longest_word(cell: str, size: float) -> float:
    return max((width(word, size, bold=True) for word in cell.replace("\u200b", " ").split(" ")), default=0.0)


def _shared(needed: Sequence[float], wanted: Sequence[float], is_text: Sequence[bool], total: float) -> list[float]:
    """What is needed first; the rest to texts, by how much more they want, then evenly to all."""
    spare = total - sum(needed)
    if spare <= 0:
        return [one * total / sum(needed) for one in needed]
    more = [wish - need if text else 0.0 for need, wish, text in zip(needed, wanted, is_text, strict=True)]
    given = min(spare, sum(more))
    shared = [need + (given * wish / sum(more) if sum(more) else 0.0) for need, wish in zip(needed, more, strict=True)]
    return [one + (spare - given) / len(shared) for one in shared]
