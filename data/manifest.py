"""What a generation says of itself: files, tables, stages, how far it reaches, what was sealed. Reads no folder."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from data.description import TableDescription, description_from, description_to
from data.wholeness import SealedFile

__all__ = ["LoadedFile", "Manifest", "RuleFact", "StageFact"]


@dataclass(frozen=True)
class LoadedFile:
    """The accounting of one declared file: lines = loaded + quarantined + skipped."""

    name: str
    path: str
    lines: int
    loaded: int
    quarantined: int
    skipped: int
    through: dt.date | None


@dataclass(frozen=True)
class StageFact:
    """What questions need to know of a declared stage."""

    name: str
    label: str
    band: str
    owner: str
    means: str
    recorded_from: dt.date | None


@dataclass(frozen=True)
class RuleFact:
    """One version of the rule by which a stage is known.

    `text` is as it was written, `sql` with its scores put in; `agreed` has the day on which a team agreed. `is_today`
    tells the version that was applied to all of history.
    """

    stage: str
    rule: str
    starts: dt.date
    text: str
    sql: str
    fingerprint: str
    is_today: bool
    label: str = ""
    description: str = ""
    agreed: Mapping[str, dt.date] = field(default_factory=dict)


@dataclass(frozen=True)
class Manifest:
    """What a generation holds, where it came from and how far it reaches.

    `through` is the last day that all files of the stages cover, or None where no file says. `unmapped` counts rows
    per table that were read but quarantined while mapping; `exclusions` are (table, why, rows). `sealed` is what its
    files were when they were sealed. `scores` are the texts of scores, `facts` the types of facts with a history.
    """

    generation: str
    made_at: dt.datetime
    through: dt.date | None
    files: tuple[LoadedFile, ...]
    tables: Mapping[str, TableDescription]
    stages: tuple[StageFact, ...]
    fingerprints: Mapping[str, str]
    unmapped: Mapping[str, int]
    exclusions: tuple[tuple[str, str, int], ...]
    unmatched_campaigns: tuple[tuple[str, int], ...]
    sealed: Mapping[str, SealedFile] = field(default_factory=dict)
    rules: tuple[RuleFact, ...] = ()
    scores: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)

    def describe(self) -> Mapping[str, TableDescription]:
        """All tables that a question may use, with the columns that have no answer and why."""
        return self.tables

    def to_json(self) -> str:
        tables = {name: description_to(table) for name, table in self.tables.items()}
        content = asdict(self) | {"tables": tables}
        return json.dumps(content, indent=1, default=lambda value: value.isoformat())

    @classmethod
    def from_json(cls, text: str) -> Manifest:
        content = json.loads(text)
        return cls(
            generation=content["generation"],
            made_at=dt.datetime.fromisoformat(content["made_at"]),
            through=_day(content["through"]),
            files=tuple(LoadedFile(**file | {"through": _day(file["through"])}) for file in content["files"]),
            tables={name: description_from(table) for name, table in content["tables"].items()},
            stages=tuple(
                StageFact(**stage | {"recorded_from": _day(stage["recorded_from"])}) for stage in content["stages"]
            ),
            fingerprints=content["fingerprints"],
            unmapped=content["unmapped"],
            exclusions=tuple((table, why, rows) for table, why, rows in content["exclusions"]),
            unmatched_campaigns=tuple((text, count) for text, count in content["unmatched_campaigns"]),
            sealed={name: SealedFile(**file) for name, file in content["sealed"].items()},
            rules=tuple(_rule(rule) for rule in content["rules"]),
            scores=content["scores"],
            facts=content["facts"],
        )


def _rule(content: dict[str, Any]) -> RuleFact:
    agreed = {team: dt.date.fromisoformat(day) for team, day in content["agreed"].items()}
    return RuleFact(**content | {"starts": dt.date.fromisoformat(content["starts"]), "agreed": agreed})


def _day(text: str | None) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None
