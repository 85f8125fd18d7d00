"""The short lists that marketing keeps: campaigns and content. Draws nothing."""

from __future__ import annotations

import numpy as np
import polars as pl

from data.demo.arrays import DAY, NEVER, Ints, instants
from data.demo.calendar import Calendar
from data.demo.demand import Demand
from data.demo.marketing import CONTENT, ORIGINS

__all__ = ["campaign_rows", "content_rows"]


def _dates(calendar: Calendar, days: list[int]) -> pl.Series:
    moments: Ints = np.asarray(days, dtype=np.int64) * DAY
    return instants(calendar.first, np.where(moments >= NEVER, NEVER, moments), NEVER).dt.date()


def campaign_rows(leads: int, demand: Demand, calendar: Calendar) -> pl.DataFrame:
    """Campaigns with budgets that fit what was spent on them."""
    own = [(place, origin, origin.campaign) for place, origin in enumerate(ORIGINS) if origin.campaign]
    active = [np.flatnonzero(demand.active[place]) for place, _, _ in own]
    return pl.DataFrame(
        {
            "campaign_id": [campaign.id for _, _, campaign in own],
            "name": [campaign.name for _, _, campaign in own],
            "channel": [origin.channel for _, origin, _ in own],
            "source": [origin.source for _, origin, _ in own],
            "medium": [origin.medium for _, origin, _ in own],
            "objective": [campaign.objective for _, _, campaign in own],
            "priority": [campaign.priority for _, _, campaign in own],
            "owner_id": ["p-02" if origin.channel in ("Event", "E-mail") else "p-01" for _, origin, _ in own],
            "starts_on": _dates(calendar, [int(days[0]) for days in active]),
            "ends_on": _dates(
                calendar,
                [int(days[-1]) if one[2].weeks else NEVER for one, days in zip(own, active, strict=True)],
            ),
            "budget": [
                round(campaign.lead_cost * float(demand.leads[place].sum()) * leads * 1.05, -2)
                for place, _, campaign in own
            ],
            "currency": [campaign.currency for _, _, campaign in own],
        }
    )


def content_rows(calendar: Calendar) -> pl.DataFrame:
    """The library. Pieces older than the two years keep the day on which they were published."""
    return pl.DataFrame(
        {
            "content_id": [piece.id for piece in CONTENT],
            "title": [piece.title for piece in CONTENT],
            "kind": [piece.kind for piece in CONTENT],
            "band": [piece.band for piece in CONTENT],
            "url": [f"/library/{piece.id}" for piece in CONTENT],
            "persona": [piece.persona for piece in CONTENT],
            "published_on": _dates(calendar, [calendar.monday(piece.published) + 1 for piece in CONTENT]),
        }
    )
