"""The targets of the agreement beside an answer's numbers, row by row. Asks nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

import polars as pl

from data.calendar import Period, shift, start_of
from data.company import Company
from data.errors import Place, Problems
from data.expressions import Expression, Rules, parse_expression
from metrics.agreement import PER
from metrics.loading import Definitions, dimension_types
from metrics.query import Query, only
from metrics.targets import promised, spread

__all__ = ["TARGET", "condition_of", "promised_per", "spread_from", "targets_of"]

TARGET = "_target"


def condition_of(definitions: Definitions, where: str | None) -> Expression | None:
    """A question's condition as an objective has it, so that the two can be told to be the same."""
    if not where:
        return None
    types = dimension_types(definitions.dimensions, definitions.tables)
    return parse_expression(where, Rules(types, columns_are="dimension", gives="boolean"), Place(""), Problems(), "")


def targets_of(definitions: Definitions, company: Company, query: Query, frame: pl.DataFrame) -> pl.DataFrame:
    """The rows of an answer with `<metric>_target` after its keys: empty where nothing is promised about them.

    A row of one dimension has the target of the objective that is narrowed to its value. A row of a period has that of
    the days that the question and the period share.
    """
    names = tuple(dict.fromkeys(query.metrics))
    keys = frame.select([*query.by, *(["period"] if query.grain else [])])
    rows = keys.to_dicts()
    columns = [
        pl.Series(name + TARGET, _targets(definitions, company, query, name, rows), dtype=pl.Float64) for name in names
    ]
    return keys.with_columns(columns)


def promised_per(definitions: Definitions, metric: str) -> tuple[str, ...]:
    """For which periods anything is promised of a metric: week, month, quarter, year."""
    found = (o for version in definitions.agreement.versions for o in (version.goal, *version.objectives))
    return tuple(dict.fromkeys(one.per for one in found if one.metric == metric))


def spread_from(definitions: Definitions, company: Company, query: Query, metric: str) -> tuple[str, ...]:
    """Of which periods the targets are spread over the days of an answer's rows; none where each has its own."""
    if spread(metric, definitions.metrics) != "parts" or query.period is None:
        return ()
    own = [query.grain] if query.grain else [
        per for per in PER
        if query.period.start == start_of(query.period.start, per, company)
        and query.period.until == shift(query.period.start, per, 1)
    ]  # fmt: skip
    return tuple(per for per in promised_per(definitions, metric) if per not in own)


def _targets(
    definitions: Definitions, company: Company, query: Query, name: str, rows: Sequence[Mapping[str, object]]
) -> list[float | None]:
    if query.period is None or len(query.by) > 1 or not promised_per(definitions, name):
        return [None] * len(rows)
    agreement, kind = definitions.agreement, spread(name, definitions.metrics)
    groups = {row[query.by[0]] if query.by else None for row in rows}
    conditions = {group: condition_of(definitions, _narrowed(query, group)) for group in groups}
    return [
        promised(
            agreement, name, conditions[row[query.by[0]] if query.by else None], _days(query, row), company, spread=kind
        )
        for row in rows
    ]


def _narrowed(query: Query, group: object) -> str | None:
    """The question's condition and that of one of its groups, as one text."""
    own = only(query.by[0], [None if group is None else str(group)]) if query.by else None
    parts = [part for part in (query.where, own) if part]
    return " and ".join(f"({part})" for part in parts) if len(parts) > 1 else "".join(parts)


def _days(query: Query, row: Mapping[str, object]) -> Period:
    assert query.period is not None
    if query.grain is None:
        return query.period
    begin = row["period"]
    assert isinstance(begin, dt.date)
    return Period(max(begin, query.period.start), min(shift(begin, query.grain, 1), query.period.until))
