"""What somebody of sales needs to decide on leads: what may be said, which leads wait, what is entered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, cast

import polars as pl

from alignment.agreement import in_force
from alignment.colleagues import people_of
from alignment.ledger import Entry, Ledger, Verdict
from alignment.verdicts import uncounted
from alignment.worklist import undecided
from metrics import Session
from metrics.campaign_leads import masked_key
from metrics.verdict_reasons import reason_labels

__all__ = ["MOST_OFFERED", "Choice", "Desk", "becomes", "desk", "key_of", "sales_people"]

# A list to choose from; who has more leads than this begins with the most urgent ones.
MOST_OFFERED = 300
Decision = Literal["accepted", "rejected", "recycled"]
_SAYS: dict[Decision, str] = {"accepted": "Accept", "rejected": "Reject", "recycled": "Put aside"}


@dataclass(frozen=True)
class Choice:
    """What one may say of a lead: a decision, the code of its reason in the agreement, and both in words."""

    decision: Decision
    reason: str | None
    label: str

    @property
    def key(self) -> str:
        return _key(self.decision, self.reason)


def _key(decision: Decision, reason: str | None) -> str:
    return f"{decision}:{reason or ''}"


def key_of(verdict: Verdict) -> str:
    """The key of the choice that a verdict is."""
    return _key(verdict.decision, verdict.reason)


def becomes(verdict: Verdict, key: str, words: str) -> Verdict:
    """A verdict on the same lead with what the key of a choice says, and other words."""
    decision, _, reason = key.partition(":")
    return replace(verdict, decision=cast(Decision, decision), reason=reason or None, words=words)


@dataclass(frozen=True)
class Desk:
    """What somebody of sales needs to decide on leads.

    `choices` are by key. `waiting` are the leads that have no verdict, those of the person first asked for: columns as
    in alignment.worklist.Worklist. `entered` are the verdicts that are not yet counted, oldest first, and `frame` the
    same with columns lead, verdict, reason, words, who (unverified), entered_on. `reason` says why no lead is known.
    """

    choices: Mapping[str, Choice]
    waiting: pl.DataFrame
    entered: tuple[Entry[Verdict], ...]
    frame: pl.DataFrame
    reason: str | None = None


def sales_people(session: Session) -> Mapping[str, str]:
    """Names of team sales by person_id in their order, of all colleagues where the data does not tell teams."""
    people = people_of(session)
    chosen = people.sales or people.names
    return {key: people.name(key) for key in sorted(chosen, key=lambda key: (people.name(key), key))}


def desk(ledger: Ledger, session: Session, person: str | None) -> Desk:
    """The leads of a person that wait for a verdict, or everybody's where that person has none. Raises LedgerFailed."""
    own = undecided(session, person)
    found = own if own.every or own.reason else undecided(session)
    entered = uncounted(ledger, session)
    known = pl.DataFrame(
        [(entry.content.contact_id, entry.content.pass_number) for entry in entered],
        schema={"contact_id": pl.String, "pass": found.frame.schema["pass"]}, orient="row",
    )  # fmt: skip
    waiting = found.frame.join(known, on=["contact_id", "pass"], how="anti", maintain_order="left").head(MOST_OFFERED)
    return Desk(_choices(session), waiting, entered, _shown(entered, session), found.reason)


def _choices(session: Session) -> dict[str, Choice]:
    """Each reason of the agreement with its decision; a decision for which it names none stands alone."""
    version, found = in_force(session), [Choice("accepted", None, _SAYS["accepted"])]
    reasons = version.reasons if version else ()
    decisions: tuple[Decision, ...] = ("rejected", "recycled")
    for decision in decisions:
        named = [one for one in reasons if one.verdict == decision]
        found += [Choice(decision, one.code, f"{_SAYS[decision]}: {one.label}") for one in named]
        found += [] if named else [Choice(decision, None, _SAYS[decision])]
    return {choice.key: choice for choice in found}


def _shown(entered: tuple[Entry[Verdict], ...], session: Session) -> pl.DataFrame:
    labels, people = reason_labels(session), people_of(session).names
    rows = [
        (
            masked_key(entry.content.contact_id),
            entry.content.decision,
            labels.get(entry.content.reason or "", entry.content.reason),
            entry.content.words,
            f"{people.get(entry.changed_by, entry.changed_by)} ({entry.verified})",
            entry.changed_at.date(),
        )
        for entry in entered
    ]
    schema = {"lead": pl.String, "verdict": pl.String, "reason": pl.String, "words": pl.String, "who": pl.String,
              "entered_on": pl.Date}  # fmt: skip
    return pl.DataFrame(rows, schema=schema, orient="row")
