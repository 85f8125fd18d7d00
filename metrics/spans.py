"""Which days count for each period of an answer: balances, windows and shifted inputs. Writes no SQL, runs nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace

from sqlglot import exp

from data.calendar import ONE_DAY, add_units, periods_within, shift, start_of
from data.company import Company
from data.errors import InvalidQuestion
from data.expressions import Expression
from metrics.kinds import Metric
from metrics.moves import EachDay, FirstDay, Move, Shift, StartOf, ToDate, Trailing
from metrics.nodes import PeriodKey, Reference, Spans
from metrics.query import Query
from metrics.reach import Asked, Reach, condition, time_conditions

__all__ = ["Placed", "placed"]

Values = dict[str, object]

_NO_DAY = dt.date.min


@dataclass(frozen=True)
class Placed:
    """How the rows of a table fall into periods: by their own day, by spans, or by conditions alone."""

    period: PeriodKey | None
    spans: Spans | None
    conditions: tuple[Expression, ...]
    values: Values


@dataclass(frozen=True)
class _Days:
    """From `start` (None: since ever) up to `until`, counted for the period that begins at `period`."""

    period: dt.date | None
    start: dt.date | None
    until: dt.date


# A span that no row can lie in, for a question of which every period is beyond the day that the data reaches.
_NO_DAYS = _Days(None, None, _NO_DAY)


def placed(reach: Reach, asked: Asked, asked_by: Metric, time: Reference, closed: Reference | None = None) -> Placed:
    """Where rows with a day `time` count; of a balance, which ends at `closed`, where they are open.

    Raises InvalidQuestion where a period is needed and missing, Unanswerable where nobody knows how far data reaches.
    """
    query = asked.query
    if closed is None and not asked.moves:
        return Placed(reach.period_key(query, time), None, time_conditions(query, time), {})
    tag = "_".join([_word(move) for move in asked.moves] + (["end"] if closed else []))
    days = list(_days(reach, asked, asked_by, is_balance=closed is not None)) or [_NO_DAYS]
    as_of = time_conditions(Query(query.metrics, as_of=query.as_of), time) if closed is None else ()
    is_average = any(isinstance(move, EachDay) for move in asked.moves)
    if query.grain is None and not is_average:
        only = days[0]
        bound: Values = {f"{tag}_until": only.until}
        if only.start is not None and closed is None:
            bound[f"{tag}_from"] = only.start
        has_start = only.start is not None
        return Placed(None, None, (*_conditions(tag, time, closed, has_start=has_start), *as_of), bound)
    spans = Spans(tag, len(days), time, closed, is_average, is_keyed=query.grain is not None)
    return Placed(None, spans, as_of, _values(spans, days))


def _values(spans: Spans, days: list[_Days]) -> Values:
    values: Values = {}
    for index, one in enumerate(days):
        values[f"{spans.tag}_period_{index}"] = one.period or _NO_DAY
        values[f"{spans.tag}_until_{index}"] = one.until
        if spans.closed is None:
            values[f"{spans.tag}_from_{index}"] = one.start or _NO_DAY
        if spans.is_average:
            values[f"{spans.tag}_days_{index}"] = sum(other.period == one.period for other in days)
    return values


def _conditions(tag: str, time: Reference, closed: Reference | None, *, has_start: bool) -> list[Expression]:
    """The rows of one span as conditions, which need no join."""
    day = exp.column(time.column, table=time.scope, quoted=True)
    until = exp.Placeholder(this=f"{tag}_until")
    conditions: list[exp.Expr] = [day < until]
    if closed is not None:
        end = exp.column(closed.column, table=closed.scope, quoted=True)
        conditions.append(exp.or_(end.is_(exp.Null()), end.copy() >= until.copy()))
    elif has_start:
        conditions.append(day.copy() >= exp.Placeholder(this=f"{tag}_from"))
    return [condition(tree) for tree in conditions]


# -- the days of each period -----------------------------------------------------------------------------------------


def _days(reach: Reach, asked: Asked, asked_by: Metric, *, is_balance: bool) -> Iterator[_Days]:
    """The days that count for each period of the answer, after all moves; a period wholly in the future has none."""
    query, company = asked.query, reach.company
    sees_the_end = is_balance or any(isinstance(move, (Trailing, ToDate, EachDay)) for move in asked.moves)
    # Only what is valued at an end needs to know where the data ends.
    horizon = reach.as_of(query) if sees_the_end or query.period is None else dt.date.max
    found = list(_own(query, company, asked_by, horizon))
    for move in asked.moves:
        found = [moved for one in found for moved in _moved(one, move, query.grain, company, asked_by, horizon)]
    if is_balance:
        found = [cut for one in found for cut in _cut(one, horizon)]
    yield from found


def _own(query: Query, company: Company, asked_by: Metric, horizon: dt.date) -> Iterator[_Days]:
    if query.grain is None:
        yield _Days(None, query.period.start, query.period.until) if query.period else _Days(None, None, horizon)
        return
    if query.period is None:
        raise InvalidQuestion(
            f"'{asked_by.name}' looks beyond the days of its period: to split it by {query.grain} give the period,"
            " from and to."
        )
    for start in periods_within(query.period, query.grain, company):
        until = shift(start, query.grain, 1)
        yield _Days(start, max(start, query.period.start), min(until, query.period.until))


def _moved(
    days: _Days, move: Move, grain: str | None, company: Company, asked_by: Metric, horizon: dt.date
) -> Iterator[_Days]:
    if isinstance(move, Shift):
        start = None if days.start is None else add_units(days.start, move.unit, -move.count)
        yield _Days(days.period, start, add_units(days.until, move.unit, -move.count))
    elif isinstance(move, Trailing):
        for cut in _cut(days, horizon):
            yield _Days(cut.period, cut.until - dt.timedelta(days=move.days), cut.until)
    elif isinstance(move, ToDate):
        for cut in _cut(days, horizon):
            yield _Days(cut.period, start_of(cut.until - ONE_DAY, move.unit, company), cut.until)
    elif days.start is None:
        raise InvalidQuestion(f"'{asked_by.name}' begins with the first day of a period: give the period, from and to.")
    elif isinstance(move, StartOf):
        first = start_of(start_of(days.start, move.unit, company), grain or "day", company)
        yield _Days(days.period, first, shift(first, grain or "day", 1))
    elif isinstance(move, FirstDay):
        yield _Days(days.period, days.start, days.start + ONE_DAY)
    else:
        for cut in _cut(days, horizon):
            for count in range((cut.until - days.start).days):
                day = days.start + dt.timedelta(days=count)
                yield _Days(cut.period, day, day + ONE_DAY)


def _cut(days: _Days, horizon: dt.date) -> Iterator[_Days]:
    """The days that the data reaches; what begins later has no end to be valued at."""
    if days.start is None or days.start < horizon:
        yield replace(days, until=min(days.until, horizon))


def _word(move: Move) -> str:
    """A move's part in the names of parameters: equal moves share them."""
    if isinstance(move, Shift):
        return f"shift_{move.count}_{move.unit}"
    if isinstance(move, Trailing):
        return f"trailing_{move.days}"
    if isinstance(move, ToDate):
        return f"to_date_{move.unit}"
    if isinstance(move, StartOf):
        return f"start_of_{move.unit}"
    return "first_day" if isinstance(move, FirstDay) else "each_day"
