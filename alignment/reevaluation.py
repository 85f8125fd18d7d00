"""What would change: a version beside the next one, and the readjustment that the last whole period suggests.

It proposes; what is agreed is written by people.
"""

from __future__ import annotations

import datetime as dt
import math
import statistics
from dataclasses import dataclass

from alignment.agreement import kept_by_person, reevaluation, standings_before
from data.calendar import ONE_DAY, Period, add_units, periods_within
from metrics import Query, Session
from metrics.agreement import AgreementVersion, LeadValue, Objective

__all__ = ["Difference", "Readjustment", "differences", "measured_values", "readjustments"]

# A target within a tenth of what is reached is left as it is.
CLOSE = 0.1
# So many matured leads of a type, at least, before their rate says something about it.
FEWEST = 100


@dataclass(frozen=True)
class Difference:
    """One promise in two versions, in words; empty where a version does not have it."""

    promise: str
    before: str
    after: str


@dataclass(frozen=True)
class Readjustment:
    """What is agreed, what was measured over the last whole period, and what that suggests; None: leave it as it is.

    `unit` is that of the three numbers: a metric's name, `share` or `money`.
    """

    promise: str
    team: str
    unit: str
    agreed: float
    measured: float | None
    proposed: float | None


def differences(before: AgreementVersion, after: AgreementVersion) -> tuple[Difference, ...]:
    """What the two versions promise differently, in the order of the later one; what it leaves out comes last."""
    old, new = _promises(before), _promises(after)
    changed = [Difference(label, old.get(name, ("", ""))[1], text) for name, (label, text) in new.items()]
    gone = [Difference(label, text, "") for name, (label, text) in old.items() if name not in new]
    return tuple(one for one in (*changed, *gone) if one.before != one.after)


def _promises(version: AgreementVersion) -> dict[str, tuple[str, str]]:
    """Label and words of each promise, by its name."""
    found = {one.name: (one.label, _words(one)) for one in (version.goal, *version.objectives)}
    for one in version.obligations:
        found[one.name] = (one.label, f"{one.share:.0%} {one.time_words}")
    if (values := version.lead_values) is not None:
        found[""] = ("Value of a lead", f"{values.otherwise:,.10g}, {len(values.types)} types with their own")
    return found


def _words(objective: Objective) -> str:
    where = f" where {objective.where.sql}" if objective.where else ""
    return f"{objective.target:,.10g} {objective.metric} per {objective.per}{where}".replace('"', "")


def readjustments(session: Session, version: AgreementVersion, day: dt.date) -> tuple[Readjustment, ...]:
    """The promises of a version beside what the last whole period of re-evaluation brought; its goal is given.

    An objective's proposal is the median of what its own periods in it reached, in two digits; that of an obligation
    the share that was kept, in steps of five points; both only where they are more than a tenth off.
    """
    whole, _ = reevaluation(session, version, day)
    found = []
    for objective in version.objectives:
        count = len(periods_within(whole, objective.per, session.company))
        reached = [
            one.actual for one in standings_before(session, objective, count, whole.last) if one.actual is not None
        ]
        middle = statistics.median(reached) if reached else None
        proposed = None if middle is None or _is_close(middle, objective.target) else _two_digits(middle)
        found.append(
            Readjustment(objective.label, objective.team, objective.metric, objective.target, middle, proposed)
        )
    for obligation in version.obligations:
        share = kept_by_person(session, obligation, whole).share
        rounded = None if share is None or _is_close(share, obligation.share) else round(share * 20) / 20
        found.append(Readjustment(obligation.label, obligation.team, "share", obligation.share, share, rounded))
    for value, measured in measured_values(session, version, day):
        label = f"Value of a lead: {', '.join(value.type) or 'all others'}"
        off = None if measured is None or _is_close(measured, value.value) else _two_digits(measured)
        found.append(Readjustment(label, "marketing", "money", value.value, measured, off))
    return tuple(found)


def _is_close(measured: float, agreed: float) -> bool:
    return abs(measured - agreed) <= CLOSE * abs(agreed)


def _two_digits(value: float) -> float:
    if not value:
        return 0.0
    return round(value, 1 - math.floor(math.log10(abs(value))))


def measured_values(
    session: Session, version: AgreementVersion, day: dt.date
) -> tuple[tuple[LeadValue, float | None], ...]:
    """Each agreed value of a lead type beside its matured close rate times its average deal, of the last twelve months.

    None where fewer than 100 leads of the type had their whole time, or none of them brought a deal.
    """
    values = version.lead_values
    if values is None:
        return ()
    year = Period(add_units(day + ONE_DAY, "month", -12), day + ONE_DAY)
    names = ("lead_to_customer.matured", "lead_to_customer.rate_matured", "average_deal")
    # All types in one question: each by itself would read all leads again.
    answer = session.answer(Query(names, values.by, period=year, is_shared=True))
    rows = {tuple(row[: len(values.by)]): row[len(values.by) :] for row in answer.frame.iter_rows()}
    found = []
    for one in values.types:
        matured, rate, deal = rows.get(one.type, (None, None, None))
        known = matured is not None and matured >= FEWEST and rate is not None and deal is not None
        found.append((one, float(rate) * float(deal) if known else None))
    return tuple(found)
