"""Campaigns: what the page shows is what the session answers, of the period, to date and by model; names stay text."""

from __future__ import annotations

import re
from typing import Any

import pytest

from data.calendar import preset
from metrics import OpenCompany, Query, Session
from metrics.findings import earners
from metrics.plan import models_for
from pages import _words
from tests.one_page import markup, page, read, said, table_of
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


# Group of columns: metrics of the period, metrics to date.
COLUMNS = {
    "Funnel": (
        ("leads", "mqls", "opportunities", "customers", "cost_per_lead", "cost_per_mql", "cost_per_customer"),
        ("leads", "customers", "first_touch_to_close_days"),
    ),
    "Money": (
        ("pipeline_created", "sourced_revenue", "spend"),
        ("sourced_revenue", "spend", "return_to_date", "roas", "romi"),
    ),
    "Revenue by model": ((), ("sourced_revenue", "influenced_revenue", "credited_revenue")),
    "Pipeline by model": ((), ("pipeline_created", "influenced_pipeline", "credited_pipeline")),
}
SHARED_OUT = {"roas", "romi", "credited_revenue", "credited_pipeline"}


def asked(session: Session, metrics: tuple[str, ...], by: tuple[str, ...], **more: Any) -> Any:
    model = "w_shaped" if SHARED_OUT & set(metrics) else None
    return session.answer(Query(metrics, by, model=model, **more))


@pytest.mark.parametrize("columns", COLUMNS)
def test_the_table_shows_what_the_session_answers(of_demo: Session, columns: str) -> None:
    assert of_demo.through is not None
    period = preset("12months", of_demo.through, of_demo.company)
    screen = page("campaigns", period="Last 12 complete months", columns=columns, model="W-shaped")
    names = of_demo.names("campaign")
    of_period, to_date = COLUMNS[columns]
    shown = table_of(screen, "campaign", f"{to_date[0]} to date").set_index("campaign")
    for metrics, days, suffix in ((of_period, period, ""), (to_date, None, " to date")):
        frame = asked(of_demo, metrics, ("campaign",), period=days).frame if metrics else None
        for row in [] if frame is None else frame.iter_rows(named=True):
            line = shown.loc[names.get(row["campaign"], row["campaign"] or "No campaign")]
            for metric in metrics:
                if row[metric] is not None:
                    assert line[f"{metric}{suffix}"] == pytest.approx(row[metric], nan_ok=True), metric
    assert len(shown) > 5


@pytest.mark.usefixtures("of_demo")
@pytest.mark.parametrize("columns", COLUMNS)
def test_campaigns_and_what_has_none_add_up_to_the_total_that_stands_first(columns: str) -> None:
    adding = {"leads", "mqls", "opportunities", "customers", "sourced_revenue", "spend", "pipeline_created"}
    adding |= {"credited_revenue", "credited_pipeline"}
    of_period, to_date = COLUMNS[columns]
    screen = page("campaigns", period="Last 12 complete months", columns=columns, model="Time decay")
    shown = table_of(screen, "campaign", f"{to_date[0]} to date")
    assert (shown["campaign"].iloc[0], shown["campaign"].iloc[-1]) == ("All", "No campaign")
    summed = [metric for metric in of_period if metric in adding]
    summed += [f"{metric} to date" for metric in to_date if metric in adding]
    assert summed
    for column in summed:
        assert shown[column][1:].sum() == pytest.approx(shown[column][0]), column


@pytest.mark.parametrize(
    ("columns", "whole"), [("Revenue by model", "won_revenue"), ("Pipeline by model", "pipeline_created")]
)
def test_sourced_and_credited_are_the_whole_and_influence_has_no_total(
    of_demo: Session, columns: str, whole: str
) -> None:
    total = of_demo.answer(Query((whole,))).number(whole)
    screen = page("campaigns", columns=columns, model="First touch")
    sourced, influenced, credited = (f"{metric} to date" for metric in COLUMNS[columns][1])
    shown = table_of(screen, sourced, influenced, credited)
    assert [shown[sourced][0], shown[credited][0]] == pytest.approx([total, total])
    assert shown[influenced].isna()[0]
    assert shown[influenced][1:].sum() > total
    assert "it overlaps and has no total" in said(screen)


