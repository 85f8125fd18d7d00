"""The page Paths: sentences and rows that are those of the journeys, choices in the address, and what it lacks."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from data.calendar import Period, leading_to, preset
from metrics import Session
from metrics.deal_paths import PathCount, deal_paths, frequent
from metrics.path_roles import removals
from pages._path_list import chips
from tests.one_page import page, read, said, table_of
from tests.small_company import SmallCompany

HOSTILE = "![p](http://planted.example/x.png)"


@pytest.fixture
def of_demo(demo: Session, monkeypatch: pytest.MonkeyPatch) -> Session:
    monkeypatch.setenv("TANDEM_COMPANY", str(demo.company.folder))
    return demo


def twelve_months(session: Session) -> Period:
    assert session.through is not None
    week = preset("week", session.through, session.company)
    return leading_to(week.until, "month", session.company, 12)


def rows_of(screen: AppTest) -> list[tuple[str, int, int]]:
    table = table_of(screen, "journey", "win_rate")
    return [
        (str(way), int(won), int(lost)) for way, won, lost in table[["journey", "won", "lost"]].itertuples(index=False)
    ]


@pytest.mark.parametrize(("outcome", "to_won"), [("Won deals", True), ("Lost deals", False)])
@pytest.mark.parametrize(("repeats", "is_unrepeated"), [("Repeats count once", True), ("Every touch", False)])
def test_the_rows_are_the_most_frequent_journeys(
    of_demo: Session, outcome: str, to_won: bool, repeats: str, is_unrepeated: bool
) -> None:
    screen = page("paths", outcome=outcome, repeats=repeats)
    found = deal_paths(of_demo, twelve_months(of_demo), None)
    wanted = frequent(found, 8, to_won=to_won, is_unrepeated=is_unrepeated).every
    shown = rows_of(screen)
    assert [(won, lost) for _, won, lost in shown] == [(one.won, one.lost) for one in wanted]
    assert [way for way, *_ in shown][:3] == [" → ".join(map(str, one.channels or ())) for one in wanted[:3]]
    assert sum(won for _, won, _ in shown) == found.won
    assert sum(lost for *_, lost in shown) == found.lost


@pytest.mark.usefixtures("of_demo")
def test_a_row_leads_to_its_deals_and_from_there_to_their_journeys() -> None:
    screen = page("paths")
    (_, won, lost), *_ = rows_of(screen)
    screen.button(key="rows_path_0").click().run()
    assert not screen.exception
    (dialog,) = screen.get("dialog")
    rows = dialog.dataframe[0].value
    assert sorted(rows["outcome"]) == ["Lost"] * lost + ["Won"] * won
    assert list(rows["Journey"]) == [f"journey?deal={key}" for key in rows["deal_id"]]


def test_the_sentence_names_the_journey_of_most_won_deals(of_demo: Session) -> None:
    found = deal_paths(of_demo, twelve_months(of_demo), None)
    first = frequent(found, 1, to_won=True, is_unrepeated=True).shown[0]
    way = " → ".join(str(channel) for channel in first.channels or ())
    assert f"The most frequent journey to a won deal is **{way}**" in said(page("paths"))


def test_removal_stands_beside_the_last_touch(of_demo: Session) -> None:
    found = removals(deal_paths(of_demo, twelve_months(of_demo), None))
    shown = table_of(page("paths"), "effect", "last")
    assert list(shown["effect"]) == [row.effect for row in found]
    assert shown["share"].sum() == pytest.approx(1)
    assert shown["last"].sum() == pytest.approx(1)


def test_a_shared_filter_narrows_the_journeys_and_says_how(of_demo: Session) -> None:
    screen = page("paths", channel="social")
    found = deal_paths(of_demo, twelve_months(of_demo), "channel = 'social'")
    assert sum(won for _, won, _ in rows_of(screen)) == found.won > 0
    assert "The filters choose deals by the channel of their lead" in said(screen)
    assert "The filters choose" not in said(page("paths"))


def test_olist_says_what_it_lacks(olist: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TANDEM_COMPANY", str(olist.company.folder))
    screen = page("paths")
    assert "Olist has no lost deals (declared absent in sources.yaml)." in said(screen)
    assert not screen.get("plotly_chart")


def test_a_company_without_deals_says_so(small: SmallCompany, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TANDEM_COMPANY", str(small.folder))
    screen = page("paths")
    assert not screen.get("plotly_chart")
    assert "No source gives touches.channel: map it in sources.yaml." in said(screen)


def test_a_channel_that_is_markdown_is_shown_as_it_is_written() -> None:
    shown = chips(PathCount(1, (HOSTILE, None, "a]b"), 1, 0, 3, 1))
    assert "![" not in shown
    assert shown.count("](") == 0
    assert read(shown) == f":blue-badge[{HOSTILE}] → :blue-badge[No channel] → :blue-badge[a]b]"
