"""The journey of a deal in words, a time line and tables. Computes nothing; names no contact."""

from __future__ import annotations

import polars as pl
import streamlit as st

from metrics.journeys import Journey, journey_of, latest_deal
from pages import _choices
from pages._charts import figure
from pages._dates import day
from pages._page import View, crm_links
from pages._panels import column_formats, show_chart, show_reason, show_table
from pages._timeline import Lane, Mark, Moment, Stretch, timeline_drawing
from pages._words import count, days, escape, money, rate, strong

__all__ = ["about", "activities", "choose", "says", "seen_before", "timeline", "touches"]

# Pages show what each milestone of a customer brought unless asked for another model.
DEFAULT_MODEL = "w_shaped"
_ENDS = {"won": "Won", "lost": "Lost", "closed": "Closed", "open": "Open"}


def choose(seen: View) -> tuple[Journey | None, str]:
    """The deal and the model that the viewer chose; without a deal the one won last. The reason where there is none."""
    left, right = st.columns([2, 1], gap="small")
    with left:
        asked = st.text_input(
            "Deal", key="deal", bind="query-params", placeholder="The id of a deal; empty is the one won last"
        )
    with right:
        model = _choices.choose_model(seen.session, ("credited_revenue",), DEFAULT_MODEL)
    deal = asked.strip() or latest_deal(seen.session)
    if deal is None:
        return None, "No deal was won yet that a touch led to. Write the id of a deal to see what led to it."
    found = journey_of(seen.session, deal, model or DEFAULT_MODEL)
    where = "Open a deal from the rows behind any number, or take its id from the CRM."
    return found, "" if found else f"{seen.session.company.name} has no deal '{deal}'. {where}"


# -- words -----------------------------------------------------------------------------------------------------------


def says(seen: View, found: Journey | None, reason: str) -> str:
    """The journey in two or three sentences, in Markdown."""
    if found is None:
        return escape(reason)
    deal, said = found.deal, []
    worth = f" for {money(deal.amount, seen.currency)}" if deal.amount is not None else ""
    ended = f" on {day(deal.closed_at.date())}" if deal.closed_at and deal.how != "open" else ""
    said.append(f"{strong(f'{_ENDS[deal.how]}{ended}{worth}')}.")
    if found.touches.is_empty():
        said.append("No touch of marketing is known on its way.")
    else:
        first, contacts = found.touches.row(0, named=True), found.touches["contact"].n_unique()
        people = "1 contact" if contacts == 1 else f"{contacts} contacts"
        touched = "1 touch" if found.touches.height == 1 else f"{found.touches.height} touches"
        channel = first["channel"] or "no known channel"
        said.append(
            f"{strong(touched)} of {people} led to it,"
            f" the first on {escape(day(first['happened_at'].date()))} by {escape(channel)}."
        )
    if found.reached_at is not None:
        pieces = "nothing" if found.seen.is_empty() else f"{_pieces(found)} of content"
        said.append(
            f"Before sales was first in touch, on {escape(day(found.reached_at.date()))},"
            f" the prospect had seen {strong(pieces)}."
        )
    return " ".join(said)


def _pieces(found: Journey) -> str:
    return "1 piece" if found.seen.height == 1 else f"{found.seen.height} pieces"


def about(found: Journey | None) -> str:
    """One quiet line: which deal, whose, and how long it took."""
    if found is None:
        return "Contacts are shown as numbers; the CRM knows their names."
    deal = found.deal
    parts = [deal.name, deal.account, f"owner {deal.owner}" if deal.owner else None, f"deal {deal.deal_id}"]
    parts += [
        f"stage {deal.stage}" if deal.stage else None,
        f"lost because {deal.loss_reason}" if deal.loss_reason else None,
    ]
    parts += [f"{deal.origin}-originated" if deal.origin else None]
    if found.start is not None and found.end is not None:
        parts.append(f"{days((found.end - found.start).days)} from the first event to the last")
    return " · ".join(part for part in parts if part)


# -- pictures --------------------------------------------------------------------------------------------------------


