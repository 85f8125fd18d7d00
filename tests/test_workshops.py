"""A workshop is a record: who came, what each put in, what was decided; kept on Strategy, and nothing typed is lost."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest

from alignment.ledger import Ledger, Proposal, Workshop
from metrics import OpenCompany, Session
from tests.conftest import BRIGHTWATER
from tests.one_page import OBEYED, markup, one_page, read, said, table_of
from tests.test_proposals_page import ledger_of


def test_a_workshop_is_kept_with_what_each_put_in(
    demo: Session, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    ledger = Ledger.open(demo.company)
    request.addfinalizer(lambda: [ledger.withdraw(e.id, e.version, by="p-05") for e in ledger.entries(Workshop)])
    screen = one_page(monkeypatch, "strategy", BRIGHTWATER)
    screen.multiselect(key="workshop_attendees").set_value(["p-01", "p-05"]).run()
    screen.text_input(key="workshop_subject").input("Personas **anew**")
    screen.text_input(key="workshop_put_in_p-05").input("Buyers ask for [prices](http://x.example)")
    screen.text_area(key="workshop_decisions").input("Two personas less\n\n  One rule more ")
    screen.button(key="keep_workshop").click().run()
    assert "Nobody is named as the one who writes" in read(screen.error[0].value)
    assert screen.text_input(key="workshop_subject").value == "Personas **anew**"
    screen.selectbox(key="workshop_by").select("p-05")
    screen.button(key="keep_workshop").click().run()
    (entry,) = ledger.entries(Workshop)
    assert entry.content == Workshop(
        dt.date(2026, 11, 15), "Personas **anew**", ("p-01", "p-05"),
        {"p-05": "Buyers ask for [prices](http://x.example)"}, ("Two personas less", "One rule more"),
    )  # fmt: skip
    shown = table_of(screen, "held_on", "who")
    assert shown["attendees"][0] == "Henrike Sommer, Jule Petersen"
    assert shown["who"][0] == "Jule Petersen (unverified)"
    assert not OBEYED.search(markup(screen).replace('<img class="history"', ""))


def test_a_workshop_is_corrected_and_a_conflict_is_told_with_both_texts(
    demo: Session, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    ledger = Ledger.open(demo.company)
    held = Workshop(dt.date(2026, 11, 2), "Personas", ("p-01",), {"p-01": "Fewer"}, ("One less",))
    entry = ledger.add(held, by="p-01")
    request.addfinalizer(lambda: [ledger.withdraw(e.id, e.version, by="p-05") for e in ledger.entries(Workshop)])
    screen = one_page(monkeypatch, "strategy", BRIGHTWATER)
    screen.selectbox(key="correct_workshop_entry").select(entry.id).run()
    assert screen.text_input(key="correct_workshop_put_in_p-01").value == "Fewer"
    screen.multiselect(key="correct_workshop_attendees").set_value(["p-01", "p-05"]).run()
    screen.text_input(key="correct_workshop_put_in_p-05").input("**None**")
    screen.text_area(key="correct_workshop_decisions").input("Two less")
    # Somebody else writes while this is typed.
    theirs = replace(held, subject="Personas and channels")
    ledger.change(entry.id, 1, theirs, by="p-04")
    screen.selectbox(key="correct_workshop_by").select("p-05")
    screen.button(key="correct_workshop_keep").click().run()
    told = read(screen.error[0].value)
    assert "was written by p-04" in told
    assert "Personas and channels" in told
    assert "Two less" in told
    assert ledger.entry(entry.id).content == theirs
    # What was typed is in its fields still; who keeps it now has read what it replaces.
    assert screen.text_area(key="correct_workshop_decisions").value == "Two less"
    screen.button(key="correct_workshop_keep").click().run()
    mine = replace(
        held, attendees=("p-01", "p-05"), put_in={"p-01": "Fewer", "p-05": "**None**"}, decisions=("Two less",)
    )
    assert ledger.entry(entry.id).content == mine
    history = table_of(screen, "did", "before")
    assert history["did"].tolist() == ["corrected", "corrected", "written"]
    assert history["who"][0] == "Jule Petersen (unverified)"
    assert history["before"][0] == (
        "Subject: Personas and channels · Who came: Henrike Sommer · What each put in: Henrike Sommer: Fewer"
        " · Decisions: One less"
    )
    assert "Henrike Sommer: Fewer; Jule Petersen: **None**" in history["said"][0]
    assert not OBEYED.search(markup(screen).replace('<img class="history"', ""))
    screen.button(key="correct_workshop_withdraw").click().run()
    assert ledger.entries(Workshop) == ()
    screen.button(key="correct_workshop_keep").click().run()
    assert [one.content for one in ledger.entries(Workshop)] == [mine]


def test_a_workshop_names_the_proposal_that_it_led_to(
    demo_company: OpenCompany, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = ledger_of(demo_company, tmp_path, monkeypatch)
    made = ledger.add(Proposal("agreement", "agreement", "x: 1", "f", starts_on=dt.date(2027, 1, 1)), by="p-01")
    ledger.add(Workshop(dt.date(2026, 11, 2), "Targets", ("p-01", "p-99"), proposals=(made.id,)), by="p-01")
    screen = one_page(monkeypatch, "strategy", BRIGHTWATER)
    assert table_of(screen, "held_on", "who")["proposals"][0] == "agreement from 2027-01-01 (open)"
    assert "One record here is about what the data no longer has: colleague p-99 (by Henrike Sommer" in said(screen)
    # Once withdrawn it is told as that, and no longer compared with the file that could not hold it.
    ledger.withdraw(made.id, made.version, by="p-01")
    screen = one_page(monkeypatch, "agreement", BRIGHTWATER)
    assert table_of(screen, "state", "fingerprint")["state"].tolist() == ["withdrawn"]
    assert "Henrike Sommer has withdrawn it. Propose it anew." in said(screen)
    assert not screen.warning
