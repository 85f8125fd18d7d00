"""How the two promises stand: objectives by their own periods, obligations by person. Asks; what is promised is read.

The arithmetic of targets is in metrics/targets.py; here the numbers are asked for, as of the day that the data reaches.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, replace

from data.calendar import ONE_DAY, Period, last_complete, periods_within, shift, start_of
from metrics import Query, Session, only
from metrics.agreement import AgreementVersion, Objective, Obligation
from metrics.duration_files import with_attempts
from metrics.kinds import Duration, Metric, results_of, split_result
from metrics.target_answers import condition_of
from metrics.targets import Standing, history_share, objective_of, spread, standing

__all__ = [
    "Kept",
    "Promise",
    "Tally",
    "in_force",
    "kept_by_month",
    "kept_by_person",
    "promises_about",
    "reevaluation",
    "standing_of",
    "standings",
    "standings_before",
    "tallies",
]

# So many earlier periods tell how much of one is usually done by a day.
HISTORY = 4
# So many whole periods of a promise are asked for at once.
TOLD = 12


@dataclass(frozen=True)
class Kept:
    """How often somebody kept an obligation, of the leads whose time has passed; without `person_id` it is nobody.

    Where the metric has one, the clock is the person's own: it starts when the lead is given to them. `released` are
    the leads that they owe nothing, since these were handed on or needed nothing more within the time.
    """

    person_id: str | None
    name: str
    team: str | None
    role: str | None
    due: int
    kept: int
    untouched: int
    released: int = 0

    @property
    def share(self) -> float | None:
        return self.kept / self.due if self.due else None


@dataclass(frozen=True)
class Promise:
    """An obligation in some days: all who hold its role together, and each of them, who broke most of them first.

    Together each lead counts once, from its first assignment on. On the clocks of people it counts under each who had
    it, so that these need not add up to it.
    """

    obligation: Obligation
    period: Period
    due: int
    kept: int
    people: tuple[Kept, ...]
    reason: str | None = None

    @property
    def share(self) -> float | None:
        return self.kept / self.due if self.due else None

    @property
    def is_kept(self) -> bool | None:
        return None if self.share is None else self.share >= self.obligation.share


def in_force(session: Session) -> AgreementVersion | None:
    """The version that holds on the last day of the data; before the first one's day, none."""
    return None if session.through is None else session.definitions.agreement.in_force(session.through)


def standings(session: Session, version: AgreementVersion, day: dt.date) -> tuple[Standing, ...]:
    """The goal and the objectives of a version, each in its own period, as of the end of a day in it."""
    return tuple(
        found
        for objective in (version.goal, *version.objectives)
        if (found := standing_of(session, objective, day)) is not None
    )


def standing_of(session: Session, objective: Objective, day: dt.date, as_of: dt.date | None = None) -> Standing | None:
    """How one objective stands when a day is over; None before its data. `as_of`: nothing from that day on is in."""
    if session.through is None:
        return None
    day = min(day, session.through)
    begin = start_of(day, objective.per, session.company)
    so_far = Period(begin, day + ONE_DAY)
    metric, kind = _metric(session, objective), spread(objective.metric, session.definitions.metrics)
    share = None
    if kind == "parts" and objective.pace == "history":
        share = _usual_share(session, objective, so_far)
    actual = _number(session, objective, so_far, as_of)
    return standing(objective, day, actual, session.company, spread=kind, good=metric.good, share=share)


def standings_before(
    session: Session, objective: Objective, count: int, day: dt.date, as_of: dt.date | None = None
) -> tuple[Standing, ...]:
    """The last `count` whole periods of an objective up to a day, oldest first, each by the target that held in it.

    Where another version had no such promise, today's target stands beside the number, so that it is seen in history.
    """
    company, agreement = session.company, session.definitions.agreement
    span = last_complete(objective.per, day, company, count)
    # A page asks for twelve periods to draw, for a few to judge and for those of a quarter: one question answers all.
    newest = last_complete(objective.per, session.through or day, company, TOLD)
    asked = newest if as_of is None and newest.start <= span.start and span.until <= newest.until else span
    query = Query(
        (objective.metric,), grain=objective.per, period=asked, where=_where(objective), as_of=as_of, is_shared=True
    )
    frame = session.answer(query).frame
    actual = dict(zip(frame["period"].to_list(), frame[objective.metric].to_list(), strict=True))
    metric, kind = _metric(session, objective), spread(objective.metric, session.definitions.metrics)
    found = []
    for begin in periods_within(span, objective.per, company):
        held = objective_of(agreement, objective.metric, objective.where, begin)
        own = held if held is not None and held.per == objective.per else objective
        last = shift(begin, objective.per, 1) - ONE_DAY
        found.append(standing(own, last, actual.get(begin), company, spread=kind, good=metric.good))
    return tuple(found)


