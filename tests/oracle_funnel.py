"""Funnels by plain loops over the rows of `leads`: the oracle for what `metrics` compiles. Reads no SQL.

Written from formulas.md, Conversion: a row per step, window and group, and the single numbers of a whole funnel.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

Row = dict[str, Any]
RESULTS = ("entered", "converted_to_date", "matured", "converted_matured", "rate_to_date", "rate_matured")


@dataclass(frozen=True)
class Question:
    """What is asked of a funnel. `by` are columns of `leads`; `grain` is day or month."""

    as_of: dt.date
    within: tuple[int, ...] = ()
    since: dt.date | None = None
    until: dt.date | None = None
    by: tuple[str, ...] = ()
    grain: str | None = None
    entry: str = "first"
    skips: str = "imply"


def declared(steps: Sequence[tuple[str, int | None]], stages: Iterable[str]) -> list[tuple[str, int | None]]:
    """The steps that a company has; the window of one that it lacks is added to the next."""
    known, found, carried = set(stages), [], 0
    for stage, within in steps:
        if stage in known:
            found.append((stage, None if within is None else within + carried))
            carried = 0
        else:
            carried += within or 0
    return found


def table(leads: list[Row], steps: Sequence[tuple[str, int | None]], asked: Question) -> dict[tuple[Any, ...], Row]:
    """By (step, days, *group): the results. Groups in which nobody entered are left out."""
    found: dict[tuple[Any, ...], Row] = {}
    for name, entry, target, days in _spans(steps, asked.within):
        for group, cohort in _groups(leads, entry, asked).items():
            found[name, days, *group] = _outcome(cohort, entry, target, days, asked)
    return found


def overall(leads: list[Row], steps: Sequence[tuple[str, int | None]], asked: Question) -> dict[tuple[Any, ...], Row]:
    """By group: the results from the first stage to the last, within the sum of all windows or the one asked."""
    days = asked.within[0] if asked.within else sum(within or 0 for _, within in steps)
    entry, target = steps[0][0], steps[-1][0]
    return {group: _outcome(c, entry, target, days, asked) for group, c in _groups(leads, entry, asked).items()}


def _spans(steps: Sequence[tuple[str, int | None]], within: tuple[int, ...]) -> list[tuple[str, str, str, int]]:
    """(shown as, from, to, days) of each row to be."""
    first, last = steps[0][0], steps[-1][0]
    if within:
        return [(stage, first, stage, days) for stage, _ in steps[1:] for days in within]
    spans = [(after, before, after, days or 0) for (before, _), (after, days) in pairwise(steps)]
    return [*spans, ("overall", first, last, sum(days or 0 for _, days in steps))]


def _groups(leads: list[Row], entry: str, asked: Question) -> dict[tuple[Any, ...], list[Row]]:
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for lead in leads:
        day = lead[f"{entry}_on"]
        if day is None or day >= asked.as_of:
            continue  # not entered yet
        if lead[f"{entry}_inferred"]:
            continue  # nobody recorded this entry, so nobody knows its day
        if asked.entry == "first" and lead["pass"] != 1:
            continue
        if (asked.since and day < asked.since) or (asked.until and day >= asked.until):
            continue
        period = {"day": (day,), "month": (day.replace(day=1),), None: ()}[asked.grain]
        groups.setdefault((*(lead[name] for name in asked.by), *period), []).append(lead)
    return groups


def _outcome(cohort: list[Row], entry: str, target: str, days: int, asked: Question) -> Row:
    reached = f"{target}_on" if asked.skips == "imply" else f"{target}_stamped_on"
    entered = converted = matured = converted_matured = 0
    for lead in cohort:
        begun, done = lead[f"{entry}_on"], lead[reached]
        has_converted = done is not None and done < asked.as_of
        entered += 1
        converted += has_converted
        if begun + dt.timedelta(days=days) < asked.as_of:
            matured += 1
            # A stage dated before the entry took no time.
            converted_matured += has_converted and max((done - begun).days, 0) <= days
    rates = (converted / entered if entered else None, converted_matured / matured if matured else None)
    return dict(zip(RESULTS, (entered, converted, matured, converted_matured, *rates), strict=True))
