"""The geometry of a ranking: a value per row with the range it may lie in, and rows that are too small to rank apart.

Knows neither metrics nor Plotly. Values and texts arrive computed; everything is only placed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pages._drawing import SMALL, Drawing, text_width
from pages._theme import Owner, Theme
from pages._words import escape

__all__ = ["Average", "Ranked", "ranking_drawing"]

PITCH, THICK, DOT = 33.0, 20.0, 10
# Past this many a list of groups that are too small for a rank says nothing more.
MOST_UNRANKED = 4


@dataclass(frozen=True)
class Ranked:
    """One group, its value as written text, and the range it may lie in. Without a range it is a bar from zero.

    `is_ranked` is False where the group is too small to compare, or is unattributed: the one of rows without a value,
    which always stands for itself. `says` is what it says when pointed at, instead of its text. `mark` is a second
    amount, such as what the group cost: a tick on its range.
    """

    label: str
    value: float | None
    text: str
    low: float | None = None
    high: float | None = None
    is_ranked: bool = True
    says: str = ""
    is_unattributed: bool = False
    mark: float | None = None


@dataclass(frozen=True)
class Average:
    """A vertical line through all rows, named above them."""

    value: float
    name: str


def ranking_drawing(
    rows: Sequence[Ranked],
    theme: Theme,
    *,
    owner: Owner = "both",
    top: int = 10,
    note: str = "",
    average: Average | None = None,
) -> Drawing:
    """Rows in the order given: those with a rank, and under the `note` those without, in quiet colours.

    What is past `top`, or past the first few without a rank, is named by its number only.
    """
    ranked = [row for row in rows if row.is_ranked]
    others = [row for row in rows if not row.is_ranked]
    shown = [*_folded(ranked, top), *_folded(others, MOST_UNRANKED)]
    plain = len(_folded(ranked, top))
    head = 24.0 if average is not None else 0.0
    apart = 30.0 if others and note else 0.0
    middles = [head + PITCH / 2 + index * PITCH + (apart if index >= plain else 0) for index in range(len(shown))]
    reach = _reach(shown, plain, average)
    drawing = Drawing(theme, head + max(1, len(shown)) * PITCH + apart, (0, reach))
    if any(row.low is not None for row in shown):
        # The column of numbers is wide, and on a phone a range needs the room.
        drawing.longest_label = 16
    drawing.make_room([row.label for row in shown], [row.text for row in shown])
    drawing.rule(x0=0, x1=0, y0=head, y1=drawing.height)
    if average is not None:
        _draw_average(drawing, average, reach)
    if apart:
        y = head + plain * PITCH + apart / 2 + 4
        drawing.write(escape(note), x=0, xref="paper", xshift=-drawing.left, y=y, size=SMALL, color=theme.quiet)
    for row, middle in zip(shown, middles, strict=True):
        _draw_row(drawing, row, middle, owner)
    drawing.hover_rows([(row.label, row.says or row.text) for row in shown], middles, PITCH)
    return drawing


def _folded(rows: Sequence[Ranked], top: int) -> list[Ranked]:
    """One more than `top` stands for itself: 'other (1)' would take the same room."""
    named = [row for row in rows if not row.is_unattributed]
    if len(named) <= top + 1:
        return list(rows)
    other = Ranked(f"other ({len(named) - top})", None, "in the table", is_ranked=named[0].is_ranked)
    return [*named[:top], other, *(row for row in rows if row.is_unattributed)]


def _reach(shown: Sequence[Ranked], plain: int, average: Average | None) -> float:
    """The scale is that of the ranked: a small group's range would press them together; an arrow points past it."""
    known = [max(row.high or row.value or 0.0, row.mark or 0.0) for row in (shown[:plain] or shown)]
    return max([*known, average.value if average else 0.0]) or 1.0


def _draw_average(drawing: Drawing, average: Average, reach: float) -> None:
    drawing.rule(x0=average.value, x1=average.value, y0=20, y1=drawing.height)
    width = text_width(average.name, SMALL)
    # Near the right edge the name would leave the picture: it then stands left of the line.
    anchor = {"xanchor": "left"} if average.value / reach * 200 + width < 200 + drawing.right else {"xanchor": "right"}
    drawing.write(escape(average.name), x=average.value, y=9, size=SMALL, color=drawing.theme.quiet, **anchor)


def _draw_row(drawing: Drawing, row: Ranked, middle: float, owner: Owner) -> None:
    theme, reach = drawing.theme, drawing.x_range[1]
    drawing.label(row.label, middle, "" if row.is_ranked else theme.quiet)
    color = theme.color(owner) if row.is_ranked else theme.pale(owner)
    is_range = row.low is not None and row.high is not None
    if row.value is not None and is_range:
        _draw_range(drawing, row, middle, owner, color)
    elif row.value is not None:
        drawing.bars([min(row.value, reach)], [middle], THICK, {"color": color} if row.is_ranked else _hatched(theme))
    ink = theme.ink if row.is_ranked and row.value is not None else theme.quiet
    # Ranges end anywhere, so their numbers stand in a column; the number of a bar stands at its end.
    if is_range or row.value is None:
        drawing.write(escape(row.text), x=1, xref="paper", xshift=9, y=middle, color=ink)
    else:
        place = {"x": min(row.value, reach), "xshift": 7, "bgcolor": theme.paper, "borderpad": 0}
        drawing.write(escape(row.text), y=middle, color=ink, **place)


def _hatched(theme: Theme) -> dict[str, object]:
    pattern = {"shape": ["/"], "fgcolor": theme.quiet, "bgcolor": theme.panel, "size": 7, "solidity": 0.3}
    return {"color": [theme.panel], "line": {"color": theme.quiet, "width": [1]}, "pattern": pattern}


def _draw_range(drawing: Drawing, row: Ranked, middle: float, owner: Owner, color: str) -> None:
    low, high = drawing.x_range
    ends = [min(max(end or 0.0, low), high) for end in (row.low, row.high)]
    drawing.traces.append(
        {"type": "scatter", "mode": "lines", "x": ends, "y": [middle, middle], "cliponaxis": False,
         "line": {"color": drawing.theme.pale(owner), "width": 5 if row.is_ranked else 2}, "hoverinfo": "skip"}
    )  # fmt: skip
    if row.value is None:
        return
    if row.mark and row.mark <= high:
        drawing.tick(row.mark, row.mark, middle, THICK, drawing.theme.color("marketing"))
    marker = {
        "size": DOT,
        "symbol": "triangle-right" if row.value > high else "circle",
        "color": color if row.is_ranked else drawing.theme.paper,
        "line": {"color": color, "width": 2},
        "opacity": 1,
    }
    drawing.traces.append(
        {"type": "scatter", "mode": "markers", "x": [min(row.value, high)], "y": [middle], "cliponaxis": False,
         "marker": marker, "hoverinfo": "skip"}
    )  # fmt: skip