def test_each_campaign_is_marked_by_what_hangs_on_the_model(of_demo: Session) -> None:
    spend = dict(of_demo.answer(Query(("spend",), ("campaign",))).frame.iter_rows())
    models = models_for(of_demo.reach, ("credited_revenue",))
    credit: dict[str | None, dict[str, float]] = {}
    for model in models:
        for campaign, value in of_demo.answer(
            Query(("credited_revenue",), ("campaign",), model=model)
        ).frame.iter_rows():
            credit.setdefault(campaign, {})[model] = value
    names = of_demo.names("campaign")
    shown = table_of(page("campaigns", columns="Revenue by model"), "lowest", "place", "return").set_index("campaign")
    marks = set()
    for campaign, values in credit.items():
        line = shown.loc[names.get(campaign, campaign or "No campaign")]
        assert line["lowest"] == pytest.approx(min(values.values()), abs=1e-6)
        assert line["highest"] == pytest.approx(max(values.values()), abs=1e-6)
        if campaign is None:
            continue
        ladders = {model: sorted((credit[c].get(model, 0) for c in credit if c), reverse=True) for model in models}
        places = [ladders[model].index(values[model]) + 1 for model in models]
        wanted = f"{min(places)} to {max(places)}" if min(places) < max(places) else str(places[0])
        assert line["place"] == wanted
        if spend.get(campaign):
            above = sum(value >= float(spend[campaign]) for value in values.values())
            side = {0: "below 1 under every model", len(models): "above 1 under every model"}
            assert line["return"] == side.get(above, f"above 1 under {above} of {len(models)} models")
            marks.add(line["return"])
    assert len(marks) > 1


@pytest.mark.usefixtures("of_demo")
def test_the_range_over_models_is_drawn_with_the_chosen_one_as_a_dot() -> None:
    screen = page("campaigns", model="Last touch")
    shown = table_of(screen, "campaign", "credited_revenue", "low", "high")
    assert (shown["low"] <= shown["credited_revenue"] + 1e-6).all()
    assert (shown["credited_revenue"] <= shown["high"] + 1e-6).all()
    assert (shown["low"] < shown["high"] - 1).any()
    text = said(screen)
    assert "Dot: by the model Last touch." in text
    assert re.search(r"whichever of the \d+ models shares out revenue|depends on the model", text)


@pytest.mark.usefixtures("of_demo")
def test_what_a_company_does_not_know_of_customer_cost_is_said() -> None:
    screen = page("campaigns", columns="Money")
    assert "has no costs (declared absent in sources.yaml)." in read(markup(screen))
    assert "CAC and Payback are known in total only: other costs have no campaign." in said(screen)


def test_customer_cost_is_of_twelve_months_with_its_lag(
    generated_demo: OpenCompany, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = generated_demo.at()
    monkeypatch.setenv("TANDEM_COMPANY", str(session.company.folder))
    screen = page("campaigns")
    days = re.search(r"Per customer of (\d+ \w+ \d+ to \d+ \w+ \d+)", read(markup(screen)))
    assert days is not None
    assert re.search(r"Spend and Other costs, taken \d+ months? earlier: the median sales cycle", said(screen))


def test_return_is_to_date_whatever_the_period(of_demo: Session) -> None:
    expected = of_demo.answer(Query(("return_to_date",))).number("return_to_date")
    for period in ("Last complete week", "Last 12 complete months"):
        screen = page("campaigns", period=period, columns="Money")
        assert read(_words.times(expected)) in read(markup(screen))
        assert table_of(screen, "return_to_date to date")["return_to_date to date"][0] == pytest.approx(expected)


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
@pytest.mark.parametrize(
    "key", ["leads", "return_to_date", "scatter", "earned", "of_cost_per_lead", "credited_revenue", "credited_pipeline"]
)
def test_every_number_leads_to_its_rows(key: str) -> None:
    screen = page("campaigns", period="Last 12 complete months")
    screen.button(key=f"rows_{key}").click().run()
    assert not screen.exception
    (dialog,) = screen.get("dialog")
    assert dialog.dataframe[0].value.shape[0] > 0
    assert ("to date" in dialog.caption[0].value) == (
        key in ("return_to_date", "scatter", "earned", "credited_revenue", "credited_pipeline")
    )


# -- names and what is missing ---------------------------------------------------------------------------------------


@pytest.mark.usefixtures("with_campaigns")
def test_a_hostile_name_stays_text() -> None:
    screen = page("campaigns", period="Last 12 complete weeks")
    assert not re.search(r"<img src=x|!\[p\]|\*\*b\*\*|//x\.example", markup(screen))
    assert HOSTILE in said(screen)
    assert HOSTILE in list(table_of(screen, "campaign", "since")["campaign"])


@pytest.mark.usefixtures("with_campaigns")
def test_numbers_of_a_campaign_worked_by_hand() -> None:
    shown = table_of(
        page("campaigns", period="Last 12 complete weeks", columns="Money"), "campaign", "since"
    ).set_index("campaign")
    fair = shown.loc[HOSTILE]
    assert (fair["sourced_revenue to date"], fair["spend to date"]) == (1250.50, 99.90)
    assert fair["return_to_date to date"] == pytest.approx(1250.50 / 99.90)
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
