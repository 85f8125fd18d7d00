"""The faces of a report: which signs the shipped font has, and how wide and how many lines a text is. Draws nothing.

Source Sans is under the SIL Open Font License, which stands beside its files.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from fontTools.ttLib import TTFont  # type: ignore[import-untyped]  # it comes without types

from alignment.report.shown import Shown

__all__ = [
    "ABSENT",
    "FONTS",
    "FONT_NAME",
    "column_widths",
    "first_lines",
    "fits",
    "lines",
    "printable",
    "shipped",
    "widest",
]

FONTS = Path(__file__).parent / "fonts"
FONT_NAME = "Source Sans 3"
REGULAR, BOLD = FONTS / "SourceSans3-Regular.ttf", FONTS / "SourceSans3-Semibold.ttf"
# Stands for a sign that the shipped font does not have.
ABSENT = "\u25a1"
# Above this code point signs are pictures, which are wider than any letter.
_PICTURES, _PICTURE = 0x1F000, 1.4


@dataclass(frozen=True, eq=False)
class Face:
    """How wide signs are, as shares of the size of a text, by code point."""

    regular: Mapping[int, float]
    bold: Mapping[int, float]

    def width(self, text: str, size: float, *, bold: bool = False) -> float:
        """How wide a text on one line is, in the unit of `size`."""
        known = self.bold if bold else self.regular
        return size * sum(known.get(ord(sign)) or _unknown(sign, known) for sign in text)


def _unknown(sign: str, known: Mapping[int, float]) -> float:
    if ord(sign) in known:
        return 0.0
    return _PICTURE if ord(sign) >= _PICTURES else 1.0


@cache
def shipped() -> Face:
    """The font that a PDF carries."""
    return Face(_advances(REGULAR), _advances(BOLD))


def _advances(file: Path) -> dict[int, float]:
    with TTFont(file, lazy=True) as font:
        signs, advances, units = font.getBestCmap(), font["hmtx"].metrics, font["head"].unitsPerEm
        return {point: advances[name][0] / units for point, name in signs.items()}


@cache
def widest() -> Face:
    """The widest face that a program shows for Arial, which slides and workbooks ask for and cannot carry.

    Of each sign the greater width of Arial (of Liberation Sans, which is as wide) and of DejaVu Sans, which programs
    show where there is neither. The file has them in thousandths of the size, from the first sign of each range on.
    """
    read = json.loads((FONTS / "widest.json").read_text(encoding="utf-8"))
    regular, bold = ({
        point: width / 1000
        for first, widths in read[name].items()
        for point, width in enumerate(widths, int(first, 16))
    } for name in ("regular", "bold"))  # fmt: skip
    return Face(regular, bold)


def printable(text: str) -> str:
    """The text in signs that the shipped font has: others in their plain form, else as ABSENT; unseen ones left out."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_printable(sign) for sign in text)


@cache
def _printable(sign: str) -> str:
    known = shipped().regular
    if sign == "\n" or (ord(sign) in known and sign.isprintable()) or sign in "\u00a0\u200b":
        return sign
    plain = unicodedata.normalize("NFKC", sign)
    if plain != sign and plain.isprintable() and all(ord(one) in known for one in plain):
        return plain
    kind = unicodedata.category(sign)
    if kind in ("Cf", "Mn", "Me"):  # joiners, marks above and below: nothing by themselves
        return ""
    return " " if kind in ("Cc", "Zs", "Zl", "Zp") else ABSENT


def lines(text: str, size: float, room: float, *, bold: bool = False, face: Face | None = None) -> int:
    """How many lines a text takes in a column that is `room` wide: words are moved on, longer ones broken."""
    face = face or shipped()
    count, at = 1, 0.0
    space = face.width(" ", size, bold=bold)
    for word in _words(text):
        own = face.width(word, size, bold=bold)
        if at and at + space + own > room:
            count, at = count + 1, 0.0
        at += (space if at else 0.0) + own
        while at > room > 0:
            count, at = count + 1, at - room
    return count


def _words(text: str) -> list[str]:
    return text.replace("\u200b", " ").split(" ")


def first_lines(text: str, size: float, room: float, most: int, *, bold: bool = False) -> str:
    """What fits on so many lines in the widest face, whole words first, with an ellipsis where something is left."""
    if lines(text, size, room, bold=bold, face=widest()) <= most:
        return text
    least, beyond = 0, len(text)
    while beyond - least > 1:
        middle = (least + beyond) // 2
        is_short = lines(text[:middle] + " \u2026", size, room, bold=bold, face=widest()) <= most
        least, beyond = (middle, beyond) if is_short else (least, middle)
    kept = text[:least]
    whole = kept.rpartition(" ")[0]
    # A last word that is a great part of the text is cut: left out, hardly anything would be said.
    return (whole if len(whole) > least * 0.7 else kept).rstrip() + " \u2026"


def column_widths(table: Shown, total: float, size: float, padding: float, face: Face | None = None) -> list[float]:
    """Widths that sum to `total`: numbers get what they need on one line, texts share what is left.

    Headers wrap between words, so that a column of numbers is as wide as its longest number or word of its header.
    """
    needed, wanted = _needed(table, size, padding, face or shipped())
    return _shared(needed, wanted, [not column.is_number for column in table.columns], total)


def fits(table: Shown, total: float, size: float, padding: float, face: Face) -> bool:
    """Whether every number of the table is on one line and every word whole, where it is `total` wide."""
    return sum(_needed(table, size, padding, face)[0]) <= total


def _needed(table: Shown, size: float, padding: float, face: Face) -> tuple[list[float], list[float]]:
    """Of each column the least width and the one that it would like."""
    needed, wanted = [], []
    for index, column in enumerate(table.columns):
        cells = [row[index] for row in table.rows]
        least = max(face.width(word, size, bold=True) for word in column.label.split(" "))
        if index == 0:
            cells = [*cells, *table.subs]
        longest = max((face.width(cell, size, bold=index == 0) for cell in cells), default=0)
        words = (face.width(word, size, bold=index == 0) for cell in cells for word in _words(cell))
        needed.append(max(least, longest if column.is_number else max(words, default=0)) + padding)
        wanted.append(max(least, longest) + padding)
    return needed, wanted


def _shared(needed: Sequence[float], wanted: Sequence[float], is_text: Sequence[bool], total: float) -> list[float]:
    """What is needed first; the rest to texts, by how much more they want, then evenly to all."""
    spare = total - sum(needed)
    if spare <= 0:
        return [one * total / sum(needed) for one in needed]
    more = [wish - need if text else 0.0 for need, wish, text in zip(needed, wanted, is_text, strict=True)]
    given = min(spare, sum(more))
    shared = [need + (given * wish / sum(more) if sum(more) else 0.0) for need, wish in zip(needed, more, strict=True)]
    return [one + (spare - given) / len(shared) for one in shared]
