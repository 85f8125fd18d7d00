"""Raw campaign strings to campaign ids, by the aliases of sources.yaml. In scratch only."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import polars as pl

from data.engine import Workbench, quoted
from data.identity import scratch

__all__ = ["campaign_of", "name_campaigns", "unmatched_campaigns"]


def campaign_of(raw: str, aliases: Sequence[tuple[str, str]], ids: frozenset[str]) -> str:
    """The campaign a raw string stands for: an alias as written, else the id that it is, else the first pattern.

    Upper and lower case are equal in an alias, since people type these strings into links by hand.
    """
    folded = raw.casefold()
    for alias, campaign in aliases:
        if "*" not in alias and alias.casefold() == folded:
            return campaign
    if raw in ids:
        return raw
    for alias, campaign in aliases:
        pattern = ".*".join(re.escape(piece) for piece in alias.casefold().split("*"))
        if "*" in alias and re.fullmatch(pattern, folded, re.DOTALL):
            return campaign
    return raw


def name_campaigns(
    bench: Workbench, aliases: Sequence[tuple[str, str]], holders: Sequence[str], campaigns: Iterable[str]
) -> None:
    """Replace aliases in `campaign_id` of the scratch tables `holders`; `campaigns` are those that hold the ids."""
    if not aliases or not holders:
        return
    strings = _distinct(bench, holders)
    ids = frozenset(_distinct(bench, campaigns))
    named = [(raw, campaign) for raw in strings if (campaign := campaign_of(raw, aliases, ids)) != raw]
    if not named:
        return
    table = scratch("campaign names")
    bench.execute(f"CREATE TABLE {table} (raw VARCHAR, campaign VARCHAR)")
    bench.insert(table, pl.DataFrame(named, schema={"raw": pl.String, "campaign": pl.String}, orient="row"))
    for holder in holders:
        bench.execute(
            f"UPDATE {holder} AS t SET campaign_id = n.campaign FROM {table} AS n WHERE n.raw = t.campaign_id"
        )


def _distinct(bench: Workbench, tables: Iterable[str]) -> list[str]:
    selects = [f"SELECT campaign_id FROM {table} WHERE campaign_id IS NOT NULL" for table in tables]
    return bench.frame(" UNION ".join(selects)).to_series().to_list() if selects else []


def unmatched_campaigns(bench: Workbench) -> list[tuple[str, int]]:
    """Strings in touches and spend that are no campaign's id, most frequent first, with their number of rows."""
    held = " UNION ALL ".join(
        f"SELECT campaign_id FROM {quoted(table)} WHERE campaign_id IS NOT NULL" for table in ("touches", "spend")
    )
    found = bench.frame(
        f"SELECT campaign_id, count(*) FROM ({held}) WHERE campaign_id NOT IN (SELECT campaign_id FROM campaigns) "
        "GROUP BY 1 ORDER BY 2 DESC, 1"
    )
    return [(str(name), int(rows)) for name, rows in found.iter_rows()]
