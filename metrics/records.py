"""What each record adds to a number: a row per key of the table that is counted. Explains no change.

A number that is a sum has one part; a rate, an average or a quotient has two, numerator and denominator. A number that
is neither, such as a median, has no parts, and one whose part reads several tables has no keys.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import polars as pl

from data.errors import Place
from metrics.kinds import Aggregate, Credit, Dimension, Duration, Funnel, inputs_of
from metrics.query import Query
from metrics.reach import Reach, Unanswerable
from metrics.run import Session
from metrics.splitting import parts_of

__all__ = ["KINDS", "RECORD_COLUMNS", "Part", "parts_with_records", "record_session"]

# What a record of a table is, and the columns that tell it from others; of tables that are not named, their own key.
_RECORDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "leads": ("contact", ("contact_id", "pass")),
    "handoffs": ("contact", ("contact_id", "pass")),
    "lead_stages": ("contact", ("contact_id", "pass")),
    "pipeline": ("deal", ("deal_id",)),
    "revenue": ("deal", ("deal_id",)),
    "credit": ("deal", ("deal_id",)),
    "visits": ("touch", ("touch_id",)),
    "daily_spend": ("spend", ("spent_on", "campaign_id", "channel", "currency")),
    "monthly_costs": ("cost", ("month_on", "kind", "currency")),
}
KINDS = ("contact", "deal", "touch", "spend", "cost", "row")
RECORD_COLUMNS = {"metric": pl.String, "part": pl.String, "kind": pl.String, "record": pl.String, "value": pl.Float64}
_KEY = "record_key_"
_APART = " / "


@dataclass(frozen=True)
class Part:
    """One additive part of a number: its `role` (value, numerator, denominator), its total and its records.

    `records` has columns kind, record (the key as text), value; None where the part cannot be told record by record.
    """

    role: str
    total: float
    records: pl.DataFrame | None


def record_session(session: Session) -> Session:
    """The session with the keys of its tables as dimensions."""
    tables = session.definitions.tables
    keys = {name: _key(name, tables[name].key) for name in tables}
    longest = max((len(key) for key in keys.values()), default=0)
    known = dict(session.definitions.dimensions)
    for index in range(longest):
        on = {name: key[index] for name, key in keys.items() if index < len(key) and key[index] in tables[name].columns}
        known[f"{_KEY}{index}"] = Dimension(
            name=f"{_KEY}{index}", label="Record", description="A part of the key of a record.", place=Place(""), on=on
        )
    return session.with_definitions(replace(session.definitions, dimensions=known))


def _key(table: str, own: tuple[str, ...]) -> tuple[str, ...]:
    return _RECORDS[table][1] if table in _RECORDS else own


def parts_with_records(keyed: Session, query: Query) -> tuple[Part, ...]:
    """The parts of the question's one metric, of a session with keys. None where it has no additive parts.

    Raises InvalidQuestion.
    """
    (name,) = query.metrics
    try:
        parts = parts_of(keyed.reach, name)
    except Unanswerable:
        return ()
    asker = keyed.with_metrics(parts.made) if parts.made else keyed
    roles = ("numerator", "denominator") if parts.is_ratio else ("value",)
    found = []
    for role, part in zip(roles, parts.names, strict=True):
        answer = asker.answer(replace(query, metrics=(part,), by=()))
        if answer.reasons:
            return ()
        found.append(Part(role, float(answer.number(part) or 0), _records(asker, replace(query, metrics=(part,)))))
    return tuple(found)


def _records(asker: Session, query: Query) -> pl.DataFrame | None:
    (part,) = query.metrics
    tables = _tables(asker.reach, part)
    if len(tables) != 1:
        return None
    (table,) = tables
    key = _key(table, asker.definitions.tables[table].key)
    if not key:
        return None
    by = tuple(f"{_KEY}{index}" for index in range(len(key)))
    frame = asker.answer(replace(query, by=by)).frame
    texts = [pl.col(name).cast(pl.String).fill_null("") for name in by]
    kind = _RECORDS[table][0] if table in _RECORDS else "row"
    shown = frame.select(
        pl.lit(kind).alias("kind"),
        pl.concat_str(texts, separator=_APART).alias("record"),
        pl.col(part).cast(pl.Float64).fill_null(0).alias("value"),
    )
    # What adds nothing is no reason for anything.
    return shown.filter(pl.col("value") != 0)


def _tables(reach: Reach, name: str) -> frozenset[str]:
    """The tables whose rows a metric counts, itself or by what it is made of."""
    metric = reach.metric(name)
    if isinstance(metric, Funnel):
        return frozenset(metric.tables)
    if isinstance(metric, Aggregate | Duration):
        return frozenset({metric.table})
    if isinstance(metric, Credit):
        return frozenset({"credit"})
    return frozenset[str]().union(*(_tables(reach, given.metric) for _, given in inputs_of(metric)))
