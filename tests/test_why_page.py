"""Why did it move? and Ask: what the pages say is what the session answers; links, empty states and hostile names."""

from __future__ import annotations

import datetime as dt
import shlex

import pytest
from streamlit.testing.v1 import AppTest
from typer.testing import CliRunner

import tandem
from data.calendar import Period, preset
from metrics import Query, Session, only
from metrics.query import as_command
from metrics.why import why
from pages._links import left_out
from pages._theme import DARK, LIGHT
from pages._waterfall import Addition, waterfall_drawing
from pages._words import rate
from tests.conftest import PROJECT
from tests.one_page import SCRIPT, markup, page, read, said, table_of
from tests.small_company import PEOPLE, SmallCompany

MONTH = "Last complete month"


@pytest.fixture
def of_demo(demo: Session, monkeypatch: pytest.MonkeyPatch) -> Session:
    monkeypatch.setenv("TANDEM_COMPANY", str(demo.company.folder))
    return demo


def last_month(session: Session) -> Period:
    assert session.through is not None
    return preset("month", session.through, session.company)


def warned(name: str, **address: str) -> AppTest:
    """A page whose link asks for what there is not."""
    screen = AppTest.from_string(SCRIPT.format(file=str(PROJECT / "pages" / f"{name}.py")), default_timeout=60)
    for key, value in address.items():
        screen.query_params[key] = value
    screen.run()
    assert not screen.exception
    return screen


# -- the waterfall ---------------------------------------------------------------------------------------------------


def bars(drawing) -> list[tuple[float, float]]:
    return [
        (trace["base"][0], trace["base"][0] + trace["x"][0]) for trace in drawing.traces if trace["hoverinfo"] == "skip"
    ]


def test_a_waterfall_leads_from_before_to_after() -> None:
    drawing = waterfall_drawing(
        Addition("Before", 10, "10"),
        [Addition("a", 5, "up"), Addition("b", -7, "down")],
        Addition("After", 8, "8"),
        LIGHT,
    )
    assert bars(drawing) == [(0, 10), (0, 8), (10, 15), (15, 8)]
    fills = [trace["marker"]["color"][0] for trace in drawing.traces[:4]]
    assert fills == [LIGHT.ink, LIGHT.ink, LIGHT.both_pale, LIGHT.paper], "what falls is hollow"


def test_rate_and_mix_of_a_group_stand_one_after_the_other() -> None:
    drawing = waterfall_drawing(
        Addition("Before", 0.2, ""), [Addition("a", 0.1, "", rate=0.3, mix=-0.2)], Addition("After", 0.3, ""), DARK,
        owner="sales",
    )  # fmt: skip
    assert bars(drawing)[2:] == [(0.2, 0.5), (0.5, pytest.approx(0.3))]
    assert drawing.x_range == (0, 0.5)
    assert drawing.traces[0]["marker"]["color"] == [DARK.sales]


def test_small_changes_of_a_large_number_break_its_bars() -> None:
    drawing = waterfall_drawing(
        Addition("Before", 1000, ""), [Addition("a", 10, "")], Addition("After", 1010, ""), LIGHT
    )
    assert drawing.x_range == (pytest.approx(996.5), 1010)
    assert sum(rule.get("layer") == "above" for rule in drawing.rules) == 4, "two slanted lines through each total"


# -- why did it move -------------------------------------------------------------------------------------------------


def test_the_page_shows_what_the_session_answers(of_demo: Session) -> None:
    found = why(of_demo, Query(("won_revenue",), period=last_month(of_demo)), "channel")
    screen = page("why", period=MONTH, metric="Won revenue", split="Channel")
    shown = table_of(screen, "before", "after", "change")
    assert found.chosen is not None
    assert list(shown["change"]) == pytest.approx([effect.effect for effect in found.chosen.effects])
    assert shown["change"].sum() == pytest.approx(found.change)
    assert "Which channel moved it?" in said(screen)
    assert ("Won revenue rose by" if found.change > 0 else "Won revenue fell by") in said(screen)
    assert screen.selectbox(key="metric").value == "won_revenue"


def test_without_a_dimension_the_one_that_explains_most_is_shown(of_demo: Session) -> None:
    found = why(of_demo, Query(("mqls",), period=last_month(of_demo)))
    screen = page("why", period=MONTH)
    assert found.chosen is not None
    label = of_demo.reach.dimension(found.chosen.dimension).label
    assert f"Which {label.lower()} moved it?" in said(screen)
    other = found.splits[1]
    button = screen.button(key=f"by_{other.dimension}")
    assert read(button.label).endswith(read(rate(round(other.concentration, 2))))
    button.click().run()
    assert f"Which {of_demo.reach.dimension(other.dimension).label.lower()} moved it?" in said(screen)
    assert screen.selectbox(key="split").value == other.dimension


