"""How wide and how many lines a text is in the widest face that a program shows for Arial. Asserts nothing."""

from __future__ import annotations

import json

from alignment.report.fonts import FONTS

__all__ = ["LINE", "WIDTHS", "taken", "wide"]

LINE = 1.165  # the height of a line of DejaVu Sans, which is higher than that of Arial


def _widths(name: str) -> dict[str, float]:
    read = json.loads((FONTS / "widest.json").read_text(encoding="utf-8"))[name]
    return {chr(int(first, 16) + at): own / 1000 for first, row in read.items() for at, own in enumerate(row)}


WIDTHS = {False: _widths("regular"), True: _widths("bold")}


def wide(text: str, size: float, bold: bool) -> float:
    return sum(WIDTHS[bold].get(sign, 1.0 if sign < "\U0001f000" else 1.4) for sign in text) * size


def taken(text: str, size: float, bold: bool, room: float) -> int:
    """How many lines a text takes: words move on, longer ones break."""
    count, at = 1, 0.0
    for word in text.replace("\u200b", " ").split(" "):
        own = wide(word, size, bold)
        if at and at + wide(" ", size, bold) + own > room + 0.01:
            count, at = count + 1, 0.0
        at += (wide(" ", size, bold) if at else 0.0) + own
        while at > room + 0.01:
            count, at = count + 1, at - room
    return count
