"""Numbers asked of a few spendings and deals, each worked out by hand: days, balances, rows taken, parts, notes, rows.

Spendings, deals and contacts: number_company.py.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from data.calendar import Period
from data.errors import InvalidQuestion
from metrics import Query, Session
from metrics.moves import Shift
from metrics.plan import plan
from metrics.reach import Reach
from tests.number_company import FEBRUARY, MONTHS, monthly, number, number_company, tiny_company

YEAR, SUMMER = Period(MONTHS.start, dt.date(2025, 1, 1)), Period(dt.date(2024, 6, 1), MONTHS.until)


@pytest.fixture(scope="module")
def session() -> Session:
    return number_company()


class TestPeriods:
    @pytest.mark.parametrize(
        ("grain", "wanted"),
        [
            ("day", [("01-31", 10), ("02-01", 20), ("02-14", 40), ("02-20", 0), ("02-29", 80)]),
            ("week", [("01-30", 30), ("02-13", 40), ("02-20", 0), ("02-27", 80)]),
            ("month", [("01-01", 10), ("02-01", 140)]),
            ("quarter", [("11-01", 10), ("02-01", 140)]),
            ("year", [("02-01", 10), ("02-01", 140)]),
        ],
    )
    def test_they_begin_where_the_company_says(
        self, session: Session, grain: str, wanted: list[tuple[str, float]]
    ) -> None:
        rows = session.answer(Query(("spend",), grain=grain, as_of=dt.date(2024, 3, 1))).frame.rows()
        assert [(f"{start:%m-%d}", amount) for start, amount in rows] == wanted

    def test_a_period_counts_its_first_day_and_not_the_day_after_its_last(self, session: Session) -> None:
        assert number(session, "spend", period=FEBRUARY) == 140
        assert number(session, "spend", period=FEBRUARY, as_of=dt.date(2024, 2, 29)) == 60
        assert number(session, "spend", as_of=dt.date(2024, 2, 1)) == 10


class TestOtherDays:
    def test_a_month_before_is_the_month_before_whether_or_not_the_data_reaches_there(self, session: Session) -> None:
        assert monthly(session, "spend_before", MONTHS) == [0, 10, 140, 0, 0, 0, 160, 320]
        assert number(session, "spend_before", period=FEBRUARY) == 10

    def test_of_a_month_before_only_what_had_happened_counts(self, session: Session) -> None:
        asked = {"as_of": dt.date(2024, 2, 20)}
        assert monthly(session, "spend_before", MONTHS, **asked) == [0, 10, 60, 0, 0, 0, 0, 0]
        assert number(session, "spend_before", period=Period(FEBRUARY.until, SUMMER.start), **asked) == 60

    @pytest.mark.usefixtures("session")
    def test_what_is_only_moved_need_not_know_how_far_the_data_reaches(self) -> None:
        endless = tiny_company().ask(through=None)
        assert number(endless, "spend_before", period=FEBRUARY) == 10
        for name in ("window", "first_window", "open_pipeline"):
            assert (
                "No file says how far its data reaches" in endless.answer(Query((name,), period=FEBRUARY)).reasons[name]
            ), name

    def test_a_window_ends_with_its_period_or_with_the_data(self, session: Session) -> None:
        # July begins the day after the data ends.
        assert monthly(session, "window", MONTHS) == [10, 80, 0, 0, 0, 160, 0, 0]
        assert number(session, "window", period=YEAR) == 160
        assert number(session, "window") == 160

    def test_a_window_at_the_first_day_and_on_the_average_stand_beside_each_other(self, session: Session) -> None:
        # The 10 of January 31 are in the window on that day and on two of February, the 20 and the 40 on three days
        # each, the 80 on February 29 and on two days of March.
        asked = Query(("first_window", "each_window"), grain="month", period=Period(YEAR.start, dt.date(2024, 4, 1)))
        first, average = zip(*(row[1:] for row in session.answer(asked).frame.rows()), strict=True)
        assert [value or 0 for value in first] == [0, 30, 80]
        assert average == pytest.approx((10 / 31, (2 * 10 + 3 * 20 + 3 * 40 + 80) / 29, 2 * 80 / 31))
        assert monthly(session, "first_window", SUMMER) == [0, 0, 0]
        assert monthly(session, "each_window", SUMMER) == [pytest.approx(160 / 30), 0, 0]

    def test_the_average_over_a_whole_period_is_one_number(self, session: Session) -> None:
        whole = session.answer(Query(("each_window", "spend"), period=FEBRUARY)).frame
        assert whole.rows() == [(pytest.approx(280 / 29), 140)]
        nothing = session.answer(Query(("each_window", "spend"), period=FEBRUARY, where="channel = 'none'")).frame
        assert [value or 0 for value in nothing.row(0)] == [0, 0]

    def test_the_start_of_a_month_is_the_period_with_which_it_begins(self, session: Session) -> None:
        days = Period(dt.date(2024, 1, 31), dt.date(2024, 2, 3))
        frame = session.answer(Query(("first_day",), grain="day", period=days)).frame
        assert [value or 0 for value in frame["first_day"]] == [0, 20, 20]
        assert number(session, "first_day", period=Period(dt.date(2024, 2, 20), SUMMER.start)) == 20

    @pytest.mark.parametrize(
        ("asked", "sentence"),
        [
            (
                Query(("window",), grain="month"),
                "'window' looks beyond the days of its period: to split it by month give the period, from and to.",
            ),
            (
                Query(("first_day",)),
                "'first_day' begins with the first day of a period: give the period, from and to.",
            ),
        ],
    )
    def test_what_needs_a_period_says_so(self, session: Session, asked: Query, sentence: str) -> None:
        with pytest.raises(InvalidQuestion) as raised:
            session.answer(asked)
        assert str(raised.value) == sentence


class TestBalances:
    def test_a_deal_is_open_from_its_first_day_until_the_day_before_its_end(self, session: Session) -> None:
        assert monthly(session, "open_pipeline", MONTHS) == [100, 0, 400, 400, 400, 600, 0, 0]
        assert number(session, "open_pipeline", period=Period(YEAR.start, FEBRUARY.start)) == 100
        assert number(session, "open_pipeline", period=Period(YEAR.start, dt.date(2024, 2, 2))) == 0

    def test_it_is_valued_where_the_data_ends_or_as_of_an_earlier_day(self, session: Session) -> None:
        # Of the deals that are open on June 30 one was opened on that day, and one is lost on July 10.
        assert number(session, "open_pipeline") == number(session, "open_pipeline", period=YEAR) == 600
        assert number(session, "open_pipeline", period=YEAR, as_of=dt.date(2024, 6, 30)) == 400

    def test_of_a_period_after_the_data_there_is_none(self, session: Session) -> None:
        august = Period(dt.date(2024, 8, 1), SUMMER.until)
        assert not number(session, "open_pipeline", period=august)
        assert not number(session, "window", period=august)

    def test_a_balance_and_what_was_made_a_month_before_keep_their_own_days(self, session: Session) -> None:
        for asked in (("open_before", "created_before"), ("created_before", "open_before")):
            answer = session.answer(Query(asked, period=YEAR))
            assert (answer.number("open_before"), answer.number("created_before")) == (600, 1500)
        assert monthly(session, "open_before", MONTHS) == [0, 100, 0, 400, 400, 400, 600, 0]

    def test_a_column_that_two_tables_have_is_the_one_of_the_metric(self, session: Session) -> None:
        # A deal's days are known of the deal and in the pipeline, a campaign's channel of the campaign and the spend.
        split = Query(("open_amounts",), by=("agreed",), period=Period(YEAR.start, SUMMER.start))
        assert session.answer(split).frame.rows() == [("EUR", 400)]
        rows = session.answer(Query(("pipeline_created",), by=("agreed",), grain="year", period=YEAR)).frame.rows()
        assert [row[2] for row in rows] == [100, 1400]
        social = session.answer(Query(("spend",), by=("priority",), where="channel = 'social'"))
        assert social.frame.rows() == [("First", 210)]


class TestTaken:
    def test_one_row_is_taken_for_each_campaign(self, session: Session) -> None:
        assert number(session, "latest") == 160 + 320 + 80
        assert monthly(session, "latest", MONTHS) == [10, 20 + 40 + 80, 0, 0, 0, 160, 320, 0]

    def test_in_each_group_also_of_another_month(self, session: Session) -> None:
        query = Query(("latest_before",), by=("channel",), grain="month", period=FEBRUARY)
        march = Period(FEBRUARY.until, dt.date(2024, 4, 1))
        assert session.answer(query).frame.rows() == [("social", FEBRUARY.start, 10)]
        assert monthly(session, "latest_before", march) == [140]
        found = session.answer(Query(("latest_before",), by=("channel",), grain="month", period=march)).frame
        assert {row[0]: row[2] for row in found.rows()} == {"search": 20, "social": 40, None: 80}

    def test_of_the_rows_that_count_the_last_and_not_the_last_if_it_counts(self, session: Session) -> None:
        assert number(session, "latest_social", period=Period(YEAR.start, SUMMER.start)) == 40

    def test_a_row_without_a_day_is_not_the_last(self, session: Session) -> None:
        # Account 1 has a deal that was closed and an open one.
        assert number(session, "last_closed", period=Period(YEAR.start, dt.date(2024, 7, 1))) == 100 + 400

    def test_only_columns_of_the_table_are_read_from_it(self, session: Session) -> None:
        # Elsewhere two columns of one name would be an error.
        sql = session.answer(Query(("latest",), by=("priority",))).sql
        assert '"daily_spend".*' in sql


class TestParts:
    def test_a_part_of_a_fraction_is_narrowed_in_each_of_its_sums(self, session: Session) -> None:
        assert number(session, "mean_spend", period=FEBRUARY) == 140 / 4
        assert number(session, "social_mean") == (10 + 40 + 160) / 3

    def test_a_condition_on_a_ratio_holds_for_both_its_parts(self, session: Session) -> None:
        # Of the campaigns two alone has a source.
        assert number(session, "share") == pytest.approx((10 + 40 + 160) / (10 + 40 + 80 + 160))

    def test_what_stands_in_braces_is_reckoned_before_what_stands_around_it(self, session: Session) -> None:
        assert number(session, "rest") == 630 - 100
        assert number(session, "twice_less") == 630 - 530 * 2

    def test_contacts_without_an_account_are_a_group_of_their_own(self, session: Session) -> None:
        for where, counts in ((None, [("North", 1), (None, 3)]), ("country = 'DE'", [("North", 1), (None, 1)])):
            assert session.answer(Query(("leads",), by=("region",), where=where)).frame.rows() == counts
        assert number(session, "leads", where="region is null") == 3

    def test_a_lead_handed_over_on_friday_afternoon_is_not_late_on_monday_morning(self, session: Session) -> None:
        # Four hours are promised, and one of them had passed.
        states = tuple(f"human_delay_hours.{state}" for state in ("pending", "overdue"))
        assert session.answer(Query(states)).frame.row(0) == (1, 0)
        assert session.answer(Query(states, as_of=dt.date(2024, 7, 2))).frame.row(0) == (0, 1)

    def test_conditions_take_numbers_as_numbers_and_texts_as_texts(self, session: Session) -> None:
        answer = session.answer(Query(("spend",), where="length(channel) = 6 and channel in ('social', '6')"))
        assert set(answer.values.values()) == {6, "social", "6"}
        assert answer.number("spend") == 210
        assert "social" not in answer.sql


LEFT_OUT = "{}: {} without an amount in EUR {} left out."


class TestNotes:
    @pytest.mark.parametrize(
        ("name", "words", "rows"),
        [
            ("spend", {}, 1),
            ("spend", {"where": "channel = 'social'"}, 0),
            ("won_amounts", {}, 1),
            ("pipeline_created", {}, 2),
            ("social_mean", {}, 0),
            ("leads", {}, 0),
            ("credited_revenue", {"model": "linear"}, 1),
            ("credited_revenue", {"model": "linear", "by": ("region",)}, 1),
            ("credited_revenue", {"model": "linear", "where": "channel = 'search'"}, 0),
            ("credited_pipeline", {"model": "linear"}, 2),
            ("credited_pipeline", {"model": "linear", "by": ("region",)}, 2),
            ("credited_customers", {"model": "linear"}, 0),
            ("northern", {"model": "linear"}, 0),
        ],
    )
    def test_what_has_no_amount_is_counted_beside_the_number(
        self, session: Session, name: str, words: dict[str, Any], rows: int
    ) -> None:
        label = session.definitions.metrics[name].label
        many, are = ("1 row", "is") if rows == 1 else (f"{rows} rows", "are")
        wanted = (LEFT_OUT.format(label, many, are),) if rows else ()
        assert session.answer(Query((name,), **words)).notes == wanted

    def test_they_are_counted_in_a_way_that_other_databases_take(self, session: Session) -> None:
        spent = session.answer(Query(("spend",)))
        credited = session.answer(Query(("credited_revenue",), by=("region",), model="linear"))
        assert all("COUNT(*) FILTER" in answer.sql for answer in (spent, credited))


class TestRows:
    @pytest.mark.parametrize(
        ("name", "wanted"),
        [
            ("spend", [20, 40, None, 80]),
            ("latest", [20, 40, 80]),
            ("latest_social", [40]),
            ("window", [80]),
            ("first_window", [10, 20]),
            ("each_window", [80]),  # those behind the last day
            ("spend_before", [10]),
        ],
    )
    def test_those_behind_a_number_are_those_of_the_whole_period(
        self, session: Session, name: str, wanted: list[float | None]
    ) -> None:
        for grain in (None, "month", "week"):
            (part,) = session.rows(Query((name,), grain=grain, period=FEBRUARY))
            assert part.frame["amount"].to_list() == wanted

    def test_by_time_without_a_period_they_are_those_with_a_time(self, session: Session) -> None:
        counts = [session.rows(Query(("leads",), grain=grain))[0].frame.height for grain in (None, "month")]
        assert counts == [4, 3]
        with pytest.raises(InvalidQuestion, match="'window' looks beyond the days of its period"):
            session.rows(Query(("window",), grain="month"))

    def test_as_many_as_are_asked_for(self, session: Session) -> None:
        (part,) = session.rows(Query(("spend",), limit=2))
        assert part.frame["amount"].to_list() == [10, 20]

    def test_those_of_a_balance_show_since_when_and_until_when(self, session: Session) -> None:
        (part,) = session.rows(Query(("open_amounts",)))
        assert part.frame.select("deal_id", "created_on", "closed_on").rows() == [
            ("lost", dt.date(2024, 3, 1), dt.date(2024, 7, 10)),
            ("open", dt.date(2024, 6, 30), None),
            ("vague", dt.date(2024, 4, 1), None),
        ]


class TestRefusals:
    def test_a_filter_over_many_numbers_leaves_out_those_that_do_not_know_it(self, session: Session) -> None:
        answer = session.answer(Query(("visits", "leads"), where="region = 'North'", is_shared=True))
        assert answer.frame.rows() == [(None, 1)]
        assert answer.reasons == {"visits": "Visits is not known by region: take the filter off to see it."}

    def test_what_is_known_only_later_cuts_no_funnel(self, session: Session) -> None:
        with pytest.raises(InvalidQuestion) as raised:
            session.answer(Query(("tofu_conversion",), by=("fate",)))
        assert str(raised.value) == "'fate' is known only later, so it cannot cut the funnel 'tofu_conversion'."
        assert session.answer(Query(("leads",), by=("fate",))).frame.rows() == [(None, 4)]

    def test_what_is_taken_a_sale_earlier_needs_data_that_tells_how_long_a_sale_takes(self, session: Session) -> None:
        # 310 were spent up to June 30 and 320 in July; two accounts became customers.
        assert number(session, "cac") == (310 + 320) / 2
        without = Reach(session.company, session.manifest, session.definitions)
        reasons = plan(without, Query(("cac",))).reasons
        assert reasons == {"cac": "How long a sale takes is asked of the data, and none is open here."}
        told = Reach(session.company, session.manifest, session.definitions, lambda _: Shift(1, "month"))
        assert plan(told, Query(("cac",))).reasons == {}

    @pytest.mark.parametrize(
        ("name", "table", "column"),
        [
            ("open_amounts", "pipeline", "amount"),
            ("open_amounts", "pipeline", "created_on"),
            ("open_amounts", "pipeline", "closed_on"),
            ("last_closed", "pipeline", "closed_on"),
            ("last_closed", "pipeline", "account_id"),
            ("credited_margin", "credit", "margin"),
        ],
    )
    def test_what_needs_a_column_that_nobody_has_is_empty(
        self, session: Session, name: str, table: str, column: str
    ) -> None:
        definitions, described = session.definitions, session.definitions.tables[table]
        columns = {**described.columns, column: replace(described.columns[column], absent="Nobody has it.")}
        tables = {**definitions.tables, table: replace(described, columns=columns)}
        lacking = session.with_definitions(replace(definitions, tables=tables))
        assert lacking.answer(Query((name,), model="first" if table == "credit" else None)).reasons == {
            name: "Nobody has it."
        }


class TestNames:
    """A team may call its dimensions and metrics as a statement calls parts of its own."""

    @pytest.mark.parametrize("dimension", ["until", "from", "days", "spans", "rows"])
    @pytest.mark.parametrize("name", ["window", "each_window", "latest_before"])
    def test_a_dimension_means_the_same_by_any_name(self, session: Session, name: str, dimension: str) -> None:
        query = Query((name,), by=("channel",), grain="month", period=FEBRUARY)
        rows = session.answer(query).frame.rows()
        assert rows
        assert session.answer(replace(query, by=(dimension,))).frame.rows() == rows

    def test_a_metric_means_the_same_by_any_name(self, session: Session) -> None:
        assert monthly(session, "until", FEBRUARY) == [pytest.approx(280 / 29)]
        assert monthly(session, "days", FEBRUARY) == [4]
        # Of the three days up to February 29 it is the only one with spend.
        assert monthly(session, "from", FEBRUARY) == [1]

    def test_a_table_may_have_columns_of_these_names(self, session: Session) -> None:
        # A came in on January 5, B on February 5, and D, of no country, on February 28.
        until_march = Period(YEAR.start, dt.date(2024, 4, 1))
        assert monthly(session, "countries_lately", until_march) == [1, 1, 0]
        assert monthly(session, "countries_first", until_march) == [0, 1, 1]
