"""How long the way through the funnel takes, as a picture with its words. Computes no business number."""

from __future__ import annotations

import polars as pl

from data.calendar import Period
from metrics import Answer, Query
from metrics.findings import share_by
from pages import _charts, _words
from pages._dates import span
from pages._page import View, rows_button, words
from pages._panels import column_formats, show_chart, show_reason
from pages._pictures import FUNNEL, OVERALL, StepCohort
from pages._survival import Growth, survival_drawing

__all__ = ["how_long"]

TITLE = "How long does it take?"
MEDIAN = f"{FUNNEL}.median_days"
INCIDENCE = f"{FUNNEL}.rate_cumulative_incidence"
NAMES = {"kaplan_meier": "Kaplan-Meier", "cumulative_incidence": "Cumulative incidence"}
LABELS = {"days": "Days since entry", "at_risk": "Still under way", "converted": "Converted", "lost": "Lost", **NAMES}
UNITS = dict.fromkeys(("days", "at_risk", "converted", "lost"), "count") | dict.fromkeys(NAMES, "ratio")


def how_long(seen: View, cohort: StepCohort) -> None:
    """The share converted by days since entry, of the cohort whose rate the page begins with."""
    period = seen.session.matured_period(FUNNEL, seen.period, overall=True)
    if not cohort.steps or period is None:
        show_reason(TITLE, cohort.reason, key="how_long")
        return
    window = next(step.within_days for step in cohort.steps if step.step == OVERALL)
    answer = seen.session.curve(FUNNEL, Query((FUNNEL,), period=period, where=seen.where, is_shared=True))
    first, end = cohort.ends(OVERALL)
    if not answer.frame["converted"].sum():
        reason = answer.reasons.get(FUNNEL) or f"Nobody who entered {first} in {span(period)} has reached {end} yet."
        show_reason(TITLE, reason, key="how_long")
        return
    frame, unlost = answer.frame, answer.reasons.get(INCIDENCE)
    by_window = share_by(frame, window)
    lines = [_line(frame, name, share) for name, share in zip(NAMES, by_window, strict=True) if share is not None]
    drawing = survival_drawing(
        lines[0], lines[1] if len(lines) > 1 else None, window, seen.theme, as_text=_words.rate, unit="days"
    )
    shown = f"By day {window:,}: {', '.join(f'{line.name} {line.text}' for line in lines)}."
    caption = f"{first} to {end}, entries of {span(period)}.{_half(seen, period, window)} {_meant(unlost)}"
    show_chart(
        TITLE,
        caption,
        _charts.figure(drawing),
        frame if unlost is None else frame.drop("lost", "cumulative_incidence"),
        key="how_long",
        alt=f"{TITLE} {caption} {shown}",
        columns=column_formats(UNITS, LABELS),  # type: ignore[arg-type]  # units are literals of this module
        below=lambda: rows_button(seen, FUNNEL, period, "how_long"),
    )


def _line(frame: pl.DataFrame, column: str, share: float) -> Growth:
    days = [
        (row["days"], row[column], f"Day {row['days']:,}: {_words.rate(row[column])}, {row['at_risk']:,} under way")
        for row in frame.iter_rows(named=True)
    ]
    return Growth(NAMES[column], days, share, _words.rate(share))


def _half(seen: View, period: Period, window: int) -> str:
    """After how long half of those who made it in time had: the median, which is nothing where nobody did."""
    answer: Answer = seen.session.answer(Query((MEDIAN,), period=period, where=seen.where, is_shared=True))
    median = answer.number(MEDIAN)
    if median is None:
        return ""
    return f" Half of those who made it within {window:,} days had after {words(seen, MEDIAN, median)} (the median)."


def _meant(unlost: str | None) -> str:
    """What the lines are, or why there is only one."""
    if unlost is not None:
        return f"Kaplan-Meier counts everybody for as long as they have been seen. {unlost}"
    return "Cumulative incidence is of all who entered; Kaplan-Meier is as if nobody were lost."
