"""A sealed month against today's data: how far each number moved, by which cause and record. Seals nothing.

The month is asked again of today's records, as of the same day: as today, then by the definitions and stages that were
sealed, then by the sealed exchange rates too; what still differs then is the records themselves. So the effects are
those of changed rules, changed rates and changed records, in this order, and they add up to the difference exactly.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl

from alignment.addresses import frame_without_addresses, without_addresses
from alignment.month_targets import target_values
from alignment.record_causes import Causes, Extracts
from alignment.record_effects import APART, CAUSES, RATE, RULE, TARGET, effects_of, exact
from alignment.sealed_definitions import DEFINITIONS
from alignment.sealing import EXTRACTS
from alignment.snapshots import Snapshot
from data.calendar import Period
from data.errors import InvalidFiles, NotSealed, Problems
from data.personal import email_hash_key
from data.stages import Stages, read_stages
from metrics import Query, Session
from metrics.fingerprints import fingerprint
from metrics.loading import Definitions, load_definitions
from metrics.reach import Reach
from metrics.records import Part, parts_with_records, record_session
from metrics.rereading import RATES, reread, tables_made_by

__all__ = ["CAUSES", "EFFECT_COLUMNS", "RECORD_EFFECT_COLUMNS", "Restatement", "carried", "restate"]

EFFECT_COLUMNS = {
    "month": pl.String, "revision": pl.Int64, "metric": pl.String, "label": pl.String, "unit": pl.String,
    "sealed": pl.Float64, "today": pl.Float64, "difference": pl.Float64, "cause": pl.String, "effect": pl.Float64,
}  # fmt: skip
RECORD_EFFECT_COLUMNS = {
    "month": pl.String, "metric": pl.String, "part": pl.String, "cause": pl.String, "kind": pl.String,
    "record": pl.String, "before": pl.Float64, "after": pl.Float64, "effect": pl.Float64,
}  # fmt: skip
_RATES = "records/rates"
_READ_OTHERWISE = {"sources": "sources.yaml has changed", "models": "Models of the data have changed"}


@dataclass(frozen=True)
class Restatement:
    """What became of a sealed month.

    `effects` has a row per metric that moved and cause; of one metric they sum to its `difference`. `records` has what
    each record did to a part of a metric. `changed` names the definitions and stages that are not those sealed.
    """

    effects: pl.DataFrame
    records: pl.DataFrame
    changed: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass
class _Sides:
    """The same questions of today's records, read in three ways, and what each difference is due to."""

    today: Session
    by_definitions: Session
    by_rates: Session
    changed: tuple[str, ...]
    notes: list[str] = field(default_factory=list)


def carried(session: Session, sealed: Snapshot) -> dict[str, pl.DataFrame]:
    """A restatement as the tables that the next snapshot carries."""
    found = restate(session, sealed)
    return {"restated/effects": found.effects, "restated/records": found.records}


def restate(session: Session, sealed: Snapshot) -> Restatement:
    """A sealed month against the data of the session."""
    sides = _sides(session, sealed)
    manifest, key = sealed.manifest, email_hash_key(session.company)
    causes = Causes(
        Extracts.sealed(sealed),
        Extracts({name: frame_without_addresses(session.read(sql), key) for name, sql in EXTRACTS.items()
                  if _table(name) in session.definitions.tables}),
    )  # fmt: skip
    parts_before = sealed.frame("records/parts")
    keyed = record_session(sides.by_rates)
    effects: list[tuple[object, ...]] = []
    records: list[tuple[object, ...]] = []
    for row in sealed.frame("results/headline").iter_rows(named=True):
        name = row["metric"]
        if row["start"] is None:
            continue
        query = Query(
            (name,), period=Period(row["start"], row["until"]), where=manifest.where, as_of=manifest.as_of,
            is_shared=True,
        )  # fmt: skip
        values = [row["value"], *(_number(side, query) for side in (sides.by_rates, sides.by_definitions, sides.today))]
        head = (manifest.month, manifest.revision, name, row["label"], row["unit"], values[0], values[-1])
        if any(value is None for value in values):
            effects += [(*head, None, cause, None) for cause in _lost_its_number(values)]
            continue
        before, by_rates, by_definitions, today = (exact(value, row["unit"]) for value in values)
        # Asked of each metric: what one record adds and another takes away moves the sum by nothing.
        parts = tuple(_unaddressed(part, key) for part in parts_with_records(keyed, query))
        then = parts_before.filter(pl.col("metric") == name)
        found, told = effects_of(then, parts, causes, (before, by_rates), _totals(sealed, name), row["unit"])
        records += [(manifest.month, name, *one) for one in told]
        found |= {RATE: by_definitions - by_rates, RULE: today - by_definitions}
        effects += [(*head, float(today - before), cause, float(found[cause])) for cause in CAUSES if found.get(cause)]
    effects += _targets(session, sealed)
    return Restatement(
        pl.DataFrame(effects, EFFECT_COLUMNS, orient="row"),
        pl.DataFrame(records, RECORD_EFFECT_COLUMNS, orient="row"),
        sides.changed,
        tuple(sides.notes),
    )


