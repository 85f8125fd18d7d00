"""Which channels open, help and close journeys, and what would be lost without each. Draws nothing, runs nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from metrics import markov
from metrics.deal_paths import DealPaths
from metrics.outcome_shares import OutcomeShares

__all__ = ["ROLES", "Removal", "Role", "removals", "roles"]

# What a channel does by the place of its touches: the first of a path, one between, the last. One touch is both ends.
ROLES = ("opens", "helps", "closes")


@dataclass(frozen=True, kw_only=True)
class Role(OutcomeShares):
    """In how many of the won and of the lost deals a channel has a role; of all that a touch led to."""

    channel: str | None


@dataclass(frozen=True)
class Removal:
    """What a channel is worth by removal, beside the share of the won deals whose last touch is its.

    `effect` is the share of conversions that would be lost without the channel; `share` are the effects normalised,
    so that those of all channels sum to 1, as `last` do.
    """

    channel: str | None
    effect: float
    share: float
    last: float


def roles(found: DealPaths) -> Mapping[str, list[Role]]:
    """Per role the channels that have it in any deal, those of the most won deals first; no channel comes last."""
    steps = found.channels
    touched = found.deals.filter(pl.col("path").is_not_null())
    won = int(touched["is_won"].sum())
    marks = {"opens": pl.col("is_first"), "helps": pl.col("is_helping"), "closes": pl.col("is_last")}
    found_roles = {}
    for role in ROLES:
        counts = steps.filter(marks[role]).group_by("channel").agg(pl.col("won", "lost").sum())
        ordered = counts.sort(pl.col("channel").is_null(), -pl.col("won"), -pl.col("lost"), "channel")
        found_roles[role] = [
            Role(channel=channel, won=gained, lost=lost, all_won=won, all_lost=touched.height - won)
            for channel, gained, lost in ordered.iter_rows()
        ]
    return found_roles


def removals(found: DealPaths) -> list[Removal]:
    """Every channel, the one whose removal costs most first; no channel comes last. Empty where nothing was won."""
    counts = _transitions(found.channels)
    effects, shares = markov.removal_effects(counts), markov.shares(counts)
    won = sum(count for (_, after), count in counts.items() if after == markov.CONVERSION)
    if not won:
        return []
    rows = [
        Removal(channel, effect, shares[channel], counts.get((channel, markov.CONVERSION), 0.0) / won)
        for channel, effect in effects.items()
        if channel is None or isinstance(channel, str)
    ]
    return sorted(rows, key=lambda row: (row.channel is None, -row.effect, row.channel or ""))


def _transitions(steps: pl.DataFrame) -> dict[tuple[markov.State, markov.State], float]:
    """How often each channel follows each other one, with the two ends."""
    found: dict[tuple[markov.State, markov.State], float] = {}
    first = steps.filter("is_first").group_by("channel").agg(pl.col("won", "lost").sum())
    for channel, won, lost in first.iter_rows():
        found[markov.START, channel] = float(won + lost)
    keys = ("channel", "next_channel", "is_last")
    for before, after, is_last, won, lost in steps.group_by(keys).agg(pl.col("won", "lost").sum()).iter_rows():
        if not is_last:
            found[before, after] = float(won + lost)
            continue
        ends = ((markov.CONVERSION, won), (markov.NULL, lost))
        found |= {(before, end): float(count) for end, count in ends if count}
    return found
