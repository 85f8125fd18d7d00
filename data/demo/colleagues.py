"""Who works at the demo company, and who of them answers whom. Draws only which person of a team it is."""

from __future__ import annotations

import numpy as np
import polars as pl

from data.demo.arrays import Ints, ids
from data.demo.names import NAMES
from data.demo.story import REGIONS

__all__ = ["colleagues", "partner_manager_of", "rep_of", "seller_of"]

# Per region; partner managers are one team for all.
REPS, SELLERS, PARTNER_MANAGERS = 3, 4, 2
# Marketing and the head of sales come first.
_BEFORE = 4


def colleagues() -> pl.DataFrame:
    """Marketing, then reps and sellers by region, then partner managers. A person's place is the number in its id."""
    rows: list[tuple[str, str, str, str, str]] = [
        ("Henrike Sommer", "marketing", "Head of marketing", "DACH", ""),
        ("Tariq Nasser", "marketing", "Performance marketing", "DACH", "p-00"),
        ("Lisbeth Krogh", "marketing", "Content and events", "DACH", "p-00"),
        ("Matthias Oberhof", "sales", "Head of sales", "DACH", ""),
    ]
    for region in REGIONS:
        names = NAMES[region.name]
        roles = ["Sales development"] * REPS + ["Account executive"] * SELLERS
        for number, role in enumerate(roles):
            rows.append(
                (f"{names.given[number * 3]} {names.family[-1 - number * 3]}", "sales", role, region.name, "p-03")
            )
    rows += [
        ("Nadja Imhof", "partner", "Partner manager", "DACH", "p-03"),
        ("Ewan Strachan", "partner", "Partner manager", "UK & Ireland", "p-03"),
    ]
    frame = pl.DataFrame(rows, schema=["name", "team", "role", "region", "manager_id"], orient="row")
    zones = {region.name: region.zone for region in REGIONS}
    return frame.select(
        ids("p-", np.arange(len(rows)), 2).alias("person_id"),
        pl.all(),
        pl.col("region").replace_strict(zones).alias("time_zone"),
    )


def rep_of(region: Ints, rng: np.random.Generator) -> Ints:
    """Somebody of sales development in the region, as a place among colleagues."""
    return _BEFORE + region * (REPS + SELLERS) + rng.integers(0, REPS, len(region))


def seller_of(region: Ints, rng: np.random.Generator) -> Ints:
    """An account executive in the region, as a place among colleagues."""
    return _BEFORE + region * (REPS + SELLERS) + REPS + rng.integers(0, SELLERS, len(region))


def partner_manager_of(region: Ints) -> Ints:
    """Partners in the north and west speak with one of the two, all others with the other."""
    return _BEFORE + len(REGIONS) * (REPS + SELLERS) + region % PARTNER_MANAGERS
