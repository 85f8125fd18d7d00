"""Proposals: made, changed, commented, signed by one person of each team, withdrawn. Writes to the ledger alone.

What has become of a proposal is derived from what stands about it. A signature is on a fingerprint of the text, so
that a text which is changed has none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from alignment.colleagues import people_of
from alignment.ledger import Adoption, Comment, Entry, Key, Ledger, Proposal, Signature
from alignment.proposed_versions import Proposed, proposed
from data.errors import InvalidEntry, did_you_mean
from data.yaml_files import shown
from metrics import Session
from metrics.agreement import TEAMS

__all__ = [
    "Colleague",
    "Tabled",
    "change",
    "colleagues",
    "comment",
    "proposal",
    "proposals",
    "propose",
    "sign",
    "take_back",
    "withdraw",
]


@dataclass(frozen=True)
class Colleague:
    person_id: str
    name: str
    team: str | None


@dataclass(frozen=True)
class Tabled:
    """A proposal with what stands about it. `signed` is per team on the text as it is, `void` on earlier ones."""

    entry: Entry[Proposal]
    signed: Mapping[str, Entry[Signature]]
    void: tuple[Entry[Signature], ...]
    comments: tuple[Entry[Comment], ...]
    adoption: Entry[Adoption] | None

    @property
    def lacks(self) -> tuple[str, ...]:
        """The teams that have not signed this text."""
        return tuple(team for team in TEAMS if team not in self.signed)

    @property
    def state(self) -> str:
        """withdrawn, adopted, signed (by both teams), or open."""
        if self.adoption is not None:
            return "adopted"
        if self.entry.is_withdrawn:
            return "withdrawn"
        return "open" if self.lacks else "signed"


def colleagues(session: Session) -> dict[str, Colleague]:
    """Everybody of `people`, by key."""
    people = people_of(session)
    return {key: Colleague(key, name, people.teams[key]) for key, name in people.names.items()}


def proposals(ledger: Ledger, subject: str | None = None, *, withdrawn: bool = False) -> tuple[Tabled, ...]:
    """All proposals, the latest first; of one subject (rule, agreement) where given."""
    entries = ledger.entries(Proposal, withdrawn=withdrawn)
    return tuple(_tabled(ledger, entry) for entry in reversed(entries) if subject in (None, entry.content.subject))


def proposal(ledger: Ledger, entry_id: int) -> Tabled:
    """One proposal by the id of its entry. Raises InvalidEntry."""
    entry = ledger.entry(entry_id)
    if not isinstance(entry.content, Proposal):
        raise InvalidEntry(f"Entry {entry_id} is a {entry.kind.replace('_', ' ')}, not a proposal.")
    return _tabled(ledger, entry)  # type: ignore[arg-type]  # its content was looked at just above


def _tabled(ledger: Ledger, entry: Entry[Proposal]) -> Tabled:
    about = Key("entry", str(entry.id))
    signatures = ledger.entries(Signature, about)
    valid = [one for one in signatures if one.content.fingerprint == entry.content.fingerprint]
    adopted = ledger.entries(Adoption, about)
    return Tabled(
        entry,
        {one.content.team: one for one in valid},
        tuple(one for one in signatures if one not in valid),
        ledger.entries(Comment, about),
        adopted[0] if adopted else None,
    )


def propose(
    ledger: Ledger, session: Session, subject: str, names: str, text: str, *, by: str, why: str = ""
) -> Entry[Proposal]:
    """A new proposal by a person of marketing or sales. InvalidFiles, InvalidEntry where it could not be adopted."""
    _team(session, by)
    found = proposed(session, subject, names, text)
    return ledger.add(_content(found, subject, names, why), by=by)


def change(
    ledger: Ledger, session: Session, read: Entry[Proposal], text: str, *, by: str, why: str | None = None
) -> Entry[Proposal]:
    """Another text for a proposal as it was read; signatures on the former one no longer count. ChangedMeanwhile."""
    _team(session, by)
    before = read.content
    found = proposed(session, before.subject, before.names, text)
    content = _content(found, before.subject, before.names, before.why if why is None else why)
    with ledger.together() as writing:
        changed = writing.change(read.id, read.version, content, by=by)
        # Looked at while the proposal is held, so that nobody adopts it in between.
        _still_open(ledger, read.id)
        return changed


def sign(ledger: Ledger, session: Session, read: Entry[Proposal], *, by: str) -> Entry[Signature]:
    """A person's consent to a proposal as it was read, for the person's own team.

    InvalidEntry where the person is of neither team or the team has signed, ChangedMeanwhile where the text is another.
    """
    team = _team(session, by)
    with ledger.together() as writing:
        writing.hold(read.id, read.version)
        found = _still_open(ledger, read.id)
        if team in found.signed:
            whose = _name(session, found.signed[team].added_by)
            raise InvalidEntry(f"{team.capitalize()} has signed proposal {read.id} already, by {whose}.")
        signature = Signature(Key("entry", str(read.id)), team, read.content.fingerprint)  # type: ignore[arg-type]  # one of TEAMS
        return writing.add(signature, by=by)


def comment(ledger: Ledger, session: Session, entry_id: int, text: str, *, by: str) -> Entry[Comment]:
    """Words on a proposal by anybody of `people`. Raises InvalidEntry."""
    _colleague(session, by)
    proposal(ledger, entry_id)
    return ledger.add(Comment(Key("entry", str(entry_id)), text.strip()), by=by)


def withdraw(ledger: Ledger, session: Session, read: Entry[Proposal], *, by: str) -> None:
    """Take a proposal back, by who made it. InvalidEntry, ChangedMeanwhile."""
    _team(session, by)
    if by != read.added_by:
        whose = _name(session, read.added_by)
        raise InvalidEntry(f"Proposal {read.id} was made by {whose}, who alone can withdraw it. Comment on it instead.")
    with ledger.together() as writing:
        writing.withdraw(read.id, read.version, by=by)
        if proposal(ledger, read.id).adoption is not None:
            raise InvalidEntry(_ADOPTED.format(read.id))


def take_back(ledger: Ledger, session: Session, read: Entry[Proposal], *, by: str) -> None:
    """Withdraw one's own signature from a proposal as it was read, before it is adopted. InvalidEntry."""
    team = _team(session, by)
    with ledger.together() as writing:
        writing.hold(read.id, read.version)
        own = _still_open(ledger, read.id).signed.get(team)
        if own is None or own.added_by != by:
            raise InvalidEntry(f"{_name(session, by)} has not signed proposal {read.id} as it is.")
        writing.withdraw(own.id, own.version, by=by)


