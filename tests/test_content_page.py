"""Content: credit that adds up, who saw a piece among won and lost deals, what sales sends, and what is missing."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from typing import Any

import pytest

from data.calendar import Period, leading_to, preset
from metrics import Query, Session
from metrics.content import BANDS, coverage, readers, sent_by_sales
from metrics.findings import wilson
from tests.one_page import page, read, said, table_of
from tests.small_company import SmallCompany
from tests.tiny_sessions import plain_company, rows_in

YEAR = Period(dt.date(2025, 10, 1), dt.date(2026, 10, 1))


@pytest.fixture
def of_demo(demo: Session, monkeypatch: pytest.MonkeyPatch) -> Session:
    monkeypatch.setenv("TANDEM_COMPANY", str(demo.company.folder))
    return demo


def twelve_months(session: Session) -> Period:
    assert session.through is not None
    week = preset("week", session.through, session.company)
    return leading_to(week.until, "month", session.company, 12)


def decided_in(session: Session, period: Period) -> dict[str, dict[str, Any]]:
    return {
        row["deal_id"]: row
        for row in rows_in(session, "pipeline")
        if row["deal_type"] == "new" and row["decided_on"] and period.start <= row["decided_on"] < period.until
    }


def test_a_deal_saw_each_piece_in_its_path_once(demo: Session) -> None:
    deals = decided_in(demo, YEAR)
    seen = defaultdict(set)
    for touch in rows_in(demo, "journeys"):
        if touch["goal"] == "close" and touch["content_id"] and touch["deal_id"] in deals:
            seen[touch["content_id"]].add(touch["deal_id"])
    won = {deal for deal, row in deals.items() if row["is_won"]}
    found, reason = readers(demo, YEAR)
    assert reason is None
    assert {row.content for row in found} == seen.keys()
    for row in found:
        assert (row.all_won, row.all_lost) == (len(won), len(deals) - len(won))
        assert (row.won, row.lost) == (len(seen[row.content] & won), len(seen[row.content] - won))
        assert sum(row.bands.values()) == row.won + row.lost
        assert row.won_interval == wilson(row.won, len(won))


def test_the_band_is_that_in_which_a_piece_was_first_seen() -> None:
    start = dt.datetime(2024, 1, 1)
    session = plain_company().session(
        {
            "contacts": [{"contact_id": "C", "created_at": start}],
            "stage_changes": [
                {"object": "contact", "object_id": "C", "stage": "MQL", "happened_at": start + dt.timedelta(days=10)}
            ],
            "touches": [
                {"touch_id": f"T{day}", "contact_id": "C", "happened_at": start + dt.timedelta(days=day),
                 "kind": "content", "content_id": piece}
                for day, piece in ((5, "early"), (12, "late"), (25, "early"), (25, "last"))
            ],
            "deals": [
                {"deal_id": "D", "created_at": start + dt.timedelta(days=20), "is_won": True, "is_closed": True,
                 "closed_at": start + dt.timedelta(days=30)}
            ],
            "deal_contacts": [{"deal_id": "D", "contact_id": "C"}],
        }
    )  # fmt: skip
    found, _ = readers(session, Period(dt.date(2024, 1, 1), dt.date(2024, 3, 1)))
    assert {row.content: [band for band in BANDS if row.bands[band]] for row in found} == {
        "early": ["TOFU"], "late": ["MOFU"], "last": ["BOFU"],
    }  # fmt: skip


def test_what_sales_sends_is_touches_and_activities() -> None:
    day = dt.datetime(2024, 1, 5)
    session = plain_company().session(
        {
            "touches": [
                {"touch_id": f"T{number}", "kind": kind, "content_id": "a", "contact_id": "C", "happened_at": day}
                for number, kind in enumerate(("sales_share", "content", "sales_share"))
            ],
            "activities": [{"activity_id": "A", "content_id": "b", "happened_at": day}],
        }
    )
    january = Period(dt.date(2024, 1, 1), dt.date(2024, 2, 1))
    assert sent_by_sales(session, january).rows() == [("a", 2), ("b", 1)]
    assert sent_by_sales(session, Period(january.until, dt.date(2024, 3, 1))).is_empty()


def test_a_persona_without_a_piece_in_a_band_is_a_gap() -> None:
    session = plain_company().session(
        {
            "contacts": [{"contact_id": "C", "persona": "Buyer"}, {"contact_id": "D", "persona": "User"}],
            "content": [
                {"content_id": str(number), "persona": who, "band": band}
                for number, (who, band) in enumerate([("Buyer", "TOFU"), ("Buyer", "TOFU"), (None, "MOFU")])
            ],
        }
    )
    found = coverage(session)
    assert found.frame.rows() == [("Buyer", 1, 2, 0, 0), ("User", 1, 0, 0, 0), (None, None, 0, 1, 0)]
    assert found.missing == [("Buyer", "MOFU"), ("Buyer", "BOFU"), *(("User", band) for band in BANDS)]


@pytest.mark.parametrize(("model", "label"), [("linear", "Linear"), ("w_shaped", "W-shaped")])
def test_credit_is_that_of_the_model_in_the_address(of_demo: Session, model: str, label: str) -> None:
    query = Query(("credited_revenue",), ("content",), period=twelve_months(of_demo), model=model)
    expected = of_demo.answer(query).frame
    screen = page("content", model=label)
    shown = next(t.value for t in screen.dataframe if list(t.value.columns) == ["content", "credited_revenue"])
    assert shown["credited_revenue"].sum() == pytest.approx(expected["credited_revenue"].sum())
    assert f"by the model {label}" in said(screen)
    screen.button(key="rows_credit").click().run()
    assert not screen.exception
    (dialog,) = screen.get("dialog")
    assert dialog.dataframe[0].value.shape[0] > 0


def test_the_sentence_names_the_piece_with_the_largest_share(of_demo: Session) -> None:
    query = Query(("credited_revenue",), ("content",), period=twelve_months(of_demo), model="linear")
    frame = of_demo.answer(query).frame.drop_nulls("content").sort("credited_revenue", descending=True)
    name = of_demo.names("content").get(frame["content"][0], frame["content"][0])
    screen = page("content")
    assert f"**{read(name)}** has the largest share" in said(screen)
    assert table_of(screen, "won_share", "times").shape[0] >= frame.height


def test_a_filter_narrows_the_deals_that_saw_content_and_what_it_does_not_says_so(of_demo: Session) -> None:
    period = twelve_months(of_demo)
    where = "channel = 'social'"
    deals = {k: row for k, row in decided_in(of_demo, period).items() if row["channel"] == "social"}
    seen = defaultdict(set)
    for touch in rows_in(of_demo, "journeys"):
        if touch["goal"] == "close" and touch["content_id"] and touch["deal_id"] in deals:
            seen[touch["content_id"]].add(touch["deal_id"])
    found, _ = readers(of_demo, period, where)
    assert {row.content: row.won + row.lost for row in found} == {piece: len(keys) for piece, keys in seen.items()}
    assert {(row.all_won + row.all_lost) for row in found} == {len(deals)}
    screen = page("content", channel="social")
    assert f"Of {found[0].all_won:,} won (filled) and {found[0].all_lost:,} lost deals" in said(screen)
    assert said(screen).count("The filters do not narrow this.") == 2
    assert "The filters do not narrow" not in said(page("content"))


def test_olist_says_what_it_lacks(olist: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TANDEM_COMPANY", str(olist.company.folder))
    text = said(page("content"))
    assert "Olist has no lost deals (declared absent in sources.yaml)." in text
    assert "No content that sales sends is known" in text


def test_a_company_without_content_says_so(small: SmallCompany, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TANDEM_COMPANY", str(small.folder))
    screen = page("content")
    assert not screen.get("plotly_chart")
    assert "No source gives touches.content_id: map it in sources.yaml." in said(screen)
