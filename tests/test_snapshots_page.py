"""Sealed months on the page Snapshots: listed, verified, opened again, sealed there, and compared with today."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from alignment import sealing
from alignment.ledger import Export, Ledger
from alignment.report import FORMATS, logged
from alignment.sealed_figures import sealed_otherwise
from alignment.snapshots import shelf_of
from data.calendar import Period
from pages import _snapshot_list, _snapshot_sealing
from tests.one_page import OBEYED, markup, one_page, page, said, table_of
from tests.sealed_company import TODAY, copy_with_march, seal_march
from tests.small_company import SmallCompany

SHARED = Path(os.environ["TANDEM_VAR"])
HOSTILE = "![p](http://x.example/p.png) <script>alert(1)</script> **b** :red[r]"


@pytest.fixture
def company(own_state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SmallCompany:
    """Sealed March: two leads, one customer, 345.50 euros; the day is early in April."""
    for module in (_snapshot_list, _snapshot_sealing, sealing):
        monkeypatch.setattr(module, "today_in", lambda _: TODAY)
    return copy_with_march(SHARED, tmp_path / "small", own_state)


def clicked(screen: AppTest, key: str) -> AppTest:
    next(button for button in screen.button if button.key == key).click()
    screen.run()
    assert not screen.exception
    return screen


def test_the_list_says_what_is_sealed_when_and_by_whom(company: SmallCompany, monkeypatch: pytest.MonkeyPatch) -> None:
    text = said(one_page(monkeypatch, "snapshots", company.folder))
    manifest = shelf_of(company.company).open("2026-03").manifest
    assert "**1 month is sealed**, the latest March 2026." in text
    assert f"by {manifest.sealed_by}" in text
    assert f"Generation {manifest.generation}, data through 2 April 2026" in text


def test_verify_reads_every_byte_and_names_what_is_changed(
    company: SmallCompany, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = clicked(one_page(monkeypatch, "snapshots", company.folder), "verify_2026-03")
    assert "files are as they were sealed" in said(screen)
    file = shelf_of(company.company).open("2026-03").folder / "targets.parquet"
    file.chmod(0o644)
    file.write_bytes(file.read_bytes() + b"x")
    assert "2026-03: targets.parquet is changed." in said(clicked(screen, "verify_2026-03"))


def test_a_sealed_month_is_opened_again_with_its_numbers_cuts_and_words(
    company: SmallCompany, monkeypatch: pytest.MonkeyPatch
) -> None:
    company.write("people.csv", (company.folder / "people.csv").read_text() + "c5,G H,g@mill.example,2026-03-20,,\n")
    company.refresh()
    screen = one_page(monkeypatch, "snapshots", company.folder, snapshot="2026-03")
    text = said(screen)
    assert "March 2026, as sealed" in text
    assert "March 2026 was sealed with leads at **2**, customers at **1** and won revenue at **€346**." in text
    assert "Two leads, one customer." in text
    assert "from generation " in text
    by_channel = table_of(screen, "group", "leads")
    # c3 came from a fair, c4 from nowhere; the group without a channel stands last.
    assert list(by_channel[by_channel["leads"] > 0]["group"]) == ["fair", "No channel"]
    assert table_of(screen, "Metric", "Sealed").set_index("Metric").loc["Leads", "Sealed"] == "2"
    compared = clicked(screen, "restate")
    effects = table_of(compared, "label", "cause", "effect").set_index("label")
    assert tuple(effects.loc["Leads", ["sealed", "today", "cause"]]) == (2, 3, "late event")
    records = table_of(compared, "record", "cause")
    assert list(records["record"]) == ["c5 / 1"]


def test_a_revision_is_sealed_with_a_reason_a_name_and_what_is_said(
    company: SmallCompany, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = one_page(monkeypatch, "snapshots", company.folder)
    screen.text_area(key="seal_commentary").set_value(HOSTILE)
    screen.button[-1].click()
    screen.run()
    assert "needs the reason" in screen.error[0].value.replace("&#32;", " ")
    assert screen.text_area(key="seal_commentary").value == HOSTILE
    screen.text_input(key="seal_reason").set_value(HOSTILE)
    screen.button[-1].click()
    screen.run()
    assert "March 2026 is sealed." in screen.success[0].value.replace("&#46;", ".")
    assert screen.text_area(key="seal_commentary").value == ""
    latest = shelf_of(company.company).open("2026-03")
    assert (latest.manifest.revision, latest.manifest.reason) == (2, HOSTILE)
    opened = one_page(monkeypatch, "snapshots", company.folder, snapshot="2026-03")
    for shown in (screen, opened):
        assert not OBEYED.search(markup(shown).replace(":material/check:", ""))
    assert "alert(1)" in said(opened)
    first = one_page(monkeypatch, "snapshots", company.folder, snapshot="2026-03", revision="1")
    assert "Two leads, one customer." in said(first)


def test_a_month_that_is_not_sealed_is_told_above_the_list(
    company: SmallCompany, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = one_page(monkeypatch, "snapshots", company.folder, snapshot="2026-02")
    assert "has no sealed month" in screen.warning[0].value.replace("&#95;", "_")
    assert "1 month is sealed" in said(screen)


def test_a_live_page_of_a_sealed_month_tells_the_sealed_number_where_it_differs(
    company: SmallCompany, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TANDEM_COMPANY", str(company.folder))
    assert "sealed:" not in said(page("this_week", period="Last complete month"))
    people = (company.folder / "people.csv").read_text()
    company.write("people.csv", people + "c5,G H,g@mill.example,2026-03-20,fair,Clerk\n")
    company.refresh()
    text = said(page("this_week", period="Last complete month"))
    assert text.count("sealed:") == 1
    assert "sealed: 2" in text
    assert "sealed:" not in said(page("this_week", period="Last complete month", channel="fair"))
    assert "sealed:" not in said(page("this_week", period="Last complete week"))


def test_a_changed_snapshot_gives_no_number_beside_the_live_one(company: SmallCompany) -> None:
    march = Period(dt.date(2026, 3, 1), dt.date(2026, 4, 1))
    assert sealed_otherwise(company.company, march, None, {"leads": 3, "customers": 1}) == {"leads": 2}
    seal_march(company, revise="for a test")
    file = shelf_of(company.company).open("2026-03").folder / "results" / "headline.parquet"
    file.chmod(0o644)
    file.write_bytes(b"")
    assert sealed_otherwise(company.company, march, None, {"leads": 3}) == {}


def test_a_sealed_month_can_be_taken_along_in_every_format(
    company: SmallCompany, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = one_page(monkeypatch, "snapshots", company.folder, snapshot="2026-03")
    buttons = screen.get("download_button")
    assert [button.proto.label for button in buttons] == [one.label for one in FORMATS.values()]
    assert not Ledger.open(company.company).entries(Export)
    content = logged(company.company, shelf_of(company.company).open("2026-03"), "csv", "a browser", "not signed in")
    assert content.startswith(b"PK")
    (entry,) = Ledger.open(company.company).entries(Export)
    assert (entry.content.what, entry.content.form, entry.content.to) == ("2026-03 r1", "csv", "a browser")
