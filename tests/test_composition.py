"""Metrics made of metrics: windows, shifts, taken rows and ratios of them, against loops over days and rows."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from data.calendar import Period, add_units, periods_within, shift, start_of
from data.company import Company
from data.errors import InvalidQuestion
from metrics import Query, Session
from tests.depth import deep
from tests.tiny_sessions import TinyCompany

Row = dict[str, Any]
ONE = dt.timedelta(days=1)
THROUGH = dt.date(2024, 6, 30)
FIRST = dt.date(2023, 10, 1)
EVERY = (
    "trailing",
    "first_of_window",
    "average_of_window",
    "month_to_date",
    "year_to_date",
    "last_seats",
    "first_seats",
)
SHIFTED = ("month_before", "two_weeks_before", "month_start", "window_before")
COMPOSED = ("growth", "share_of_window", "social_growth", "doubled_again")

DEFINITIONS = """
metrics:
  trailing: {label: T, description: T., kind: cumulative, of: spend, window: 10 days, unit: money}
  first_of_window:
    {label: T, description: T., kind: cumulative, of: spend, window: 10 days, at_coarser_grain: first, unit: money}
  average_of_window:
    {label: T, description: T., kind: cumulative, of: spend, window: 3 days, at_coarser_grain: average, unit: money}
  month_to_date: {label: T, description: T., kind: cumulative, of: spend, to_date: month, unit: money}
  year_to_date: {label: T, description: T., kind: cumulative, of: spend, to_date: fiscal_year, unit: money}
  days_with_spend:
    {label: D, description: D., kind: aggregate, table: daily_spend, expr: count(distinct spent_on), time: spent_on,
     unit: count}
  days_in_window: {label: T, description: T., kind: cumulative, of: days_with_spend, window: 10 days, unit: count}
  last_seats:
    {label: S, description: S., kind: aggregate, table: daily_spend, expr: sum(amount), time: spent_on, take: last,
     per: campaign_id, unit: money}
  first_seats:
    {label: S, description: S., kind: aggregate, table: daily_spend, expr: sum(amount), time: spent_on, take: first,
     over: spent_on, per: [campaign_id], unit: money}
  month_before:
    {label: S, description: S., kind: formula, expr: "{before}", inputs: {before: {metric: spend, shift: 1 month}},
     unit: money}
  two_weeks_before:
    {label: S, description: S., kind: formula, expr: "{before}", inputs: {before: {metric: spend, shift: 2 weeks}},
     unit: money}
  month_start:
    {label: S, description: S., kind: formula, expr: "{first}",
     inputs: {first: {metric: spend, shift: to start of month}}, unit: money}
  window_before:
    {label: S, description: S., kind: formula, expr: "{before}", inputs: {before: {metric: trailing, shift: 1 week}},
     unit: money}
  growth:
    {label: G, description: G., kind: ratio, numerator: spend, denominator: {metric: spend, shift: 1 month}}
  share_of_window: {label: G, description: G., kind: ratio, numerator: spend, denominator: trailing}
  social_growth:
    {label: G, description: G., kind: ratio, numerator: {metric: growth, where: channel = 'social'},
     denominator: growth}
  doubled_again:
    {label: G, description: G., kind: formula, expr: "2 * {month_before} - {trailing}", unit: money}
