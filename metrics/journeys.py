"""The journey of one deal: its touches with their shares, what sales did, stages, what was seen before. Draws nothing.

The SELECTs are written by hand and fixed; the deal that is asked for is a bound value. Contacts are numbers.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import polars as pl

from data.company import Company
from metrics.credits import models_of
from metrics.gaps import absent
from metrics.run import Session

__all__ = ["Band", "Deal", "Journey", "journey_of", "latest_deal"]

_DEAL = """
    SELECT d."deal_id", d."name", d."account_id", a."name" AS "account", p."name" AS "owner", d."stage", l."deal_type",
        l."amount", l."original_amount", l."currency", l."origin", l."loss_reason", o."is_won", o."is_closed",
        o."is_lost", o."created_at", o."closed_at", o."contact_id"
    FROM "deals" AS d
    JOIN "deal_outcomes" AS o ON o."deal_id" = d."deal_id"
    LEFT JOIN "pipeline" AS l ON l."deal_id" = d."deal_id"
    LEFT JOIN "accounts" AS a ON a."account_id" = d."account_id"
    LEFT JOIN "people" AS p ON p."person_id" = d."owner_id"
    WHERE d."deal_id" = $deal
"""
_MERGED = """SELECT "new_id" FROM "merges" WHERE "object" = 'deal' AND "old_id" = $deal ORDER BY 1 LIMIT 1"""
_LATEST = """
    SELECT "deal_id" FROM "credit" WHERE "goal" = 'close' AND "touch_id" IS NOT NULL
    ORDER BY "credited_on" DESC NULLS LAST, "deal_id" LIMIT 1
"""
_TOUCHES = """
    SELECT j."touch_id", j."happened_at", j."kind", j."channel", j."source", k."name" AS "campaign",
        coalesce(n."title", j."content_id") AS "content", j."contact_id"
    FROM "journeys" AS j
    LEFT JOIN "campaigns" AS k ON k."campaign_id" = j."campaign_id"
    LEFT JOIN "content" AS n ON n."content_id" = j."content_id"
    WHERE j."deal_id" = $deal AND j."goal" = $goal
    ORDER BY j."place"
"""
_SHARES = """SELECT * FROM "credit" WHERE "deal_id" = $deal AND "goal" = $goal AND "touch_id" IS NOT NULL"""
# What was done for the deal itself, and with its contacts for no deal at all while it was on its way.
_ACTIVITIES = """
    SELECT x."happened_at", x."kind", x."direction", x."outcome", coalesce(x."is_automatic", false) AS "is_automatic",
        p."name" AS "person", coalesce(n."title", x."content_id") AS "content"
    FROM "activities" AS x
    LEFT JOIN "people" AS p ON p."person_id" = x."person_id"
    LEFT JOIN "content" AS n ON n."content_id" = x."content_id"
    WHERE x."happened_at" IS NOT NULL AND (
        x."deal_id" = $deal
        OR x."deal_id" IS NULL AND x."happened_at" >= $since AND x."happened_at" <= $until
        AND x."activity_id" IN (
            SELECT ac."activity_id" FROM "activity_contacts" AS ac
            JOIN "deal_contacts" AS dc ON dc."contact_id" = ac."contact_id"
            WHERE dc."deal_id" = $deal
        )
    )
    ORDER BY x."happened_at", x."activity_id"
"""
_STAGES = """
    SELECT s."stage", min(s."entered_at") AS "entered_at"
    FROM "lead_stages" AS s
    JOIN "deal_passes" AS p ON p."contact_id" = s."contact_id" AND p."pass" = s."pass"
    WHERE p."deal_id" = $deal AND s."entered_at" IS NOT NULL
    GROUP BY s."stage"
"""
_DEAL_STAGES = """
    SELECT "stage", "happened_at" AS "entered_at" FROM "stage_changes"
    WHERE "object" = 'deal' AND "object_id" = $deal AND "stage" IS NOT NULL AND "happened_at" IS NOT NULL
    ORDER BY "happened_at", "stage"
