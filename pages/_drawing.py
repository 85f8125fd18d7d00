"""A picture under construction: rows in pixels, texts and thin lines as the plain dictionaries that Plotly reads.

It knows sizes and places, neither metrics nor Plotly itself. The vertical axis counts pixels from the top, so that
rows, gaps and labels keep their size whatever the number of rows; the height of a figure follows from its rows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pages._theme import FONT, Theme
from pages._words import escape, shortened

__all__ = ["SMALL", "TEXT", "Drawing", "text_width"]

TEXT, SMALL = 14, 13


@dataclass
class Drawing:
    """Traces, texts and lines gathered in order. `x_range` is in the unit of the values, `height` in pixels.

    `above` are pixels over the picture in which lines and texts may still stand.
    """

    theme: Theme
    height: float
    x_range: tuple[float, float] = (0, 1)
    left: float = 0
    right: float = 0
    top: float = 6
    bottom: float = 6
    above: float = 0
    longest_label: int = 22
    traces: list[dict[str, Any]] = field(default_factory=list)
    texts: list[dict[str, Any]] = field(default_factory=list)
    rules: list[dict[str, Any]] = field(default_factory=list)

    def make_room(self, labels: Sequence[str], numbers: Sequence[str]) -> None:
        """Margins wide enough for the labels at the left and the numbers at the right."""
        self.left = max((text_width(shortened(label, self.longest_label), TEXT) for label in labels), default=0) + 16
        self.right = max((text_width(number, TEXT) for number in numbers), default=0) + 16

    def write(self, markup: str, *, size: int = TEXT, color: str = "", **place: Any) -> None:
        """Put text somewhere. `markup` is escaped already; `place` are keys of a Plotly annotation."""
        font = {"size": size, "color": color or self.theme.ink}
        self.texts.append(
            {"text": markup, "showarrow": False, "font": font, "xanchor": "left", "yanchor": "middle", **place}
        )

    def label(self, text: str, y: float, color: str = "") -> None:
        """The name of a row, right-aligned in the left margin; a shortened name shows in full when pointed at."""
        short = shortened(text, self.longest_label)
        more = {"hovertext": escape(text)} if short != text else {}
        self.write(escape(short), x=0, xref="paper", xanchor="right", xshift=-9, y=y, color=color, **more)

    def rule(self, **place: Any) -> None:
        """A thin quiet line beneath the data; `place` are keys of a Plotly shape."""
        self.rules.append({"type": "line", "layer": "below", "line": {"color": self.theme.line, "width": 1}, **place})

    def bars(self, values: Sequence[float | None], middles: Sequence[float], width: float, marker: Any) -> None:
        """Horizontal bars, every one from zero; a missing value has none."""
        lengths = [float(value or 0) for value in values]
        self.traces.append(
            {"type": "bar", "orientation": "h", "base": 0, "x": lengths, "y": list(middles), "width": width,
             "marker": marker, "hoverinfo": "skip"}
        )  # fmt: skip

    def cut(self, end: float, middle: float, width: float) -> float:
        """Break a bar that is longer than the picture is wide: a slanted gap near its end. Gives where the bar ends."""
        edge = self.x_range[1]
        if end <= edge:
            return end
        size = self.x_range[1] - self.x_range[0]
        lean, half = 0.012 * size, width / 2 + 2
        for place in (0.9, 0.915):
            x = self.x_range[0] + place * size
            line = {"color": self.theme.paper, "width": 5}
            ends = {"x0": x - lean, "x1": x + lean, "y0": middle + half, "y1": middle - half}
            self.rules.append({"type": "line", "layer": "above", "line": line, **ends})
        return edge

    def tick(self, at: float, value: float, middle: float, width: float, color: str, thick: int = 3) -> None:
        """A second amount on the bar of a value, edged in paper to be seen there; past its end a line leads to it."""
        if at > value:
            line = {"color": color, "width": 1.5, "dash": "2px,3px"}
            self.rules.append({"type": "line", "line": line, "x0": value, "x1": at, "y0": middle, "y1": middle})
        half = width / 2 + 4
        for size, ink in ((thick + 3, self.theme.paper), (thick, color)):
            line = {"color": ink, "width": size}
            self.rules.append({"type": "line", "layer": "above", "line": line, "x0": at, "x1": at,
                               "y0": middle - half, "y1": middle + half})  # fmt: skip

    def hover_rows(self, rows: Sequence[tuple[str, str]], middles: Sequence[float], pitch: float) -> None:
        """Unseen bars over the whole width carry what a row says: a short bar is pointed at as easily as a long one."""
        low, high = self.x_range
        says = [f"{escape(label)}<br><b>{escape(number)}</b>" for label, number in rows]
        self.traces.append(
            {"type": "bar", "orientation": "h", "base": low, "x": [high - low] * len(rows), "y": list(middles),
             "width": pitch, "marker": {"opacity": 0}, "hoverinfo": "text", "hovertext": says}
        )  # fmt: skip

    def flag(self, x: float, top: float, bottom: float, text: str, says: str) -> None:
        """A pennant on a thin pole, with its day beside it and what it says when pointed at."""
        color = self.theme.quiet
        line = {"color": color, "width": 1}
        self.rules.append({"type": "line", "line": line, "x0": x, "x1": x, "y0": top, "y1": bottom})
        self.rules.append(
            {"type": "path", "path": "M0,0 L9,-4 L0,-8 Z", "xsizemode": "pixel", "xanchor": x, "ysizemode": "pixel",
             "yanchor": top, "fillcolor": color, "line": {"width": 0}}
        )  # fmt: skip
        low, high = self.x_range
        # Past the middle the text would run out of the picture: it stands at the other side of the pole.
        side = {"xshift": 12} if x <= (low + high) / 2 else {"xshift": -5, "xanchor": "right"}
        self.write(escape(text), x=x, y=top, yshift=-4, size=SMALL, color=color, **side)
        # Anchors keep their size on a phone, so that the whole pole can be pointed at.
        self.traces.append(
            {"type": "scatter", "mode": "markers", "x": [x, x], "y": [top, (top + bottom) / 2], "cliponaxis": False,
             "marker": {"size": 18, "opacity": 0}, "hoverinfo": "text", "hovertext": escape(says)}
        )  # fmt: skip

    def spec(self) -> dict[str, Any]:
        """The whole figure: see-through, unzoomable, without legend or tools."""
        font = {"family": f"{FONT}, sans-serif", "size": TEXT, "color": self.theme.ink}
        axis = {"visible": False, "fixedrange": True}
        quiet_box = {
            "bgcolor": self.theme.paper,
            "bordercolor": self.theme.line,
            "align": "left",
            "font": {**font, "size": SMALL},
        }
        layout = {
            "template": {},
            "height": self.height + self.above + self.top + self.bottom,
            "margin": {"l": self.left, "r": self.right, "t": self.top, "b": self.bottom, "pad": 0, "autoexpand": False},
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "font": font,
            "showlegend": False,
            "dragmode": False,
            "hovermode": "closest",
            "barmode": "overlay",
            "xaxis": {**axis, "range": list(self.x_range)},
            "yaxis": {**axis, "range": [self.height, -self.above]},
            "hoverlabel": quiet_box,
            "annotations": self.texts,
            "shapes": self.rules,
        }
        return {"data": self.traces, "layout": layout}


def text_width(text: str, size: int) -> float:
    """About how many pixels a line of Source Sans takes; a little too many rather than too few."""
    ems = sum(0.27 if sign in "iljI.,:;'|!()[] \u00a0" else 0.86 if sign in "mwMW@%" else 0.55 for sign in text)
    return math.ceil(ems * size)
