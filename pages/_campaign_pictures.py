"""Campaigns as tiles, pictures and a table. Computes no business number: it asks, joins and places.

Revenue comes months after the leads that it comes from. So what a campaign earns is shown to date, since it began, and
only counts and costs are those of the chosen period. Each says which it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl
import streamlit as st

from metrics import Answer, Query
from metrics.findings import Earner, earners, first_periods
from metrics.kinds import Aggregate
from pages import _charts
from pages._charts import Bar
from pages._dates import day, period_label, span
from pages._page import View, metric_of, rows_button, words
from pages._panels import column_formats, show_chart, show_reason, show_table
from pages._scatter import Dot, Slope, scatter_drawing
from pages._tiles import Tile
from pages._words import count

__all__ = [
    "PER_LEAD",
    "TILES",
    "Campaigns",
    "campaigns",
    "everything",
    "leads_and_revenue",
    "return_tile",
    "revenue_and_cost",
]

TILES = ("leads", "spend", "sourced_revenue")
VOLUMES = ("leads", "sourced_revenue", "spend")
RETURN, PER_LEAD = "return_to_date", "won_revenue_per_lead"
OF_PERIOD = (
    "leads", "mqls", "opportunities", "customers", "sourced_revenue", "spend", "cost_per_lead", "cost_per_mql",
    "cost_per_customer",
)  # fmt: skip
# Where revenue is not known, the next of these says which campaign brings what.
RANKED = ("sourced_revenue", "customers", "leads")
ALL = "All"


@dataclass(frozen=True)
class Campaigns:
    """What every campaign has brought and cost to date, and the same of all leads together.

    Where no source tells campaigns apart, `reason` says so and channels stand in their place: `dimension`. `earners`
    are empty where leads or revenue are not known; `since` is the first month of each campaign.
    """

    dimension: str
    reason: str | None
    to_date: Answer
    returns: Answer
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
        returns=ask((RETURN,), by),
        total=total,
        names=seen.session.names(by[0]),
        since={group: period_label(month, "month") for group, month in since.items()},
        earners=earners(to_date.frame, by[0], average or 0) if is_known else [],
    )


def return_tile(seen: View, found: Campaigns) -> Tile:
    """Return is never that of a period: a campaign earns long after it has spent."""
    label = metric_of(seen, RETURN).label
    if RETURN in found.total.reasons:
        return Tile(RETURN, label, None, reason=found.total.reasons[RETURN])
    revenue, spend = (words(seen, name, found.total.number(name)) for name in ("sourced_revenue", "spend"))
    through = f" up to {day(seen.session.through)}" if seen.session.through else ""
    foot = f"{revenue} of revenue for {spend} of spend{through}"
    return Tile(RETURN, label, words(seen, RETURN, found.total.number(RETURN)), foot=foot)


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
        _named(found, shown).sort("leads", descending=True),
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
        _named(found, shown if has_cost else shown.drop("spend")).sort(ranked, descending=True, nulls_last=True),
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


def everything(seen: View, found: Campaigns) -> None:
    """All numbers by campaign: the total first, what has no campaign last."""
    own = found.dimension
    split, total = (
        seen.session.answer(Query(OF_PERIOD, by, period=seen.period, where=seen.where, is_shared=True))
        for by in (found.by, ())
    )
    known = [name for name in OF_PERIOD if name not in split.reasons]
    earned = [name for name in ("sourced_revenue", "spend") if name not in found.to_date.reasons]
    returned = [] if RETURN in found.returns.reasons else [RETURN]
    # The same metric stands in the table twice: of the period, and to date.
    later = {f"{name} to date": name for name in earned}
    order = [own, "since", *later, *returned, *known]
    rows = (
        found.to_date.frame.select(own, *[pl.col(name).alias(title) for title, name in later.items()])
        .join(split.frame.select(own, *known), on=own, how="full", coalesce=True, nulls_equal=True)
        .join(found.returns.frame.select(own, *returned), on=own, how="left", nulls_equal=True)
        .sort(pl.col(own).is_null(), *[-pl.col(title) for title in (*later, *known[:1])], own, nulls_last=True)
    )
    # What has no row in a period happened no times in it; a cost per nothing stays empty.
    counted = [name for name in (*later, *known) if isinstance(metric_of(seen, later.get(name, name)), Aggregate)]
    rows = rows.with_columns(pl.col(counted).fill_null(0))
    since = pl.Series("since", [found.since.get(group) for group in rows[own]], dtype=pl.String)
    # The total stands first, since a long table is scrolled and what it adds up to is always seen.
    everyone = total.frame.select(*known).with_columns(
        pl.lit(ALL).alias(own),
        pl.lit(None, pl.String).alias("since"),
        *[pl.lit(found.total.number(name)).alias(title) for title, name in later.items()],
        *[pl.lit(found.total.number(name)).alias(name) for name in returned],
    )
    shown = [everyone.select(order), _named(found, rows.with_columns(since), found.none).select(order)]
    reasons = dict.fromkeys([*split.reasons.values(), *found.returns.reasons.values()])
    when = f"Counts and costs of {span(seen.period)}; what says to date, since the {own} began."
    show_table(
        f"Every {own}",
        " ".join([when, *reasons]),
        pl.concat(shown, how="vertical_relaxed"),
        key="everything",
        columns=_columns(seen, found, (*known, *returned), later),
        below=lambda: _rows(seen, found, [*returned, *known]),
    )


def _rows(seen: View, found: Campaigns, metrics: Sequence[str]) -> None:
    """A way to the rows of each number of the table."""
    with st.container(horizontal=True, gap="small"):
        st.caption("Rows of", width="content")
        for name in metrics:
            period = None if name == RETURN else seen.period
            rows_button(seen, name, period, f"of_{name}", found.by, _title(seen, name))


def _title(seen: View, name: str) -> str:
    metric = metric_of(seen, name)
    return metric.short_label or metric.label


def _named(found: Campaigns, frame: pl.DataFrame, nothing: str | None = None) -> pl.DataFrame:
    """Names in the place of ids; `nothing` in that of none."""
    names = [nothing if group is None else found.name(group) for group in frame[found.dimension]]
    return frame.with_columns(pl.Series(found.dimension, names, dtype=pl.String))


def _columns(
    seen: View, found: Campaigns, metrics: Sequence[str], to_date: Mapping[str, str] | None = None
) -> dict[str, object]:
    later = to_date or {}
    units = {title: metric_of(seen, name).unit for title, name in ({name: name for name in metrics} | later).items()}
    labels = {name: _title(seen, name) for name in metrics}
    labels |= {title: f"{_title(seen, name)} to date" for title, name in later.items()}
    titles = {found.dimension: found.dimension.capitalize(), "since": "Since", **labels}
    return column_formats(units, titles)  # type: ignore[arg-type]  # units are checked when loaded
