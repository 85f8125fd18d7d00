"""What was sealed of the numbers that a live page shows, where they are others by now. Seals and asks nothing.

A number is looked up under what it was asked of: the same metric, days, cut and condition. Days are those of a sealed
month, and of a funnel's rate those of the cohort that was the latest when a month ended.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from alignment.month_questions import COHORTS, FUNNEL, QUESTIONS
from alignment.months import name_of
from alignment.snapshots import MANIFEST, Shelf, shelf_of, shelves_per, split_by
from data.calendar import Period, shift
from data.company import Company
from data.errors import NotSealed
from metrics import Answer

__all__ = ["Otherwise", "sealed_otherwise"]

# The columns of a funnel that are the same whenever it is asked of a cohort that has had its whole time.
STEPS = {
    "matured": ("had their whole time", "count"),
    "converted_matured": ("went on in time", "count"),
    "rate_matured": ("went on in time, of all", "ratio"),
}
Group = tuple[str | None, ...]
Key = tuple[str, Period, Group]


@dataclass(frozen=True)
class Otherwise:
    """A number as it was sealed with `month`, and as it is today. `group` has a value per dimension of `by`."""

    month: str
    per: tuple[str, str] | None
    metric: str
    label: str
    unit: str
    period: Period
    by: tuple[str, ...]
    group: Group
    sealed: float | None
    today: float | None


@dataclass(frozen=True)
class _Figure:
    label: str
    unit: str
    model: str | None
    value: float | None


@dataclass(frozen=True)
class _Table:
    """One file of results of a snapshot, by metric, days and group."""

    month: str
    per: tuple[str, str] | None
    by: tuple[str, ...]
    figures: Mapping[Key, _Figure]


# By manifest and question: which file the manifest was when its figures were read, and these.
_KNOWN: dict[tuple[Path, str], tuple[tuple[int, int, int], _Table]] = {}


def sealed_otherwise(company: Company, answers: Iterable[Answer]) -> tuple[Otherwise, ...]:
    """The numbers of answers that were sealed otherwise, each once. Answers of no sealed month or cut give none.

    What is not as it was sealed gives nothing: `verify` says so.
    """
    found: dict[tuple[object, ...], Otherwise] = {}
    shelves: dict[str | None, Shelf | None] = {}
    for answer in answers:
        query = answer.query
        is_plain = query.rules == "today" and not query.within and query.as_of is None
        if not is_plain or query.grain not in (None, "month"):
            continue
        if query.where not in shelves:
            shelves[query.where] = _shelf(company, query.where)
        shelf = shelves[query.where]
        if shelf is not None:
            for one in _compared(shelf, answer):
                found.setdefault((one.metric, one.period, one.by, one.group, query.where), one)
    return tuple(found.values())


def _shelf(company: Company, where: str | None) -> Shelf | None:
    """Where the months under exactly this condition stand; None where nothing is sealed under it."""
    if where is None:
        return shelf_of(company) if shelf_of(company).months() else None
    for dimension in split_by(company):
        for shelf in shelves_per(company, dimension):
            try:
                sealed = shelf.open(shelf.months()[0]).manifest.where
            except NotSealed:
                continue
            if where in (sealed, f"({sealed})"):
                return shelf
    return None


def _compared(shelf: Shelf, answer: Answer) -> Iterator[Otherwise]:
    query = answer.query
    is_funnel = "step" in answer.frame.columns
    kind = "funnel" if is_funnel else "measured"
    names = [one.name for one in QUESTIONS if one.kind == kind and set(one.by) == set(query.by)]
    if not names or (is_funnel and query.metrics != (FUNNEL,)) or not _may_be_sealed(shelf, answer):
        return
    today: dict[Key, float | None] = {}
    spans: dict[tuple[str, Period], None] = {}
    for row in answer.frame.iter_rows(named=True):
        period = _days(answer, row)
        if period is None:
            continue
        group = tuple(None if row[name] is None else str(row[name]) for name in sorted(query.by))
        for metric, column in _asked(answer, row):
            today[metric, period, group] = row[column]
            spans[metric, period] = None
    if not query.grain and query.period is not None and not is_funnel:
        # A group may have no row any more.
        spans |= dict.fromkeys((metric, query.period) for metric, _ in _asked(answer, {}))
    for table in _tables(shelf, names, spans):
        described = {(metric, period): figure for (metric, period, _), figure in table.figures.items()}
        known = {key for key in described if key in spans and described[key].model in (None, query.model)}
        keys = [key for key in table.figures if key[:2] in known and (key in today or query.limit is None)]
        # A group may be new since.
        for key in dict.fromkeys([*keys, *(key for key in today if key[:2] in known)]):
            figure, now = table.figures.get(key), today.get(key)
            if not _is_same(figure.value if figure else None, now, described[key[:2]].unit):
                yield _otherwise(table, key, described[key[:2]], figure.value if figure else None, now)


def _otherwise(table: _Table, key: Key, said: _Figure, sealed: float | None, today: float | None) -> Otherwise:
    metric, period, group = key
    return Otherwise(
        table.month, table.per, metric, said.label, said.unit, period, table.by, group, sealed, today
    )  # fmt: skip


def _may_be_sealed(shelf: Shelf, answer: Answer) -> bool:
    """Whether it is about months, or about a cohort: most answers are not, and their rows need not be read."""
    asked = answer.query.period
    if (
        answer.query.grain
        or "step" in answer.frame.columns
        or any(name.startswith(COHORTS) for name in answer.query.metrics)
    ):
        return True
    return asked is not None and asked.until == shift(asked.start, "month", 1) and bool(shelf.revisions(name_of(asked)))


def _days(answer: Answer, row: Mapping[str, object]) -> Period | None:
    """The days that a row is about; None of a month that is cut off by the days that were asked for."""
    asked = answer.query.period
    if not answer.query.grain:
        return asked
    start = row["period"]
    if start is None:
        return None
    month = Period(start, shift(start, "month", 1))  # type: ignore[arg-type]  # periods of answers are dates
    is_whole = asked is None or (asked.start <= month.start and month.until <= asked.until)
    return month if is_whole else None


def _asked(answer: Answer, row: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Each number of a row: what it is sealed as, and its column."""
    if "step" in answer.frame.columns:
        yield from ((f"{row['step']} {column}", column) for column in STEPS if column in answer.frame.columns)
        return
    for name in dict.fromkeys(answer.query.metrics):
        if name not in answer.reasons:
            yield name.removesuffix(".rate_matured"), name


