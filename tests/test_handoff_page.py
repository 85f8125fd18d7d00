"""Hand-off as a viewer reads it: what became of the leads, who waits, how fast, and no contact's name."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from alignment.worklist import breaking
from metrics import Query, Session
from tests.conftest import BRIGHTWATER
from tests.one_page import bodies, one_page, page, read, said, table_of
from tests.small_company import SmallCompany


@pytest.fixture(scope="module")
def screen(demo: Session) -> AppTest:
    assert demo.company.folder == BRIGHTWATER
    with pytest.MonkeyPatch.context() as patch:
        return one_page(patch, "handoff", BRIGHTWATER)


def test_tiles_tell_what_became_of_the_leads(screen: AppTest) -> None:
    found = [read(body).split("\n") for body in bodies(screen) if 'class="tandem-tile"' in body]
    labels = [next(line for line in lines if line.strip()) for lines in found]
    assert labels == ["Handed over", "Accepted", "Rejected", "Undecided", "Overdue", "Acceptance rate", "Human delay",
                      "Promise kept"]  # fmt: skip
    assert "at the same age" in said(screen)


def test_the_worklist_links_to_the_crm_and_names_no_contact(screen: AppTest, demo: Session) -> None:
    shown, found = table_of(screen, "lead", "left"), breaking(demo)
    assert list(shown["left"]) == found.frame["left"].to_list()
    assert not {"contact_id", "account_id", "owner_id", "pass"} & set(shown.columns)
    assert all(lead.startswith("…") for lead in shown["lead"])
    assert shown["contact in the CRM"][0].endswith(f"/{found.frame['contact_id'][0]}")
    assert f"{found.broken:,} leads wait longer than the 4 business hours promised" in said(screen)


def test_an_owner_chosen_in_the_address_sees_their_own(monkeypatch: pytest.MonkeyPatch, demo: Session) -> None:
    monkeypatch.setenv("TANDEM_COMPANY", str(BRIGHTWATER))
    owner, name = next((key, name) for key, name in breaking(demo).owners.items() if key)
    opened = page("handoff")
    opened.selectbox(key="owner").set_value(owner).run()
    assert not opened.exception
    assert set(table_of(opened, "lead", "left")["owner"]) == {name}


def test_speed_is_told_by_owner_and_by_region(screen: AppTest, demo: Session) -> None:
    table = table_of(screen, "system_median", "untouched")
    names = demo.names("owner")
    assert set(table["group"]) <= {*names.values(), "No owner"}
    screen.session_state["speed"] = "region"
    screen.run()
    regions = set(table_of(screen, "system_median", "untouched")["group"])
    assert regions <= {*demo.answer(Query(("leads",), ("region",))).frame["region"], "No region"}


def test_a_company_without_hand_overs_says_why(monkeypatch: pytest.MonkeyPatch, small: SmallCompany) -> None:
    text = said(one_page(monkeypatch, "handoff", small.folder))
    assert "No source gives assignments" in text
    assert "map it in sources.yaml" in text