"""


@pytest.fixture(scope="module")
def tiny() -> TinyCompany:
    return TinyCompany(definitions=DEFINITIONS, fiscal_year_starts=4, week_starts=6)


def rows_of_spend() -> st.SearchStrategy[list[Row]]:
    row = st.fixed_dictionaries(
        {
            "spent_on": st.integers(0, 270).map(lambda n: FIRST + dt.timedelta(days=n)),
            "campaign_id": st.sampled_from(["c1", "c2", None]),
            "channel": st.sampled_from(["social", "search", None]),
            "amount": st.sampled_from([Decimal("0.10"), Decimal("7.00"), Decimal("100.01"), Decimal(0)]),
        }
    )
    return st.lists(row, max_size=14, unique_by=lambda one: (one["spent_on"], one["campaign_id"], one["channel"]))


PERIODS = st.tuples(st.integers(0, 200), st.integers(1, 100)).map(
    lambda pair: Period(FIRST + dt.timedelta(days=pair[0]), FIRST + dt.timedelta(days=sum(pair)))
)


# -- the oracle: loops over days and rows ----------------------------------------------------------------------------


def summed(rows: list[Row], days: set[dt.date]) -> float | None:
    return float(sum(row["amount"] for row in rows if row["spent_on"] in days))


def days(start: dt.date, until: dt.date) -> set[dt.date]:
    return {start + ONE * n for n in range((until - start).days)}


def before(end: dt.date, count: int) -> set[dt.date]:
    return days(end - ONE * count, end)


def divided(part: float | None, whole: float | None) -> float | None:
    return None if part is None or not whole else part / whole


class Oracle:
    """Values of one group for one period, which begins at `start` and ends before `until`."""

    def __init__(self, rows: list[Row], grain: str | None, company: Company) -> None:
        self.rows, self.grain, self.company = rows, grain, company

    def value(self, name: str, start: dt.date, until: dt.date) -> float | None:
        end = min(until, THROUGH + ONE)
        is_future = start > THROUGH
        if name == "spend":
            return summed(self.rows, days(start, until))
        if name in ("month_before", "two_weeks_before"):
            unit, count = ("month", -1) if name == "month_before" else ("week", -2)
            return summed(self.rows, days(add_units(start, unit, count), add_units(until, unit, count)))
        if name == "month_start":
            first = start_of(start.replace(day=1), self.grain or "day", self.company)
            return summed(self.rows, days(first, shift(first, self.grain or "day", 1)))
        if name == "window_before":
            week = dt.timedelta(weeks=1)
            return self.value("trailing", start - week, until - week)
        if name in ("last_seats", "first_seats"):
            return self._seats(days(start, until), is_last=name == "last_seats")
        if name in ("growth", "share_of_window"):
            other = "month_before" if name == "growth" else "trailing"
            return divided(self.value("spend", start, until), self.value(other, start, until))
        if name == "social_growth":
            social = Oracle([row for row in self.rows if row["channel"] == "social"], self.grain, self.company)
            return divided(social.value("growth", start, until), self.value("growth", start, until))
        if name == "doubled_again":
            month = self.value("month_before", start, until) or 0
            return 2 * month - (self.value("trailing", start, until) or 0)
        return 0.0 if is_future else self._windowed(name, start, end)

    def _windowed(self, name: str, start: dt.date, end: dt.date) -> float | None:
        if name == "first_of_window":
            return summed(self.rows, before(start + ONE, 10))
        if name == "average_of_window":
            each = [summed(self.rows, before(day + ONE, 3)) or 0 for day in days(start, end)]
            return sum(each) / len(each)
        if name == "days_in_window":
            return float(len({row["spent_on"] for row in self.rows} & before(end, 10)))
        if name in ("month_to_date", "year_to_date"):
            unit = "month" if name == "month_to_date" else "year"
            return summed(self.rows, days(start_of(end - ONE, unit, self.company), end))
        assert name == "trailing"
        return summed(self.rows, before(end, 10))

    def _seats(self, inside: set[dt.date], *, is_last: bool) -> float | None:
        """One row per campaign: the last by day, and of one day the first by the table's key."""
        taken: dict[object, Row] = {}
        ordered = sorted(self.rows, key=lambda row: _tie(row, is_last=is_last))
        for row in ordered:
            if row["spent_on"] in inside:
                taken.setdefault(row["campaign_id"], row)
        return float(sum(row["amount"] for row in taken.values()))


def _tie(row: Row, *, is_last: bool) -> tuple[object, ...]:
    day = row["spent_on"].toordinal()
    texts = [(row[name] is None, row[name] or "") for name in ("campaign_id", "channel")]
    return (-day if is_last else day, *texts)


def expected(rows: list[Row], query: Query, company: Company) -> dict[tuple[object, ...], list[float | None]]:
    """Key of the group and first day of the period to the values, for every group that has rows anywhere."""
    assert query.period is not None
    groups: dict[tuple[object, ...], list[Row]] = defaultdict(list)
    for row in rows:
        groups[tuple(row[name] for name in query.by)].append(row)
    if not query.by:
        groups.setdefault((), [])
    found = {}
    for key, own in groups.items():
        for first, start, until in _periods(query, company):
            values = [Oracle(own, query.grain, company).value(name, start, until) for name in query.metrics]
            found[(*key, *first)] = values
    return found


