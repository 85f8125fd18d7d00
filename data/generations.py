"""Sealed generations of a company: made apart, sealed, pointed to by CURRENT, held by leases, and pruned.

    var/<company id>/CURRENT                      the name of the newest sealed generation
    var/<company id>/generations/<name>/          model.duckdb, personal.duckdb, manifest.json, lease

A generation never changes after it is sealed. A reader holds a shared lock on `lease`, so that pruning leaves it alone;
the operating system drops the lock when the process ends, however it ends. Where the current one is no longer what was
sealed, the newest one that is whole stands in for it and says so.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import fcntl
import functools
import json
import shutil
import weakref
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from data.company import Company
from data.durable import flush
from data.errors import NoGeneration, RefreshRunning
from data.manifest import LoadedFile, Manifest, RuleFact, StageFact
from data.wholeness import Damaged, OtherVersion, check_files, check_text, sealed_files, with_checksum

__all__ = [
    "Generation",
    "LoadedFile",
    "Manifest",
    "RuleFact",
    "StageFact",
    "building_folder",
    "current",
    "made_with",
    "open_generation",
    "refresh_lock",
    "seal",
]

KEPT = 3
MODEL, PERSONAL, MANIFEST, LEASE = "model.duckdb", "personal.duckdb", "manifest.json", "lease"


@dataclass
class Generation:
    """A sealed generation that is held by a lease until `release`, or until nobody refers to it any more.

    `damaged` is the sentence about the current generation where this one stands in for it.
    """

    folder: Path
    manifest: Manifest
    _lease: IO[bytes]
    damaged: str | None = None

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
        return (company.state / "CURRENT").read_text(encoding="ascii", errors="replace").strip() or None
    except FileNotFoundError:
        return None


def made_with(company: Company) -> Mapping[str, str] | None:
    """The fingerprints of what the current generation was made from, or None where there is none or it is damaged."""
    name = current(company)
    manifest = company.state / "generations" / (name or "") / MANIFEST
    try:
        return _fingerprints(manifest, manifest.stat().st_mtime_ns)
    except (OSError, ValueError, Damaged):  # a ValueError where the pointer holds no name of a folder
        return None


@functools.lru_cache(maxsize=64)
def _fingerprints(manifest: Path, _changed_at: int) -> Mapping[str, str]:
    """Read once per sealed manifest. One that is written in another way has none that this version knows."""
    text = manifest.read_bytes()
    try:
        check_text(text)
        found: Mapping[str, str] = json.loads(text)["fingerprints"]
    except (OtherVersion, KeyError):
        return {}
    return found


def open_generation(company: Company, wanted: str | None = None) -> Generation:
    """The current generation, or the one that is `wanted`, leased. Raises NoGeneration where there is none.

    Where the current one is damaged, the newest that is whole stands in for it.
    """
    if wanted:
        try:
            return _leased(company, wanted)
        except FileNotFoundError:
            kept = f"only the newest {KEPT} are kept"
            raise NoGeneration(f"{company.name} keeps no generation '{wanted}' any more: {kept}.") from None
        except (Damaged, OtherVersion) as found:
            data = f"The data of {company.name} in generation '{wanted}'"
            raise NoGeneration(f"{data} {_what_is_wrong(found)}. {_how_to_refresh(company)}") from None
    while name := current(company):
        try:
            return _leased(company, name)
        except (FileNotFoundError, Damaged, OtherVersion) as found:
            # Pruned between reading CURRENT and taking the lease: a newer one stands there by then.
            if current(company) == name:
                return _standing_in(company, name, found)
    raise NoGeneration(f"{company.name} has no data yet. {_how_to_refresh(company)}")


def _leased(company: Company, name: str) -> Generation:
    """A generation that is whole, leased. Raises FileNotFoundError where it was pruned, Damaged and OtherVersion."""
    folder = company.state / "generations" / name
    with contextlib.ExitStack() as undone:
        try:
            lease = undone.enter_context((folder / LEASE).open("rb"))
            fcntl.flock(lease, fcntl.LOCK_SH)
            text = (folder / MANIFEST).read_bytes()
        except FileNotFoundError:
            raise
        except (OSError, ValueError) as error:
            raise Damaged(f"its folder cannot be read ({error})") from error
        check_text(text)
        try:
            manifest = Manifest.from_json(text.decode())
        except (KeyError, TypeError, ValueError) as error:
            raise OtherVersion from error
        check_files(folder, manifest.sealed)
        undone.pop_all()
        return Generation(folder, manifest, lease)


def _standing_in(company: Company, damaged: str, why: Exception) -> Generation:
    """The newest whole generation besides the damaged one. Raises NoGeneration where none is whole."""
    said = f"The newest data of {company.name} {_what_is_wrong(why)}."
    for name in reversed(_sealed(company)):
        if name == damaged:
            continue
        with contextlib.suppress(FileNotFoundError, Damaged, OtherVersion):
            found = _leased(company, name)
            shown = f"What is shown was loaded at {found.manifest.made_at:%Y-%m-%d %H:%M} UTC."
            found.damaged = f"{said} {shown} {_how_to_refresh(company)}"
            return found
    raise NoGeneration(f"{said} {_how_to_refresh(company)}")


def _what_is_wrong(found: Exception) -> str:
    if isinstance(found, OtherVersion):
        return "was made by another version of Tandem"
    return f"is damaged: {found if isinstance(found, Damaged) else 'files of it are gone'}"


def _sealed(company: Company) -> list[str]:
    """The names of all sealed generations, oldest first. What is still being built begins with a dot."""
    found = (company.state / "generations").glob("[!.]*")
    return sorted(path.name for path in found)


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


def seal(company: Company, folder: Path, manifest: Manifest) -> Manifest:
    """Make a built folder the current generation, and give its manifest with what was sealed.

    Everything is on disk first, then one small pointer is replaced. What needs room comes before the folder gets its
    name, so that a full disk leaves nothing behind.
    """
    manifest = replace(manifest, sealed=sealed_files((folder / MODEL, folder / PERSONAL)))
    (folder / MANIFEST).write_text(with_checksum(manifest.to_json()), encoding="utf-8")
    (folder / LEASE).touch()
    (folder / PERSONAL).chmod(0o600)
    for file in folder.iterdir():
        flush(file)
    flush(folder)
    pointer = company.state / "CURRENT.tmp"
    pointer.write_text(manifest.generation, encoding="ascii")
    flush(pointer)
    final = company.state / "generations" / manifest.generation
    folder.rename(final)
    try:
        flush(final.parent)
        pointer.replace(company.state / "CURRENT")
    except OSError:
        shutil.rmtree(final, ignore_errors=True)
        raise
    flush(company.state)
    _prune(company, keep=manifest.generation)
    return manifest


def _prune(company: Company, keep: str) -> None:
    """Remove all but the newest three that are whole, except those that somebody reads."""
    whole = 0
    for name in reversed(_sealed(company)):
        if name == keep or whole < KEPT:
            whole += _is_whole(company, name)
            continue
        # What cannot be removed is removed by a later refresh; the new generation is in place all the same.
        with contextlib.suppress(OSError):
            _remove(company.state / "generations" / name)


def _is_whole(company: Company, name: str) -> bool:
    try:
        _leased(company, name).release()
    except (OSError, Damaged, OtherVersion):
        return False
    return True


def _remove(folder: Path) -> None:
    # Lease and manifest may be gone already, where an earlier removal was cut off.
    with (folder / LEASE).open("ab") as lease:
        # BlockingIOError, an OSError, where somebody reads it.
        fcntl.flock(lease, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # The manifest goes first: a reader that arrives now sees that the generation is no longer whole.
        (folder / MANIFEST).unlink(missing_ok=True)
        shutil.rmtree(folder)
