"""Campaigns as pictures of what each has brought. Computes no business number: it asks, joins and places.

Revenue comes months after the leads that it comes from. So what a campaign earns is shown to date, since it began, and
only counts and costs are those of the chosen period. Each says which it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from metrics import Answer, Query
from metrics.findings import Earner, earners, first_periods
from pages import _charts
from pages._charts import Bar
from pages._dates import period_label
from pages._page import View, metric_of, rows_button, words
from pages._panels import column_formats, show_chart, show_reason
from pages._scatter import Dot, Slope, scatter_drawing
from pages._words import count

__all__ = [
    "PER_LEAD",
    "TILES",
    "Campaigns",
    "campaigns",
    "leads_and_revenue",
    "named",
    "revenue_and_cost",
    "titled",
]

TILES = ("leads", "pipeline_created", "sourced_revenue", "spend")
VOLUMES = ("leads", "sourced_revenue", "spend")
RETURN, PER_LEAD = "return_to_date", "won_revenue_per_lead"
# Where revenue is not known, the next of these says which campaign brings what.
RANKED = ("sourced_revenue", "customers", "leads")


@dataclass(frozen=True)
class Campaigns:
    """What every campaign has brought and cost to date, and the same of all leads together.

    Where no source tells campaigns apart, `reason` says so and channels stand in their place: `dimension`. `earners`
    are empty where leads or revenue are not known; `since` is the first month of each campaign.
    """

    dimension: str
    reason: str | None
    to_date: Answer
    total: Answer
    names: Mapping[str, str]
    since: Mapping[str | None, str]
    earners: list[Earner]

    @property
    def by(self) -> tuple[str, ...]:
        return (self.dimension,)

    @property
    def none(self) -> str:
        """What the row without a campaign is called."""
        return f"No {self.dimension}"

    def name(self, group: str | None) -> str:
        return self.none if group is None else self.names.get(group, group)


def campaigns(seen: View) -> Campaigns:
    def ask(metrics: tuple[str, ...], by: tuple[str, ...], grain: str | None = None) -> Answer:
        return seen.session.answer(Query(metrics, by, grain, where=seen.where, is_shared=True))

    to_date = ask(VOLUMES, ("campaign",))
    reason = to_date.reasons.get("leads")
    if reason is not None:
        to_date = ask(VOLUMES, ("channel",))
    by = to_date.query.by
    total = ask((*VOLUMES, RETURN, PER_LEAD), ())
    average = total.number(PER_LEAD)
    is_known = average is not None and not {"leads", "sourced_revenue"} & to_date.reasons.keys()
    since = first_periods(ask(("leads", "spend"), by, "month").frame, by[0])
    return Campaigns(
        dimension=by[0],
        reason=reason,
        to_date=to_date,
        total=total,
        names=seen.session.names(by[0]),
        since={group: period_label(month, "month") for group, month in since.items()},
        earners=earners(to_date.frame, by[0], average or 0) if is_known else [],
    )


def leads_and_revenue(seen: View, found: Campaigns) -> None:
    """Many leads and no revenue lie far right on the ground; the line is what as many leads bring on average."""
    title, key = "Many leads, or much revenue?", "scatter"
    if not found.earners:
        reasons = [found.to_date.reasons.get(name) for name in ("leads", "sourced_revenue")]
        reason = next((reason for reason in reasons if reason), f"No lead has a {found.dimension} yet.")
        show_reason(title, reason, key=key)
        return
    average = found.total.number(PER_LEAD) or 0
    area = "" if "spend" in found.to_date.reasons else " Area: spend; a ring cost nothing."
    drawing = scatter_drawing(
        [_dot(seen, found, earner) for earner in found.earners],
        seen.theme,
        x_name="Leads to date",
        y_name=f"{metric_of(seen, 'sourced_revenue').label} to date",
        x_text=count,
        y_text=lambda value: words(seen, "sourced_revenue", value),
        slope=Slope(average, f"{words(seen, PER_LEAD, average)} per lead"),
    )
    shown = found.to_date.frame.filter(pl.col(found.dimension).is_not_null())
    show_chart(
        title,
        f"Each {found.dimension} since it began. Dashed: what a lead brings on average over all leads.{area}",
        _charts.figure(drawing),
        named(found, shown).sort("leads", descending=True),
        key=key,
        columns=_columns(seen, found, VOLUMES),
        below=lambda: rows_button(seen, "leads", None, key, found.by),
    )


def _dot(seen: View, found: Campaigns, earner: Earner) -> Dot:
    spend = () if earner.spend is None else (f"{words(seen, 'spend', earner.spend)} spent",)
    says = (f"{count(earner.leads)} leads", f"{words(seen, 'sourced_revenue', earner.revenue)} of revenue", *spend)
    return Dot(found.name(earner.group), earner.leads, earner.revenue, earner.spend, says)


def revenue_and_cost(seen: View, found: Campaigns) -> None:
    """Revenue as a bar and cost as a tick on it; where revenue is not known, customers or leads."""
    key, own = "earned", found.dimension
    answer = seen.session.answer(Query(RANKED, found.by, where=seen.where, is_shared=True))
    ranked = next((name for name in RANKED if name not in answer.reasons), None)
    if ranked is None:
        show_reason("What has each brought?", answer.reasons["leads"], key=key)
        return
    metric = metric_of(seen, ranked)
    has_cost = metric.unit == "money" and "spend" not in found.to_date.reasons
    spent = found.to_date.frame.select(own, "spend")
    frame = answer.frame.select(own, ranked).join(spent, on=own, how="left", nulls_equal=True)
    # Beside money of campaigns that of no campaign is large: nearly all that people find by themselves.
    is_cut = metric.unit == "money" and frame[own].has_nulls()
    shown = frame.filter((pl.col(ranked).fill_null(0) != 0) | (pl.col("spend").fill_null(0) != 0))
    said = [f"{metric.label} of each {own} since it began."]
    said += ["Blue: what was spent on it."] if has_cost else []
    said += ["A bar with a gap is longer than drawn."] if is_cut else []
    said += [why] if (why := answer.reasons.get("sourced_revenue") or found.to_date.reasons.get("spend")) else []
    show_chart(
        "What has each brought, and what did it cost?" if has_cost else "What has each brought?",
        " ".join(said),
        _charts.ranked_bars(
            [_bar(seen, found, ranked, row, has_cost=has_cost) for row in shown.iter_rows()],
            seen.theme,
            owner=metric.owner,  # type: ignore[arg-type]  # owners are checked when loaded
            top=9,
            unattributed=found.none,
            sum_as_text=lambda value: words(seen, ranked, value),
            is_cut=is_cut,
        ),
        named(found, shown if has_cost else shown.drop("spend")).sort(ranked, descending=True, nulls_last=True),
        key=key,
        columns=_columns(seen, found, (ranked, "spend") if has_cost else (ranked,)),
        below=lambda: rows_button(seen, ranked, None, key, found.by),
    )


def _bar(
    seen: View, found: Campaigns, ranked: str, row: tuple[str | None, float | None, float | None], *, has_cost: bool
) -> Bar:
    group, value, spend = row
    label = None if group is None else found.name(group)
    text = words(seen, ranked, value)
    if not has_cost:
        return Bar(label, value, text)
    return Bar(label, value, text, mark=spend, says=f"{text} for {words(seen, 'spend', spend)}")


def named(found: Campaigns, frame: pl.DataFrame, nothing: str | None = None) -> pl.DataFrame:
    """Names in the place of ids; `nothing` in that of none."""
    names = [nothing if group is None else found.name(group) for group in frame[found.dimension]]
    return frame.with_columns(pl.Series(found.dimension, names, dtype=pl.String))


def titled(seen: View, name: str) -> str:
    """What stands over a column of a metric."""
    metric = metric_of(seen, name)
    return metric.short_label or metric.label


def _columns(seen: View, found: Campaigns, metrics: Sequence[str]) -> dict[str, object]:
    units = {name: metric_of(seen, name).unit for name in metrics}
    labels = {name: titled(seen, name) for name in metrics}
    return column_formats(units, {found.dimension: found.dimension.capitalize(), **labels})  # type: ignore[arg-type]  # units are checked when loaded
