"""Whether a generation can be trusted: its files, what was set apart or left out, what was checked. Mends nothing.

Everything is asked of a session, so that it is about the very rows whose numbers are shown.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl

from data.company import read_company
from data.errors import Problems
from data.generations import LoadedFile
from data.model_checks import promises
from data.model_files import read_models
from data.refresh import models_fingerprint
from data.stages import read_stages
from metrics.gaps import absent
from metrics.run import Session

__all__ = [
    "Overview",
    "Source",
    "Stale",
    "checks",
    "exclusions",
    "overview",
    "quarantine_rows",
    "quarantined",
    "sources",
    "stale",
    "unmapped",
    "unmatched_campaigns",
]

# A file whose data ends more than so many days before the newest file's is stale.
STALE_AFTER = 7
MOST_ROWS = 2_000


@dataclass(frozen=True)
class Stale:
    """A file that ends `behind` days before the newest one."""

    name: str
    through: dt.date
    behind: int


@dataclass(frozen=True)
class Source:
    """The accounting of one file, and how many days it ends before the newest; None where it has no dates."""

    file: LoadedFile
    behind: int | None

    @property
    def is_stale(self) -> bool:
        return self.behind is not None and self.behind > STALE_AFTER


@dataclass(frozen=True)
class Overview:
    """All files together.

    `share` is of the lines that hold something to load: blank lines and second deliveries are skipped on purpose.
    `newest` is the last day that any file tells of, `age` how many days before `today` that is. `unmapped` counts rows
    that were read and fit no table.
    """

    files: int
    lines: int
    loaded: int
    quarantined: int
    skipped: int
    unmapped: int
    share: float | None
    newest: dt.date | None
    age: int | None
    stale: tuple[Stale, ...]

    @property
    def in_step(self) -> int:
        return self.files - len(self.stale)

    @property
    def apart(self) -> int:
        """Lines and rows that hold something and are not used."""
        return self.quarantined + self.unmapped

    @property
    def is_old(self) -> bool:
        """Nothing new has come for more days than one file may lie behind another."""
        return self.age is not None and self.age > STALE_AFTER


def sources(session: Session) -> tuple[Source, ...]:
    """All files, those that lie furthest behind first, else in the order of sources.yaml."""
    newest = _newest(session)
    found = [
        Source(file, None if newest is None or file.through is None else max(0, (newest - file.through).days))
        for file in session.manifest.files
    ]
    return tuple(sorted(found, key=lambda source: -(source.behind or 0) if source.is_stale else 0))


def stale(session: Session) -> list[Stale]:
    """The files that lie behind the newest, the furthest first."""
    return [
        Stale(source.file.name, source.file.through, source.behind or 0)
        for source in sources(session)
        if source.is_stale and source.file.through is not None
    ]


def overview(session: Session, today: dt.date | None = None) -> Overview:
    """The sums over all files; `today` is a day in the company's zone, by default this one."""
    files = session.manifest.files
    lines, skipped = sum(file.lines for file in files), sum(file.skipped for file in files)
    loaded, newest = sum(file.loaded for file in files), _newest(session)
    now = today or dt.datetime.now(ZoneInfo(session.company.time_zone)).date()
    return Overview(
        files=len(files),
        lines=lines,
        loaded=loaded,
        quarantined=sum(file.quarantined for file in files),
        skipped=skipped,
        unmapped=sum(session.manifest.unmapped.values()),
        share=loaded / (lines - skipped) if lines > skipped else None,
        newest=newest,
        age=None if newest is None else max(0, (now - newest).days),
        stale=tuple(stale(session)),
    )


def _newest(session: Session) -> dt.date | None:
    return max((file.through for file in session.manifest.files if file.through is not None), default=None)


# -- what was left out -----------------------------------------------------------------------------------------------

# A reason names the masked value, and a line that a broken quote swallowed names where it starts: without them, equal
# faults are equal.
_FAULT = """
    CASE
        WHEN "value" IS NOT NULL AND starts_with("reason", '''' || "value" || '''')
            THEN 'a value' || substr("reason", length("value") + 3)
        ELSE regexp_replace("reason", ' that starts at line [0-9]+$', '')
    END
"""


def quarantined(session: Session) -> pl.DataFrame:
    """Lines set apart, by file, column and fault: file, column, fault, lines, first_line; most frequent first."""
    return session.read(
        f"""
        SELECT "file", "column_name" AS "column", {_FAULT} AS "fault", count(*) AS "lines", min("line") AS "first_line"
        FROM "quarantine" GROUP BY ALL ORDER BY "lines" DESC, "file", "column" NULLS FIRST, "fault"
        """
    )


def quarantine_rows(session: Session) -> pl.DataFrame:
    """The first lines that were set apart: file, line, column, reason, value (masked)."""
    return session.read(
        f"""
        SELECT "file", "line", "column_name" AS "column", "reason", "value" FROM "quarantine"
        ORDER BY "file", "line", "column" LIMIT {MOST_ROWS}
        """
    )


def unmapped(session: Session) -> pl.DataFrame:
    """Rows that were read but fit their table not: table, rows. They stand in the quarantine, each with its reason."""
    return _frame(session.manifest.unmapped.items(), {"table": pl.String, "rows": pl.Int64}).sort(
        "rows", "table", descending=[True, False]
    )


def exclusions(session: Session) -> pl.DataFrame:
    """What sources.yaml leaves out on purpose: table, why, rows; in the order in which it is written."""
    return _frame(session.manifest.exclusions, {"table": pl.String, "why": pl.String, "rows": pl.Int64})


def unmatched_campaigns(session: Session) -> tuple[pl.DataFrame, str | None]:
    """Campaign strings that no campaign is known by: string, rows; or the reason why nothing can be matched."""
    frame = _frame(session.manifest.unmatched_campaigns, {"string": pl.String, "rows": pl.Int64})
    given = [absent(session, "touches.campaign_id"), absent(session, "spend.campaign_id")]
    nowhere = given[0] if all(given) else None
    return frame, nowhere or absent(session, "campaigns.campaign_id")


def _frame(rows: Iterable[tuple[object, ...]], schema: Mapping[str, type[pl.DataType]]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=dict(schema), orient="row")


# -- what was checked ------------------------------------------------------------------------------------------------


def checks(session: Session) -> pl.DataFrame | None:
    """The checks that the joined model had passed when it was sealed: check, written_in.

    A broken check seals nothing, so every check of a generation held. None where model files or stages.yaml have
    changed since: what they say now is not what was checked.
    """
    company, made = session.company, session.manifest.fingerprints
    stages = read_stages(company, Problems())
    if (models_fingerprint(company), stages.fingerprint) != (made["models"], made["stages"]):
        return None
    files = frozenset(file.name for file in session.manifest.files)
    promised = _promised(company.folder, files, made["models"], made["stages"])
    return _frame(promised, {"check": pl.String, "written_in": pl.String})


@functools.lru_cache(maxsize=16)
def _promised(folder: Path, files: frozenset[str], _models: str, _stages: str) -> tuple[tuple[str, str], ...]:
    """What all models promise, with its place: read once for each text of the models and of stages.yaml."""
    problems = Problems()
    models = read_models(folder, read_stages(read_company(folder), problems), files, problems)
    return tuple((says, str(place)) for model in models.values() for place, says in promises(model))
