"""Both pages as a viewer gets them, run without a browser: words, numbers, filters, empty states, hostile names."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import AppTest

from data.calendar import PRESETS, comparison, preset
from metrics import Query, Session, only
from pages import _words
from tests.conftest import OLIST, PROJECT
from tests.one_page import read
from tests.small_company import PEOPLE, SmallCompany

TILES = ("leads", "mqls", "sals", "opportunities", "customers", "won_revenue")
FUNNEL = "lead_to_customer"
HOSTILE = (
    "![p](http://x.example/p.png)", "<img src=x onerror=1>", "[a](javascript:alert(1))", "<script>alert(1)</script>",
    ":material/home: **b**", "$x^2$ :red[r]", "`c` ~~d~~ https://x.example",
)  # fmt: skip

# What Markdown or HTML would obey, if it came from data as it is.
OBEYED = re.compile(
    r"!\[|\]\(|<img src=x|<script|javascript:alert|:material|\*\*b\*\*|:red\[|\$x\^|~~d~~|`c`|//x\.example"
)

Open = Callable[..., AppTest]


class _Navigated(PagesManager):
    """A server that has run app.py before: its navigation has turned off the discovery of the folder pages/."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        PagesManager.uses_pages_directory = False


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Open:
    """Run the screen on a company, at an address: `opened(folder, "funnel", period="month")`."""
    monkeypatch.setattr("streamlit.testing.v1.app_test.PagesManager", _Navigated)

    def opening(folder: Path | None = None, page: str = "", **address: str | list[str]) -> AppTest:
        if folder is not None:
            monkeypatch.setenv("TANDEM_COMPANY", str(folder))
        return sound(at(page, **address).run())

    return opening


def at(page: str, **address: str | list[str]) -> AppTest:
    """A screen that has not run yet."""
    screen = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=60)
    for key, value in address.items():
        screen.query_params[key] = value
    return screen.switch_page(f"pages/{page}.py") if page else screen


def sound(screen: AppTest) -> AppTest:
    """A screen on which nothing went wrong."""
    assert not screen.exception
    assert [told.value for told in (*screen.error, *screen.warning)] == []
    return screen


def said(screen: AppTest) -> str:
    """All sentences, titles and captions of the screen."""
    return "\n".join(read(shown.value) for shown in (*screen.title, *screen.header, *screen.markdown, *screen.caption))


def tiles(screen: AppTest) -> dict[str, dict[str, str]]:
    """Texts of the tiles, by the tile's label and the class of the text."""
    found = {}
    for shown in screen.get("html"):
        body = shown.proto.body
        if 'class="tandem-tile"' in body:
            parts = re.findall(r'<p class="([\w ]+?) *">(.*?)</p>', body)
            texts = {kind.split()[0]: read(re.sub("<[^>]+>", "", text)).strip() for kind, text in parts}
            found[texts.pop("label")] = texts
    return found


def markup(screen: AppTest) -> str:
    """Everything on the screen that is read as Markdown or HTML. Cells, options and alternative texts are not."""
    shown: list[Any] = [*screen.title, *screen.header, *screen.markdown, *screen.caption]
    texts = [element.value for element in shown]
    texts += [re.sub(r"<style>.*</style>", "", element.proto.body, flags=re.DOTALL) for element in screen.get("html")]
    texts += [button.label for button in screen.button]
    texts += [chart.proto.spec for chart in screen.get("plotly_chart")]
    return "\n".join(texts)


# -- numbers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["week", "3months", "monthtodate"])
def test_tiles_show_what_the_session_answers(opened: Open, demo: Session, name: str) -> None:
    assert demo.through is not None
    period = preset(name, demo.through, demo.company)
    answer = demo.answer(Query(TILES, period=period))
    before = demo.answer(Query(TILES, period=comparison(period, "previous", demo.company)))
    shown = tiles(opened(period=name))
    assert len(shown) == len(TILES)
    for metric in TILES:
        found = demo.definitions.metrics[metric]
        tile = shown[found.label]
        assert tile["value"] == read(_words.number(answer.number(metric), found.unit, "EUR"))  # type: ignore[arg-type]  # checked when loaded
        assert tile["foot"].startswith(read(_words.number(before.number(metric), found.unit, "EUR")))  # type: ignore[arg-type]  # checked when loaded
    leads = answer.number("leads")
    assert leads
    assert f"{leads:,} leads came in" in said(opened(period=name))


