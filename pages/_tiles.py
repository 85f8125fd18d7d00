"""Tiles: one number each, its judged change, its recent past, and the way to its rows. Computes nothing."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st

from data.calendar import Period
from pages._lines import sparkline_svg
from pages._theme import Owner, Theme
from pages._words import MISSING, Change, escape

__all__ = ["Tile", "show", "tile_html"]


@dataclass(frozen=True)
class Tile:
    """A metric as written text. Without an answer `value` is None and `reason` says why, and what to do.

    `period` is that of its rows where it is a tile of other days than the page; None: to date.
    `target` is what the agreement promises of it, and how far that is reached; `sealed` what was sealed of these days,
    where that is another number.
    """

    key: str
    label: str
    value: str | None
    owner: Owner = "both"
    change: Change | None = None
    history: Sequence[float | None] = ()
    history_label: str = ""
    incomplete_last: bool = False
    foot: str = ""
    reason: str = ""
    period: Period | None = None
    target: str = ""
    sealed: str = ""


def tile_html(tile: Tile, theme: Theme) -> str:
    """The tile for `st.html`; all text from data is escaped."""
    label = f'<p class="label">{escape(tile.label)}</p>'
    if tile.value is None:
        return (
            f'<div class="tandem-tile">{label}<p class="value none">{MISSING}</p>{_foot(tile.reason, "reason")}</div>'
        )
    value = f'<p class="value">{escape(tile.value)}</p>'
    said = f"{_change(tile)}{_history(tile, theme)}{_target(tile)}{_foot(tile.foot)}"
    return f'<div class="tandem-tile">{label}{value}{said}</div>'


def show(
    tiles: Sequence[Tile],
    theme: Theme,
    on_rows: Callable[[str], None] | None = None,
    on_why: Callable[[str], None] | None = None,
) -> None:
    """Lay the tiles out in full rows of equal height, one below the other on a narrow screen.

    `on_rows` is called with the key of the tile whose rows were asked for, after all tiles are drawn, so that it may
    draw below them or open a dialog; `on_why` likewise of the tile whose change was asked about. A tile without an
    answer has no rows to lead to, and one without a change nothing to explain.
    """
    asked, ask = None, on_rows
    grid = st.grid(_per_row(len(tiles)), min_column_width=200, border=True, key="tiles")
    for tile in tiles:
        with grid.container(key=f"tile_{tile.key}", gap=None, height="stretch"):
            st.html(tile_html(tile, theme))
            # The gray part is hidden by the style sheet: a screen reader hears whose rows, the eye sees it.
            if tile.value is None:
                continue
            name = escape(tile.label)
            with st.container(horizontal=True, gap="small", key=f"ways_{tile.key}"):
                has_moved = tile.change is not None and tile.change.arrow != "→"
                if on_why and has_moved and _way(f"Why? :gray[did {name} move]", f"why_{tile.key}"):
                    asked, ask = tile.key, on_why
                if on_rows and _way(f"Rows :gray[of {name}]", f"rows_{tile.key}"):
                    asked, ask = tile.key, on_rows
    if ask is not None and asked is not None:
        ask(asked)


def _way(label: str, key: str) -> bool:
    return st.button(label, key=key, type="tertiary")


def _per_row(tiles: int) -> int:
    """A last row that is as full as it can be: six tiles stand as 3 + 3, never as 4 + 2, and seven as 4 + 3."""
    return tiles if 0 < tiles <= 3 else 4 if tiles % 4 == 0 or tiles % 3 == 1 else 3


def _change(tile: Tile) -> str:
    if tile.change is None:
        return ""
    arrow = f'<span class="arrow" aria-hidden="true">{tile.change.arrow}</span>'
    return f'<p class="change {tile.change.verdict or ""}">{arrow} {escape(tile.change.words)}</p>'


def _history(tile: Tile, theme: Theme) -> str:
    if not any(value is not None for value in tile.history):
        return ""
    label = tile.history_label or f"{tile.label}, the last {len(tile.history)} periods"
    color = theme.color(tile.owner)
    svg = sparkline_svg(tile.history, theme, color, incomplete_last=tile.incomplete_last, label=label)
    # st.html strips inline SVG; as the source of an image it stays, and no request is made for it.
    source = "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()
    return f'<img class="history" alt="{escape(label)}" src="{source}" width="132" height="40">'


def _target(tile: Tile) -> str:
    lines = [escape(line) for line in (tile.target, tile.sealed) if line]
    return f'<p class="target">{"<br>".join(lines)}</p>' if lines else ""


def _foot(text: str, more: str = "") -> str:
    # Without a text the line stays, since the way to the rows stands at its right.
    return f'<p class="foot {more}">{escape(text) or "&nbsp;"}</p>'
