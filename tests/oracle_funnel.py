"""Funnels by plain loops over the rows of `leads` and `pipeline`: the oracle for what `metrics` compiles. Reads no SQL.

Written from formulas.md, Conversion: a row per step, window and group, and the single numbers of a whole funnel.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

Row = dict[str, Any]
Window = int | dt.timedelta  # days by dates, or a span between instants
Steps = Sequence[tuple[Any, ...]]  # (stage, window) or (stage, window, what the step counts)
RESULTS = (
    "entered", "converted_to_date", "matured", "converted_matured", "rate_to_date", "rate_matured",
    "rate_kaplan_meier", "rate_cumulative_incidence", "median_days", "p90_days", "still_open",
)  # fmt: skip
HOUR = dt.timedelta(hours=1)


@dataclass(frozen=True)
class Question:
    """What is asked of a funnel. `by` and `hold` are columns of the rows; `grain` is day or month."""

    as_of: dt.date
    within: tuple[int, ...] = ()
    since: dt.date | None = None
    until: dt.date | None = None
    by: tuple[str, ...] = ()
    grain: str | None = None
    entry: str = "first"
    skips: str = "imply"
    maturity: str = "exclude"
    counts: str = "passes"
    hold: tuple[str, ...] = ()


@dataclass(frozen=True)
class Unit:
    """Who entered: its frozen row, and by the clock of the window when it began, reached the target and was lost."""

    row: Row
    day: dt.date
    began: Any
    done: Any
    is_timed: bool
    lost: Any


def declared(steps: Steps, stages: Iterable[str]) -> list[tuple[str, int | None]]:
    """The steps that a company has; the window of one that it lacks is added to the next."""
    known, found, carried = set(stages), [], 0
    for stage, within in steps:
        if stage in known:
            found.append((stage, None if within is None else within + carried))
            carried = 0
        else:
            carried += within or 0
    return found


def table(leads: list[Row], steps: Steps, asked: Question, deals: Sequence[Row] = ()) -> dict[tuple[Any, ...], Row]:
    """By (step, days, *group): the results. Groups in which nobody entered are left out."""
    found: dict[tuple[Any, ...], Row] = {}
    for name, entry, target, window, counts in _spans(steps, asked):
        units = _units(leads, deals, entry, target, window, counts, asked)
        for group, cohort in _groups(units, asked).items():
            found[name, in_days(window), *group] = _outcome(cohort, window, asked)
    return found


def overall(leads: list[Row], steps: Steps, asked: Question, deals: Sequence[Row] = ()) -> dict[tuple[Any, ...], Row]:
    """By group: the results from the first stage to the last, within the sum of all windows or the one asked.

    `headline` is what the bare name of the funnel gives.
    """
    window = asked.within[0] if asked.within else _sum(step[1] for step in steps[1:])
    units = _units(leads, deals, steps[0][0], steps[-1][0], window, asked.counts, asked)
    found = {}
    for group, cohort in _groups(units, asked).items():
        row = _outcome(cohort, window, asked)
        in_time = sum(unit.done is not None and _took(unit, unit.done, window) <= _length(window) for unit in cohort)
        row["headline"] = row["rate_matured"] if asked.maturity == "exclude" else in_time / len(cohort)
        found[group] = row
    return found


def in_days(window: Window) -> float:
    return window / dt.timedelta(days=1) if isinstance(window, dt.timedelta) else window


def _sum(windows: Iterable[Window]) -> Window:
    """Days; a span as soon as one of them is one."""
    given = list(windows)
    if not any(isinstance(window, dt.timedelta) for window in given):
        return sum(given)  # type: ignore[arg-type]  # all are days here
    spans = [window if isinstance(window, dt.timedelta) else dt.timedelta(days=window) for window in given]
    return sum(spans, dt.timedelta())


def _spans(steps: Steps, asked: Question) -> list[tuple[str, str, str, Window, str]]:
    """(shown as, from, to, window, what is counted) of each row to be."""
    first, last = steps[0][0], steps[-1][0]
    if asked.within:
        return [(step[0], first, step[0], days, asked.counts) for step in steps[1:] for days in asked.within]
    spans = [(b[0], a[0], b[0], b[1], b[2] if len(b) > 2 else asked.counts) for a, b in pairwise(steps)]
    return [*spans, ("overall", first, last, _sum(step[1] for step in steps[1:]), asked.counts)]


# -- who entered -----------------------------------------------------------------------------------------------------


def _units(
    leads: Sequence[Row], deals: Sequence[Row], entry: str, target: str, window: Window, counts: str, asked: Question
) -> list[Unit]:
    clock = "at" if isinstance(window, dt.timedelta) else "on"
    if counts == "deals":
        new = [deal for deal in deals if deal["deal_type"] == "new" and _past(deal["created_on"], asked)]
        return [_deal(deal, asked) for deal in new]
    if counts == "accounts":
        together: dict[tuple[Any, ...], list[Row]] = {}
        for lead in leads:
            alone = (lead["contact_id"], lead["pass"]) if lead["account_id"] is None else ()
            together.setdefault((lead["account_id"], *alone, *(lead[name] for name in asked.hold)), []).append(lead)
    else:
        together = {(lead["contact_id"], lead["pass"]): [lead] for lead in leads}
    found = []
    for rows in together.values():
        entries = [row for row in rows if _is_entry(row, entry, asked)]
        if entries:
            first = min(entries, key=lambda row: (row[f"{entry}_{clock}"], row["contact_id"], row["pass"]))
            found.append(_unit(first, rows, entry, target, clock, asked))
    return found


def _deal(deal: Row, asked: Question) -> Unit:
    began = deal["created_on"]
    return Unit(deal, began, began, *_by_then(deal["won_on"], began, True, asked), _past(deal["lost_on"], asked))


def _is_entry(row: Row, entry: str, asked: Question) -> bool:
    day = row[f"{entry}_on"]
    if day is None or day >= asked.as_of:
        return False  # not entered yet
    if row[f"{entry}_inferred"]:
        return False  # nobody recorded this entry, so nobody knows its day
    return asked.entry == "every" or row["pass"] == 1


def _past(day: dt.date | None, asked: Question) -> dt.date | None:
    return day if day is not None and day < asked.as_of else None


def _by_then(done: Any, began: Any, is_stamped: bool, asked: Question) -> tuple[Any, bool]:
    """The target as far as it is known, and whether it tells how long it took."""
    day = done.date() if isinstance(done, dt.datetime) else done
    if _past(day, asked) is None:
        return None, False
    return done, is_stamped and done >= began


def _unit(first: Row, rows: list[Row], entry: str, target: str, clock: str, asked: Question) -> Unit:
    began = first[f"{entry}_{clock}"]
    reached = f"{target}_{clock}" if asked.skips == "imply" else f"{target}_stamped_{clock}"
    targets = [row[reached] for row in rows if row[reached] is not None]
    earliest = min(targets, default=None)
    is_stamped = asked.skips == "require" or any(
        row[reached] == earliest and not row[f"{target}_inferred"] for row in rows if earliest is not None
    )
    done, is_timed = _by_then(earliest, began, is_stamped, asked)
    return Unit(first, first[f"{entry}_on"], began, done, is_timed, _loss(began, rows, entry, clock, asked))


def _loss(start: Any, rows: list[Row], entry: str, clock: str, asked: Question) -> Any:
    """The first moment at which all rows that had entered by then were lost."""
    spans = []
    for row in rows:
        if _past(row[f"{entry}_on"], asked):
            opened = max(row[f"{entry}_{clock}"], start)
            lost = row[f"lost_{clock}"] if _past(row["lost_on"], asked) else None
            spans.append((opened, None if lost is None else max(lost, opened)))
    for moment in sorted(closed for _, closed in spans if closed is not None):
        if all(closed is not None and closed <= moment for opened, closed in spans if opened <= moment):
            return moment
    return None


def _groups(units: list[Unit], asked: Question) -> dict[tuple[Any, ...], list[Unit]]:
    groups: dict[tuple[Any, ...], list[Unit]] = {}
    for unit in units:
        if (asked.since and unit.day < asked.since) or (asked.until and unit.day >= asked.until):
            continue
        period = {"day": (unit.day,), "month": (unit.day.replace(day=1),), None: ()}[asked.grain]
        groups.setdefault((*(unit.row[name] for name in asked.by), *period), []).append(unit)
    return groups


# -- what became of them ---------------------------------------------------------------------------------------------


def _length(window: Window) -> int:
    return window // HOUR if isinstance(window, dt.timedelta) else window


def _took(unit: Unit, moment: Any, window: Window) -> int:
    """Days, or begun hours, from the entry; what is dated before it took none."""
    gone = moment - unit.began
    return max(0, -(-gone // HOUR) if isinstance(window, dt.timedelta) else gone.days)


def _seen(unit: Unit, window: Window, asked: Question) -> int:
    """Full days, or hours, that lie before the as-of day."""
    if isinstance(window, dt.timedelta):
        begin = dt.datetime.combine(asked.as_of, dt.time())
        hours = (begin - unit.began) // HOUR
        return hours if unit.began + hours * HOUR < begin else hours - 1
    return (asked.as_of - unit.began).days - 1


def _outcome(cohort: list[Unit], window: Window, asked: Question) -> Row:
    length, per_day = _length(window), 24 if isinstance(window, dt.timedelta) else 1
    matured = [unit for unit in cohort if _seen(unit, window, asked) >= length]
    in_time = [unit for unit in matured if unit.done is not None and _took(unit, unit.done, window) <= length]
    converted = sum(unit.done is not None for unit in cohort)
    exits = [_exit(unit, window, asked) for unit in cohort]
    waits = sorted(_took(unit, unit.done, window) / per_day for unit in in_time if unit.is_timed)
    found = (
        len(cohort),
        converted,
        len(matured),
        len(in_time),
        converted / len(cohort) if cohort else None,
        len(in_time) / len(matured) if matured else None,
        kaplan_meier([(time, what == "won") for time, what in exits], length),
        cumulative_incidence(exits, length),
        quantile(waits, Fraction(1, 2)),
        quantile(waits, Fraction(9, 10)),
        sum(unit.done is None and unit.lost is None for unit in cohort),
    )
    return dict(zip(RESULTS, found, strict=True))


def _exit(unit: Unit, window: Window, asked: Question) -> tuple[int, str]:
    """When and how it left: what came first decides, and of one time the conversion."""
    won = None if unit.done is None else _took(unit, unit.done, window)
    lost = None if unit.lost is None else _took(unit, unit.lost, window)
    if won is not None and (lost is None or won <= lost):
        return won, "won"
    return (lost, "lost") if lost is not None else (_seen(unit, window, asked), "open")


def kaplan_meier(pairs: Sequence[tuple[int, Any]], time: int) -> float:
    """F(t) of pairs (time, has converted): 1 - prod(1 - d_i / n_i)."""
    stays, at_risk = 1.0, len(pairs)
    went = Counter((when, bool(event)) for when, event in pairs)
    for moment in sorted({when for when, _ in pairs if when <= time}):
        stays *= 1 - went[moment, True] / at_risk
        at_risk -= went[moment, True] + went[moment, False]
    return 1 - stays


def cumulative_incidence(exits: Sequence[tuple[int, str]], time: int) -> float:
    """The share won by a time where losses compete: the sum of d_i / n_i of those who stayed until then."""
    stays, share, at_risk = 1.0, 0.0, len(exits)
    went = Counter(exits)
    for moment in sorted({when for when, _ in exits if when <= time}):
        won, lost = went[moment, "won"], went[moment, "lost"]
        share += stays * won / at_risk
        stays *= 1 - (won + lost) / at_risk
        at_risk -= won + lost + went[moment, "open"]
    return share


def quantile(values: Sequence[float], q: Fraction) -> float | None:
    """Between the two neighbours of place (n - 1) q, counted from 0."""
    if not values:
        return None
    place = (len(values) - 1) * q
    below = place.numerator // place.denominator
    above = min(below + 1, len(values) - 1)
    return values[below] + float(place - below) * (values[above] - values[below])
