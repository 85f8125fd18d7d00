"""Builds `leads` out of small canonical tables and compares every row with the oracle. Holds no cases."""

from __future__ import annotations

from typing import Any

from data.engine import Workbench
from tests import oracle_passes
from tests.tiny_tables import build_passes, rows_of, stages_of

Row = dict[str, Any]

FULL = {
    "lead": ["created", "crm:Lead"],
    "mql": ["crm:MQL"],
    "sal": ["accepted"],
    "sql": ["crm:SQL"],
    "opportunity": ["deal_created", "crm:Proposal"],
    "customer": ["deal_won"],
}
SHORT = {"lead": ["crm:Lead"], "mql": ["crm:MQL", "created"], "customer": ["deal_won"]}
NO_LEAD = {"mql": ["crm:MQL"], "customer": ["deal_won"]}


def leads_as_the_oracle_says(
    bench: Workbench, tables: dict[str, list[Row]], known_by: dict[str, list[str]], look_back: int | None
) -> dict[tuple[str, int], Row]:
    """Leads by contact and pass, and the pass of each deal, asserted to be the oracle's."""
    build_passes(bench, stages_of(known_by, ("Nurture",), ("Junk",), look_back))
    found: dict[tuple[str, int], Row] = rows_of(bench, "leads", "contact_id", "pass")
    expected = oracle_passes.leads(tables, known_by, ("Nurture",), ("Junk",), look_back)
    assert found.keys() == expected.keys()
    for key, lead in expected.items():
        assert {name: found[key][name] for name in lead} == lead, key
    passes = rows_of(bench, "deal_passes", "deal_id")
    for deal in tables.get("deals", []):
        assert passes[deal["deal_id"]]["pass"] == oracle_passes.pass_of_deal(tables, expected, deal), deal
    return found
