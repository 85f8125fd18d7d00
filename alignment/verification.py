"""Whether a sealed month is still what was sealed: every file of it, byte by byte. Repairs nothing."""

from __future__ import annotations

from dataclasses import dataclass

from alignment.snapshots import MANIFEST, Shelf, files_in, hashed
from data.errors import NotSealed

__all__ = ["Finding", "verify"]


@dataclass(frozen=True)
class Finding:
    """One file that is not as it was sealed: changed, missing or extra."""

    month: str
    revision: int
    file: str
    what: str

    def __str__(self) -> str:
        name = self.month if self.revision == 1 else f"{self.month} r{self.revision}"
        return f"{name}: {self.file} is {self.what}."


def verify(shelf: Shelf, month: str) -> tuple[int, list[Finding]]:
    """How many files of all revisions of a month were looked at, and which of them are not as sealed.

    Raises NotSealed where the month is not sealed.
    """
    revisions = shelf.revisions(month)
    if not revisions:
        shelf.open(month)
    looked_at, found = 0, []
    for revision in revisions:
        folder = shelf.folder(month, revision)
        try:
            sealed = shelf.open(month, revision).manifest.files
        except NotSealed:
            what = "changed" if (folder / MANIFEST).exists() else "missing"
            found.append(Finding(month, revision, MANIFEST, what))
            continue
        present = set(files_in(folder))
        looked_at += len(present | sealed.keys()) + 1
        for name in sorted(present | sealed.keys()):
            if name not in sealed:
                found.append(Finding(month, revision, name, "extra"))
            elif name not in present or (folder / name).is_symlink():
                found.append(Finding(month, revision, name, "missing" if name not in present else "changed"))
            elif hashed(folder / name) != sealed[name]:
                found.append(Finding(month, revision, name, "changed"))
    return looked_at, found
