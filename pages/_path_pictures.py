"""What channels do on the way of deals, and how long the way is, as pictures. Computes nothing: it asks and places.

Deals take months, so all of it is of the twelve months up to the end of the chosen period.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from data.calendar import Period, leading_to
from metrics.deal_paths import DealPaths, Spread, deal_paths, lengths
from metrics.path_roles import Removal, Role, roles
from metrics.path_roles import removals as removals_of
from pages import _charts, _words
from pages._charts import Bar
from pages._dates import span
from pages._page import View
from pages._pairs import SHARES, pairs_drawing, shares_in_row
from pages._panels import column_formats, show_chart, show_reason
from pages._ranking import Ranked, ranking_drawing
from pages._words import rate

__all__ = ["Paths", "channel_label", "length", "paths", "removals", "role", "touches_in_words"]

MONTHS, MOST, NONE = 12, 8, "No channel"
QUESTIONS = {
    "opens": ("Which channels open?", "the first touch"),
    "helps": ("Which help on the way?", "a touch between the first and the last"),
    "closes": ("Which channels close?", "the last touch before the close"),
}


@dataclass(frozen=True)
class Paths:
    """The decided deals of a period with their paths, and what was found in them."""

    period: Period
    decided: DealPaths
    roles: Mapping[str, list[Role]]
    removals: list[Removal]
    spreads: Mapping[tuple[str, bool], Spread]

    @property
    def reason(self) -> str:
        """Why there is nothing to show."""
        none = f"No deal of type new was decided in {span(self.period)}, or none under these filters."
        return self.decided.reason or none


def channel_label(channel: str | None) -> str:
    return NONE if channel is None else channel


def paths(seen: View) -> Paths:
    period = leading_to(seen.period.until, "month", seen.session.company, MONTHS)
    decided = deal_paths(seen.session, period, seen.where)
    if decided.reason is not None:
        return Paths(period, decided, {}, [], {})
    return Paths(period, decided, roles(decided), removals_of(decided), lengths(decided))


def role(seen: View, found: Paths, role: str) -> None:
    """The share of won deals in which a channel has a role, and of lost ones."""
    title, touch = QUESTIONS[role]
    rows = found.roles.get(role, [])
    if not rows:
        show_reason(title, found.decided.reason or f"No decided deal has {touch} in {span(found.period)}.", key=role)
        return
    first = rows[0]
    table = pl.DataFrame(
        [(channel_label(row.channel), row.won, row.lost, *shares_in_row(row)) for row in rows],
        schema={"channel": pl.String, "won": pl.Int64, "lost": pl.Int64, **dict.fromkeys(SHARES, pl.Float64)},
        orient="row",
    )
    # A deal has one first and one last touch, and between them any number.
    adds_up = "" if role == "helps" else " They add up to all."
    show_chart(
        title,
        f"Of {first.all_won:,} won (filled) and {first.all_lost:,} lost deals (hollow), how many have {touch} by the"
        f" channel.{adds_up} Lines: where the share may truly lie (95 %).",
        _charts.figure(pairs_drawing([(channel_label(row.channel), row) for row in rows[:MOST]], seen.theme)),
        table,
        key=role,
        columns=_role_columns(),
    )


def _role_columns() -> dict[str, object]:
    labels = {
        "channel": "Channel", "won": "Won", "lost": "Lost", "won_share": "Of won", "won_low": "At least (95 %)",
        "won_high": "At most (95 %)", "lost_share": "Of lost", "lost_low": "Lost, at least",
        "lost_high": "Lost, at most",
    }  # fmt: skip
    units = {"won": "count", "lost": "count", **dict.fromkeys(SHARES, "ratio")}
    return column_formats(units, labels)  # type: ignore[arg-type]  # units are of the list


def removals(seen: View, found: Paths) -> None:
    """What each channel is worth by removal, and beside it by the last touch."""
    title, key = "What would be lost without a channel?", "removals"
    if not found.removals:
        reason = found.decided.reason or f"Nothing was won in {span(found.period)} that a touch led to."
        show_reason(title, reason, key=key)
        return
    bars = [
        Bar(
            row.channel, row.share, rate(row.share), mark=row.last,
            says=f"{rate(row.share)} of won deals; {rate(row.last)} by last touch; {rate(row.effect)} lost without it",
        )
        for row in found.removals
    ]  # fmt: skip
    show_chart(
        title,
        "Bars: each channel's part of what was won, by what would be lost without it (Markov). Ticks: its part by the"
        " last touch alone.",
        _charts.ranked_bars(bars, seen.theme, top=MOST, unattributed=NONE, sum_as_text=rate),
        pl.DataFrame(
            [(channel_label(row.channel), row.effect, row.share, row.last) for row in found.removals],
            schema={"channel": pl.String, "effect": pl.Float64, "share": pl.Float64, "last": pl.Float64},
            orient="row",
        ),
        key=key,
        columns=column_formats(
            {"effect": "ratio", "share": "ratio", "last": "ratio"},
            {"channel": "Channel", "effect": "Lost without it", "share": "Part by removal", "last": "Part by last"},
        ),
    )


def length(seen: View, found: Paths, what: str) -> None:
    """How many touches, or days from the first touch to the close, the journeys of won and of lost deals have."""
    title, unit, written = LENGTHS[what]
    spreads = {outcome: spread for (name, outcome), spread in found.spreads.items() if name == what}
    if not spreads:
        reason = found.decided.reason or f"No deal decided in {span(found.period)} had a touch."
        show_reason(title, reason, key=what)
        return
    rows = [
        Ranked(
            OUTCOME[outcome], one.median, written(one.median), one.low, one.high,
            says=f"{_words.parts(one.low)} to {written(one.high)}: half of {one.deals:,} deals",
        )
        for outcome, one in spreads.items()
    ]  # fmt: skip
    table = [(OUTCOME[outcome], one.deals, one.low, one.median, one.high) for outcome, one in spreads.items()]
    numbers = dict.fromkeys(("low", "median", "high"), pl.Float64)
    show_chart(
        title,
        f"{unit} of the deals that a touch led to: the dot is the median, and half of the deals lie on the line.",
        _charts.figure(ranking_drawing(rows, seen.theme)),
        pl.DataFrame(table, schema={"outcome": pl.String, "deals": pl.Int64, **numbers}, orient="row"),
        key=what,
        columns=column_formats(
            {"deals": "count", "low": "parts", "median": "parts", "high": "parts"},
            {"outcome": "Outcome", "deals": "Deals", "low": "A quarter below", "median": "Median",
             "high": "A quarter above"},
        ),
    )  # fmt: skip


def touches_in_words(value: float) -> str:
    """5 touches, with a space at which no line breaks."""
    return f"{_words.parts(value)}\u00a0{'touch' if value == 1 else 'touches'}"


OUTCOME = {True: "Won", False: "Lost"}
LENGTHS = {
    "touches": ("How many touches does it take?", "Touches up to the close", touches_in_words),
    "days": ("How many days does it take?", "Days from the first touch to the close", _words.days),
}
