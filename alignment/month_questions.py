"""What a month is asked: the declared list of questions and their answers as frames. Writes no file.

Every frame is long: a row per group and metric with the value of the month beside that of the month before, of the same
month a year ago and of the year to date. A rate of a funnel is that of the latest cohort that had its whole time when
the month ended; its row says which days that cohort entered on.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import polars as pl

from data.calendar import Period, shift, start_of
from metrics import Answer, Query, Session
from metrics.kinds import Funnel, results_of, split_result
from metrics.plan import PLAINEST_MODEL, is_shared_out

__all__ = ["COHORTS", "FUNNEL", "HEADLINE", "QUESTIONS", "SPANS", "Asked", "Question", "ask", "questions", "spans_of"]

FUNNEL = "lead_to_customer"
COHORTS = ("tofu_conversion", "mofu_conversion", "bofu_conversion", FUNNEL)
HEADLINE = (
    "visits", "leads", "recycled_leads", "mqls", "sals", "sqls", "opportunities", "customers", "deals_created",
    "deals_won", "deals_lost", "win_rate", "won_revenue", "average_deal", "expansion_revenue", "renewal_revenue",
    "pipeline_created", "open_pipeline", "weighted_pipeline", "spend", "cost_per_lead", "cost_per_mql",
    "cost_per_customer", "handed_over", "accepted", "rejected", "promise_kept", "human_delay_hours",
    "sales_cycle_days", *COHORTS,
)  # fmt: skip
SOURCES = ("visits", "leads", "mqls", "opportunities", "customers", "won_revenue", "spend", "cost_per_lead")
CAMPAIGNS = (
    "leads", "mqls", "opportunities", "customers", "sourced_revenue", "credited_revenue", "influenced_revenue",
    "credited_pipeline", "spend", "cost_per_lead", "cost_per_mql", "cost_per_customer",
)  # fmt: skip
CONTENT = ("leads", "mqls", "customers", "credited_revenue", "credited_pipeline", "credited_customers")
TREND = (
    "visits", "leads", "mqls", "sals", "opportunities", "customers", "won_revenue", "pipeline_created", "spend",
    "win_rate",
)  # fmt: skip
TREND_MONTHS = 13
# The columns of values, in their order.
SPANS = ("value", "previous", "last_year", "year_to_date")


@dataclass(frozen=True)
class Question:
    """One table of the month. `kind`: measured (long, by `by`), funnel (a row per step) or trend (a row per month)."""

    name: str
    title: str
    metrics: tuple[str, ...]
    by: tuple[str, ...] = ()
    kind: str = "measured"


QUESTIONS = (
    Question("headline", "The month in numbers", HEADLINE),
    Question("trend", "The last 13 months", TREND, kind="trend"),
    Question("funnel", "Where leads stop", (FUNNEL,), kind="funnel"),
    Question("sources", "Channels and sources", SOURCES, ("channel", "source")),
    Question("campaigns", "Campaigns", CAMPAIGNS, ("campaign",)),
    Question("content", "Content", CONTENT, ("content",)),
    Question("headline_by_channel", "The month by channel", HEADLINE, ("channel",)),
    Question("headline_by_campaign", "The month by campaign", HEADLINE, ("campaign",)),
    Question("headline_by_segment", "The month by segment", HEADLINE, ("segment",)),
    Question("funnel_by_channel", "Where leads stop, by channel", (FUNNEL,), ("channel",), kind="funnel"),
    Question("funnel_by_segment", "Where leads stop, by segment", (FUNNEL,), ("segment",), kind="funnel"),
)


@dataclass(frozen=True)
class Asked:
    """A question's frame, with why a metric has no answer and what is left out of a number."""

    question: Question
    frame: pl.DataFrame
    reasons: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    period: Period | None = None


def questions(session: Session) -> Iterator[Question]:
    """The declared questions with the metrics and dimensions that the company's definitions still have."""
    for question in QUESTIONS:
        known = tuple(name for name in question.metrics if name in session.definitions.metrics)
        if known and all(name in session.definitions.dimensions for name in question.by):
            yield Question(question.name, question.title, known, question.by, question.kind)


def spans_of(session: Session, name: str, month: Period) -> dict[str, Period]:
    """The days that each column of values is about; a column without an entry stays empty."""
    if isinstance(session.reach.metric(name), Funnel):
        cohort = session.matured_period(split_result(name)[0], month, overall=True, as_of=month.until)
        return {} if cohort is None else {key: _moved(cohort, back) for key, back in _BACK.items()}
    year = start_of(month.start, "year", session.company)
    return {key: _moved(month, back) for key, back in _BACK.items()} | {"year_to_date": Period(year, month.until)}


_BACK = {"value": 0, "previous": 1, "last_year": 12}


def _moved(period: Period, months: int) -> Period:
    return Period(shift(period.start, "month", -months), shift(period.until, "month", -months))


def ask(session: Session, question: Question, month: Period, where: str | None = None) -> Asked:
    """The frame of one question about a month, under a condition where one is given."""
    if question.kind == "funnel":
        return _funnel(session, question, month, where)
    if question.kind == "trend":
        return _trend(session, question, month, where)
    return _measured(session, question, month, where)


def _query(metrics: tuple[str, ...], by: tuple[str, ...], period: Period, where: str | None, until: dt.date) -> Query:
    return Query(metrics, by, period=period, where=where, as_of=until, is_shared=True)


