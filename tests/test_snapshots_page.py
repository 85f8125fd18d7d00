"""Sealed months on the page Snapshots: listed, verified, opened again, sealed there, and compared with today."""

from __future__ import annotations

import datetime as dt
import os
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from alignment import sealing
from alignment.ledger import Export, Ledger
from alignment.report import FORMATS, logged
from alignment.restatement import carried
from alignment.sealed_figures import sealed_otherwise
from alignment.sealing import seal_month, seal_per
from alignment.snapshots import shelf_of
from data.calendar import Period
from metrics import Answer, Query, Session, only
from metrics.hearing import heard
from pages import _snapshot_list, _snapshot_sealing
from tests.one_page import OBEYED, markup, one_page, page, said, table_of
from tests.sealed_company import MARCH, TODAY, copy_with_march, seal_march, session_of
from tests.small_company import SmallCompany

SHARED = Path(os.environ["TANDEM_VAR"])
HOSTILE = "![p](http://x.example/p.png) <script>alert(1)</script> **b** :red[r]"


@pytest.fixture
def company(own_state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SmallCompany:
    """Sealed March: two leads, one customer, 345.50 euros; the day is early in April."""
    for module in (_snapshot_list, _snapshot_sealing, sealing):
        monkeypatch.setattr(module, "today_in", lambda _: TODAY)
    return copy_with_march(SHARED, tmp_path / "small", own_state)


def late_contact(company: SmallCompany) -> None:
    """A third lead of March, from a fair, that became known after it was sealed."""
    people = (company.folder / "people.csv").read_text()
    company.write("people.csv", people + "c5,G H,g@mill.example,2026-03-20,fair,Clerk\n")
    company.refresh()


def asked(company: SmallCompany, query: Query) -> list[Answer]:
    return [session_of(company).answer(query)]


def notices(screen: AppTest) -> str:
    return "\n".join(opened.label for opened in screen.expander)


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
    assert tuple(effects.loc["Leads", ["sealed", "today", "cause"]]) == ("2", "3", "late event")
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
    late_contact(company)
    (answer,) = asked(company, Query(("leads", "customers"), period=MARCH))
    (found,) = sealed_otherwise(company.company, [answer])
    assert (found.month, found.metric, found.sealed, found.today) == ("2026-03", "leads", 2, 3)
    seal_march(company, revise="for a test")
    file = shelf_of(company.company).open("2026-03").folder / "results" / "headline.parquet"
    file.chmod(0o644)
    file.write_bytes(b"")
    assert sealed_otherwise(company.company, [replace(answer, frame=answer.frame + 1)]) == ()


def test_only_what_was_asked_as_it_was_sealed_has_a_sealed_number(company: SmallCompany) -> None:
    seal_per(session_of(company), MARCH, "channel", today=TODAY)
    late_contact(company)

    def told(query: Query) -> set[tuple[object, ...]]:
        found = sealed_otherwise(company.company, asked(company, query))
        return {(one.metric, one.by, one.group, one.sealed, one.today) for one in found}

    everything, fairs = Query(("leads",), period=MARCH), only("channel", ["fair"])
    assert told(everything) == {("leads", (), (), 2, 3)}
    assert told(replace(everything, by=("channel",))) == {("leads", ("channel",), ("fair",), 1, 2)}
    # A month among others, and the same month cut off at its end.
    months = Query(("leads",), grain="month", period=Period(dt.date(2026, 1, 1), dt.date(2026, 4, 1)))
    assert told(months) == {("leads", (), (), 2, 3)}
    assert told(replace(months, period=Period(dt.date(2026, 1, 1), dt.date(2026, 3, 31)))) == set()
    # The filter that was sealed, in the words of the sidebar too; another one was not.
    for where in (fairs, f"({fairs})"):
        assert told(replace(everything, where=where)) == {("leads", (), (), 1, 2)}
    assert told(replace(everything, where=only("channel", ["fair", "search"]))) == set()
    # Other days, another day to judge from, another cut.
    assert told(replace(everything, period=Period(dt.date(2026, 3, 1), dt.date(2026, 3, 8)))) == set()
    assert told(replace(everything, as_of=dt.date(2026, 4, 2))) == set()
    assert told(replace(everything, by=("country",))) == set()


def test_only_the_session_of_the_page_is_heard(company: SmallCompany) -> None:
    session, query = session_of(company), Query(("leads",), period=MARCH)
    other = session.with_definitions(session.definitions)
    with heard(session) as answers:
        session.answer(query)
        # Such as one that reads the same rows by a rule that is only proposed.
        other.answer(query)
        session.funnel("lead_to_customer", query)
    session.answer(query)
    assert [one.query for one in answers] == [query, query]
    assert "step" in answers[1].frame.columns


def test_a_group_that_is_gone_is_told_by_its_sealed_number(company: SmallCompany) -> None:
    company.replace(
        "people.csv", "c3,Mary Keller,mary@mill.example,2026-03-02,fair", "c3,M K,m@mill.example,2026-03-02,expo"
    )
    company.refresh()
    found = sealed_otherwise(company.company, asked(company, Query(("leads",), ("channel",), period=MARCH)))
    assert {(one.group, one.sealed, one.today) for one in found} == {(("fair",), 1, None), (("expo",), None, 1)}


LIVE = ("this_week", "funnel", "campaigns", "sources", "ask", "why", "handoff", "agreement", "content", "paths")


def test_every_live_page_tells_what_was_sealed_of_the_numbers_it_asks_for(
    company: SmallCompany, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a page asks of March is heard beside it: whoever asks for leads has to tell the sealed ones."""
    monkeypatch.setenv("TANDEM_COMPANY", str(company.folder))
    late_contact(company)
    queries: list[Query] = []
    answer = Session.answer

    def listened(session: Session, query: Query) -> Answer:
        queries.append(query)
        return answer(session, query)

    monkeypatch.setattr(Session, "answer", listened)
    told: set[object] = set()
    for name in LIVE:
        queries.clear()
        screen = page(name, period="Last complete month")
        plain = [one for one in queries if one.period == MARCH and not (one.by or one.where or one.grain or one.as_of)]
        is_asked = any("leads" in one.metrics for one in plain)
        assert not is_asked or "sealed otherwise with March 2026" in notices(screen), name
        if is_asked:
            shown = table_of(screen, "Number", "Sealed", "Today")
            assert ["Leads", "Everything", "March 2026", "2", "3"] in shown.values.tolist()
            told.add(name)
        for one in queries:
            is_cut = one.by == ("channel",) and one.period == MARCH and "leads" in one.metrics
            if is_cut and not (one.where or one.grain or one.as_of):
                shown = table_of(screen, "Number", "Sealed", "Today")
                assert ["Leads", "fair", "March 2026", "1", "2"] in shown.values.tolist()
                told.add((name, "channel"))
    assert {"this_week", ("this_week", "channel"), ("sources", "channel")} <= told
    assert "sealed otherwise" not in notices(page("this_week", period="Last complete week"))


# -- a link that asks for a sealed month ----------------------------------------------------------------------------


def test_a_live_page_that_a_link_asks_to_be_sealed_says_that_it_is_not(
    company: SmallCompany, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TANDEM_COMPANY", str(company.folder))
    screen = page("funnel", snapshot="2026-03")
    assert "These are today's numbers of" in said(screen)
    assert "The link asks for March 2026 as it was sealed." in said(screen)
    assert "Open March 2026 as sealed" in [button.label for button in screen.button]
    assert "February 2026 is not sealed. What is shown here are today's numbers." in said(
        page("funnel", snapshot="2026-02")
    )
    assert "'<b>' is not a month" in said(page("funnel", snapshot="<b>"))
    assert "today's numbers" not in said(page("funnel"))


def test_a_snapshot_of_one_value_is_listed_opened_and_verified(
    company: SmallCompany, monkeypatch: pytest.MonkeyPatch
) -> None:
    seal_per(session_of(company), MARCH, "channel", today=TODAY)
    listed = one_page(monkeypatch, "snapshots", company.folder)
    assert "March 2026 by channel" in said(listed)
    assert {"fair", "search"} <= {button.label for button in listed.button}
    assert "files are as they were sealed" in said(clicked(listed, "verify_2026-03_channel"))
    opened = one_page(monkeypatch, "snapshots", company.folder, snapshot="2026-03", per="channel", value="fair")
    assert "March 2026, fair, as sealed" in said(opened)
    assert "Only channel: fair." in said(opened)
    assert table_of(opened, "Metric", "Sealed").set_index("Metric").loc["Leads", "Sealed"] == "1"
    for per, value in (("../..", "fair"), ("channel", "../.."), ("country", "fair")):
        screen = one_page(monkeypatch, "snapshots", company.folder, snapshot="2026-03", per=per, value=value)
        assert "No month" in screen.warning[0].value
        assert "1 month is sealed" in said(screen)


def test_the_snapshot_that_carries_a_restatement_shows_it(
    company: SmallCompany, monkeypatch: pytest.MonkeyPatch
) -> None:
    late_contact(company)
    seal_month(session_of(company), MARCH, revise="late", today=TODAY, carried=carried)
    screen = one_page(monkeypatch, "snapshots", company.folder, snapshot="2026-03")
    assert "What became of the month sealed before?" in said(screen)
    assert "March 2026 as it was sealed, against the data that this month was sealed from." in said(screen)
    effects = table_of(screen, "label", "cause", "effect").set_index("label")
    assert tuple(effects.loc["Leads", ["sealed", "today", "cause", "effect"]]) == ("2", "3", "late event", "1")
    assert list(table_of(screen, "record", "cause")["record"]) == ["c5 / 1"]
    first = one_page(monkeypatch, "snapshots", company.folder, snapshot="2026-03", revision="1")
    assert "What became of the month sealed before?" not in said(first)


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
