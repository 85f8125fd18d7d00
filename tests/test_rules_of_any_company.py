"""Moments and stamps of rules of made-up companies against the oracle in plain Python."""

from __future__ import annotations

import datetime as dt
import functools
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from data.engine import Workbench
from tests import oracle_moments, oracle_passes
from tests.depth import deep
from tests.test_passes_of_any_company import companies
from tests.tiny_tables import build_passes, fill, rows_of, stages_of, workbench

Row = dict[str, Any]

RULES = """
facts: {score: number}
scores:
  interest: 10 * points(forms >= 1) + 5 * visits
  heat: interest + points(score >= 50)
rules:
  mql:
    - {from: 2024-03-01, when: score >= 40 or visits >= 2}
    - {from: 2024-03-03, when: heat >= 10 and not country = 'FR'}
"""
CUT = dt.date(2024, 3, 3)
WITH_CRM = {"lead": ["created", "crm:Lead"], "mql": ["crm:MQL"], "sal": ["accepted"], "customer": ["deal_won"]}
RULE_ONLY = {"mql": [], "customer": ["deal_won"]}
BY_RULE = {"lead": [], "mql": ["crm:MQL", "crm:Lead"], "customer": ["deal_won"]}

_FACT = st.fixed_dictionaries(
    {
        "contact_id": st.sampled_from("ABC"),
        "name": st.sampled_from(["score", "score", "mood"]),
        "happened_at": st.builds(dt.datetime, st.just(2024), st.just(3), st.integers(1, 5), st.sampled_from([0, 12])),
        "value": st.sampled_from(["10", "45", "60", "none", None]),
    }
)
_KINDS = st.sampled_from(["form", "visit", "visit", "content", "event", "ad_click", "email_click", "email_sent"])


@st.composite
def with_facts(draw: st.DrawFn) -> dict[str, list[Row]]:
    tables = draw(companies())
    facts = draw(st.lists(_FACT, max_size=5))
    tables["contact_facts"] = list({(f["contact_id"], f["name"], f["happened_at"]): f for f in facts}.values())
    for touch in tables["touches"]:
        touch["kind"] = draw(_KINDS)
    for contact in tables["contacts"]:
        contact["country"] = draw(st.sampled_from([None, "FR", "DE"]))
    return tables


def first_version(moment: Row) -> bool:
    return (moment["score"] is not None and moment["score"] >= 40) or moment["visits"] >= 2


def second_version(moment: Row, country: str | None) -> bool | None:
    interest = 10 * (moment["forms"] >= 1) + 5 * moment["visits"]
    heat = interest + (moment["score"] is not None and moment["score"] >= 50)
    # Three values: an unknown country leaves it open, unless the first part is false.
    return False if heat < 10 else None if country is None else country != "FR"


# The last score is no number: the one before it still counts, in the pass that it was known before.
UNREADABLE: dict[str, list[Row]] = {
    "contacts": [], "deals": [], "deal_contacts": [], "stage_changes": [], "touches": [], "campaigns": [],
    "lead_decisions": [
        {"contact_id": "A", "decision": "accepted", "happened_at": dt.datetime(2024, 3, 5), "reason": None}
    ],
    "contact_facts": [
        {"contact_id": "A", "name": "score", "happened_at": dt.datetime(2024, 3, 1), "value": "10"},
        {"contact_id": "A", "name": "score", "happened_at": dt.datetime(2024, 3, 2), "value": "none"},
    ],
}  # fmt: skip


@functools.cache
def _shared_bench() -> Workbench:
    return workbench({})


@pytest.mark.parametrize(
    ("known_by", "look_back", "through"),
    [(WITH_CRM, 90, dt.date(2024, 3, 31)), (RULE_ONLY, None, dt.date(2024, 3, 2)), (BY_RULE, 2, None)],
)
def test_a_rule_stamps_the_first_moment_of_a_pass_at_which_it_is_true(
    known_by: dict[str, list[str]], look_back: int | None, through: dt.date | None
) -> None:
    rules = RULES + ("  lead:\n    - {from: 2024-01-01, when: forms >= 1}\n" if known_by is BY_RULE else "")
    words = (("Nurture",), ("Junk",), look_back)
    stages = stages_of(known_by, *words, rules=rules, through=through)

    @settings(max_examples=deep(15, 60), deadline=None)
    @given(with_facts())
    @example(UNREADABLE)
    def holds(tables: dict[str, list[Row]]) -> None:
        bench = _shared_bench()
        fill(bench, tables)
        build_passes(bench, stages)
        countries = {row["contact_id"]: row["country"] for row in tables["contacts"]}
        moments = oracle_moments.moments(tables, known_by, *words, facts=("score",))
        assert moments_in(bench) == moments
        for each in moments:
            for moment in moments[each]:
                moment["country"] = countries.get(each[0])
        now = first_version if through == dt.date(2024, 3, 2) else _second
        found = {"today": ("leads", now), "then": ("leads_then", _as_then)}
        for table, judged in found.values():
            ruled = {"mql": oracle_moments.first_true(moments, judged)}
            if known_by is BY_RULE:
                ruled["lead"] = oracle_moments.first_true(moments, lambda moment: moment["forms"] >= 1)
            expected = oracle_passes.leads(tables, known_by, *words, ruled)
            leads = rows_of(bench, table, "contact_id", "pass")
            assert leads.keys() == expected.keys()
            for key, lead in expected.items():
                assert {name: leads[key][name] for name in lead} == lead, (table, key)
        plain = oracle_passes.leads(tables, known_by, *words)
        stamps = rows_of(bench, "rule_stamps", "contact_id", "pass", "stage")
        for key, lead in plain.items():
            stamp = stamps.get((*key, "mql"))
            assert (stamp["crm_on"] if stamp else None) == lead["mql_stamped_on"]

    holds()


def _second(moment: Row) -> bool | None:
    return second_version(moment, moment["country"])


def _as_then(moment: Row) -> bool | None:
    return first_version(moment) if moment["happened_on"] < CUT else _second(moment)


def moments_in(bench: Workbench) -> dict[tuple[str, int], list[Row]]:
    found: dict[tuple[str, int], list[Row]] = {}
    for row in bench.frame("SELECT * FROM lead_moments ORDER BY happened_at").to_dicts():
        found.setdefault((row.pop("contact_id"), row.pop("pass")), []).append(row)
    return found
