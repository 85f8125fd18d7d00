"""A histogram: a row per band of values, lowest first, bars from zero. Computes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pages._drawing import Drawing
from pages._theme import Owner, Theme
from pages._words import escape

__all__ = ["Band", "histogram"]

WIDTH, PITCH = 20, 29


@dataclass(frozen=True)
class Band:
    """How many have a value of the band, as it is written; pale where it `is_pale`."""

    label: str
    count: int
    text: str
    is_pale: bool = False


def histogram(bands: Sequence[Band], theme: Theme, *, owner: Owner) -> Drawing:
    """The bands under each other, in their order, with their counts at the ends of the bars."""
    middles = [PITCH / 2 + index * PITCH for index in range(len(bands))]
    drawing = Drawing(theme, max(1, len(bands)) * PITCH, (0, max([1, *(band.count for band in bands)])))
    drawing.make_room([band.label for band in bands], [band.text for band in bands])
    colors = [theme.pale(owner) if band.is_pale else theme.color(owner) for band in bands]
    drawing.bars([band.count for band in bands], middles, WIDTH, {"color": colors})
    for band, middle in zip(bands, middles, strict=True):
        drawing.label(band.label, middle)
        drawing.write(escape(band.text), x=band.count, y=middle, xshift=7)
    drawing.hover_rows([(band.label, band.text) for band in bands], middles, PITCH)
    return drawing
