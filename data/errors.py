"""The one tree of errors, and the nearest right spelling. Knows nothing of files or data.

TandemError                 what a user can cause; its text says what to do
├── InvalidFiles            company, sources, stages or definition files that do not say something allowed
├── InvalidQuestion         a question about something that is not defined, or not reachable
├── RefusedSources          raw files that cannot be trusted; the last good generation stays in place
├── FailedChecks            the joined model broke a promise written on one of its columns
├── RefreshRunning          another process is refreshing the same company
├── NoGeneration            nothing has been refreshed yet, or nothing that was is whole any more
├── InvalidEntry            what was typed is nothing that the ledger keeps, or an entry that is not there
├── ChangedMeanwhile        somebody else wrote the entry since it was read; nothing was overwritten
├── LedgerFailed            the ledger cannot be opened, read or written
├── NotSealed               a month that cannot be sealed yet, or a snapshot that is not there or not whole
├── NotExported             a report that could not be written where it was to go
├── DiskFailed              a file could not be written or read: the disk is full, or access is not allowed
└── EngineFailed            the database gave up: time, memory, or a generation that is gone
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field

__all__ = [
    "ChangedMeanwhile",
    "DiskFailed",
    "EngineFailed",
    "FailedChecks",
    "InvalidEntry",
    "InvalidFiles",
    "InvalidQuestion",
    "LedgerFailed",
    "NoGeneration",
    "NotExported",
    "NotSealed",
    "Place",
    "Problem",
    "Problems",
    "RefreshRunning",
    "RefusedSources",
    "TandemError",
    "did_you_mean",
]


class TandemError(Exception):
    """Something a user can cause and mend. The text is a whole sentence."""


class InvalidQuestion(TandemError):
    """A question that names something unknown, or asks for what its tables cannot give."""


class InvalidEntry(TandemError):
    """Something typed that the ledger cannot keep, or an entry that it does not have."""


class ChangedMeanwhile(TandemError):
    """An entry is not what its writer had read. `mine` is what was to be written, `theirs` what stands there by `by`.

    `entry_id` and `version` are those to read again. Both texts are in the sentence, so that nothing is lost.
    """

    def __init__(self, entry_id: int, version: int, mine: str, theirs: str, by: str, at: str) -> None:
        self.entry_id, self.version, self.mine, self.theirs, self.by, self.at = entry_id, version, mine, theirs, by, at
        super().__init__(
            f"Entry {entry_id} was written by {by} at {at}, after it was read; nothing was overwritten. "
            f"There: {theirs}. Yours: {mine}. Read it again, and write what is still missing."
        )


class LedgerFailed(TandemError):
    """The ledger cannot be opened, read or written; nothing of the change that failed was kept."""


class RefreshRunning(TandemError):
    """Another process holds the refresh lock of this company."""


class NoGeneration(TandemError):
    """The company has no sealed generation to read."""


class NotSealed(TandemError):
    """A month that cannot be sealed yet, or a snapshot that is not there, or not what was sealed."""


class NotExported(TandemError):
    """A report that could not be written where it was to go."""


class DiskFailed(TandemError):
    """A disk is full, or does not let Tandem write. `place` is where, `why` what the system said."""

    def __init__(self, place: object, why: str) -> None:
        what_to_do = "Free space there, or see to it that Tandem may write, and refresh again"
        super().__init__(f"{place}: {why}. {what_to_do}; until then the last good data stays.")


class EngineFailed(TandemError):
    """The database could not answer within its limits."""


@dataclass(frozen=True, order=True)
class Place:
    """Where something is written: a file as a person would open it, line and column from 1."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that is wrong, and where."""

    place: Place
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"


class _WithProblems(TandemError):
    """An error that carries every problem found in one pass, in the order of the files."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(map(str, self.problems)))


class InvalidFiles(_WithProblems):
    """Files that people write (YAML, SQL models) hold something that is not allowed."""


class RefusedSources(_WithProblems):
    """Raw files that are empty, damaged or not what sources.yaml says they are."""


class FailedChecks(_WithProblems):
    """Rows of the joined model broke a check written on a column."""


@dataclass
class Problems:
    """Collects problems, so that one pass reports all of them."""

    found: list[Problem] = field(default_factory=list)

    def add(self, place: Place, message: str) -> None:
        self.found.append(Problem(place, message))

    def raise_if_any(self, error: type[_WithProblems] = InvalidFiles) -> None:
        if self.found:
            raise error(self.found)


def did_you_mean(word: str, known: Iterable[str], listed: str = "Known") -> str:
    """Two short sentences: the nearest right spelling, where there is one, and what is allowed."""
    names = sorted(set(known))
    folded = {name.casefold(): name for name in reversed(names)}
    near = difflib.get_close_matches(word.casefold(), list(folded), n=3, cutoff=0.6)
    guess = f"Did you mean '{folded[max(near, key=lambda name: _nearness(name, word.casefold()))]}'? " if near else ""
    return f"{guess}{listed}: {', '.join(names) if names else 'none'}."


def _nearness(name: str, word: str) -> tuple[float, bool]:
    """How alike two words are. Of two equally near, letters are swapped: lable is label, not table."""
    return difflib.SequenceMatcher(None, name, word).ratio(), sorted(name) == sorted(word)
