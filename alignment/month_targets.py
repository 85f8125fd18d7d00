"""What was promised of a month's numbers, and how each promise stood when the month ended. Writes no file.

A target of a month is the part that the month's business days have in the promise's own period. How the promise stands
in that period itself, such as a quarter that goes on, is told apart, in `promises`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping

import polars as pl

from alignment.agreement import Promise, kept_by_person, standing_of, standings_before
from alignment.month_questions import spans_of
from data.calendar import Period
from metrics import Query, Session
from metrics.agreement import Objective
from metrics.kinds import results_of, split_result
from metrics.plan import is_shared_out
from metrics.target_answers import condition_of
from metrics.targets import Standing, is_within, promised, spread

__all__ = ["PROMISE_COLUMNS", "TARGET_COLUMNS", "month_promises", "month_targets", "target_values"]

TARGET_COLUMNS = {
    "metric": pl.String, "label": pl.String, "unit": pl.String, "target": pl.Float64, "start": pl.Date,
    "until": pl.Date, "value": pl.Float64, "attainment": pl.Float64, "pace": pl.Float64,
}  # fmt: skip
PROMISE_COLUMNS = {
    "name": pl.String, "label": pl.String, "kind": pl.String, "team": pl.String, "metric": pl.String,
    "unit": pl.String, "condition": pl.String, "per": pl.String, "start": pl.Date, "until": pl.Date,
    "reached_until": pl.Date, "target": pl.Float64, "value": pl.Float64, "expected": pl.Float64,
    "attainment": pl.Float64, "pace": pl.Float64, "is_kept": pl.Boolean,
}  # fmt: skip


def target_values(session: Session, month: Period, where: str | None) -> Mapping[str, float]:
    """What is promised of the month by metric, under exactly this condition and for all of its days."""
    agreement, definitions = session.definitions.agreement, session.definitions
    condition = condition_of(definitions, where)
    version = agreement.in_force(month.start)
    objectives = (*version.objectives, version.goal) if version is not None else ()
    found: dict[str, float] = {}
    for name in dict.fromkeys(one.metric for one in objectives):
        kind = spread(name, definitions.metrics)
        target = promised(agreement, name, condition, month, session.company, spread=kind)
        if target is not None:
            found[name] = target
    return found


def month_targets(session: Session, month: Period, where: str | None) -> pl.DataFrame:
    """A row per metric of which something is promised: the month's part of it, the number, and how far it reached.

    The month is over, so that its pace is what was reached of it.
    """
    rows = []
    for name, target in target_values(session, month, where).items():
        span = spans_of(session, name, month).get("value")
        value = _number(session, name, span, where, month) if span is not None else None
        reached = value / target if value is not None and target else None
        metric = session.reach.metric(name)
        unit = _unit(session, name)
        rows.append((name, metric.label, unit, target, month.start, month.until, value, reached, reached))
    return pl.DataFrame(rows, TARGET_COLUMNS, orient="row")


def _unit(session: Session, name: str) -> str:
    metric = session.reach.metric(name)
    return str(results_of(metric).get(split_result(name)[1] or "", metric.unit))


def _number(session: Session, name: str, span: Period, where: str | None, month: Period) -> float | None:
    if is_shared_out(session.reach, name):
        return None
    answer = session.answer(Query((name,), period=span, where=where, as_of=month.until, is_shared=True))
    value = None if name in answer.reasons else answer.number(name)
    return None if value is None else float(value)


def month_promises(session: Session, month: Period, where: str | None = None) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Every promise in force on the month's last day, in its own period as of that day; of weeks those that end in it.

    An obligation stands with the share of the month's leads for which it was kept, as far as their time had passed.
    Under a condition, such as one region: the objectives that are about it or a part of it, and the obligations in its
    leads. Beside the table stand sentences that say what is left out, and why.
    """
    version = session.definitions.agreement.in_force(month.last)
    if version is None:
        return pl.DataFrame(schema=PROMISE_COLUMNS), ()
    condition = condition_of(session.definitions, where)
    every = (version.goal, *version.objectives)
    objectives = [one for one in every if is_within(one.where, condition)]
    rows = [_standing_row(session, one) for one in _standings(session, objectives, month)]
    others = [one.label for one in every if one not in objectives]
    left_out = [f"Left out, since promised of all or of others: {', '.join(others)}."] if others else []
    for one in version.obligations:
        kept = kept_by_person(session, one, month, as_of=month.until, where=where)
        if kept.reason is None or where is None:
            rows.append(_obligation_row(kept, month, where))
        else:
            left_out.append(f"{one.label} is left out: {kept.reason}")
    return pl.DataFrame(rows, PROMISE_COLUMNS, orient="row"), tuple(left_out)


def _standings(session: Session, objectives: Iterable[Objective], month: Period) -> list[Standing]:
    found: list[Standing] = []
    for objective in objectives:
        if objective.per == "week":
            weeks = standings_before(session, objective, 5, month.last, as_of=month.until)
            found += [one for one in weeks if one.period.last >= month.start]
        elif (stands := standing_of(session, objective, month.last, as_of=month.until)) is not None:
            found.append(stands)
    return found


def _standing_row(session: Session, stands: Standing) -> tuple[object, ...]:
    one: Objective = stands.objective
    condition = one.where.sql if one.where is not None else None
    return (
        one.name, one.label, "objective" if one.name != "goal" else "goal", one.team, one.metric,
        _unit(session, one.metric), condition, one.per, stands.period.start, stands.period.until,
        stands.so_far.until, stands.target, stands.actual, stands.expected, stands.attainment, stands.pace,
        stands.is_kept,
    )  # fmt: skip


def _obligation_row(kept: Promise, month: Period, where: str | None) -> tuple[object, ...]:
    one = kept.obligation
    reached = kept.share / one.share if kept.share is not None and one.share else None
    until: dt.date = month.until
    return (
        one.name, one.label, "obligation", one.team, one.metric, "ratio", where, "month", month.start, until, until,
        one.share, kept.share, one.share, reached, reached, kept.is_kept,
    )  # fmt: skip
