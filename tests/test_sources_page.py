"""Sources: counts of the period, quality of twelve months with its interval, and no rank for the small."""

from __future__ import annotations

import polars as pl
import pytest

from data.calendar import Period, leading_to, preset
from metrics import Query, Session
from metrics.findings import wilson
from tests.one_page import markup, page, read, said, table_of
from tests.small_company import PEOPLE, SmallCompany

FUNNEL = "lead_to_customer"


@pytest.fixture
def of_demo(demo: Session, monkeypatch: pytest.MonkeyPatch) -> Session:
    monkeypatch.setenv("TANDEM_COMPANY", str(demo.company.folder))
    return demo


def matured_year(session: Session) -> Period:
    """The twelve months that end with the latest month of which every lead had its whole time."""
    assert session.through is not None
    month = session.matured_period(FUNNEL, preset("week", session.through, session.company), overall=True)
    assert month is not None
    return leading_to(month.until, "month", session.company, 12)


@pytest.mark.parametrize("dimension", ["channel", "source", "content", "first_channel"])
def test_counts_are_those_of_the_period(of_demo: Session, dimension: str) -> None:
    assert of_demo.through is not None
    period = preset("12months", of_demo.through, of_demo.company)
    screen = page("sources", period="Last 12 complete months", dim=dimension.replace("_", " ").capitalize())
    for metric in ("customers", "leads"):
        expected = of_demo.answer(Query((metric,), (dimension,), period=period)).frame.filter(pl.col(metric) > 0)
        shown = next(table.value for table in screen.dataframe if list(table.value.columns) == [dimension, metric])
        assert sorted(shown[metric]) == sorted(expected[metric])
    assert screen.button_group(key="dim").value == dimension


def test_rates_are_matured_and_stand_within_their_interval(of_demo: Session) -> None:
    query = Query((FUNNEL,), ("channel",), period=matured_year(of_demo))
    expected = of_demo.funnel(FUNNEL, query).frame.filter(pl.col("step") == "overall")
    shown = table_of(page("sources"), "group", "rate").set_index("group")
    assert expected.height > 5
    for row in expected.iter_rows(named=True):
        line = shown.loc[row["channel"] or "No channel"]
        assert (line["leads"], line["customers"]) == (row["matured"], row["converted_matured"])
        interval = wilson(row["converted_matured"], row["matured"])
        if interval is not None:
            assert (line["low"], line["high"]) == (interval.low, interval.high)
            assert line["low"] <= line["rate"] == row["rate_matured"] <= line["high"]


def test_revenue_per_lead_is_that_of_the_session(of_demo: Session) -> None:
    assert of_demo.through is not None
    until = preset("week", of_demo.through, of_demo.company).until
    period = leading_to(until, "month", of_demo.company, 12)
    expected = of_demo.answer(Query(("won_revenue_per_lead",), ("channel",), period=period)).frame
    shown = table_of(page("sources"), "won_revenue_per_lead").set_index("channel")["won_revenue_per_lead"]
    for channel, value in expected.drop_nulls().iter_rows():
        assert shown[channel] == pytest.approx(value)


def test_the_sentence_names_the_most_and_the_best(of_demo: Session) -> None:
    assert of_demo.through is not None
    period = preset("12months", of_demo.through, of_demo.company)
    customers = of_demo.answer(Query(("customers",), ("channel",), period=period)).frame.drop_nulls()
    most = customers.filter(pl.col("customers") == pl.col("customers").max()).sort("channel")["channel"][0]
    query = Query((FUNNEL,), ("channel",), period=matured_year(of_demo))
    rates = of_demo.funnel(FUNNEL, query).frame.filter((pl.col("step") == "overall") & (pl.col("matured") >= 20))
    best = rates.drop_nulls("channel").sort("rate_matured", descending=True)["channel"][0]
    text = said(page("sources", period="Last 12 complete months"))
    assert f"**{read(most)}** brought the most customers" in text
    assert f"The leads of **{best}** become customers most often" in text


def test_groups_under_20_leads_are_shown_and_have_no_rank(small: SmallCompany, monkeypatch: pytest.MonkeyPatch) -> None:
    entered = {"large": 20, "small": 19}
    people = "".join(
        f"{channel}{number},Ann,{channel}{number}@x.example,2025-07-10,{channel}\n"
        for channel, count in entered.items()
        for number in range(count)
    )
    deals = "deal_id,contact_id,amount,closed_on\n" + "".join(
        f"w{number},small{number},10,2025-07-20\n" for number in range(19)
    )
    small.write("people.csv", PEOPLE + people)
    small.write("deals.csv", deals)
    small.refresh()
    monkeypatch.setenv("TANDEM_COMPANY", str(small.folder))
    screen = page("sources")
    assert list(table_of(screen, "group", "rate")["group"])[:2] == ["large", "small"], "100 % of 19 is no first place"
    assert "Under 20 leads, not ranked" in read(markup(screen))
    assert "Too few leads to say whose become customers most often" in said(screen)


@pytest.mark.usefixtures("of_demo")
@pytest.mark.parametrize("key", ["customers", "leads", "converts", "earns"])
def test_every_picture_leads_to_its_rows(key: str) -> None:
    screen = page("sources", period="Last 12 complete months")
    screen.button(key=f"rows_{key}").click().run()
    assert not screen.exception
    (dialog,) = screen.get("dialog")
    assert dialog.dataframe[0].value.shape[0] > 0


def test_olist_says_why_it_has_no_revenue_and_ranks_the_rest(olist: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TANDEM_COMPANY", str(olist.company.folder))
    screen = page("sources", period="Last 12 complete months")
    assert "Olist has no deal amounts (declared absent in sources.yaml)." in said(screen)
    query = Query((FUNNEL,), ("channel",), period=matured_year(olist))
    expected = olist.funnel(FUNNEL, query).frame.filter(pl.col("step") == "overall")
    assert table_of(screen, "group", "rate")["customers"].sum() == expected["converted_matured"].sum() > 100


def test_a_dimension_that_no_source_gives_says_so(small: SmallCompany, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TANDEM_COMPANY", str(small.folder))
    text = said(page("sources", dim="Content"))
    assert "No source gives" in text or "declared absent" in text


def test_hostile_channels_stay_text(small: SmallCompany, monkeypatch: pytest.MonkeyPatch) -> None:
    hostile = "<img src=x onerror=1> **b**"
    people = "".join(f"h{number},Eve,h{number}@x.example,2025-07-10,{hostile}\n" for number in range(25))
    small.write("people.csv", PEOPLE + people)
    small.refresh()
    monkeypatch.setenv("TANDEM_COMPANY", str(small.folder))
    screen = page("sources", period="Last 12 complete months")
    assert hostile in list(table_of(screen, "group", "rate")["group"])
    assert "<img src=x" not in markup(screen)
    assert "**b**" not in markup(screen)