def timeline(seen: View, found: Journey) -> None:
    """Touches by channel in blue, what sales did in orange, stages as bands, creation and close as lines."""
    if found.start is None or found.end is None:
        show_reason("When did what happen?", "Nothing on the way of this deal has a date.", key="timeline")
        return
    lanes = [
        Lane(channel or "No channel", "marketing", tuple(
            Mark(row["happened_at"], _touch_words(row)) for row in found.touches.iter_rows(named=True)
            if row["channel"] == channel
        ))
        for channel in found.touches["channel"].unique(maintain_order=True)
    ]  # fmt: skip
    if found.activities.height:
        marks = [
            Mark(row["happened_at"], _activity_words(row), row["is_automatic"])
            for row in found.activities.iter_rows(named=True)
        ]
        lanes.append(Lane("Sales", "sales", tuple(marks)))
    deal = found.deal
    dated = [("Deal created", deal.created_at), (f"Deal {deal.how}", deal.closed_at if deal.how != "open" else None)]
    moments = [Moment(f"{label} {day(at.date())}", at) for label, at in dated if at is not None]
    bands = [Stretch(band.label, band.since, band.until) for band in found.bands]
    drawing = timeline_drawing(lanes, bands, moments, found.start, found.end, seen.theme)
    told = ("happened_at", "kind", "channel", "campaign", "content")
    done = found.activities.select("happened_at", "kind", pl.lit("Sales").alias("channel"), "content")
    rows = pl.concat([found.touches.select(told), done], how="diagonal").sort("happened_at")
    show_chart(
        "When did what happen?",
        "Each point is a touch, or in the lowest row something sales did; rings are automatic.",
        figure(drawing),
        rows,
        key="timeline",
        columns=_formats({"kind": "Kind", "channel": "Channel", "campaign": "Campaign", "content": "Content"}),
    )


def _touch_words(row: dict[str, object]) -> tuple[str, ...]:
    given = row["share"]
    share = f"{rate(given)} of the credit" if isinstance(given, float) else None
    words = (str(row["kind"]).replace("_", " "), row["campaign"], row["content"], f"Contact {row['contact']}", share)
    return tuple(str(word) for word in words if word)


def _activity_words(row: dict[str, object]) -> tuple[str, ...]:
    kind = " ".join(str(word) for word in (row["direction"], row["kind"]) if word)
    words = (kind, row["person"], row["outcome"], row["content"], "automatic" if row["is_automatic"] else None)
    return tuple(str(word) for word in words if word)


def seen_before(found: Journey) -> None:
    """The content that the prospect had seen when sales first got in touch."""
    title, labels = "What had the prospect seen before?", {"content": "Content"}
    if found.seen.is_empty():
        when = "before sales was first in touch" if found.reached_at else "on the way of this deal"
        show_reason(title, f"No content {when}.", key="seen")
        return
    till = f"until {day(found.reached_at.date())}, when sales was first in touch" if found.reached_at else "so far"
    columns = _formats(labels, "first_at", "First seen") | column_formats({"touches": "count"}, {"touches": "Touches"})
    show_table(title, f"Content in the touches of its contacts {till}.", found.seen, key="seen", columns=columns)


def activities(found: Journey) -> None:
    """What sales did, and what content it sent."""
    title = "What did sales do?"
    if found.activities.is_empty():
        show_reason(title, "No activity of sales is known with this deal or its contacts.", key="activities")
        return
    labels = {"kind": "Kind", "direction": "Direction", "person": "Who", "outcome": "Outcome", "content": "Content"}
    shown = found.activities.select("happened_at", *labels)
    show_table(title, f"{count(shown.height)} activities.", shown, key="activities", columns=_formats(labels))


def touches(seen: View, found: Journey) -> None:
    """Every touch with its share by the chosen model; contacts are numbers with a link into the CRM."""
    title = "Which touch has which share?"
    if found.touches.is_empty():
        show_reason(title, "No touch is in the path of this deal: it stands among the unattributed.", key="touches")
        return
    labels = {
        "kind": "Kind", "channel": "Channel", "source": "Source", "campaign": "Campaign", "content": "Content",
        "contact": "Contact",
    }  # fmt: skip
    units = {"share": "ratio", "value": "money"}
    links, linked = crm_links(seen, found.touches)
    named = {"share": "Share", "value": f"Value in {seen.currency}"}
    hidden = list(named) if found.touches["share"].null_count() else []
    frame = links.drop("touch_id", "contact_id", *hidden)
    columns = _formats(labels) | column_formats(units, named) | linked  # type: ignore[arg-type]  # units are literals
    show_table(title, _shared_words(found), frame, key="touches", columns=columns)


def _shared_words(found: Journey) -> str:
    if found.model is None:
        return "A lost deal has nothing to share out."
    to = "revenue" if found.deal.how == "won" else "pipeline"
    if found.touches["share"].null_count():
        return "Only deals of type new are shared out."
    return f"Its {to}, shared out by the model {_choices.model_label(found.model)}. Contacts are numbers."


def _formats(labels: dict[str, str], at: str = "happened_at", when: str = "When") -> dict[str, object]:
    formats: dict[str, object] = dict(column_formats({}, labels))
    formats[at] = st.column_config.DatetimeColumn(when, format="YYYY-MM-DD HH:mm")
    return formats
