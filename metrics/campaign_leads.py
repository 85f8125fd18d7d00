"""Who the leads of a campaign became: stage, owner, verdict, deal. Contacts are told by the end of their id only.

The SELECTs are written by hand and fixed; the campaign that is asked for is a bound value.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl
from sqlglot import exp

from metrics.run import Session

__all__ = ["MOST_LEADS", "CampaignLeads", "leads_of", "masked_key"]

MOST_LEADS = 2_000
_SHOWN, _MASK = 4, "…"

_COUNT = """SELECT count(*) FROM "leads" WHERE "campaign_id" = $campaign"""
# The latest leads first, and everything else only of those.
_LEADS = f"""
    WITH chosen AS (
        SELECT "contact_id", "pass", "started_at", "started_on", "ended_on", "lost_reason", "owner_id",
            {{stage}} AS "stage"
        FROM "leads"
        WHERE "campaign_id" = $campaign
        ORDER BY "started_on" DESC NULLS LAST, "contact_id", "pass" DESC LIMIT {MOST_LEADS}
    ),
    judged AS (
        SELECT c."contact_id", c."pass", arg_max(v."decision", v."happened_at") AS "verdict",
            arg_max(coalesce(v."reason", ''), v."happened_at") AS "reason"
        FROM "lead_decisions" AS v JOIN chosen AS c ON c."contact_id" = v."contact_id"
            AND v."happened_at" >= c."started_at" AND (c."ended_on" IS NULL OR v."happened_on" <= c."ended_on")
        GROUP BY c."contact_id", c."pass"
    ),
    dealt AS (
        -- Of several deals the one that was won, else the latest.
        SELECT p."contact_id", p."pass", d."deal_id", d."amount", CASE
                WHEN d."is_won" THEN 'won' WHEN d."is_lost" THEN 'lost' WHEN d."is_closed" THEN 'closed' ELSE 'open'
            END AS "outcome",
            row_number() OVER (
                PARTITION BY p."contact_id", p."pass" ORDER BY d."is_won" DESC, d."created_on" DESC, d."deal_id"
            ) AS "place"
        FROM "deal_passes" AS p JOIN "pipeline" AS d ON d."deal_id" = p."deal_id"
        SEMI JOIN chosen AS c ON c."contact_id" = p."contact_id" AND c."pass" = p."pass"
    )
    SELECT c."contact_id", c."started_on", c."stage", o."name" AS "owner", j."verdict",
        -- Why a lead was lost is no reason for a verdict that says otherwise.
        coalesce(
            nullif(j."reason", ''), CASE WHEN d."outcome" = 'lost' OR j."verdict" IS NULL THEN c."lost_reason" END
        ) AS "reason", d."deal_id", d."outcome", d."amount"
    FROM chosen AS c
    LEFT JOIN judged AS j ON j."contact_id" = c."contact_id" AND j."pass" = c."pass"
    LEFT JOIN dealt AS d ON d."contact_id" = c."contact_id" AND d."pass" = c."pass" AND d."place" = 1
    LEFT JOIN "people" AS o ON o."person_id" = c."owner_id"
    ORDER BY c."started_on" DESC NULLS LAST, c."contact_id", c."pass" DESC
"""


@dataclass(frozen=True)
class CampaignLeads:
    """The latest leads of a campaign, and how many it has in all.

    Columns: lead (the end of the contact's id), contact_id (for links, not to be shown), started_on, stage
    (the furthest one, by its label), owner, verdict, reason, deal_id, outcome, amount (in the company's currency).
    """

    frame: pl.DataFrame
    every: int


def leads_of(session: Session, campaign: str) -> CampaignLeads:
    """The leads whose creating touch was of this campaign, the latest first."""
    furthest = exp.Case()
    for stage in reversed(session.reach.stages):
        entered = exp.column(f"{stage}_on", quoted=True)
        furthest = furthest.when(entered.is_(exp.null()).not_(), exp.Literal.string(stage))
    frame = session.run(_LEADS.format(stage=furthest.sql(dialect="duckdb")), {"campaign": campaign})
    labels = {name: stage.label for name, stage in session.reach.stages.items()}
    masked = [masked_key(str(key)) for key in frame["contact_id"]]
    shown = frame.select(
        pl.Series("lead", masked, dtype=pl.String),
        pl.all().exclude("stage", "amount"),
        pl.Series("stage", [labels.get(name, name) for name in frame["stage"]], dtype=pl.String),
        pl.col("amount").cast(pl.Float64),
    )
    order = ("lead", "contact_id", "started_on", "stage", "owner", "verdict", "reason", "deal_id", "outcome", "amount")
    every = shown.height if shown.height < MOST_LEADS else session.run(_COUNT, {"campaign": campaign}).item()
    return CampaignLeads(shown.select(order), int(every))


def masked_key(key: str) -> str:
    """Enough to tell two leads apart in a meeting, and too little to know who they are."""
    return _MASK + key[len(key) - min(_SHOWN, len(key) // 2) :]
