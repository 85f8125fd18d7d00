"""The geometry of a time line: a row of marks per lane, bands above them, moments as lines across.

Knows neither metrics nor Plotly. Texts arrive written; everything is only placed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from pages._dates import day
from pages._drawing import SMALL, Drawing, text_width
from pages._theme import Owner, Theme
from pages._words import escape

__all__ = ["Lane", "Mark", "Moment", "Stretch", "timeline_drawing"]

_PITCH, _BAND, _GAP = 30.0, 26.0, 10.0
# What finds room on the narrowest phone finds it everywhere.
_NARROW = 240.0
# How wide the lanes are on a phone, beside labels of the usual length.
_PHONE = 200.0


@dataclass(frozen=True)
class Mark:
    """Something that happened, and what it says when pointed at. One that is `quiet` is a ring."""

    at: dt.datetime
    says: tuple[str, ...]
    is_quiet: bool = False


@dataclass(frozen=True)
class Lane:
    """The marks of one kind, in the colour of the team they belong to."""

    label: str
    owner: Owner
    marks: tuple[Mark, ...]


@dataclass(frozen=True)
class Stretch:
    """A named stretch of time."""

    label: str
    since: dt.datetime
    until: dt.datetime


@dataclass(frozen=True)
class Moment:
    """A line across all lanes, named below them."""

    label: str
    at: dt.datetime


def timeline_drawing(
    lanes: Sequence[Lane],
    bands: Sequence[Stretch],
    moments: Sequence[Moment],
    start: dt.datetime,
    end: dt.datetime,
    theme: Theme,
) -> Drawing:
    """Lanes from top to bottom as given; time runs from the left to the right, from `start` to `end`."""
    whole = max((end - start).total_seconds(), 1.0)

    def place(at: dt.datetime) -> float:
        return (at - start).total_seconds() / whole

    top = _BAND + _GAP if bands else 0.0
    drawing = Drawing(theme, top + _PITCH * len(lanes), (-0.01, 1.01), top=6)
    drawing.make_room([*(lane.label for lane in lanes), *(["Stage"] if bands else [])], [])
    drawing.right = 12
    if bands:
        _draw_bands(drawing, [(band, place(band.since), place(band.until)) for band in bands])
    for number, lane in enumerate(lanes):
        y = top + _PITCH * (number + 0.5)
        drawing.rule(x0=0, x1=1, y0=y, y1=y)
        drawing.label(lane.label, y)
        _draw_marks(drawing, lane, [place(mark.at) for mark in lane.marks], y)
    first, last = day(start.date(), with_year=start.year != end.year), day(end.date())
    # Two days that would touch on a phone stand below each other.
    lines = 1 if text_width(first, SMALL) + text_width(last, SMALL) + 4 <= _PHONE else 2
    low = {"y": drawing.height, "size": SMALL, "color": theme.quiet}
    drawing.write(escape(first), x=0, yshift=-14, **low)
    drawing.write(escape(last), x=1, xanchor="right", yshift=8 - 22 * lines, **low)
    drawing.bottom = 2.0 + 22 * (lines + len(moments))
    for number, moment in enumerate(moments):
        _draw_moment(drawing, moment, place(moment.at), number + lines)
    return drawing


def _draw_bands(drawing: Drawing, bands: Sequence[tuple[Stretch, float, float]]) -> None:
    theme = drawing.theme
    drawing.label("Stage", _BAND / 2, theme.quiet)
    for number, (band, left, right) in enumerate(bands):
        fill = theme.panel if number % 2 == 0 else theme.line
        drawing.rules.append(
            {"type": "rect", "layer": "below", "x0": left, "x1": right, "y0": 0, "y1": _BAND,
             "fillcolor": fill, "line": {"color": theme.line, "width": 1}}
        )  # fmt: skip
        if text_width(band.label, SMALL) + 8 <= (right - left) * _NARROW:
            drawing.write(escape(band.label), x=(left + right) / 2, xanchor="center", y=_BAND / 2, size=SMALL)
    says = [
        f"<b>{escape(band.label)}</b><br>{escape(f'{day(band.since.date())} to {day(band.until.date())}')}"
        for band, _, _ in bands
    ]
    drawing.traces.append(
        {"type": "bar", "orientation": "h", "base": [left for _, left, _ in bands],
         "x": [right - left for _, left, right in bands], "y": [_BAND / 2] * len(bands), "width": _BAND,
         "marker": {"opacity": 0}, "hoverinfo": "text", "hovertext": says}
    )  # fmt: skip


def _draw_marks(drawing: Drawing, lane: Lane, places: Sequence[float], y: float) -> None:
    color = drawing.theme.color(lane.owner)
    marker = {
        "size": 12,
        "color": [drawing.theme.paper if mark.is_quiet else color for mark in lane.marks],
        "line": {"color": [color if mark.is_quiet else drawing.theme.paper for mark in lane.marks], "width": 1.5},
        "opacity": 1,
    }
    says = ["<br>".join([f"<b>{escape(day(mark.at.date()))}</b>", *map(escape, mark.says)]) for mark in lane.marks]
    drawing.traces.append(
        {"type": "scatter", "mode": "markers", "x": list(places), "y": [y] * len(places), "marker": marker,
         "cliponaxis": False, "hoverinfo": "text", "hovertext": says}
    )  # fmt: skip


def _draw_moment(drawing: Drawing, moment: Moment, x: float, number: int) -> None:
    line = {"color": drawing.theme.ink, "width": 1.5}
    drawing.rules.append(
        {"type": "line", "layer": "below", "line": line, "x0": x, "x1": x, "y0": 0, "y1": drawing.height}
    )
    # Right of its line where it fits on a phone, else left of it, where the margin of the labels gives room.
    anchor = "left" if x * _PHONE + text_width(moment.label, SMALL) <= _PHONE else "right"
    drawing.write(escape(moment.label), x=x, xanchor=anchor, y=drawing.height, yshift=-14 - 22 * number, size=SMALL)
