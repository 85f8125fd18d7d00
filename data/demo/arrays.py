"""The arrays that a generated company is made of, and how they become columns of text and times. Draws nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

__all__ = ["DAY", "HOUR", "NEVER", "Bools", "Floats", "Ints", "chosen_text", "ids", "instants", "picked"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

# Moments are whole seconds of local time since the first day began; what never happens is NEVER.
NEVER = 2**40
HOUR, DAY = 3_600, 86_400


def ids(prefix: str, numbers: Ints, width: int) -> pl.Series:
    """Numbers as ids of one length, such as c0000042; a negative number is no id."""
    known = pl.Series(numbers)
    return prefix + known.set(known < 0, None).cast(pl.String).str.zfill(width)


def picked(values: Sequence[str | None], index: Ints) -> pl.Series:
    """The values at these places; a negative place has none."""
    return pl.Series([*values, None], dtype=pl.String).gather(np.where(index < 0, len(values), index))


def chosen_text(condition: Bools, values: pl.Series, otherwise: str | None = None) -> pl.Series:
    """The values where the condition is true, the same other text elsewhere."""
    chosen = pl.when(pl.lit(pl.Series(condition))).then(pl.lit(values)).otherwise(pl.lit(otherwise))
    return pl.select(chosen).to_series()


def instants(first: dt.date, moments: Ints, end: int) -> pl.Series:
    """Moments as local times; those that never happen, or not before `end`, are empty."""
    start = int(dt.datetime.combine(first, dt.time(), dt.UTC).timestamp())
    known = pl.Series((np.minimum(moments, NEVER) + start) * 1_000)
    return known.set(pl.Series(moments >= end), None).cast(pl.Datetime("ms"))
