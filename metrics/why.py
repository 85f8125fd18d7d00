"""Why a metric moved between two periods: which groups of which dimension moved it, asked of a session.

Each part is asked through `Session.answer`; how parts become effects is written in `contributions`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from data.attribution import MARKOV
from data.calendar import Period, comparison
from data.errors import InvalidQuestion
from metrics.answers import Answer
from metrics.chained import CHANNEL
from metrics.contributions import STANDS_OUT, Effect, concentration, is_within_chance, ratio_effects, sum_effects
from metrics.kinds import HEADLINE_RESULT, Funnel, results_of, split_result
from metrics.query import Query
from metrics.reach import Unanswerable
from metrics.run import Session
from metrics.splitting import Parts, parts_of

__all__ = ["Movement", "Split", "why"]


@dataclass(frozen=True)
class Split:
    """The change by one dimension: the effect of every group, largest first, and how concentrated they are."""

    dimension: str
    effects: tuple[Effect, ...]
    concentration: float

    @property
    def stands_out(self) -> bool:
        return self.concentration >= STANDS_OUT

    def frame(self, change: float) -> pl.DataFrame:
        """A row per group: its value, before, after, change and share of the total's `change`.

        Of a ratio `change` is that of the group's own rate; what it adds to the total's change is `effect`, the sum of
        `rate_effect` and `mix_effect`, and `weight_*` is its share of the denominator.
        """
        effects = self.effects
        columns: dict[str, list[Any]] = {
            self.dimension: [e.group for e in effects],
            "before": [e.before for e in effects],
            "after": [e.after for e in effects],
            "change": [None if e.before is None or e.after is None else e.after - e.before for e in effects],
        }
        if any(effect.rate is not None for effect in effects):
            columns |= {
                "rate_effect": [e.rate for e in effects],
                "mix_effect": [e.mix for e in effects],
                "effect": [e.effect for e in effects],
                "weight_before": [e.share_before for e in effects],
                "weight_after": [e.share_after for e in effects],
            }
        columns["share"] = [e.effect / change if change else None for e in effects]
        return pl.DataFrame({name: _alike(values) for name, values in columns.items()}, infer_schema_length=None)


def _alike(values: list[Any]) -> list[Any]:
    """All of them fractions where one is: a group that is absent on one side counts as a whole 0 there."""
    if not any(isinstance(value, float) for value in values):
        return values
    return [float(value) if isinstance(value, int) else value for value in values]


@dataclass(frozen=True)
class Movement:
    """A metric in two periods and its change by every dimension that reaches it, the most concentrated first.

    `chosen` is the dimension asked for, else the first; `unit` is that of the values. Without an answer `reason` says
    why and what to ask instead, and everything else is empty. `is_chance` says that chance alone brings a difference
    as small.
    """

    query: Query
    period: Period
    compared: Period
    unit: str
    before: float | None = None
    after: float | None = None
    splits: tuple[Split, ...] = ()
    chosen: Split | None = None
    is_ratio: bool = False
    is_chance: bool = False
    reason: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def metric(self) -> str:
        return self.query.metrics[0]

    @property
    def change(self) -> float:
        return (self.after or 0) - (self.before or 0)

    @property
    def frame(self) -> pl.DataFrame:
        """The groups of the chosen dimension; no rows and no columns without an answer."""
        return pl.DataFrame() if self.chosen is None else self.chosen.frame(self.change)


def why(session: Session, query: Query, by: str | None = None) -> Movement:
    """How the one metric of a question moved, by the dimension `by` or by the one that explains most.

    The question says metric, period, comparison (with none: the period before), condition and as-of day. Raises
    InvalidQuestion.
    """
    if query.period is None:
        raise InvalidQuestion("A change is one between two periods: say which period, from and to.")
    metric, dimensions = query.metrics[0], session.dimensions_of(query.metrics[0])
    if query.model == MARKOV:
        dimensions = tuple(name for name in dimensions if name == CHANNEL)
    if by is not None and by not in dimensions:
        # Asked by it, the session says which table lacks it, or why nothing is known of it here.
        reasons = session.answer(replace(query, by=(by,), compare="none")).reasons
        raise InvalidQuestion(next(iter(reasons.values()), f"'{metric}' cannot be split by '{by}'."))
    compare = "previous" if query.compare == "none" else query.compare
    compared = comparison(query.period, compare, session.company)
    found = Movement(replace(query, compare=compare), query.period, compared, _unit(session, metric))
    try:
        parts = parts_of(session.reach, metric)
        notes = _maturity(session, found)
        asker = session.with_metrics(parts.made) if parts.made else session
        return _split(asker, found, parts, dimensions, by, notes)
    except Unanswerable as reason:
        return replace(found, reason=str(reason))


def _split(
    session: Session, found: Movement, parts: Parts, dimensions: tuple[str, ...], by: str | None, notes: tuple[str, ...]
) -> Movement:
    before, after = (_ask(session, found, parts, period) for period in (found.compared, found.period))
    totals = [tuple(answer.number(name) or 0 for name in parts.names) for answer in (before, after)]
    values = [_value(found, total, session) for total in totals]
    splits = [split for name in dimensions if (split := _by(session, found, parts, name, totals)) is not None]
    splits.sort(key=lambda split: (-split.concentration, len(split.effects), split.dimension))
    chosen = next((split for split in splits if split.dimension == by or by is None), None)
    sides = [(total[0], total[1] if parts.is_ratio else None) for total in totals]
    if chosen is None:
        label = _label(session, found)
        if not any(value for total in totals for value in total):
            both = f"{found.period.start} to {found.period.last} nor in {found.compared.start} to {found.compared.last}"
            raise Unanswerable(f"{label}: there was nothing, neither in {both}. Choose another period.")
        raise Unanswerable(f"{label} has no dimension here whose groups add up to the whole.")
    return replace(
        found,
        before=values[0],
        after=values[1],
        splits=tuple(splits),
        chosen=chosen,
        is_ratio=parts.is_ratio,
        is_chance=parts.are_counted and is_within_chance(sides[0], sides[1]),
        notes=tuple(dict.fromkeys((*notes, *after.notes, *before.notes))),
    )


def _ask(session: Session, found: Movement, parts: Parts, period: Period, by: tuple[str, ...] = ()) -> Answer:
    asked = replace(found.query, metrics=parts.names, by=by, period=period, compare="none", order=(), limit=None)
    answer = session.answer(asked)
    if answer.reasons:
        raise Unanswerable(next(iter(answer.reasons.values())))
    return answer


def _value(found: Movement, total: tuple[float, ...], session: Session) -> float:
    """The metric itself, from its parts. Raises Unanswerable where it divides by nothing."""
    if len(total) == 1:
        return total[0]
    if not total[1]:
        raise Unanswerable(
            f"{_label(session, found)} has no value in one of the two periods, {found.period.start} to"
            f" {found.period.last} and {found.compared.start} to {found.compared.last}: there is nothing to divide by."
        )
    return total[0] / total[1]


def _by(
    session: Session, found: Movement, parts: Parts, dimension: str, totals: list[tuple[float, ...]]
) -> Split | None:
    """The effects of a dimension's groups; None where it has no groups, or they do not add up to the whole."""
    sides: list[Mapping[Any, Any]] = []
    for period, total in zip((found.compared, found.period), totals, strict=True):
        frame = _ask(session, found, parts, period, (dimension,)).frame
        numbers = frame.select(pl.col(parts.names).fill_null(0))
        if not all(
            math.isclose(numbers[name].sum(), whole, rel_tol=1e-9, abs_tol=1e-9)
            for name, whole in zip(parts.names, total, strict=True)
        ):
            return None
        values = [row if parts.is_ratio else row[0] for row in numbers.iter_rows()]
        sides.append(dict(zip(frame[dimension], values, strict=True)))
    effects = ratio_effects(*sides) if parts.is_ratio else sum_effects(*sides)
    return Split(dimension, tuple(effects), concentration(effects)) if effects else None


