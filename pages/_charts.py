"""Pictures: bars per stage, ranked bars, lines over time. The only module that imports Plotly; computes no metric.

Values arrive computed, with the text that is shown for them, and are only placed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import plotly.graph_objects as go

from pages._drawing import SMALL, TEXT, Drawing
from pages._lines import Flag, Spot, pieces, ticks
from pages._theme import Owner, Theme
from pages._words import escape, shortened

__all__ = ["CONFIG", "MOST_LINES", "Bar", "Point", "Stage", "figure", "over_time", "ranked_bars", "stage_bars"]

CONFIG = {"displayModeBar": False, "scrollZoom": False, "doubleClick": False, "showTips": False}
MOST_LINES = 5
IS_VALIDATED = False  # Plotly's validators take two thirds of a picture's time: tests draw with them, viewers without.

# Owner colours reach a contrast of 3 on paper: enough for text only from 14 pt bold (18.66 px) on.
_WORST = 19
_ONLY = 26  # where there is one step, its rate is what the picture is about
_PERIOD_LENGTH, _YEAR = 12, re.compile(r" \d{4}$")


@dataclass(frozen=True)
class Stage:
    """One bar of a funnel. `rate` is written text: how many came here of those in the stage before.

    `note` stands beside the rate, in a few words such as 'within 30 days'. `text` is the count as it is written.
    """

    label: str
    count: float | None
    text: str
    owner: Owner
    rate: str = ""
    note: str = ""
    is_worst: bool = False


@dataclass(frozen=True)
class Bar:
    """One group and its value as written text. The label None is the group of rows without a value: unattributed.

    `mark` is a second amount, such as what the group cost: a tick on the same bar. `says` is what the row says when
    pointed at, instead of its text.
    """

    label: str | None
    value: float | None
    text: str
    mark: float | None = None
    says: str = ""


@dataclass(frozen=True)
class Point:
    """One period of a line. `is_complete` is False where the number may still grow or was not recorded in full.

    `target` is what is promised of it, drawn where there is one line alone.
    """

    label: str
    value: float | None
    text: str
    is_complete: bool = True
    group: str | None = ""
    target: float | None = None


def stage_bars(stages: Sequence[Stage], theme: Theme) -> go.Figure:
    """Bars from zero in the colour of each stage's owner, the rate of each step standing between two of them.

    The rate of the worst step is large, bold and in the colour of the team that owns the stage it leads to.
    """
    bar, gap = (36, 72) if len(stages) == 2 else (32, 42)
    pitch = bar + gap
    middles = [bar / 2 + index * pitch for index in range(len(stages))]
    counts = [stage.count for stage in stages]
    drawing = Drawing(theme, max(bar, len(stages) * pitch - gap), _from_zero(counts))
    drawing.make_room([stage.label for stage in stages], [stage.text for stage in stages])
    drawing.bars(counts, middles, bar, {"color": [theme.color(stage.owner) for stage in stages]})
    drawing.rule(x0=0, x1=0, y0=0, y1=drawing.height)
    for index, (stage, middle) in enumerate(zip(stages, middles, strict=True)):
        _row(drawing, stage.label, stage.count, stage.text, middle)
        if index and stage.rate:
            _step(drawing, stage, middle - pitch / 2, is_only=len(stages) == 2)
    drawing.hover_rows([(stage.label, stage.text) for stage in stages], middles, pitch)
    return figure(drawing)


def ranked_bars(
    bars: Sequence[Bar],
    theme: Theme,
    *,
    owner: Owner = "both",
    top: int = 8,
    unattributed: str = "Unattributed",
    highlight: str | None = None,
    sum_as_text: Callable[[float], str] | None = None,
    is_cut: bool = False,
) -> go.Figure:
    """Bars from zero, largest first; what is past `top` becomes 'other (n)', unattributed stands hatched and last.

    `sum_as_text` writes the value of 'other'. Leave it out for what does not add up (rates, distinct counts): then
    'other' has no bar. With a highlight the other bars step back to the pale of the same colour. `is_cut` breaks an
    unattributed bar that would press all others together.
    """
    named = sorted((bar for bar in bars if bar.label is not None), key=_largest_first)
    # One group more than `top` stands for itself: 'other (1)' would take the same room.
    shown = named[:top] if len(named) > top + 1 else named
    folded = named[len(shown) :]
    hatched = [replace(bar, label=unattributed) for bar in bars if bar.label is None]
    rows = [*shown, *([_other(folded, sum_as_text)] if folded else []), *hatched]
    colors = [theme.pale(owner) if highlight not in (None, bar.label) else theme.color(owner) for bar in shown]
    colors += [theme.pale(owner)] * bool(folded) + [theme.panel] * len(hatched)
    plain = len(rows) - len(hatched)

    width, pitch = 20, 33
    middles = [pitch / 2 + index * pitch for index in range(len(rows))]
    values = [row.value for row in rows]
    scaled = [amount for row in (rows[:plain] if is_cut and plain else rows) for amount in (row.value, row.mark)]
    drawing = Drawing(theme, max(1, len(rows)) * pitch, _from_zero(scaled))
    drawing.make_room([str(row.label) for row in rows], [row.text for row in rows])
    marker = {
        "color": colors,
        "line": {"color": theme.quiet, "width": [0] * plain + [1] * len(hatched)},
        "pattern": {
            # Overlay, since Plotly draws the pattern that replaces a fill in the colour of the fill.
            "shape": [""] * plain + ["/"] * len(hatched), "fillmode": "overlay",
            "fgcolor": [theme.quiet] * len(rows), "fgopacity": 0.6, "size": 7, "solidity": 0.2,
        },
    }  # fmt: skip
    drawing.bars(values, middles, width, marker)
    for row, middle in zip(rows, middles, strict=True):
        end = drawing.cut(max(row.value or 0, row.mark or 0), middle, width)
        _row(drawing, str(row.label), row.value, row.text, middle, end=end)
        if row.mark:
            drawing.tick(row.mark, row.value or 0, middle, width, theme.color("marketing"))
    drawing.hover_rows([(str(row.label), row.says or row.text) for row in rows], middles, pitch)
    return figure(drawing)


def figure(drawing: Drawing) -> go.Figure:
    """A drawing made here or elsewhere, such as a scatter or a ranking, as a figure."""
    return go.Figure(drawing.spec(), _validate=IS_VALIDATED)


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
) -> go.Figure:
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
    is_single = len(groups) == 1
    strip, gap = (180, 0) if is_single else (40, 24)
    scale = _scale(points, as_text) if is_single else [0.0]
    highest = max([1e-12, *scale, *(value for point in points for value in _amounts(point))])
    called = {None: unattributed, **(names or {})}
    beside = [as_text(tick) for tick in scale] if is_single else [called.get(g) or str(g) for g in groups]
    last_x, above = len(periods) - 1, 18 if flags else 0
    bottom = 44 if any(_YEAR.search(period) for period in periods) else 28
    x_range = (0, last_x) if last_x > 0 else (-1, 1)
    drawing = Drawing(theme, len(groups) * (strip + gap) - gap, x_range, top=24 - above, bottom=bottom, above=above)
    drawing.make_room(beside, [point.text for point in points])
    if is_single:
        for tick, name in zip(scale, beside, strict=True):
            _level(drawing, strip * (1 - tick / highest), name, theme.quiet)
    for index, group in enumerate(groups):
        base = index * (strip + gap) + strip
        if not is_single:
            _level(drawing, base, beside[index], theme.ink, lift=strip / 3)
        members = [point for point in points if point.group == group]
        heights = [None if point.value is None else base - strip * float(point.value) / highest for point in members]
        spots = [Spot(periods.index(p.label), y, p.is_complete) for p, y in zip(members, heights, strict=True)]
        for flag in flags:
            if flag.group in (group, None):
                drawing.flag(flag.x, base - strip - 12, base, flag.text, flag.says)
        if is_single:
            _steps(drawing, [None if p.target is None else base - strip * p.target / highest for p in members])
        _line(drawing, theme.color((owners or {}).get(group, owner)), spots, members)
    _periods(drawing, periods)
    if all(point.value is None for point in points):
        drawing.write("No values in these periods", x=0.5, xref="paper", xanchor="center", y=drawing.height / 2,
                      color=theme.quiet)  # fmt: skip
    return figure(drawing)


def _from_zero(values: Sequence[float | None]) -> tuple[float, float]:
    known = [float(value) for value in values if value is not None]
    low, high = min([0.0, *known]), max([0.0, *known])
    return (low, high) if high > low else (0.0, 1.0)


def _row(
    drawing: Drawing, label: str, value: float | None, text: str, middle: float, *, end: float | None = None
) -> None:
    drawing.label(label, middle)
    color = drawing.theme.quiet if value is None else drawing.theme.ink
    place = max(float(value or 0), 0) if end is None else end
    drawing.write(escape(text), x=place, y=middle, xshift=7, color=color)


def _step(drawing: Drawing, stage: Stage, y: float, *, is_only: bool) -> None:
    size = _ONLY if is_only else _WORST if stage.is_worst else TEXT
    rate = f"<b>{escape(stage.rate)}</b>" if size > TEXT else escape(stage.rate)
    quiet = f'<span style="font-size:{SMALL}px;color:{drawing.theme.quiet}">'
    note = f"{quiet}  {escape(stage.note)}</span>" if stage.note else ""
    color = drawing.theme.color(stage.owner) if stage.is_worst else drawing.theme.ink
    drawing.write(f"{quiet}↓  </span>{rate}{note}", x=0, y=y, xshift=10, size=size, color=color)


def _largest_first(bar: Bar) -> tuple[bool, float]:
    return (bar.value is None, -(bar.value or 0))


def _other(folded: Sequence[Bar], sum_as_text: Callable[[float], str] | None) -> Bar:
    label = f"other ({len(folded)})"
    if sum_as_text is None:
        return Bar(label, None, "in the table")
    total, marks = sum(bar.value or 0 for bar in folded), [bar.mark for bar in folded if bar.mark is not None]
    return Bar(label, total, sum_as_text(total), mark=sum(marks) if marks else None)


def _amounts(point: Point) -> list[float]:
    return [float(value) for value in (point.value, point.target) if value is not None]


def _steps(drawing: Drawing, heights: Sequence[float | None]) -> None:
    """What is promised of each period: a thin line in steps, named where it begins. No height lifts the pen."""
    first = next((x for x, y in enumerate(heights) if y is not None), None)
    if first is None:
        return
    low, high = drawing.x_range
    path = [place for x, y in enumerate(heights) for place in ((max(low, x - 0.5), y), (min(high, x + 0.5), y))]
    drawing.traces.append(
        {"type": "scatter", "mode": "lines", "x": [x for x, _ in path], "y": [y for _, y in path],
         "line": {"color": drawing.theme.quiet, "width": 1}, "cliponaxis": False, "hoverinfo": "skip"}
    )  # fmt: skip
    drawing.write("target", x=path[2 * first][0], y=heights[first], yshift=9, size=SMALL, color=drawing.theme.quiet)


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
    says = [f"{escape(p.label)}<br><b>{escape(p.text)}</b>{'' if p.is_complete else ' so far'}" for _, p in seen]
    drawing.traces.append(
        {"type": "scatter", "mode": "markers", "x": [spot.x for spot, _ in seen], "y": [spot.y for spot, _ in seen],
         "marker": marker, "cliponaxis": False, "hoverinfo": "text", "hovertext": says}
    )  # fmt: skip
    for spot, point in complete[-1:]:
        beside = {"xshift": 9} if (spot, point) == seen[-1] else {"yshift": 14, "xanchor": "center"}
        drawing.write(f"<b>{escape(point.text)}</b>", x=spot.x, y=spot.y, **beside)
