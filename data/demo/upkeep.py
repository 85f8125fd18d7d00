"""When the demo's rows are made: before its first refresh, and again once they are old. Draws none itself."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from data.company import PROJECT, Company
from data.demo.write import generate

__all__ = ["CONTACTS", "FEWEST", "FOLDER", "SEED", "is_due", "make"]

FOLDER = PROJECT / "examples" / "demo"
CONTACTS, SEED = 40_000, 7
# Under so many contacts the stories drown in chance.
FEWEST = 500
OLDEST = dt.timedelta(days=7)


@dataclass(frozen=True)
class _Made:
    """How the rows that are there were made; `on_request` ones are never made again unasked."""

    contacts: int
    until: str
    seed: int
    on_request: bool


def is_due(company: Company, today: dt.date) -> bool:
    """Whether this is the demo, and its rows are missing or end more than a week ago."""
    if company.folder.resolve() != FOLDER:
        return False
    made = _made(company)
    return made is None or (not made.on_request and dt.date.fromisoformat(made.until) < today - OLDEST)


def make(
    company: Company,
    contacts: int,
    until: dt.date,
    seed: int,
    progress: Callable[[str, float], None],
    *,
    on_request: bool,
) -> None:
    """Put the demo's rows where its sources.yaml finds them, in the place of those that are there."""
    company.state.mkdir(parents=True, exist_ok=True)
    generate(company.state / "raw", contacts, until, seed, progress)
    made = _Made(contacts, until.isoformat(), seed, on_request)
    _note(company).write_text(json.dumps(asdict(made)), encoding="utf-8")


def _note(company: Company) -> Path:
    return company.state / "raw" / "made.json"


def _made(company: Company) -> _Made | None:
    try:
        return _Made(**json.loads(_note(company).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
