"""Credit by Markov: a question's attributed total shared out by the removal effects of its period. Reads no paths.

By channel only (formulas: Attribution). Transitions are those of deals of type new that reached the goal in the period,
and for the close those of deals that were lost in it; what no touch led to stays with the empty channel.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl
from sqlglot import exp

from data.attribution import MARKOV
from data.engine import Values
from data.errors import InvalidQuestion
from metrics import markov
from metrics.credits import UNATTRIBUTED, goal_of, models_of
from metrics.kinds import Credit
from metrics.plan import PLAINEST_MODEL, is_shared_out
from metrics.query import Query
from metrics.reach import Reach

if TYPE_CHECKING:  # a session asks this module, which only asks it back
    from metrics.answers import Answer
    from metrics.run import Session

__all__ = ["CHANNEL", "answer_by_chain", "not_by_chain"]

TABLE, CHANNEL = "transitions", "channel"


def answer_by_chain(session: Session, query: Query) -> Answer:
    """The answer to a question whose model is Markov, without what it is compared with. Raises InvalidQuestion."""
    shared = _shared_out(session.reach, query)
    reason = _no_reason(session, query)
    if not query.by and reason is None:
        # Every model shares out the same total.
        return replace(session.answer(replace(query, model=PLAINEST_MODEL, compare="none")), query=query)
    plain = replace(query, order=(), limit=None, compare="none")
    # All of it is one number per cause; what has no cause was touched, whichever model shares it out.
    causes = replace(plain, metrics=shared, by=(UNATTRIBUTED,), model=PLAINEST_MODEL, where=None)
    whole = session.answer(causes)
    reasons = dict.fromkeys(shared, reason) if reason else dict(whole.reasons)
    parts = [_column(session, query, name, whole, name in reasons) for name in shared]
    others = tuple(name for name in dict.fromkeys(query.metrics) if name not in shared)
    beside = session.answer(replace(plain, metrics=others, model=None)) if others else None
    frame = _joined(query, [*parts, *([beside.frame] if beside else [])], [n for n in shared if n not in reasons])
    return replace(
        whole,
        query=query,
        frame=frame,
        reasons={**reasons, **(beside.reasons if beside else {})},
        notes=tuple(dict.fromkeys((*whole.notes, *_notes(session, shared), *(beside.notes if beside else ())))),
    )


def _shared_out(reach: Reach, query: Query) -> tuple[str, ...]:
    """The metrics of the question that are shared out. Raises InvalidQuestion for what the model does not allow."""
    shared = []
    for name in dict.fromkeys(query.metrics):
        metric = reach.metric(name)
        if isinstance(metric, Credit):
            if metric.where is not None:
                raise _refused(reach, metric, f"'{name}' counts some touches only")
            shared.append(name)
        elif is_shared_out(reach, name):
            plain = ", ".join(one.name for one in reach.definitions.metrics.values() if isinstance(one, Credit))
            raise InvalidQuestion(f"'{MARKOV}' shares out credit alone, and '{name}' is made of it. Ask: {plain}.")
    if not shared:
        raise InvalidQuestion(f"The model '{MARKOV}' has nothing to apply to: no metric asked is shared out.")
    metric = reach.metric(shared[0])
    assert isinstance(metric, Credit)
    if (limit := _limit(query)) is not None:
        raise _refused(reach, metric, limit)
    if query.where is not None and not query.is_shared:
        raise _refused(reach, metric, f"it cannot be narrowed to {query.where}")
    known = (*query.by, *query.metrics)
    if unknown := [name for name in query.order if name.removeprefix("-") not in known]:
        raise InvalidQuestion(f"Cannot order by '{unknown[0].removeprefix('-')}'. Columns: {', '.join(known)}.")
    return tuple(shared)


def not_by_chain(session: Session, query: Query) -> str | None:
    """Why a question that is shared out cannot be asked by Markov, as a sentence for a page; None where it can."""
    reach = session.reach
    shared = [name for name in query.metrics if is_shared_out(reach, name)]
    made = [name for name in shared if not isinstance(metric := reach.metric(name), Credit) or metric.where is not None]
    if made:
        return f"{reach.metric(made[0]).label} is not shared out by Markov: it knows plain credit only."
    if (limit := _limit(query)) is not None:
        return f"Markov shares out by channel only: {limit}."
    reason = _no_reason(session, query)
    return None if reason is None else reason.replace(MARKOV, MARKOV.capitalize(), 1)


def _limit(query: Query) -> str | None:
    """What of a question's form the model does not know."""
    if query.by not in ((), (CHANNEL,)):
        return f"it cannot answer by {', '.join(query.by)}"
    return f"it cannot answer per {query.grain}" if query.grain is not None else None


def _refused(reach: Reach, metric: Credit, why: str) -> InvalidQuestion:
    rules = ", ".join(models_of(reach, metric.measure))
    allowed = "It allows a period and --by channel, and nothing else"
    return InvalidQuestion(
        f"'{MARKOV}' shares out a total by channel: {why}. {allowed}; rule models allow it: {rules}."
    )


