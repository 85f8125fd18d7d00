"""The geometry of shares that grow with the days since entry: steps, the window, both ends named where they lie.

Knows neither metrics nor Plotly. Shares and texts arrive computed; everything is only placed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pages._drawing import SMALL, Drawing
from pages._lines import ticks
from pages._theme import Theme
from pages._words import escape

__all__ = ["Growth", "survival_drawing"]

HEIGHT = 180.0
# How far past the window the picture goes, as a part of the window: there the lines are flat and have room for names.
PAST = 0.55


@dataclass(frozen=True)
class Growth:
    """One line: (day, share, what the day says when pointed at), and its name with its share at the window."""

    name: str
    days: Sequence[tuple[int, float, str]]
    at_window: float
    text: str


def survival_drawing(
    first: Growth, second: Growth | None, window: int, theme: Theme, *, as_text: Callable[[float], str], unit: str
) -> Drawing:
    """One or two step lines from 0; past the window, which a thin line marks, they are dashed.

    The first is in ink and named above its line, the second is quiet and named below, both behind the window. `unit`
    follows the window's days.
    """
    lines = [first] if second is None else [first, second]
    shown = [share for line in lines for day, share, _ in line.days if day <= window * (1 + PAST)]
    scale = ticks(max([*shown, *(line.at_window for line in lines)], default=0.0))
    names = [as_text(tick) for tick in scale]
    if len(set(names)) < len(names):
        scale, names = [scale[0], scale[-1]], [names[0], names[-1]]
    drawing = Drawing(theme, HEIGHT, (0, max(window, 1) * (1 + PAST)), top=36, bottom=28)
    drawing.make_room(names, [])
    highest = scale[-1] or 1.0
    for tick, name in zip(scale, names, strict=True):
        y = HEIGHT * (1 - tick / highest)
        drawing.rule(xref="paper", x0=0, x1=1, y0=y, y1=y)
        drawing.label(name, y, theme.quiet)
    _days(drawing, window, unit)
    for line, color, side in zip(lines, (theme.ink, theme.quiet), ("bottom", "top"), strict=False):
        _steps(drawing, line, window, highest, color)
        y = HEIGHT * (1 - line.at_window / highest)
        text = _two_lines([*escape(line.name).split(), f"<b>{escape(line.text)}</b>"])
        shift = 2 if side == "bottom" else -2
        drawing.write(text, x=window, y=y, xshift=6, yshift=shift, yanchor=side, align="left", size=SMALL, color=color)
    return drawing


def _two_lines(words: list[str]) -> str:
    """The first word alone: a phone has room for no more behind the window."""
    return f"{words[0]}<br>{' '.join(words[1:])}"


def _days(drawing: Drawing, window: int, unit: str) -> None:
    """Round days below the picture; the window has its own name and its own line."""
    edge = drawing.x_range[1]
    below = {"y": 0, "yref": "paper", "yshift": -16, "xanchor": "center", "size": SMALL}
    for day in ticks(edge):
        if day < window - edge / 4 and day == int(day):
            drawing.write(f"{day:,.0f}", x=day, color=drawing.theme.quiet, **below)
    drawing.write(f"{window:,} {escape(unit)}", x=window, color=drawing.theme.ink, **below)
    line = {"color": drawing.theme.quiet, "width": 1}
    drawing.rules.append({"type": "line", "line": line, "x0": window, "x1": window, "y0": 0, "y1": drawing.height})


def _steps(drawing: Drawing, line: Growth, window: int, highest: float, color: str) -> None:
    def place(share: float) -> float:
        return HEIGHT * (1 - share / highest)

    within = [(day, place(share)) for day, share, _ in line.days if day <= window]
    past = [(day, place(share)) for day, share, _ in line.days if window < day <= drawing.x_range[1]]
    at_window = (window, place(line.at_window))
    for path, dash in (([(0, HEIGHT), *within, at_window], "solid"), ([at_window, *past], "3px,4px")):
        drawing.traces.append(
            {"type": "scatter", "mode": "lines", "x": [x for x, _ in path], "y": [y for _, y in path],
             "line": {"color": color, "width": 2, "dash": dash, "shape": "hv"}, "cliponaxis": False,
             "hoverinfo": "skip"}
        )  # fmt: skip
    dots = [*within, *past]
    says = [text for day, _, text in line.days if day <= drawing.x_range[1]]
    drawing.traces.append(
        {"type": "scatter", "mode": "markers", "x": [x for x, _ in dots], "y": [y for _, y in dots],
         "marker": {"size": 8, "opacity": 0, "color": color}, "hoverinfo": "text",
         "hovertext": [escape(text) for text in says]}
    )  # fmt: skip
