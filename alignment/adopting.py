"""Adopt a proposal that both teams have signed: its version into the company's file, once. Refreshes nothing."""

from __future__ import annotations

import codecs
import datetime as dt
import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from alignment.ledger import Adoption, Entry, Ledger, Proposal
from alignment.proposals import Tabled, proposal
from alignment.proposed_versions import AGREEMENT, Listed, fingerprints, proposed, versions_in
from data.company import Company
from data.errors import InvalidEntry
from data.yaml_files import shown
from data.yaml_writing import in_flow, replace_file, root_of, with_item, with_key
from metrics import Session

__all__ = ["Adopted", "adopt", "by_hand", "is_writable", "signed_text"]

BOM = codecs.BOM_UTF8


@dataclass(frozen=True)
class Adopted:
    """What was written where; `was_there` says that the file held the version already and only the record was made."""

    entry: Entry[Adoption]
    file: Path
    text: str
    is_rule: bool
    was_there: bool = False


def is_writable(company: Company, subject: str, names: str) -> bool:
    """Whether this process may write the file in which the versions stand, and beside it."""
    file = versions_in(company, subject, names).file.resolve()
    return os.access(file, os.W_OK) and os.access(file.parent, os.W_OK)


def signed_text(found: Tabled, company: Company) -> str:
    """The version as it is written: with the day on which each team signed, of the agreement also by whom."""
    days: dict[str, object] = {}
    for team, one in sorted(found.signed.items()):
        day = one.added_at.astimezone(ZoneInfo(company.time_zone)).date()
        days[team] = {"on": day, "person": one.added_by} if found.entry.content.subject == AGREEMENT else day
    return with_key(found.entry.content.text, "from", "agreed", in_flow(days))


def adopt(ledger: Ledger, session: Session, entry_id: int, *, by: str) -> Adopted:
    """Write a signed proposal into the company's file and record it; of two at once, one is told that it was done.

    InvalidEntry says whose signature is lacking, or that the file no longer is what was signed; where it cannot
    be written, what to do and the text to paste.
    """
    with _alone(session.company):
        found = proposal(ledger, entry_id)
        _may_be_adopted(found)
        content, text = found.entry.content, signed_text(found, session.company)
        listed = versions_in(session.company, content.subject, content.names)
        if _stands_in(listed, content):
            version = fingerprints(session, session.company, content.subject, content.names)[_day(content)]
            made = _written(ledger, found, version, by)
            return Adopted(made, listed.file, text, content.subject == "rule", was_there=True)
        now = proposed(session, content.subject, content.names, content.text)
        if (now.follows, now.fingerprint) != (content.replaces, content.fingerprint):
            raise InvalidEntry(
                f"Proposal {entry_id} no longer fits: {now.listed.file.name} says something else by now than when it"
                " was proposed. Look at it again and change the proposal; both teams sign what it then says."
            )
        whole, _ = with_item(now.listed.text, now.listed.path, now.index, text)
        made = _written(ledger, found, now.version, by, lambda: _write(now.listed, whole, found, text))
        return Adopted(made, now.listed.file, text, content.subject == "rule")


def _written(
    ledger: Ledger, found: Tabled, version: str, by: str, write: Callable[[], None] = lambda: None
) -> Entry[Adoption]:
    """The record, kept only where the file was written; before that the ledger says whether somebody was faster."""
    with ledger.together() as writing:
        writing.hold(found.entry.id, found.entry.version)
        # While it is held nobody signs it, nor takes a signature back.
        _may_be_adopted(proposal(ledger, found.entry.id))
        made = writing.add(Adoption(found.entry.id, version, found.entry.content.file), by=by)
        write()
        return made


def _write(listed: Listed, whole: str, found: Tabled, text: str) -> None:
    mark = BOM if listed.raw.startswith(BOM) else b""
    try:
        replace_file(listed.file, listed.raw, mark + whole.encode())
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise InvalidEntry(
            f"{shown(listed.file)} cannot be written ({why}); nothing was changed. {by_hand(found, text)}"
        ) from error


def _may_be_adopted(found: Tabled) -> None:
    entry = found.entry
    if found.adoption is not None:
        who, when = found.adoption.added_by, f"{found.adoption.added_at:%Y-%m-%d %H:%M} UTC"
        raise InvalidEntry(f"Proposal {entry.id} was adopted by {who} at {when}; it stands in {entry.content.file}.")
    if entry.is_withdrawn:
        raise InvalidEntry(f"Proposal {entry.id} is withdrawn. Propose it anew.")
    if found.lacks:
        teams = " and ".join(found.lacks)
        voided = " Signatures on an earlier text do not count." if found.void else ""
        raise InvalidEntry(
            f"Proposal {entry.id} is not signed by {teams}.{voided}"
            f" Somebody of {teams} signs it: python tandem.py sign {entry.id} --as PERSON"
        )


def _stands_in(listed: Listed, content: Proposal) -> bool:
    """Whether exactly this version stands there: somebody pasted it, or the power failed before it was recorded."""
    wanted = root_of(content.text).plain()
    for node in listed.versions:
        plain = node.plain()
        if isinstance(plain, dict) and {key: value for key, value in plain.items() if key != "agreed"} == wanted:
            return True
    return False


def _day(content: Proposal) -> dt.date:
    assert content.starts_on is not None
    return content.starts_on


def by_hand(found: Tabled, text: str) -> str:
    """What to do where Tandem may not write."""
    content = found.entry.content
    where = "agreement" if content.subject == AGREEMENT else f"rules.{content.names}"
    return (
        f"Run python tandem.py adopt {found.entry.id} where the folder is writable, or put this version under {where},"
        f" in the order of days:\n{text}"
    )


@contextmanager
def _alone(company: Company) -> Iterator[None]:
    """One adoption at a time, whatever keeps the ledger: two proposals may be about one file."""
    company.state.mkdir(parents=True, exist_ok=True)
    with (company.state / "adopting.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
