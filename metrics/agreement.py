"""What marketing and sales have promised each other, as small frozen types. Reads no file and judges nothing.

An agreement is a list of versions, each whole: what it says holds from its first day up to the next version's.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from data.errors import Place
from data.expressions import Expression

__all__ = [
    "LEAD_VALUE",
    "NO_AGREEMENT",
    "PACES",
    "PER",
    "TEAMS",
    "Agreement",
    "AgreementVersion",
    "LeadValue",
    "LeadValues",
    "Objective",
    "Obligation",
    "Reason",
    "Signature",
    "Step",
]

TEAMS = ("marketing", "sales")
PER = ("week", "month", "quarter", "year")
# How much of a target is expected by a day: by business days, or as in the periods before.
PACES = ("linear", "history")
# The metric that an agreement with lead values brings along.
LEAD_VALUE = "lead_value"


@dataclass(frozen=True, kw_only=True)
class Objective:
    """A number that one team promises per week, month, quarter or year: `metric` where `where`, at least `target`.

    For a metric of which less is better, at most. `held_by` is the person who answers for it, by key.
    """

    name: str
    label: str
    metric: str
    target: float
    per: str
    team: str = "both"
    where: Expression | None = None
    pace: str = "linear"
    held_by: str | None = None
    description: str = ""
    place: Place = field(default=Place(""), compare=False)
    held_by_at: Place = field(default=Place(""), compare=False)


@dataclass(frozen=True, kw_only=True)
class Obligation:
    """What the people of a role do with each lead: the wait `metric` ends `within`, for a `share` of them.

    `within` is in the unit in which the metric's own promise is kept: seconds, or days where it is told in days.
    `attempts` is how often a person tries to reach the lead by then, of a wait for that.
    """

    name: str
    label: str
    metric: str
    team: str
    within: int
    within_words: str
    share: float
    attempts: int | None = None
    role: str | None = None
    description: str = ""
    place: Place = field(default=Place(""), compare=False)
    role_at: Place = field(default=Place(""), compare=False)

    @property
    def time_words(self) -> str:
        """What is promised, without for how many leads: within 4 hours; 3 attempts within 5 days."""
        many = "1 attempt " if self.attempts == 1 else f"{self.attempts} attempts "
        return f"{many if self.attempts is not None else ''}within {self.within_words}"


@dataclass(frozen=True)
class Step:
    """One step of the way of a lead: who does what, and within which time."""

    does: str
    who: str
    within: str = ""


@dataclass(frozen=True)
class Reason:
    """A code of a verdict in words; `crm` are the values by which the CRM says it."""

    code: str
    label: str
    verdict: str
    crm: tuple[str, ...] = ()


@dataclass(frozen=True)
class LeadValue:
    """What a lead of one type is worth; `type` has a value for each dimension of the lead type."""

    type: tuple[str, ...]
    value: float


@dataclass(frozen=True)
class LeadValues:
    """The values agreed per lead type, in the company's currency; `otherwise` is that of all other leads."""

    by: tuple[str, ...]
    otherwise: float
    types: tuple[LeadValue, ...] = ()


@dataclass(frozen=True)
class Signature:
    """A team's consent: on which day, and by whom where that is written."""

    team: str
    signed_on: dt.date
    person: str | None = None


@dataclass(frozen=True, kw_only=True)
class AgreementVersion:
    """All that is agreed from a day on. `reevaluated` is the calendar unit at whose end it is looked at again."""

    starts: dt.date
    goal: Objective
    objectives: tuple[Objective, ...]
    obligations: tuple[Obligation, ...]
    reevaluated: str
    label: str = ""
    description: str = ""
    agreed: tuple[Signature, ...] = ()
    protocol: tuple[Step, ...] = ()
    reasons: tuple[Reason, ...] = ()
    lead_values: LeadValues | None = None
    place: Place = field(default=Place(""), compare=False)

    @property
    def fingerprint(self) -> str:
        """Changes with what is promised; labels, descriptions, the protocol's words and signatures do not count."""
        objectives = [
            [o.name, o.metric, o.where.sql if o.where else None, o.target, o.per, o.team, o.pace, o.held_by]
            for o in (self.goal, *self.objectives)
        ]
        obligations = [
            [o.name, o.metric, o.team, o.role, o.within, o.share, *([] if o.attempts is None else [o.attempts])]
            for o in self.obligations
        ]
        values = self.lead_values
        worth = [values.by, values.otherwise, [[v.type, v.value] for v in values.types]] if values else None
        reasons = [[reason.code, reason.verdict, reason.crm] for reason in self.reasons]
        text = json.dumps([self.starts.isoformat(), self.reevaluated, objectives, obligations, worth, reasons])
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def signature(self, team: str) -> Signature | None:
        return next((one for one in self.agreed if one.team == team), None)


@dataclass(frozen=True)
class Agreement:
    """The versions in the order of their first days; none where nothing is agreed."""

    versions: tuple[AgreementVersion, ...] = ()

    def in_force(self, day: dt.date) -> AgreementVersion | None:
        """The version that holds on a day; None before the first one's."""
        begun = [version for version in self.versions if version.starts <= day]
        return begun[-1] if begun else None

    def next_after(self, day: dt.date) -> AgreementVersion | None:
        """The version that begins next after a day."""
        return next((version for version in self.versions if version.starts > day), None)

    @property
    def by_day(self) -> Mapping[dt.date, AgreementVersion]:
        return {version.starts: version for version in self.versions}


NO_AGREEMENT = Agreement()
