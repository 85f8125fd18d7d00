"""A workshop is a record: who came, what each put in, what was decided; kept on Strategy, and nothing typed is lost."""

from __future__ import annotations

import datetime as dt

import pytest

from alignment.ledger import Ledger, Workshop
from metrics import Session
from tests.conftest import BRIGHTWATER
from tests.one_page import OBEYED, markup, one_page, read, table_of


def test_a_workshop_is_kept_with_what_each_put_in(
    demo: Session, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    ledger = Ledger.open(demo.company)
    request.addfinalizer(lambda: [ledger.withdraw(e.id, e.version, by="p-05") for e in ledger.entries(Workshop)])
    screen = one_page(monkeypatch, "strategy", BRIGHTWATER)
    screen.multiselect(key="workshop_people").set_value(["p-01", "p-05"]).run()
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
