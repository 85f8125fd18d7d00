"""Sealed generations of a company: made apart, sealed, pointed to by CURRENT, held by leases, and pruned.

    var/<company id>/CURRENT                      the name of the newest sealed generation
    var/<company id>/generations/<name>/          model.duckdb, personal.duckdb, manifest.json, lease

A generation never changes after it is sealed. A reader holds a shared lock on `lease`, so that pruning leaves it alone;
the operating system drops the lock when the process ends, however it ends.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import fcntl
import json
import os
import shutil
import weakref
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from data.company import Company
from data.description import TableDescription, description_from, description_to
from data.errors import NoGeneration, RefreshRunning

__all__ = ["Generation", "LoadedFile", "Manifest", "StageFact", "current", "open_generation", "refresh_lock", "seal"]

KEPT = 3
MODEL, PERSONAL, MANIFEST, LEASE = "model.duckdb", "personal.duckdb", "manifest.json", "lease"


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
class Manifest:
    """What a generation holds, where it came from and how far it reaches.

    `through` is the last day that all files of the stages cover, or None where no file says. `unmapped` counts rows
    per table that were read but quarantined while mapping; `exclusions` are (table, why, rows).
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
        )


def _day(text: str | None) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None


@dataclass
class Generation:
    """A sealed generation that is held by a lease until `release`, or until nobody refers to it any more."""

    folder: Path
    manifest: Manifest
    _lease: IO[bytes]

    def __post_init__(self) -> None:
        weakref.finalize(self, self._lease.close)

    @property
    def model(self) -> Path:
        return self.folder / MODEL

    @property
    def personal(self) -> Path:
        return self.folder / PERSONAL

    def release(self) -> None:
        self._lease.close()


def current(company: Company) -> str | None:
    """The name of the generation that CURRENT points to, or None before the first refresh."""
    try:
        return (company.state / "CURRENT").read_text(encoding="ascii").strip() or None
    except FileNotFoundError:
        return None


def open_generation(company: Company, wanted: str | None = None) -> Generation:
    """The current generation, or the one that is `wanted`, leased. Raises NoGeneration where there is none."""
    while name := wanted or current(company):
        folder = company.state / "generations" / name
        try:
            lease = (folder / LEASE).open("rb")
        except FileNotFoundError:
            if wanted or current(company) == name:
                break
            continue  # pruned between reading CURRENT and taking the lease: a newer one stands there now
        fcntl.flock(lease, fcntl.LOCK_SH)
        manifest = folder / MANIFEST
        if manifest.exists():
            try:
                return Generation(folder, Manifest.from_json(manifest.read_text(encoding="utf-8")), lease)
            except (KeyError, TypeError, ValueError):
                lease.close()
                made = "was made by another version of Tandem"
                raise NoGeneration(f"The data of {company.name} {made}. {_how_to_refresh(company)}") from None
        lease.close()
        if wanted:
            break
    if wanted:
        raise NoGeneration(f"{company.name} keeps no generation '{wanted}' any more: only the newest {KEPT} are kept.")
    raise NoGeneration(f"{company.name} has no data yet. {_how_to_refresh(company)}")


def _how_to_refresh(company: Company) -> str:
    return f"Run: python tandem.py refresh --company {company.folder}"


@contextlib.contextmanager
def refresh_lock(company: Company) -> Iterator[None]:
    """Only one refresh of a company at a time, over all processes. Raises RefreshRunning."""
    company.state.mkdir(parents=True, exist_ok=True)
    with (company.state / "refresh.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RefreshRunning(
                f"{company.name} is being refreshed by another process. Try again in a while."
            ) from None
        yield


@contextlib.contextmanager
def building_folder(company: Company) -> Iterator[tuple[str, Path]]:
    """A name and an empty folder for a new generation; removed unless it was sealed. Needs the refresh lock."""
    generations = company.state / "generations"
    generations.mkdir(parents=True, exist_ok=True)
    for left_behind in generations.glob(".building-*"):
        shutil.rmtree(left_behind)
    # To the microsecond: names are in the order of time also where a small company is refreshed twice in a second.
    name = f"{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%S.%fZ}"
    folder = generations / f".building-{name}"
    folder.mkdir()
    try:
        yield name, folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def seal(company: Company, folder: Path, manifest: Manifest) -> None:
    """Make a built folder the current generation: everything on disk first, then one small pointer is replaced."""
    (folder / MANIFEST).write_text(manifest.to_json(), encoding="utf-8")
    (folder / LEASE).touch()
    (folder / PERSONAL).chmod(0o600)
    for file in folder.iterdir():
        _flush(file)
    _flush(folder)
    final = company.state / "generations" / manifest.generation
    folder.rename(final)
    _flush(final.parent)
    pointer = company.state / "CURRENT.tmp"
    pointer.write_text(manifest.generation, encoding="ascii")
    _flush(pointer)
    pointer.replace(company.state / "CURRENT")
    _flush(company.state)
    _prune(company, keep=manifest.generation)


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _prune(company: Company, keep: str) -> None:
    """Remove all but the newest three, except those that somebody reads."""
    sealed = sorted(path for path in (company.state / "generations").iterdir() if not path.name.startswith("."))
    for folder in sealed[:-KEPT]:
        if folder.name == keep:
            continue
        # Lease and manifest may be gone already, where an earlier removal was cut off.
        with (folder / LEASE).open("ab") as lease:
            try:
                fcntl.flock(lease, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            # The manifest goes first: a reader that arrives now sees that the generation is no longer whole.
            (folder / MANIFEST).unlink(missing_ok=True)
            shutil.rmtree(folder)
