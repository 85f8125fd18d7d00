"""Money that is spent, month by month and day by day, and exchange rates. Knows no contacts."""

from __future__ import annotations

import numpy as np
import polars as pl

from data.demo import story
from data.demo.arrays import DAY, Floats, Ints, instants, picked
from data.demo.calendar import Calendar
from data.demo.demand import Demand
from data.demo.marketing import ORIGINS
from data.demo.strings import CampaignStrings

__all__ = ["cost_rows", "rate_rows", "spend_rows"]

CLICK_COSTS, CLICKS_PER_VIEW = 4.2, 0.022
RETAINER = 0.09  # of the spend on campaigns: the agency's fee, which belongs to none
RATES = {"USD": 0.92, "GBP": 1.17}
# Per lead of the two years: what people and software cost beside the campaigns.
COSTS = {"Marketing salaries": 31.0, "Sales salaries": 74.0, "Software": 6.5, "Events and travel": 4.0}
_CURRENCIES = ("EUR", "USD", "GBP")


def spend_rows(
    leads: int, demand: Demand, strings: CampaignStrings, calendar: Calendar, rng: np.random.Generator
) -> pl.DataFrame:
    """A row per day, campaign string and currency, as the agency sends it."""
    costs = np.asarray([origin.campaign.lead_cost if origin.campaign else 0.0 for origin in ORIGINS])
    origin, day = np.nonzero((demand.leads > 0) & (costs[:, None] > 0))
    amount = demand.leads[origin, day] * leads * costs[origin] * rng.lognormal(0, 0.22, len(day))
    shares = np.asarray([region.share for region in story.REGIONS])
    regional = np.asarray([origin.by_region for origin in ORIGINS])[origin]
    parts = np.where(regional, len(shares), 1)
    part = _inside(parts)
    origin, day, amount, regional = (np.repeat(array, parts) for array in (origin, day, amount, regional))
    amount = amount * np.where(regional, shares[part], 1.0)
    currency = _currency(origin, np.where(regional, part, -1))
    clicks = np.rint(amount / CLICK_COSTS * rng.lognormal(0, 0.15, len(day))).astype(np.int64)
    is_ad = np.asarray([known.medium in ("cpc", "paid-social", "syndication") for known in ORIGINS])[origin]
    views = np.rint(clicks / CLICKS_PER_VIEW * rng.lognormal(0, 0.2, len(day))).astype(np.int64)
    frame = pl.DataFrame(
        {
            "day": day,
            "Kampagne": strings.texts.gather(strings.choose(origin, day, part, regional)),
            "cents": np.rint(amount * 100).astype(np.int64),
            "Währung": picked(_CURRENCIES, currency),
            "Impressionen": pl.Series(views).set(pl.Series(~is_ad), None),
            "Klicks": pl.Series(clicks).set(pl.Series(~is_ad), None),
        }
    )
    frame = pl.concat([frame, _retainer(frame, calendar)], how="diagonal").filter(pl.col("cents") > 0)
    frame = frame.sort("day", "Kampagne", "Währung")
    return frame.select(
        instants(calendar.first, frame["day"].to_numpy() * DAY, calendar.end).dt.strftime("%d.%m.%Y").alias("Datum"),
        pl.col("Kampagne"),
        _with_comma(frame["cents"]).alias("Kosten"),
        pl.col("Währung", "Impressionen", "Klicks"),
    )


def _inside(parts: Ints) -> Ints:
    """0, 1, 2, ... within each group of repeated rows."""
    return np.arange(int(parts.sum())) - np.repeat(np.cumsum(parts) - parts, parts)


def _currency(origin: Ints, region: Ints) -> Ints:
    of_campaign = np.asarray([_CURRENCIES.index(known.campaign.currency) if known.campaign else 0 for known in ORIGINS])
    of_region = np.asarray([_CURRENCIES.index(known.currency) for known in story.REGIONS])
    return np.where(region >= 0, of_region[region], of_campaign[origin])


def _retainer(frame: pl.DataFrame, calendar: Calendar) -> pl.DataFrame:
    """The agency's fee, once a month: spend without a campaign."""
    months = pl.DataFrame({"day": np.arange(calendar.days), "month": calendar.month[: calendar.days]})
    return (
        frame.join(months, on="day")
        .group_by("month")
        .agg(pl.col("day").max(), (pl.col("cents").sum() * RETAINER).round().cast(pl.Int64).alias("cents"))
        .select("day", "cents", pl.lit("EUR").alias("Währung"))
    )


def _with_comma(cents: pl.Series) -> pl.Series:
    return (cents // 100).cast(pl.String) + "," + (cents % 100).cast(pl.String).str.zfill(2)


def cost_rows(leads: int, calendar: Calendar) -> pl.DataFrame:
    """What people and software cost, by month; it grows with the company."""
    months, first = np.unique(calendar.month[: calendar.days], return_index=True)
    shares = 1 + months / max(int(months.max()), 1)
    return pl.concat(
        pl.DataFrame(
            {
                "month": instants(calendar.first, first * DAY, calendar.end).dt.date().dt.month_start(),
                "kind": pl.repeat(kind, len(months), eager=True),
                "amount": np.rint(shares / shares.sum() * leads * cost),
                "currency": pl.repeat("EUR", len(months), eager=True),
            }
        )
        for kind, cost in COSTS.items()
    ).sort("month", "kind")


def rate_rows(calendar: Calendar, rng: np.random.Generator) -> pl.DataFrame:
    """Rates of business days. For a while one currency is missing: its deals and spend are without a rate then."""
    day = np.flatnonzero(calendar.is_business[: calendar.days])
    missing = calendar.monday(story.NO_RATES)
    gap = (day >= missing) & (day < missing + story.NO_RATES_DAYS)

    def walk(start: float) -> Floats:
        return np.asarray(np.round(start * np.exp(np.cumsum(rng.normal(0, 0.0035, len(day)))), 4))

    frames = [
        pl.DataFrame(
            {
                "rate_on": instants(calendar.first, day * DAY, calendar.end).dt.date(),
                "currency": pl.repeat(currency, len(day), eager=True),
                "rate": walk(start),
                "keep": ~gap | (currency != story.NO_RATES_CURRENCY),
            }
        )
        for currency, start in RATES.items()
    ]
    return pl.concat(frames).filter("keep").drop("keep").sort("rate_on", "currency")
