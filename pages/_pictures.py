"""Answers as pictures: stages, ranked groups, rates by channel and over time. Computes no business number."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl
import streamlit as st

from data.calendar import Period, leading_to
from data.generations import StageFact
from metrics import Answer, Query
from metrics.findings import Step, cohort_points, steps, weakest
from pages import _charts, _words
from pages._charts import Bar, Point, Stage
from pages._dates import period_label, span
from pages._page import View, metric_of, rows_button, words
from pages._panels import column_formats, show_chart, show_reason

__all__ = [
    "FUNNEL",
    "StepCohort",
    "choose_step",
    "ranked",
    "rate_by_channel",
    "rate_over_time",
    "stages",
    "step_cohort",
]

FUNNEL = "lead_to_customer"
OVERALL = "overall"
PERIODS = 12
# Under so many matured entries a rate says little; it is shown with its number and in no ranking.
FEWEST_RANKED = 20
TABLE_UNITS = {
    "entered": "count", "converted_to_date": "count", "matured": "count", "converted_matured": "count",
    "rate_to_date": "ratio", "rate_matured": "ratio", "within_days": "count",
}  # fmt: skip
TABLE_LABELS = {
    "step": "Step", "within_days": "Within days", "entered": "Entered", "converted_to_date": "Converted to date",
    "matured": "Matured", "converted_matured": "Converted in time", "rate_to_date": "Rate to date",
    "rate_matured": "Rate of the matured", "period": "Period", "channel": "Channel",
}  # fmt: skip


@dataclass(frozen=True)
class StepCohort:
    """The funnel of the latest period in which every step had its whole time. Without a funnel, `answer` says why."""

    period: Period | None
    answer: Answer
    steps: list[Step]
    stages: tuple[StageFact, ...]

    @property
    def worst(self) -> Step | None:
        return weakest(self.steps)

    def label(self, step: str) -> str:
        """A step by its two ends: MQL to Opportunity."""
        names = [stage.name for stage in self.stages]
        after = len(names) - 1 if step == OVERALL else names.index(step)
        before = 0 if step == OVERALL else after - 1
        return f"{self.stages[before].label} to {self.stages[after].label}"


def step_cohort(seen: View) -> StepCohort:
    grain = "quarter" if seen.grain == "quarter" else "month"
    period = seen.session.matured_period(FUNNEL, grain)
    answer = seen.session.funnel(FUNNEL, Query((FUNNEL,), period=period, where=seen.where))
    return StepCohort(period, answer, steps(answer.frame), seen.session.stages_of(FUNNEL))


def stages(seen: View, cohort: StepCohort) -> None:
    """Bars per stage with the step's rate between; the rows of the cohort one click away."""
    title = "Where do leads stop?"
    if not cohort.steps or cohort.period is None:
        show_reason(title, cohort.answer.reasons.get(FUNNEL, "No lead has had its whole time yet."), key="stages")
        return
    own = [step for step in cohort.steps if step.step != OVERALL]
    entered = [step.entered for step in own] + [own[-1].converted_matured]
    shown = [
        _stage(seen, cohort, stage, count, own[i - 1] if i else None)
        for i, (stage, count) in enumerate(zip(cohort.stages, entered, strict=True))
    ]
    windows = ", ".join(f"{step.within_days}" for step in own)
    caption = (
        f"What entered each stage in {span(cohort.period)}, and of it who went on within {windows} days."
        f" {cohort.stages[-1].label}: those who got there in time. The latest {_unit(seen)} with the whole time behind it."
    )
    show_chart(
        title,
        caption,
        _charts.stage_bars(shown, seen.theme),
        cohort.answer.frame.drop("unrecorded"),
        key="stages",
        columns=_columns(),
        below=lambda: rows_button(seen, FUNNEL, cohort.period, "stages") if cohort.period else None,
    )


def _unit(seen: View) -> str:
    return "quarter" if seen.grain == "quarter" else "month"


def _stage(seen: View, cohort: StepCohort, stage: StageFact, count: int, step: Step | None) -> Stage:
    worst = cohort.worst
    return Stage(
        label=stage.label,
        count=count,
        text=_words.count(count),
        owner=stage.owner,  # type: ignore[arg-type]  # owners are checked when loaded
        rate=_words.rate(step.rate_matured) if step else "",
        note=f"within {step.within_days} days" if step else "",
        is_worst=bool(step and worst and step.step == worst.step),
    )


