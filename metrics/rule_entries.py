"""The rules of stages as entries of the list of definitions, with their scores and versions. Judges nothing."""

from __future__ import annotations

from collections.abc import Iterator

import sqlglot
from sqlglot import exp

from data.errors import Place
from data.generations import RuleFact
from data.stages import Stages
from metrics.entry import Details, Entry
from metrics.rule_versions import stages_read
from metrics.rule_words import in_words
from metrics.run import Session

__all__ = ["rule_details", "rule_entries"]


def rule_entries(session: Session, written: Stages | None) -> Iterator[Entry]:
    """An entry per rule, said by the version that counts today; `written` gives its place where unchanged."""
    for rule in _today(session):
        stage = session.reach.stages[rule.stage]
        yield Entry(
            section="rules",
            name=rule.rule,
            label=f"Rule: {stage.label}",
            sentence=f"Entered at the first moment with {in_words(rule.text)}.",
            place=_place(rule, written),
            owner=stage.owner,
            band=stage.band,
            formula=rule.text,
        )


def rule_details(session: Session, entry: Entry) -> Details:
    """The versions of a rule, the scores of today's, its SQL, and the metrics that read its stage."""
    rule = next(rule for rule in _today(session) if rule.rule == entry.name)
    metrics = session.definitions.metrics.values()
    return Details(
        used_by=tuple(one.label for one in metrics if rule.stage in stages_read(session.reach, one.name)),
        sql=sqlglot.parse_one(rule.sql, dialect="duckdb").sql(dialect="duckdb", pretty=True),
        sql_of=f"{entry.label}, with its scores put in",
        origin="Agreed by this company, as all rules are",
        fingerprint=rule.fingerprint,
        versions=tuple(one for one in session.manifest.rules if (one.stage, one.rule) == (rule.stage, rule.rule)),
        scores=_scores(session, rule.text),
    )


def _today(session: Session) -> list[RuleFact]:
    """One version per rule, though several stages may be known by it."""
    return list({rule.rule: rule for rule in session.manifest.rules if rule.is_today}.values())


def _place(rule: RuleFact, written: Stages | None) -> Place:
    versions = written.book.rules.get(rule.rule, ()) if written else ()
    return next((one.place for one in versions if one.starts == rule.starts), Place("stages.yaml"))


def _scores(session: Session, text: str) -> tuple[tuple[str, str], ...]:
    """The scores that a rule uses, and those that they use, in the order in which they are written."""
    known, used = session.manifest.scores, {""}
    names = _columns(text)
    while not names <= used:
        used |= names
        names = {name for score in used & known.keys() for name in _columns(known[score])}
    return tuple((name, written) for name, written in known.items() if name in used)


def _columns(text: str) -> set[str]:
    return {column.name for column in sqlglot.parse_one(text, dialect="duckdb").find_all(exp.Column)}
