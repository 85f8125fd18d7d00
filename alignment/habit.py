"""The habit of working together, scored from the record: seven parts from 0 to 1, and what to do next. Draws nothing.

The score is the mean of the parts that are known. A part whose input is missing says so and is in no mean.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from alignment.agreement import in_force, kept_by_person, standings_before
from alignment.dates import day
from alignment.ledger import Answer
from alignment.monthly_answers import share_of
from data.calendar import ONE_DAY, Period, last_complete, leading_to, periods_within, shift, start_of
from data.errors import InvalidQuestion
from metrics import Query, Session
from metrics.agreement import TEAMS, AgreementVersion, Objective
from metrics.compared_rules import against_crm

__all__ = ["WEAK", "Growth", "Habit", "Part", "growth_of", "habit_of", "kept_share", "obligation_share", "rule_share",
           "score_of"]  # fmt: skip

STAGE = "mql"
MONTHS = 12
MOST_PERIODS = 12
# Below this a part is told what to do next.
WEAK = 0.8


@dataclass(frozen=True)
class Part:
    """One part of the habit: its share of what could be, in words what was counted, and what would raise it.

    Without a share `says` is the reason. `owner` is the team whose part it is.
    """

    name: str
    label: str
    share: float | None
    says: str
    next: str
    owner: str = "both"

    @property
    def is_weak(self) -> bool:
        return self.share is None or self.share < WEAK


@dataclass(frozen=True)
class Habit:
    """All parts over the twelve months `period`, and their score; None where nothing is known."""

    period: Period
    parts: tuple[Part, ...]

    @property
    def score(self) -> float | None:
        return score_of(part.share for part in self.parts)

    @property
    def weak(self) -> tuple[Part, ...]:
        """The parts to work on: the weakest first, then those whose input is missing."""
        found = [part for part in self.parts if part.is_weak]
        return tuple(sorted(found, key=lambda part: (part.share is None, part.share or 0)))


@dataclass(frozen=True)
class Growth:
    """Won revenue of the last whole quarter beside the same one a year before; None where there is no number."""

    period: Period
    now: float | None
    before: float | None

    @property
    def share(self) -> float | None:
        return None if self.now is None or not self.before else self.now / self.before - 1


# -- arithmetic ------------------------------------------------------------------------------------------------------


def score_of(shares: Iterable[float | None]) -> float | None:
    """The mean of the shares that are known; None where none is."""
    known = [share for share in shares if share is not None]
    return sum(known) / len(known) if known else None


def rule_share(signed: Iterable[str], *, is_defined: bool) -> float:
    """A third for a rule that is written, and a third for each team that signed it."""
    return (1 + len(set(signed) & set(TEAMS))) / 3 if is_defined else 0.0


def kept_share(judged: Sequence[bool | None]) -> float | None:
    """The share of an objective's periods in which it was kept; None where none can be judged."""
    known = [one for one in judged if one is not None]
    return sum(known) / len(known) if known else None


def obligation_share(kept: float | None, promised: float) -> float | None:
    """How much of a promised share was kept, at most all of it: 60 % of 90 % is two thirds."""
    if kept is None:
        return None
    return min(1.0, kept / promised) if promised else 1.0


# -- the record ------------------------------------------------------------------------------------------------------


def habit_of(session: Session, answers: Sequence[Answer], month: str) -> Habit | None:
    """The habit in the twelve months up to the last day of the data, with the answers of a month; None without data."""
    if session.through is None:
        return None
    period = leading_to(session.through + ONE_DAY, "month", session.company, MONTHS)
    version = in_force(session)
    parts = (
        _rule(session), _crm(session, period), *(_promises(session, version, team, period) for team in TEAMS),
        _verdicts(session, period), _source(session, period), _answers(answers, month),
    )  # fmt: skip
    return Habit(period, parts)


def growth_of(session: Session) -> Growth | None:
    """How revenue grew over a year; None where no file says how far the data reaches."""
    if session.through is None:
        return None
    period = last_complete("quarter", session.through, session.company)
    before = Period(shift(period.start, "quarter", -4), shift(period.until, "quarter", -4))
    now, then = (_number(session, "won_revenue", one) for one in (period, before))
    return Growth(period, now, then)


def _number(session: Session, metric: str, period: Period) -> float | None:
    answer = session.answer(Query((metric,), period=period, is_shared=True))
    value = None if answer.reasons else answer.number(metric)
    return None if value is None else float(value)


def _rule(session: Session) -> Part:
    rule = next((one for one in session.manifest.rules if one.stage == STAGE and one.is_today), None)
    missing = [team for team in TEAMS if rule is None or team not in rule.agreed]
    says = "Both teams have signed the rule for qualified leads."
    do = "Look at it again when the agreement is looked at again."
    if rule is None:
        says, do = "No rule says what a qualified lead is.", "Write a rule in stages.yaml, on Qualified lead."
    elif missing:
        says, do = f"The rule is written; {' and '.join(missing)} has not signed it.", "Sign it on Agreement."
    return Part("rule", "Rule defined and signed", rule_share(rule.agreed if rule else (), is_defined=rule is not None),
                says, do)  # fmt: skip


