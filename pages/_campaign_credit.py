"""What campaigns are credited with, and how far that hangs on the model. Computes no number: it asks and places."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from metrics import Answer, Query
from metrics.model_ranges import ModelRange, Ranges, by_every_model
from metrics.plan import PLAINEST_MODEL
from pages import _charts, _choices
from pages._campaign_pictures import Campaigns, named, titled
from pages._page import View, metric_of, rows_button, words
from pages._panels import column_formats, show_chart, show_reason
from pages._ranking import Ranked, ranking_drawing

__all__ = ["REVENUE", "Credited", "choose_model", "credited", "place", "range_picture", "returned"]

REVENUE, PIPELINE = "credited_revenue", "credited_pipeline"
TITLES = {REVENUE: "How much revenue does the model give each?", PIPELINE: "And how much pipeline?"}
MOST = 9


@dataclass(frozen=True)
class Credited:
    """Credit to date by the chosen model, and its range over all of them; `spend` is what each group cost to date."""

    model: str
    answer: Answer
    revenue: Ranges
    pipeline: Ranges

    def ranges(self, metric: str) -> Ranges:
        return self.revenue if metric == REVENUE else self.pipeline


def choose_model(seen: View) -> str:
    """By which model credit is shared out; in the address of the page."""
    return _choices.choose_model(seen.session, (REVENUE, PIPELINE)) or PLAINEST_MODEL


def credited(seen: View, found: Campaigns, model: str) -> Credited:
    own, session = found.dimension, seen.session
    spend = {} if "spend" in found.to_date.reasons else dict(found.to_date.frame.select(own, "spend").iter_rows())
    query = Query((REVENUE, PIPELINE), found.by, where=seen.where, is_shared=True, model=model)
    return Credited(
        model,
        session.answer(query),
        by_every_model(session, REVENUE, own, seen.where, spend),
        # A pipeline has earned nothing yet, so that no return of it is told.
        by_every_model(session, PIPELINE, own, seen.where, {}),
    )


def place(one: ModelRange | None) -> str | None:
    """The place among all by every model: 3, or 2 to 9."""
    if one is None or one.best is None:
        return None
    return f"{one.best} to {one.worst}" if one.rank_depends else str(one.best)


def returned(one: ModelRange | None) -> str | None:
    """By how many models the return is at least 1; None where nothing was spent, or it is no campaign's."""
    if one is None or one.group is None or one.earned_back is None:
        return None
    if one.return_depends:
        return f"above 1 under {one.earned_back} of {len(one.values)} models"
    return f"{'above' if one.earned_back else 'below'} 1 under every model"


def range_picture(seen: View, found: Campaigns, credit: Credited, metric: str) -> None:
    """The credit of each campaign by the chosen model as a dot, on the range over all models."""
    title, key, ranges = TITLES[metric], metric, credit.ranges(metric)
    shown = [one for one in ranges.found if one.high > 0]
    if not shown:
        show_reason(title, ranges.reason or "Nothing is credited yet.", key=key)
        return
    rows = sorted(
        (_row(seen, found, credit, one) for one in shown), key=lambda row: (row.is_unattributed, -(row.value or 0))
    )
    has_cost = any(row.mark for row in rows)
    said = (
        f"To date. Dot: by the model {_choices.model_label(credit.model)}. Line: over all {len(ranges.models)} models."
    )
    said += " Blue: what was spent; where it cuts the line, the model decides on a return above 1." * has_cost
    own, label = found.dimension, titled(seen, metric)
    table = pl.DataFrame(
        [(one.group, one.values[credit.model], one.low, one.high, place(one), returned(one)) for one in ranges.found],
        schema={
            own: pl.String,
            metric: pl.Float64,
            "low": pl.Float64,
            "high": pl.Float64,
            "place": pl.String,
            "return": pl.String,
        },
        orient="row",
    )
    units = {metric: metric_of(seen, metric).unit, "low": "money", "high": "money"}
    labels = {
        own: own.capitalize(),
        metric: label,
        "low": "Lowest",
        "high": "Highest",
        "place": "Place",
        "return": "Return",
    }
    show_chart(
        title,
        said,
        _charts.figure(ranking_drawing(rows, seen.theme, top=MOST)),
        named(found, table if has_cost else table.drop("return"), found.none),
        key=key,
        columns=column_formats(units, labels),  # type: ignore[arg-type]  # units are checked when loaded
        below=lambda: rows_button(seen, metric, None, key, found.by, model=credit.model),
    )


def _row(seen: View, found: Campaigns, credit: Credited, one: ModelRange) -> Ranked:
    value = one.values[credit.model]
    text, low, high = (words(seen, REVENUE, amount) for amount in (value, one.low, one.high))
    parts = [f"{text}, {low} to {high} over all models", *([f"place {place(one)}"] if place(one) else [])]
    parts += [f"{words(seen, 'spend', one.spend)} spent", f"return {returned(one)}"] if returned(one) else []
    return Ranked(
        found.name(one.group),
        value,
        text,
        one.low,
        one.high,
        is_ranked=one.group is not None,
        says=", ".join(parts),
        is_unattributed=one.group is None,
        mark=one.spend if one.group is not None else None,
    )