def test_the_shared_filters_reach_every_number(opened: Open, demo: Session) -> None:
    assert demo.through is not None
    period = preset("12weeks", demo.through, demo.company)
    query = Query(("leads", "customers"), period=period, where=only("channel", ["email", "event"]))
    leads, customers = demo.answer(query).frame.row(0)
    everyone = demo.answer(replace(query, where=None)).frame.row(0)
    shown = tiles(opened(period="12weeks", channel=["email", "event"]))
    assert 0 < leads < everyone[0]
    assert (shown["Leads"]["value"], shown["Customers"]["value"]) == (f"{leads:,}", f"{customers:,}")


def test_channels_on_the_page_add_up_to_the_tile(opened: Open) -> None:
    screen = opened(period="3months")
    table = next(shown.value for shown in screen.dataframe if "channel" in shown.value.columns)
    assert f"{table['leads'].sum():,}" == tiles(screen)["Leads"]["value"]


def test_the_funnel_says_its_rate_and_where_most_stop(opened: Open, demo: Session) -> None:
    text = said(opened(page="funnel"))
    rate = re.search(r"\*\*([\d.]+) %\*\* reached Customer within 210 days", text)
    cohort = re.search(r"Of ([\d,]+) entries into Lead in (\w+ \d{4})", text)
    assert rate
    assert cohort
    assert demo.through is not None
    period = demo.matured_period(FUNNEL, preset("week", demo.through, demo.company), overall=True)
    assert period is not None
    entered, matured = demo.answer(Query((f"{FUNNEL}.entered", FUNNEL), period=period)).frame.row(0)
    assert (cohort[1], cohort[2]) == (f"{entered:,}", f"{period.start:%B %Y}")
    assert float(rate[1]) == pytest.approx(100 * matured, abs=0.05)
    assert re.search(r"Most stop between \*\*.+\*\* and \*\*.+\*\*: of \d+, [\d.]+ % went on within \d+ days\.", text)


def test_the_dates_say_which_days_are_compared_and_how_far_the_data_reaches(opened: Open) -> None:
    assert "9 to 15 November 2026, against 2 to 8 November 2026 (5 business days each)" in said(opened())
    assert "data through 15 November 2026" in said(opened())
    alone = said(opened(compare="none"))
    assert "against" not in alone


# -- the address -----------------------------------------------------------------------------------------------------


def test_an_address_sets_every_filter(opened: Open) -> None:
    screen = opened(period="month", grain="month", compare="last_year", channel=["email", "event"])
    assert screen.selectbox(key="period").value == "month"
    assert screen.button_group(key="grain").value == "month"
    assert screen.selectbox(key="compare").value == "last_year"
    assert screen.multiselect(key="channel").value == ["email", "event"]
    assert screen.title[0].value == "October 2026"


@pytest.mark.parametrize("name", PRESETS)
def test_every_period_opens_by_its_short_name_and_by_its_words(opened: Open, name: str) -> None:
    screen = opened(period=name)
    assert screen.selectbox(key="period").value == name
    words = opened(period=PRESETS[name][0])
    assert words.selectbox(key="period").value == name
    assert words.title[0].value == screen.title[0].value


def test_an_address_of_the_funnel_sets_its_step(opened: Open) -> None:
    screen = opened(page="funnel", step="Opportunity to Customer")
    assert screen.button_group(key="step").value == "customer"
    assert "Opportunity to Customer by month of entry" in said(screen)


def test_the_first_link_that_a_server_is_asked_for_may_lead_to_any_page(demo: Session) -> None:
    assert demo.through is not None
    screen = sound(at("funnel", period="3months", channel=["email"]).run())
    assert read(screen.title[0].value) == "Where do leads stop?"
    assert screen.selectbox(key="period").value == "3months"
    assert screen.multiselect(key="channel").value == ["email"]
    assert [button for button in screen.button if button.key == "rows_over_time"]


def test_an_unknown_value_in_the_address_leaves_the_default_and_says_so() -> None:
    screen = at("", period="fortnight", grain="<b>", channel=["nobody"]).run()
    assert screen.selectbox(key="period").value == "week"
    assert screen.button_group(key="grain").value == "week"
    (told,) = screen.warning
    for value in ("'fortnight'", "'<b>'", "'nobody'"):
        assert value in read(told.value)
    assert not screen.selectbox(key="period").select("month").run().warning


