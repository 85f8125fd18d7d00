"""Passes, stages and creating touches of made-up companies against the oracle in plain Python."""

from __future__ import annotations

import datetime as dt
import functools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.engine import Workbench
from tests.compared_passes import FULL, NO_LEAD, SHORT, leads_as_the_oracle_says
from tests.depth import deep
from tests.tiny_tables import fill, workbench

Row = dict[str, Any]


def _instants() -> st.SearchStrategy[dt.datetime]:
    """Few, so that equal instants and days are frequent."""
    return st.builds(dt.datetime, st.just(2024), st.just(3), st.integers(1, 5), st.sampled_from([0, 0, 0, 12]))


_CONTACTS = st.sampled_from(["C", "A", "B"])
_MAYBE = st.one_of(st.none(), _instants())
_REASONS = st.sampled_from([None, "p", "q"])


@st.composite
def companies(draw: st.DrawFn) -> dict[str, list[Row]]:
    def rows(most: int, key: str | None = None, **columns: st.SearchStrategy[Any]) -> list[Row]:
        found = draw(st.lists(st.fixed_dictionaries(columns), max_size=most))
        return [row | ({key: f"{key}{number}"} if key else {}) for number, row in enumerate(found)]

    deals = rows(
        3, "deal_id", type=st.sampled_from([None, "new", "renewal"]), created_at=_MAYBE, closed_at=_MAYBE,
        is_won=st.sampled_from([None, True, True, False]), is_closed=st.sampled_from([None, None, True, False]),
        loss_reason=_REASONS,
    )  # fmt: skip
    names = st.sampled_from([deal["deal_id"] for deal in deals] or ["deal_id9"])
    pairs = rows(4, deal_id=names, contact_id=_CONTACTS, is_primary=st.sampled_from([None, True, False]))
    contact_changes = rows(
        14, object=st.just("contact"), object_id=_CONTACTS, happened_at=_instants(), reason=_REASONS,
        stage=st.sampled_from(["Lead", "MQL", "SQL", "Nurture", "Nurture", "Junk", "Other"]),
    )  # fmt: skip
    deal_changes = rows(
        3, object=st.just("deal"), object_id=names, happened_at=_instants(), reason=_REASONS,
        stage=st.sampled_from(["Proposal", "Nurture", "Junk"]),
    )  # fmt: skip
    present = draw(st.sets(_CONTACTS))
    return {
        "contacts": [
            {
                "contact_id": name,
                "created_at": draw(_MAYBE),
                "original_channel": draw(_REASONS),
                "original_source": draw(_REASONS),
            }
            for name in sorted(present)
        ],
        "deals": deals,
        "deal_contacts": list({(row["deal_id"], row["contact_id"]): row for row in pairs}.values()),
        "stage_changes": contact_changes + deal_changes,
        "lead_decisions": rows(
            3, contact_id=_CONTACTS, decision=st.sampled_from(["accepted", "rejected", "recycled"]),
            happened_at=_instants(), reason=_REASONS,
        ),
        "touches": rows(
            5, "touch_id", contact_id=_CONTACTS, happened_at=_instants(), channel=_REASONS, content_id=_REASONS,
            kind=st.sampled_from(["form", "visit", "email_open"]), campaign_id=st.sampled_from([None, "G", "X"]),
        ),
        "campaigns": [{"campaign_id": "G", "channel": "paid"}],
    }  # fmt: skip


@functools.cache
def _shared_bench() -> Workbench:
    return workbench({})


@pytest.mark.parametrize(("known_by", "look_back"), [(FULL, 90), (SHORT, 3), (NO_LEAD, None)])
def test_any_company_gives_what_a_loop_over_its_events_gives(
    known_by: dict[str, list[str]], look_back: int | None
) -> None:
    @settings(max_examples=deep(15, 60), deadline=None)
    @given(companies())
    def holds(tables: dict[str, list[Row]]) -> None:
        bench = _shared_bench()
        fill(bench, tables)
        leads_as_the_oracle_says(bench, tables, known_by, look_back)

    holds()
