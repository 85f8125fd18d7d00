"""The moments of a pass and of its owners: two model files, completed by stages and business time. Runs nothing.

A moment is an instant `_at`, its day `_on` in the company's zone, and `_worked`, the business seconds that had gone by
at it in the calendar of the row's time zone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlglot import exp

from data.business_time import CLOCKS
from data.description import Column
from data.stages import STAGES, Stages

__all__ = [
    "HANDOFFS",
    "LEAD_OWNERS",
    "MOMENTS",
    "MOMENT_COLUMNS",
    "MOST_ATTEMPTS",
    "OWNER_MOMENTS",
    "attempt",
    "completed_handoffs",
    "completed_owners",
    "moment_columns",
]

HANDOFFS, LEAD_OWNERS = "handoffs", "lead_owners"
# So many attempts of a pass have moments of their own; more are counted.
MOST_ATTEMPTS = 8


def attempt(number: int) -> str:
    """The moment of the so-manieth attempt of a person to reach the lead."""
    return f"attempt_{number}"


_ATTEMPTS = tuple(attempt(number) for number in range(1, MOST_ATTEMPTS + 1))
# What happens to a pass besides entering stages, in the order of the file.
MOMENTS = ("created", "assigned", "handed_over", "first_touch", "settled", "verdict", *_ATTEMPTS)
# What happens while somebody has the lead.
OWNER_MOMENTS = ("given", "given_to_sales", "handed_on", "own_touch", "colleague_touch", "own_verdict", "verdict",
                 "settled", *_ATTEMPTS)  # fmt: skip
MOMENT_COLUMNS = {"_at": "TIMESTAMP", "_on": "DATE", "_worked": "BIGINT"}
# Whoever is in one of them needs no further word to be won for a talk.
_MOVED_ON = STAGES[2:]
_INSTANTS = ("_at", "_on")


def completed_handoffs(tree: exp.Query, stages: Stages) -> exp.Query:
    """The tree with the stamped moments of the declared stages, single attempts and all business seconds, in place."""
    assert isinstance(tree, exp.Select)
    moments = next(cte.this for cte in tree.ctes if cte.alias == "moments")
    for stage in stages.names:
        for suffix in _INSTANTS:
            moments.select(exp.alias_(_stamped(stage, suffix), f"stamped_{stage}{suffix}", quoted=True), copy=False)
            tree.select(_as(_column(f"stamped_{stage}{suffix}", "m"), stage + suffix), copy=False)
    for suffix in _INSTANTS:
        moments.select(exp.alias_(_moved_on(stages, suffix), f"moved_on{suffix}", quoted=True), copy=False)
    _attempts(tree)
    for moment in _of_the_pass(MOMENTS):
        _clock(tree, moment, _column(f"{moment}_at", "m"))
    for stage in stages.names:
        _clock(tree, stage, _column(f"stamped_{stage}_at", "m"))
    return tree


def completed_owners(tree: exp.Query) -> exp.Query:
    """The tree with the moments of single attempts and the business seconds of all moments, changed in place."""
    assert isinstance(tree, exp.Select)
    _attempts(tree)
    for moment in _of_the_pass(OWNER_MOMENTS):
        _clock(tree, moment, _column(f"{moment}_at", "m"), zone="own_zone")
    return tree


def moment_columns(table: str, columns: Mapping[str, Column], stages: Mapping[str, Column]) -> dict[str, Column]:
    """The descriptions of what was added; `columns` are those of the file, `stages` those of the stages in `leads`."""
    moments = OWNER_MOMENTS if table == LEAD_OWNERS else MOMENTS
    found: dict[str, Column] = {}
    for moment in moments:
        if moment in _ATTEMPTS:
            absent = columns["attempts"].absent
            found |= {moment + suffix: Column(moment + suffix, kind, absent) for suffix, kind in MOMENT_COLUMNS.items()}
        else:
            name = f"{moment}_worked"
            found[name] = Column(name, MOMENT_COLUMNS["_worked"], columns[f"{moment}_at"].absent)
    for stage in STAGES if table == HANDOFFS else ():
        entered = stages[f"{stage}_on"]
        for suffix, kind in MOMENT_COLUMNS.items():
            found[stage + suffix] = Column(stage + suffix, kind, entered.absent, None, entered.stored)
    return found


def _stamped(stage: str, suffix: str) -> exp.Expr:
    """The recorded moment of a stage. An inferred one is a day by which it had happened: no delay is told from it."""
    return exp.Case().when(_column(f"{stage}_inferred", "l").not_(), _column(stage + suffix, "l"))


def _moved_on(stages: Stages, suffix: str) -> exp.Expr:
    """When the lead was first recorded in a stage past qualification; NULL where no such stage is declared."""
    stamps = [_stamped(stage, suffix) for stage in stages.names if stage in _MOVED_ON]
    if not stamps:
        return exp.cast(exp.null(), MOMENT_COLUMNS[suffix])
    return exp.Least(this=stamps[0], expressions=stamps[1:], ignore_nulls=True) if len(stamps) > 1 else stamps[0]


def _attempts(tree: exp.Select) -> None:
    """The moments of the first attempts, from the numbered ones; most passes have few, so these are timed as rows."""
    timed, attempted = (next(cte.this for cte in tree.ctes if cte.alias == name) for name in ("timed", "attempted"))
    _clock(timed, "happened", _column("happened_at", "n"), "n")
    for number, name in enumerate(_ATTEMPTS, start=1):
        for suffix in MOMENT_COLUMNS:
            dated = f"happened{suffix}"
            is_it = exp.Where(this=_column("number", "n").eq(exp.Literal.number(number)))
            moment = exp.Filter(this=exp.Min(this=_column(dated, "n")), expression=is_it)
            attempted.select(_as(moment, name + suffix), copy=False)
            tree.select(_as(_column(name + suffix, "a"), name + suffix), copy=False)


def _of_the_pass(moments: Iterable[str]) -> list[str]:
    return [moment for moment in moments if moment not in _ATTEMPTS]


def _clock(tree: exp.Select, moment: str, instant: exp.Column, of: str = "m", zone: str = "time_zone") -> None:
    """Join the clock of a moment's day and select the seconds worked by then."""
    clock = f"{moment}_clock"
    is_day = _column("day", clock).eq(exp.cast(instant.copy(), "DATE"))
    is_zone = _column("time_zone", clock).eq(_column(zone, of))
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
