"""Personas as sentences, a table, their profile, their fit and why sales rejects them. Computes no business number."""

from __future__ import annotations

import polars as pl
import streamlit as st

from data.calendar import Period, leading_to
from metrics.by_persona import ByPersona, by_persona, reasons_of
from metrics.fit import Fit, fit_of
from metrics.personas import Persona, criteria
from pages import _charts, _words
from pages._charts import Bar
from pages._dates import day, span
from pages._histogram import Band, histogram
from pages._page import View, rows_button
from pages._panels import column_formats, show_chart, show_reason, show_table
from pages._words import strong

__all__ = ["choose", "dates", "numbers", "profile", "rejections", "says", "together", "year"]

MONTHS = 12
NO_PERSONA = "No persona"
HOW = "Write them under personas: in a file of definitions/, each with a label, a description and a score."


def year(seen: View) -> Period:
    """Twelve months up to the end of the chosen period: a week has too few leads of each persona."""
    return leading_to(seen.period.until, "month", seen.session.company, MONTHS)


def numbers(seen: View) -> ByPersona:
    """What became of each persona in the twelve months."""
    return by_persona(seen.session, year(seen), seen.where)


def says(seen: View, found: ByPersona) -> str:
    """Who brings most, and whom sales rejects most often, in Markdown."""
    named = found.described
    if named.is_empty():
        return f"{strong('No persona is described yet')}. {_words.escape(HOW)}"
    parts = []
    best = named.row(0, named=True)
    if best["won_revenue"]:
        money = _words.money(best["won_revenue"], seen.currency)
        parts.append(f"{strong(best['label'])} brings the most new revenue: {strong(money)}.")
    judged = named.drop_nulls("rejected_share").sort("rejected_share", descending=True)
    if judged.height > 1:
        most, least = judged.row(0, named=True), judged.row(-1, named=True)
        parts.append(
            f"Sales rejects {strong(most['label'])} most often, {_words.escape(_words.rate(most['rejected_share']))} of"
            f" its verdicts, and {strong(least['label'])} least,"
            f" {_words.escape(_words.rate(least['rejected_share']))}."
        )
    return " ".join(parts) or "Nobody has come in these months."


def dates(seen: View) -> str:
    """Which months, and how far the data reaches."""
    through = seen.session.through
    known = f" · data through {day(through)}" if through is not None else ""
    return f"{span(year(seen))}, twelve months, since a week has too few leads of each{known}"


def together(found: ByPersona) -> None:
    """All personas in one table, those without a description last."""
    labels = {
        "label": "Persona", "leads": "Leads", "mqls": "Qualified", "lead_to_customer.rate_matured": "Lead to customer",
        "lead_to_customer.matured": "of matured leads", "deals_won": "Deals won", "won_revenue": "Won revenue",
        "rejected": "Rejected", "rejected_share": "of verdicts",
    }  # fmt: skip
    units = {
        **dict.fromkeys(("leads", "mqls", "lead_to_customer.matured", "deals_won", "rejected"), "count"),
        **dict.fromkeys(("lead_to_customer.rate_matured", "rejected_share"), "ratio"), "won_revenue": "money",
    }  # fmt: skip
    others = found.frame.filter(~pl.col("is_described"), pl.col("persona").is_not_null())
    one = "1 persona of the data is" if others.height == 1 else f"{others.height} personas of the data are"
    told = f" {one} not described." if others.height else ""
    why = " ".join(dict.fromkeys(found.reasons.values()))
    show_table(
        "What comes of them",
        "The rate is of leads that had the whole time to convert; rejected is out of accepted and rejected."
        f"{told} {why}".rstrip(),
        found.frame.with_columns(pl.col("label").fill_null(NO_PERSONA)).select(list(labels)),
        key="personas",
        columns=column_formats(units, labels),  # type: ignore[arg-type]  # the units are literals
    )


def choose(seen: View) -> Persona | None:
    """The persona that the rest of the page is about; None where none is described."""
    known = seen.session.definitions.personas
    if not known:
        return None
    labels = {name: one.label for name, one in known.items()}
    chosen = st.selectbox("Persona", list(known), format_func=labels.__getitem__, key="persona", bind="query-params")
    return known[chosen or next(iter(known))]


