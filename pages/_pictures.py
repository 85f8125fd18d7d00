"""Answers as pictures: stages, ranked groups, rates by channel and over time. Computes no business number."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl
import streamlit as st

from data.calendar import Period, leading_to, shift
from data.generations import StageFact
from metrics import Answer, Query
from metrics.findings import Step, cohort_points, steps, weakest
from pages import _charts, _targets, _words
from pages import _rule_flags as _rules
from pages._charts import Bar, Stage
from pages._dates import day, period_label, span
from pages._page import View, metric_of, rows_button, words
from pages._panels import column_formats, show_chart, show_reason
from pages._time_lines import Point, over_time

__all__ = [
    "FUNNEL",
    "OVERALL",
    "StepCohort",
    "choose_dimension",
    "choose_step",
    "ranked",
    "rate_by",
    "rate_over_time",
    "stages",
    "step_cohort",
    "volumes",
]

FUNNEL, OVERALL = "lead_to_customer", "overall"
PERIODS = 12
VOLUMES = ("leads", "mqls", "sals", "opportunities", "customers")
# Under so many matured entries a rate says little: it stands in the table and in no picture.
FEWEST_DRAWN = 20
TABLE_UNITS = {
    "entered": "count", "converted_to_date": "count", "matured": "count", "converted_matured": "count",
    "rate_to_date": "ratio", "rate_matured": "ratio", "within_days": "count", "rate_kaplan_meier": "ratio",
    "rate_cumulative_incidence": "ratio", "median_days": "days", "p90_days": "days", "still_open": "count",
}  # fmt: skip
TABLE_LABELS = {
    "step": "Step", "within_days": "Within days", "entered": "Entered", "converted_to_date": "Converted to date",
    "matured": "Matured", "converted_matured": "Converted in time", "rate_to_date": "Rate to date",
    "rate_matured": "Rate of the matured", "rate_kaplan_meier": "Kaplan-Meier",
    "rate_cumulative_incidence": "Cumulative incidence", "median_days": "Median days", "p90_days": "90 % within days",
    "still_open": "Still open", "period": "Period", "channel": "Channel",
}  # fmt: skip


@dataclass(frozen=True)
class StepCohort:
    """The funnel of the latest period in which every step had its whole time. Without a funnel, `reason` says why."""

    period: Period | None
    answer: Answer
    steps: list[Step]
    stages: tuple[StageFact, ...]

    @property
    def reason(self) -> str:
        return self.answer.reasons.get(FUNNEL, "No lead has had its whole time yet.")

    @property
    def worst(self) -> Step | None:
        return weakest(self.steps)

    def label(self, step: str) -> str:
        """A step by its two ends: MQL to Opportunity."""
        before, after = self.ends(step)
        return f"{before} to {after}"

    def ends(self, step: str) -> tuple[str, str]:
        """The labels of the stages between which a step lies."""
        labels = {stage.name: stage.label for stage in self.stages}
        before, after = self.between(step)
        return labels[before], labels[after]

    def between(self, step: str) -> tuple[str, str]:
        """The names of the same stages."""
        names = [stage.name for stage in self.stages]
        after = len(names) - 1 if step == OVERALL else names.index(step)
        return names[0 if step == OVERALL else after - 1], names[after]


def step_cohort(seen: View) -> StepCohort:
    period = seen.session.matured_period(FUNNEL, seen.period)
    answer = seen.session.funnel(
        FUNNEL, Query((FUNNEL,), period=period, where=seen.where, is_shared=True), counts_only=True
    )
    return StepCohort(period, answer, steps(answer.frame), seen.session.stages_of(FUNNEL))


def stages(seen: View, cohort: StepCohort, title: str) -> None:
    """Bars per stage with the step's rate between; the rows of the cohort one click away."""
    period = cohort.period
    if not cohort.steps or period is None:
        show_reason(title, cohort.reason, key="stages")
        return
    own = [step for step in cohort.steps if step.step != OVERALL]
    entered = [step.entered for step in own] + [own[-1].converted_matured]
    arrived: list[Step | None] = [None, *own]
    show_chart(
        title,
        f"Entries into each stage in {span(period)}, the latest such period with the whole time behind it, and how many"
        f" went on in time. {cohort.stages[-1].label}: those who did.",
        _charts.stage_bars(
            [_stage(cohort, *row) for row in zip(cohort.stages, entered, arrived, strict=True)], seen.theme
        ),
        cohort.answer.frame.drop("unrecorded"),
        key="stages",
        columns=_columns(),
        below=lambda: rows_button(seen, FUNNEL, period, "stages"),
    )


