"""Campaigns: what the page shows is what the session answers, to date and of the period, and names stay text."""

from __future__ import annotations

import re

import pytest

from data.calendar import preset
from metrics import Query, Session
from metrics.findings import earners
from pages import _words
from tests.filtered_page import markup, page, read, said, table_of
from tests.small_company import SmallCompany

HOSTILE = "<img src=x onerror=1> ![p](http://x.example/p.png) **b**"
CAMPAIGNS = f'campaign_id,name,channel\nfair-26,"{HOSTILE}",event\nquiet,Nobody came,event\n'
TOUCHES = """\
touch_id,contact_id,day,campaign
t1,c1,2026-01-05,fair-26
t2,c2,2026-02-10,fair-26
t3,c3,2026-03-02,fair-26
"""
FILES = """\
  campaigns:
    path: campaigns.csv
    columns: {campaign_id: text, name: text, channel: text}
  touches:
    path: touches.csv
    columns: {touch_id: text, contact_id: text, day: date, campaign: text}
tables:
  campaigns:
    - {from: campaigns, campaign_id: campaign_id, name: name, channel: channel}
  touches:
    - {from: touches, touch_id: touch_id, contact_id: contact_id, happened_at: day, kind: "'form'",
       campaign_id: campaign}
"""


@pytest.fixture
def with_campaigns(small: SmallCompany, monkeypatch: pytest.MonkeyPatch) -> SmallCompany:
    """Three leads of a campaign with a hostile name, one lead of none, and spend on the campaign."""
    small.write("campaigns.csv", CAMPAIGNS)
    small.write("touches.csv", TOUCHES)
    small.write("spend.csv", "day,cost,campaign\n2026-01-15,99.90,fair-26\n2026-01-20,10.00,\n")
    small.replace("sources.yaml", "tables:\n", FILES)
    small.replace("sources.yaml", "{day: date, cost: number}", "{day: date, cost: number, campaign: text}")
    small.replace("sources.yaml", "amount: cost}", "amount: cost, campaign_id: campaign}")
    small.refresh()
    monkeypatch.setenv("TANDEM_COMPANY", str(small.folder))
    return small


@pytest.fixture
def of_demo(demo: Session, monkeypatch: pytest.MonkeyPatch) -> Session:
    monkeypatch.setenv("TANDEM_COMPANY", str(demo.company.folder))
    return demo


def test_the_table_shows_what_the_session_answers(of_demo: Session) -> None:
    assert of_demo.through is not None
    period = preset("12months", of_demo.through, of_demo.company)
    metrics = ("leads", "mqls", "opportunities", "customers", "sourced_revenue", "spend", "cost_per_lead")
    expected = of_demo.answer(Query(metrics, ("campaign",), period=period)).frame
    to_date = of_demo.answer(Query(("sourced_revenue", "return_to_date"), ("campaign",))).frame
    names = of_demo.names("campaign")
    shown = table_of(page("campaigns", period="Last 12 complete months"), "campaign", "since").set_index("campaign")
    assert expected.height > 5
    for row in expected.iter_rows(named=True):
        line = shown.loc[names.get(row["campaign"], row["campaign"] or "No campaign")]
        for metric in metrics:
            assert line[metric] == pytest.approx(row[metric], nan_ok=True) or row[metric] is None
    for row in to_date.iter_rows(named=True):
        line = shown.loc[names.get(row["campaign"], row["campaign"] or "No campaign")]
        assert line["sourced_revenue to date"] == pytest.approx(row["sourced_revenue"])
        assert line["return_to_date"] == pytest.approx(row["return_to_date"], nan_ok=True) or not row["return_to_date"]


@pytest.mark.usefixtures("of_demo")
def test_campaigns_and_what_has_none_add_up_to_the_total_that_stands_first() -> None:
    shown = table_of(page("campaigns", period="Last 12 complete months"), "campaign", "since")
    assert shown["campaign"].iloc[0] == "All"
    assert shown["campaign"].iloc[-1] == "No campaign"
    for metric in ("leads", "mqls", "opportunities", "customers", "sourced_revenue", "spend"):
        assert shown[metric][1:].sum() == pytest.approx(shown[metric][0]), metric


