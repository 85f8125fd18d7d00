"""What was sealed of the days that a live page shows, where its number is another by now. Seals and asks nothing."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

from alignment.months import name_of
from alignment.snapshots import MANIFEST, Shelf, shelf_of
from data.calendar import Period, shift
from data.company import Company
from data.errors import NotSealed

__all__ = ["sealed_otherwise"]

# By manifest: which file it was when its figures were read, and these.
_KNOWN: dict[Path, tuple[tuple[int, int, int], Mapping[str, float]]] = {}


def sealed_otherwise(
    company: Company, period: Period, where: str | None, today: Mapping[str, float | int | None]
) -> dict[str, float]:
    """The sealed numbers of those metrics of which today's number is another.

    Empty unless the days are exactly a sealed month of the whole company. What is not as it was sealed gives nothing:
    `verify` says so.
    """
    if where is not None or period.start.day != 1 or period.until != shift(period.start, "month", 1):
        return {}
    month, shelf = name_of(period), shelf_of(company)
    revisions = shelf.revisions(month)
    if not revisions:
        return {}
    try:
        sealed = _figures(shelf, month, revisions[-1])
    except (NotSealed, OSError):
        return {}
    return {
        name: value
        for name, value in sealed.items()
        if name in today and not math.isclose(value, float(today[name] or 0), rel_tol=1e-12, abs_tol=1e-6)
    }


def _figures(shelf: Shelf, month: str, revision: int) -> Mapping[str, float]:
    """The headline numbers that are about the days of the month; read once as long as the manifest is the same file."""
    manifest = shelf.folder(month, revision) / MANIFEST
    stamp = manifest.stat()
    key = (stamp.st_ino, stamp.st_mtime_ns, stamp.st_size)
    known = _KNOWN.get(manifest)
    if known is not None and known[0] == key:
        return known[1]
    snapshot = shelf.open(month, revision)
    days = snapshot.manifest.period
    rows = snapshot.frame("results/headline").select("metric", "value", "start", "until")
    figures = {
        name: value
        for name, value, start, until in rows.iter_rows()
        if value is not None and (start, until) == (days.start, days.until)
    }
    _KNOWN[manifest] = key, figures
    return figures
