"""What a question asks apart from its days and constants: questions of one shape have one plan. Plans nothing."""

from __future__ import annotations

import functools
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field

from metrics.kinds import Aggregate, Duration, Formula, Funnel, Metric, Ratio, inputs_of
from metrics.plan import spine_of
from metrics.query import Query
from metrics.reach import Reach

__all__ = ["Shape", "Shapes"]


@dataclass(frozen=True)
class Shape:
    """What questions have in common that differ in values alone; `query` is one of them."""

    asks: Hashable
    query: Query = field(compare=False)


class Shapes:
    """The shapes of the questions that go to one generation and one set of definitions."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach
        self._is_of_any_days = functools.lru_cache(maxsize=1024)(self._are_of_any_days)

    def of(self, query: Query) -> tuple[Shape, Mapping[str, object]] | None:
        """A question's shape and its own values; None where its days take part in the plan. Raises InvalidQuestion."""
        asked = self._reach.asked(query)
        if not self._is_of_any_days(query.metrics):
            return None
        spine = spine_of(self._reach, asked)
        # The as-of day is no mere value: other values are counted from it.
        asks = (
            (query.metrics, query.by, query.grain, query.order, query.limit, query.is_shared, query.within),
            (query.rules, query.model, query.as_of, query.period is None, len(spine), asked.where),
        )
        return Shape(asks, query), {**asked.values, **spine}

    def _are_of_any_days(self, metrics: tuple[str, ...]) -> bool:
        return all(self._is_plain(self._reach.metric(name)) for name in metrics)

    def _is_plain(self, metric: Metric) -> bool:
        """Whether a period only bounds the rows of a metric: of a balance or a moved metric it makes other days."""
        if isinstance(metric, Aggregate):
            return metric.until is None
        if isinstance(metric, (Ratio, Formula)):
            inputs = [given for _, given in inputs_of(metric)]
            return all(given.shift is None and self._is_plain(self._reach.metric(given.metric)) for given in inputs)
        return isinstance(metric, (Funnel, Duration))