_ADOPTED = "Proposal {} is adopted: it stands in the file. Propose a new version instead."


def _still_open(ledger: Ledger, entry_id: int) -> Tabled:
    found = proposal(ledger, entry_id)
    if found.adoption is not None:
        raise InvalidEntry(_ADOPTED.format(entry_id))
    if found.entry.is_withdrawn:
        raise InvalidEntry(f"Proposal {entry_id} is withdrawn. Propose it anew.")
    return found


def _content(found: Proposed, subject: str, names: str, why: str) -> Proposal:
    return Proposal(
        subject,  # type: ignore[arg-type]  # it was read as one of the two
        names, found.text, found.fingerprint, shown(found.listed.file), why.strip(), found.starts, found.follows,
    )  # fmt: skip


def _colleague(session: Session, person: str) -> Colleague:
    if not person.strip():
        raise InvalidEntry("Nobody is named as the one who writes. Choose a name.")
    known = colleagues(session)
    if person not in known:
        raise InvalidEntry(f"'{person}' is nobody of people. {did_you_mean(person, known, 'Keys')}")
    return known[person]


def _team(session: Session, person: str) -> str:
    """The team for which a person may speak. Raises InvalidEntry."""
    found = _colleague(session, person)
    if found.team not in TEAMS:
        what = f"team '{found.team}'" if found.team else "no team"
        raise InvalidEntry(
            f"{found.name} is of {what} in people; proposals are made and signed by marketing and sales."
            " Comments are open to everybody."
        )
    return found.team


def _name(session: Session, person: str) -> str:
    found = colleagues(session).get(person)
    return found.name if found else person
