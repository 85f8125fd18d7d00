"""How many leads and visits come from where on which day. Draws only the origin of a visit."""

from __future__ import annotations

import numpy as np

from data.demo.arrays import Bools, Floats, Ints
from data.demo.calendar import Calendar
from data.demo.marketing import ORIGINS

__all__ = ["Demand"]


class Demand:
    """How many leads and visits each origin brings on each day: matrices (origin, day) that sum to 1."""

    def __init__(self, calendar: Calendar) -> None:
        self.active = np.stack([self._days(calendar, number) for number in range(len(ORIGINS))])
        self.leads = self._shares(calendar, [origin.leads for origin in ORIGINS])
        self.visits = self._shares(calendar, [origin.visits for origin in ORIGINS])

    @staticmethod
    def _days(calendar: Calendar, number: int) -> Bools:
        campaign, day = ORIGINS[number].campaign, np.arange(calendar.days)
        if campaign is None:
            return np.ones(calendar.days, dtype=bool)
        start = calendar.monday(0) - round(7 * campaign.starts)
        until = start + round(7 * campaign.weeks) if campaign.weeks else calendar.days
        return np.asarray((day >= start) & (day < until))

    def _shares(self, calendar: Calendar, totals: list[float]) -> Floats:
        by_day = self.active * calendar.demand
        shares = by_day / np.maximum(by_day.sum(axis=1, keepdims=True), 1e-9) * np.asarray(totals)[:, None]
        return np.asarray(shares / shares.sum())

    def origins_on(self, days: Ints, rng: np.random.Generator) -> Ints:
        """An origin of a visit for each day, as likely as visits of that day come from it."""
        by_day = self.visits.T / self.visits.sum(axis=0)[:, None]
        edges = (np.cumsum(by_day, axis=1) + np.arange(by_day.shape[0])[:, None]).ravel()
        place = np.searchsorted(edges, days + rng.random(len(days)) * 0.999999, side="right")
        return np.asarray(np.minimum(place - days * by_day.shape[1], by_day.shape[1] - 1))
