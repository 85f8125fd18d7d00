"""What the ledger gives back: an entry as it stands, and one change of its history. Plain values."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from alignment.ledger.kinds import Content

__all__ = ["Change", "Entry", "verified_word"]

C = TypeVar("C", bound=Content, covariant=True)


@dataclass(frozen=True)
class Entry(Generic[C]):
    """What stands in the ledger. `added_*` is of its first version, `changed_*` of this one; instants are UTC.

    `is_verified` says whether the writer had signed in; a name that was chosen from a list is not verified.
    """

    id: int
    content: C
    version: int
    added_by: str
    added_at: dt.datetime
    changed_by: str
    changed_at: dt.datetime
    is_verified: bool
    is_withdrawn: bool

    @property
    def kind(self) -> str:
        return self.content.name

    @property
    def verified(self) -> str:
        return verified_word(self.is_verified)


@dataclass(frozen=True)
class Change:
    """One change of an entry: by whom, when (UTC), and its content before and after, as JSON.

    `before` is None where the entry was added, `after` where it was withdrawn.
    """

    entry_id: int
    version: int
    by: str
    at: dt.datetime
    is_verified: bool
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


def verified_word(is_verified: bool) -> str:
    return "verified" if is_verified else "unverified"