def _measured(session: Session, question: Question, month: Period, where: str | None) -> Asked:
    names = [name for name in question.metrics if _can_be_split(session, name, question.by)]
    reasons: dict[str, str] = {}
    notes: dict[str, None] = {}
    values: dict[str, list[pl.DataFrame]] = {key: [] for key in SPANS}
    # Metrics about the same days, and shared out alike, are one question.
    together: dict[tuple[tuple[tuple[str, Period], ...], bool], list[str]] = {}
    for name in names:
        key = (tuple(spans_of(session, name, month).items()), is_shared_out(session.reach, name))
        together.setdefault(key, []).append(name)
    for (spans, is_shared), asked in together.items():
        for column, period in spans:
            query = _query(tuple(asked), question.by, period, where, month.until)
            answer = session.answer(query if not is_shared else _by_model(query))
            values[column].append(_long(answer, column))
            if column == "value":
                reasons |= answer.reasons
                notes |= dict.fromkeys(answer.notes)
        if not spans:
            reasons |= dict.fromkeys(asked, "No file says how far its data reaches, or a stage is not declared here.")
    frame = _beside(values, question.by)
    described = _described(session, names, month)
    order = pl.DataFrame({"metric": names, "place": range(len(names))}, schema={"metric": pl.String, "place": pl.Int64})
    frame = frame.join(described, on="metric", how="left").join(order, on="metric", how="left")
    # A total has a row for each metric, though nothing may be known of it.
    if not question.by:
        frame = order.join(described, on="metric").join(frame.select("metric", *SPANS), on="metric", how="left")
    frame = _named(session, frame, question.by)
    names_of = [column for name in question.by for column in (name, f"{name}_name")]
    frame = frame.sort([*question.by, "place"], nulls_last=True)
    shown = [*names_of, "metric", "label", "unit", "owner", "good", *SPANS, "start", "until", "model"]
    return Asked(question, frame.select(shown), reasons, tuple(notes), month)


def _by_model(query: Query) -> Query:
    return Query(
        query.metrics, query.by, period=query.period, where=query.where, as_of=query.as_of, is_shared=True,
        model=PLAINEST_MODEL,
    )  # fmt: skip


def _can_be_split(session: Session, name: str, by: tuple[str, ...]) -> bool:
    return not by or set(by) <= set(session.dimensions_of(name))


def _long(answer: Answer, column: str) -> pl.DataFrame:
    """A row per group and metric."""
    by, names = list(answer.query.by), list(answer.query.metrics)
    numbers = answer.frame.with_columns(pl.col(by).cast(pl.String), pl.col(names).cast(pl.Float64))
    return numbers.unpivot(names, index=by, variable_name="metric", value_name=column)


def _beside(values: Mapping[str, list[pl.DataFrame]], by: tuple[str, ...]) -> pl.DataFrame:
    """The columns of values side by side; a group that one of them lacks is empty there."""
    keys = [*by, "metric"]
    frame = pl.DataFrame(schema=dict.fromkeys(keys, pl.String))
    for column, parts in values.items():
        one = pl.concat(parts) if parts else pl.DataFrame(schema={**dict.fromkeys(keys, pl.String), column: pl.Float64})
        frame = frame.join(one, on=keys, how="full", coalesce=True, nulls_equal=True)
    return frame


def _described(session: Session, names: list[str], month: Period) -> pl.DataFrame:
    """What a reader needs to write a metric's number: its words, its unit, whose it is, and of which days it is."""
    rows = []
    for name in names:
        metric, spans = session.reach.metric(name), spans_of(session, name, month)
        days = spans.get("value")
        unit = results_of(metric).get(split_result(name)[1] or "", metric.unit)
        model = PLAINEST_MODEL if is_shared_out(session.reach, name) else None
        rows.append(
            (name, metric.label, unit, metric.owner, metric.good, days and days.start, days and days.until, model)
        )
    texts = dict.fromkeys(("metric", "label", "unit", "owner", "good"), pl.String)
    return pl.DataFrame(rows, {**texts, "start": pl.Date, "until": pl.Date, "model": pl.String}, orient="row")


def _named(session: Session, frame: pl.DataFrame, by: tuple[str, ...]) -> pl.DataFrame:
    """With the words for each value, such as a campaign's name for its id."""
    for name in by:
        words = session.names(name)
        shown = [words.get(value, value) for value in frame[name]]
        frame = frame.with_columns(pl.Series(f"{name}_name", shown, dtype=pl.String))
    return frame


def _funnel(session: Session, question: Question, month: Period, where: str | None) -> Asked:
    (name,) = question.metrics
    cohort = session.matured_period(name, month, overall=True, as_of=month.until)
    if cohort is None or not _can_be_split(session, name, question.by):
        why = "No cohort has had its whole time to convert, or the funnel cannot be split so here."
        return Asked(question, pl.DataFrame(), {name: why})
    answer = session.funnel(name, _query((name,), question.by, cohort, where, month.until))
    frame = answer.frame.with_columns(pl.lit(cohort.start).alias("start"), pl.lit(cohort.until).alias("until"))
    frame = frame.with_columns(pl.col(list(question.by)).cast(pl.String)) if question.by else frame
    return Asked(question, _named(session, frame, question.by), dict(answer.reasons), answer.notes, cohort)


def _trend(session: Session, question: Question, month: Period, where: str | None) -> Asked:
    period = Period(shift(month.until, "month", -TREND_MONTHS), month.until)
    query = _query(question.metrics, (), period, where, month.until)
    answer = session.answer(Query(query.metrics, grain="month", period=period, where=where, as_of=month.until,
                                  is_shared=True))  # fmt: skip
    numbers = answer.frame.with_columns(pl.col(list(question.metrics)).cast(pl.Float64))
    return Asked(question, numbers, dict(answer.reasons), answer.notes, period)
