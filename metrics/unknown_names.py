"""Names in the agreement and in priorities that the data does not know: people, roles, tags of campaigns. Asks.

What is found is a warning, not an error: the person or the campaign may come with a later delivery.
"""

from __future__ import annotations

from collections.abc import Iterable

from data.company import Company
from data.errors import InvalidFiles, Place, Problem, did_you_mean
from metrics.agreement import Objective
from metrics.opening import OpenCompany
from metrics.run import Session

__all__ = ["unknown_in", "unknown_in_agreement", "unknown_in_priorities"]

# More names than these are no help in a sentence.
MOST_LISTED = 30


def unknown_in(company: Company) -> tuple[Problem, ...]:
    """Every unknown name in a company's files, as its newest data has it; none while a file is broken: check tells."""
    try:
        session = OpenCompany(company).at()
    except InvalidFiles:
        return ()
    return (*unknown_in_agreement(session), *unknown_in_priorities(session))


def unknown_in_agreement(session: Session) -> tuple[Problem, ...]:
    """Who holds an objective and is nobody, and whose role nobody has, in the version in force and those to come."""
    agreement, day = session.definitions.agreement, session.through
    present = agreement.in_force(day) if day is not None else None
    versions = [one for one in agreement.versions if present is None or one.starts >= present.starts]
    found = _nobody(session, "agreement.objectives", (one for version in versions for one in version.objectives))
    roles = _known(session, "people", "role")
    for one in (one for version in versions for one in version.obligations):
        if roles is not None and one.role is not None and one.role not in roles:
            said = f"agreement.obligations.{one.name}: nobody has the role '{one.role}'"
            found.append(_unknown(one.role_at, said, one.role, roles, "Roles"))
    return _each_once(found)


def unknown_in_priorities(session: Session) -> tuple[Problem, ...]:
    """Who answers for a priority and is nobody, and tags that no campaign has."""
    priorities = session.definitions.priorities.values()
    found = _nobody(session, "priorities", (one.objective for one in priorities))
    tags = _known(session, "campaigns", "priority")
    for one in priorities:
        if tags is not None and one.tag not in tags:
            said = f"priorities.{one.name}: no campaign is tagged '{one.tag}'"
            found.append(_unknown(one.tag_at, said, one.tag, tags, "Tags"))
    return _each_once(found)


def _nobody(session: Session, where: str, objectives: Iterable[Objective]) -> list[Problem]:
    people = _known(session, "people", "person_id")
    if people is None:
        return []
    return [
        _unknown(one.held_by_at, f"{where}.{one.name}: 'held_by' is '{one.held_by}', who is nobody in people",
                 str(one.held_by), people, "People")
        for one in objectives
        if one.held_by is not None and one.held_by not in people
    ]  # fmt: skip


def _unknown(place: Place, said: str, word: str, known: set[str], listed: str) -> Problem:
    hint = did_you_mean(word, known, listed)
    return Problem(place, f"{said}. {hint if len(known) <= MOST_LISTED else hint.partition(f'{listed}:')[0]}".rstrip())


def _known(session: Session, table: str, column: str) -> set[str] | None:
    """All values of a column; None where the company has none of it, so that nothing can be said."""
    known = session.definitions.tables.get(table)
    if known is None or column not in known.columns or known.columns[column].absent:
        return None
    # Both names are of this module, not of a question.
    frame = session.read(f'SELECT DISTINCT "{column}" AS "value" FROM "{table}" WHERE "{column}" IS NOT NULL')
    return set(frame["value"].to_list())


def _each_once(found: Iterable[Problem]) -> tuple[Problem, ...]:
    return tuple(sorted(set(found)))