def _targets(session: Session, sealed: Snapshot) -> Iterator[tuple[Any, ...]]:
    """What was promised of the month and is promised otherwise by now; a target that is new or gone has no number."""
    manifest, targets = sealed.manifest, sealed.frame("targets")
    then = {row["metric"]: row for row in targets.iter_rows(named=True)}
    now = target_values(session, manifest.period, manifest.where)
    for name in [*then, *(one for one in now if one not in then and one in session.definitions.metrics)]:
        was: Any = then[name]["target"] if name in then else None
        target: Any = now.get(name)
        if was == target:
            continue
        label, unit = (then[name]["label"], then[name]["unit"]) if name in then else _words(session, name)
        known = was is not None and target is not None
        difference = float(exact(target, unit) - exact(was, unit)) if known else None
        head = (manifest.month, manifest.revision, f"target of {name}", f"Target of {label}", unit, was, target)
        yield (*head, difference, TARGET, difference)


def _words(session: Session, name: str) -> tuple[str, str]:
    metric = session.reach.metric(name)
    return metric.label, metric.unit


def _unaddressed(part: Part, key: bytes) -> Part:
    """With keys of records as they are sealed."""
    return part if part.records is None else replace(part, records=frame_without_addresses(part.records, key))


def _table(name: str) -> str:
    return "pipeline" if name == "records/deals" else name.partition("/")[2]


def _number(side: Session, query: Query) -> float | int | None:
    if query.metrics[0] not in side.definitions.metrics:
        return None
    return side.answer(query).number(query.metrics[0])


def _lost_its_number(values: list[float | int | None]) -> list[str]:
    """Between which of the sides there began or ceased to be a number: by records, by rates, by rules."""
    pairs = zip((APART, RATE, RULE), pairwise(values), strict=True)
    return [cause for cause, (one, other) in pairs if (one is None) != (other is None)]


# -- the sides -------------------------------------------------------------------------------------------------------


def _sides(session: Session, sealed: Snapshot) -> _Sides:
    notes: list[str] = []
    folder = sealed.folder / DEFINITIONS
    now = _stages(session, session.company.folder, session.through)
    if now.fingerprint != session.manifest.fingerprints.get("stages"):
        raise NotSealed(
            "stages.yaml has changed since the data was loaded, so that it cannot be told what it changed."
            " Run first: python tandem.py refresh"
        )
    before = _stages(session, folder, dt.date.fromisoformat(sealed.manifest.through))
    definitions = session.definitions
    try:
        of_then = replace(session.company, folder=folder)
        sealed_definitions = load_definitions(of_then, session.manifest.describe(), standard=folder / "standard")
        # Explain and listing aside, only what metrics and dimensions compute is of then.
        definitions = replace(sealed_definitions, tables=session.definitions.tables)
    except InvalidFiles:
        notes.append("The sealed definitions do not fit today's tables: what changed in them is among the records.")
    then_made, now_made = sealed.manifest.fingerprints, session.manifest.fingerprints
    notes += [
        f"{told} since: what that changes is among the records."
        for name, told in _READ_OTHERWISE.items()
        if then_made.get(name) != now_made.get(name)
    ]
    key, company_now = email_hash_key(session.company), _text(session.company.folder / "company.yaml")
    if sealed.text(f"{DEFINITIONS}/company.yaml") != without_addresses(company_now, key):
        notes.append("company.yaml has changed since: what that changes is among the records.")
    changed = _changed(session, sealed, definitions)
    tables = tables_made_by(session, before, now)
    rates = _other_rates(session, sealed)
    with_rates = tables_made_by(session, before, now, rates) if rates is not None else tables
    by_definitions = reread(session, tables, definitions) if tables or changed else session
    by_rates = reread(session, with_rates, definitions) if rates is not None else by_definitions
    return _Sides(session, by_definitions, by_rates, changed, notes)


def _stages(session: Session, folder: Path, through: dt.date | None) -> Stages:
    """The stages that a folder declares, with the version of each rule that counts when data reaches through a day."""
    problems = Problems()
    stages = read_stages(replace(session.company, folder=folder), problems)
    problems.raise_if_any()
    return replace(stages, through=through)


def _changed(session: Session, sealed: Snapshot, definitions: Definitions) -> tuple[str, ...]:
    """The metrics that are computed otherwise than was sealed, and stages.yaml where it is another."""
    reach = Reach(session.company, session.manifest, definitions)
    then = {name: fingerprint(reach, metric) for name, metric in definitions.metrics.items()}
    now = {name: fingerprint(session.reach, metric) for name, metric in session.definitions.metrics.items()}
    changed = sorted(name for name in then.keys() | now.keys() if then.get(name) != now.get(name))
    is_other = sealed.manifest.fingerprints.get("stages") != session.manifest.fingerprints.get("stages")
    return (*(["stages.yaml"] if is_other else []), *changed)


def _other_rates(session: Session, sealed: Snapshot) -> pl.DataFrame | None:
    """The sealed rates with today's of later days, where a rate of the month or before is another; else None."""
    if not sealed.has(_RATES) or RATES not in session.definitions.tables:
        return None
    until = sealed.manifest.until
    then, now = sealed.frame(_RATES), session.read(EXTRACTS[_RATES])
    clipped = [
        one.filter(pl.col("holds_from") < until).with_columns(pl.min_horizontal("holds_until", pl.lit(until)))
        for one in (then, now)
    ]
    if clipped[0].equals(clipped[1]):
        return None
    return pl.concat([then.filter(pl.col("holds_from") < until), now.filter(pl.col("holds_from") >= until)])


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError:
        return ""


def _totals(sealed: Snapshot, name: str) -> dict[str, float]:
    """The sealed totals of a metric's parts."""
    rows = sealed.frame("records/totals").filter(pl.col("metric") == name)
    return dict(rows.select("part", "total").iter_rows())
