"""Rows of the joined model, of one period and under the filter of a whole page. Aggregates nothing.

What a page computes out of rows takes the filter in the way in which metrics take it: a dimension that the table knows
narrows the rows, one that it does not know is the reason why there is no answer.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import polars as pl
from sqlglot import exp

from data.calendar import Period
from data.errors import Place
from data.expressions import Expression
from metrics import aggregates
from metrics.emit import emit_rows
from metrics.kinds import Aggregate
from metrics.nodes import Key, Reference
from metrics.query import Query
from metrics.reach import Unanswerable
from metrics.run import Session

__all__ = ["filtered_rows"]

_COUNT = exp.Count(this=exp.Star())
_EACH = Expression(_COUNT.sql(dialect="duckdb"), _COUNT, additive=True)


def filtered_rows(
    session: Session, source: str, columns: Iterable[str], period: Period, where: str | None, label: str
) -> tuple[pl.DataFrame, str | None]:
    """The columns of the rows whose day is in the period; or no rows and the reason why none is known.

    `source` is `table.column`, the column being the day of a row; `where` is over names of dimensions, and `label` what
    a reason calls the rows. Raises InvalidQuestion for a `where` that is no condition.
    """
    table, _, day = source.partition(".")
    wanted = tuple(columns)
    described = session.definitions.tables.get(table)
    if described is None:
        run = f"python tandem.py refresh --company {session.company.folder}"
        return pl.DataFrame(), f"The data was loaded by another version of Tandem. Run: {run}"
    metric = Aggregate(
        name=table, label=label, description=described.sentence, place=Place(table), unit="count", table=table,
        expr=_EACH, time=day,
    )  # fmt: skip
    try:
        for name in wanted:
            session.reach.check_column(table, name)
        asked = session.reach.asked(Query((table,), period=period, where=where, is_shared=True))
        plan, values = aggregates.lower_rows(session.reach, metric, metric, asked)
    except Unanswerable as reason:
        return pl.DataFrame(), str(reason)
    keys = tuple(Key(name, Reference(table, name)) for name in wanted)
    return session.run(emit_rows(replace(plan, columns=keys)), {**asked.values, **values}), None