def _stage(cohort: StepCohort, stage: StageFact, count: int, step: Step | None) -> Stage:
    worst = cohort.worst
    return Stage(
        label=stage.label,
        count=count,
        text=_words.count(count),
        owner=stage.owner,  # type: ignore[arg-type]  # owners are checked when loaded
        rate=_words.rate(step.rate_matured) if step else "",
        note=f"in {step.within_days} days · {stage.band}" if step else "",
        is_worst=bool(step and worst and step.step == worst.step),
    )


def ranked(seen: View, answer: Answer, title: str, key: str = "ranked") -> None:
    """Groups of one metric by one dimension, largest first, the empty group last."""
    name, dimension = answer.query.metrics[0], answer.query.by[0]
    metric, period = metric_of(seen, name), answer.query.period or seen.period
    shown = answer.frame.filter(pl.col(name) != 0)
    if shown.is_empty():
        reason = answer.reasons.get(name) or f"None in {span(period)}. Choose a longer period."
        show_reason(title, reason, key=key)
        return
    names, targets = seen.session.names(dimension), _targets.of_answer(seen, answer, name)
    bars = [
        targets.on_bar(
            Bar(None if value is None else names.get(value, value), number, words(seen, name, number)), value
        )
        for value, number in shown.select(dimension, name).iter_rows()
    ]
    label = seen.session.reach.dimension(dimension).label
    show_chart(
        title,
        f"{metric.label} by {label.lower()}, {span(period)}. All groups add up to the total.{targets.told}",
        _charts.ranked_bars(
            bars,
            seen.theme,
            owner=metric.owner,  # type: ignore[arg-type]  # owners are checked when loaded
            unattributed=f"No {label.lower()}",
            sum_as_text=lambda number: words(seen, name, number),
        ),
        _targets.beside(shown, [dimension], targets).with_columns(pl.col(dimension).replace(dict(names))),
        key=key,
        columns=_targets.columns({name: "count"}, {dimension: label, name: metric.label}, targets),
        below=lambda: rows_button(seen, name, period, key, (dimension,)),
    )


def choose_step(cohort: StepCohort) -> str:
    """The step whose rate the pictures below show; in the address of the page."""
    if len(cohort.steps) < 3:
        return OVERALL  # one step and all of it are the same
    names = [OVERALL, *[step.step for step in cohort.steps if step.step != OVERALL]]
    chosen = st.segmented_control(
        "Step", names, format_func=cohort.label, key="step", default=OVERALL, bind="query-params"
    )
    return chosen or OVERALL


def choose_dimension(seen: View) -> str:
    """By what the rate is split; in the address of the page."""
    labels = {name: seen.session.reach.dimension(name).label for name in seen.session.dimensions_of(FUNNEL)}
    names = sorted(labels, key=lambda name: (name != "channel", labels[name]))
    if not names:
        return "channel"
    return st.selectbox("By", names, format_func=labels.__getitem__, key="by", bind="query-params") or names[0]


def rate_by(seen: View, cohort: StepCohort, step: str, dimension: str) -> None:
    """The step's matured rate per group; groups with few entries stand in the table only."""
    word = seen.session.reach.dimension(dimension).label.lower()
    title = f"Who goes on, by {word}?"
    period = seen.session.matured_period(FUNNEL, seen.period, overall=step == OVERALL)
    if not cohort.steps or period is None:
        show_reason(title, cohort.reason, key="rate_by")
        return
    query = Query((FUNNEL,), (dimension,), period=period, where=seen.where, is_shared=True)
    answer = seen.session.funnel(FUNNEL, query, counts_only=True)
    frame = answer.frame.filter(pl.col("step") == step)
    enough = frame.filter(pl.col("matured") >= FEWEST_DRAWN)
    if enough.is_empty():
        few = f"No {word} has {FEWEST_DRAWN} entries in {span(period)}. Choose a longer period."
        show_reason(title, answer.reasons.get(FUNNEL) or few, key="rate_by")
        return
    names = seen.session.names(dimension)
    bars = [
        Bar(names.get(name, name) if name else None, rate, f"{_words.rate(rate)} of {_words.count(matured)}")
        for name, rate, matured in enough.select(dimension, "rate_matured", "matured").iter_rows()
    ]
    few = frame.height - enough.height
    left_out = f" {few} with fewer than {FEWEST_DRAWN} are in the table only." if few else ""
    show_chart(
        title,
        f"{cohort.label(step)}, entries of {span(period)}, each with its whole time.{left_out}",
        _charts.ranked_bars(bars, seen.theme, unattributed=f"No {word}"),
        frame.drop("unrecorded", "step"),
        key="rate_by",
        columns=_columns(),
        below=lambda: rows_button(seen, FUNNEL, period, "rate_by", (dimension,)),
    )