def _crm(session: Session, period: Period) -> Part:
    label, do = "The CRM agrees with it", "Look at the rows on Qualified lead, and mend what stamps otherwise."
    try:
        months = against_crm(session, STAGE, period).months
    except InvalidQuestion as error:
        return Part("crm", label, None, str(error), "Write a rule, so that the CRM can be compared with it.")
    both, ruled, crm = (int(months[name].sum() or 0) for name in ("both", "only_rule", "only_crm"))
    total = both + ruled + crm
    if not both + crm:
        return Part("crm", label, None, "The CRM stamps no qualified leads.", "Let the CRM stamp the stage.")
    says = f"{both:,} of {total:,} stamps stand in both: {ruled:,} only by the rule, {crm:,} only in the CRM."
    return Part("crm", label, both / total, says, do)


def _promises(session: Session, version: AgreementVersion | None, team: str, period: Period) -> Part:
    label = f"{team.capitalize()} keeps its promises"
    name = f"{team}_promises"
    if version is None or session.through is None:
        return Part(name, label, None, "Nothing is agreed yet.", "Write an agreement, on Agreement.", team)
    shares: list[float | None] = []
    for objective in version.objectives:
        if objective.team in (team, "both"):
            count = _whole_periods(session, version, objective)
            past = standings_before(session, objective, count, session.through) if count else ()
            shares.append(kept_share([one.is_kept for one in past]))
    since = Period(max(version.starts, period.start), period.until)
    for obligation in version.obligations:
        if obligation.team == team:
            kept = kept_by_person(session, obligation, since).share
            shares.append(obligation_share(kept, obligation.share))
    known = [share for share in shares if share is not None]
    if not known:
        return Part(name, label, None, "No promise of it can be judged yet.", "Wait for the first whole period.", team)
    whole = sum(share == 1 for share in known)
    says = f"{whole} of {len(known)} promises were kept in full since {day(version.starts)}; the mean of all is shown."
    return Part(name, label, score_of(known), says, "See who and what on Agreement, and readjust what cannot be kept.",
                team)  # fmt: skip


def _whole_periods(session: Session, version: AgreementVersion, objective: Objective) -> int:
    """How many whole periods of an objective lie between the version's start and the last day, at most twelve."""
    assert session.through is not None
    grain, company = objective.per, session.company
    first = start_of(version.starts, grain, company)
    first = first if first == version.starts else shift(first, grain, 1)
    until = start_of(session.through + ONE_DAY, grain, company)
    return min(MOST_PERIODS, len(periods_within(Period(first, until), grain, company))) if first < until else 0


def _verdicts(session: Session, period: Period) -> Part:
    label = "Verdicts are given"
    names = ("verdict_days.due", "verdict_days.overdue")
    answer = session.answer(Query(names, period=period, is_shared=True))
    if answer.reasons:
        return Part("verdicts", label, None, next(iter(answer.reasons.values())), "Load hand-overs and verdicts.",
                    "sales")  # fmt: skip
    due, late = (int(answer.number(name) or 0) for name in names)
    if not due:
        return Part(
            "verdicts", label, None, "No verdict was due in these months.", "Hand leads over to sales.", "sales"
        )
    says = f"{due - late:,} of {due:,} hand-overs whose verdict was due have one."
    return Part("verdicts", label, (due - late) / due, says, "Give the overdue ones on Hand-off.", "sales")


def _source(session: Session, period: Period) -> Part:
    label = "Revenue has a known source"
    answer = session.answer(Query(("won_revenue",), ("channel",), period=period, is_shared=True))
    if answer.reasons:
        return Part("source", label, None, next(iter(answer.reasons.values())), "Load won deals.", "marketing")
    amounts = {channel: float(amount or 0) for channel, amount in answer.frame.select("channel", "won_revenue").rows()}
    total = sum(amounts.values())
    if total <= 0:
        return Part("source", label, None, "Nothing was won in these months.", "Load won deals.", "marketing")
    known = total - amounts.get(None, 0.0)
    says = "The share of won revenue that has a channel."
    return Part("source", label, known / total, says, "See on Data health why the rest has none.", "marketing")


def _answers(answers: Sequence[Answer], month: str) -> Part:
    label, do = "Each finds the other helpful", "Talk about the lowest answers in the next meeting."
    found = share_of(answers, month)
    silent = [team for team in TEAMS if team not in found]
    if silent:
        who = "nobody" if len(silent) == 2 else f"nobody of {silent[0]}"
        return Part("answers", label, None, f"For {month} {who} has answered.", "Answer the questions below.")
    told = ", ".join(f"{team} {1 + 4 * share:.1f}" for team, share in found.items())
    return Part("answers", label, score_of(found.values()), f"Mean answer for {month}, of 5: {told}.", do)
