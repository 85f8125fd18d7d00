"""Campaign strings as people type them into links: by campaign, month and region, some of them known to nobody."""

from __future__ import annotations

import numpy as np
import polars as pl

from data.demo.arrays import Bools, Ints
from data.demo.calendar import Calendar
from data.demo.marketing import ORIGINS, UNMATCHED

__all__ = ["CampaignStrings"]

MISTYPED = 0.012


class CampaignStrings:
    """`texts` holds every string for every month, then those that match nothing, then none."""

    def __init__(self, calendar: Calendar) -> None:
        self._month = calendar.month
        self._months = int(calendar.month[calendar.days - 1]) + 1
        named = [(calendar.first.year + (calendar.first.month - 1 + m) // 12, (calendar.first.month - 1 + m) % 12 + 1)
                 for m in range(self._months)]  # fmt: skip
        texts: list[str | None] = []
        bases: list[int] = []
        counts: list[int] = []
        for origin in ORIGINS:
            strings = origin.campaign.strings if origin.campaign else ()
            bases.append(len(texts) // self._months)
            counts.append(len(strings))
            for string in strings:
                texts += [
                    string.replace("{quarter}", f"Q{(month + 2) // 3}").replace("{month}", f"{year}-{month:02}")
                    for year, month in named
                ]
        self._base, self._count = np.asarray(bases), np.asarray(counts)
        self._unmatched = len(texts)
        self.texts = pl.Series("campaign", [*texts, *UNMATCHED, None], dtype=pl.String)
        self.is_regional: Bools = np.asarray([origin.by_region for origin in ORIGINS])

    def choose(self, origin: Ints, day: Ints, region: Ints, regional: Bools | None = None) -> Ints:
        """Places in `texts`: the region's string where a campaign has one per region, else one of several."""
        by_region = self.is_regional[origin] if regional is None else regional
        count = np.maximum(self._count[origin], 1)
        pick = np.where(by_region, region, (day * 7 + region * 3) % count)
        month = self._month[np.clip(day, 0, len(self._month) - 1)]
        place = (self._base[origin] + pick) * self._months + np.minimum(month, self._months - 1)
        return np.where(self._count[origin] > 0, place, len(self.texts) - 1)

    def mistyped(self, places: Ints, rng: np.random.Generator) -> Ints:
        """A few of the strings replaced by ones that match no campaign."""
        wrong = (places < self._unmatched) & (rng.random(len(places)) < MISTYPED)
        return np.where(wrong, self._unmatched + rng.integers(0, len(UNMATCHED), len(places)), places)
