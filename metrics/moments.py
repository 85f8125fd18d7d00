"""Moments between which durations are measured, and what a duration yields. Reads nothing, computes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["CLOCKS", "DURATION_RESULTS", "OF_A_PROMISE", "OF_A_RELEASE", "Moment"]

# The results of a duration; a unit that is not given is its own. The bare name is the median.
DURATION_RESULTS: Mapping[str, str | None] = {
    "median": None,
    "p90": None,
    "measured": "count",
    "due": "count",
    "kept": "count",
    "promise_kept": "ratio",
    "pending": "count",
    "overdue": "count",
    "released": "count",
}
# Which of them only a promise has.
OF_A_PROMISE = ("due", "kept", "promise_kept", "pending", "overdue", "released")
# Which only a promise has that something else can end.
OF_A_RELEASE = ("released",)
CLOCKS = ("calendar", "business")


@dataclass(frozen=True)
class Moment:
    """Something that happens once to a row: its instant, its day, and the business seconds gone by until then."""

    name: str
    column: str

    @property
    def at(self) -> str:
        return f"{self.column}_at"

    @property
    def on(self) -> str:
        return f"{self.column}_on"

    @property
    def worked(self) -> str:
        return f"{self.column}_worked"
