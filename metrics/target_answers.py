"""The targets of the agreement beside an answer's numbers, row by row. Asks nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import polars as pl

from data.calendar import Period, shift
from data.company import Company
from data.errors import Place, Problems
from data.expressions import Expression, Rules, parse_expression
from metrics.kinds import split_result
from metrics.loading import Definitions, dimension_types
from metrics.query import Query, only
from metrics.targets import adds_up, promised

__all__ = ["TARGET", "condition_of", "targets_of"]

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
    rows = frame.to_dicts()
    columns = [
        pl.Series(name + TARGET, [_target(definitions, company, query, name, row) for row in rows], dtype=pl.Float64)
        for name in names
    ]
    return frame.select(query.by, *(["period"] if query.grain else [])).with_columns(columns)


def _target(
    definitions: Definitions, company: Company, query: Query, name: str, row: Mapping[str, object]
) -> float | None:
    if query.period is None or len(query.by) > 1:
        return None
    parts = [query.where] if query.where else []
    parts += [text for by in query.by if (text := only(by, [_word(row[by])]))]
    where = condition_of(definitions, " and ".join(f"({part})" for part in parts) if len(parts) > 1 else "".join(parts))
    metric, result = definitions.metrics[split_result(name)[0]], split_result(name)[1]
    days = query.period
    if query.grain:
        begin = row["period"]
        assert isinstance(begin, dt.date)
        days = Period(max(begin, days.start), min(shift(begin, query.grain, 1), days.until))
    adds = result is None and adds_up(metric, definitions.metrics)
    return promised(definitions.agreement, name, where, days, company, adds=adds)


def _word(value: object) -> str | None:
    return None if value is None else str(value)
