"""Who brought the deals: every origin and what has none add up, over months as in all, by loops over the deals."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections import defaultdict

import polars as pl
import pytest

from data.calendar import Period, leading_to, preset
from metrics import Query, Session
from metrics.deal_origins import MEASURES, deal_origins, origin_shares
from pages._theme import LIGHT
from tests.one_page import page, said
from tests.tiny_sessions import rows_in

YEAR = Period(dt.date(2025, 11, 1), dt.date(2026, 11, 1))
NAMES = {"marketing": "Marketing", "sales": "Sales", "partner": "Partner", None: "Not known"}


@pytest.fixture
def of_demo(demo: Session, monkeypatch: pytest.MonkeyPatch) -> Session:
    monkeypatch.setenv("TANDEM_COMPANY", str(demo.company.folder))
    return demo


def by_loops(session: Session, period: Period) -> dict[tuple[str | None, str], dict[str, float]]:
    """Deals of type new by origin and month, in plain loops."""
    found: dict[tuple[str | None, str], dict[str, float]] = defaultdict(lambda: defaultdict(float))
    deals = [row for row in rows_in(session, "pipeline") if row["deal_type"] == "new"]
    for deal in deals:
        opened, closed = deal["created_on"], deal["closed_on"]
        if opened and period.start <= opened < period.until:
            found[deal["origin"], f"{opened:%Y-%m}"]["deals_created"] += 1
            found[deal["origin"], f"{opened:%Y-%m}"]["pipeline_created"] += float(deal["amount"] or 0)
        if closed and period.start <= closed < period.until and deal["is_won"] is not None:
            found[deal["origin"], f"{closed:%Y-%m}"]["won" if deal["is_won"] else "lost"] += 1
    for deal in rows_in(session, "revenue"):
        won = deal["won_on"]
        if deal["deal_type"] == "new" and won and period.start <= won < period.until:
            found[deal["origin"], f"{won:%Y-%m}"]["won_revenue"] += float(deal["amount"] or 0)
    return found


def test_each_month_of_each_origin_is_what_a_loop_finds(demo: Session) -> None:
    wanted, seen = by_loops(demo, YEAR), 0
    for row in deal_origins(demo, YEAR, None).by_month.frame.iter_rows(named=True):
        of = wanted[row["origin"], f"{row['period']:%Y-%m}"]
        for name in ("deals_created", "pipeline_created", "won_revenue"):
            assert row[name] == pytest.approx(of[name]), (row, name)
            seen += bool(of[name])
        decided = of["won"] + of["lost"]
        assert (row["win_rate"] is None) if not decided else row["win_rate"] == pytest.approx(of["won"] / decided)
    assert seen == sum(bool(of[name]) for of in wanted.values() for name in MEASURES[:-1]) > 24


def test_all_origins_add_up_to_what_is_not_split(demo: Session) -> None:
    found = deal_origins(demo, YEAR, None)
    assert len(found.origins) > 2
    for name in MEASURES[:-1]:
        total = demo.answer(Query((name,), period=YEAR)).number(name)
        assert found.in_all.frame[name].sum() == pytest.approx(total)
        assert found.by_month.frame[name].sum() == pytest.approx(total)
        assert found.total.number(name) == total


def test_shares_by_hand_and_what_has_no_origin_is_last() -> None:
    frame = pl.DataFrame({"origin": [None, "sales", "marketing"], "deals_created": [6, 1, 3]})
    shares = [(one.origin, one.value, one.share) for one in origin_shares(frame, "deals_created")]
    assert shares == [("marketing", 3, 0.3), ("sales", 1, 0.1), (None, 6, 0.6)]
    assert origin_shares(frame.with_columns(deals_created=0), "deals_created")[0].share is None


def shown_period(session: Session) -> Period:
    assert session.through is not None
    week = preset("week", session.through, session.company)
    return leading_to(week.until, "month", session.company, 12)


class TestThePage:
    def test_the_table_has_every_origin_and_their_total_first(self, of_demo: Session) -> None:
        found = deal_origins(of_demo, shown_period(of_demo), None)
        tables = [one.value for one in page("sources").dataframe if set(MEASURES) <= set(one.value.columns)]
        shown = next(one for one in tables if "period" not in one.columns)
        assert list(shown["origin"]) == ["All", *(NAMES[one] for one in found.origins)]
        for name in MEASURES[:-1]:
            assert shown[name][1:].sum() == pytest.approx(shown[name][0])

    def test_the_sentence_says_whose_event_came_first(self, of_demo: Session) -> None:
        found = deal_origins(of_demo, shown_period(of_demo), None)
        first = origin_shares(found.in_all.frame, "deals_created")[0]
        text = re.sub(r"[*\u2060]", "", said(page("sources")))
        assert (
            f"by whose event came first: {NAMES[first.origin]} {(first.share or 0) * 100:.1f}".removesuffix(".0")
            in text
        )

    @pytest.mark.usefixtures("of_demo")
    def test_marketing_is_blue_and_sales_orange(self) -> None:
        screen = page("sources", measure="Won revenue")
        chart = next(one for one in screen.get("plotly_chart") if one.key == "chart_origins")
        lines = [
            trace["line"]["color"] for trace in json.loads(chart.proto.spec)["data"] if trace.get("mode") == "lines"
        ]
        assert {LIGHT.marketing, LIGHT.sales, LIGHT.ink} == set(lines)
        assert "Won revenue by month" in said(screen)

    @pytest.mark.usefixtures("of_demo")
    def test_every_number_leads_to_its_rows(self) -> None:
        screen = page("sources")
        screen.button(key="rows_origin_win_rate").click().run()
        assert not screen.exception
        (dialog,) = screen.get("dialog")
        assert {"deal_id", "origin"} <= set(dialog.dataframe[0].value.columns)

    def test_where_nobody_knows_who_brought_a_deal_the_reason_is_told(
        self, olist: Session, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TANDEM_COMPANY", str(olist.company.folder))
        assert "Olist has no activities (declared absent in sources.yaml)." in said(page("sources"))
