"""Both sides' promises as sentences and tiles, as the agreement stands today. Computes no business number."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from alignment.agreement import (
    Promise,
    in_force,
    kept_by_month,
    kept_by_person,
    reevaluation,
    standings,
    standings_before,
)
from data.calendar import ONE_DAY, Period
from metrics.agreement import AgreementVersion
from metrics.targets import Standing
from pages import _tiles, _words
from pages._dates import day, short_span, span
from pages._page import HISTORY, View, target_line, unit_of, words
from pages._tiles import Tile
from pages._words import Change, escape, strong

__all__ = ["Agreed", "dates", "of_standing", "read", "says", "tiles"]

HOW = (
    "Write one under agreement: in a file of definitions/. The page The agreement of the language says how, and"
    " python tandem.py new makes a first draft."
)


@dataclass(frozen=True)
class Agreed:
    """The version in force and how its promises stand when `day` is over; obligations are judged over `since`."""

    version: AgreementVersion
    day: dt.date
    since: Period
    standings: tuple[Standing, ...]
    promises: tuple[Promise, ...]
    again_on: dt.date


def read(seen: View) -> Agreed | None:
    """How both sides stand on the last day of the data; None where nothing is agreed by then."""
    session, version = seen.session, in_force(seen.session)
    if version is None or session.through is None:
        return None
    last, again_on = reevaluation(session, version, session.through)
    # Of the period that has begun, or of the last one on its first days, when nothing in it is due yet.
    since = Period(last.until, session.through + ONE_DAY) if last.until <= session.through else last
    promises = tuple(kept_by_person(session, one, since) for one in version.obligations)
    return Agreed(version, session.through, since, standings(session, version, session.through), promises, again_on)


def says(seen: View, found: Agreed | None) -> str:
    """How many promises of each team are on course, and where the goal stands, in Markdown."""
    if found is None:
        return f"{strong('Nothing is agreed yet')} at {escape(seen.session.company.name)}. {escape(HOW)}"
    goal, *objectives = found.standings
    parts = []
    for team in ("marketing", "sales"):
        judged = [one.is_on_course for one in objectives if one.objective.team == team]
        judged += [one.is_kept for one in found.promises if one.obligation.team == team]
        known = [one for one in judged if one is not None]
        if known:
            many = "1 promise" if len(known) == 1 else f"{len(known)} promises"
            parts.append(f"{team.capitalize()} is on course with {strong(f'{sum(known)} of {many}')}.")
    name = goal.objective.metric
    told = f"{words(seen, name, goal.actual)} of {words(seen, name, goal.target)}"
    pace = f", {escape(_words.rate(goal.pace))} of what was expected by now" if goal.pace is not None else ""
    parts.append(f"The goal for {escape(span(goal.period))} stands at {strong(told)}{pace}.")
    return " ".join(parts)


def dates(found: Agreed | None) -> str:
    """Since when it holds, who signed, when it is looked at again, and how far the data reaches."""
    if found is None:
        return "No version is in force"
    signed = [f"{one.team} on {day(one.signed_on)}" for one in found.version.agreed]
    by = f"signed by {' and '.join(signed)}" if signed else "signed by nobody yet"
    again = f"looked at again on {day(found.again_on)}"
    return f"In force since {day(found.version.starts)}, {by} · {again} · data through {day(found.day)}"


def tiles(seen: View, found: Agreed) -> None:
    """The goal, then what marketing, both and sales promise: reached, judged by pace, with its past and its target."""
    order = {"marketing": 0, "both": 1, "sales": 2}
    goal, *objectives = found.standings
    shown = [of_standing(seen, one) for one in (goal, *sorted(objectives, key=lambda one: order[one.objective.team]))]
    shown += [_of_promise(seen, one, found.day) for one in found.promises]
    _tiles.show(shown, seen.theme)


def of_standing(seen: View, stands: Standing) -> Tile:
    """A promise as a tile: reached, judged by pace, with its past, its target and who holds it."""
    objective = stands.objective
    if stands.actual is None:
        return Tile(objective.name, objective.label, None, reason="There is no number yet.")
    past = standings_before(seen.session, objective, HISTORY, stands.so_far.last)
    before = [one.actual for one in past if one.period.start < stands.period.start]
    history = [*before[1 - HISTORY :], stands.actual]
    return Tile(
        key=objective.name,
        label=objective.label,
        value=words(seen, objective.metric, stands.actual),
        owner=objective.team if objective.name != "goal" else "both",  # type: ignore[arg-type]  # teams are checked
        change=_course(seen, stands),
        history=history,
        history_label=f"{objective.label} per {objective.per}, {len(history)} periods",
        incomplete_last=not stands.is_complete,
        target=target_line(seen, stands),
        foot=_held_by(seen, objective.held_by),
    )


def _course(seen: View, stands: Standing) -> Change | None:
    """How far a promise is ahead of what was expected by now, or behind it."""
    if stands.is_on_course is None or stands.pace is None:
        return None
    is_rate = unit_of(seen, stands.objective.metric) == "ratio"
    off = (stands.actual or 0) - (stands.expected or 0) if is_rate else stands.pace - 1
    return _off(off, _words.points(abs(off)) if is_rate else _words.rate(abs(off)), is_good=stands.is_on_course)


def _off(off: float, words: str, *, is_good: bool | None) -> Change:
    """How far above or below; judged, since less can be what is promised."""
    if abs(off) < 0.0005:
        return Change("→", "as promised", "good")
    return Change("↑" if off > 0 else "↓", f"{words.lstrip('+')} {'above' if off > 0 else 'below'}",
                  "good" if is_good else "bad")  # fmt: skip


def _held_by(seen: View, person: str | None) -> str:
    if person is None:
        return ""
    return f"Held by {seen.session.names('owner').get(person, person)}"


def _of_promise(seen: View, promise: Promise, last: dt.date) -> Tile:
    one = promise.obligation
    if promise.share is None:
        reason = promise.reason or f"No lead of {short_span(promise.period)} is due yet."
        return Tile(one.name, one.label, None, reason=reason)
    past = list(kept_by_month(seen.session, one, HISTORY, last).values())
    off = promise.share - one.share
    return Tile(
        key=one.name,
        label=one.label,
        value=_words.rate(promise.share),
        owner=one.team,  # type: ignore[arg-type]  # teams are checked when loaded
        change=_off(off, _words.points(abs(off)), is_good=promise.is_kept),
        history=past,
        history_label=f"{one.label}: share kept per month, {len(past)} months",
        target=f"Promised {_words.rate(one.share)}; {promise.due:,} leads due in {short_span(promise.period)}",
        foot=f"{promise.due - promise.kept:,} broken",
    )
