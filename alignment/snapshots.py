"""Sealed months in their folders: written whole or not at all, listed, opened. Asks no question.

    var/<company id>/snapshots/2026-10/           manifest.json, commentary.txt, results/, records/, definitions/, ...
    var/<company id>/snapshots/2026-10/r2/        the second revision, of the same shape
    var/<company id>/snapshots/per/<dimension>/<value>/2026-10/    the same of one region, one business line, ...

What is being written stands beside its place under a name that begins with a dot, which nothing reads. It gets its name
when all of it is on disk. Sealed files are read-only and never change.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import fcntl
import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import polars as pl

from data.calendar import Period
from data.company import Company
from data.durable import flush
from data.errors import NotSealed, did_you_mean
from data.wholeness import Damaged, OtherVersion, SealedFile, check_text, with_checksum

__all__ = ["LAYOUT", "MANIFEST", "SealedMonth", "Shelf", "Snapshot", "files_in", "hashed", "shelf_of", "shelves_of",
           "shelves_per", "split_by"]  # fmt: skip

LAYOUT = 1
MANIFEST = "manifest.json"
_MONTH, _REVISION = re.compile(r"\d{4}-\d{2}"), re.compile(r"r([2-9]|[1-9]\d+)")
_READ_ONLY = 0o444


@dataclass(frozen=True)
class SealedMonth:
    """The manifest of a snapshot.

    `as_of` is the first day after the month: nothing that happened on it or later is in. `questions` describe the files
    of results by name: title, metrics, by, period, reasons (why a metric has no answer), notes. `per` is a dimension
    with the value that the snapshot is about, `where` the condition that says so; `left_out` says what is known of the
    whole company only. `files` are all but the manifest.
    """

    month: str
    start: dt.date
    until: dt.date
    revision: int
    reason: str
    company: Mapping[str, str]
    generation: str
    loaded_at: str
    through: str
    sources_through: Mapping[str, str | None]
    sealed_at: str
    sealed_by: str
    as_of: dt.date
    per: tuple[str, str] | None
    where: str | None
    fingerprints: Mapping[str, str]
    questions: Mapping[str, Mapping[str, Any]]
    files: Mapping[str, SealedFile] = field(default_factory=dict)
    layout: int = LAYOUT
    left_out: tuple[str, ...] = ()

    @property
    def period(self) -> Period:
        return Period(self.start, self.until)

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=1, default=lambda value: value.isoformat())

    @classmethod
    def from_json(cls, text: str) -> SealedMonth:
        content = json.loads(text)
        content.pop("checksum")
        days = {name: dt.date.fromisoformat(content[name]) for name in ("start", "until", "as_of")}
        files = {name: SealedFile(**file) for name, file in content["files"].items()}
        per = tuple(content["per"]) if content["per"] else None
        left_out = tuple(content.get("left_out", ()))
        return cls(**content | days | {"files": files, "per": per, "left_out": left_out})


@dataclass(frozen=True)
class Snapshot:
    """A sealed month in its folder. What it gives has the bytes that were sealed, or raises NotSealed."""

    folder: Path
    manifest: SealedMonth

    def frame(self, name: str) -> pl.DataFrame:
        """A table by its path without the ending, such as results/headline."""
        return pl.read_parquet(self._whole(f"{name}.parquet"))

    def text(self, name: str) -> str:
        return self._whole(name).decode()

    def has(self, name: str) -> bool:
        return f"{name}.parquet" in self.manifest.files or name in self.manifest.files

    def _whole(self, name: str) -> bytes:
        expected = self.manifest.files.get(name)
        if expected is None:
            hint = did_you_mean(name, self.manifest.files)
            raise NotSealed(f"The snapshot of {self.manifest.month} has no file '{name}'. {hint}")
        try:
            content = (self.folder / name).read_bytes()
        except OSError:
            content = b""
        if hashlib.sha256(content).hexdigest() != expected.sha256:
            month = self.manifest.month
            told = f"{self.folder / name} is not what was sealed for {month}"
            raise NotSealed(f"{told}. See all of it: python tandem.py verify {month}")
        return content


@dataclass(frozen=True)
class Shelf:
    """The snapshots of a company, or of one value of a dimension."""

    root: Path
    company: Company

    def months(self) -> list[str]:
        """The sealed months, the latest first."""
        found = self.root.glob("[0-9]*")
        return sorted((one.name for one in found if _MONTH.fullmatch(one.name) and one.is_dir()), reverse=True)

    def revisions(self, month: str) -> list[int]:
        """The revisions of a month, oldest first; none where it is not sealed."""
        folder = self.root / month
        if not _MONTH.fullmatch(month) or not folder.is_dir():
            return []
        later = (_REVISION.fullmatch(one.name) for one in folder.iterdir() if one.is_dir())
        return [1, *sorted(int(found[1]) for found in later if found)]

    def folder(self, month: str, revision: int) -> Path:
        return self.root / month if revision == 1 else self.root / month / f"r{revision}"

    def open(self, month: str, revision: int | None = None) -> Snapshot:
        """A sealed month in its latest revision, or in the one that is asked for. Raises NotSealed."""
        known = self.revisions(month)
        if not known:
            months = ", ".join(self.months()) or "none"
            seal = f"Seal it with: python tandem.py snapshot {month}"
            raise NotSealed(f"{self.company.name} has no sealed month '{month}'. Sealed: {months}. {seal}")
        if revision is not None and revision not in known:
            raise NotSealed(f"{month} has no revision {revision}. There are: {', '.join(map(str, known))}.")
        folder = self.folder(month, revision or known[-1])
        try:
            text = (folder / MANIFEST).read_bytes()
            check_text(text)
            return Snapshot(folder, SealedMonth.from_json(text.decode()))
        except (OSError, Damaged) as error:
            raise NotSealed(f"The manifest in {folder} is not the one that was sealed ({error}).") from error
        except (OtherVersion, KeyError, TypeError, ValueError) as error:
            raise NotSealed(f"The manifest in {folder} was written by another version of Tandem.") from error

    def before(self, month: str) -> Snapshot | None:
        """What was sealed last of this month or of one before it; None where nothing was."""
        earlier = [name for name in self.months() if name <= month]
        return self.open(earlier[0]) if earlier else None

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Only one process seals at a time; what a killed one left half-written is removed. Raises NotSealed."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            with (self.root / "seal.lock").open("w") as lock:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    raise NotSealed(f"Another process is sealing months of {self.company.name}: try again.") from None
                for left_behind in self.root.glob(".sealing-*"):
                    shutil.rmtree(left_behind)
                yield
        except OSError as error:
            place, why = error.filename or self.root, (error.strerror or str(error)).lower()
            what_to_do = "Free space there, or see to it that Tandem may write, and try again."
            raise NotSealed(f"{place}: {why}. Nothing was sealed. {what_to_do}") from error

    def seal(self, manifest: SealedMonth, write: Callable[[Path], None]) -> Snapshot:
        """Give a folder that `write` fills its place, once all of it is on disk. Needs the lock."""
        building = Path(tempfile.mkdtemp(prefix=".sealing-", dir=self.root))
        final = self.folder(manifest.month, manifest.revision)
        try:
            write(building)
            sealed = {name: hashed(building / name) for name in files_in(building)}
            whole = replace(manifest, files=sealed)
            (building / MANIFEST).write_text(with_checksum(whole.to_json()), encoding="utf-8")
            _flush_all(building)
            building.chmod(0o755)
            building.rename(final)
        except BaseException:  # an interrupt too leaves nothing half-sealed
            shutil.rmtree(building, ignore_errors=True)
            raise
        flush(final.parent)
        return Snapshot(final, whole)


def shelf_of(company: Company, per: tuple[str, str] | None = None) -> Shelf:
    """Where the snapshots of a company are, or those of one value of a dimension."""
    root = company.state / "snapshots"
    return Shelf(root if per is None else root / "per" / per[0] / _folder_name(per[1]), company)


def shelves_per(company: Company, dimension: str) -> list[Shelf]:
    """The shelves of all values of a dimension of which there is a sealed month."""
    found = sorted((company.state / "snapshots" / "per" / dimension).glob("*"))
    shelves = [Shelf(folder, company) for folder in found if folder.is_dir()]
    return [shelf for shelf in shelves if shelf.months()]


def shelves_of(company: Company, month: str, per: str | None) -> list[Shelf]:
    """Where a month is sealed: once, or by the values of a dimension. Raises NotSealed where there is none of these."""
    if per is None:
        return [shelf_of(company)]
    shelves = [shelf for shelf in shelves_per(company, per) if shelf.revisions(month)]
    if not shelves:
        seal = f"python tandem.py snapshot {month} --per {per}"
        raise NotSealed(f"{company.name} has no sealed month '{month}' by {per}. Seal it with: {seal}")
    return shelves


def split_by(company: Company) -> list[str]:
    """The dimensions of which there is a sealed month of one value or more."""
    folders = sorted((company.state / "snapshots" / "per").glob("*"))
    return [folder.name for folder in folders if shelves_per(company, folder.name)]


def _folder_name(value: str) -> str:
    """Letters and digits to know it by, and enough of its hash that no two values meet."""
    letters = re.sub(r"[^a-z0-9]+", "-", value.lower()).strip("-")[:30]
    return f"{letters or 'value'}-{hashlib.sha256(value.encode()).hexdigest()[:8]}"


def files_in(folder: Path) -> list[str]:
    """The files of one snapshot by their paths within its folder, without its manifest and without later revisions."""
    found = [path.relative_to(folder) for path in folder.rglob("*") if not path.is_dir() or path.is_symlink()]
    own = [path for path in found if not _REVISION.fullmatch(path.parts[0]) or len(path.parts) == 1]
    return sorted(path.as_posix() for path in own if path.as_posix() != MANIFEST)


def hashed(file: Path) -> SealedFile:
    """Size and hash, read anew each time: a changed byte need not change a file's date."""
    with file.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return SealedFile(file.stat().st_size, digest)


def _flush_all(folder: Path) -> None:
    """Everything read-only and on disk, the folders last."""
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_file():
            path.chmod(_READ_ONLY)
        flush(path)
    flush(folder)
