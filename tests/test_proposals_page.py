"""Proposals on Qualified lead and Agreement: made, signed and adopted by people who choose their name."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from alignment.ledger import Comment, Ledger, Proposal
from metrics import OpenCompany
from tests.conftest import BRIGHTWATER, DEMO
from tests.one_page import OBEYED, markup, one_page, read, said

WORDS = "![p](http://x.example/p.png) **b** :red[r]"


def ledger_of(company: OpenCompany, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Ledger:
    """A ledger of the test's own, beside a copy of the data that all tests share."""
    state = company.at().generation.model.parents[2]
    shutil.copytree(state, folder / "var" / state.name, ignore=shutil.ignore_patterns("ledger*", "entered"))
    monkeypatch.setenv("TANDEM_VAR", str(folder / "var"))
    return Ledger.open(company.company)


def button(screen: AppTest, label: str) -> Any:
    return next(one for one in screen.button if one.label == label)


def press(screen: AppTest, label: str) -> str:
    """What the page says after a button."""
    button(screen, label).click().run()
    assert not screen.exception
    return read(" ".join(shown.value for shown in (*screen.error, *screen.success)))


def test_a_rule_is_proposed_signed_and_adopted_on_the_page(
    generated_demo: OpenCompany, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "demo"
    shutil.copytree(DEMO, folder)
    ledger = ledger_of(generated_demo, tmp_path, monkeypatch)
    before = (folder / "stages.yaml").read_text(encoding="utf-8")
    screen = one_page(monkeypatch, "qualified_lead", folder, proposed="score >= 60 and forms >= 1")
    assert "Nothing yet. A new version is signed by one person of each team" in said(screen)
    assert next(one.value for one in screen.text_area if one.label == "The rule") == "score >= 60 and forms >= 1"
    assert "Choose the day from which on it holds." in press(screen, "Propose")
    screen.date_input(key="propose_from").set_value(dt.date(2027, 1, 1))
    screen.text_area(key="propose_why").input(WORDS)
    assert "Nobody is named" in press(screen, "Propose")
    screen.selectbox(key="propose_by").set_value("p-00")
    assert "Your proposal stands in the ledger, unverified." in press(screen, "Propose")
    (made,) = ledger.entries(Proposal)
    assert made.content.text == "from: 2027-01-01\nwhen: score >= 60 and forms >= 1\n"
    for person, team in (("p-00", "marketing"), ("p-03", "sales")):
        assert "Adopt: write it into the file" not in [one.label for one in screen.button]
        screen.selectbox(key="proposal_by").set_value(person)
        screen.text_area(key="proposal_comment").input(WORDS)
        press(screen, "Comment")
        assert "Your signature stands in the ledger, unverified." in press(screen, "Sign for my team"), team
    # A comment is corrected where it is read.
    screen.selectbox(key="correct_comment_entry").select_index(0).run()
    screen.text_area(key="correct_comment_text").input("Mended")
    screen.selectbox(key="correct_comment_by").select("p-00")
    press(screen, "Keep the correction")
    assert sorted(one.content.text for one in ledger.entries(Comment)) == [WORDS, "Mended"]
    assert not OBEYED.search(markup(screen))
    assert "It is written into" in press(screen, "Adopt: write it into the file")
    after = (folder / "stages.yaml").read_text(encoding="utf-8")
    lines = [line for line in after.splitlines() if line not in before.splitlines()]
    assert lines[0] == "    - from: 2027-01-01"
    assert lines[-1] == "      when: score >= 60 and forms >= 1"
    assert "It stands in" in said(screen)


def test_a_target_is_proposed_on_the_page_and_its_text_changed(
    demo_company: OpenCompany, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = ledger_of(demo_company, tmp_path, monkeypatch)
    screen = one_page(monkeypatch, "agreement", BRIGHTWATER)
    screen.selectbox(key="propose_promise").set_value("qualified_leads")
    screen.date_input(key="propose_from").set_value(dt.date(2027, 1, 1))
    screen.selectbox(key="propose_by").set_value("p-12")
    assert "Write the number that is to be promised." in press(screen, "Propose")
    screen.number_input(key="propose_number").set_value(99.0)
    assert "is of team 'partner' in people" in press(screen, "Propose")
    screen.selectbox(key="propose_by").set_value("p-04")
    press(screen, "Propose")
    (made,) = ledger.entries(Proposal)
    assert "target: 99\n" in made.content.text
    assert screen.code[0].value == "- objectives.qualified_leads.target: 52\n+ objectives.qualified_leads.target: 99"
    screen.selectbox(key="proposal_by").set_value("p-04")
    press(screen, "Sign for my team")
    assert "it lacks the signature of marketing" in said(screen)
    text = next(one for one in screen.text_area if one.label == "The version")
    text.input(text.value.replace("target: 99\n", "target: 98\n"))
    screen.selectbox(key="change_by").set_value("p-01")
    assert "both teams sign it anew" in press(screen, "Keep this text")
    assert "target: 98\n" in ledger.entries(Proposal)[0].content.text
    assert "it lacks the signature of marketing and sales" in said(screen)
    # Somebody else changes it while this page is open: nobody signs a text unread.
    entry = ledger.entries(Proposal)[0]
    ledger.change(entry.id, entry.version, entry.content, by="p-05")
    screen.selectbox(key="proposal_by").set_value("p-04")
    assert "was written by p-05" in press(screen, "Sign for my team")
