"""Whether sealed files are still what was sealed: their sizes, hashes and the manifest's checksum. Repairs nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

__all__ = ["Damaged", "OtherVersion", "SealedFile", "check_files", "check_text", "sealed_files", "with_checksum"]

CHECKSUM = "checksum"


class Damaged(Exception):
    """A file of a generation is not what was sealed. The text completes "the data is damaged"."""


class OtherVersion(Exception):
    """The manifest is written in another way than this version of Tandem reads."""


@dataclass(frozen=True)
class SealedFile:
    """What a file was when it was sealed."""

    size: int
    sha256: str


def sealed_files(files: Iterable[Path]) -> dict[str, SealedFile]:
    """Size and hash per file name, of files that do not change any more."""
    return {file.name: SealedFile(file.stat().st_size, _hash(file)) for file in files}


def check_files(folder: Path, sealed: Mapping[str, SealedFile]) -> None:
    """Raises Damaged where a file is gone, cut or changed. Sizes always count; a file is hashed once per process."""
    for name, expected in sealed.items():
        try:
            found = (folder / name).stat().st_size
            if found != expected.size:
                raise Damaged(f"{name} has {found:,} bytes instead of {expected.size:,}")
            if _hash(folder / name) != expected.sha256:
                raise Damaged(f"{name} has other bytes than were sealed")
        except OSError as error:
            raise Damaged(f"{name} cannot be read: {(error.strerror or str(error)).lower()}") from error


def _hash(file: Path) -> str:
    state = file.stat()
    return _hash_once(file, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=256)
def _hash_once(file: Path, _size: int, _changed_at: int) -> str:
    """The SHA-256 of a file, read again only where its size or its time of change is another."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def with_checksum(content: str) -> str:
    """The text of a JSON object, with a checksum over all the rest of it."""
    values = json.loads(content)
    values.pop(CHECKSUM, None)
    return json.dumps(values | {CHECKSUM: _checksum(values)}, indent=1)


def check_text(text: bytes) -> None:
    """Raises Damaged where a text made by `with_checksum` has changed, and OtherVersion where it was made otherwise."""
    try:
        values = json.loads(text)
    except ValueError as error:
        raise Damaged("its manifest cannot be read") from error
    if not isinstance(values, dict) or CHECKSUM not in values:
        raise OtherVersion
    if values.pop(CHECKSUM) != _checksum(values):
        raise Damaged("its manifest is not the one that was sealed")


def _checksum(values: Mapping[str, object]) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
