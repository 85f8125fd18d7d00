"""How many of the won and of the lost deals have something, as shares with the range they may truly lie in."""

from __future__ import annotations

from dataclasses import dataclass

from metrics.findings import Interval, wilson

__all__ = ["OutcomeShares"]


@dataclass(frozen=True, kw_only=True)
class OutcomeShares:
    """`won` and `lost` deals have it, of `all_won` and `all_lost`."""

    won: int
    lost: int
    all_won: int
    all_lost: int

    @property
    def won_share(self) -> float | None:
        return self.won / self.all_won if self.all_won else None

    @property
    def lost_share(self) -> float | None:
        return self.lost / self.all_lost if self.all_lost else None

    @property
    def won_interval(self) -> Interval | None:
        return wilson(self.won, self.all_won)

    @property
    def lost_interval(self) -> Interval | None:
        return wilson(self.lost, self.all_lost)

    @property
    def is_apart(self) -> bool:
        """Whether the two shares differ by more than their intervals (95 %) allow for."""
        won, lost = self.won_interval, self.lost_interval
        return won is not None and lost is not None and (won.low > lost.high or lost.low > won.high)
