"""A plain list of paths to the credit of each channel, by the same models as deals. Needs no company.

A list has the columns `path` (channels joined by ` > `), `conversions`, and if wanted `value` (the row's total) and
`nulls` (how often the path ended in nothing).
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import polars as pl
from sqlglot import exp

from data.attribution import MARKOV, MODELS
from data.credit import PATH, weight
from data.engine import Workbench
from data.errors import InvalidQuestion, Place, Problems, did_you_mean
from metrics import markov

__all__ = ["LIST_MODELS", "CountedPath", "credit_of", "read_paths"]

# A list knows the order of touches, and neither their days nor when a lead or a deal was created.
LIST_MODELS = ("first", "last", "last_non_direct", "linear", "position_based", MARKOV)
_REQUIRED, _OPTIONAL = ("path", "conversions"), ("value", "nulls")
_BETWEEN = " > "
_MEMORY = Path(":memory:")


@dataclass(frozen=True)
class CountedPath:
    """Channels in their order; `value` is that of all its conversions together, `nulls` ended in nothing."""

    channels: tuple[str, ...]
    conversions: float
    value: float
    nulls: float


def read_paths(path: Path) -> tuple[CountedPath, ...]:
    """The rows of a CSV file. Raises InvalidFiles with every problem and its line."""
    problems = Problems()
    rows: list[CountedPath] = []
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            _check_header(reader.fieldnames or (), path, problems)
            problems.raise_if_any()
            for row in reader:
                counted = _row(row, Place(str(path), reader.line_num, 1), problems)
                rows += [counted] if counted else []
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        problems.add(Place(str(path)), f"cannot be read as CSV in UTF-8 ({error}).")
    problems.raise_if_any()
    return tuple(rows)


def _check_header(names: object, path: Path, problems: Problems) -> None:
    found = [str(name) for name in names] if isinstance(names, (list, tuple)) else []
    for name in _REQUIRED:
        if name not in found:
            known = ", ".join((*_REQUIRED, *_OPTIONAL))
            problems.add(Place(str(path), 1, 1), f"the column '{name}' is missing. A list of paths has: {known}.")


def _row(row: dict[str, str | None], place: Place, problems: Problems) -> CountedPath | None:
    channels = tuple(part.strip() for part in (row["path"] or "").split(_BETWEEN.strip()))
    if not all(channels):
        problems.add(
            place, f"'path' is '{row['path']}'; write channels joined by '{_BETWEEN}', such as search > social."
        )
        return None
    numbers = [_number(name, row.get(name), place, problems) for name in ("conversions", *_OPTIONAL)]
    return None if None in numbers else CountedPath(channels, *[number or 0.0 for number in numbers])


def _number(name: str, text: str | None, place: Place, problems: Problems) -> float | None:
    try:
        number = float(text) if text and text.strip() else 0.0
    except ValueError:
        number = -1.0
    if number < 0 or number in (float("inf"), float("nan")) or number != number:
        problems.add(place, f"'{name}' is '{text}'; write a number from 0, such as 12 or 340.5.")
        return None
    return number


# -- credit ----------------------------------------------------------------------------------------------------------


def credit_of(paths: tuple[CountedPath, ...], model: str, *, collapse: bool = False) -> pl.DataFrame:
    """Columns channel, conversions, value: the largest first. Sums are those of the list. Raises InvalidQuestion.

    With `collapse` a channel that follows itself counts once (A, B, B, C as A, B, C).
    """
    if model not in LIST_MODELS:
        why = "knows no milestones and no days" if model in MODELS else "has no such model"
        hint = did_you_mean(model, LIST_MODELS, "Models of a list")
        raise InvalidQuestion(f"'{model}': a list of paths {why}. {hint}")
    if collapse:
        paths = tuple(
            CountedPath(tuple(channel for channel, _ in groupby(one.channels)), one.conversions, one.value, one.nulls)
            for one in paths
        )
    frame = _by_chain(paths) if model == MARKOV else _by_weights(paths, model)
    return frame.sort(["conversions", "value", "channel"], descending=[True, True, False])


def _by_chain(paths: tuple[CountedPath, ...]) -> pl.DataFrame:
    shares = markov.shares(markov.transitions((one.channels, one.conversions, one.nulls) for one in paths))
    conversions, value = (sum(getattr(one, name) for one in paths) for name in ("conversions", "value"))
    rows = [(channel, share * conversions, share * value) for channel, share in shares.items()]
    return _frame(rows)


def _by_weights(paths: tuple[CountedPath, ...], model: str) -> pl.DataFrame:
    """The same SQL that shares out deals, over a table of touches."""
    touches = pl.DataFrame(list(_touches(paths)), schema=_TOUCHES, orient="row")
    share = exp.alias_(weight(model, MODELS[model]), "share", quoted=True)
    weighed = exp.select("channel", "conversions", "value", share).from_("touches").subquery("weighed")
    sums = [
        exp.alias_(exp.Sum(this=exp.Mul(this=exp.column("share"), expression=exp.column(name))), name)
        for name in ("conversions", "value")
    ]
    sql = exp.select("channel", *sums).from_(weighed).group_by("channel").sql(dialect="duckdb", identify=True)
    with Workbench(_MEMORY, _MEMORY, _MEMORY) as bench:
        bench.execute(f"CREATE TABLE touches ({', '.join(f'{name} {kind}' for name, kind in _SQL_TYPES.items())})")
        if touches.height:
            bench.insert("touches", touches)
        return _frame(bench.frame(sql).iter_rows())


_TOUCHES = {
    **dict.fromkeys(PATH, pl.String), "place": pl.Int64, "touches": pl.Int64, "channel": pl.String,
    "is_first": pl.Boolean, "is_last": pl.Boolean, "is_direct": pl.Boolean, "conversions": pl.Float64,
    "value": pl.Float64,
}  # fmt: skip
_SQL_NAMES = {pl.String: "VARCHAR", pl.Int64: "BIGINT", pl.Boolean: "BOOLEAN", pl.Float64: "DOUBLE"}
_SQL_TYPES = {name: _SQL_NAMES[kind] for name, kind in _TOUCHES.items()}


def _touches(paths: tuple[CountedPath, ...]) -> Iterator[tuple[object, ...]]:
    for number, one in enumerate(paths):
        last = len(one.channels)
        for place, channel in enumerate(one.channels, 1):
            marks = (place == 1, place == last, channel.lower() == "direct")
            yield (str(number), "close", place, last, channel, *marks, one.conversions, one.value)


def _frame(rows: Iterable[tuple[object, ...]]) -> pl.DataFrame:
    schema = {"channel": pl.String, "conversions": pl.Float64, "value": pl.Float64}
    return pl.DataFrame(list(rows), schema=schema, orient="row")
