"""The geometry of a scatter: bubbles over two scales, a line that means something, names where they find room.

Knows neither metrics nor Plotly. Texts arrive written; everything is only placed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pages._drawing import SMALL, Drawing, text_width
from pages._lines import ticks
from pages._theme import Theme
from pages._words import escape, shortened

__all__ = ["Dot", "Slope", "scatter_drawing"]

HEIGHT = 320
SMALLEST, LARGEST = 8.0, 36.0
MOST_NAMES = 7
NAME_LENGTH = 28
SHORT_NAME = 16
# The plot is as wide as its panel. What finds room on the narrowest phone finds it everywhere.
NARROW = 260.0
_GAP = 5.0

_Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Dot:
    """One group: its place, the amount that its area stands for (None where that is not known), and what it says."""

    label: str
    x: float
    y: float
    size: float | None = None
    says: tuple[str, ...] = ()


@dataclass(frozen=True)
class Slope:
    """A line from zero: so much y for each x, and its name."""

    per_x: float
    name: str


def scatter_drawing(
    dots: Sequence[Dot],
    theme: Theme,
    *,
    x_name: str,
    y_name: str,
    x_text: Callable[[float], str],
    y_text: Callable[[float], str],
    slope: Slope | None = None,
) -> Drawing:
    """Dots come in the order of how much they stand out: the first are named, as far as names find room."""
    x_ticks = ticks(max((dot.x for dot in dots), default=0))
    y_ticks = ticks(max((dot.y for dot in dots), default=0))
    right, top = x_ticks[-1] or 1.0, y_ticks[-1] or 1.0
    drawing = Drawing(theme, HEIGHT, (0, right), top=34, bottom=46)
    drawing.make_room([y_text(tick) for tick in y_ticks], [])
    drawing.right = 22
    for tick in y_ticks:
        y = HEIGHT * (1 - tick / top)
        drawing.rule(xref="paper", x0=0, x1=1, y0=y, y1=y)
        drawing.label(y_text(tick), y, theme.quiet)
    for tick in x_ticks:
        drawing.write(escape(x_text(tick)), x=tick, xanchor="center", y=0, yref="paper", yshift=-16, size=SMALL,
                      color=theme.quiet)  # fmt: skip
    small = {"size": SMALL, "color": theme.quiet}
    drawing.write(escape(y_name), x=0, xref="paper", xshift=-drawing.left, y=1, yref="paper", yshift=23, **small)
    drawing.write(escape(x_name), x=1, xref="paper", xanchor="right", y=0, yref="paper", yshift=-36, **small)
    taken = [_box(dot, right, top, _diameter(dot, dots)) for dot in dots]
    if slope is not None and slope.per_x > 0:
        taken.append(_draw_slope(drawing, slope, right, top))
    _draw_dots(drawing, dots, top)
    _draw_names(drawing, dots, taken, top)
    return drawing


def _diameter(dot: Dot, dots: Sequence[Dot]) -> float:
    """The area, not the width, stands for the amount: twice the spend looks twice as large."""
    largest = max((other.size or 0 for other in dots), default=0)
    if dot.size is None or not largest:
        return 10.0
    return max(SMALLEST, LARGEST * math.sqrt(max(dot.size, 0) / largest))


def _draw_dots(drawing: Drawing, dots: Sequence[Dot], top: float) -> None:
    """Large ones first, so that none hides a smaller one; what cost nothing is a ring."""
    ordered = sorted(dots, key=lambda dot: -(dot.size or 0))
    is_sized = any(dot.size for dot in dots)
    color = drawing.theme.color("marketing" if is_sized else "both")
    clear = "rgba(0,0,0,0)"
    marker = {
        "size": [_diameter(dot, dots) for dot in ordered],
        "color": [_see_through(color) if dot.size or not is_sized else clear for dot in ordered],
        "line": {"color": color, "width": 1.5},
        "opacity": 1,
    }
    says = ["<br>".join([f"<b>{escape(dot.label)}</b>", *map(escape, dot.says)]) for dot in ordered]
    drawing.traces.append(
        {"type": "scatter", "mode": "markers", "x": [dot.x for dot in ordered],
         "y": [drawing.height * (1 - dot.y / top) for dot in ordered], "marker": marker, "cliponaxis": False,
         "hoverinfo": "text", "hovertext": says}
    )  # fmt: skip


def _see_through(color: str) -> str:
    red, green, blue = (int(color[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.45)"


def _draw_slope(drawing: Drawing, slope: Slope, right: float, top: float) -> _Box:
    """The line up to where it leaves the plot, named along the edge that it leaves by; gives the room of the name."""
    leaves_above = slope.per_x * right > top
    x, y = (top / slope.per_x, top) if leaves_above else (right, slope.per_x * right)
    height = drawing.height * (1 - y / top)
    drawing.traces.append(
        {"type": "scatter", "mode": "lines", "x": [0, x], "y": [drawing.height, height],
         "line": {"color": drawing.theme.quiet, "width": 1.25, "dash": "4px,4px"}, "cliponaxis": False,
         "hoverinfo": "skip"}
    )  # fmt: skip
    width, end = text_width(slope.name, SMALL), x / right * NARROW
    # Above the plot nothing else stands, but for the name of the axis at the left; beside it there is no room.
    edge = min(end + width / 2, NARROW + drawing.right) if leaves_above else NARROW
    place = {"x": x, "xanchor": "right", "xshift": edge - end, "y": height, "yshift": 10}
    drawing.write(escape(slope.name), size=SMALL, color=drawing.theme.quiet, **place)
    return (edge - width, height - 20, edge, height)


def _box(dot: Dot, right: float, top: float, diameter: float) -> _Box:
    """The room of a bubble in pixels of the narrow plot: left, top, right, bottom."""
    x, y, half = dot.x / right * NARROW, HEIGHT * (1 - dot.y / top), diameter / 2
    return (x - half, y - half, x + half, y + half)


def _draw_names(drawing: Drawing, dots: Sequence[Dot], taken: list[_Box], top: float) -> None:
    named = 0
    for dot, own in zip(dots, taken, strict=False):
        if named == MOST_NAMES:
            return
        others = [box for box in taken if box is not own]
        # A name that is cut shorter still is worth more than none: the first dots stand out most.
        tried = [shortened(dot.label, length) for length in (NAME_LENGTH, SHORT_NAME)]
        fits = ((text, _free_place(own, text_width(text, SMALL), others)) for text in tried)
        text, found = next(((text, place) for text, place in fits if place is not None), ("", None))
        if found is None:
            continue
        place, box = found
        taken.append(box)
        more = {"hovertext": escape(dot.label)} if text != dot.label else {}
        y = drawing.height * (1 - dot.y / top)
        # On paper of its own a name is read where the line runs behind it.
        drawing.write(escape(text), size=SMALL, x=dot.x, y=y, bgcolor=drawing.theme.paper, **place, **more)
        named += 1


def _free_place(own: _Box, width: float, others: Sequence[_Box]) -> tuple[dict[str, object], _Box] | None:
    """Right of the bubble, else left, above or below it: the first place inside the plot that nothing else takes."""
    left, high, right, low = own
    x, y, half = (left + right) / 2, (high + low) / 2, (right - left) / 2
    tall = SMALL / 2 + 2
    start, above, below = x - width / 2, high - 10, low + 10
    places: list[tuple[dict[str, object], _Box]] = [
        ({"xanchor": "left", "xshift": half + _GAP}, (right + _GAP, y - tall, right + _GAP + width, y + tall)),
        ({"xanchor": "right", "xshift": -half - _GAP}, (left - _GAP - width, y - tall, left - _GAP, y + tall)),
        ({"xanchor": "center", "yshift": half + 10}, (start, above - tall, start + width, above + tall)),
        ({"xanchor": "center", "yshift": -half - 10}, (start, below - tall, start + width, below + tall)),
    ]
    for place, box in places:
        is_inside = box[0] >= 0 and box[2] <= NARROW + 20 and box[1] >= -10 and box[3] <= HEIGHT + tall
        if is_inside and not any(_overlap(box, other) for other in others):
            return place, box
    return None


def _overlap(one: _Box, other: _Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