def _tables(shelf: Shelf, names: list[str], spans: Iterable[tuple[str, Period]]) -> Iterator[_Table]:
    """The sealed tables that may hold numbers of these metrics and days; a cohort may be of any sealed month."""
    wanted = list(spans)
    is_of_cohorts = any(metric in COHORTS or " " in metric for metric, _ in wanted)
    months = {name_of(period) for _, period in wanted}
    for month in shelf.months():
        if not is_of_cohorts and month not in months:
            continue
        for name in names:
            try:
                yield _table(shelf, month, name)
            except (NotSealed, OSError):
                continue


def _table(shelf: Shelf, month: str, name: str) -> _Table:
    """The figures of one question; read once as long as the manifest is the same file."""
    revision = shelf.revisions(month)[-1]
    manifest = shelf.folder(month, revision) / MANIFEST
    stamp = manifest.stat()
    key = (stamp.st_ino, stamp.st_mtime_ns, stamp.st_size)
    known = _KNOWN.get((manifest, name))
    if known is not None and known[0] == key:
        return known[1]
    snapshot = shelf.open(month, revision)
    question = next(one for one in QUESTIONS if one.name == name)
    frame = snapshot.frame(f"results/{name}") if snapshot.has(f"results/{name}") else None
    figures: dict[Key, _Figure] = {}
    for row in frame.iter_rows(named=True) if frame is not None else ():
        if row["start"] is None:
            continue
        days = Period(row["start"], row["until"])
        group = tuple(row[by] for by in sorted(question.by))
        if question.kind == "measured":
            figures[row["metric"], days, group] = _Figure(row["label"], row["unit"], row["model"], row["value"])
            continue
        for column, (words, unit) in STEPS.items():
            label = f"Funnel, {'all of it' if row['step'] == 'overall' else row['step']}: {words}"
            figures[f"{row['step']} {column}", days, group] = _Figure(label, unit, None, row[column])
    table = _Table(month, snapshot.manifest.per, tuple(sorted(question.by)), figures)
    _KNOWN[manifest, name] = key, table
    return table


def _is_same(sealed: float | None, today: float | None, unit: str) -> bool:
    """Whether the two are one number; of what is counted none is 0."""
    if sealed is None or today is None:
        return sealed == today or (unit in ("count", "money") and not sealed and not today)
    return math.isclose(sealed, float(today), rel_tol=1e-12, abs_tol=1e-6)
