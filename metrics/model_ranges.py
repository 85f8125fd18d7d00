"""What groups are credited with by every rule model, and what hangs on the choice of one. Writes no SQL.

A decision depends on the model where another one would put a group in another place, or on another side of a return of
1. Markov is no rule model: it shares out by channel alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from metrics.credits import as_aggregate
from metrics.kinds import Aggregate, Credit
from metrics.plan import models_for
from metrics.query import Query
from metrics.reach import Asked, Unanswerable
from metrics.run import Session

__all__ = ["ModelRange", "Ranges", "always_first", "by_every_model", "model_ranges", "sometimes_first"]

# Sums of the same parts in another order differ after so many digits, and are equal all the same.
_DIGITS = 4


@dataclass(frozen=True)
class ModelRange:
    """What one group is credited with by each model; the group None is what no touch of a group led to.

    `ranks` are places among the named groups by each model, 1 being the largest credit and equal ones sharing a place;
    the empty group has none. `spend` is what the group cost, in the unit of its credit.
    """

    group: str | None
    values: Mapping[str, float]
    ranks: Mapping[str, int]
    spend: float | None = None

    @property
    def low(self) -> float:
        return min(self.values.values())

    @property
    def high(self) -> float:
        return max(self.values.values())

    @property
    def best(self) -> int | None:
        return min(self.ranks.values(), default=None)

    @property
    def worst(self) -> int | None:
        return max(self.ranks.values(), default=None)

    @property
    def earned_back(self) -> int | None:
        """By how many models the credit is at least what was spent: a return of 1. None where nothing was spent."""
        if not self.spend:
            return None
        return sum(round(value, _DIGITS) >= round(self.spend, _DIGITS) for value in self.values.values())

    @property
    def rank_depends(self) -> bool:
        return self.best != self.worst

    @property
    def return_depends(self) -> bool:
        return self.earned_back not in (None, 0, len(self.values))


@dataclass(frozen=True)
class Ranges:
    """The ranges of all groups, and the models that they are over; without them the `reason`."""

    metric: str
    models: tuple[str, ...]
    found: list[ModelRange]
    reason: str | None = None

    def of(self, group: str | None) -> ModelRange | None:
        return next((one for one in self.found if one.group == group), None)


def by_every_model(
    session: Session, metric: str, dimension: str, where: str | None, spend: Mapping[str | None, float | None]
) -> Ranges:
    """Credit to date by every rule model, in one scan. `metric` is a kind of credit; `spend` is by group.

    Raises InvalidQuestion.
    """
    credit = session.reach.metric(metric)
    assert isinstance(credit, Credit)
    models = models_for(session.reach, (metric,))
    names = {f"{metric}_by_{model}": model for model in models}
    query = Query(tuple(names), (dimension,), where=where, is_shared=True)
    asked = session.reach.asked(query)
    try:
        sums = tuple(_named(session, credit, name, model, asked) for name, model in names.items())
    except Unanswerable as missing:
        return Ranges(metric, models, [], str(missing))
    answer = session.with_metrics(sums).answer(query)
    # What has no answer by one model has none by any, for the same reason.
    if answer.reasons:
        return Ranges(metric, models, [], answer.reasons[query.metrics[0]])
    return Ranges(metric, models, model_ranges(answer.frame.rename(names), dimension, models, spend))


def _named(session: Session, credit: Credit, name: str, model: str, asked: Asked) -> Aggregate:
    # A count would come in whole numbers, and credit comes in parts.
    return replace(as_aggregate(session.reach, credit, model, asked), name=name, unit="money")


def model_ranges(
    frame: pl.DataFrame, dimension: str, models: Sequence[str], spend: Mapping[str | None, float | None]
) -> list[ModelRange]:
    """A row per group and a column per model, as ranges: largest possible credit first, the empty group last.

    Groups that cost something and are credited with nothing are among them.
    """
    credited = {
        row[0]: [float(value or 0) for value in row[1:]] for row in frame.select(dimension, *models).iter_rows()
    }
    credited |= {group: [0.0] * len(models) for group, cost in spend.items() if cost and group not in credited}
    named = [group for group in credited if group is not None]
    found = []
    for group, values in credited.items():
        ranks = {}
        if group is not None:
            for index, model in enumerate(models):
                own = round(values[index], _DIGITS)
                ranks[model] = 1 + sum(round(credited[other][index], _DIGITS) > own for other in named)
        found.append(ModelRange(group, dict(zip(models, values, strict=True)), ranks, spend.get(group)))
    return sorted(found, key=lambda one: (one.group is None, -one.high, one.group or ""))


def always_first(found: Sequence[ModelRange], top: int) -> list[str]:
    """The groups that are among the first `top` by every model."""
    return [one.group for one in found if one.group is not None and one.worst is not None and one.worst <= top]


def sometimes_first(found: Sequence[ModelRange], top: int) -> list[str]:
    """The groups that are among the first `top` by some models and not by others."""
    named = [one for one in found if one.group is not None and one.best is not None and one.worst is not None]
    return [str(one.group) for one in named if (one.best or 0) <= top < (one.worst or 0)]
