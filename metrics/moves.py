"""Which days count for a period of an answer, where these are not its own: shifts and windows. Computes nothing."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["EachDay", "FirstDay", "MedianCycle", "Move", "Shift", "StartOf", "ToDate", "Trailing"]


@dataclass(frozen=True)
class Shift:
    """The days that lie `count` units earlier."""

    count: int
    unit: str


@dataclass(frozen=True)
class MedianCycle:
    """The days that lie a median sales cycle earlier, in whole months: a shift by what the data says."""


@dataclass(frozen=True)
class StartOf:
    """The period, of the grain asked (a day without one), with which the week, month, ... begins."""

    unit: str


@dataclass(frozen=True)
class Trailing:
    """So many days up to the end of the period."""

    days: int


@dataclass(frozen=True)
class ToDate:
    """From the start of the week, month, fiscal quarter or fiscal year up to the end of the period."""

    unit: str


@dataclass(frozen=True)
class FirstDay:
    """The first day of the period."""


@dataclass(frozen=True)
class EachDay:
    """Every day of the period by itself; the values of the days are averaged."""


# Which days count for a period of the answer, where these are not its own.
Move = Shift | StartOf | Trailing | ToDate | FirstDay | EachDay