"""
# Before a deal without a touch, sales may have been busy for as long as touches usually count.
_BEFORE = dt.timedelta(days=90)


@dataclass(frozen=True)
class Deal:
    """One deal as it is today. Instants are in the company's zone; `amount` in its currency, None where unknown."""

    deal_id: str
    name: str | None
    account: str | None
    account_id: str | None
    owner: str | None
    stage: str | None
    amount: float | None
    origin: str | None
    loss_reason: str | None
    how: str
    created_at: dt.datetime | None
    closed_at: dt.datetime | None


@dataclass(frozen=True)
class Band:
    """The time that the deal's lead, or else the deal itself, was in a stage."""

    label: str
    since: dt.datetime
    until: dt.datetime


@dataclass(frozen=True)
class Journey:
    """What led to a deal, up to its close, or of an open one to its creation.

    `touches`: happened_at, kind, channel, source, campaign, content, contact (a number), contact_id, share, value (both
    empty where nothing is shared out). `activities`: happened_at, kind, direction, outcome, is_automatic, person,
    content. `seen`: content, touches, first_at, before the first activity of a person, which is `reached_at`.
    """

    deal: Deal
    touches: pl.DataFrame
    activities: pl.DataFrame
    bands: tuple[Band, ...]
    seen: pl.DataFrame
    reached_at: dt.datetime | None
    models: tuple[str, ...]
    model: str | None
    start: dt.datetime | None
    end: dt.datetime | None


def latest_deal(session: Session) -> str | None:
    """The deal won last that a touch led to; None where there is none."""
    frame = session.read(_LATEST)
    return None if frame.is_empty() else str(frame.item())


def journey_of(session: Session, deal_id: str, model: str) -> Journey | None:
    """The journey of a deal, its value shared out by a rule model; of a merged one, that of what it became.

    None where no deal has this id. `model` falls back to the first that can share the deal out.
    """
    row = _row(session, deal_id)
    if row is None:
        return None
    if absent(session, "pipeline.origin"):
        # Without activities of sales, marketing would have been first everywhere.
        row["origin"] = None
    deal, asked = _deal(row, session.company), {"deal": row["deal_id"]}
    goal = "close" if row["is_won"] or row["is_closed"] else "creation"
    # A lost deal shares out nothing at its end.
    measure = {"won": "revenue", "open": "pipeline"}.get(deal.how)
    models = tuple(models_of(session.reach, measure)) if measure else ()
    chosen = model if model in models else next(iter(models), None)
    raw = session.run(_TOUCHES, {**asked, "goal": goal})
    touches = _local(_shared(session, raw, {**asked, "goal": goal}, measure, chosen), session.company)
    days = [day for day in (row["created_at"], row["closed_at"]) if isinstance(day, dt.datetime)]
    since = min([*raw["happened_at"].to_list(), *(day - _BEFORE for day in days)], default=dt.datetime.min)
    until = row["closed_at"] or dt.datetime.max.replace(microsecond=0)
    span = {"since": since, "until": until}
    activities = _local(session.run(_ACTIVITIES, {**asked, **span}), session.company)
    known = [deal.created_at, deal.closed_at, *touches["happened_at"], *activities["happened_at"]]
    moments = sorted(moment for moment in known if moment is not None)
    start, end = (moments[0], moments[-1]) if moments else (None, None)
    reached = activities.filter(~pl.col("is_automatic"))["happened_at"].min()
    assert reached is None or isinstance(reached, dt.datetime)
    return Journey(
        deal=deal,
        touches=touches,
        activities=activities,
        bands=_bands(session, asked, start, end),
        seen=_seen(touches, reached),
        reached_at=reached,
        models=models,
        model=chosen,
        start=start,
        end=end,
    )


def _row(session: Session, deal_id: str) -> dict[str, object] | None:
    for _ in range(2):
        frame = session.run(_DEAL, {"deal": deal_id})
        if frame.height:
            return frame.row(0, named=True)
        merged = session.run(_MERGED, {"deal": deal_id})
        if merged.is_empty():
            return None
        deal_id = str(merged.item())
    return None


