"""A campaign's owner sees who its leads became, and no name: against loops over the joined model; and on its page."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Any

import pytest

from metrics import Session
from metrics.campaign_leads import leads_of
from tests.one_page import one_page, said
from tests.tiny_sessions import plain_company, rows_in

STAGES = ("lead", "mql", "sal", "sql", "opportunity", "customer")
Row = dict[str, Any]


@pytest.fixture(scope="module")
def campaign(demo: Session) -> str:
    return Counter(str(row["campaign_id"]) for row in rows_in(demo, "leads") if row["campaign_id"]).most_common(1)[0][0]


def test_every_lead_of_the_campaign_is_there_with_its_furthest_stage(demo: Session, campaign: str) -> None:
    found = leads_of(demo, campaign)
    wanted = [row for row in rows_in(demo, "leads") if row["campaign_id"] == campaign]
    assert found.every == found.frame.height == len(wanted) > 50
    assert found.frame["started_on"].to_list() == sorted((row["started_on"] for row in wanted), reverse=True)
    labels = {name: stage.label for name, stage in demo.reach.stages.items()}
    reached = Counter(
        (row["contact_id"], labels[[name for name in STAGES if name in labels and row[f"{name}_on"]][-1]])
        for row in wanted
    )
    assert Counter(found.frame.select("contact_id", "stage").iter_rows()) == reached


def test_deals_are_those_of_the_lead_with_what_they_are_worth(demo: Session, campaign: str) -> None:
    leads = {(row["contact_id"], row["pass"]) for row in rows_in(demo, "leads") if row["campaign_id"] == campaign}
    passes = {row["deal_id"]: (row["contact_id"], row["pass"]) for row in rows_in(demo, "deal_passes")}
    deals = {row["deal_id"]: row for row in rows_in(demo, "pipeline") if passes[row["deal_id"]] in leads}
    found = leads_of(demo, campaign).frame.drop_nulls("deal_id")
    assert found.height == len({passes[key] for key in deals}) > 0
    for contact, deal, outcome, amount in found.select("contact_id", "deal_id", "outcome", "amount").iter_rows():
        row = deals[deal]
        assert passes[deal][0] == contact
        assert (outcome == "won", outcome == "lost") == (row["is_won"], row["is_lost"])
        assert amount == (None if row["amount"] is None else pytest.approx(float(row["amount"])))


def test_the_latest_verdict_of_the_pass_stands_with_its_reason() -> None:
    def at(day: int) -> dt.datetime:
        return dt.datetime(2024, 1, 1, 9) + dt.timedelta(days=day)

    company: dict[str, list[Row]] = {
        "campaigns": [{"campaign_id": "K"}],
        "contacts": [{"contact_id": "contact-1", "created_at": at(1)}, {"contact_id": "C2", "created_at": at(2)}],
        "touches": [
            {"touch_id": who, "contact_id": who, "happened_at": at(0), "kind": "form", "campaign_id": "K"}
            for who in ("contact-1", "C2")
        ],
        "lead_decisions": [
            {"contact_id": "contact-1", "happened_at": at(3), "decision": "accepted"},
            {"contact_id": "contact-1", "happened_at": at(4), "decision": "rejected", "reason": "too small"},
            {"contact_id": "C2", "happened_at": at(4), "decision": "rejected", "reason": "no budget"},
            {"contact_id": "C2", "happened_at": at(6), "decision": "accepted"},
        ],
    }
    session = plain_company().session(company)
    frame = leads_of(session, "K").frame
    assert frame.select("lead", "verdict", "reason").rows() == [
        ("…2", "accepted", None),
        ("…ct-1", "rejected", "too small"),
    ]
    for nothing in ("", "k", "K' OR 1=1 --"):
        assert leads_of(session, nothing).frame.is_empty()


def test_the_page_shows_them_without_a_contacts_name(monkeypatch: pytest.MonkeyPatch, demo: Session) -> None:
    screen = one_page(monkeypatch, "campaigns", demo.company.folder)
    assert "Who did its leads become?" in said(screen)
    assert not [one for one in screen.dataframe if "verdict" in one.value.columns]
    campaign = min(str(row["campaign_id"]) for row in rows_in(demo, "leads") if row["campaign_id"] is not None)
    chosen = screen.selectbox(key="campaign_of_leads").set_value(campaign).run()
    assert not chosen.exception
    (shown,) = [one.value for one in chosen.dataframe if "verdict" in one.value.columns]
    assert not {"contact_id", "name", "email"} & set(shown.columns)
    assert shown["lead"].to_list() == leads_of(demo, campaign).frame["lead"].to_list()
    assert all(lead.startswith("…") for lead in shown["lead"])


def test_where_no_campaign_is_known_the_page_says_so(monkeypatch: pytest.MonkeyPatch, olist: Session) -> None:
    screen = one_page(monkeypatch, "campaigns", olist.company.folder)
    assert "Who did its leads become?" in said(screen)
    assert not [one for one in screen.dataframe if "verdict" in one.value.columns]
