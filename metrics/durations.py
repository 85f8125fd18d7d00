"""Lowers a duration to measures over the table of its moments (formulas: Durations and promises). Runs nothing.

Everything is told as of a day D: a moment on D or later does not exist, and a wait that has not ended by then counts
as longer than any that has.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import replace
from zoneinfo import ZoneInfo

from sqlglot import exp

from data.business_time import CLOCKS, instant_of
from data.expressions import Expression
from metrics.kinds import Duration, results_of
from metrics.moments import OF_A_PROMISE, Moment
from metrics.nodes import AggregateBranch, Join, Key, Measure, Reference, RowsPlan, Scan
from metrics.reach import Asked, Reach, condition, distinct
from metrics.spans import Placed, placed
from metrics.sql_nodes import as_type, column, days_between, divided, parameter, percentile, seconds_between

__all__ = ["COUNTED", "LONGEST", "PER_UNIT", "lower", "lower_rows"]

# Suffixes of the hidden measures beside a percentile: how many waits there are, and the longest that has ended.
COUNTED, LONGEST = ".counted", ".longest"
# Waits are measured in seconds, or in days where they are told in days.
PER_UNIT = {"hours": 3600, "days": 1}

_HEADLINE = "median"
_PERCENTILES = {"median": 0.5, "p90": 0.9}
# Seconds or days: far beyond any wait, and exact in the numbers of every engine.
_LONGER_THAN_ANY = 9_000_000_000_000_000
_CLOCK = "as_of_clock"

Values = dict[str, object]


def lower(
    reach: Reach, metric: Duration, result: str | None, measure: str, asked: Asked
) -> tuple[AggregateBranch, Expression, str, Values]:
    """One result of a duration: its branch, the arithmetic over its measures, its unit, its values.

    The names of its measures begin with its own, so that its results share a branch; with `measure` where it is asked
    about other rows or days than the question itself. Raises Unanswerable where a moment has no answer here.
    """
    result = result or _HEADLINE
    source = measure if asked.narrowed or asked.moves else metric.name
    scan, keys, where = _scan(reach, metric, asked)
    branch = AggregateBranch(scan, keys, where.period, _measures(metric, result, source), where.spans)
    return branch, _arithmetic(metric, result, source), results_of(metric)[result], where.values


def lower_rows(reach: Reach, metric: Duration, asked: Asked) -> tuple[RowsPlan, Values]:
    """The waits that are counted: each with its moments, how long it was, and how a promise stands."""
    scan, keys, where = _scan(reach, metric, asked)
    names = (*reach.definitions.tables[metric.table].key, metric.start.on, metric.start.at)
    columns = {name: Key(name, Reference(metric.table, name)) for name in names} | {key.name: key for key in keys}
    states = _states(metric)
    shown: dict[str, exp.Expr] = {
        name: exp.Case().when(states["measured"].copy(), column(name, metric.table))
        for name in (metric.end.on, metric.end.at)
    }
    shown[metric.unit] = exp.Case().when(states["measured"].copy(), _in_unit(metric, _wait(metric)))
    if metric.promise is not None:
        shown |= {f"is_{name}": states[name] for name in OF_A_PROMISE if name in states}
    computed = tuple((name, condition(tree)) for name, tree in shown.items())
    return RowsPlan(scan, tuple(columns.values()), limit=asked.query.limit, computed=computed), where.values


def _scan(reach: Reach, metric: Duration, asked: Asked) -> tuple[Scan, tuple[Key, ...], Placed]:
    """The waits that had begun by D, placed in a period by their begin, or those that had ended, by their end."""
    table = metric.table
    for moment in (metric.start, metric.end, *metric.unless):
        for name in (moment.on, moment.at):
            reach.check_column(table, name)
    day = reach.as_of(asked.query)
    dated = replace(asked, query=replace(asked.query, as_of=day))
    time = Reference(table, (metric.start if metric.time == "from" else metric.end).on)
    where = placed(reach, dated, metric, time)
    has_begun = column(metric.start.on, table).is_(exp.null()).not_()
    scan, keys = reach.scan(table, asked, metric, [*where.conditions, condition(has_begun)])
    joins, conditions = list(scan.joins), list(scan.conditions)
    for given in (metric.where, *asked.narrowed):
        if given is not None:
            own, more = reach.resolve(given, table, metric)
            joins, conditions = [*joins, *more], [*conditions, own]
    if metric.clock == "business" and metric.promise is not None:
        joins.append(Join(_CLOCK, CLOCKS, "time_zone", "time_zone", day="as_of"))
    values = where.values | {"as_of": day, "as_of_at": instant_of(day, ZoneInfo(reach.company.time_zone))}
    if metric.promise is not None:
        values[_promise(metric)] = metric.promise
    return Scan(table, distinct(joins), tuple(conditions)), keys, replace(where, values=values)


def _promise(metric: Duration) -> str:
    return f"promise_{metric.promise}"


# -- one wait --------------------------------------------------------------------------------------------------------


def _has_ended(metric: Duration, end: Moment) -> exp.Expr:
    return exp.LT(this=column(end.on, metric.table), expression=parameter("as_of"))


def _wait(metric: Duration, end: Moment | None = None) -> exp.Expr:
    """How long a wait was that has ended, up to its end or another one; what happened before it began took no time."""
    table, end = metric.table, end or metric.end
    if metric.clock == "business":
        taken: exp.Expr = column(end.worked, table) - column(metric.start.worked, table)
    else:
        taken = _clock_time(metric, metric.start, column(_clock_column(metric, end), table))
    nothing = exp.Literal.number(0)
    return exp.Case().when(exp.LT(this=taken, expression=nothing), nothing.copy()).else_(taken.copy())


def _so_far(metric: Duration) -> exp.Expr:
    """How long a wait has lasted when day D begins, whether or not it had ended by then."""
    if metric.clock == "business":
        # The calendar of business time reaches a year beyond the data.
        far = exp.Literal.number(_LONGER_THAN_ANY)
        now = exp.Coalesce(this=column("as_of_worked", _CLOCK), expressions=[far])
        return exp.Paren(this=exp.Sub(this=now, expression=column(metric.start.worked, metric.table)))
    day = metric.unit == "days"
    return _clock_time(
        metric, metric.start, as_type(parameter("as_of" if day else "as_of_at"), "DATE" if day else "TIMESTAMP")
    )


def _clock_column(metric: Duration, moment: Moment) -> str:
    return moment.on if metric.unit == "days" else moment.at


def _clock_time(metric: Duration, start: Moment, until: exp.Expr) -> exp.Expr:
    between = days_between if metric.unit == "days" else seconds_between
    return between(column(_clock_column(metric, start), metric.table), until)


def _states(metric: Duration) -> dict[str, exp.Expr]:
    """What may be true of a wait. A promise is due once its time has passed, whether or not the wait has ended.

    Whoever was released within its time, before the wait had ended, owes nothing: that is neither due nor pending.
    """
    measured = _known(_has_ended(metric, metric.end))
    states: dict[str, exp.Expr] = {"counted": exp.true(), "measured": measured}
    if metric.promise is None:
        return states
    promise, unended = parameter(_promise(metric)), exp.not_(exp.Paren(this=measured.copy()))
    in_time = _known(exp.and_(_has_ended(metric, metric.end), _wait(metric) <= promise))
    is_over: exp.Expr = _so_far(metric) > promise.copy()
    is_running: exp.Expr = _so_far(metric) <= promise.copy()
    if metric.unless:
        ends = [exp.and_(_has_ended(metric, end), _wait(metric, end) <= promise.copy()) for end in metric.unless]
        released = exp.and_(exp.not_(in_time.copy()), _known(exp.or_(*ends)))
        states["released"] = released
        owed = exp.not_(exp.Paren(this=released.copy()))
        is_over, is_running = exp.and_(is_over, owed), exp.and_(is_running, owed.copy())
    return states | {
        "due": is_over,
        "kept": exp.and_(is_over.copy(), in_time),
        "pending": exp.and_(unended, is_running),
        "overdue": exp.and_(unended.copy(), is_over.copy()),
    }


def _known(tree: exp.Expr) -> exp.Expr:
    """A condition of which nothing is known does not hold."""
    return exp.Coalesce(this=tree, expressions=[exp.false()])


# -- measures --------------------------------------------------------------------------------------------------------


@functools.lru_cache(maxsize=1024)
def _measures(metric: Duration, result: str, measure: str) -> tuple[Measure, ...]:
    states = _states(metric)
    if result in _PERCENTILES:
        known = exp.Case().when(states["measured"].copy(), _wait(metric))
        ordered = known.copy().else_(exp.Literal.number(_LONGER_THAN_ANY))
        return (
            Measure(f"{measure}.{result}", condition(percentile(ordered, _PERCENTILES[result])), None, False),
            Measure(measure + LONGEST, condition(exp.Max(this=known)), None, False),
            _count(measure, "counted", states),
        )
    names = ("kept", "due") if result == "promise_kept" else (result,)
    return tuple(_count(measure, name, states) for name in names)


def _count(measure: str, name: str, states: Mapping[str, exp.Expr]) -> Measure:
    counted = exp.Filter(this=exp.Count(this=exp.Star()), expression=exp.Where(this=states[name].copy()))
    return Measure(f"{measure}.{name}", condition(counted), None, True)


@functools.lru_cache(maxsize=1024)
def _arithmetic(metric: Duration, result: str, measure: str) -> Expression:
    if result in _PERCENTILES:
        found = column(f"{measure}.{result}")
        has_ended = exp.LT(this=found, expression=exp.Literal.number(_LONGER_THAN_ANY))
        return condition(exp.Case().when(has_ended, _in_unit(metric, found.copy())))
    if result == "promise_kept":
        return condition(divided(column(f"{measure}.kept"), column(f"{measure}.due")))
    return condition(column(f"{measure}.{result}"))


def _in_unit(metric: Duration, tree: exp.Expr) -> exp.Expr:
    return divided(tree, exp.Literal.number(PER_UNIT[metric.unit]))
