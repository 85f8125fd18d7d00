"""Lines over time: a group per line, what is not complete dashed, what is promised as a thin line in steps.

Values arrive computed, with the text that is shown for them, and are only placed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pages._charts import Figure, figure
from pages._drawing import SMALL, Drawing
from pages._lines import Flag, Spot, pieces, ticks
from pages._theme import Owner, Theme
from pages._words import escape, shortened

__all__ = ["MOST_LINES", "Point", "over_time"]

MOST_LINES = 5
_PERIOD_LENGTH, _YEAR = 12, re.compile(r" \d{4}$")


@dataclass(frozen=True)
class Point:
    """One period of a line. `is_complete` is False where the number may still grow or was not recorded in full.

    `target` is what is promised of it, and `aim` says that and how much of it is reached.
    """

    label: str
    value: float | None
    text: str
    is_complete: bool = True
    group: str | None = ""
    target: float | None = None
    aim: str = ""


@dataclass(frozen=True)
class _Frame:
    """Where the lines stand: each in a strip of so many pixels, `highest` being its top; `beside` is at its left."""

    strip: int
    gap: int
    scale: Sequence[float]
    highest: float
    beside: Sequence[str]

    def height(self, base: float, value: float | None) -> float | None:
        return None if value is None else base - self.strip * float(value) / self.highest


def over_time(
    points: Sequence[Point],
    theme: Theme,
    *,
    owner: Owner = "both",
    as_text: Callable[[float], str],
    unattributed: str = "Unattributed",
    flags: Sequence[Flag] = (),
    owners: Mapping[str | None, Owner] | None = None,
    names: Mapping[str | None, str] | None = None,
) -> Figure:
    """A line per group, all from zero on one scale; where a period is not complete the line is dashed.

    Points come oldest first. One group is drawn large with a quiet scale (`as_text` writes its ticks); up to five
    stand under each other, each named at its left. The last complete value is written at the line. Periods without a
    value leave a gap. A flag stands on the line of its group. A group that belongs to another team than `owner` is in
    `owners`, one that is called otherwise in `names`.
    """
    groups = list(dict.fromkeys(point.group for point in points)) or [""]
    if len(groups) > MOST_LINES:
        raise ValueError(f"over_time draws at most {MOST_LINES} groups, not {len(groups)}: fold the smaller ones first")
    periods = list(dict.fromkeys(point.label for point in points))
    frame = _frame(points, groups, as_text, {None: unattributed, **(names or {})})
    drawing = _drawing(frame, theme, points, periods, has_flags=bool(flags))
    for index, group in enumerate(groups):
        base = index * (frame.strip + frame.gap) + frame.strip
        if len(groups) > 1:
            _level(drawing, base, frame.beside[index], theme.ink, lift=frame.strip / 3)
        members = [point for point in points if point.group == group]
        for flag in flags:
            if flag.group in (group, None):
                drawing.flag(flag.x, base - frame.strip - 12, base, flag.text, flag.says)
        places = [periods.index(point.label) for point in members]
        _steps(drawing, places, [frame.height(base, point.target) for point in members])
        spots = [Spot(x, frame.height(base, p.value), p.is_complete) for x, p in zip(places, members, strict=True)]
        _line(drawing, theme.color((owners or {}).get(group, owner)), spots, members)
    _periods(drawing, periods)
    if all(point.value is None for point in points):
        drawing.write("No values in these periods", x=0.5, xref="paper", xanchor="center", y=drawing.height / 2,
                      color=theme.quiet)  # fmt: skip
    return figure(drawing)


def _frame(
    points: Sequence[Point],
    groups: Sequence[str | None],
    as_text: Callable[[float], str],
    called: Mapping[str | None, str],
) -> _Frame:
    is_single = len(groups) == 1
    scale = _scale(points, as_text) if is_single else [0.0]
    highest = max([1e-12, *scale, *(value for point in points for value in _amounts(point))])
    beside = [as_text(tick) for tick in scale] if is_single else [called.get(g) or str(g) for g in groups]
    return _Frame(180 if is_single else 40, 0 if is_single else 24, scale, highest, beside)


def _drawing(
    frame: _Frame, theme: Theme, points: Sequence[Point], periods: Sequence[str], *, has_flags: bool
) -> Drawing:
    """Room for all strips and what stands around them, with the quiet scale of a line that is alone."""
    last_x, above = len(periods) - 1, 18 if has_flags else 0
    strips = 1 if not frame.gap else len(frame.beside)
    drawing = Drawing(
        theme,
        strips * (frame.strip + frame.gap) - frame.gap,
        (0, last_x) if last_x > 0 else (-1, 1),
        top=24 - above,
        bottom=44 if any(_YEAR.search(period) for period in periods) else 28,
        above=above,
    )
    drawing.make_room(frame.beside, [point.text for point in points])
    if not frame.gap:
        for tick, name in zip(frame.scale, frame.beside, strict=True):
            _level(drawing, frame.strip * (1 - tick / frame.highest), name, theme.quiet)
    return drawing


def _amounts(point: Point) -> list[float]:
    return [float(value) for value in (point.value, point.target) if value is not None]


def _steps(drawing: Drawing, places: Sequence[int], heights: Sequence[float | None]) -> None:
    """What is promised of each period: a thin line in steps, named where it begins. No height lifts the pen."""
    promised = [(x, y) for x, y in zip(places, heights, strict=True) if y is not None]
    if not promised:
        return
    low, high = drawing.x_range
    path = [
        place
        for x, y in zip(places, heights, strict=True)
        for place in ((max(low, x - 0.5), y), (min(high, x + 0.5), y))
    ]
    drawing.traces.append(
        {"type": "scatter", "mode": "lines", "x": [x for x, _ in path], "y": [y for _, y in path],
         "line": {"color": drawing.theme.quiet, "width": 1}, "cliponaxis": False, "hoverinfo": "skip"}
    )  # fmt: skip
    x, y = promised[0]
    drawing.write("target", x=max(low, x - 0.5), y=y, yshift=9, size=SMALL, color=drawing.theme.quiet)


def _scale(points: Sequence[Point], as_text: Callable[[float], str]) -> list[float]:
    """Round ticks from zero; only the ends where rounding would write two of them alike."""
    found = ticks(max((value for point in points for value in _amounts(point)), default=0))
    return found if len({as_text(tick) for tick in found}) == len(found) else [found[0], found[-1]]


def _level(drawing: Drawing, y: float, name: str, color: str, lift: float = 0) -> None:
    drawing.rule(xref="paper", x0=0, x1=1, y0=y, y1=y)
    drawing.label(name, y - lift, color)


def _periods(drawing: Drawing, periods: Sequence[str]) -> None:
    """At most five names under the line, counted from the newest, which is the one that is looked for.

    A year stands below the first month that is named of it: beside every month it would take twice the width.
    """
    before = ""
    for x in reversed(range(len(periods) - 1, -1, -math.ceil(len(periods) / 5) or -1)):
        name, year = escape(shortened(periods[x], _PERIOD_LENGTH)), ""
        if found := _YEAR.search(periods[x]):
            name, year = escape(periods[x][: found.start()]), found.group().strip()
            # A second line without a sign would have no height, and its month another level.
            name, before = f"{name}<br>{'' if year == before else year}&#8203;", year
        drawing.write(
            name, x=x, xanchor="center", y=0, yref="paper", yshift=-8, yanchor="top", size=SMALL,
            color=drawing.theme.quiet,
        )  # fmt: skip


def _line(drawing: Drawing, color: str, spots: Sequence[Spot], points: Sequence[Point]) -> None:
    """Stretches, dots on what stands alone, on the last complete value and on the last of all, which may be hollow."""
    cut = pieces(spots)
    for lines, dash in ((cut.solid, "solid"), (cut.dashed, "3px,4px")):
        # A None between two stretches lifts the pen.
        path = [place for line in lines for place in [*line, (None, None)]]
        drawing.traces.append(
            {"type": "scatter", "mode": "lines", "x": [x for x, _ in path], "y": [y for _, y in path],
             "line": {"color": color, "width": 2, "dash": dash}, "cliponaxis": False, "hoverinfo": "skip"}
        )  # fmt: skip
    seen = [(spot, point) for spot, point in zip(spots, points, strict=True) if spot.y is not None]
    complete = [pair for pair in seen if pair[0].is_complete]
    dotted = {spot.x for spot, _ in (*seen[-1:], *complete[-1:])} | {x for x, _ in cut.lone}
    marker = {
        "size": 8, "line": {"color": color, "width": 2},
        "color": [color if spot.is_complete else drawing.theme.paper for spot, _ in seen],
        "opacity": [1 if spot.x in dotted else 0 for spot, _ in seen],
    }  # fmt: skip
    says = [_says(point) for _, point in seen]
    drawing.traces.append(
        {"type": "scatter", "mode": "markers", "x": [spot.x for spot, _ in seen], "y": [spot.y for spot, _ in seen],
         "marker": marker, "cliponaxis": False, "hoverinfo": "text", "hovertext": says}
    )  # fmt: skip
    for spot, point in complete[-1:]:
        beside = {"xshift": 9} if (spot, point) == seen[-1] else {"yshift": 14, "xanchor": "center"}
        drawing.write(f"<b>{escape(point.text)}</b>", x=spot.x, y=spot.y, **beside)


def _says(point: Point) -> str:
    so_far, aim = "" if point.is_complete else " so far", f"<br>{escape(point.aim)}" if point.aim else ""
    return f"{escape(point.label)}<br><b>{escape(point.text)}</b>{so_far}{aim}"
