"""The moments of a pass: the model file of `handoffs`, completed by stages and business time. Runs nothing.

A moment is an instant `_at`, its day `_on` in the company's zone, and `_worked`, the business seconds that had gone by
at it in the calendar of the row's time zone.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from data.business_time import CLOCKS
from data.description import Column
from data.stages import STAGES, Stages

__all__ = ["MOMENTS", "MOMENT_COLUMNS", "completed_handoffs", "moment_columns"]

# What happens to a pass besides entering stages, in the order of the file.
MOMENTS = ("created", "assigned", "handed_over", "first_touch", "verdict")
MOMENT_COLUMNS = {"_at": "TIMESTAMP", "_on": "DATE", "_worked": "BIGINT"}


def completed_handoffs(tree: exp.Query, stages: Stages) -> exp.Query:
    """The tree with the stamped moments of the declared stages and the business seconds of all, changed in place."""
    assert isinstance(tree, exp.Select)
    moments = next(cte.this for cte in tree.ctes if cte.alias == "moments")
    for stage in stages.names:
        for suffix in ("_at", "_on"):
            # An inferred stamp is a day by which it had happened, so no delay can be told from it.
            stamped = exp.Case().when(_column(f"{stage}_inferred", "l").not_(), _column(stage + suffix, "l"))
            moments.select(exp.alias_(stamped, f"stamped_{stage}{suffix}", quoted=True), copy=False)
            tree.select(_as(_column(f"stamped_{stage}{suffix}", "m"), stage + suffix), copy=False)
    for moment in MOMENTS:
        _clock(tree, moment, _column(f"{moment}_at", "m"))
    for stage in stages.names:
        _clock(tree, stage, _column(f"stamped_{stage}_at", "m"))
    return tree


def moment_columns(columns: Mapping[str, Column], stages: Mapping[str, Column]) -> dict[str, Column]:
    """The descriptions of what was added; `columns` are those of the file, `stages` those of the stages in `leads`."""
    added = {f"{moment}_worked": columns[f"{moment}_at"].absent for moment in MOMENTS}
    found = {name: Column(name, MOMENT_COLUMNS["_worked"], absent) for name, absent in added.items()}
    for stage in STAGES:
        entered = stages[f"{stage}_on"]
        for suffix, kind in MOMENT_COLUMNS.items():
            found[stage + suffix] = Column(stage + suffix, kind, entered.absent, None, entered.stored)
    return found


def _clock(tree: exp.Select, moment: str, instant: exp.Column) -> None:
    """Join the clock of a moment's day and select the seconds worked by then."""
    clock = f"{moment}_clock"
    is_day = _column("day", clock).eq(exp.cast(instant.copy(), "DATE"))
    is_zone = _column("time_zone", clock).eq(_column("time_zone", "m"))
    tree.join(exp.to_table(CLOCKS).as_(clock), on=exp.and_(is_zone, is_day), join_type="left", copy=False)
    worked: exp.Expr = _column("worked_before", clock)
    for opens, closes in (("opens_at", "closes_at"), ("opens_again_at", "closes_again_at")):
        worked = exp.Add(this=worked, expression=_stretch(instant, _column(opens, clock), _column(closes, clock)))
    tree.select(_as(worked, f"{moment}_worked"), copy=False)


def _stretch(instant: exp.Column, opens: exp.Column, closes: exp.Column) -> exp.Expr:
    """The seconds of a stretch that lie before an instant; none where the day has no such stretch."""
    until = exp.Case().when(instant < closes, instant.copy()).else_(closes.copy())
    seconds = exp.DateDiff(this=until, expression=opens, unit=exp.var("SECOND"))
    return exp.Paren(this=exp.Case().when(instant.copy() > opens.copy(), seconds).else_(exp.Literal.number(0)))


def _column(name: str, table: str) -> exp.Column:
    return exp.column(name, table=table, quoted=True)


def _as(tree: exp.Expr, name: str) -> exp.Expr:
    return exp.alias_(tree, name, quoted=True)
