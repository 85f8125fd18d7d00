"""The geometry of pairs: per row the share of won deals (filled) and of lost ones (hollow) with their ranges.

Knows neither metrics nor Plotly. Shares arrive computed; everything is only placed.
"""

from __future__ import annotations

from collections.abc import Sequence

from metrics.outcome_shares import OutcomeShares
from pages._drawing import Drawing
from pages._theme import Theme
from pages._words import escape, rate

__all__ = ["SHARES", "pairs_drawing", "shares_in_row"]

PITCH, APART, DOT = 38.0, 7.0, 9
# The columns of a table of pairs.
SHARES = ("won_share", "won_low", "won_high", "lost_share", "lost_low", "lost_high")


def pairs_drawing(rows: Sequence[tuple[str, OutcomeShares]], theme: Theme, *, longest_label: int = 20) -> Drawing:
    """Labelled rows from top to bottom as given. Where the two shares are truly apart, the numbers are in ink."""
    ends = [one.high for _, row in rows for one in (row.won_interval, row.lost_interval) if one]
    texts = [f"{rate(row.won_share)} · {rate(row.lost_share)}" for _, row in rows]
    drawing = Drawing(theme, len(rows) * PITCH, (0, max(ends, default=1.0)))
    drawing.longest_label = longest_label
    drawing.make_room([label for label, _ in rows], texts)
    drawing.rule(x0=0, x1=0, y0=0, y1=drawing.height)
    middles = [PITCH / 2 + index * PITCH for index in range(len(rows))]
    for (label, row), middle, text in zip(rows, middles, texts, strict=True):
        drawing.label(label, middle)
        for share, interval, y, color in (
            (row.won_share, row.won_interval, middle - APART, theme.color("sales")),
            (row.lost_share, row.lost_interval, middle + APART, theme.quiet),
        ):
            if share is None or interval is None:
                continue
            fill = color if y < middle else theme.paper
            drawing.traces += [
                {"type": "scatter", "mode": "lines", "x": [interval.low, interval.high], "y": [y, y],
                 "line": {"color": color, "width": 2}, "cliponaxis": False, "hoverinfo": "skip"},
                {"type": "scatter", "mode": "markers", "x": [share], "y": [y], "cliponaxis": False, "hoverinfo": "skip",
                 "marker": {"size": DOT, "color": fill, "line": {"color": color, "width": 2}}},
            ]  # fmt: skip
        ink = theme.ink if row.is_apart else theme.quiet
        drawing.write(escape(text), x=1, xref="paper", xshift=9, y=middle, color=ink)
    says = [f"{row.won:,} of {row.all_won:,} won, {row.lost:,} of {row.all_lost:,} lost" for _, row in rows]
    drawing.hover_rows([(label, said) for (label, _), said in zip(rows, says, strict=True)], middles, PITCH)
    return drawing


def shares_in_row(row: OutcomeShares) -> list[float | None]:
    """Both shares with the ends of their ranges, in the order of SHARES."""
    pairs = ((row.won_share, row.won_interval), (row.lost_share, row.lost_interval))
    return [value for share, at in pairs for value in (share, at.low if at else None, at.high if at else None)]