def test_return_is_to_date_whatever_the_period(of_demo: Session) -> None:
    expected = of_demo.answer(Query(("return_to_date",))).number("return_to_date")
    for period in ("Last complete week", "Last 12 complete months"):
        screen = page("campaigns", period=period)
        assert read(_words.times(expected)) in read(markup(screen))
        assert table_of(screen, "campaign", "since")["return_to_date"][0] == pytest.approx(expected)


def test_the_sentence_names_who_is_farthest_from_the_average(of_demo: Session) -> None:
    average = of_demo.answer(Query(("won_revenue_per_lead",))).number("won_revenue_per_lead")
    frame = of_demo.answer(Query(("leads", "sourced_revenue", "spend"), ("campaign",))).frame
    assert average is not None
    found = earners(frame, "campaign", average)
    names = of_demo.names("campaign")
    below = next(earner for earner in found if earner.surplus < 0)
    text = said(page("campaigns"))
    assert f"**{names[below.group]}** brought {below.leads:,} leads" in text
    assert re.search(r"\*\*\w+ of \d+ campaigns with spend ha(s|ve) earned back what they cost\*\*\.", text)


def test_every_campaign_with_leads_is_a_dot_and_none_is_not(of_demo: Session) -> None:
    frame = of_demo.answer(Query(("leads", "sourced_revenue"), ("campaign",))).frame.drop_nulls("campaign")
    screen = page("campaigns")
    shown = table_of(screen, "campaign", "leads", "sourced_revenue", "spend")
    assert sorted(shown["leads"]) == sorted(frame["leads"])
    chart = next(chart for chart in screen.get("plotly_chart") if chart.key == "chart_scatter")
    assert "No campaign" not in read(chart.proto.spec)


@pytest.mark.usefixtures("of_demo")
@pytest.mark.parametrize("key", ["leads", "return_to_date", "scatter", "earned", "of_cost_per_lead"])
def test_every_number_leads_to_its_rows(key: str) -> None:
    screen = page("campaigns", period="Last 12 complete months")
    screen.button(key=f"rows_{key}").click().run()
    assert not screen.exception
    (dialog,) = screen.get("dialog")
    assert dialog.dataframe[0].value.shape[0] > 0
    assert ("to date" in dialog.caption[0].value) == (key in ("return_to_date", "scatter", "earned"))


# -- names and what is missing ---------------------------------------------------------------------------------------


@pytest.mark.usefixtures("with_campaigns")
def test_a_hostile_name_stays_text() -> None:
    screen = page("campaigns", period="Last 12 complete weeks")
    assert not re.search(r"<img src=x|!\[p\]|\*\*b\*\*|//x\.example", markup(screen))
    assert HOSTILE in said(screen)
    assert HOSTILE in list(table_of(screen, "campaign", "since")["campaign"])


@pytest.mark.usefixtures("with_campaigns")
def test_numbers_of_a_campaign_worked_by_hand() -> None:
    shown = table_of(page("campaigns", period="Last 12 complete weeks"), "campaign", "since").set_index("campaign")
    fair = shown.loc[HOSTILE]
    assert (fair["sourced_revenue to date"], fair["spend to date"]) == (1250.50, 99.90)
    assert fair["return_to_date"] == pytest.approx(1250.50 / 99.90)
    assert fair["since"] == "Jan 2026"
    assert shown.loc["All", "spend to date"] == pytest.approx(109.90)
    assert shown.loc["No campaign", "spend to date"] == 10


def test_without_campaigns_channels_stand_in_their_place(small: SmallCompany, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TANDEM_COMPANY", str(small.folder))
    screen = page("campaigns")
    assert "Channels stand in their place." in said(screen)
    assert "Every channel" in said(screen)


def test_olist_says_why_and_ranks_its_channels(olist: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TANDEM_COMPANY", str(olist.company.folder))
    screen = page("campaigns", period="Last 12 complete months")
    text = said(screen)
    assert "Olist has no campaigns (declared absent in sources.yaml). Channels stand in their place." in text
    customers = olist.answer(Query(("customers",), ("channel",))).frame
    assert sorted(table_of(screen, "channel", "customers")["customers"]) == sorted(customers["customers"])
    assert "Olist has no spend (declared absent in sources.yaml)." in read(markup(screen))