def _no_reason(session: Session, query: Query) -> str | None:
    """Why there is no answer although the question stands; None where there is one."""
    if query.where is not None:
        return f"{MARKOV} knows channels only, so that it cannot take a filter."
    described = session.definitions.tables.get(TABLE)
    if described is None:
        run = f"python tandem.py refresh --company {session.company.folder}"
        return f"The data was loaded by another version of Tandem. Run: {run}"
    return described.columns["to_channel"].absent if query.by else None


def _notes(session: Session, shared: tuple[str, ...]) -> tuple[str, ...]:
    described = session.definitions.tables.get(TABLE)
    absent = described.columns["nulls"].absent if described else None
    if absent is None or all(goal_of(_credit(session, name)) != "close" for name in shared):
        return ()
    return (f"{MARKOV}: no journey ends in nothing here. {absent}",)


def _credit(session: Session, name: str) -> Credit:
    metric = session.reach.metric(name)
    assert isinstance(metric, Credit)
    return metric


def _column(session: Session, query: Query, name: str, whole: Answer, is_unknown: bool) -> pl.DataFrame:
    """One metric by channel: the attributed total by removal effects, the rest with the empty channel."""
    schema = {CHANNEL: pl.String, name: pl.Float64}
    if is_unknown:
        return pl.DataFrame(schema=schema) if query.by else pl.DataFrame([(None, None)], schema=schema, orient="row")
    totals = whole.frame.select(UNATTRIBUTED, name)
    attributed = float(totals.filter(pl.col(UNATTRIBUTED).is_null())[name].sum())
    rest = totals.filter(pl.col(UNATTRIBUTED).is_not_null())[name]
    sql, values = _statement(query, goal_of(_credit(session, name)))
    shares = markov.shares(_counts(session.run(sql, values)))
    found = {state: share * attributed for state, share in shares.items() if share}
    if unattributed := float(rest.sum()):
        found[None] = found.get(None, 0.0) + unattributed
    return pl.DataFrame(list(found.items()), schema=schema, orient="row")


def _statement(query: Query, goal: str) -> tuple[str, Values]:
    """The transitions of a goal whose ways ended in the period."""
    day = exp.column("ended_on", quoted=True)
    values: dict[str, object] = {"goal": goal}
    conditions: list[exp.Expr] = [exp.column(name, quoted=True).eq(_bound(name)) for name in values]
    if query.period is not None:
        values |= {"from": query.period.start, "until": query.period.until}
        conditions += [day >= _bound("from"), day < _bound("until")]
    if query.as_of is not None:
        values["as_of"] = query.as_of
        conditions.append(day < _bound("as_of"))
    keys = [exp.column(name, quoted=True) for name in ("step", "from_channel", "to_channel")]
    counts = [
        exp.alias_(exp.cast(exp.Sum(this=exp.column(name, quoted=True)), "bigint"), name, quoted=True)
        for name in ("conversions", "nulls")
    ]
    select = exp.select(*keys, *counts).from_(exp.to_table(TABLE)).where(exp.and_(*conditions)).group_by(*keys)
    return select.order_by(*keys).sql(dialect="duckdb"), values


def _bound(name: str) -> exp.Placeholder:
    return exp.Placeholder(this=name)


def _counts(frame: pl.DataFrame) -> dict[tuple[markov.State, markov.State], float]:
    found: dict[tuple[markov.State, markov.State], float] = {}
    for step, before, after, conversions, nulls in frame.iter_rows():
        pairs: list[tuple[tuple[markov.State, markov.State], float]]
        if step == "end":
            pairs = [((before, markov.CONVERSION), conversions), ((before, markov.NULL), nulls)]
        else:
            pairs = [((markov.START if step == "start" else before, after), conversions + nulls)]
        found |= {pair: float(count) for pair, count in pairs if count}
    return found


def _joined(query: Query, parts: list[pl.DataFrame], known: list[str]) -> pl.DataFrame:
    """The columns beside each other in the order asked; what was shared out is 0 where a channel has none."""
    keys = [CHANNEL]
    frame = parts[0]
    for part in parts[1:]:
        part = part if CHANNEL in part.columns else part.select(pl.lit(None, dtype=pl.String).alias(CHANNEL), pl.all())
        frame = frame.join(part, on=keys, how="full", coalesce=True, nulls_equal=True)
    frame = frame.with_columns(pl.col(known).fill_null(0.0)) if known else frame
    wanted = [*query.order, *keys]
    frame = frame.sort(
        [name.removeprefix("-") for name in wanted],
        descending=[name.startswith("-") for name in wanted],
        nulls_last=True,
    )
    frame = frame.head(query.limit) if query.limit else frame
    return frame.select(*query.by, *dict.fromkeys(query.metrics))
