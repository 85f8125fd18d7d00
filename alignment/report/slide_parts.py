"""Texts of a slide, in boxes that hold them in the widest face that a program may show for the slides' font.

Lengths are in points.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pptx.dml.color import RGBColor
from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
from pptx.util import Pt

from alignment.report.fonts import first_lines, lines, widest

__all__ = ["high", "on_one_line", "rgb", "write"]

# Height of a line as a share of the size of its text: Arial and those like it take 1.15 to 1.17.
_LEADING = 1.2
# Where letters are of a script or a picture of which Arial has none, another font steps in, whose lines are higher.
_LEADING_OF_OTHERS = 1.5


def high(text: str, size: float, room: float, *, bold: bool = False) -> float:
    """How high a text is in a box that is `room` wide."""
    known = widest().regular
    leading = _LEADING if all(ord(sign) in known for sign in text) else _LEADING_OF_OTHERS
    return lines(text, size, room, bold=bold, face=widest()) * size * leading


def on_one_line(text: str, size: float, room: float) -> str:
    """The text, cut with an ellipsis where it is longer."""
    return first_lines(text, size, room, 1)


def write(frame: Any, parts: Sequence[tuple[str, float, str, bool]], align: Any = PP_ALIGN.LEFT, *,
           margins: bool = True) -> None:  # fmt: skip
    """One paragraph per part: text, size, colour, bold. The font is that of the theme."""
    frame.word_wrap = True
    if margins:
        frame.margin_left = frame.margin_right = frame.margin_top = frame.margin_bottom = 0
        frame.vertical_anchor = MSO_ANCHOR.TOP
    for index, (text, size, color, bold) in enumerate(parts):
        paragraph = frame.paragraphs[0] if index == 0 else frame.add_paragraph()
        paragraph.alignment = align
        run = paragraph.add_run()
        run.text = text
        run.font.size, run.font.bold, run.font.color.rgb = Pt(size), bold, rgb(color)


def rgb(color: str) -> RGBColor:
    channels = bytes.fromhex(color.removeprefix("#"))
    return RGBColor(*channels)  # type: ignore[no-untyped-call]  # the library has types in part
