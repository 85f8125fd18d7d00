"""Cost is set against the customers that it won: taken earlier by how long a sale takes, which the data says."""

from __future__ import annotations

import datetime as dt
import statistics
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from data.calendar import Period
from metrics import Query, Session
from metrics.kinds import Formula, Input
from metrics.moves import MedianCycle
from metrics.reach import Reach, Unanswerable, condition
from metrics.sales_cycle import Cycle
from metrics.sql_nodes import column
from tests.oracle_metrics import spend
from tests.tiny_sessions import plain_company, rows_in

MARCH = Period(dt.date(2024, 3, 1), dt.date(2024, 4, 1))


def won(deal: str, created: dt.date, days: int) -> dict[str, Any]:
    opened = dt.datetime(created.year, created.month, created.day)
    return {
        "deal_id": deal, "account_id": deal, "amount": Decimal(1000), "created_at": opened,
        "closed_at": opened + dt.timedelta(days=days), "is_won": True, "is_closed": True,
    }  # fmt: skip


# Three wins of March after 60, 91 and 15 days, so a median of two months, and a quick one after the month.
DEALS = [
    won("D1", dt.date(2024, 1, 10), 60),
    won("D2", dt.date(2023, 12, 1), 91),
    won("D3", dt.date(2024, 2, 20), 15),
    *(won(f"L{n}", dt.date(2024, 4, 1), 1) for n in range(9)),
]
ROWS = {
    "deals": DEALS,
    "costs": [
        {"month_on": dt.date(2024, month, 1), "kind": "people", "amount": Decimal(amount)}
        for month, amount in ((1, 600), (2, 50), (3, 9000))
    ],
    "spend": [
        {"spent_on": dt.date(2024, month, 20), "campaign_id": "c", "amount": Decimal(amount)}
        for month, amount in ((1, 300), (2, 70), (3, 4000))
    ],
}


@pytest.fixture(scope="module")
def tiny() -> Session:
    return plain_company().session(ROWS)


@pytest.mark.parametrize(
    ("days", "months"), [(0, 0), (15, 0), (15.5, 1), (16, 1), (45, 1), (46, 2), (49, 2), (76, 2), (77, 3), (365, 12)]
)
def test_a_cycle_is_the_nearest_number_of_months(days: float, months: int) -> None:
    found = Cycle(days, dt.date(2024, 1, 1))
    assert found.months == months
    assert (found.shift is None) == (months == 0)


class TestTheCostOfCustomers:
    def test_is_that_of_one_median_cycle_earlier(self, tiny: Session) -> None:
        answer = tiny.answer(Query(("customers", "cac"), period=MARCH))
        # Of January: 600 of costs and 300 of spend, for the three customers of March.
        assert (answer.number("customers"), answer.number("cac")) == (3, 300)

    def test_the_lag_stands_beside_the_number(self, tiny: Session) -> None:
        said = (
            "Spend and Other costs, taken 2 months earlier: the median sales cycle of the 12 months up to 2024-03-31 is"
            " 60 days."
        )
        assert tiny.answer(Query(("cac",), period=MARCH)).notes == (said,)
        # Payback is made of it, and says so once beside it.
        assert tiny.answer(Query(("payback_months", "cac"), period=MARCH)).notes[-1] == said
        assert not tiny.answer(Query(("spend", "costs"), period=MARCH)).notes

    def test_a_longer_question_has_a_lag_of_its_own(self, tiny: Session) -> None:
        # Up to June ten of twelve took a day or less than half a month, so that nothing is taken earlier.
        answer = tiny.answer(Query(("cac",), period=Period(dt.date(2024, 1, 1), dt.date(2024, 7, 1))))
        assert answer.number("cac") == pytest.approx((600 + 50 + 9000 + 300 + 70 + 4000) / 12)
        assert answer.notes == (
            "Spend and Other costs, taken of the same days: the median sales cycle of the 12 months up to 2024-06-30 is"
            " 1 day.",
        )

    def test_what_happened_later_does_not_change_the_lag(self, tiny: Session) -> None:
        before = tiny.answer(Query(("cac",), period=MARCH, as_of=dt.date(2024, 3, 10)))
        # Wins on the 1st and the 6th, after 91 and 15 days; the one of the 10th has not happened yet. The first half
        # of two is the quicker one.
        assert before.notes[-1].endswith("up to 2024-03-09 is 15 days.")

    def test_a_filter_narrows_the_cost_and_leaves_the_lag(self, tiny: Session) -> None:
        whole, narrowed = (
            tiny.answer(Query(("cac",), period=MARCH, where=where, is_shared=True))
            for where in (None, "currency is not null")
        )
        assert whole.notes[-1] == narrowed.notes[-1]

    def test_the_rows_behind_it_are_those_of_the_earlier_days(self, tiny: Session) -> None:
        spent, cost, customers = tiny.rows(Query(("cac",), period=MARCH))
        assert spent.frame["spent_on"].to_list() == [dt.date(2024, 1, 20)]
        assert cost.frame["month_on"].to_list() == [dt.date(2024, 1, 1)]
        assert customers.frame.height == 3

    def test_without_a_win_in_a_year_there_is_no_number(self, tiny: Session) -> None:
        answer = tiny.answer(Query(("cac",), period=Period(dt.date(2023, 1, 1), dt.date(2023, 2, 1))))
        assert answer.reasons["cac"].startswith("No deal was won from 2022-02-01 to 2023-01-31, so that nobody knows")
        assert answer.notes == ()

    def test_nobody_knows_a_lag_without_the_data(self, tiny: Session) -> None:
        alone = Reach(tiny.company, tiny.manifest, tiny.definitions)
        with pytest.raises(Unanswerable, match="asked of the data"):
            alone.cycle(Query(("cac",)))


def test_a_cycle_that_is_no_duration_in_days_is_refused(tiny: Session) -> None:
    metrics = tiny.definitions.metrics
    other = replace(metrics["human_delay_hours"], name="sales_cycle_days")
    assert tiny.with_metrics((other,)).answer(Query(("cac",), period=MARCH)).reasons["cac"] == (
        "'sales_cycle_days' says how long a sale takes: it must be a duration in days."
    )


def test_any_input_can_be_taken_a_cycle_earlier_and_a_loop_agrees(demo: Session) -> None:
    tables = {name: rows_in(demo, name) for name in ("campaigns", "spend", "exchange_rates")}
    cost = demo.definitions.metrics["cac"]
    earlier = Formula(
        name="earlier", label="Earlier", description="", place=cost.place, unit="money",
        expr=condition(column("spend")), inputs=(("spend", Input("spend", shift=MedianCycle())),),
    )  # fmt: skip
    session = demo.with_metrics((earlier,))
    wins = [row for row in rows_in(demo, "pipeline") if row["deal_type"] == "new" and row["is_won"]]
    facts = spend(tables, "EUR")
    for month in range(3, 10):
        period = Period(dt.date(2026, month, 1), dt.date(2026, month + 1, 1))
        year = Period(dt.date(2025, month + 1, 1), period.until)
        days = [
            (row["closed_on"] - row["created_on"]).days
            for row in wins
            if row["closed_on"] and year.start <= row["closed_on"] < year.until
        ]
        months = round(statistics.median(days) / 30.4375)
        first = dt.date(2026, month - months, 1)
        until = dt.date(2026, month + 1 - months, 1)
        wanted = sum(fact.value or 0 for fact in facts if first <= fact.day < until)
        assert session.answer(Query(("earlier",), period=period)).number("earlier") == pytest.approx(float(wanted))
        assert months > 0
