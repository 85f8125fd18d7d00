"""Sales asks for content on the page Content: who asked stands there unverified, and nothing is overwritten."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from alignment.content_requests import asked
from alignment.ledger import ContentRequest, Ledger
from metrics import Session
from tests.one_page import page, read, said, table_of
from tests.tiny_sessions import plain_company

PEOPLE = [
    {"person_id": "P1", "name": "Pia", "team": "sales"},
    {"person_id": "P2", "name": "Paul", "team": "marketing"},
    {"person_id": "P3", "team": "sales"},
]


def test_requests_are_counted_per_persona_and_band_and_what_waits_comes_first(own_state: Path) -> None:
    assert not own_state.exists()
    tiny = plain_company().session({"people": PEOPLE})
    days = iter(range(1, 9))
    ledger = Ledger.open(tiny.company, clock=lambda: dt.datetime(2026, 1, next(days), tzinfo=dt.UTC))
    for persona, band, words, state, by in (
        ("CIO", "TOFU", "A guide", "delivered", "P1"),
        ("CTO", "BOFU", "A price list", "open", "P9"),
        ("CIO", "BOFU", "A comparison", "planned", "P1"),
        ("CIO", "BOFU", "A reference", "open", "P3"),
        ("CIO", "BOFU", "Another one", "declined", "P1"),
    ):
        reply = "" if state == "open" else f"Re: {words}"
        ledger.add(ContentRequest(persona, band, words, state, reply=reply), by=by)  # type: ignore[arg-type]  # words of the table
    found = asked(ledger, tiny)
    assert found.frame.rows() == [
        (
            "CIO",
            "BOFU",
            3,
            "open",
            "Pia (unverified), P3 (unverified)",
            "Another one",
            "Re: Another one",
            dt.date(2026, 1, 5),
        ),
        ("CTO", "BOFU", 1, "open", "P9 (unverified)", "A price list", None, dt.date(2026, 1, 2)),
        ("CIO", "TOFU", 1, "delivered", "Pia (unverified)", "A guide", "Re: A guide", dt.date(2026, 1, 1)),
    ]
    assert (found.sales, found.marketing) == (("P1", "P3"), ("P2",))


def test_a_request_is_asked_and_answered_on_the_page(
    demo: Session, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setenv("TANDEM_COMPANY", str(demo.company.folder))
    screen = page("content")
    assert "Nobody has asked yet" in said(screen)
    ledger = Ledger.open(demo.company)
    request.addfinalizer(lambda: withdraw_all(ledger))
    screen.text_area(key="request_words").input("A **comparison** with [the old way](http://x.example)")
    button(screen, "Ask").click().run()
    assert "Nobody is named as the one who writes" in read(screen.error[0].value)
    assert ledger.entries(ContentRequest) == ()
    # What was typed is still there.
    screen.selectbox(key="request_by").select_index(0)
    button(screen, "Ask").click().run()
    (entry,) = ledger.entries(ContentRequest)
    assert entry.content.words == "A **comparison** with [the old way](http://x.example)"
    assert "Your request stands in the ledger." in read(screen.success[0].value)
    assert screen.text_area(key="request_words").value == ""
    assert table_of(screen, "requests", "who")["who"][0].endswith("(unverified)")
    # Somebody else answers while this page is open.
    ledger.change(entry.id, 1, ContentRequest(entry.content.persona, entry.content.band, "Changed"), by="P9")
    screen.selectbox(key="answer_by").select_index(0)
    button(screen, "Answer").click().run()
    assert "was written by P9" in read(screen.error[0].value)
    button(screen, "Answer").click().run()
    assert ledger.entry(entry.id).content == ContentRequest(
        entry.content.persona, entry.content.band, "Changed", "planned"
    )
    screen.selectbox(key="correct_content_request_entry").select(entry.id).run()
    screen.text_area(key="correct_content_request_words").input("Only one page")
    screen.selectbox(key="correct_content_request_by").select_index(0)
    screen.button(key="correct_content_request_keep").click().run()
    assert ledger.entry(entry.id).content.words == "Only one page"
    assert ledger.entry(entry.id).content.state == "planned"
    assert not screen.exception


def button(screen: AppTest, label: str) -> Any:
    return next(one for one in screen.button if one.label == label)


def withdraw_all(ledger: Ledger) -> None:
    for entry in ledger.entries(ContentRequest):
        ledger.withdraw(entry.id, entry.version, by="test")
