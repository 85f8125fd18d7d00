"""Looking at the agreement again: what the next version changes, and what the last whole quarter suggests."""

from __future__ import annotations

import datetime as dt
import statistics
from collections import Counter

import pytest

from alignment import reevaluation
from alignment.agreement import in_force, tallies
from data.calendar import Period
from metrics import Query, Session
from tests.tiny_sessions import rows_in

DAY = dt.date(2026, 11, 15)


def test_the_next_version_stands_beside_this_one(demo: Session) -> None:
    first, second = demo.definitions.agreement.versions
    found = {one.promise: (one.before, one.after) for one in reevaluation.differences(first, second)}
    assert found["Qualified leads"] == ("30 mqls per month", "52 mqls per month")
    assert found["Leads of paid search"] == ("", "8 leads per week where channel = 'paid_search'")
    assert found["First touch within four business hours"] == ("60% within 4 hours", "90% within 4 hours")
    assert reevaluation.differences(first, first) == ()
    back = {one.promise: one.after for one in reevaluation.differences(second, first)}
    assert back["Opportunities"] == ""


def test_a_readjustment_is_the_median_of_the_last_whole_quarter(demo: Session) -> None:
    version = in_force(demo)
    assert version is not None
    found = {one.promise: one for one in reevaluation.readjustments(demo, version, DAY)}
    months = Counter(row["mql_on"].replace(day=1) for row in rows_in(demo, "leads") if row["mql_on"])
    middle = statistics.median(months[dt.date(2026, month, 1)] for month in (7, 8, 9))
    leads = found["Qualified leads"]
    assert (leads.agreed, leads.measured, leads.proposed) == (52, middle, 44)
    # 44.850 of 45.000 is within a tenth, so that nothing is suggested.
    assert found["Value of the leads"].proposed is None
    touch = found["First touch within four business hours"]
    assert (touch.agreed, touch.proposed) == (0.9, 0.6)
    assert "New business" not in found


def test_the_measured_value_of_a_lead_type_is_its_close_rate_by_its_average_deal(
    demo: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = in_force(demo)
    assert version is not None
    few = reevaluation.measured_values(demo, version, DAY)
    assert [measured for _, measured in few] == [None, None], "so few leads tell nothing"
    monkeypatch.setattr(reevaluation, "FEWEST", 10)
    year = Period(dt.date(2025, 11, 16), dt.date(2026, 11, 16))
    where = "persona = 'Warehouse manager' and channel = 'organic_search'"
    answer = demo.answer(Query(("lead_to_customer", "average_deal"), period=year, where=where))
    rate, deal = answer.number("lead_to_customer"), answer.number("average_deal")
    assert rate
    assert deal
    measured = {value.type: number for value, number in reevaluation.measured_values(demo, version, DAY)}
    assert measured["Warehouse manager", "organic_search"] == pytest.approx(float(rate) * float(deal))


def test_whole_periods_since_the_version_began_are_kept_or_broken_by_who_holds_the_promise(demo: Session) -> None:
    version = in_force(demo)
    assert version is not None
    months = Counter(row["mql_on"].replace(day=1) for row in rows_in(demo, "leads") if row["mql_on"])
    kept = sum(months[dt.date(2026, month, 1)] >= 52 for month in (7, 8, 9, 10))
    found = next(one for one in tallies(demo, version, DAY) if one.promise == "Qualified leads")
    assert (found.person, found.team, found.of, found.due, found.kept) == (
        "Tariq Nasser",
        "marketing",
        "months",
        4,
        kept,
    )
    assert found.broken == 4 - kept > 0
