"""The parts that a funnel is written with and the results that it gives, as names and small types. Computes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["COUNTS", "ENTRIES", "FUNNEL_RESULTS", "HEADLINE_RESULT", "MATURITIES", "SKIPS", "Step", "Window"]

ENTRIES, SKIPS = ("first", "every"), ("imply", "require")
MATURITIES, COUNTS = ("exclude", "show_open", "include"), ("passes", "accounts", "deals")
# The results of a funnel with their units; the first named `rate_matured` is what the bare name of a funnel gives.
FUNNEL_RESULTS: Mapping[str, str] = {
    "entered": "count",
    "converted_to_date": "count",
    "matured": "count",
    "converted_matured": "count",
    "rate_to_date": "ratio",
    "rate_matured": "ratio",
    "rate_kaplan_meier": "ratio",
    "rate_cumulative_incidence": "ratio",
    "median_days": "days",
    "p90_days": "days",
    "still_open": "count",
}
HEADLINE_RESULT = "rate_matured"


@dataclass(frozen=True)
class Step:
    """A stage, and the time within which it must be reached from the step before (the first step has none).

    The window is `within` days and `hours` more; with hours it compares exact instants. `counts` is what this step's
    own row counts where it is not what the funnel does.
    """

    stage: str
    within: int | None = None
    hours: int = 0
    counts: str | None = None


@dataclass(frozen=True)
class Window:
    """How long a conversion may take: in days by dates, or in hours by instants."""

    length: int
    in_hours: bool = False

    @property
    def days(self) -> int:
        """Whole days after which every entry of a day has had the window, the longest day included."""
        return self.length // 24 + 1 if self.in_hours else self.length
