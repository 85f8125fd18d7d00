"""Companies of which leads may come, and their rows. Knows nothing of what happens with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from data.demo.arrays import Bools, Floats, Ints, chosen_text, ids, instants, picked
from data.demo.calendar import Calendar
from data.demo.names import HOSTILE_ACCOUNTS, NAMES, plain
from data.demo.story import COUNTRIES, INDUSTRIES, REGIONS, SEGMENTS

__all__ = ["Accounts", "account_rows", "chosen", "draw_accounts"]

PER_CONTACT = 0.4


def chosen(weights: Mapping[str, float] | Mapping[int, float] | list[float], drawn: Floats) -> Ints:
    """Places of the weights in which numbers between 0 and 1 fall."""
    values = np.asarray(list(weights.values()) if isinstance(weights, Mapping) else weights)
    return np.searchsorted(np.cumsum(values / values.sum())[:-1], drawn, side="right").astype(np.int64)


@dataclass(frozen=True)
class Accounts:
    """`weight` is how likely a lead is from there; all others are places in the lists of the story."""

    region: Ints
    country: Ints
    segment: Ints
    industry: Ints
    employees: Ints
    weight: Floats
    is_target: Bools
    combination: Ints


def draw_accounts(contacts: int, rng: np.random.Generator) -> Accounts:
    """All accounts of which a lead may come; those of no lead stay as names on a list."""
    count = max(int(contacts * PER_CONTACT), 40)
    region = chosen([region.share for region in REGIONS], rng.random(count))
    country = _country(region, rng)
    segment = chosen([segment.accounts for segment in SEGMENTS], rng.random(count))
    median = np.asarray([segment.employees for segment in SEGMENTS])[segment]
    combination = np.zeros(count, dtype=np.int64)
    for number, names in enumerate(NAMES.values()):
        inside = np.flatnonzero(region == number)
        possible = len(names.starts) * len(names.ends) * len(names.trades)
        order = rng.permutation(possible)
        place = np.arange(len(inside))
        combination[inside] = order[place % possible] + place // possible * possible
    return Accounts(
        region=region,
        country=country,
        segment=segment,
        industry=chosen(INDUSTRIES, rng.random(count)),
        employees=np.maximum(np.rint(median * np.exp(rng.normal(0, 0.5, count))), 4).astype(np.int64),
        weight=np.asarray([segment.leads for segment in SEGMENTS])[segment] * np.exp(rng.normal(0, 0.7, count)),
        is_target=rng.random(count) < np.asarray([0.02, 0.12, 0.4])[segment],
        combination=combination,
    )


def _country(region: Ints, rng: np.random.Generator) -> Ints:
    drawn, before = rng.random(len(region)), 0
    country = np.zeros(len(region), dtype=np.int64)
    for number, known in enumerate(REGIONS):
        inside = region == number
        country[inside] = before + chosen(known.countries, drawn[inside])
        before += len(known.countries)
    return country


def _company_words(accounts: Accounts) -> tuple[pl.Series, pl.Series]:
    """Names and domains of accounts."""
    words: list[str] = []
    domains: list[str] = []
    base = np.zeros(len(REGIONS), dtype=np.int64)
    possible = np.zeros(len(REGIONS), dtype=np.int64)
    for number, names in enumerate(NAMES.values()):
        base[number] = len(words)
        combined = [(f"{start}{end}", trade) for start in names.starts for end in names.ends for trade in names.trades]
        possible[number] = len(combined)
        words += [f"{name} {trade}" for name, trade in combined]
        domains += [f"{plain(name)}-{plain(trade.split()[0])}" for name, trade in combined]
    place = base[accounts.region] + accounts.combination % possible[accounts.region]
    again = accounts.combination // possible[accounts.region]
    ending = chosen_text(again > 0, pl.Series(again + 1).cast(pl.String), "")
    return picked(words, place) + chosen_text(again > 0, " " + ending, ""), picked(domains, place) + ending + ".example"


def account_rows(accounts: Accounts, first_seen: Ints, hostile: Ints, calendar: Calendar) -> pl.DataFrame:
    """Accounts as the CRM exports them. `first_seen` is when each was put on the list, `hostile` have hostile names."""
    name, domain = _company_words(accounts)
    frame = pl.DataFrame(
        {
            "account_id": ids("a", np.arange(len(accounts.region)), 6),
            "name": name,
            "domain": domain,
            "industry": picked(list(INDUSTRIES), accounts.industry),
            "employees": pl.Series(accounts.employees).cast(pl.String),
            "segment": picked([segment.name for segment in SEGMENTS], accounts.segment),
            "country": picked(COUNTRIES, accounts.country),
            "region": picked([region.name for region in REGIONS], accounts.region),
            "is_target": accounts.is_target,
            "created_on": instants(calendar.first, first_seen, calendar.end).dt.date(),
        }
    )
    return frame.with_columns(frame["name"].scatter(hostile, HOSTILE_ACCOUNTS[: len(hostile)]))
