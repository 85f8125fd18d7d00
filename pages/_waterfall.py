"""The geometry of a waterfall: from a value before, over what each group adds, to the value after, as rows.

Knows neither metrics nor Plotly. Values and texts arrive computed; everything is only placed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from pages._drawing import Drawing
from pages._theme import Owner, Theme
from pages._words import escape

__all__ = ["Addition", "waterfall_drawing"]

PITCH, THICK, THIN = 33.0, 20.0, 9.0
# Where all that happens is less than this part of the whole, the bars of the whole are broken to show it.
LEAST_SEEN = 0.4


@dataclass(frozen=True)
class Addition:
    """What one group adds, with its text. `rate` and `mix` are its two parts where it has two; both are drawn then.

    `says` is what the row says when pointed at. `is_quiet` steps back what is no group of its own.
    """

    label: str
    value: float
    text: str
    rate: float | None = None
    mix: float | None = None
    says: str = ""
    is_quiet: bool = False


def waterfall_drawing(
    before: Addition, additions: Sequence[Addition], after: Addition, theme: Theme, *, owner: Owner = "both"
) -> Drawing:
    """Rows from `before` to `after`: what rises is filled in the pale of the owner's colour, what falls is hollow.

    Of two parts the upper, plain bar is the rate and the lower, hatched one the mix; each is filled or hollow
    by itself. Levels are joined by thin lines.
    """
    rows = [before, *additions, after]
    levels = list(accumulate((addition.value for addition in additions), initial=before.value))
    inside = [level + (row.rate or 0) for row, level in zip(additions, levels, strict=False)]
    scale = _scale([*levels, *inside, after.value])
    drawing = Drawing(theme, len(rows) * PITCH, scale)
    drawing.make_room([row.label for row in rows], [row.text for row in rows])
    middles = [PITCH / 2 + index * PITCH for index in range(len(rows))]
    for row, middle, end in ((before, middles[0], before.value), (after, middles[-1], after.value)):
        _total(drawing, row, middle, end, owner)
    for row, middle, (start, end) in zip(additions, middles[1:], pairwise(levels), strict=False):
        _addition(drawing, row, middle, start, end, owner)
    for level, (upper, lower) in zip(levels, pairwise(middles), strict=True):
        drawing.rule(x0=level, x1=level, y0=upper, y1=lower)
    if scale[0] <= 0 <= scale[1]:
        drawing.rule(x0=0, x1=0, y0=0, y1=drawing.height)
    drawing.hover_rows([(row.label, row.says or row.text) for row in rows], middles, PITCH)
    return drawing


def _scale(levels: Sequence[float]) -> tuple[float, float]:
    """From zero; from near the lowest level where all that happens would be too small to see."""
    low, high = min(levels), max(levels)
    span = high - low
    if low > 0 and span < LEAST_SEEN * high and span:
        return low - span * 0.35, high
    return (min(0.0, low), max(0.0, high)) if high > 0 or low < 0 else (0.0, 1.0)


def _total(drawing: Drawing, row: Addition, middle: float, end: float, owner: Owner) -> None:
    low = max(drawing.x_range[0], min(0.0, end))
    _bar(drawing, low, end, middle, THICK, {"color": [drawing.theme.color(owner)]})
    if low > 0:
        _broken(drawing, middle)
    drawing.label(row.label, middle)
    _text(drawing, row, middle, max(end, 0.0), drawing.theme.ink)


def _broken(drawing: Drawing, middle: float) -> None:
    """A slanted gap near the beginning of a bar that does not begin at zero."""
    low, high = drawing.x_range
    size, half = high - low, THICK / 2 + 2
    for place in (0.06, 0.075):
        x, lean = low + place * size, 0.012 * size
        line = {"color": drawing.theme.paper, "width": 5}
        drawing.rules.append(
            {"type": "line", "layer": "above", "line": line, "x0": x - lean, "x1": x + lean, "y0": middle + half,
             "y1": middle - half}
        )  # fmt: skip


def _addition(drawing: Drawing, row: Addition, middle: float, start: float, end: float, owner: Owner) -> None:
    if row.rate is None or row.mix is None:
        _bar(drawing, start, end, middle, THICK, _marker(drawing.theme, owner, end - start, is_quiet=row.is_quiet))
    else:
        between, off = start + row.rate, (THICK - THIN) / 2
        _bar(drawing, start, between, middle - off, THIN, _marker(drawing.theme, owner, row.rate))
        _bar(drawing, between, end, middle + off, THIN, _marker(drawing.theme, owner, row.mix, is_hatched=True))
        reach = max(start, between, end)
        drawing.label(row.label, middle, drawing.theme.quiet if row.is_quiet else "")
        _text(drawing, row, middle, reach, drawing.theme.ink)
        return
    drawing.label(row.label, middle, drawing.theme.quiet if row.is_quiet else "")
    _text(drawing, row, middle, max(start, end), drawing.theme.quiet if row.is_quiet else drawing.theme.ink)


def _bar(drawing: Drawing, start: float, end: float, middle: float, width: float, marker: dict[str, object]) -> None:
    drawing.traces.append(
        {"type": "bar", "orientation": "h", "base": [start], "x": [end - start], "y": [middle], "width": [width],
         "marker": marker, "hoverinfo": "skip"}
    )  # fmt: skip


def _marker(
    theme: Theme, owner: Owner, size: float, *, is_hatched: bool = False, is_quiet: bool = False
) -> dict[str, object]:
    """Filled where it rises, hollow where it falls; hatched where it is a mix."""
    color = theme.quiet if is_quiet else theme.color(owner)
    fill = theme.paper if size < 0 else theme.panel if is_quiet else theme.pale(owner)
    marker: dict[str, object] = {"color": [fill], "line": {"color": color, "width": [1.5]}}
    if is_hatched:
        # Overlay, since Plotly draws the pattern that replaces a fill in the colour of the fill.
        marker["pattern"] = {"shape": ["/"], "fillmode": "overlay", "fgcolor": [color], "fgopacity": 1, "size": 5,
                             "solidity": 0.35}  # fmt: skip
    return marker


def _text(drawing: Drawing, row: Addition, middle: float, end: float, color: str) -> None:
    drawing.write(escape(row.text), x=end, y=middle, xshift=7, color=color)
