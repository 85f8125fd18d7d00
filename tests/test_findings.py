"""Findings against values worked out by hand: intervals, ranks, what groups earn."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from metrics.findings import Earner, by_size, earners, first_periods, group_rates, paid_back, wilson


@pytest.mark.parametrize(
    ("converted", "of", "low", "high"),
    [
        # 0 of n: 0 to z^2 / (n + z^2) = 3.8415 / 23.8415.
        (0, 20, 0.0, 0.1611),
        (20, 20, 0.8389, 1.0),
        # p = 0.5, n = 20: middle 0.5; reach z * sqrt(0.0125 + 3.8415/1600) / (1 + 3.8415/20) = 0.23939 / 1.19207.
        (10, 20, 0.2993, 0.7007),
        # p = 0.1, n = 10: (0.29207 -+ 1.95996 * sqrt(0.009 + 0.0096036)) / 1.38415.
        (1, 10, 0.0179, 0.4042),
        # Newcombe 1998, table I, method 3: 81 of 263 and 15 of 148.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
    ],
)
def test_wilson_intervals(converted: int, of: int, low: float, high: float) -> None:
    found = wilson(converted, of)
    assert found is not None
    assert (found.low, found.high) == pytest.approx((low, high), abs=6e-5)


def test_nothing_has_no_interval() -> None:
    assert wilson(0, 0) is None


@pytest.mark.parametrize(("converted", "of"), [(0, 1), (1, 1), (1, 3), (999, 1000), (0, 100_000)])
def test_a_rate_lies_within_its_interval_and_the_interval_within_0_and_1(converted: int, of: int) -> None:
    found = wilson(converted, of)
    assert found is not None
    assert 0 <= found.low <= converted / of <= found.high <= 1
    assert found.low < found.high


def test_more_leads_make_an_interval_narrower() -> None:
    widths = [found.high - found.low for n in (10, 100, 1000) if (found := wilson(n // 5, n))]
    assert widths == sorted(widths, reverse=True)


def test_rates_of_groups_carry_their_interval_and_none_without_a_cohort() -> None:
    table = pl.DataFrame(
        {
            "step": ["mql", "overall", "overall"],
            "channel": ["a", "a", None],
            "matured": [9, 20, 0],
            "converted_matured": [9, 0, 0],
            "rate_matured": [1.0, 0.0, None],
        }
    )
    first, second = group_rates(table, "channel")
    assert (first.group, first.matured, first.rate) == ("a", 20, 0.0)
    assert first.interval == wilson(0, 20)
    assert (second.group, second.rate, second.interval) == (None, None, None)


def test_only_groups_that_are_large_enough_are_ranked() -> None:
    table = pl.DataFrame(
        {
            "channel": ["few", None, "second", "first", "fewer", "also first"],
            "rate": [1.0, 0.9, 0.2, 0.5, None, 0.5],
            "size": [19, 500, 20, 40, 2, 21],
        }
    )
    ranked, others = by_size(table, "channel", "rate", "size", 20)
    assert ranked["channel"].to_list() == ["also first", "first", "second"]
    assert others["channel"].to_list() == ["few", "fewer", None]


CAMPAIGNS = pl.DataFrame(
    {
        "campaign": ["many", "few", None, "free"],
        "leads": [100, 10, 500, 5],
        "sourced_revenue": [0.0, 900.0, 4000.0, None],
        "spend": [300.0, 900.0, 10.0, 0.0],
    }
)


def test_a_surplus_is_revenue_above_that_of_as_many_average_leads() -> None:
    found = earners(CAMPAIGNS, "campaign", 5.0)
    # many: 0 - 100 * 5 = -500; few: 900 - 10 * 5 = 850; free: 0 - 25.
    assert [(earner.group, earner.surplus) for earner in found] == [("few", 850), ("many", -500), ("free", -25)]


def test_what_cost_nothing_is_neither_paid_back_nor_not() -> None:
    assert paid_back(earners(CAMPAIGNS, "campaign", 5.0)) == (1, 2)
    assert paid_back([Earner("a", 1, 5.0, None, 1.0)]) == (0, 0)


def test_a_group_begins_in_the_first_period_in_which_anything_happened() -> None:
    months = [dt.date(2026, month, 1) for month in (1, 2, 3)]
    table = pl.DataFrame(
        {
            "campaign": ["a", "a", "a", None, "b"],
            "period": [*months, months[1], months[2]],
            "leads": [0, 0, 4, 1, 0],
            "spend": [None, 2.5, 1.0, 0.0, 0.0],
        }
    )
    assert first_periods(table, "campaign") == {"a": months[1], None: months[1]}
