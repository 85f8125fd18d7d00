"""Sources as rankings: what each brings, and how good it is. Computes no business number: it asks and places.

What a source brings is counted in the chosen period. How good it is takes a year of leads to tell, since few of them
become customers and those late: that is always of twelve months, whatever period is chosen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import polars as pl
import streamlit as st

from data.calendar import Period, leading_to
from metrics import Answer, Query
from metrics.findings import GroupRate, by_size, group_rates
from pages import _charts, _words
from pages._dates import span
from pages._filters import DIMENSIONS
from pages._page import View, metric_of, rows_button, words
from pages._panels import column_formats, show_chart, show_reason
from pages._pictures import FUNNEL, OVERALL, ranked
from pages._ranking import Average, Ranked, ranking_drawing

__all__ = ["FEWEST", "Quality", "brought", "choose_dimension", "converts", "earns", "quality", "year"]

MONTHS = 12
# Under so many leads a rate or a mean says little: it is shown, and no place in the order is given to it.
FEWEST = 20
PER_LEAD = "won_revenue_per_lead"


def choose_dimension() -> str:
    """By what the page splits; in its address."""
    chosen = st.segmented_control(
        "By",
        list(DIMENSIONS),
        format_func=DIMENSIONS.__getitem__,
        key="dim",
        default="channel",
        bind="query-params",
    )
    return chosen or "channel"


@dataclass(frozen=True)
class Quality:
    """How many leads of each group became customers, of the latest twelve months that had their whole time.

    `ranked` are the groups with enough leads, best first; `others` the rest. Without a rate `reason` says why.
    """

    dimension: str
    label: str
    names: Mapping[str, str]
    period: Period | None
    answer: Answer
    overall: GroupRate | None
    ranked: list[GroupRate]
    others: list[GroupRate]
    days: int

    @property
    def reason(self) -> str:
        when = f" in {span(self.period)}" if self.period else ""
        return self.answer.reasons.get(FUNNEL) or f"No lead{when} has had its whole time to become a customer."

    def name(self, group: str | None) -> str:
        return f"No {self.label.lower()}" if group is None else self.names.get(group, group)


def quality(seen: View, dimension: str) -> Quality:
    # The month is the shortest cohort: the latest of which all had their time is where the twelve months end.
    latest = seen.session.matured_period(FUNNEL, Period(seen.period.last, seen.period.until), overall=True)
    period = leading_to(latest.until, "month", seen.session.company, MONTHS) if latest else None
    answer, total = (
        seen.session.funnel(
            FUNNEL, Query((FUNNEL,), by, period=period, where=seen.where, is_shared=True), counts_only=True
        )
        for by in ((dimension,), ())
    )
    ranked_rows, other_rows = by_size(
        answer.frame.filter(pl.col("step") == OVERALL), dimension, "rate_matured", "matured", FEWEST
    )
    days = total.frame.filter(pl.col("step") == OVERALL)["within_days"].to_list()
    overall = group_rates(total.frame.with_columns(pl.lit(None, pl.String).alias("all")), "all")
    return Quality(
        dimension=dimension,
        label=seen.session.reach.dimension(dimension).label,
        names=seen.session.names(dimension),
        period=period,
        answer=answer,
        overall=next((rate for rate in overall if rate.matured), None),
        ranked=group_rates(ranked_rows, dimension),
        others=group_rates(other_rows, dimension),
        days=days[0] if days else 0,
    )


def brought(seen: View, dimension: str, metric: str, title: str) -> None:
    """A count of the chosen period by group."""
    answer = seen.session.answer(Query((metric,), (dimension,), period=seen.period, where=seen.where, is_shared=True))
    ranked(seen, answer, title, key=metric)


def converts(seen: View, found: Quality) -> None:
    """The matured rate of each group with its interval, and the rate of all leads to compare with."""
    title, key = "Whose leads become customers?", "converts"
    if found.period is None or found.overall is None:
        show_reason(title, found.reason, key=key)
        return
    rows = [_rate_row(found, rate, is_ranked=True) for rate in found.ranked]
    rows += [_rate_row(found, rate, is_ranked=False) for rate in found.others if rate.matured]
    drawing = ranking_drawing(
        rows,
        seen.theme,
        note=_note(rate.group for rate in found.others if rate.matured),
        average=Average(found.overall.rate or 0, f"all leads {_words.rate(found.overall.rate)}"),
    )
    period = found.period
    show_chart(
        title,
        f"Leads of {span(period)}, each with its whole {found.days} days: how many became customers. The line through"
        " a dot is where the rate may truly lie (95 %).",
        _charts.figure(drawing),
        _rate_table(found),
        key=key,
        columns=column_formats(
            {"leads": "count", "customers": "count", "rate": "ratio", "low": "ratio", "high": "ratio"},
            {
                "group": found.label,
                "leads": "Matured leads",
                "customers": "Became customers",
                "rate": "Rate",
                "low": "At least (95 %)",
                "high": "At most (95 %)",
            },
        ),
        below=lambda: rows_button(seen, FUNNEL, period, key, (found.dimension,)),
    )


def _rate_row(found: Quality, rate: GroupRate, *, is_ranked: bool) -> Ranked:
    text = f"{_words.rate(rate.rate)} of {_words.count(rate.matured)}"
    if rate.interval is None:
        return Ranked(found.name(rate.group), rate.rate, text, is_ranked=is_ranked, is_unattributed=rate.group is None)
    low, high = rate.interval.low, rate.interval.high
    says = f"{text}, truly {_words.rate(low)} to {_words.rate(high)}"
    return Ranked(found.name(rate.group), rate.rate, text, low, high, is_ranked, says, rate.group is None)


def _rate_table(found: Quality) -> pl.DataFrame:
    columns = {"group": pl.String, "leads": pl.Int64, "customers": pl.Int64, "rate": pl.Float64, "low": pl.Float64,
               "high": pl.Float64}  # fmt: skip
    rows = [
        (found.name(rate.group), rate.matured, rate.converted, rate.rate,
         *((rate.interval.low, rate.interval.high) if rate.interval else (None, None)))
        for rate in (*found.ranked, *found.others)
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=columns, orient="row")


def year(seen: View) -> Period:
    """The twelve months up to the end of the chosen period."""
    return leading_to(seen.period.until, "month", seen.session.company, MONTHS)


def earns(seen: View, found: Quality) -> None:
    """Won revenue per lead over twelve months; groups with few leads stand apart."""
    title, key, dimension = "Whose leads are worth most?", "earns", found.dimension
    period = year(seen)

    def ask(by: tuple[str, ...]) -> Answer:
        return seen.session.answer(Query(("leads", PER_LEAD), by, period=period, where=seen.where, is_shared=True))

    answer, total = ask((dimension,)), ask(())
    average = None if total.reasons else total.number(PER_LEAD)
    frame = answer.frame.filter(pl.col("leads") > 0)
    if average is None or answer.reasons or frame.is_empty():
        reason = next(iter({**total.reasons, **answer.reasons}.values()), f"No lead came in in {span(period)}.")
        show_reason(title, reason, key=key)
        return
    first, others = by_size(frame, dimension, PER_LEAD, "leads", FEWEST)
    drawing = ranking_drawing(
        [_worth_row(seen, found, row, is_ranked=rows is first) for rows in (first, others) for row in rows.iter_rows()],
        seen.theme,
        note=_note(others[dimension]),
        average=Average(average, f"all leads {words(seen, PER_LEAD, average)}"),
    )
    names = [found.name(group) for group in frame[dimension]]
    show_chart(
        title,
        f"{metric_of(seen, PER_LEAD).label} from {span(period)}: what was won, by the leads that came in.",
        _charts.figure(drawing),
        frame.with_columns(pl.Series(dimension, names)).sort(PER_LEAD, descending=True, nulls_last=True),
        key=key,
        columns=column_formats(
            {"leads": "count", PER_LEAD: "money"},
            {dimension: found.label, "leads": "Leads", PER_LEAD: metric_of(seen, PER_LEAD).label},
        ),
        below=lambda: rows_button(seen, PER_LEAD, period, key, (dimension,)),
    )


def _note(groups: Iterable[str | None]) -> str:
    """What stands over the rows without a rank; the one of leads without a group explains itself."""
    return f"Under {FEWEST} leads, not ranked" if any(group is not None for group in groups) else ""


def _worth_row(seen: View, found: Quality, row: tuple[str | None, int, float | None], *, is_ranked: bool) -> Ranked:
    group, leads, value = row
    text = words(seen, PER_LEAD, value)
    says = f"{text} from each of {leads:,} leads"
    return Ranked(found.name(group), value, text, is_ranked=is_ranked, says=says, is_unattributed=group is None)
