"""What came back for what it cost: influence overlaps, margins and paybacks are worked out by hand and by loops."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import polars as pl
import pytest

from data.calendar import Period
from metrics import OpenCompany, Query, Session
from tests.oracle_metrics import pipeline_created, won_revenue
from tests.small_company import SmallCompany
from tests.tiny_sessions import TinyCompany, plain_company, rows_in

Row = dict[str, Any]
YEAR = Period(dt.date(2026, 1, 1), dt.date(2026, 10, 1))
MARGIN = Decimal("0.78")  # of the demo
GOALS = {
    "influenced_revenue": ("close", "won_on", "revenue"),
    "influenced_pipeline": ("creation", "created_on", "pipeline"),
}


@pytest.fixture(scope="module")
def tables(demo: Session) -> dict[str, list[Row]]:
    wanted = ("leads", "contacts", "campaigns", "deals", "deal_contacts", "spend", "exchange_rates")
    return {name: rows_in(demo, name) for name in wanted}


@pytest.fixture(scope="module")
def customers(demo: Session) -> list[Row]:
    return [row for row in rows_in(demo, "revenue") if row["new_customer_id"]]


def reached(demo: Session, metric: str, column: str, period: Period | None = None) -> dict[Any, Decimal]:
    """The full amount of each deal, once per value of a column among the touches in its path."""
    goal, day, table = GOALS[metric]
    deals = {row["deal_id"]: row for row in rows_in(demo, table) if row["deal_type"] == "new"}
    found: dict[Any, dict[str, Decimal]] = defaultdict(dict)
    for touch in rows_in(demo, "journeys"):
        deal = deals.get(touch["deal_id"])
        if touch["goal"] != goal or deal is None:
            continue
        if period is None or (deal[day] and period.start <= deal[day] < period.until):
            found[touch[column] if column else "all"][deal["deal_id"]] = deal["amount"] or Decimal(0)
    return {value: sum(amounts.values(), Decimal(0)) for value, amounts in found.items()}


@pytest.mark.parametrize("metric", GOALS)
class TestInfluence:
    @pytest.mark.parametrize(
        ("dimension", "column"),
        [("campaign", "campaign_id"), ("channel", "channel"), ("content", "content_id"), ("touch_kind", "kind")],
    )
    def test_a_group_has_the_full_amount_of_each_deal_that_it_touched(
        self, demo: Session, metric: str, dimension: str, column: str
    ) -> None:
        frame = demo.answer(Query((metric,), (dimension,))).frame
        wanted = reached(demo, metric, column)
        assert {value: round(amount, 2) for value, amount in frame.iter_rows() if amount} == {
            value: float(amount) for value, amount in wanted.items() if amount
        }

    def test_all_of_it_is_every_deal_with_any_touch_once(self, demo: Session, metric: str) -> None:
        total = demo.answer(Query((metric,), period=YEAR)).number(metric)
        assert total == pytest.approx(float(reached(demo, metric, "", YEAR)["all"]))
        groups = demo.answer(Query((metric,), ("channel",), period=YEAR)).frame[metric].sum()
        assert groups > total > 0

    def test_the_rows_behind_it_are_its_deals(self, demo: Session, metric: str) -> None:
        (part,) = demo.rows(Query((metric,), period=YEAR))
        assert part.frame["deal_id"].is_unique().all()
        assert float(part.frame["amount"].sum()) == pytest.approx(
            demo.answer(Query((metric,), period=YEAR)).number(metric)
        )


def test_a_deal_that_two_campaigns_touched_is_whole_in_both() -> None:
    tiny = plain_company()
    session = tiny.session(
        {
            "contacts": [{"contact_id": "C", "created_at": dt.datetime(2024, 1, 1)}],
            "touches": [
                {"touch_id": f"T{day}", "contact_id": "C", "happened_at": dt.datetime(2024, 1, day), "kind": "form",
                 "campaign_id": campaign}
                for day, campaign in ((1, "a"), (2, "b"), (3, "b"), (4, None))
            ],
            "deals": [
                {"deal_id": "D", "created_at": dt.datetime(2024, 1, 5), "closed_at": dt.datetime(2024, 1, 9),
                 "amount": Decimal(900), "is_won": True, "is_closed": True}
            ],
            "deal_contacts": [{"deal_id": "D", "contact_id": "C"}],
        }
    )  # fmt: skip
    frame = session.answer(Query(("influenced_revenue",), ("campaign",))).frame
    assert dict(frame.iter_rows()) == {"a": 900, "b": 900, None: 900}
    assert session.answer(Query(("influenced_revenue",))).number("influenced_revenue") == 900


class TestMargins:
    def test_margin_is_revenue_by_the_companys_share_to_the_cent(
        self, demo: Session, tables: dict[str, list[Row]]
    ) -> None:
        amounts = [fact.value for fact in won_revenue(tables, "EUR") if fact.value is not None]
        wanted = sum((amount * MARGIN).quantize(Decimal("0.01"), ROUND_HALF_UP) for amount in amounts)
        # A product in floats may round half a cent the other way.
        assert demo.answer(Query(("won_margin",))).number("won_margin") == pytest.approx(
            float(wanted), abs=0.01 * len(amounts)
        )
        assert demo.answer(Query(("won_margin",))).number("won_margin") == pytest.approx(
            float(sum(amounts) * MARGIN), rel=1e-6
        )

    def test_the_monthly_margin_is_the_mean_over_new_customers_of_known_terms(
        self, demo: Session, customers: list[Row], tables: dict[str, list[Row]]
    ) -> None:
        terms = {deal["deal_id"]: deal["term_months"] for deal in tables["deals"]}
        known = [row for row in customers if row["amount"] is not None and terms[row["deal_id"]]]
        wanted = sum(float(row["amount"] * MARGIN) / terms[row["deal_id"]] for row in known) / len(known)
        name = "monthly_margin_per_customer"
        assert demo.answer(Query((name,))).number(name) == pytest.approx(wanted, rel=1e-6)

    def test_without_a_gross_margin_the_reason_is_told(self, small: SmallCompany) -> None:
        small.refresh()
        session = OpenCompany(small.company).at()
        for name in ("won_margin", "monthly_margin_per_customer"):
            reason = session.answer(Query((name,))).reasons[name]
            assert reason.endswith("gives no gross margin: write gross_margin into company.yaml.")


class TestCosts:
    def test_a_cost_is_converted_at_the_rate_of_the_first_of_its_month(self) -> None:
        session = plain_company().session(
            {
                "costs": [
                    {"month_on": dt.date(2024, 2, 1), "kind": "tools", "amount": Decimal(100), "currency": "USD"},
                    {"month_on": dt.date(2024, 3, 1), "kind": "tools", "amount": Decimal(100), "currency": "USD"},
                    {"month_on": dt.date(2024, 3, 1), "kind": "people", "amount": Decimal(50), "currency": None},
                ],
                "exchange_rates": [
                    {"rate_on": dt.date(2024, 1, 30), "currency": "USD", "rate": 0.5},
                    {"rate_on": dt.date(2024, 2, 20), "currency": "USD", "rate": 0.9},
                ],
            }
        )
        answer = session.answer(Query(("costs",), ("cost_kind",)))
        assert dict(answer.frame.iter_rows()) == {"tools": 50, "people": 50}
        assert answer.notes == ("Other costs: 1 row without an amount in EUR is left out.",)

    def test_cac_and_payback_by_hand(self) -> None:
        # 900 of spend and 300 of costs win three accounts, one of them twice; half of every amount is margin.
        deals = [("D1", "A", 1200, 12), ("D2", "A", 9900, 1), ("D3", "B", 7200, 24), ("D4", "C", 4000, None)]
        session = TinyCompany(gross_margin=0.5).session(
            {
                "deals": [
                    {
                        "deal_id": deal, "account_id": account, "amount": Decimal(amount), "term_months": months,
                        "created_at": dt.datetime(2024, 3, 1), "closed_at": dt.datetime(2024, 3, day),
                        "is_won": True, "is_closed": True,
                    }
                    for day, (deal, account, amount, months) in enumerate(deals, 4)
                ],
                "spend": [{"spent_on": dt.date(2024, 3, 2), "campaign_id": "c", "amount": Decimal(900)}],
                "costs": [
                    {"month_on": dt.date(2024, month, 1), "kind": kind, "amount": Decimal(amount)}
                    for month, kind, amount in ((2, "people", 5000), (3, "people", 200), (3, "tools", 100))
                ],
            }
        )  # fmt: skip
        march = Period(dt.date(2024, 3, 1), dt.date(2024, 4, 1))
        answer = session.answer(Query(("costs", "customers", "cac", "payback_months"), period=march))
        assert (answer.number("costs"), answer.number("customers")) == (300, 3)
        assert answer.number("cac") == 400
        # 600 in 12 months are 50 a month, 3,600 in 24 are 150, and no term is known of the third: 100 on average.
        assert answer.number("payback_months") == 4
        frame = session.answer(Query(("costs",), grain="month")).frame
        assert dict(frame.iter_rows()) == {dt.date(2024, 2, 1): 5000, dt.date(2024, 3, 1): 300}

    def test_a_company_without_costs_says_so(self, demo: Session) -> None:
        reasons = demo.answer(Query(("costs", "cac", "payback_months"))).reasons
        assert set(reasons.values()) == {"Brightwater Software has no costs (declared absent in sources.yaml)."}


class TestReturns:
    @pytest.mark.parametrize("model", ["first", "w_shaped"])
    def test_roas_and_romi_are_of_what_the_model_credits(self, demo: Session, model: str) -> None:
        asked = ("roas", "romi", "credited_revenue", "credited_margin", "spend")
        frame = demo.answer(Query(asked, ("campaign",), model=model)).frame.filter(pl.col("spend") > 0)
        assert frame.height > 5
        for _, roas, romi, revenue, margin, spent in frame.iter_rows():
            assert roas == pytest.approx(revenue / float(spent))
            assert romi == pytest.approx((margin - float(spent)) / float(spent))
            assert margin == pytest.approx(revenue * float(MARGIN), rel=1e-4)


def test_pipeline_influenced_is_never_more_than_pipeline_created(demo: Session, tables: dict[str, list[Row]]) -> None:
    created = sum(fact.value for fact in pipeline_created(tables, "EUR") if fact.value is not None)
    influenced = demo.answer(Query(("influenced_pipeline",))).number("influenced_pipeline")
    assert 0 < influenced < float(created)


def test_olist_says_what_it_lacks(olist: Session) -> None:
    names = ("influenced_revenue", "influenced_pipeline", "costs", "cac", "payback_months", "won_margin")
    reasons = olist.answer(Query(names)).reasons
    assert reasons.keys() == set(names)
    assert reasons["costs"] == "Olist has no costs (declared absent in sources.yaml)."
    assert reasons["influenced_revenue"] == "Olist has no deal amounts (declared absent in sources.yaml)."
