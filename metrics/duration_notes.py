"""What is said of a median or p90 that is empty since it falls on a wait that has not ended. Computes no number."""

from __future__ import annotations

import polars as pl

from metrics.durations import COUNTED, LONGEST, PER_UNIT
from metrics.kinds import Duration

__all__ = ["longer_than_any", "longest_ended"]


def longer_than_any(metric: Duration, asked: str, frame: pl.DataFrame) -> str | None:
    """One sentence on the empty cells of the column `asked`, or None; `frame` has the hidden columns too."""
    counted, longest = metric.name + COUNTED, metric.name + LONGEST
    if not {asked, counted, longest} <= set(frame.columns):
        return None
    empty = frame.filter(pl.col(asked).is_null() & (pl.col(counted) > 0))
    if empty.is_empty():
        return None
    word = "p90" if asked.endswith(".p90") else "median"
    most = empty[longest].max()
    bound = None if most is None else f"{float(str(most)) / PER_UNIT[metric.unit]:,.1f} {_UNITS[metric.unit]}"
    if frame.height == 1:
        known = f"more than {bound}, the longest that has ended" if bound else "unknown: none has ended"
        return (
            f"{metric.label}: of {int(empty[counted].sum()):,} waits so many have not ended that the {word} is {known}."
        )
    known = f"more than the longest that has ended there (at most {bound})" if bound else "unknown: none has ended"
    return (
        f"{metric.label}: in {empty.height:,} of {frame.height:,} rows so many waits have not ended that the {word} is"
        f" {known}."
    )


def longest_ended(metric: Duration, frame: pl.DataFrame) -> pl.Series | None:
    """Per row the longest wait that has ended, in the metric's unit; None where the frame tells none."""
    found = metric.name + LONGEST
    if found not in frame.columns:
        return None
    return frame[found].cast(pl.Float64) / PER_UNIT[metric.unit]


_UNITS = {"hours": "h", "days": "days"}