def promises_about(session: Session, names: Iterable[str], where: str | None, day: dt.date) -> dict[str, Standing]:
    """The standing of each metric about which the version of a day promises something under exactly this condition."""
    condition, agreement = condition_of(session.definitions, where), session.definitions.agreement
    found: dict[str, Standing] = {}
    for name in names:
        objective = objective_of(agreement, name, condition, day)
        stands = standing_of(session, objective, day) if objective is not None else None
        if stands is not None and stands.actual is not None:
            found[name] = stands
    return found


def _number(session: Session, objective: Objective, period: Period, as_of: dt.date | None) -> float | None:
    query = Query((objective.metric,), period=period, where=_where(objective), as_of=as_of, is_shared=True)
    answer = session.answer(query)
    value = None if objective.metric in answer.reasons else answer.number(objective.metric)
    return None if value is None else float(value)


def _usual_share(session: Session, objective: Objective, so_far: Period) -> float | None:
    """The share of a period that was usually done by now, of the last whole periods; None where they had nothing."""
    before = Period(shift(so_far.start, objective.per, -HISTORY), so_far.start)
    query = Query((objective.metric,), grain="day", period=before, where=_where(objective), is_shared=True)
    frame = session.answer(query).frame
    daily = [
        (day, float(value or 0)) for day, value in zip(frame["period"], frame[objective.metric], strict=True) if value
    ]
    return history_share(daily, so_far, objective.per, session.company)


def _metric(session: Session, objective: Objective) -> Metric:
    return session.definitions.metrics[split_result(objective.metric)[0]]


def _where(objective: Objective) -> str | None:
    return objective.where.sql if objective.where is not None else None


# -- obligations -----------------------------------------------------------------------------------------------------


def kept_by_person(
    session: Session, obligation: Obligation, period: Period, as_of: dt.date | None = None, where: str | None = None
) -> Promise:
    """How an obligation was kept in the leads of some days, by everybody of its role. Only what is due is judged.

    `where` narrows it to some leads; where that cannot be told of them, `reason` says why.
    """
    timed = _timed(session, obligation, obligation.metric)
    names = tuple(f"{timed.name}.{result}" for result in ("due", "kept"))
    both = " and ".join(f"({one})" for one in (_of_role(session, obligation), where) if one is not None)
    query = Query(names, period=period, as_of=as_of, where=both or None, is_shared=where is not None)
    answer = session.with_metrics((timed,)).answer(query)
    due, kept = (int(answer.number(name) or 0) if not answer.reasons else 0 for name in names)
    reason = next(iter(answer.reasons.values()), None)
    query = replace(query, by=("owner",), where=where)
    return Promise(obligation, period, due, kept, _kept_by_each(session, obligation, query), reason)


def _kept_by_each(session: Session, obligation: Obligation, query: Query) -> tuple[Kept, ...]:
    """Each of a role on their own clock, where the promise has one and the data tells it; else the lead's."""
    metric = session.definitions.metrics[obligation.metric]
    own = metric.per_person if isinstance(metric, Duration) else None
    if own is not None and session.answer(Query((f"{own}.due",))).reasons:
        own = None
    timed = _timed(session, obligation, own or obligation.metric)
    results = [name for name in ("due", "kept", "overdue", "released") if name in results_of(timed)]
    names = {result: f"{timed.name}.{result}" for result in results}
    answer = session.with_metrics((timed,)).answer(replace(query, metrics=tuple(names.values())))
    people = _people(session)
    found: list[Kept] = []
    for row in answer.frame.to_dicts():
        name, team, role = people.get(row["owner"], (row["owner"] or "Nobody", None, None))
        counts = {result: int(row[asked] or 0) for result, asked in names.items()}
        if not counts["due"] + counts.get("released", 0) or role != (obligation.role or role):
            continue
        found.append(
            Kept(row["owner"], name or row["owner"], team, role, counts["due"], counts["kept"], counts["overdue"],
                 counts.get("released", 0))
        )  # fmt: skip
    return tuple(sorted(found, key=lambda one: (one.kept - one.due, one.name)))


