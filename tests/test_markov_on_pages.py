"""Markov among the models to choose: where it can answer it does, elsewhere the page says why it is not there."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from data.calendar import Period, preset
from metrics import Query, Session
from metrics.chained import not_by_chain
from metrics.contributions import Effect
from metrics.why import Split, why
from tests.one_page import page, said, table_of


@pytest.fixture
def of_demo(demo: Session, monkeypatch: pytest.MonkeyPatch) -> Session:
    monkeypatch.setenv("TANDEM_COMPANY", str(demo.company.folder))
    return demo


def year_of(session: Session) -> Period:
    assert session.through is not None
    return preset("12months", session.through, session.company)


def models_in(screen: AppTest) -> list[str]:
    return list(screen.selectbox(key="model").options)


def test_ask_answers_by_channel_with_its_removal_effects(of_demo: Session) -> None:
    screen = page("ask", metrics="Credited revenue", split="Channel", model="Markov")
    assert "the model Markov" in said(screen)
    assert of_demo.through is not None
    week = preset("week", of_demo.through, of_demo.company)
    query = Query(("credited_revenue",), ("channel",), period=week, model="markov", order=("-credited_revenue",))
    shown = table_of(screen, "channel", "credited_revenue")
    wanted = of_demo.answer(query).frame
    assert shown["credited_revenue"].sum() == pytest.approx(wanted["credited_revenue"].sum())
    screen.button(key="ask_rows_credited_revenue").click().run()
    assert not screen.exception
    (dialog,) = screen.get("dialog")
    assert "gives channels a share and no touch one" in dialog.caption[0].value.replace("&#39;", "'")


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ({"split": "Campaign"}, "Markov shares out by channel only: it cannot answer by campaign."),
        ({"split": "Channel", "over": "Per month"}, "Markov shares out by channel only: it cannot answer per month."),
        ({"split": "Channel", "channel": "social"}, "Markov knows channels only, so that it cannot take a filter."),
    ],
)
@pytest.mark.usefixtures("of_demo")
def test_where_it_cannot_answer_the_page_says_why(address: dict[str, str], reason: str) -> None:
    screen = page("ask", metrics="Credited revenue", model="Markov", **address)
    assert reason in said(screen)
    assert "Markov" not in models_in(screen)
    assert screen.selectbox(key="model").value == "linear"


@pytest.mark.usefixtures("of_demo")
def test_a_choice_that_it_cannot_follow_falls_back_without_a_fault() -> None:
    screen = page("ask", metrics="Credited revenue", split="Channel", model="Markov")
    screen.selectbox(key="split").select("campaign").run()
    assert not screen.exception
    assert screen.selectbox(key="model").value == "linear"
    assert "it cannot answer by campaign" in said(screen)


def test_why_explains_a_change_by_channel(of_demo: Session) -> None:
    query = Query(("credited_revenue",), period=year_of(of_demo), compare="last_year", model="markov")
    found = why(of_demo, query)
    assert found.chosen is not None
    assert found.chosen.dimension == "channel"
    assert len(found.splits) == 1
    assert sum(effect.effect for effect in found.chosen.effects) == pytest.approx(found.change)
    assert found.frame["change"].sum() == pytest.approx(found.change)
    totals = [of_demo.answer(Query(("won_revenue",), period=day, where="deal_type = 'new'")).number("won_revenue")
              for day in (found.compared, found.period)]  # fmt: skip
    assert (found.before, found.after) == pytest.approx(tuple(totals))


@pytest.mark.usefixtures("of_demo")
def test_why_offers_it_and_its_page_stands() -> None:
    screen = page("why", metric="Credited revenue", model="Markov", period="Last 12 complete months")
    assert "Markov" in models_in(screen)
    assert "by the model Markov" in said(screen)


@pytest.mark.usefixtures("of_demo")
def test_content_says_why_it_is_not_there() -> None:
    screen = page("content")
    assert "Markov shares out by channel only: it cannot answer by content." in said(screen)
    assert "Markov" not in models_in(screen)


def test_what_is_made_of_credit_is_not_shared_out_by_it(demo: Session) -> None:
    assert not_by_chain(demo, Query(("credited_revenue", "spend"), ("channel",))) is None
    assert not_by_chain(demo, Query(("roas",), ("channel",))) == (
        f"{demo.reach.metric('roas').label} is not shared out by Markov: it knows plain credit only."
    )


def test_its_total_is_named_by_its_own_model(demo: Session) -> None:
    assert demo.answer(Query(("credited_revenue",), model="markov")).query.model == "markov"


def test_a_group_of_one_period_only_stands_beside_fractions() -> None:
    effects = (Effect("new", 0, 2.5, 2.5), Effect("known", 1.25, 1, -0.25))
    assert Split("channel", effects, 1.0).frame(2.25).rows() == [
        ("new", 0.0, 2.5, 2.5, 2.5 / 2.25), ("known", 1.25, 1.0, -0.25, -0.25 / 2.25),
    ]  # fmt: skip