def test_a_pinned_link_shows_its_days(opened: Open) -> None:
    screen = opened(**{"from": "2026-10-01", "to": "2026-11-01"})
    assert screen.title[0].value == "October 2026"
    assert "period" not in [box.key for box in screen.selectbox]


def test_filters_that_are_changed_change_the_page(opened: Open) -> None:
    screen = opened()
    before = tiles(screen)
    sound(screen.selectbox(key="period").select("12months").run())
    assert tiles(screen)["Leads"] != before["Leads"]
    sound(screen.multiselect(key="channel").select("referral").run())
    assert int(tiles(screen)["Leads"]["value"].replace(",", "")) < 400


# -- rows ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("metric", ["leads", "customers", "won_revenue"])
def test_a_number_leads_to_its_rows(opened: Open, demo: Session, metric: str) -> None:
    screen = opened(period="12weeks")
    assert not screen.get("dialog")
    sound(screen.button(key=f"rows_{metric}").click().run())
    (dialog,) = screen.get("dialog")
    (rows,) = dialog.dataframe
    assert demo.through is not None
    period = preset("12weeks", demo.through, demo.company)
    (expected,) = demo.rows(Query((metric,), period=period))
    assert rows.value.shape[0] == expected.frame.height > 0
    label = demo.definitions.metrics[metric].label
    assert f"{label}: {expected.frame.height:,} rows" in read(dialog.caption[0].value)
    deals = expected.frame["deal_id"].to_list() if metric != "leads" else []
    assert ("Journey" in rows.value) == (metric != "leads")
    assert list(rows.value.get("Journey", [])) == [f"journey?deal={key}" for key in deals]


@pytest.mark.parametrize("page", ["content", "journey"])
def test_a_model_in_a_link_may_be_named_as_in_a_question(opened: Open, page: str) -> None:
    screen = opened(page=page, model="position_based")
    assert screen.selectbox(key="model").value == "position_based"
    assert "the model Position-based" in said(screen)
    assert not [warning for warning in screen.warning if "does not exist here" in warning.value]


@pytest.mark.parametrize("key", ["rows_stages", "rows_rate_by", "rows_over_time"])
def test_a_picture_leads_to_its_rows(opened: Open, key: str) -> None:
    screen = opened(page="funnel", period="12months")
    sound(screen.button(key=key).click().run())
    (dialog,) = screen.get("dialog")
    assert dialog.dataframe[0].value.shape[0] > 0


# -- what is missing -------------------------------------------------------------------------------------------------


def test_a_tile_without_an_answer_says_why_and_has_no_rows(opened: Open, small: SmallCompany) -> None:
    screen = opened(small.folder)
    shown = tiles(screen)
    assert shown["Qualified leads (MQL)"] == {
        "value": _words.MISSING,
        "foot": "No stage mql here: stages.yaml declares lead, customer.",
    }
    assert shown["Leads"]["value"] == "1"
    keys = {button.key for button in screen.button}
    assert "rows_leads" in keys
    assert "rows_mqls" not in keys


def test_a_period_without_leads_says_what_to_do(opened: Open, small: SmallCompany) -> None:
    screen = opened(small.folder, channel=["fair"])
    assert tiles(screen)["Leads"]["value"] == "0"
    assert "None in 9 to 15 March 2026. Choose a longer period." in said(screen)


def test_a_funnel_without_its_last_stage_says_why(opened: Open, small: SmallCompany) -> None:
    small.write("stages.yaml", (small.folder / "stages.yaml").read_text().split("  - {name: customer")[0])
    small.refresh()
    for page in ("this_week", "funnel"):
        screen = opened(small.folder, page)
        assert "No stage customer here: stages.yaml declares lead." in said(screen)
        assert not [chart for chart in screen.get("plotly_chart") if "stages" in str(chart.key)]


def test_a_cohort_that_nobody_entered_is_said_to_be_empty(opened: Open, small: SmallCompany) -> None:
    text = said(opened(small.folder, "funnel"))
    assert "Nobody entered Lead in July 2025, the latest period with the whole time behind it." in text
    assert "No channel has 20 entries" in text