def _maturity(session: Session, found: Movement) -> tuple[str, ...]:
    """What is not matured yet in the two periods of a funnel. Raises Unanswerable where that is what moved it."""
    name, result = split_result(found.metric)
    metric = session.reach.metric(name)
    result = result or HEADLINE_RESULT
    if not isinstance(metric, Funnel) or result == "entered":
        return ()
    cohort = Parts((f"{name}.entered", f"{name}.matured"))
    notes = []
    for period in (found.compared, found.period):
        answer = _ask(session, found, cohort, period)
        entered, matured = (int(answer.number(part) or 0) for part in cohort.names)
        if matured == entered:
            continue
        when = f"from {period.start} to {period.last}"
        said = f"{metric.label}: of {entered:,} entries {when}, {matured:,} had their whole time."
        if not matured or results_of(metric)[result] == "count" or result == "rate_to_date":
            latest = session.matured_period(name, found.period, overall=True)
            ask = f" Ask for a matured period, at the latest {latest.start} to {latest.last}." if latest else ""
            raise Unanswerable(f"{said} The younger ones are still converting, so a change would only say that.{ask}")
        notes.append(f"{said} The rate is of these.")
    return tuple(notes)


def _label(session: Session, found: Movement) -> str:
    return session.reach.metric(found.metric).label


def _unit(session: Session, asked: str) -> str:
    metric, result = session.reach.metric(asked), split_result(asked)[1]
    return results_of(metric)[result] if result else metric.unit