def profile(seen: View, persona: Persona) -> None:
    """Who they are, what gives points, and how many points the leads have."""
    left, right = st.columns(2, gap="small")
    with left:
        _criteria(seen, persona)
    with right:
        _fit(seen, persona, fit_of(seen.session, persona, year(seen), seen.where))


def _criteria(seen: View, persona: Persona) -> None:
    title = f"Who they are: {persona.label}"
    if persona.fit is None:
        show_reason(title, f"{persona.description} No score says what makes one fit: add fit: to it.", key="profile")
        return
    parts = criteria(persona.fit, seen.session.manifest.scores)
    rows = pl.DataFrame(
        {"criterion": [f"each of {part.words}" if part.is_each else part.words for part in parts],
         "points": [part.points for part in parts]},
        schema={"criterion": pl.String, "points": pl.Float64},
    )  # fmt: skip
    least = f" Fits from {persona.fits_from:g} points on." if persona.fits_from is not None else ""
    columns = column_formats({"points": "parts"}, {"criterion": "Criterion", "points": "Points"})
    columns["points"] = st.column_config.NumberColumn("Points", format="%g")
    show_table(title, f"{persona.description}{least}", rows, key="profile", columns=columns)


def _fit(seen: View, persona: Persona, fit: Fit) -> None:
    title = f"How well do they fit? {persona.label}"
    if fit.reason is not None or fit.bands.is_empty():
        show_reason(title, fit.reason or "No lead of this persona came in these months.", key="fit")
        return
    share = f"{_words.rate(fit.share)} of {fit.leads:,} leads fit. " if fit.share is not None else ""
    unknown = f" Of {fit.unknown:,} it is not known." if fit.unknown else ""
    bands = [
        Band(_points(row["begins"], fit.width), row["leads"], _words.count(row["leads"]), is_pale=row["fits"] is False)
        for row in fit.bands.iter_rows(named=True)
    ]
    units = {"begins": "parts", "ends": "parts", "leads": "count"}
    labels = {"begins": "From points", "ends": "Below", "leads": "Leads", "fits": "Fits"}
    columns = column_formats(units, labels)  # type: ignore[arg-type]  # the units are literals
    columns["fits"] = st.column_config.CheckboxColumn("Fits")
    show_chart(
        title,
        f"{share}Leads by the most points that each has had; pale is below what fits.{unknown}",
        _charts.figure(histogram(bands, seen.theme, owner="marketing")),
        fit.bands,
        key="fit",
        columns=columns,
        below=lambda: rows_button(seen, "leads", year(seen), "fit", ("persona",)),
    )


def _points(begins: float, width: float) -> str:
    last = begins + width - 1
    return f"{begins:g} points" if width == 1 else f"{begins:g} to {last:g}"


def rejections(seen: View, persona: Persona) -> None:
    """Why sales does not want them, most frequent first."""
    title = f"Why does sales reject them? {persona.label}"
    frame, reason = reasons_of(seen.session, year(seen), seen.where)
    own = frame.filter(pl.col("persona") == persona.value)
    if reason is not None or own.is_empty():
        show_reason(title, reason or "Sales has rejected nobody of this persona in these months.", key="rejections")
        return
    bars = [
        Bar(row["reason"], row["rejected"], f"{row['rejected']:,} · {_words.rate(row['share'])}")
        for row in own.iter_rows(named=True)
    ]
    labels = {"reason": "Reason", "rejected": "Rejected", "share": "Share"}
    show_chart(
        title,
        f"{int(own['rejected'].sum()):,} first verdicts of sales that rejected, by the reason given.",
        _charts.ranked_bars(bars, seen.theme, owner="sales", unattributed="No reason given",
                            sum_as_text=lambda value: f"{value:,.0f}"),
        own.select("reason", "rejected", "share"),
        key="rejections",
        columns=column_formats({"rejected": "count", "share": "ratio"}, labels),
        below=lambda: rows_button(seen, "rejected", year(seen), "rejections", ("persona", "verdict_reason")),
    )  # fmt: skip
