"""The geometry of lines over time, and the small inline SVG drawn with it. Knows neither Plotly nor Streamlit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from pages._theme import Theme
from pages._words import escape

__all__ = ["Flag", "Pieces", "Spot", "pieces", "sparkline_svg", "ticks"]

_XY = tuple[float, float]


@dataclass(frozen=True)
class Spot:
    """A place on a line; `y` is None where there is no value."""

    x: float
    y: float | None
    is_complete: bool = True


@dataclass(frozen=True)
class Flag:
    """A day on which something changed: its place among the periods of a line, counted from 0, and its day in words.

    `says` is what changed, told when pointed at; `group` names the line that it concerns (None: all of them).
    """

    x: float
    text: str
    says: str
    group: str | None = None


@dataclass
class Pieces:
    """A line cut into what is drawn solid, what is drawn dashed, and dots that no neighbour joins."""

    solid: list[list[_XY]] = field(default_factory=list)
    dashed: list[list[_XY]] = field(default_factory=list)
    lone: list[_XY] = field(default_factory=list)


def pieces(spots: Sequence[Spot]) -> Pieces:
    """Cut a line: a stretch is dashed where either of its ends is incomplete; a missing value is a gap."""
    found = Pieces()
    around = zip([None, *spots], spots, [*spots[1:], None], strict=False)
    for before, spot, after in around:
        if spot.y is None:
            continue
        if before is not None and before.y is not None:
            kind = found.solid if before.is_complete and spot.is_complete else found.dashed
            if not kind or kind[-1][-1] != (before.x, before.y):
                kind.append([(before.x, before.y)])
            kind[-1].append((spot.x, spot.y))
        elif after is None or after.y is None:
            found.lone.append((spot.x, spot.y))
    return found


def ticks(top: float) -> list[float]:
    """Round numbers from 0 to the first at or above `top`, at most five of them."""
    if top <= 0:
        return [0.0]
    magnitude = 10 ** math.floor(math.log10(top))
    steps = [factor * magnitude for factor in (0.1, 0.2, 0.5, 1, 2, 5)]
    step = next(step for step in steps if math.ceil(round(top / step, 9)) <= 4)
    return [round(step * index, 12) for index in range(math.ceil(round(top / step, 9)) + 1)]


def sparkline_svg(
    values: Sequence[float | None],
    theme: Theme,
    color: str,
    *,
    incomplete_last: bool = False,
    label: str,
    width: int = 132,
    height: int = 40,
) -> str:
    """An SVG of the values, oldest first, with a dot on the last one; `label` is what a screen reader says.

    A small wobble stays small: the scale covers at least a quarter of the largest value. An incomplete last value is
    reached by dashes and its dot is hollow.
    """
    spots = _spots(values, incomplete_last, width, height)
    cut = pieces(spots)
    stroke = f'fill="none" stroke="{color}" stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round"'
    drawn = [f'<path d="{_path(line)}" {stroke}/>' for line in cut.solid]
    drawn += [f'<path d="{_path(line)}" {stroke} stroke-dasharray="2 4"/>' for line in cut.dashed]
    drawn += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="1.5" fill="{color}"/>' for x, y in cut.lone]
    last = next((spot for spot in reversed(spots) if spot.y is not None), None)
    if last is not None:
        fill = color if last.is_complete else theme.paper
        drawn.append(
            f'<circle cx="{last.x:.1f}" cy="{last.y:.1f}" r="3" fill="{fill}" stroke="{color}" stroke-width="1.75"/>'
        )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{escape(label)}" width="{width}" '
        f'height="{height}" viewBox="0 0 {width} {height}">{"".join(drawn)}</svg>'
    )


def _spots(values: Sequence[float | None], incomplete_last: bool, width: int, height: int) -> list[Spot]:
    edge = 5.0
    known = [float(value) for value in values if value is not None and math.isfinite(value)]
    low, high = min(known, default=0.0), max(known, default=0.0)
    span = max(high - low, 0.25 * max(abs(high), abs(low)))
    # Where nothing ever happened the line lies on the ground; a constant above it runs through the middle.
    floor = (low + high - span) / 2
    step = (width - 2 * edge) / max(1, len(values) - 1)
    spots = []
    for index, value in enumerate(values):
        x = width - edge - (len(values) - 1 - index) * step
        has_value = value is not None and math.isfinite(value)
        share = (float(value or 0) - floor) / span if span else 0.0
        y = height - edge - share * (height - 2 * edge) if has_value else None
        spots.append(Spot(x, y, not (incomplete_last and index == len(values) - 1)))
    return spots


def _path(line: Sequence[_XY]) -> str:
    return "M" + " L".join(f"{x:.1f} {y:.1f}" for x, y in line)
