"""Priorities of a quarter as sentences, tiles and tables, and where the numbers suggest more. Computes no number."""

from __future__ import annotations

import polars as pl
import streamlit as st

from alignment.priorities import AMOUNTS, Quarter, Served, campaigns_of, present_quarter, priorities_in
from data.calendar import Period, leading_to
from metrics.improvements import FEWEST, FUNNEL, Improvement, improvements
from metrics.priorities import quarter_name, quarters
from pages import _tiles, _words
from pages._dates import day, span
from pages._page import View, words
from pages._panels import column_formats, show_reason, show_table
from pages._promises import of_standing
from pages._tiles import Tile
from pages._words import escape, strong

__all__ = ["areas", "campaigns", "choose", "dates", "gaps", "says", "served", "tiles"]

MONTHS = 12
HOW = "Write them under priorities: in a file of definitions/, each with a quarter, a metric and a target."
TITLE = "Where do the numbers suggest more?"
LABELS = {"leads": "Leads", "pipeline_created": "Pipeline created", "won_revenue": "Won revenue", "spend": "Spend"}
UNITS = {"leads": "count", "pipeline_created": "money", "won_revenue": "money", "spend": "money"}


def choose(seen: View) -> Quarter | None:
    """The quarter whose priorities are shown, the one that runs unless another is chosen; None without priorities."""
    known = quarters(seen.session.definitions.priorities.values())
    present = present_quarter(seen.session)
    if present is None:
        return None
    if len(known) == 1:
        return priorities_in(seen.session, present)
    names = {quarter_name(first): first for first in known}
    chosen = st.selectbox("Quarter", list(names), index=known.index(present), key="quarter", bind="query-params")
    return priorities_in(seen.session, names.get(chosen or "", present))


def gaps(seen: View) -> tuple[tuple[Improvement, ...], str | None]:
    """Where a step falls behind its best group, over twelve months, under the shared filters."""
    return improvements(seen.session, _year(seen), seen.where)


def _year(seen: View) -> Period:
    return leading_to(seen.period.until, "month", seen.session.company, MONTHS)


def says(seen: View, found: Quarter | None, areas: tuple[Improvement, ...]) -> str:
    """How many priorities are on course, and where most is at stake, in Markdown."""
    parts = []
    if found is None:
        parts.append(f"{strong('No priority is written yet')}. {escape(HOW)}")
    elif found.period is None:
        parts.append(f"{escape(quarter_name(found.first))} has not begun by the last day of the data.")
    else:
        judged = [one.standing.is_on_course for one in found.priorities if one.standing is not None]
        known = [one for one in judged if one is not None]
        many = "1 priority" if len(known) == 1 else f"{len(known)} priorities"
        verb = "is" if sum(known) == 1 else "are"
        parts.append(f"{strong(f'{sum(known)} of {many}')} of {escape(quarter_name(found.first))} {verb} on course.")
    if areas:
        first = areas[0]
        parts.append(
            f"Most is at stake at {strong(_where(seen, first))}:"
            f" {strong(_words.money(first.revenue, seen.currency))} a year."
        )
    return " ".join(parts)


def dates(seen: View, found: Quarter | None) -> str:
    """The days of the quarter so far, and how far the data reaches."""
    through = seen.session.through
    parts = [span(found.period)] if found is not None and found.period is not None else []
    parts += [f"data through {day(through)}"] if through is not None else []
    parts += ["the filters at the side narrow only the last table"] if seen.where else []
    return " · ".join(parts)


def tiles(seen: View, found: Quarter) -> None:
    """Each priority: reached, judged by pace, its target, and who answers for it."""
    shown = [
        of_standing(seen, one.standing)
        if one.standing is not None
        else Tile(one.priority.name, one.priority.objective.label, None, reason="Its quarter has not begun.")
        for one in found.priorities
    ]
    _tiles.show(shown, seen.theme)


def served(seen: View, found: Quarter) -> None:
    """What each priority asks for, and what the campaigns tagged with it brought and cost."""
    people = seen.session.names("owner")
    rows = [_row(seen, one, people) for one in found.priorities]
    titles = {"priority": "Priority", "metric": "Metric", "target": "Target", "reached": "Reached",
              "attainment": "Attainment", "owner": "Held by"}  # fmt: skip
    kinds = dict.fromkeys(AMOUNTS, pl.Float64) | {"attainment": pl.Float64}
    why = " ".join(dict.fromkeys(found.reasons.values()))
    show_table(
        "What the campaigns of each priority brought",
        "Leads, pipeline and won revenue by the campaign of the creating touch, in the quarter so far; revenue is late:"
        f" much of it is of leads from before. {why}".rstrip(),
        pl.DataFrame(rows, schema_overrides=kinds),
        key="served",
        columns=column_formats({**UNITS, "attainment": "ratio"}, titles | LABELS),  # type: ignore[dict-item]  # units of the house
    )


