"""The journeys of decided deals as sequences of channels: which are frequent, and how long they are. Draws nothing.

A path is a number in the joined model, so that paths are counted without a text of any; its channels are looked up for
those that are shown. Deals of type new, by the day on which they were won or lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import polars as pl

from data.calendar import Period
from metrics.filtered_rows import filtered_rows
from metrics.findings import Interval, wilson
from metrics.run import Session

__all__ = ["DealPaths", "Frequent", "PathCount", "Spread", "deal_paths", "deals_of", "frequent", "lengths"]

_STEPS = 'SELECT "path", "place", "channel", "next_channel", "is_last", "is_helping" FROM "path_steps"'
_DAY, _LABEL = "deal_paths.decided_on", "The journey of a deal"
_COUNTED = ("is_won", "path", "unrepeated_path", "touches", "days", "cause")
_SHOWN = ("deal_id", "is_won", "decided_on", "touches", "days", "path", "unrepeated_path", "cause")


@dataclass(frozen=True)
class DealPaths:
    """The decided deals of a period.

    `deals` has a row per deal: is_won, path, unrepeated_path (both empty without a touch), touches, days from the first
    touch to the close, and the cause of an empty path. `steps` has a row per path and touch, in order: path, place,
    channel, next_channel, is_last, is_helping. Where nothing is known, `reason` says why.
    """

    deals: pl.DataFrame
    steps: pl.DataFrame
    reason: str | None = None

    @cached_property
    def channels(self) -> pl.DataFrame:
        """What channels did on the paths, with how many won and lost deals went them.

        Columns: channel, next_channel, is_first, is_last, is_helping, won, lost; a row per combination.
        """
        gone = (
            self.deals.filter(pl.col("path").is_not_null())
            .group_by("path")
            .agg(
                pl.col("is_won").sum().cast(pl.Int64).alias("won"),
                (~pl.col("is_won")).sum().cast(pl.Int64).alias("lost"),
            )
        )
        steps = self.steps.join(gone, on="path", how="inner").with_columns((pl.col("place") == 1).alias("is_first"))
        keys = ("channel", "next_channel", "is_first", "is_last", "is_helping")
        return steps.group_by(keys).agg(pl.col("won", "lost").sum())

    @property
    def won(self) -> int:
        return int(self.deals["is_won"].sum())

    @property
    def lost(self) -> int:
        return self.deals.height - self.won


@dataclass(frozen=True)
class PathCount:
    """A path, or several together: how many of the won and of the lost deals went it.

    `channels` are in their order, None where there are several ways or none. Medians are over deals of either outcome;
    None where no deal has the number. `cause` says why deals have no path at all; `ways` is the number of paths.
    """

    path: int | None
    channels: tuple[str | None, ...] | None
    won: int
    lost: int
    touches: float | None
    days: float | None
    ways: int = 1
    cause: str | None = None

    @property
    def win_rate(self) -> float | None:
        return self.won / (self.won + self.lost) if self.won + self.lost else None

    @property
    def interval(self) -> Interval | None:
        """Between which rates the true one lies, in 95 of 100 cases (Wilson)."""
        return wilson(self.won, self.won + self.lost)


@dataclass(frozen=True)
class Frequent:
    """The most frequent paths to an outcome, all `others` in one, and deals without a touch by their cause.

    Their counts add up to all decided deals.
    """

    shown: tuple[PathCount, ...]
    others: PathCount | None
    untouched: tuple[PathCount, ...]

    @property
    def every(self) -> tuple[PathCount, ...]:
        return (*self.shown, *([self.others] if self.others else []), *self.untouched)


def deal_paths(session: Session, period: Period, where: str | None) -> DealPaths:
    """The paths of the deals that were decided in a period, under a filter of a whole page. Raises InvalidQuestion."""
    deals, reason = filtered_rows(session, _DAY, _COUNTED, period, where, _LABEL)
    if reason is not None:
        return DealPaths(pl.DataFrame({"is_won": []}, schema={"is_won": pl.Boolean}), pl.DataFrame(), reason)
    return DealPaths(deals, session.read(_STEPS))


def deals_of(
    session: Session, period: Period, where: str | None, found: Frequent, one: PathCount, *, is_unrepeated: bool
) -> pl.DataFrame:
    """The deals behind one of the counts of `found`: deal_id, is_won, decided_on, touches, days; won ones first."""
    rows, _ = filtered_rows(session, _DAY, _SHOWN, period, where, _LABEL)
    key = _key(is_unrepeated)
    if one.cause is not None:
        is_one = pl.col("cause") == one.cause
    elif one.path is not None:
        is_one = pl.col(key) == one.path
    else:
        is_one = pl.col(key).is_not_null() & ~pl.col(key).is_in([path.path for path in found.shown])
    counted = rows.filter(is_one).select("deal_id", "is_won", "decided_on", "touches", "days")
    return counted.sort("is_won", "decided_on", "deal_id", descending=[True, True, False])


def _key(is_unrepeated: bool) -> str:
    return "unrepeated_path" if is_unrepeated else "path"


def frequent(found: DealPaths, top: int, *, to_won: bool, is_unrepeated: bool) -> Frequent:
    """The `top` paths that most won (else lost) deals went.

    With `is_unrepeated` a channel that follows itself counts once (A, B, B, C as A, B, C). Of equal counts the path
    that more deals went comes first, then that of the smaller number, which is that of the earlier channels.
    """
    key, touched = _key(is_unrepeated), found.deals.filter(pl.col("path").is_not_null())
    first, second = ("won", "lost") if to_won else ("lost", "won")
    every = _counted(touched, key).sort(first, second, key, descending=[True, True, False])
    ranked = every.filter(pl.col(first) > 0).head(top)
    steps = found.steps.filter(pl.col("path").is_in(ranked[key].implode())).sort("path", "place")
    channels = {path: tuple(rows["channel"]) for (path,), rows in steps.group_by("path", maintain_order=True)}
    shown = tuple(
        PathCount(path, channels[path], won, lost, touches, days)
        for path, won, lost, touches, days in ranked.iter_rows()
    )
    rest = touched.filter(~pl.col(key).is_in(ranked[key].implode()))
    untouched = tuple(
        PathCount(None, None, won, lost, None, None, ways=0, cause=cause)
        for cause, won, lost, *_ in _counted(found.deals.filter(pl.col("path").is_null()), "cause")
        .sort("won", "lost", "cause", descending=[True, True, False])
        .iter_rows()
    )
    return Frequent(shown, _together(rest, every.height - ranked.height), untouched)


def _counted(deals: pl.DataFrame, key: str) -> pl.DataFrame:
    """A row per value of the key: the key, won, lost, and the medians of touches and days."""
    return deals.group_by(key).agg(
        pl.col("is_won").sum().cast(pl.Int64).alias("won"),
        (~pl.col("is_won")).sum().cast(pl.Int64).alias("lost"),
        pl.col("touches").median(),
        pl.col("days").median(),
    )


def _together(deals: pl.DataFrame, ways: int) -> PathCount | None:
    if deals.is_empty():
        return None
    ((_, won, lost, touches, days),) = _counted(deals.with_columns(pl.lit(True).alias("all")), "all").iter_rows()
    return PathCount(None, None, won, lost, touches, days, ways=ways)


# -- length ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Spread:
    """How a number is spread over deals: half of them lie between `low` and `high`, and half are below `median`."""

    deals: int
    low: float
    median: float
    high: float


def lengths(found: DealPaths) -> dict[tuple[str, bool], Spread]:
    """Touches, and days from the first touch to the close, of won (True) and lost deals that a touch led to.

    Quartiles are interpolated between the two nearest deals.
    """
    spreads = {}
    for name in ("touches", "days"):
        for outcome in (True, False):
            values = found.deals.filter(pl.col("path").is_not_null() & (pl.col("is_won") == outcome))[name].drop_nulls()
            low, median, high = (values.quantile(share, "linear") for share in (0.25, 0.5, 0.75))
            if low is not None and median is not None and high is not None:
                spreads[name, outcome] = Spread(values.len(), low, median, high)
    return spreads
