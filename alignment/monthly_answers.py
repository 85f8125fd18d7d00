"""What each team answers about the other once a month: fixed questions, kept by name. Judges nobody."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal, cast

import polars as pl

from alignment.ledger import Answer, Entry, Key, Ledger

__all__ = ["QUESTIONS", "Answers", "answers_of", "give", "given_by", "share_of", "take_back"]

# By team: what its people are asked about the other, by a name that stays when the words are mended.
QUESTIONS: Mapping[str, Mapping[str, str]] = {
    "marketing": {
        "taken_up": "Sales takes up the leads that we hand over.",
        "told_why": "Sales tells us why it rejects a lead.",
        "same_numbers": "We speak about the same numbers.",
    },
    "sales": {
        "fitting_leads": "The leads that we are given are those we agreed on.",
        "content": "We have the content that buyers ask for.",
        "same_numbers": "We speak about the same numbers.",
    },
}
_SCHEMA = {"month": pl.String, "team": pl.String, "question": pl.String, "mean": pl.Float64, "people": pl.Int64}


@dataclass(frozen=True)
class Answers:
    """What stands: every answer, and a row per month, team and question with the mean (1 to 5) and how many answered.

    The latest month comes first.
    """

    entries: tuple[Entry[Answer], ...]
    frame: pl.DataFrame


def answers_of(ledger: Ledger) -> Answers:
    """All answers in the ledger. Raises LedgerFailed."""
    entries = ledger.entries(Answer)
    groups: dict[tuple[str, str, str], list[int]] = {}
    for entry in entries:
        key = (entry.content.month, entry.content.team, entry.content.question)
        groups.setdefault(key, []).append(entry.content.score)
    rows = [
        (month, team, QUESTIONS.get(team, {}).get(question, question), sum(scores) / len(scores), len(scores))
        for (month, team, question), scores in groups.items()
    ]
    frame = pl.DataFrame(rows, schema=_SCHEMA, orient="row")
    return Answers(entries, frame.sort("month", "team", "question", descending=[True, False, False]))


def share_of(answers: Iterable[Answer], month: str) -> dict[str, float]:
    """By team, how well it finds the other in a month: the mean answer, 1 as 0 and 5 as 1. Only teams that answered."""
    scores: dict[str, list[int]] = {}
    for one in answers:
        if one.month == month:
            scores.setdefault(one.team, []).append(one.score)
    return {team: (sum(given) / len(given) - 1) / 4 for team, given in sorted(scores.items())}


def given_by(ledger: Ledger, month: str, team: str, person: str) -> dict[str, Entry[Answer]]:
    """What a person has answered for a month, by the question's name. Raises LedgerFailed."""
    return {
        entry.content.question: entry
        for entry in ledger.entries(Answer, Key("month", month))
        if (entry.content.team, entry.added_by) == (team, person)
    }


def take_back(ledger: Ledger, month: str, team: str, *, by: str) -> None:
    """Withdraw all answers of a person for a month, all or none. Raises ChangedMeanwhile, LedgerFailed."""
    own = given_by(ledger, month, team, by)
    with ledger.together() as writing:
        for entry in own.values():
            writing.withdraw(entry.id, entry.version, by=by)


def give(ledger: Ledger, month: str, team: str, scores: Mapping[str, int], *, by: str) -> None:
    """Keep the answers of a person for a month, all or none; those given before are replaced and stay in the history.

    Raises InvalidEntry, ChangedMeanwhile, LedgerFailed.
    """
    own = given_by(ledger, month, team, by)
    with ledger.together() as writing:
        for question, score in scores.items():
            given = cast(Literal[1, 2, 3, 4, 5], score)
            before = own.get(question)
            if before is None:
                writing.add(Answer(month, cast(Literal["marketing", "sales"], team), question, given), by=by)
            elif before.content.score != score:
                writing.change(before.id, before.version, replace(before.content, score=given), by=by)
