"""What the list of definitions shows of a word, and what it shows of one that is opened. Looks nothing up."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from data.errors import Place
from data.generations import RuleFact

__all__ = ["Details", "Entry"]


@dataclass(frozen=True)
class Entry:
    """One word. `formula` is how it comes about, in one line; `missing` says why this company has no answer to it."""

    section: str
    name: str
    label: str
    sentence: str
    place: Place
    owner: str | None = None
    band: str | None = None
    formula: str = ""
    missing: str | None = None


@dataclass(frozen=True)
class Details:
    """The rest of an entry; what does not apply to its section is empty.

    `limits` are reasons why a part of it has no answer here. `changed_on` is the day on which the file that it stands
    in was last changed, in the company's zone: nobody records the day of a single entry. `origin` says whose it is,
    `full_name` is the name by which `find` finds it. Of a rule `versions` are all it has said, oldest first, and
    `scores` those that today's version uses, with their texts.
    """

    used_by: tuple[str, ...] = ()
    splits: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()
    recorded_from: dt.date | None = None
    sql: str = ""
    sql_of: str = ""
    origin: str = ""
    fingerprint: str = ""
    changed_on: dt.date | None = None
    full_name: str = ""
    versions: tuple[RuleFact, ...] = ()
    scores: tuple[tuple[str, str], ...] = ()
