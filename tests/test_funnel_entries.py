"""Stored entries of funnels give the answers that `leads` gives, and are left where they cannot."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import replace

import pytest
from polars.testing import assert_frame_equal

from data.calendar import Period
from data.funnel_entries import FUNNEL_ENTRIES, stored_steps
from metrics import Query, Session

FUNNEL = "lead_to_customer"
RESULTS = (
    "entered",
    "converted_to_date",
    "matured",
    "converted_matured",
    "rate_kaplan_meier",
    "still_open",
    "p90_days",
)
YEAR = Period(dt.date(2025, 6, 1), dt.date(2026, 6, 1))
PAST = dt.date(2026, 1, 15)
FITTING = [
    Query((FUNNEL,)),
    Query((FUNNEL,), ("channel",), "month"),
    Query((FUNNEL,), ("channel",), "week", as_of=PAST),
    Query((FUNNEL,), where="channel <> 'Event'", period=YEAR),
]


@pytest.fixture(scope="module")
def from_leads(demo: Session) -> Session:
    """The same company, without knowledge of the stored entries."""
    tables = {name: table for name, table in demo.definitions.tables.items() if name != FUNNEL_ENTRIES}
    return Session(demo.company, demo.generation, replace(demo.definitions, tables=tables))


@pytest.mark.parametrize("query", FITTING, ids=["total", "by channel", "in the past", "filtered"])
class TestStoredEntriesAnswerLikeLeads:
    def test_in_the_table_of_a_funnel(self, demo: Session, from_leads: Session, query: Query) -> None:
        for counts_only in (False, True):
            stored = demo.funnel(FUNNEL, query, counts_only=counts_only)
            whole = from_leads.funnel(FUNNEL, query, counts_only=counts_only)
            assert FUNNEL_ENTRIES in stored.sql
            assert FUNNEL_ENTRIES not in whole.sql
            assert_frame_equal(stored.frame, whole.frame)
            assert stored.frame["entered"].sum() > 0

    def test_as_metrics_of_each_step(self, demo: Session, from_leads: Session, query: Query) -> None:
        names = (FUNNEL, "tofu_conversion", "mofu_conversion", "bofu_conversion")
        asked = replace(query, metrics=tuple(f"{name}.{result}" for name in names for result in RESULTS))
        stored, whole = demo.answer(asked), from_leads.answer(asked)
        assert FUNNEL_ENTRIES in stored.sql
        assert 'FROM "leads"' not in stored.sql
        assert_frame_equal(stored.frame, whole.frame)

    def test_in_the_curve(self, demo: Session, from_leads: Session, query: Query) -> None:
        stored, whole = demo.curve(FUNNEL, query), from_leads.curve(FUNNEL, query)
        assert FUNNEL_ENTRIES in stored.sql
        assert_frame_equal(stored.frame, whole.frame)


@pytest.mark.parametrize(
    "query",
    [Query((FUNNEL,), ("segment",)), Query((FUNNEL,), where="source = 'google'"), Query((FUNNEL,), rules="then")],
    ids=["by what is not stored", "filtered by what is not stored", "by rules as they were"],
)
def test_what_they_cannot_tell_is_read_from_leads(demo: Session, query: Query) -> None:
    assert FUNNEL_ENTRIES not in demo.answer(query).sql


def test_the_rows_behind_a_funnel_are_passes(demo: Session) -> None:
    rows = demo.rows(Query((FUNNEL,), period=YEAR))[0].frame
    assert rows.height == demo.answer(Query((f"{FUNNEL}.entered",), period=YEAR)).frame.item()


def test_each_step_stores_the_stamped_entries_of_first_passes(demo: Session) -> None:
    leads = demo.read("select * from leads").to_dicts()
    expected = Counter(
        (entry, target, lead["channel"], lead[f"{entry}_on"], lead[f"{target}_on"], lead[f"{target}_inferred"])
        for entry, target in stored_steps([stage.name for stage in demo.manifest.stages])
        for lead in leads
        if lead["is_first_pass"] and lead[f"{entry}_on"] is not None and not lead[f"{entry}_inferred"]
    )
    found: Counter[tuple[object, ...]] = Counter()
    for row in demo.read(f"select * from {FUNNEL_ENTRIES}").iter_rows(named=True):
        names = ("entry", "target", "channel", "entered_on", "target_on", "is_inferred")
        found[tuple(row[name] for name in names)] += row["passes"]
    assert found == expected


def test_the_steps_stored_follow_the_declared_stages() -> None:
    assert stored_steps(["lead", "mql", "sal", "sql", "opportunity", "customer"]) == (
        ("lead", "mql"), ("mql", "opportunity"), ("opportunity", "customer"), ("lead", "customer"),
    )  # fmt: skip
    assert stored_steps(["lead", "customer"]) == (("lead", "customer"),)
    assert stored_steps(["lead"]) == ()