def volumes(seen: View) -> None:
    """What entered each stage per period, as lines under each other; the last one dashed while it is not over."""
    title = "How many enter each stage?"
    past = leading_to(seen.period.until, seen.grain, seen.session.company, PERIODS)
    query = Query(VOLUMES, grain=seen.grain, period=past, where=seen.where, is_shared=True)
    answer = seen.session.answer(query)
    names = [name for name in VOLUMES if name not in answer.reasons]
    if not names:
        show_reason(title, answer.reasons[VOLUMES[0]], key="volumes")
        return
    targets = {name: _targets.of_answer(seen, answer, name) for name in names}
    points = [
        targets[name].on_point(
            Point(
                period_label(start, seen.grain),
                count,
                words(seen, name, count),
                shift(start, seen.grain, 1) <= past.until,
                _short(seen, name),
            ),
            start,
        )
        for name in names
        for start, count in answer.frame.select("period", name).iter_rows()
    ]
    starts = answer.frame["period"].to_list()
    moved = {
        point: _rules.changes(seen, stages, starts, seen.grain)
        for name, stages in _rules.stages_of(seen, names).items()
        for point in [_short(seen, name)]
    }
    flags = [flag for group, found in moved.items() for flag in _rules.flags(found, starts, seen.grain, group)]
    labels = {name: metric_of(seen, name).label for name in names}
    show_chart(
        title,
        f"Per {seen.grain} up to {day(past.last)}: all who enter a stage in it, whenever they came."
        + _targets.told(*targets.values())
        + _rules.told(change for found in moved.values() for change in found),
        over_time(points, seen.theme, as_text=_words.count, flags=flags),
        _targets.beside(answer.frame.select("period", *names), ["period"], *targets.values()),
        key="volumes",
        columns=_targets.columns(dict.fromkeys(names, "count"), {"period": "Period", **labels}, *targets.values()),
        below=lambda: rows_button(seen, names[0], past, "volumes"),
    )


def _short(seen: View, name: str) -> str:
    metric = metric_of(seen, name)
    return metric.short_label or metric.label


def rate_over_time(seen: View, cohort: StepCohort, step: str) -> None:
    """The step's rate by month of entry; months that are still converting are dashed and show the rate so far."""
    title = "How has it changed?"
    past = leading_to(seen.period.until, "month", seen.session.company, PERIODS)
    answer = seen.session.funnel(
        FUNNEL, Query((FUNNEL,), grain="month", period=past, where=seen.where, is_shared=True), counts_only=True
    )
    if not cohort.steps or answer.frame.is_empty():
        reason = cohort.reason if not cohort.steps else f"Nobody entered in {span(past)}."
        show_reason(title, reason, key="over_time")
        return
    frame = answer.frame.filter(pl.col("step") == step)
    found = cohort_points(frame)
    starts = [p.period for p in found]
    # The rate of the step has a target where it is a metric that something is promised about.
    name = seen.session.metric_of_step(FUNNEL, None if step == OVERALL else step)
    asked = Query((name or FUNNEL,), grain="month", period=past, where=seen.where)
    targets = [_targets.of_rows(seen, asked, pl.DataFrame({"period": starts}), name)] if name else []
    points = [
        Point(period_label(p.period, "month"), p.rate, _words.rate(p.rate), p.is_mature and p.is_recorded)
        for p in found
    ]
    for one in targets:
        points = [one.on_point(point, start) for point, start in zip(points, starts, strict=True)]
    why = ["still converting, the rate so far"] if not all(p.is_mature for p in found) else []
    why += ["entered before all stages were recorded"] if not all(p.is_recorded for p in found) else []
    dashed = f" Dashed: {'; or '.join(why)}." if why else ""
    moved = _rules.changes(seen, cohort.between(step), starts, "month")
    show_chart(
        title,
        f"{cohort.label(step)} by month of entry.{dashed}{_targets.told(*targets)}{_rules.told(moved)}",
        over_time(points, seen.theme, as_text=_words.rate, flags=_rules.flags(moved, starts, "month")),
        _targets.beside(frame.drop("unrecorded", "step"), ["period"], *targets),
        key="over_time",
        columns=_targets.columns(TABLE_UNITS, TABLE_LABELS, *targets),
        below=lambda: rows_button(seen, FUNNEL, past, "over_time"),
    )


def _columns() -> dict[str, object]:
    return column_formats(TABLE_UNITS, TABLE_LABELS)  # type: ignore[arg-type]  # units are literals of this module