def _deal(row: dict[str, object], company: Company) -> Deal:
    how = "won" if row["is_won"] else "lost" if row["is_lost"] else "closed" if row["is_closed"] else "open"
    local = _local(pl.DataFrame({name: [row[name]] for name in ("created_at", "closed_at")}), company).row(0)
    texts = {name: row[name] for name in ("name", "account", "account_id", "owner", "stage", "origin", "loss_reason")}
    amount = None if row["amount"] is None else float(str(row["amount"]))
    return Deal(str(row["deal_id"]), amount=amount, how=how, created_at=local[0], closed_at=local[1], **texts)  # type: ignore[arg-type]  # columns of text


def _shared(
    session: Session, touches: pl.DataFrame, asked: dict[str, object], measure: str | None, model: str | None
) -> pl.DataFrame:
    """The touches with share, value and the number of their contact, in the order in which contacts come in."""
    order = touches["contact_id"].unique(maintain_order=True).to_list()
    numbers = pl.DataFrame(
        {"contact_id": order, "contact": list(range(1, len(order) + 1))},
        schema={"contact_id": pl.String, "contact": pl.Int64},
    )
    numbered = touches.join(numbers, on="contact_id", how="left", maintain_order="left")
    if measure is None or model is None:
        empty = [pl.lit(None, dtype=pl.Float64).alias(name) for name in ("share", "value")]
        return numbered.with_columns(*empty)
    column = models_of(session.reach, measure)[model]
    shares = session.run(_SHARES, asked).select(
        "touch_id",
        pl.col(column).cast(pl.Float64).alias("share"),
        (pl.col("amount").cast(pl.Float64) * pl.col(column)).alias("value"),
    )
    return numbered.join(shares, on="touch_id", how="left", maintain_order="left")


def _seen(touches: pl.DataFrame, reached: dt.datetime | None) -> pl.DataFrame:
    """What the prospect saw before a person of sales was in touch; without one, all that was seen."""
    before = touches.filter(pl.col("content").is_not_null())
    if reached is not None:
        before = before.filter(pl.col("happened_at") < reached)
    counted = before.group_by("content").agg(pl.len().alias("touches"), pl.col("happened_at").min().alias("first_at"))
    return counted.sort("first_at", "content")


def _bands(
    session: Session, asked: dict[str, object], start: dt.datetime | None, end: dt.datetime | None
) -> tuple[Band, ...]:
    """The stages of the deal's lead one after the other, inside the time that is shown; where none is, the deal's."""
    if start is None or end is None:
        return ()
    entered = dict(_local(session.run(_STAGES, asked), session.company).iter_rows())
    # Stages of one instant stand in their own order: the later one is where the lead is.
    of_lead = sorted(
        (at, rank, stage.label)
        for rank, (name, stage) in enumerate(session.reach.stages.items())
        if (at := entered.get(name)) is not None
    )
    bands = _between([(label, at) for at, _, label in of_lead], start, end)
    if bands:
        return bands
    return _between(list(_local(session.run(_DEAL_STAGES, asked), session.company).iter_rows()), start, end)


def _between(entries: list[tuple[str, dt.datetime]], start: dt.datetime, end: dt.datetime) -> tuple[Band, ...]:
    """Each stage lasts until the next one, and the last as long as the journey."""
    ends = [*(at for _, at in entries[1:]), end][: len(entries)]
    bands = [Band(label, max(at, start), min(until, end)) for (label, at), until in zip(entries, ends, strict=True)]
    # A stage that was entered before all that is shown, and left in it, has its part; the last one always has.
    inside = [band for band in bands if band.since < band.until]
    return tuple(inside) if any(at >= start for _, at in entries) else ()


def _local(frame: pl.DataFrame, company: Company) -> pl.DataFrame:
    """Instants, which are stored in UTC, as the clock of the company shows them."""
    names = [name for name in frame.columns if name.endswith("_at")]
    local = [
        pl.col(name).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
        .dt.convert_time_zone(company.time_zone).dt.replace_time_zone(None, ambiguous="earliest")
        for name in names
    ]  # fmt: skip
    return frame.with_columns(*local)
