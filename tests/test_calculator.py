"""The calculator: worked examples by hand, days that have passed, and the company's own rates by another way."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import replace
from typing import Any

import pytest
from typer.testing import CliRunner

import tandem
from alignment.calculator import Calculation, Passage, back_from, calculate, goal_period, remaining
from data.calendar import Period
from metrics import Query, Session
from tests.conftest import BRIGHTWATER
from tests.tiny_sessions import rows_in

LAST, TODAY = dt.date(2026, 12, 31), dt.date(2026, 11, 16)


def passage(stage: str, rate: float | None, lag: float | None = 0) -> Passage:
    return Passage(stage, stage.capitalize(), "Next", rate, lag, 100)


def counts(customers: int, *passages: Passage) -> dict[str, int | None]:
    return {one.stage: one.count for one in back_from(customers, "Customer", passages, LAST, TODAY)}


def test_seven_customers_at_five_percent_need_140_leads() -> None:
    assert counts(7, passage("lead", 0.05)) == {"customer": 7, "lead": 140}


def test_every_stage_is_the_one_after_it_by_its_rate() -> None:
    # 6 / 0.25 = 24 opportunities, 24 / 0.4 = 60 MQLs, 60 / 0.3 = 200 leads.
    found = counts(6, passage("lead", 0.3), passage("mql", 0.4), passage("opportunity", 0.25))
    assert found == {"customer": 6, "opportunity": 24, "mql": 60, "lead": 200}


def test_rounding_up_does_not_add_up() -> None:
    # 1 / 0.3 = 3.33 opportunities, 3.33 / 0.3 = 11.11 leads: 4 and 12. From 4 it would have been 14.
    assert counts(1, passage("lead", 0.3), passage("opportunity", 0.3)) == {"customer": 1, "opportunity": 4, "lead": 12}


def test_each_stage_is_needed_earlier_by_its_median_lag() -> None:
    steps = (passage("lead", 0.5, 10), passage("mql", 0.5, 14.5), passage("opportunity", 0.5, 30))
    found = {one.stage: (one.by, one.is_past) for one in back_from(2, "Customer", steps, LAST, TODAY)}
    # 31 December less 30 days, less 44.5 days, less 54.5 days; part of a day is a day earlier.
    assert found == {
        "customer": (LAST, False),
        "opportunity": (dt.date(2026, 12, 1), False),
        "mql": (dt.date(2026, 11, 16), False),
        "lead": (dt.date(2026, 11, 6), True),
    }


def test_what_is_not_needed_is_never_too_late_and_what_is_not_known_has_no_number() -> None:
    steps = (passage("lead", 0.5, 300), passage("opportunity", 0.5, 30))
    assert [(one.count, one.is_past) for one in back_from(0, "C", steps, LAST, TODAY)] == [(0, False)] * 3
    unknown = back_from(2, "C", (passage("lead", 0.5), passage("opportunity", None, None)), LAST, TODAY)
    assert [(one.count, one.by) for one in unknown] == [(2, LAST), (None, None), (None, None)]
    assert counts(2, passage("lead", 0.0)) == {"customer": 2, "lead": None}


def test_what_is_won_and_what_the_pipeline_will_bring_is_taken_off_the_goal() -> None:
    assert remaining(500_000, 120_000, 80_000) == 300_000
    assert remaining(100_000, 90_000, 20_000) == 0


def test_coverage_is_the_pipeline_due_by_what_is_not_won_yet() -> None:
    # 400 of open pipeline for 1,000 less 200: half of it. Nothing is to be covered once the goal is won.
    made = Calculation(1000, Period(TODAY, LAST), 200, 100, 700, None, (), (), due=400)
    assert made.coverage == 0.5
    assert replace(made, won=1000).coverage is None
    assert replace(made, due=None).coverage is None


def test_the_sample_is_led_back_by_its_own_rates(demo: Session) -> None:
    period = Period(dt.date(2027, 1, 1), dt.date(2027, 4, 1))
    found = calculate(demo, 300_000, period)
    deals = [row for row in rows_in(demo, "deals") if row["type"] in (None, "new")]
    rates = {
        row["currency"]: row["rate"] for row in sorted(rows_in(demo, "exchange_rates"), key=lambda r: r["rate_on"])
    }

    def euros(row: dict[str, Any]) -> float:
        return float(row["amount"]) * (1 if row["currency"] == "EUR" else rates[row["currency"]])

    due = [
        euros(row) * row["probability"]
        for row in deals
        if not row["is_closed"] and row["amount"] is not None and row["probability"] is not None
        and row["expected_close_on"] is not None and period.start <= row["expected_close_on"] < period.until
    ]  # fmt: skip
    assert due
    assert found.weighted == pytest.approx(sum(due), rel=0.05)  # each at the rate of its own day
    assert found.won == 0
    year = Period(dt.date(2025, 11, 16), dt.date(2026, 11, 16))
    mean = demo.answer(Query(("average_deal",), period=year)).number("average_deal")
    assert found.deal_size == mean is not None
    customers = math.ceil((300_000 - found.weighted) / float(mean))
    # The last step by hand: opportunities of the year whose 120 days are over, and the wins within them.
    entered = [
        row for row in rows_in(demo, "leads")
        if row["is_first_pass"] and row["opportunity_stamped_on"]
        and year.start <= row["opportunity_stamped_on"] < year.until - dt.timedelta(days=120)
    ]  # fmt: skip
    won = [
        row for row in entered
        if row["customer_on"] and (row["customer_on"] - row["opportunity_stamped_on"]).days <= 120
    ]  # fmt: skip
    needed = {one.stage: one.count for one in found.needed}
    assert (needed["customer"], needed["opportunity"]) == (customers, math.ceil(customers * len(entered) / len(won)))
    assert [one.stage for one in found.needed] == ["customer", "opportunity", "sql", "mql", "lead"]
    assert found.too_late == ()


def test_a_goal_too_soon_says_which_days_have_passed(demo: Session) -> None:
    found = calculate(demo, 900_000, Period(dt.date(2026, 11, 1), dt.date(2026, 12, 1)))
    assert {one.stage for one in found.too_late} == {"opportunity", "sql", "mql", "lead"}
    assert found.won == demo.answer(Query(("won_revenue",), period=found.period)).number("won_revenue")


def test_the_period_of_a_goal_is_the_one_that_has_begun_or_one_ahead(demo: Session) -> None:
    assert goal_period(demo, "quarter") == Period(dt.date(2026, 10, 1), dt.date(2027, 1, 1))
    assert goal_period(demo, "quarter", 1) == Period(dt.date(2027, 1, 1), dt.date(2027, 4, 1))


@pytest.mark.usefixtures("demo")
def test_the_shell_prints_the_way_back() -> None:
    words = ["calculator", "--goal", "300000", "--from", "2027-01-01", "--to", "2027-04-01", "--company"]
    result = CliRunner().invoke(tandem.app, [*words, str(BRIGHTWATER), "--format", "csv"])
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == "stage,needed,by,is_past,rate,lag_days"
    assert [line.split(",")[0] for line in lines[1:]] == ["customer", "opportunity", "sql", "mql", "lead"]
    assert lines[1].endswith(",2027-03-31,False,,")
