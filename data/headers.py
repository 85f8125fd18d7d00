"""The header of a raw file: whether it has what is declared, and what to do where it has not. Reads no file."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from data.errors import Place, Problem, RefusedSources, did_you_mean
from data.file_specs import FileSpec

__all__ = [
    "EMPTY", "TITLE_ROWS", "Part", "check_columns", "check_header", "is_blank", "refuse_header_below", "refused",
]  # fmt: skip

EMPTY = "is empty. Export it again, or take it out of sources.yaml."
# How far down a header is looked for, to tell where it is.
TITLE_ROWS = 50
# More names than this say less than the nearest few.
_LISTED = 40


@dataclass(frozen=True)
class Part:
    """One file on disk. `label` is its name in messages and in the quarantine."""

    path: Path
    label: str


def refused(file: str, line: int, message: str) -> RefusedSources:
    """The error for one thing that makes a raw file untrustworthy."""
    return RefusedSources([Problem(Place(file, line, 1 if line else 0), message)])


def is_blank(fields: Sequence[str]) -> bool:
    """Whether a record holds no text: an empty line, or one of delimiters alone."""
    return not "".join(fields).strip()


def check_header(part: Part, line: int, header: Sequence[str], spec: FileSpec) -> None:
    """Every declared column must be there, and once. A name that stands there twice and is not read does no harm."""
    named = [name for name in header if name]
    wanted = {column.header for column in spec.columns.values()}
    twice = sorted({name for name in named if name in wanted and named.count(name) > 1})
    if twice:
        raise refused(
            part.label,
            line,
            f"the header names '{twice[0]}' twice, so that it is unclear which is meant. Rename one of them.",
        )
    check_columns(part, named, spec, line)


def check_columns(part: Part, present: Sequence[str], spec: FileSpec, line: int = 1) -> None:
    """Every declared column must be there: a renamed one would silently become empty."""
    there = set(present)
    missing = [column.header for column in spec.columns.values() if column.header not in there]
    if missing:
        hints = " ".join(f"No column '{name}'. {_nearest(name, present)}" for name in missing)
        raise refused(
            part.label, line, f"{hints} Correct 'columns' of files.{spec.name}, or export with these columns."
        )


def _nearest(name: str, present: Sequence[str]) -> str:
    if len(present) <= _LISTED:
        return did_you_mean(name, present, "The file has")
    some = difflib.get_close_matches(name, present, n=5, cutoff=0.5) or present[:5]
    return did_you_mean(name, some, f"The file has {len(present):,} columns, such as")


def refuse_header_below(part: Part, rows: Iterable[tuple[int, Sequence[str]]], spec: FileSpec) -> None:
    """Refuse a file whose header stands below titles, with the line where it does."""
    wanted = {column.header for column in spec.columns.values()}
    for line, fields in rows:
        if wanted <= {field.strip() for field in fields}:
            raise refused(
                part.label,
                line,
                f"the header is here, below other rows. Declare header_row: {line} in files.{spec.name}.",
            )