def _periods(query: Query, company: Company) -> Iterator[tuple[tuple[dt.date, ...], dt.date, dt.date]]:
    period = query.period
    assert period is not None
    if query.grain is None:
        yield (), period.start, period.until
        return
    for start in periods_within(period, query.grain, company):
        until = shift(start, query.grain, 1)
        yield (start,), max(start, period.start), min(until, period.until)


# -- what is compared ------------------------------------------------------------------------------------------------


@settings(
    max_examples=deep(12, 48), deadline=None, database=None, suppress_health_check=list(HealthCheck), derandomize=True
)
@given(
    rows_of_spend(),
    st.sampled_from([(), ("channel",), ("campaign",)]),
    st.sampled_from([None, "day", "week", "month", "quarter", "year"]),
    PERIODS,
)
@example([], (), "month", Period(dt.date(2024, 6, 20), dt.date(2024, 9, 1)))
def test_every_composed_metric_equals_a_loop(
    tiny: TinyCompany, rows: list[Row], by: tuple[str, ...], grain: str | None, period: Period
) -> None:
    names = ("spend", *EVERY, "days_in_window", *SHIFTED, *COMPOSED)
    query = Query(names, by=by, grain=grain, period=period)
    session = tiny.session({"spend": [{**row, "currency": "EUR"} for row in rows]}, THROUGH)
    columns = [{"campaign": "campaign_id"}.get(name, name) for name in by]
    wanted = expected(rows, Query(names, by=tuple(columns), grain=grain, period=period), session.company)
    frame = session.answer(query).frame
    width = len(by) + (grain is not None)
    seen = {row[:width]: list(row[width:]) for row in frame.iter_rows()}
    assert seen.keys() <= wanted.keys() or not rows
    for key, values in wanted.items():
        given_values = seen.get(key)
        if given_values is None:
            # A group without any row in the days that count has no line; then nothing was to be counted.
            assert not any(values), (key, values)
            continue
        for name, value, ours in zip(names, values, given_values, strict=True):
            assert ours == (None if value is None else pytest.approx(value)), (name, key)


def answer_of(tiny: TinyCompany, name: str, **query: Any) -> Any:
    rows = [
        {"spent_on": dt.date(2024, 1, day), "channel": "social", "amount": Decimal(day), "currency": "EUR"}
        for day in range(1, 32)
    ]
    return tiny.session({"spend": rows}, THROUGH).answer(Query((name,), **query)).frame[name].to_list()


