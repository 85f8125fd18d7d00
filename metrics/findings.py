"""What stands out in answers: changes and the weakest step. Works on frames; asks nothing, formats nothing."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import polars as pl

__all__ = ["Change", "CohortPoint", "Step", "change", "cohort_points", "steps", "weakest"]


@dataclass(frozen=True)
class Change:
    """A number against the one before. `relative` is None where the number before is 0 or there is none.

    `is_good` is None where the metric has no welcome direction, or nothing changed.
    """

    now: float
    before: float
    relative: float | None
    is_good: bool | None

    @property
    def absolute(self) -> float:
        return self.now - self.before


def change(now: float | None, before: float | None, good: str) -> Change | None:
    """The judged change of a metric whose welcome direction is `good`; None without both numbers."""
    if now is None or before is None:
        return None
    is_good = None if good == "neither" or now == before else (now > before) == (good == "up")
    return Change(now, before, (now - before) / before if before else None, is_good)


@dataclass(frozen=True)
class Step:
    """One step of one cohort, from the table of a funnel. Rates are fractions of the matured; None if none matured."""

    step: str
    within_days: int
    entered: int
    converted_to_date: int
    matured: int
    converted_matured: int
    rate_to_date: float | None
    rate_matured: float | None


def steps(table: pl.DataFrame) -> list[Step]:
    """The rows of a funnel's table that is not split by anything, in order; `overall` is last."""
    names = list(Step.__annotations__)
    return [Step(*row) for row in table.select(names).iter_rows()]


def weakest(found: list[Step]) -> Step | None:
    """The single step with the lowest matured rate, `overall` left out; None with fewer than two rates to compare."""
    rated = [step for step in found if step.step != "overall" and step.rate_matured is not None]
    return min(rated, key=lambda step: step.rate_matured or 0.0) if len(rated) > 1 else None


@dataclass(frozen=True)
class CohortPoint:
    """One period's cohort on a line: its matured rate, or while part of it is still converting the rate so far.

    `is_recorded` is False where some entered before the later stage was recorded at all.
    """

    period: dt.date
    rate: float | None
    is_mature: bool
    is_recorded: bool


def cohort_points(table: pl.DataFrame) -> list[CohortPoint]:
    """One step of a funnel's table by period, in the order of time."""
    points = []
    for row in table.sort("period").iter_rows(named=True):
        is_mature = row["matured"] == row["entered"]
        rate = row["rate_matured"] if is_mature else row["rate_to_date"]
        points.append(CohortPoint(row["period"], rate, is_mature, row["unrecorded"] == 0))
    return points