def _timed(session: Session, obligation: Obligation, name: str) -> Duration:
    """The wait with the time, and the attempts, that this version promises."""
    metric = session.definitions.metrics[name]
    assert isinstance(metric, Duration)
    if obligation.attempts is not None:
        metric = with_attempts(metric, obligation.attempts)
    return replace(metric, promise=obligation.within, name=f"{metric.name}_agreed")


def _people(session: Session) -> dict[str, tuple[str, str | None, str | None]]:
    """Name, team and role by key; nobody where no people are known."""
    columns = session.definitions.tables["people"].columns
    if any(columns[name].absent for name in ("name", "team", "role")):
        return {}
    frame = session.read('SELECT "person_id", "name", "team", "role" FROM "people"')
    return {key: (name, team, role) for key, name, team, role in frame.iter_rows()}


def kept_by_month(session: Session, obligation: Obligation, count: int, day: dt.date) -> dict[dt.date, float | None]:
    """The share kept of the leads of each of the last whole months; None where none was due."""
    timed = _timed(session, obligation, obligation.metric)
    name, span = f"{timed.name}.promise_kept", last_complete("month", day, session.company, count)
    where = _of_role(session, obligation)
    query = Query((name,), grain="month", period=span, where=where, is_shared=True)
    frame = session.with_metrics((timed,)).answer(query).frame
    return dict(zip(frame["period"].to_list(), frame[name].to_list(), strict=True))


def _of_role(session: Session, obligation: Obligation) -> str | None:
    """The condition that a lead was given to somebody of the role; of all leads where nobody has it."""
    people = _people(session)
    holders = sorted(key for key, (_, _, role) in people.items() if role == obligation.role)
    return only("owner", holders) if obligation.role is not None and holders else None


@dataclass(frozen=True)
class Tally:
    """How often a person kept a promise since a version began; `of` is what is counted: leads, or months.

    `released` are leads that they owe nothing: handed on, or in need of nothing more, within the promised time.
    """

    person: str
    team: str
    promise: str
    of: str
    due: int
    kept: int
    released: int = 0

    @property
    def broken(self) -> int:
        return self.due - self.kept

    @property
    def share(self) -> float | None:
        return self.kept / self.due if self.due else None


def tallies(session: Session, version: AgreementVersion, day: dt.date) -> tuple[Tally, ...]:
    """Kept and broken by person: of objectives whole periods, of obligations leads, all since the version began."""
    people, company = _people(session), session.company
    found = []
    for objective in (one for one in version.objectives if one.held_by is not None):
        first = start_of(version.starts, objective.per, company)
        first = first if first == version.starts else shift(first, objective.per, 1)
        count = len(_whole_periods(first, objective.per, day, session))
        judged = standings_before(session, objective, count, day) if count else ()
        known = [one.is_kept for one in judged if one.is_kept is not None]
        name = people.get(objective.held_by or "", (objective.held_by, None, None))[0] or ""
        found.append(Tally(name, objective.team, objective.label, f"{objective.per}s", len(known), sum(known)))
    since = Period(version.starts, day + ONE_DAY)
    for obligation in version.obligations if since.days > 0 else ():
        found += [
            Tally(one.name, one.team or obligation.team, obligation.label, "leads", one.due, one.kept, one.released)
            for one in kept_by_person(session, obligation, since).people
        ]
    return tuple(found)


def _whole_periods(first: dt.date, grain: str, day: dt.date, session: Session) -> list[dt.date]:
    until = start_of(day + ONE_DAY, grain, session.company)
    return list(periods_within(Period(first, until), grain, session.company)) if first < until else []


# -- looking at it again ---------------------------------------------------------------------------------------------


def reevaluation(session: Session, version: AgreementVersion, day: dt.date) -> tuple[Period, dt.date]:
    """The last whole period over which a version is to be looked at, and the day on which the next one is over."""
    grain, company = version.reevaluated, session.company
    whole = last_complete(grain, day, company)
    return whole, shift(whole.until, grain, 1)