def _row(seen: View, one: Served, people: dict[str, str]) -> dict[str, object]:
    objective, stands = one.priority.objective, one.standing
    holder = objective.held_by
    return {
        "priority": objective.label,
        "metric": seen.session.reach.metric(objective.metric.split(".")[0]).label,
        "target": words(seen, objective.metric, objective.target),
        "reached": words(seen, objective.metric, stands.actual) if stands is not None else None,
        "attainment": stands.attainment if stands is not None else None,
        "owner": people.get(holder, holder) if holder is not None else None,
        **{name: one.amounts.get(name) for name in AMOUNTS},
    }


def campaigns(seen: View, found: Quarter) -> None:
    """The campaigns tagged with one priority, chosen."""
    if found.period is None or not found.priorities:
        return
    labels = {one.priority.name: one.priority.objective.label for one in found.priorities}
    chosen = st.selectbox("Campaigns of", list(labels), format_func=labels.__getitem__, key="of_priority",
                          bind="query-params")  # fmt: skip
    one = next((one.priority for one in found.priorities if one.priority.name == chosen), found.priorities[0].priority)
    frame = campaigns_of(seen.session, one, found.period)
    title = f"Which campaigns serve it? {one.objective.label}"
    if frame.is_empty():
        reason = f"No campaign with priority '{one.tag}' brought or cost anything in the quarter so far."
        show_reason(title, reason, key="tagged")
        return
    show_table(
        title,
        f"Campaigns whose priority is '{one.tag}' in the data. {one.objective.description}".rstrip(),
        frame,
        key="tagged",
        columns=column_formats(UNITS, {"campaign": "Campaign"} | LABELS),  # type: ignore[arg-type]  # units of the house
    )


def areas(seen: View, found: tuple[Improvement, ...], reason: str | None) -> None:
    """Each step against the best group of its kind, and the revenue at stake; no cause is claimed."""
    if not found:
        show_reason(TITLE, reason or "Nothing to compare.", key="areas")
        return
    first = found[0]
    rows = [
        (_step(seen, one), _label(seen, one), one.group, one.entries, one.rate, one.best, one.best_rate, one.customers,
         one.revenue, "" if one.is_clear else "may be chance")
        for one in found
    ]  # fmt: skip
    names = ("step", "dimension", "group", "entries", "rate", "best", "best_rate", "customers", "revenue", "sure")
    labels = ("Step", "By", "Group", "Entries", "Its rate", "Best group", "Best rate", "Customers", "Revenue at stake",
              "How sure")  # fmt: skip
    units = {"entries": "count", "rate": "ratio", "best_rate": "ratio", "customers": "parts", "revenue": "money"}
    show_table(
        TITLE,
        f"{_sentence(seen, first)} {span(_year(seen))}; groups with at least {FEWEST} entries that had the whole time.",
        pl.DataFrame(rows, schema=list(names), orient="row"),
        key="areas",
        columns=column_formats(units, dict(zip(names, labels, strict=True))),  # type: ignore[arg-type]  # units of the house
    )


def _sentence(seen: View, one: Improvement) -> str:
    """The largest gap in a sentence that says what is compared and claims no cause."""
    chance = "" if one.is_clear else " The difference may be chance."
    return (
        f"{_step(seen, one)}: of {one.entries:,} entries where {_label(seen, one).lower()} is {one.group},"
        f" {_words.rate(one.rate)} went on; where it is {one.best}, {_words.rate(one.best_rate)}. As many at that rate"
        f" are about {one.customers:.0f} customers and {_words.money(one.revenue, seen.currency)} more, by the later"
        f" rates and the average deal.{chance} It says where to look, not why they differ."
    )


def _where(seen: View, one: Improvement) -> str:
    return f"{_step(seen, one)}, {_label(seen, one).lower()} {one.group}"


def _step(seen: View, one: Improvement) -> str:
    """From which stage to which."""
    stages = seen.session.stages_of(FUNNEL)
    place = next((place for place, stage in enumerate(stages) if stage.name == one.step), 0)
    return f"{stages[place - 1].label} to {stages[place].label}" if place else one.step


def _label(seen: View, one: Improvement) -> str:
    return seen.session.reach.dimension(one.dimension).label