def ranked(seen: View, answer: Answer, title: str) -> None:
    """Groups of one metric by one dimension, largest first, the empty group last."""
    metric, dimension = answer.query.metrics[0], answer.query.by[0]
    reason = answer.reasons.get(metric)
    named = answer.frame.filter(pl.col(metric) != 0) if reason is None else answer.frame
    if reason is not None or named.is_empty():
        show_reason(title, reason or f"None in {span(seen.period)}. Choose a longer period.", key="ranked")
        return
    names = seen.session.names(dimension)
    bars = [
        Bar(None if value is None else names.get(value, value), number, words(seen, metric, number))
        for value, number in named.select(dimension, metric).iter_rows()
    ]
    period = answer.query.period or seen.period
    show_chart(
        title,
        f"{metric_of(seen, metric).label} by {seen.session.reach.dimension(dimension).label.lower()}; all groups add up to the total.",
        _charts.ranked_bars(
            bars,
            seen.theme,
            owner=metric_of(seen, metric).owner,  # type: ignore[arg-type]  # owners are checked when loaded
            unattributed=f"No {dimension}",
            sum_as_text=lambda number: words(seen, metric, number),
        ),
        named,
        key="ranked",
        columns=column_formats({metric: "count"}, {metric: metric_of(seen, metric).label}),
        below=lambda: rows_button(seen, metric, period, "ranked", (dimension,)),
    )


def choose_step(seen: View, cohort: StepCohort) -> str:
    """The step whose rate the pictures below show; in the address of the page."""
    if len(cohort.steps) < 2:
        return OVERALL
    names = list(dict.fromkeys([OVERALL, *[step.step for step in cohort.steps]]))
    chosen = st.segmented_control(
        "Step", names, format_func=cohort.label, key="step", default=OVERALL, bind="query-params"
    )
    return chosen or OVERALL


def rate_by_channel(seen: View, cohort: StepCohort, step: str) -> None:
    """The step's matured rate per channel; channels with few entries stand in the table only."""
    title = "Which channels go on?"
    if not cohort.steps:
        show_reason(title, cohort.answer.reasons.get(FUNNEL, ""), key="by_channel")
        return
    period = seen.session.matured_period(FUNNEL, _unit(seen), overall=step == OVERALL)
    answer = seen.session.funnel(FUNNEL, Query((FUNNEL,), ("channel",), period=period, where=seen.where))
    frame = answer.frame.filter(pl.col("step") == _step_name(cohort, step))
    enough = frame.filter(pl.col("matured") >= FEWEST_RANKED)
    if answer.reasons or enough.is_empty() or period is None:
        reason = (
            answer.reasons.get(FUNNEL) or f"No channel has {FEWEST_RANKED} entries with their whole time behind them."
        )
        show_reason(title, reason, key="by_channel")
        return
    bars = [
        Bar(name, rate, f"{_words.rate(rate)} of {_words.count(matured)}")
        for name, rate, matured in enough.select("channel", "rate_matured", "matured").iter_rows()
    ]
    few = frame.height - enough.height
    left_out = f" {few} with fewer than {FEWEST_RANKED} are in the table only." if few else ""
    show_chart(
        title,
        f"{cohort.label(step)}, entries of {span(period)}, each with its whole time.{left_out}",
        _charts.ranked_bars(bars, seen.theme, owner="both", unattributed="No channel"),
        frame.drop("unrecorded", "step"),
        key="by_channel",
        columns=_columns(),
        below=lambda: rows_button(seen, FUNNEL, period, "by_channel", ("channel",)),
    )


def rate_over_time(seen: View, step: str) -> None:
    """The step's rate by the period of entry; periods that are still converting are dashed and show the rate so far."""
    cohort = step_cohort(seen)
    title = "How has it changed?"
    if not cohort.steps or seen.session.through is None:
        show_reason(title, cohort.answer.reasons.get(FUNNEL, ""), key="over_time")
        return
    grain = _unit(seen)
    past = leading_to(seen.period.until, grain, seen.session.company, PERIODS)
    query = Query((FUNNEL,), grain=grain, period=past, where=seen.where)
    answer = seen.session.funnel(FUNNEL, query)
    frame = answer.frame.filter(pl.col("step") == _step_name(cohort, step))
    if frame.is_empty():
        show_reason(title, f"Nobody entered in {span(past)}.", key="over_time")
        return
    points = [
        Point(period_label(point.period, grain), point.rate, _words.rate(point.rate), point.is_mature)
        for point in cohort_points(frame)
    ]
    show_chart(
        title,
        f"{cohort.label(step)} by {grain} of entry. Dashed: still converting, the rate so far.",
        _charts.over_time(points, seen.theme, owner="both", as_text=_words.rate),
        frame.drop("unrecorded", "step"),
        key="over_time",
        columns=_columns(),
        below=lambda: rows_button(seen, FUNNEL, past, "over_time"),
    )


def _step_name(cohort: StepCohort, step: str) -> str:
    return step if step in {found.step for found in cohort.steps} else OVERALL


def _columns() -> dict[str, object]:
    return column_formats(TABLE_UNITS, TABLE_LABELS)  # type: ignore[arg-type]  # units are literals of this module
