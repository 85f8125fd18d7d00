"""What a question is answered with: a frame and what one must know to believe it; the result cache. Asks nothing."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import polars as pl

from data.engine import Values
from metrics.query import Query

__all__ = ["Answer", "Results", "Rows"]

MOST_CACHED_BYTES = 256_000_000


@dataclass(frozen=True)
class Answer:
    """A frame and everything one must know to believe it.

    `frame` has the dimensions, `period` where a grain was asked, and the metrics as asked. `reasons` says per metric
    why it has no answer; `notes` what is left out of a number or may be missing in it. `before` is the same question
    about the period it is compared with, `targets` what the agreement promises, by the keys of `frame`.
    `longest` is, by the name of a percentile of waits, per row of `frame` the longest wait that has ended, in its unit:
    an empty percentile is longer than that.
    Frames are shared between askers: never changed in place.
    """

    query: Query
    frame: pl.DataFrame
    sql: str
    values: Values
    reasons: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    before: Answer | None = None
    targets: pl.DataFrame | None = None
    longest: Mapping[str, pl.Series] = field(default_factory=dict)

    def number(self, metric: str) -> float | int | None:
        """The single number of a question without dimensions and grain; None where it has a reason."""
        value: float | int | None = self.frame.get_column(metric).item()
        return value


@dataclass(frozen=True)
class Rows:
    """The rows behind one part of a number; `reason` says why there are none to show."""

    label: str
    frame: pl.DataFrame
    reason: str | None = None


class Results:
    """The one result cache: least recently used frames go first once all together are too large."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._frames: OrderedDict[object, pl.DataFrame] = OrderedDict()
        self._bytes = 0.0

    def get(self, key: object, compute: Callable[[], pl.DataFrame]) -> pl.DataFrame:
        with self._lock:
            if key in self._frames:
                self._frames.move_to_end(key)
                return self._frames[key]
        # Computed outside the lock: two askers may compute the same frame, none waits for another's question.
        frame = compute()
        with self._lock:
            if key not in self._frames:
                self._frames[key] = frame
                self._bytes += frame.estimated_size()
            while self._bytes > MOST_CACHED_BYTES and len(self._frames) > 1:
                self._bytes -= self._frames.popitem(last=False)[1].estimated_size()
        return frame
