"""Findings as sentences, in Markdown whose text from data is escaped. Computes nothing."""

from __future__ import annotations

import polars as pl

from data.calendar import start_of
from metrics import Answer, Query
from metrics.findings import change
from pages import _words
from pages._dates import BEFORE, day, span
from pages._page import View, metric_of, words
from pages._pictures import FUNNEL, OVERALL, StepCohort
from pages._words import escape, strong

__all__ = ["cohort_dates", "funnel", "period_title", "week"]


def period_title(seen: View) -> str:
    """Week of 9 November 2026, October 2026, or the span of days."""
    company = seen.session.company
    if seen.period.days == 7 and start_of(seen.period.start, "week", company) == seen.period.start:
        return f"Week of {day(seen.period.start)}"
    return span(seen.period)


def week(seen: View, answer: Answer, origins: Answer) -> str:
    """What came in, from where, and what it became."""
    said = [_came_in(seen, answer), _mostly_from(origins), _became(seen, answer)]
    return " ".join(sentence for sentence in said if sentence)


def _came_in(seen: View, answer: Answer) -> str:
    if "leads" in answer.reasons:
        return escape(answer.reasons["leads"])
    now = answer.number("leads") or 0
    before = answer.before.number("leads") if answer.before else None
    found = change(now, before, metric_of(seen, "leads").good)
    came = strong(f"{_words.count(now)} {'lead' if now == 1 else 'leads'} came in")
    if found is None or before is None:
        return f"{came}."
    if found.relative is None:
        return f"{came}; none in {BEFORE[seen.compare]}." if now else f"{came}, as in {BEFORE[seen.compare]}."
    if not found.absolute:
        return f"{came}, as many as in {BEFORE[seen.compare]}."
    direction = "more" if found.absolute > 0 else "fewer"
    return f"{came}, {escape(_words.rate(abs(found.relative)))} {direction} than {BEFORE[seen.compare]}."


def _mostly_from(origins: Answer) -> str:
    if origins.reasons:
        return ""
    known = origins.frame.filter(pl.col("channel").is_not_null() & (pl.col("leads") > 0))
    if known.height < 2:
        return ""
    name, count = known.sort("leads", "channel", descending=[True, False]).select("channel", "leads").row(0)
    return f"Most came from {strong(name)} ({escape(_words.count(count))})."


def _became(seen: View, answer: Answer) -> str:
    if "customers" in answer.reasons:
        return ""
    count = answer.number("customers") or 0
    who = strong(f"{_words.count(count)} new {'customer' if count == 1 else 'customers'}")
    revenue = answer.number("won_revenue") if "won_revenue" not in answer.reasons else None
    if not count or not revenue:
        return f"{who} {'was' if count == 1 else 'were'} won."
    return f"{who} brought {strong(words(seen, 'won_revenue', revenue))} of won revenue."


def funnel(seen: View, cohort: StepCohort) -> str:
    """The rate from end to end, and the step at which most are lost."""
    if not cohort.steps:
        return escape(cohort.reason)
    said = [_end_to_end(seen, cohort), _worst(cohort)]
    return " ".join(sentence for sentence in said if sentence)


def _end_to_end(seen: View, cohort: StepCohort) -> str:
    period = seen.session.matured_period(FUNNEL, seen.period, overall=True)
    if period is None:
        return ""
    names = (f"{FUNNEL}.entered", f"{FUNNEL}.rate_matured")
    answer = seen.session.answer(Query(names, period=period, where=seen.where, is_shared=True))
    entered, rate = (answer.number(name) for name in names)
    first, end = cohort.ends(OVERALL)
    when = escape(span(period))
    if not entered:
        return f"Nobody entered {escape(first)} in {when}, the latest period with the whole time behind it."
    days = next(step.within_days for step in cohort.steps if step.step == OVERALL)
    return (
        f"Of {escape(_words.count(entered))} entries into {escape(first)} in {when}, {strong(_words.rate(rate))}"
        f" reached {escape(end)} within {days} days."
    )


def _worst(cohort: StepCohort) -> str:
    worst = cohort.worst
    if worst is None:
        return ""
    before, after = cohort.ends(worst.step)
    return (
        f"Most stop between {strong(before)} and {strong(after)}: of {escape(_words.count(worst.matured))},"
        f" {escape(_words.rate(worst.rate_matured))} went on within {worst.within_days} days."
    )


def cohort_dates(seen: View, cohort: StepCohort) -> str:
    if cohort.period is None or seen.session.through is None:
        return "No cohort has had its whole time yet."
    return f"Steps: entries of {span(cohort.period)} · data through {day(seen.session.through)}"
