"""Rows that sources.yaml excludes, and the rows that depend on them, removed and counted. In scratch only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from data.engine import Workbench, quoted
from data.identity import scratch
from data.sources import Exclusion
from data.staging import blamed_on
from data.tables import CANONICAL

__all__ = ["Excluded", "run_exclusions"]

# Whose rows go with an excluded row of the table: (table, column that holds its id, condition).
_DEPENDENTS: Mapping[str, tuple[tuple[str, str, str], ...]] = {
    "accounts": (("contacts", "account_id", ""), ("deals", "account_id", "")),
    "contacts": (
        ("touches", "contact_id", ""),
        ("deal_contacts", "contact_id", ""),
        ("activity_contacts", "contact_id", ""),
        ("stage_changes", "object_id", "object = 'contact'"),
        ("lead_decisions", "contact_id", ""),
        ("assignments", "contact_id", ""),
        ("contact_facts", "contact_id", ""),
        ("identities", "contact_id", ""),
    ),
    "deals": (
        ("deal_contacts", "deal_id", ""),
        ("activities", "deal_id", ""),
        ("stage_changes", "object_id", "object = 'deal'"),
    ),
    "activities": (("activity_contacts", "activity_id", ""),),
}


@dataclass(frozen=True)
class Excluded:
    """What one entry of `exclude:` removed from its own table."""

    table: str
    why: str
    rows: int


def run_exclusions(exclusions: tuple[Exclusion, ...], bench: Workbench) -> tuple[dict[str, int], tuple[Excluded, ...]]:
    """Rows removed per table, dependents among them, and what each entry removed."""
    removed: dict[str, int] = {}
    entries: list[Excluded] = []
    for entry in exclusions:
        with blamed_on(entry.place, "exclude"):
            rows = _remove(entry.table, entry.when.sql, removed, bench)
        entries.append(Excluded(entry.table, entry.why, rows))
    return removed, tuple(entries)


def _remove(table: str, condition: str, removed: dict[str, int], bench: Workbench) -> int:
    name = scratch(f"{table} all")
    dependents = _DEPENDENTS.get(table, ())
    gone = scratch(f"{table} excluded")
    if dependents:
        # A list of its own, since the condition may be about what is about to go.
        key = quoted(CANONICAL[table].key[0])
        bench.execute(f"CREATE OR REPLACE TABLE {gone} AS SELECT {key} AS id FROM {name} WHERE {condition}")
    rows = int(bench.frame(f"SELECT count(*) FROM {name} WHERE {condition}").item())
    if not rows:
        return 0
    bench.execute(f"DELETE FROM {name} WHERE {condition}")
    removed[table] = removed.get(table, 0) + rows
    for dependent, column, only in dependents:
        belongs = f"{quoted(column)} IN (SELECT id FROM {gone})" + (f" AND {only}" if only else "")
        _remove(dependent, belongs, removed, bench)
    return rows