def test_a_rate_is_of_the_latest_matured_cohort_in_rate_and_mix(of_demo: Session) -> None:
    period = of_demo.matured_period("lead_to_customer", last_month(of_demo), overall=True)
    assert period is not None
    found = why(of_demo, Query(("lead_to_customer",), period=period), "channel")
    shown = table_of(page("why", period=MONTH, metric="Lead to customer", split="Channel"), "rate_effect", "mix_effect")
    assert shown["rate_effect"].sum() + shown["mix_effect"].sum() == pytest.approx(found.change)


def test_the_rows_of_a_group_are_those_of_the_group(of_demo: Session) -> None:
    screen = page("why", period=MONTH, metric="Leads", split="Channel")
    group = screen.selectbox(key="group_channel").value
    screen.button(key="rows_after").click().run()
    (dialog,) = screen.get("dialog")
    number = of_demo.answer(Query(("leads",), period=last_month(of_demo), where=only("channel", [group]))).number(
        "leads"
    )
    assert dialog.dataframe[0].value.shape[0] == number


def test_what_cannot_be_explained_says_why(olist: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TANDEM_COMPANY", str(olist.company.folder))
    assert "Olist has no deal amounts" in said(page("why", period=MONTH, metric="Won revenue"))
    assert "Leads" in said(page("why", period=MONTH)), "Olist has no MQLs, so its leads come first"


@pytest.mark.usefixtures("of_demo")
def test_a_link_to_what_does_not_exist_says_so() -> None:
    (told,) = warned("why", metric="Wom revenue").warning
    assert "This link asks for the metric 'Wom revenue'" in read(told.value)
    assert "Did you mean 'Won revenue'" in read(told.value)
    (told,) = warned("why", metric="Leads", split="Deal type").warning
    assert "its table leads has no deal_type" in read(told.value)


@pytest.mark.usefixtures("of_demo")
def test_a_tile_that_moved_leads_to_why() -> None:
    screen = page("this_week", period=MONTH)
    assert {button.key for button in screen.button} >= {"why_leads", "rows_leads"}
    assert read(screen.button(key="why_leads").label) == "Why? :gray[did Leads move]"
    alone = page("this_week", period=MONTH, compare="Nothing")
    assert not [button for button in alone.button if (button.key or "").startswith("why_")]


# -- ask -------------------------------------------------------------------------------------------------------------


def test_a_question_in_the_address_is_answered(of_demo: Session) -> None:
    screen = page("ask", period=MONTH, metrics="Leads", split="Channel")
    query = Query(("leads",), ("channel",), period=last_month(of_demo))
    expected = of_demo.answer(query).frame
    shown = table_of(screen, "channel", "leads")
    assert dict(zip(shown["channel"], shown["leads"], strict=True)) == dict(expected.iter_rows())
    assert list(shown["leads"]) == sorted(shown["leads"], reverse=True)
    assert len(screen.get("plotly_chart")) == 1
    best = expected.drop_nulls("channel").sort("leads", descending=True)["channel"][0]
    assert f"The highest is **{best}**" in said(screen)


@pytest.mark.parametrize(
    ("address", "charts"),
    [
        ({"metrics": "Leads", "over": "Per month"}, 1),
        ({"metrics": "Leads", "split": "Segment", "over": "Per month"}, 1),
        ({"metrics": "Leads", "split": "Channel", "then": "Segment"}, 0),
        ({"metrics": "Win rate", "split": "Channel"}, 1),
        ({"metrics": "Leads"}, 0),
        ({"metrics": "Leads", "over": "Per year"}, 0),
    ],
)
@pytest.mark.usefixtures("of_demo")
def test_a_picture_stands_where_it_can_be_read(address: dict[str, str], charts: int) -> None:
    screen = page("ask", period="Last complete quarter", **address)
    assert len(screen.get("plotly_chart")) == charts
    assert len(screen.dataframe) == 1


@pytest.mark.usefixtures("of_demo")
def test_the_command_gives_the_numbers_of_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = page("ask", period=MONTH, metrics="Leads", split="Channel", segment="Enterprise")
    command = screen.code[0].value
    assert command.startswith("python tandem.py ask leads --by channel --from 2026-10-01 --to 2026-11-01 --where")
    monkeypatch.chdir(PROJECT)
    told = CliRunner().invoke(tandem.app, shlex.split(command)[2:]).stdout
    shown = table_of(screen, "channel", "leads")
    rows = [f"{channel or ''},{leads}" for channel, leads in zip(shown["channel"], shown["leads"], strict=True)]
    assert told.splitlines() == ["channel,leads", *rows]
    assert "FROM" in screen.code[2].value
    assert "$period_start = 2026-10-01" in screen.code[3].value


def test_a_command_holds_everything_that_a_page_asks() -> None:
    query = Query(("leads", "mqls"), ("channel", "segment"), "month", where="channel = 'it''s'", order=("-leads",))
    assert shlex.split(as_command(query)) == [
        "python", "tandem.py", "ask", "leads", "mqls", "--by", "channel", "--by", "segment", "--grain", "month",
        "--where", "channel = 'it''s'", "--order=-leads",
    ]  # fmt: skip


@pytest.mark.usefixtures("of_demo")
def test_what_cannot_be_asked_is_a_sentence() -> None:
    (told,) = warned("ask", metrics="Spend", split="Deal type").warning
    assert "its table daily_spend has no deal_type" in read(told.value)
    screen = page("ask")
    screen.multiselect(key="metrics").set_value([]).run()
    assert not screen.exception
    assert "Choose a metric to ask for." in said(screen)


def test_a_metric_without_an_answer_gives_its_reason(olist: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TANDEM_COMPANY", str(olist.company.folder))
    screen = page("ask", metrics="Won revenue")
    assert "Olist has no deal amounts (declared absent in sources.yaml)." in said(screen)
    assert not screen.dataframe


def test_hostile_groups_stay_text_on_both_pages(small: SmallCompany, monkeypatch: pytest.MonkeyPatch) -> None:
    hostile = "<img src=x onerror=1> **b**"
    people = "".join(f"h{number},Eve,h{number}@x.example,2026-02-1{number},{hostile}\n" for number in range(8))
    small.write("people.csv", PEOPLE + people)
    small.refresh()
    monkeypatch.setenv("TANDEM_COMPANY", str(small.folder))
    for screen in (page("why", period=MONTH, split="Channel"), page("ask", period=MONTH, split="Channel")):
        assert hostile in [value for table in screen.dataframe for value in table.value["channel"]]
        assert "<img src=x" not in markup(screen)
        assert "**b**" not in markup(screen)


# -- what is shared out ----------------------------------------------------------------------------------------------


def test_ask_shares_credit_out_by_a_model_that_is_linear_unless_chosen(of_demo: Session) -> None:
    period = last_month(of_demo)
    for chosen, model, label in (({}, "linear", "Linear"), ({"model": "First touch"}, "first", "First touch")):
        screen = page("ask", period=MONTH, metrics="Credited revenue", split="Channel", **chosen)
        expected = of_demo.answer(Query(("credited_revenue",), ("channel",), period=period, model=model)).frame
        shown = table_of(screen, "channel", "credited_revenue")
        assert sorted(shown["credited_revenue"]) == pytest.approx(sorted(expected["credited_revenue"]))
        assert f"shared out by the model {label}" in said(screen)
        assert any(f"--model {model}" in code.value for code in screen.code)


def test_only_credit_asks_for_a_model(of_demo: Session) -> None:
    assert "Model" not in [box.label for box in page("ask", metrics=of_demo.reach.metric("leads").label).selectbox]
    screen = page("ask", metrics="Credited opportunities")
    (box,) = [box for box in screen.selectbox if box.label == "Model"]
    assert box.options[0] == "Linear"
    assert "Full path" not in box.options, "it needs a close, and an opportunity is before it"


@pytest.mark.usefixtures("of_demo")
def test_an_address_keeps_its_model_and_one_that_there_is_not_is_told() -> None:
    assert left_out({"model": ["First touch"]}, {}) == [], "a link keeps it"
    screen = warned("ask", metrics="Credited revenue", model="Firts touch")
    assert "Did you mean 'First touch'?" in read(screen.warning[0].value)


def test_why_splits_the_change_of_credit_by_a_model(of_demo: Session) -> None:
    screen = page("why", period=MONTH, metric="Credited revenue", split="Channel", model="First touch")
    query = Query(("credited_revenue",), period=last_month(of_demo), compare="previous", model="first")
    found = why(of_demo, query, "channel")
    assert found.reason is None
    effects = [effect.effect for effect in found.chosen.effects]
    assert sum(effects) == pytest.approx(found.change)
    assert list(table_of(screen, "channel", "before")["change"]) == pytest.approx(effects)
    assert "Credited revenue by the model First touch" in said(screen)


def test_parts_of_a_customer_are_not_rounded_to_whole_ones(of_demo: Session) -> None:
    screen = page("ask", period="Last 12 complete months", metrics="Credited customers", split="Channel")
    spec = next(shown.proto.spec for shown in screen.get("plotly_chart"))
    period = Period(dt.date(2025, 11, 1), dt.date(2026, 11, 1))
    values = of_demo.answer(Query(("credited_customers",), ("channel",), period=period, model="linear")).frame
    parts = [value for value in values["credited_customers"].to_list() if abs(value - round(value)) > 0.1]
    assert parts
    assert all(f"{value:.1f}" in read(spec) for value in parts)