def test_the_first_opening_prepares_the_data(opened: Open, own_state: Path, tmp_path: Path) -> None:
    small = SmallCompany(tmp_path / "new")
    assert tiles(opened(small.folder))["Leads"]["value"] == "1"
    assert (own_state / "small" / "CURRENT").exists()


def test_what_hinders_the_first_opening_is_told_in_its_sentence(
    own_state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = SmallCompany(tmp_path / "new")
    small.write("deals.csv", "")
    monkeypatch.setenv("TANDEM_COMPANY", str(small.folder))
    screen = at("").run()
    assert not screen.exception
    (told,) = screen.error
    assert "deals.csv: is empty. Export it again, or take it out of sources.yaml." in read(told.value)
    assert not (own_state / "small" / "CURRENT").exists()


def test_a_broken_definition_is_told_and_the_last_good_ones_stay(opened: Open, small: SmallCompany) -> None:
    screen = opened(small.folder)
    small.write("definitions/ours.yaml", "metrics: {leads: {lable: ![x](http://x.example)}}\n")
    screen.run()
    (told,) = screen.warning
    assert "A definition file is broken, so the last good definitions are shown" in told.value
    assert "ours.yaml:1:" in read(told.value)
    assert not OBEYED.search(told.value)
    assert tiles(screen)["Leads"]["value"] == "1"
    small.write("definitions/ours.yaml", "dimensions: {way: {label: Way, on: {leads: chanel}}}\n")
    small.write("stages.yaml", "stages: [{name: prospect}]\n")
    screen.run()
    (told,) = screen.warning
    assert "ours.yaml:1:" in read(told.value)
    assert "stages.yaml:1:" in read(told.value)
    assert tiles(screen)["Leads"]["value"] == "1"


# -- names from data -------------------------------------------------------------------------------------------------


def test_hostile_names_stay_text(opened: Open, small: SmallCompany) -> None:
    quoted = [f'"{name}"' for name in HOSTILE]
    # Enough entries of each, long ago, that every name is in a ranking of every picture.
    many = "".join(
        f"h{channel}-{number},Eve {name},e{channel}-{number}@x.example,{day},{name}\n"
        for channel, name in enumerate(quoted)
        for number, day in enumerate(["2025-07-10"] * 25 + ["2026-03-10"] * (channel + 2))
    ).replace('Eve "', '"Eve ')
    small.write("people.csv", PEOPLE + many)
    small.refresh()
    week, funnel = opened(small.folder), opened(small.folder, "funnel")
    # What is searched for would be found where nothing was escaped.
    assert all(OBEYED.search(name) for name in HOSTILE)
    assert not OBEYED.search(markup(week))
    assert not OBEYED.search(markup(funnel))
    assert HOSTILE[-1] in said(week)
    for screen, key in ((week, "ranked"), (funnel, "rate_by")):
        chart = next(shown for shown in screen.get("plotly_chart") if shown.key == f"chart_{key}")
        assert "&#60;script&#62;" in chart.proto.spec
    sound(week.button(key="rows_leads").click().run())
    assert not OBEYED.search(markup(week))


def test_a_hostile_company_name_stays_text(opened: Open, small: SmallCompany) -> None:
    small.replace("company.yaml", "Small & Sons", '"![p](http://x.example) <script>"')
    assert not OBEYED.search(markup(opened(small.folder)))


# -- Olist -----------------------------------------------------------------------------------------------------------


def test_olist_opens_on_both_pages(opened: Open, olist: Session) -> None:
    screen = opened(OLIST, period="12months")
    assert olist.through is not None
    period = preset("12months", olist.through, olist.company)
    leads, customers = olist.answer(Query(("leads", "customers"), period=period)).frame.row(0)
    shown = tiles(screen)
    assert (shown["Leads"]["value"], shown["Customers"]["value"]) == (f"{leads:,}", f"{customers:,}")
    assert shown["Won revenue"]["foot"] == "Olist has no deal amounts (declared absent in sources.yaml)."
    assert shown["Opportunities"]["foot"] == "No stage opportunity here: stages.yaml declares lead, customer."
    funnel = opened(page="funnel", grain="month")
    assert re.search(r"reached Customer within 210 days", said(funnel))
    assert len(funnel.get("plotly_chart")) == 5
