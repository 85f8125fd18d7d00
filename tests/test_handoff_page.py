"""Hand-off as a viewer reads it: what became of the leads, who waits, how fast, and no contact's name."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from alignment.ledger import Ledger, Verdict
from alignment.verdict_desk import desk
from alignment.worklist import breaking, undecided
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
    assert shown["Contact in the CRM"][0].endswith(f"/{found.frame['contact_id'][0]}")
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


def test_a_verdict_is_given_changed_and_withdrawn_on_the_page(
    monkeypatch: pytest.MonkeyPatch, demo: Session, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setenv("TANDEM_COMPANY", str(BRIGHTWATER))
    ledger = Ledger.open(demo.company)
    request.addfinalizer(lambda: [ledger.withdraw(one.id, one.version, by="test") for one in ledger.entries(Verdict)])
    opened = page("handoff")
    person = next(key for key in undecided(demo).owners if key)
    lead = undecided(demo, person).frame.row(0, named=True)
    opened.text_area(key="verdict_words").input("No **project** this year")
    button(opened, "Give the verdict").click().run()
    assert "Choose a verdict" in read(opened.error[0].value)
    opened.selectbox(key="verdict_choice").set_value("rejected:no_budget")
    button(opened, "Give the verdict").click().run()
    assert "Nobody is named as the one who writes" in read(opened.error[0].value)
    assert (ledger.entries(Verdict), opened.text_area(key="verdict_words").value) == ((), "No **project** this year")
    opened.selectbox(key="verdict_by").set_value(person).run()
    opened.selectbox(key="verdict_choice").set_value("rejected:no_budget")
    button(opened, "Give the verdict").click().run()
    (entry,) = ledger.entries(Verdict)
    verdict = Verdict(lead["contact_id"], lead["pass"], "rejected", "no_budget", "No **project** this year")
    assert (entry.content, entry.added_by) == (verdict, person)
    (row,) = table_of(opened, "verdict", "who").to_dict("records")
    assert (row["lead"], row["verdict"], row["reason"]) == (lead["lead"], "rejected", "No budget")
    assert row["who"].endswith("(unverified)")
    # Who has been judged is no longer offered.
    assert not any(option.startswith(lead["lead"]) for option in opened.selectbox(key="verdict_lead").options)
    # Somebody else writes while this page is open: both texts are told, and nothing is overwritten.
    opened.selectbox(key="correct_verdict_entry").select(entry.id).run()
    assert opened.text_area(key="correct_verdict_words").value == "No **project** this year"
    ledger.change(entry.id, 1, replace(verdict, reason="too_small"), by="P9")
    opened.selectbox(key="correct_verdict_choice").set_value("accepted:")
    opened.selectbox(key="correct_verdict_by").set_value(person)
    button(opened, "Keep the correction").click().run()
    told = read(opened.error[0].value)
    assert "was written by P9" in told
    assert "too_small" in told
    assert "accepted" in told
    button(opened, "Keep the correction").click().run()
    assert ledger.entry(entry.id).content == replace(verdict, decision="accepted", reason=None)
    assert table_of(opened, "did", "before")["before"][0] == "Verdict: rejected · Reason: too_small"
    button(opened, "Withdraw").click().run()
    assert ledger.entries(Verdict) == ()
    assert not opened.exception


def test_what_may_be_said_is_what_the_agreement_names(demo: Session) -> None:
    found = desk(Ledger.open(demo.company), demo, "nobody")
    assert [choice.label for choice in found.choices.values()] == [
        "Accept", "Reject: Too small", "Reject: Not reachable", "Reject: Wrong contact", "Reject: No budget",
        "Reject: Competitor or student", "Put aside: Not now",
    ]  # fmt: skip
    # Who has no lead of their own is offered everybody's.
    assert found.waiting["contact_id"].to_list() == undecided(demo).frame["contact_id"].to_list()


def button(screen: AppTest, label: str) -> Any:
    return next(one for one in screen.button if one.label == label)


def test_a_company_without_hand_overs_says_why(monkeypatch: pytest.MonkeyPatch, small: SmallCompany) -> None:
    text = said(one_page(monkeypatch, "handoff", small.folder))
    assert "No source gives assignments" in text
    assert "map it in sources.yaml" in text


@pytest.mark.parametrize("name", ["campaigns", "sources"])
def test_what_sales_says_flows_back_to_who_made_the_leads(
    monkeypatch: pytest.MonkeyPatch, demo: Session, name: str
) -> None:
    screen = one_page(monkeypatch, name, BRIGHTWATER)
    assert "What does sales say of the leads?" in said(screen)
    table = table_of(screen, "acceptance_rate", "reason")
    reasons = {reason.label for version in demo.definitions.agreement.versions for reason in version.reasons}
    assert set(table["reason"].dropna()) <= reasons
    assert len(table) > 3
