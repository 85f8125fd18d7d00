"""What each record adds to a number: a row per key of the table that is counted. Explains no change.

A number that is a sum has one part; a rate, an average or a quotient has two, numerator and denominator. A median has
its waits, which add up to nothing: `middle` makes it of them. Any other number has no parts, and one whose part reads
several tables has no keys.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from data.errors import Place
from metrics.kinds import Aggregate, Credit, Dimension, Duration, Funnel, inputs_of, split_result
from metrics.query import Query
from metrics.reach import Reach, Unanswerable
from metrics.run import Session
from metrics.splitting import parts_of

__all__ = ["KINDS", "RECORD_COLUMNS", "WAIT", "Part", "middle", "parts_with_records", "record_session"]

# What a record of a table is, and the columns that tell it from others; of tables that are not named, their own key.
_RECORDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "leads": ("contact", ("contact_id", "pass")),
    "handoffs": ("contact", ("contact_id", "pass")),
    "lead_owners": ("contact", ("contact_id", "pass", "turn")),
    "lead_stages": ("contact", ("contact_id", "pass")),
    "pipeline": ("deal", ("deal_id",)),
    "revenue": ("deal", ("deal_id",)),
    "credit": ("deal", ("deal_id",)),
    "visits": ("touch", ("touch_id",)),
    "daily_spend": ("spend", ("spent_on", "campaign_id", "channel", "currency")),
    "monthly_costs": ("cost", ("month_on", "kind", "currency")),
}
WAIT = "wait"
KINDS = ("contact", "deal", "touch", "spend", "cost", "row")
RECORD_COLUMNS = {"metric": pl.String, "part": pl.String, "kind": pl.String, "record": pl.String, "value": pl.Float64}
_KEY = "record_key_"
_APART = " / "


@dataclass(frozen=True)
class Part:
    """One part of a number: its `role` (value, numerator, denominator), its total and its records, which add up to it.

    `records` has columns kind, record (the key as text), value; None where the part cannot be told record by record.
    Of the role WAIT the total is the median, and the value of a wait that has not ended is infinite.
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
    metric = keyed.reach.metric(name)
    if isinstance(metric, Duration) and split_result(name)[1] in (None, "median"):
        return _waits(keyed, query, metric)
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
    if not _key(table, asker.definitions.tables[table].key):
        return None
    # What adds nothing is no reason for anything.
    return _by_key(asker, query, table, 0).filter(pl.col("value") != 0)


def _by_key(asker: Session, query: Query, table: str, nothing: float) -> pl.DataFrame:
    """(kind, record, value) of a metric by the key of a table; `nothing` stands for a record without a value."""
    by = tuple(f"{_KEY}{index}" for index in range(len(_key(table, asker.definitions.tables[table].key))))
    frame = asker.answer(replace(query, by=by)).frame
    texts = [pl.col(name).cast(pl.String).fill_null("") for name in by]
    kind = _RECORDS[table][0] if table in _RECORDS else "row"
    return frame.select(
        pl.lit(kind).alias("kind"),
        pl.concat_str(texts, separator=_APART).alias("record"),
        pl.col(query.metrics[0]).cast(pl.Float64).fill_null(nothing).alias("value"),
    )


def _waits(keyed: Session, query: Query, metric: Duration) -> tuple[Part, ...]:
    """The waits behind a median: the median of each by itself. None where a key stands for several of them."""
    own = keyed.definitions.tables[metric.table].key if metric.table in keyed.definitions.tables else ()
    answer = keyed.answer(replace(query, by=()))
    if answer.reasons or not own or _key(metric.table, own) != own:
        return ()
    median = answer.number(query.metrics[0])
    if median is None:
        return ()
    return (Part(WAIT, float(median), _by_key(keyed, query, metric.table, math.inf)),)


def middle(waits: Sequence[float]) -> float | None:
    """The median of waits in their order, as durations have it: the smallest that half of them do not exceed.

    None where there is none, or where it falls on a wait that has not ended.
    """
    found = waits[(len(waits) + 1) // 2 - 1] if waits else math.inf
    return None if math.isinf(found) else found


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
