"""Bars per stage, ranked bars, and any drawing as a figure. The only module that imports Plotly; computes no metric.

Values arrive computed, with the text that is shown for them, and are only placed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import plotly.graph_objects as go

from pages._drawing import SMALL, TEXT, Drawing
from pages._theme import Owner, Theme
from pages._words import escape

__all__ = ["CONFIG", "Bar", "Figure", "Stage", "figure", "ranked_bars", "stage_bars"]

CONFIG = {"displayModeBar": False, "scrollZoom": False, "doubleClick": False, "showTips": False}
Figure = go.Figure
IS_VALIDATED = False  # Plotly's validators take two thirds of a picture's time: tests draw with them, viewers without.

# Owner colours reach a contrast of 3 on paper: enough for text only from 14 pt bold (18.66 px) on.
_WORST = 19
_ONLY = 26  # where there is one step, its rate is what the picture is about


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

    `mark` is a second amount, such as what the group cost: a tick on the same bar; `target`, what is promised of it: a
    thin one. `says` is what the row says when pointed at, instead of its text.
    """

    label: str | None
    value: float | None
    text: str
    mark: float | None = None
    says: str = ""
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
    scaled = [
        amount for row in (rows[:plain] if is_cut and plain else rows) for amount in (row.value, row.mark, row.target)
    ]
    drawing = Drawing(theme, max(1, len(rows)) * pitch, _from_zero(scaled))
    drawing.make_room([str(row.label) for row in rows], [row.text for row in rows])
    drawing.bars(values, middles, width, _marker(theme, colors, plain))
    for row, middle in zip(rows, middles, strict=True):
        end = drawing.cut(max(row.value or 0, row.mark or 0, row.target or 0), middle, width)
        _row(drawing, str(row.label), row.value, row.text, middle, end=end)
        if row.mark:
            drawing.tick(row.mark, row.value or 0, middle, width, theme.color("marketing"))
        if row.target:
            drawing.tick(row.target, row.value or 0, middle, width, theme.quiet, thick=1)
    drawing.hover_rows([(str(row.label), row.says or row.text) for row in rows], middles, pitch)
    return figure(drawing)


def _marker(theme: Theme, colors: Sequence[str], plain: int) -> dict[str, object]:
    """How bars look: the first `plain` of them filled, the others hatched."""
    hatched = len(colors) - plain
    return {
        "color": colors,
        "line": {"color": theme.quiet, "width": [0] * plain + [1] * hatched},
        "pattern": {
            # Overlay, since Plotly draws the pattern that replaces a fill in the colour of the fill.
            "shape": [""] * plain + ["/"] * hatched, "fillmode": "overlay",
            "fgcolor": [theme.quiet] * len(colors), "fgopacity": 0.6, "size": 7, "solidity": 0.2,
        },
    }  # fmt: skip


def figure(drawing: Drawing) -> go.Figure:
    """A drawing made here or elsewhere, such as a scatter or lines over time, as a figure."""
    return go.Figure(drawing.spec(), _validate=IS_VALIDATED)


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