class TestByHand:
    MONTHS = Period(dt.date(2024, 1, 1), dt.date(2024, 4, 1))

    def test_a_shift_by_a_month_gives_each_month_the_one_before(self, tiny: TinyCompany) -> None:
        assert answer_of(tiny, "month_before", grain="month", period=self.MONTHS) == [0, 496, 0]

    def test_a_window_of_ten_days_ends_with_the_period(self, tiny: TinyCompany) -> None:
        last_ten = float(sum(range(22, 32)))
        assert answer_of(tiny, "trailing", grain="month", period=self.MONTHS) == [last_ten, 0, 0]

    def test_a_window_without_a_period_ends_with_the_data(self, tiny: TinyCompany) -> None:
        rows = [
            {"spent_on": THROUGH - ONE * n, "channel": "a", "amount": Decimal(1), "currency": "EUR"} for n in range(30)
        ]
        session = tiny.session({"spend": rows}, THROUGH)
        assert session.answer(Query(("trailing",))).number("trailing") == 10
        assert session.answer(Query(("month_to_date",))).number("month_to_date") == 30

    def test_the_fiscal_year_to_date_begins_in_april(self, tiny: TinyCompany) -> None:
        to_may = Period(self.MONTHS.start, dt.date(2024, 5, 1))
        assert answer_of(tiny, "year_to_date", grain="month", period=to_may) == [496, 496, 496, 0]

    def test_the_start_of_the_month_is_its_first_day(self, tiny: TinyCompany) -> None:
        days = Period(dt.date(2024, 1, 30), dt.date(2024, 2, 2))
        assert answer_of(tiny, "month_start", grain="day", period=days) == [1, 1, 0]

    def test_an_average_over_a_month_divides_by_its_days(self, tiny: TinyCompany) -> None:
        january = Period(dt.date(2024, 1, 1), dt.date(2024, 2, 1))
        each = [sum(range(max(1, day - 2), day + 1)) for day in range(1, 32)]
        assert answer_of(tiny, "average_of_window", period=january) == [pytest.approx(sum(each) / 31)]

    def test_split_by_time_a_window_needs_a_period(self, tiny: TinyCompany) -> None:
        with pytest.raises(InvalidQuestion, match="'trailing' looks beyond the days of its period"):
            answer_of(tiny, "trailing", grain="month")

    def test_a_deal_that_closes_on_the_first_is_open_at_the_end_of_the_month_before(self, tiny: TinyCompany) -> None:
        deal = {"deal_id": "d", "amount": Decimal(100), "currency": "EUR", "is_won": True, "is_closed": True}
        days = {"created_at": dt.datetime(2024, 1, 10), "closed_at": dt.datetime(2024, 2, 1)}
        session = tiny.session({"deals": [{**deal, **days}]}, THROUGH)
        monthly = session.answer(Query(("open_pipeline",), grain="month", period=self.MONTHS)).frame
        assert monthly["open_pipeline"].to_list() == [100, 0, 0]
        january = Period(dt.date(2024, 1, 1), dt.date(2024, 2, 1))
        assert session.answer(Query(("open_pipeline",), period=january)).number("open_pipeline") == 100
        to_the_2nd = Period(dt.date(2024, 1, 1), dt.date(2024, 2, 2))
        assert session.answer(Query(("open_pipeline",), period=to_the_2nd)).number("open_pipeline") == 0

    def test_the_last_row_is_the_last_of_its_group(self, tiny: TinyCompany) -> None:
        rows = [
            {"spent_on": dt.date(2024, 1, day), "campaign_id": "c", "channel": channel, "amount": Decimal(day)}
            for day, channel in ((5, "social"), (9, "search"), (7, "social"))
        ]
        session = tiny.session({"spend": [{**row, "currency": "EUR"} for row in rows]}, THROUGH)
        each = session.answer(Query(("last_seats",), by=("channel",))).frame
        assert each.rows() == [("search", 9), ("social", 7)]
        assert session.answer(Query(("last_seats",))).number("last_seats") == 9

    def test_an_average_over_days_is_made_in_each_group(self, tiny: TinyCompany) -> None:
        rows = [
            {"spent_on": dt.date(2024, 1, 1), "channel": "social", "amount": Decimal(3), "currency": "EUR"},
            {"spent_on": dt.date(2024, 1, 2), "channel": "search", "amount": Decimal(10), "currency": "EUR"},
        ]
        session = tiny.session({"spend": rows}, THROUGH)
        two_days = Period(dt.date(2024, 1, 1), dt.date(2024, 1, 3))
        each = session.answer(Query(("average_of_window",), by=("channel",), period=two_days)).frame
        # Social had 3 in the window of either day; search had 0 and then 10.
        assert each.rows() == [("search", 5), ("social", 3)]


class TestRows:
    def test_split_by_time_the_rows_of_a_window_need_a_period(self, tiny: TinyCompany) -> None:
        with pytest.raises(InvalidQuestion, match="'trailing' looks beyond the days of its period"):
            tiny.session({}, THROUGH).rows(Query(("trailing",), grain="month"))

    def rows(self, session: Session, name: str) -> float:
        period = Period(dt.date(2024, 1, 1), dt.date(2024, 2, 1))
        (part,) = session.rows(Query((name,), period=period))
        assert part.frame.height
        return float(part.frame["amount"].sum())

    @pytest.mark.parametrize("name", ["trailing", "month_to_date", "first_of_window", "last_seats", "month_before"])
    def test_the_rows_behind_a_number_recompute_it(self, tiny: TinyCompany, name: str) -> None:
        rows = [
            {"spent_on": FIRST + ONE * n, "campaign_id": f"c{n % 3}", "amount": Decimal(n), "currency": "EUR"}
            for n in range(150)
        ]
        session = tiny.session({"spend": rows}, THROUGH)
        period = Period(dt.date(2024, 1, 1), dt.date(2024, 2, 1))
        assert self.rows(session, name) == session.answer(Query((name,), period=period)).number(name)

    def test_a_ratio_of_composed_parts_lists_the_rows_of_each(self, tiny: TinyCompany) -> None:
        session = tiny.session({"spend": [{"spent_on": FIRST, "amount": Decimal(1), "currency": "EUR"}]}, THROUGH)
        labels = [part.label for part in session.rows(Query(("social_growth",), period=Period(FIRST, THROUGH)))]
        assert labels == ["Spend"] * 4
